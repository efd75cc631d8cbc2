//! A calendar program of the strict kind: it reads a feed and refuses whatever RFC 5545 does.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};

/// An event as a calendar program has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub uid: String,
    pub sequence: i64,
    pub modified_at: DateTime<Utc>,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub summary: String,
    pub description: String,
    /// All properties, as they were written.
    pub raw: BTreeMap<String, String>,
}

/// A whole calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    pub name: String,
    /// In the order in which they came.
    pub events: Vec<Event>,
}

const ONCE_IN_CALENDARS: [&str; 8] = [
    "VERSION",
    "PRODID",
    "CALSCALE",
    "NAME",
    "X-WR-CALNAME",
    "X-WR-TIMEZONE",
    "REFRESH-INTERVAL",
    "X-PUBLISHED-TTL",
];

const ONCE_IN_EVENTS: [&str; 10] = [
    "UID",
    "SEQUENCE",
    "DTSTAMP",
    "LAST-MODIFIED",
    "DTSTART",
    "DTEND",
    "SUMMARY",
    "DESCRIPTION",
    "TRANSP",
    "URL",
];

/// What would make a published feed an invitation, or parsers disagree.
const NEVER: [&str; 9] = [
    "METHOD",
    "SOURCE",
    "ORGANIZER",
    "ATTENDEE",
    "RRULE",
    "RDATE",
    "EXDATE",
    "DURATION",
    "RECURRENCE-ID",
];

/// Reads a feed, and panics where anything about it is wrong.
pub fn read(body: &str) -> Feed {
    let mut lines = unfold(body).into_iter();
    assert_eq!(lines.next().as_deref(), Some("BEGIN:VCALENDAR"));
    let mut calendar = BTreeMap::new();
    let mut events: Vec<Event> = Vec::new();
    loop {
        let line = lines.next().expect("the calendar ends");
        match line.as_str() {
            "END:VCALENDAR" => break,
            "BEGIN:VEVENT" => {
                let event = event(&mut lines);
                assert!(
                    events.iter().all(|other| other.uid != event.uid),
                    "{} comes twice",
                    event.uid
                );
                events.push(event);
            }
            _ => put(&mut calendar, &line),
        }
    }
    assert_eq!(lines.next(), None, "nothing comes after the calendar");
    for name in ONCE_IN_CALENDARS {
        assert!(calendar.contains_key(name), "the calendar has no {name}");
    }
    assert_eq!(calendar["VERSION"], "2.0");
    assert_eq!(calendar["NAME"], calendar["X-WR-CALNAME"]);
    Feed {
        name: text(&calendar["NAME"]),
        events,
    }
}

/// Lines of at most 75 octets that end with CRLF (§3.1); those that were folded are one.
fn unfold(body: &str) -> Vec<String> {
    assert!(body.len() < 1_000_000, "Google refuses more");
    let body = body.strip_suffix("\r\n").expect("the last line ends");
    let mut lines: Vec<String> = Vec::new();
    for line in body.split("\r\n") {
        assert!(line.len() <= 75, "{} octets: {line}", line.len());
        assert!(!line.trim().is_empty(), "an empty line");
        assert!(
            !line.contains(|c: char| c.is_control() && c != '\t'),
            "{line:?}"
        );
        match line.strip_prefix([' ', '\t']) {
            Some(rest) => lines.last_mut().expect("a first line").push_str(rest),
            None => lines.push(line.to_owned()),
        }
    }
    lines
}

fn event(lines: &mut impl Iterator<Item = String>) -> Event {
    let mut raw = BTreeMap::new();
    loop {
        let line = lines.next().expect("the event ends");
        match line.as_str() {
            "END:VEVENT" => break,
            "BEGIN:VALARM" => {
                let alarm: Vec<String> = lines.take_while(|line| line != "END:VALARM").collect();
                assert!(alarm.contains(&"ACTION:DISPLAY".to_owned()), "{alarm:?}");
                let trigger = alarm.iter().find_map(|line| line.strip_prefix("TRIGGER"));
                raw.insert("TRIGGER".to_owned(), trigger.unwrap().to_owned());
            }
            _ => put(&mut raw, &line),
        }
    }
    for name in ONCE_IN_EVENTS {
        assert!(raw.contains_key(name), "an event has no {name}: {raw:?}");
    }
    let event = Event {
        uid: raw["UID"].clone(),
        sequence: raw["SEQUENCE"].parse().unwrap(),
        modified_at: instant(&raw["LAST-MODIFIED"]),
        start: instant(&raw["DTSTART"]),
        end: instant(&raw["DTEND"]),
        summary: text(&raw["SUMMARY"]),
        description: text(&raw["DESCRIPTION"]),
        raw,
    };
    assert_eq!(event.raw["DTSTAMP"], event.raw["LAST-MODIFIED"]);
    assert!(event.start < event.end, "{event:?}");
    assert!(!event.summary.trim().is_empty(), "{event:?}");
    event
}

fn put(properties: &mut BTreeMap<String, String>, line: &str) {
    let (name, value) = line.split_once(':').expect("a property");
    let name = name.split(';').next().unwrap();
    assert!(!NEVER.contains(&name), "{line}");
    let before = properties.insert(name.to_owned(), value.to_owned());
    assert_eq!(before, None, "{name} comes twice");
}

/// An instant in UTC: nothing else is written, since parsers disagree on all else.
fn instant(value: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%SZ")
        .unwrap_or_else(|error| panic!("{error}: {value}"))
        .and_utc()
}

/// A text (§3.3.11): what must be escaped is.
fn text(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        assert!(!matches!(c, ';' | ','), "not escaped: {value}");
        text.push(match c {
            '\\' => match rest.next() {
                Some('n' | 'N') => '\n',
                Some(c @ ('\\' | ';' | ',')) => c,
                other => panic!("\\{other:?} in {value}"),
            },
            c => c,
        });
    }
    text
}
