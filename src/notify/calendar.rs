//! A shift as a calendar entry.

use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};

use crate::domain::interval::Instant;
use crate::domain::notice::Entry;

/// What a calendar program is to do with the entry (RFC 5546 §1.4).
pub(super) const fn method(entry: &Entry) -> &'static str {
    if entry.cancelled { "CANCEL" } else { "PUBLISH" }
}

/// The entry, in UTC: every calendar shows it in the zone of whoever looks.
pub(super) fn entry(entry: &Entry, domain: &str, now: Instant) -> String {
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
    let mut calendar = Calendar::new();
    calendar
        .append_property(Property::new("METHOD", method(entry)))
        .push(event.done());
    calendar.to_string()
}
