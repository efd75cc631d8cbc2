//! iCalendar (RFC 5545, RFC 7986) in, and out: feeds as calendar programs want them.
//!
//! Shifts are single events with UTC instants, so that every client shows the true instant whatever
//! the age of its zone data; whoever asks for local times gets them with the zone's rules. Nothing here depends on when a feed is asked for: DTSTAMP is when an event
//! changed last.

use dogwatch_domain as domain;
use dogwatch_system::cause;

mod broken;
mod budget;
mod events;
mod ics;
mod lines;
mod local;
#[cfg(test)]
mod mutated;
mod recurrence;
mod zones;

use chrono::TimeDelta;
use icalendar::{
    Alarm, Calendar, CalendarDateTime, Component as _, Event as Component, EventLike as _, Property,
};

use crate::domain::time::interval::{Interval, Timestamp};

pub use broken::Broken;
pub use budget::{BUDGET, Budget, Exceeded, Meter};
pub use events::{Found, events};
pub use local::LocalTimes;

/// Something that a calendar shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its identity.
    pub uid: String,
    /// How often it has changed.
    pub sequence: i64,
    /// When it changed last.
    pub modified_at: Timestamp,
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

/// A calendar as it is sent: in UTC, or in `local` times.
#[must_use]
pub fn render(name: &str, look: Look, local: Option<&LocalTimes>, events: &[Event]) -> String {
    let mut calendar = head(name, local.map_or("UTC", LocalTimes::name));
    for event in events {
        calendar.push(component(event, look, local));
    }
    let body = calendar.to_string();
    // The library would give the zone a UID and a time stamp, which it must not have.
    match (local, body.split_once(FIRST_EVENT)) {
        (Some(local), Some((head, rest))) => {
            format!(
                "{head}\r\n{}{}{rest}",
                local.definition(),
                FIRST_EVENT.trim_start()
            )
        }
        _ => body,
    }
}

/// Where the first event begins: no text has an end of a line in it.
const FIRST_EVENT: &str = "\r\nBEGIN:VEVENT\r\n";

fn head(name: &str, zone: &str) -> Calendar {
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
        .append_property(("X-WR-TIMEZONE", zone))
        .append_property(refresh)
        .append_property(("X-PUBLISHED-TTL", "PT1H"))
        .append_property(("COLOR", "teal"));
    calendar
}

/// When an event begins and ends, both in the same way.
fn times(interval: Interval, local: Option<&LocalTimes>) -> [CalendarDateTime; 2] {
    let said = local.and_then(|local| {
        let tzid = local.name();
        let time = |at| {
            Some(CalendarDateTime::WithTimezone {
                date_time: local.of(at)?,
                tzid: tzid.to_owned(),
            })
        };
        Some([time(interval.start())?, time(interval.end())?])
    });
    said.unwrap_or_else(|| [interval.start(), interval.end()].map(CalendarDateTime::Utc))
}

fn component(event: &Event, look: Look, local: Option<&LocalTimes>) -> Component {
    let (transparency, status) = if look.block_time {
        ("OPAQUE", "BUSY")
    } else {
        ("TRANSPARENT", "FREE")
    };
    let [start, end] = times(event.interval, local);
    let mut component = Component::new();
    component
        .uid(&event.uid)
        .add_property("SEQUENCE", event.sequence.to_string())
        .timestamp(event.modified_at)
        .last_modified(event.modified_at)
        .summary(&event.summary)
        .description(&event.description)
        .url(&event.url)
        .starts(start)
        .ends(end)
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
    use crate::domain::time::zone::Zone;

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
        let body = render("Hero", Look::default(), None, &[event()]);
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
        assert_eq!(body, render("Hero", Look::default(), None, &[event()]));
    }

    #[test]
    fn time_can_be_blocked_and_alarms_set() {
        let look = Look {
            block_time: true,
            alarm_minutes: Some(90),
        };
        let body = render("Hero", look, None, &[event()]);
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
            render("Hero", look, None, &[event()]),
            "the same every time"
        );
    }

    #[test]
    fn whoever_wants_local_times_gets_them_with_their_zone() {
        let zone = Zone::parse("Europe/Madrid").unwrap();
        let local = LocalTimes::new(zone, event().interval);
        let body = render("\\nBEGIN:VEVENT", Look::default(), Some(&local), &[event()]);
        for line in [
            "X-WR-TIMEZONE:Europe/Madrid",
            "TZID:Europe/Madrid",
            "DTSTART;TZID=Europe/Madrid:19700101T010000",
            "DTEND;TZID=Europe/Madrid:19700108T010000",
            "DTSTAMP:19700101T000000Z",
        ] {
            let there = body.split("\r\n").any(|found| found == line);
            assert!(there, "{line} in {body}");
        }
        let of = |line: &str| body.split("\r\n").position(|found| found == line);
        assert!(of("BEGIN:VTIMEZONE") < of("BEGIN:VEVENT"), "{body}");
        assert_eq!(body.matches("\r\nEND:VTIMEZONE\r\n").count(), 1);
    }

    #[test]
    fn names_are_escaped_once() {
        let calendar = head("a, b; c\\d", "UTC").to_string();
        for name in ["X-WR-CALNAME", "NAME"] {
            assert!(
                calendar.contains(&format!("\r\n{name}:a\\, b\\; c\\\\d\r\n")),
                "{name}: {calendar}"
            );
        }
    }
}
