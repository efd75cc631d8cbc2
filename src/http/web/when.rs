//! Times in words: exact in a zone, and how far away.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{Datelike as _, SecondsFormat, TimeDelta};

use crate::domain::interval::{FOREVER, Instant};
use crate::domain::zone::Zone;

/// A time: exact, in a zone, and how far away.
#[derive(Template)]
#[template(
    source = r#"<time datetime="{{ machine }}" title="{{ title }}">{{ exact }}</time>{% if !relative.is_empty() %} <span class="far" data-at="{{ machine }}">{{ relative }}</span>{% endif %}"#,
    ext = "html"
)]
pub struct When {
    machine: String,
    title: String,
    exact: String,
    relative: String,
}

impl HtmlSafe for When {}

impl When {
    /// Day and time, and how far away.
    pub fn full(zone: &Zone, at: Instant, now: Instant) -> Self {
        Self {
            relative: relative(at, now),
            ..Self::exact(zone, at, now)
        }
    }

    /// Day and time only.
    pub fn exact(zone: &Zone, at: Instant, now: Instant) -> Self {
        let text = if at == FOREVER {
            "for good".to_owned()
        } else {
            short(zone, at, now)
        };
        Self {
            machine: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            title: format!("{}, {}", long(zone, at), zone.name()),
            exact: text,
            relative: String::new(),
        }
    }
}

/// `18:00` today, `Mon 10:00` within a week, `30 Nov 10:00`, `30 Nov 2027 10:00`.
pub fn short(zone: &Zone, at: Instant, now: Instant) -> String {
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
pub fn long(zone: &Zone, at: Instant) -> String {
    if at == FOREVER {
        return "for good".to_owned();
    }
    zone.to_local(at).format("%A %-d %B %Y, %H:%M").to_string()
}

/// `Mon 30 Nov 10:00`: always with its day, and with its year where that is another.
pub fn dated(zone: &Zone, at: Instant, now: Instant) -> String {
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

/// `Mon 30 Nov, 10:00`: a day and a time in a list that may span years.
pub fn listed(zone: &Zone, at: Instant) -> String {
    if at == FOREVER {
        return "for good".to_owned();
    }
    zone.to_local(at).format("%a %-d %b %Y, %H:%M").to_string()
}

/// `in 9 days`, `2 h 55 min ago`, `now`.
pub fn relative(at: Instant, now: Instant) -> String {
    if at == FOREVER {
        return String::new();
    }
    let ahead = at - now;
    let far = span(ahead.abs());
    if far.is_empty() {
        "now".to_owned()
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
    fn near_times_are_short_and_far_ones_have_their_year() {
        let zone = Zone::parse("Europe/London").unwrap();
        let at = |text: &str| text.parse::<Instant>().unwrap();
        let now = at("2026-11-21T14:05:00Z");
        for (then, exact, far) in [
            ("2026-11-21T17:00:00Z", "17:00", "in 2 h 55 min"),
            ("2026-11-21T14:05:20Z", "14:05", "now"),
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
