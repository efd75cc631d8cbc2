//! A shift as a calendar entry.

use icalendar::{Calendar, Component as _, Event, EventLike as _, Property};

use super::Letter;
use crate::domain::interval::{FOREVER, Instant};

/// The entry, in UTC: every calendar shows it in the zone of whoever looks.
pub(super) fn entry(letter: &Letter, now: Instant) -> String {
    let mut event = Event::new();
    event
        .uid(&letter.uid)
        .timestamp(now)
        .summary(&format!("{} ({})", letter.title, letter.team))
        .starts(letter.shift.start())
        .append_property(Property::new("TRANSP", "TRANSPARENT"));
    if letter.shift.end() < FOREVER {
        event.ends(letter.shift.end());
    }
    let mut calendar = Calendar::new();
    calendar
        .append_property(Property::new("METHOD", "PUBLISH"))
        .push(event.done());
    calendar.to_string()
}
