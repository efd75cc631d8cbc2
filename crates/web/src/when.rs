//! Times in words: exact in a zone, and how far away.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{Datelike as _, NaiveDate, NaiveTime, SecondsFormat, TimeDelta};

use crate::domain::time::interval::{FOREVER, Interval, Timestamp};
use crate::domain::time::zone::Zone;
use crate::service::input;

/// A time: exact, in a zone, and how far away.
#[derive(Template)]
#[template(
    source = r#"<time datetime="{{ to_rfc3339 }}" title="{{ title }}">{{ exact }}</time>{% if !relative.is_empty() %} <span class="far" data-at="{{ to_rfc3339 }}">{{ relative }}</span>{% endif %}"#,
    ext = "html"
)]
pub struct When {
    to_rfc3339: String,
    title: String,
    exact: String,
    relative: String,
}

impl HtmlSafe for When {}

impl When {
    /// Day and time, and how far away.
    pub fn full(zone: &Zone, at: Timestamp, now: Timestamp) -> Self {
        Self {
            relative: relative(at, now),
            ..Self::exact(zone, at, now)
        }
    }

    /// Day and time only.
    pub fn exact(zone: &Zone, at: Timestamp, now: Timestamp) -> Self {
        let text = if at == FOREVER {
            "for good".to_owned()
        } else {
            short(zone, at, now)
        };
        Self {
            to_rfc3339: to_rfc3339(at),
            title: format!("{}, {}", long(zone, at), zone.name()),
            exact: text,
            relative: String::new(),
        }
    }
}

/// `18:00` today, `Mon 10:00` within a week, `30 Nov 10:00`, `30 Nov 2027 10:00`.
pub fn short(zone: &Zone, at: Timestamp, now: Timestamp) -> String {
    let (local, today) = (zone.to_local(at), zone.to_local(now));
    let days = (local.date() - today.date()).num_days();
    let form = match days {
        0 => "%H:%M",
        1..=6 => "%a %H:%M",
        _ if local.year() == today.year() => "%a %-d %b %H:%M",
        _ => "%a %-d %b %Y %H:%M",
    };
    local.format(form).to_string()
}

/// `Monday 30 November 2026, 10:00`.
pub fn long(zone: &Zone, at: Timestamp) -> String {
    if at == FOREVER {
        return "for good".to_owned();
    }
    zone.to_local(at).format("%A %-d %B %Y, %H:%M").to_string()
}

/// `Mon 30 Nov 10:00`: always with its day, and with its year where that is another.
pub fn dated(zone: &Zone, at: Timestamp, now: Timestamp) -> String {
    if at == FOREVER {
        return "for good".to_owned();
    }
    let local = zone.to_local(at);
    let form = if local.year() == zone.to_local(now).year() {
        "%a %-d %b %H:%M"
    } else {
        "%a %-d %b %Y %H:%M"
    };
    local.format(form).to_string()
}

/// `Thu 26 Nov`, `26 Nov`'s year where it is not that of `now`.
fn day(date: NaiveDate, now: NaiveDate) -> String {
    let form = if date.year() == now.year() {
        "%a %-d %b"
    } else {
        "%a %-d %b %Y"
    };
    date.format(form).to_string()
}

/// `Thu 26 Nov`, `Thu 26 Nov to Fri 27 Nov`, `Thu 26 Nov, 10:00 to 12:00`, `Mon 23 Nov, 10:00 to Mon 30 Nov, 10:00`:
/// whole days are named as people name them, the last one included.
pub fn format_interval(zone: &Zone, interval: Interval, now: Timestamp) -> String {
    let today = zone.to_local(now).date();
    let start = zone.to_local(interval.start());
    let clock = |time: NaiveTime| time.format("%H:%M").to_string();
    let from = day(start.date(), today);
    if interval.end() == FOREVER {
        return format!("{from}, {}, and on for good", clock(start.time()));
    }
    let end = zone.to_local(interval.end());
    if (start.time(), end.time()) == (NaiveTime::MIN, NaiveTime::MIN) {
        let last = end.date().pred_opt().unwrap_or_else(|| end.date());
        return if last <= start.date() {
            from
        } else {
            format!("{from} to {}", day(last, today))
        };
    }
    let (begins, ends) = (clock(start.time()), clock(end.time()));
    if start.date() == end.date() {
        format!("{from}, {begins} to {ends}")
    } else {
        format!("{from}, {begins} to {}, {ends}", day(end.date(), today))
    }
}

/// What the clock shows somewhere.
pub fn clock(zone: &Zone, now: Timestamp) -> String {
    zone.to_local(now).format("%H:%M").to_string()
}

/// What a box for date and time holds: `2026-11-24T10:00`.
pub fn format_datetime_local(zone: &Zone, at: Timestamp) -> String {
    zone.to_local(at).format("%Y-%m-%dT%H:%M").to_string()
}

/// What somebody typed into such a box.
///
/// # Errors
/// Where that is no date and time.
pub fn parse_datetime_local(zone: &Zone, text: &str) -> Result<Timestamp, &'static str> {
    let local = input::local(text).map_err(|_| "needs a date and a time")?;
    Ok(zone.to_instant(local))
}

/// As programs and services take it: `2026-11-24T10:00:00Z`.
pub fn to_rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `in 9 days`, `2 h 55 min ago`, `just now`, `now`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    if at == FOREVER {
        return String::new();
    }
    let ahead = at - now;
    let far = span(ahead.abs());
    if far.is_empty() {
        let words = if at < now { "just now" } else { "now" };
        words.to_owned()
    } else if ahead > TimeDelta::zero() {
        format!("in {far}")
    } else {
        format!("{far} ago")
    }
}

/// `9 days`, `2 h 55 min`, `12 min`; nothing below a minute.
pub fn span(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    let hours = length.num_hours();
    match hours {
        ..1 if minutes == 0 => String::new(),
        ..1 => format!("{minutes} min"),
        1..12 if minutes % 60 == 0 => format!("{hours} h"),
        1..12 => format!("{hours} h {} min", minutes % 60),
        12..48 => format!("{hours} h"),
        _ => format!("{} days", length.num_days()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_are_named_as_people_name_them() {
        let zone = Zone::parse("Europe/London").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-21T14:05:00Z");
        for (start, end, words) in [
            ("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z", "Thu 26 Nov"),
            (
                "2026-11-26T00:00:00Z",
                "2026-11-28T00:00:00Z",
                "Thu 26 Nov to Fri 27 Nov",
            ),
            (
                "2026-11-26T10:00:00Z",
                "2026-11-26T12:30:00Z",
                "Thu 26 Nov, 10:00 to 12:30",
            ),
            (
                "2026-12-28T10:00:00Z",
                "2027-01-04T10:00:00Z",
                "Mon 28 Dec, 10:00 to Mon 4 Jan 2027, 10:00",
            ),
        ] {
            let interval = Interval::new(at(start), at(end)).unwrap();
            assert_eq!(format_interval(&zone, interval, now), words);
        }
        let for_good = Interval::new(now, FOREVER).unwrap();
        assert_eq!(
            format_interval(&zone, for_good, now),
            "Sat 21 Nov, 14:05, and on for good"
        );
        assert_eq!(format_datetime_local(&zone, now), "2026-11-21T14:05");
        assert_eq!(parse_datetime_local(&zone, "2026-11-21T14:05"), Ok(now));
        assert!(parse_datetime_local(&zone, "2026-11-21").is_err());
    }

    #[test]
    fn near_times_are_short_and_far_ones_have_their_year() {
        let zone = Zone::parse("Europe/London").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-21T14:05:00Z");
        for (then, exact, far) in [
            ("2026-11-21T17:00:00Z", "17:00", "in 2 h 55 min"),
            ("2026-11-21T14:05:20Z", "14:05", "now"),
            ("2026-11-21T14:04:40Z", "14:04", "just now"),
            ("2026-11-21T13:53:00Z", "13:53", "12 min ago"),
            ("2026-11-23T10:00:00Z", "Mon 10:00", "in 43 h"),
            ("2026-11-30T10:00:00Z", "Mon 30 Nov 10:00", "in 8 days"),
            (
                "2027-04-05T09:00:00Z",
                "Mon 5 Apr 2027 10:00",
                "in 134 days",
            ),
            ("2026-11-20T10:00:00Z", "Fri 20 Nov 10:00", "28 h ago"),
        ] {
            assert_eq!(short(&zone, at(then), now), exact);
            assert_eq!(relative(at(then), now), far);
        }
        assert_eq!(relative(FOREVER, now), "");
        assert!(
            When::exact(&zone, FOREVER, now)
                .to_string()
                .contains("for good")
        );
    }
}
