//! `override.given`: somebody takes over by an override that another person entered.

use crate::domain::access::link::Step;
use crate::domain::ids::PersonId;
use crate::domain::notifications::notice::{Block, Entry, Offer, short};
use crate::domain::schedule::overrides::Override;
use crate::domain::time::zone::Zone;
use crate::post::{ChangeNotifier, MessageText};

/// What it says. `by` is who entered it.
pub fn text(
    notifier: &ChangeNotifier<'_>,
    by: Option<PersonId>,
    made: &Override,
    entries: Vec<Entry>,
    zone: &Zone,
) -> MessageText {
    let (role, by, span) = (notifier.role(), notifier.name(by), made.interval);
    let mut blocks = vec![
        Block::Text(format!("{by} has entered that you take over as {role}:")),
        Block::span(span, zone),
    ];
    let reason = made.reason.as_ref();
    blocks.extend(reason.map(|reason| Block::Quote("They write".to_owned(), reason.clone())));
    if span.start() > notifier.now {
        blocks.push(Block::Steps(vec![Offer {
            label: "Hand it back".to_owned(),
            step: Step::HandBack(made.id),
            until: span.start(),
        }]));
    }
    blocks.push(notifier.page());
    MessageText {
        subject: format!("You take over {role} from {}", short(span.start(), zone)),
        blocks,
        entries,
    }
}
