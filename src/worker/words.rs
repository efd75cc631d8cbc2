//! Reminders, in words.

use chrono::TimeDelta;

use crate::domain::duty::Rota as _;
use crate::domain::interval::{FOREVER, Instant};
use crate::domain::link::Step;
use crate::domain::notice::{Block, Entry, Notice, Offer, short};
use crate::domain::preferences::Topic;
use crate::domain::reminder::{Kind, Reminder};
use crate::domain::timeline::{Cause, Timeline};
use crate::roster::Roster;

/// How long a link in a reminder can be used to get a calendar feed.
const FEED: TimeDelta = TimeDelta::days(60);

/// What a reminder says; `None` where the person or the team is gone.
pub(super) fn notice(
    roster: &Roster,
    timeline: &Timeline,
    reminder: &Reminder,
    now: Instant,
) -> Option<Notice> {
    let (rotation, span) = (timeline.rotation(), reminder.shift.interval);
    let zone = roster.person(reminder.recipient)?.zone(span.start());
    let team = &roster.team(rotation.team)?.name;
    let (title, name) = (&rotation.title, &rotation.name);
    let other = reminder
        .other
        .and_then(|other| roster.person(other))
        .map(|other| &other.name);
    let (topic, subject, first, whom) = match reminder.kind {
        Kind::Incoming => (
            Topic::Incoming,
            format!(
                "You are {title} for {team} from {}",
                short(span.start(), &zone)
            ),
            format!("you are {title} for {team} ({name}):"),
            other.map(|other| format!("You take over from {other}.")),
        ),
        Kind::Outgoing => (
            Topic::Outgoing,
            format!(
                "You hand over {title} for {team} on {}",
                short(span.end(), &zone)
            ),
            format!("your time as {title} for {team} ({name}) ends:"),
            other.map(|other| format!("You hand over to {other}.")),
        ),
    };
    let mut blocks = vec![Block::Text(first), Block::span(span, &zone)];
    blocks.extend(whom.map(Block::Text));
    blocks.push(Block::Steps(offers(timeline, reminder, now)));
    Some(Notice {
        subject,
        topic,
        blocks,
        shift: Some(Entry {
            uid: format!(
                "{}-{}-{}",
                rotation.id,
                reminder.recipient,
                span.start().timestamp()
            ),
            summary: format!("{title} ({team})"),
            start: span.start(),
            end: (span.end() < FOREVER).then(|| span.end()),
            cancelled: false,
        }),
        in_reply_to: None,
    })
}

/// What can be done about it: a shift that somebody else gave them can be handed back until it begins.
fn offers(timeline: &Timeline, reminder: &Reminder, now: Instant) -> Vec<Offer> {
    let mut offers = Vec::new();
    let begins = reminder.shift.interval.start();
    if reminder.kind == Kind::Incoming
        && begins > now
        && let Cause::Override { id, .. } = reminder.shift.cause
        && timeline
            .overrides()
            .iter()
            .any(|one| one.id == id && one.swap.is_none())
    {
        offers.push(Offer {
            label: "Hand it back".to_owned(),
            step: Step::HandBack(id),
            until: begins,
        });
    }
    offers.push(Offer {
        label: "Get your shifts into your calendar".to_owned(),
        step: Step::Subscribe,
        until: now + FEED,
    });
    offers
}
