//! Shifts as calendar entries.

use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};
use lettre::message::Mailbox;

use crate::domain::notifications::notice::Entry;
use crate::domain::time::interval::Timestamp;

/// The first second of 2020: sequences are of 32 bits.
const EPOCH: i64 = 1_577_836_800;

/// What a calendar program is to do with the entries (RFC 5546 §1.4): where some are new, each cancelled one says so
/// itself.
pub(super) fn method(entries: &[Entry]) -> &'static str {
    if entries.iter().all(|entry| entry.cancelled) {
        "CANCEL"
    } else {
        "PUBLISH"
    }
}

/// The entries, in UTC: every calendar shows them in the zone of whoever looks. They are the sender's, who must be
/// named (RFC 5546 §3.2.1).
pub(super) fn calendar(entries: &[Entry], from: &Mailbox, now: Timestamp) -> String {
    let mut calendar = Calendar::new();
    calendar.append_property(Property::new("METHOD", method(entries)));
    for entry in entries {
        calendar.push(event(entry, from, now));
    }
    calendar.to_string()
}

fn event(entry: &Entry, from: &Mailbox, now: Timestamp) -> Event {
    let organizer = Property::new("ORGANIZER", format!("mailto:{}", from.email));
    let mut event = Event::new();
    event
        .uid(&format!("{}@{}", entry.uid, from.email.domain()))
        .timestamp(now)
        .summary(&entry.summary)
        .starts(entry.start)
        // Later mails about the same shift are newer, if only by a second.
        .sequence(u32::try_from(now.timestamp() - EPOCH).unwrap_or_default())
        .append_property(organizer)
        .append_property(Property::new("TRANSP", "TRANSPARENT"));
    if let Some(end) = entry.end {
        event.ends(end);
    }
    if entry.cancelled {
        event.status(EventStatus::Cancelled);
    }
    event.done()
}
