//! iCalendar (RFC 5545, RFC 7986) in, and out: feeds as calendar programs want them.
//!
//! Shifts are single events with UTC instants, so that every client shows the true instant whatever
//! the age of its zone data. Nothing here depends on when a feed is asked for: DTSTAMP is when an event
//! changed last.

mod events;
mod ics;
mod zones;

use chrono::TimeDelta;
use icalendar::{
    Alarm, Calendar, CalendarDateTime, Component as _, Event as Component, EventLike as _, Property,
};

use crate::domain::interval::{Instant, Interval};

pub use events::{Found, events};
pub use ics::Broken;

/// Something that a calendar shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its identity.
    pub uid: String,
    /// How often it has changed.
    pub sequence: i64,
    /// When it changed last.
    pub modified_at: Instant,
    /// From when to when.
    pub interval: Interval,
    /// Its name.
    pub summary: String,
    /// More about it.
    pub description: String,
    /// Where more is to be seen.
    pub url: String,
}

/// How all events of a calendar are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// They take time, so that others see whoever subscribes as busy.
    pub block_time: bool,
    /// An alarm so many minutes before each.
    pub alarm_minutes: Option<u16>,
}

/// A calendar as it is sent.
#[must_use]
pub fn render(name: &str, look: Look, events: &[Event]) -> String {
    let mut calendar = head(name);
    for event in events {
        calendar.push(component(event, look));
    }
    calendar.to_string()
}

fn head(name: &str) -> Calendar {
    let mut calendar = Calendar::empty();
    // The library escapes texts that RFC 5545 has, and not this one of RFC 7986.
    let escaped = name
        .replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,");
    let refresh = Property::new("REFRESH-INTERVAL", "PT1H")
        .add_parameter("VALUE", "DURATION")
        .done();
    calendar
        .append_property(("VERSION", "2.0"))
        .append_property(("PRODID", "-//Dogwatch//Dogwatch//EN"))
        .append_property(("CALSCALE", "GREGORIAN"))
        .append_property(("NAME", escaped.as_str()))
        .append_property(("X-WR-CALNAME", name))
        .append_property(("X-WR-TIMEZONE", "UTC"))
        .append_property(refresh)
        .append_property(("X-PUBLISHED-TTL", "PT1H"))
        .append_property(("COLOR", "teal"));
    calendar
}

fn component(event: &Event, look: Look) -> Component {
    let (transparency, status) = if look.block_time {
        ("OPAQUE", "BUSY")
    } else {
        ("TRANSPARENT", "FREE")
    };
    let mut component = Component::new();
    component
        .uid(&event.uid)
        .add_property("SEQUENCE", event.sequence.to_string())
        .timestamp(event.modified_at)
        .last_modified(event.modified_at)
        .summary(&event.summary)
        .description(&event.description)
        .url(&event.url)
        .starts(CalendarDateTime::Utc(event.interval.start()))
        .ends(CalendarDateTime::Utc(event.interval.end()))
        .add_property("TRANSP", transparency)
        .add_property("X-MICROSOFT-CDO-BUSYSTATUS", status);
    if let Some(minutes) = look.alarm_minutes {
        let before = -TimeDelta::minutes(i64::from(minutes));
        let mut alarm = Alarm::display(&event.summary, before);
        // The library makes these up where they are not given, others each time.
        alarm.uid(&format!("alarm-{}", event.uid));
        alarm.timestamp(event.modified_at);
        component.alarm(alarm);
    }
    component.done()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn event() -> Event {
        let interval = Interval::new(
            DateTime::UNIX_EPOCH,
            DateTime::UNIX_EPOCH + TimeDelta::days(7),
        );
        Event {
            uid: "r-1@dogwatch".to_owned(),
            sequence: 3,
            modified_at: DateTime::UNIX_EPOCH,
            interval: interval.unwrap(),
            summary: "Hero · Flags, toggles; \\ more".to_owned(),
            description: "one\ntwo".to_owned(),
            url: "https://duty.example.org/rotations/1".to_owned(),
        }
    }

    #[test]
    fn a_calendar_says_what_it_is() {
        let body = render("Hero", Look::default(), &[event()]);
        for line in [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "X-WR-CALNAME:Hero",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "UID:r-1@dogwatch",
            "SEQUENCE:3",
            "DTSTAMP:19700101T000000Z",
            "LAST-MODIFIED:19700101T000000Z",
            "DTSTART:19700101T000000Z",
            "DTEND:19700108T000000Z",
            "SUMMARY:Hero · Flags\\, toggles\\; \\\\ more",
            "DESCRIPTION:one\\ntwo",
            "URL:https://duty.example.org/rotations/1",
            "TRANSP:TRANSPARENT",
            "END:VCALENDAR",
        ] {
            assert!(
                body.split("\r\n").any(|found| found == line),
                "{line} in {body}"
            );
        }
        assert!(!body.contains("VALARM"));
        assert_eq!(body, render("Hero", Look::default(), &[event()]));
    }

    #[test]
    fn time_can_be_blocked_and_alarms_set() {
        let look = Look {
            block_time: true,
            alarm_minutes: Some(90),
        };
        let body = render("Hero", look, &[event()]);
        for line in [
            "TRANSP:OPAQUE",
            "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
            "ACTION:DISPLAY",
            "TRIGGER:-PT90M",
            "TRIGGER:-PT5400S",
            "TRIGGER:-PT1H30M",
        ] {
            let there = body.split("\r\n").any(|found| found == line);
            assert!(there || line.starts_with("TRIGGER"), "{line} in {body}");
        }
        assert!(body.contains("TRIGGER:-PT"), "{body}");
        assert_eq!(
            body,
            render("Hero", look, &[event()]),
            "the same every time"
        );
    }

    #[test]
    fn names_are_escaped_once() {
        let calendar = head("a, b; c\\d").to_string();
        for name in ["X-WR-CALNAME", "NAME"] {
            assert!(
                calendar.contains(&format!("\r\n{name}:a\\, b\\; c\\\\d\r\n")),
                "{name}: {calendar}"
            );
        }
    }
}
