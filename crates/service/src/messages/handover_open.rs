//! `handover.open`: what was left open at a handover, to the incoming person and the managers.

use serde::{Deserialize, Serialize};

use super::{Role, handover_page, open_items};
use crate::domain::handovers::Handover;
use crate::domain::notifications::notice::{Block, Notice, long};
use crate::domain::people::person::Person;
use crate::domain::people::preferences::Topic;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::time::interval::Timestamp;
use crate::handovers::Brief;
use crate::snapshot::Snapshot;

/// What the outbox keeps of it.
#[derive(Serialize, Deserialize)]
pub struct Payload {
    /// The handoff.
    pub at: Timestamp,
}

/// What was left open at a handoff; `None` where the team is gone.
pub fn notice(
    snapshot: &Snapshot,
    timeline: &Timeline,
    handover: &Handover,
    brief: &Brief,
    recipient: &Person,
) -> Option<Notice> {
    let Role { title, team, name } = Role::of(snapshot, timeline)?;
    let zone = recipient.zone(handover.at);
    let name_of = |id| {
        let person = snapshot.person(id);
        person.map_or("somebody", |person| person.name.as_str())
    };
    let (from, to) = (name_of(handover.from), name_of(handover.to));
    let text = format!(
        "{from} handed over {title} for {team} ({name}) to {to} on {} ({}). Not done by then, and carried over until it is ticked:",
        long(handover.at, &zone),
        zone.name()
    );
    let mut blocks = vec![Block::Text(text)];
    blocks.extend(open_items(&brief.outgoing, format!("By {from}")));
    blocks.extend(open_items(&brief.incoming, format!("By {to}")));
    let page = handover_page(timeline.rotation().id, handover.at);
    blocks.push(Block::Pages(vec![("See and tick them".to_owned(), page)]));
    let count = brief.open().count();
    let things = if count == 1 { "thing" } else { "things" };
    Some(Notice {
        subject: format!("{title} for {team}: {count} {things} left open at the handover to {to}"),
        topic: topic(handover, recipient),
        blocks,
        entries: Vec::new(),
        in_reply_to: None,
    })
}

/// What a mail about open items is about, as far as this recipient can do without it.
#[must_use]
pub fn topic(handover: &Handover, recipient: &Person) -> Topic {
    if recipient.id == handover.to {
        Topic::Incoming
    } else {
        Topic::Digests
    }
}
