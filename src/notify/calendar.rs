//! Shifts as calendar entries.

use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};

use crate::domain::interval::Instant;
use crate::domain::notice::Entry;

/// What a calendar program is to do with the entries (RFC 5546 §1.4): where some are new, each cancelled one says so
/// itself.
pub(super) fn method(entries: &[Entry]) -> &'static str {
    if entries.iter().all(|entry| entry.cancelled) {
        "CANCEL"
    } else {
        "PUBLISH"
    }
}

/// The entries, in UTC: every calendar shows them in the zone of whoever looks.
pub(super) fn calendar(entries: &[Entry], domain: &str, now: Instant) -> String {
    let mut calendar = Calendar::new();
    calendar.append_property(Property::new("METHOD", method(entries)));
    for entry in entries {
        calendar.push(event(entry, domain, now));
    }
    calendar.to_string()
}

fn event(entry: &Entry, domain: &str, now: Instant) -> Event {
    let mut event = Event::new();
    event
        .uid(&format!("{}@{domain}", entry.uid))
        .timestamp(now)
        .summary(&entry.summary)
        .starts(entry.start)
        // Later mails about the same shift are newer.
        .sequence(u32::try_from(now.timestamp() / 60).unwrap_or_default())
        .append_property(Property::new("TRANSP", "TRANSPARENT"));
    if let Some(end) = entry.end {
        event.ends(end);
    }
    if entry.cancelled {
        event.status(EventStatus::Cancelled);
    }
    event.done()
}
