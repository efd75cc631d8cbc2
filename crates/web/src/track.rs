//! Where things lie along a stretch of time, for drawings: in per cent of its width, so that they fit every screen.

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};

use super::parts::{hue, initials};
use crate::domain::ids::PersonId;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::Zone;

/// How many pixels a drawing has on a wide screen, and on a narrow one, about.
const WIDE: i64 = 1100;
const NARROW: i64 = 300;

/// A stretch of time that a drawing shows from its left to its right edge.
#[derive(Debug, Clone, Copy)]
pub struct Track(pub Interval);

/// Something with a length in a drawing.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Where it begins, in per cent.
    pub x: String,
    /// How long it is, in per cent.
    pub width: String,
    /// How it is coloured.
    pub class: String,
    /// What stands in it.
    pub label: String,
    /// What stands in it on a narrow screen.
    pub short: String,
    /// All about it, in words.
    pub title: String,
}

/// A line across a drawing, with a word.
#[derive(Debug, Clone)]
pub struct Mark {
    /// Where, in per cent.
    pub x: String,
    /// What it says.
    pub label: String,
}

/// Thousandths of a per cent, as SVG has them.
pub fn per_cent(thousandths: i64) -> String {
    format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
}

impl Track {
    /// The day around `now` in a zone, midnight to midnight.
    pub fn day(zone: &Zone, now: Timestamp) -> Option<Self> {
        let today = zone.to_local(now).date();
        crate::domain::time::hours::days(zone, today, today).map(Self)
    }

    fn thousandths(&self, at: Timestamp) -> i64 {
        let whole = self.0.seconds().max(1);
        let at = at.clamp(self.0.start(), self.0.end());
        (at - self.0.start()).num_seconds() * 100_000 / whole
    }

    /// Where an instant lies.
    pub fn x(&self, at: Timestamp) -> String {
        per_cent(self.thousandths(at))
    }

    /// How wide a stretch is.
    pub fn width(&self, from: Timestamp, until: Timestamp) -> String {
        per_cent(self.thousandths(until) - self.thousandths(from))
    }

    /// A bar over what of `interval` is in sight; `None` where nothing is.
    pub fn bar(&self, interval: Interval, class: &str, label: &str, title: String) -> Option<Bar> {
        let seen = interval.intersect(&self.0)?;
        let (from, until) = (self.thousandths(seen.start()), self.thousandths(seen.end()));
        Some(Bar {
            x: per_cent(from),
            width: per_cent(until - from),
            class: class.to_owned(),
            label: label.to_owned(),
            short: label.to_owned(),
            title,
        })
    }

    /// A person's bar, in their colour; where there is no room for their name, their initials stand in it, and
    /// nothing where there is none for those.
    pub fn persons_bar(
        &self,
        interval: Interval,
        id: PersonId,
        name: &str,
        title: String,
    ) -> Option<Bar> {
        let seen = interval.intersect(&self.0)?;
        // Of a drawing that is so many pixels wide, what a text of so many letters needs.
        let fits = |wide: i64, text: &str| {
            let letters = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            let needed = letters.saturating_mul(8).saturating_add(9);
            seen.seconds() * wide >= self.0.seconds().saturating_mul(needed)
        };
        let letters = initials(name);
        let on = |wide: i64| match (fits(wide, name), fits(wide, &letters)) {
            (true, _) => name.to_owned(),
            (false, true) => letters.clone(),
            (false, false) => String::new(),
        };
        let (label, short) = (on(WIDE), on(NARROW));
        let bar = self.bar(interval, &format!("hue{}", hue(id)), &label, title)?;
        Some(Bar { short, ..bar })
    }

    /// All of `days` days from `first` on.
    pub fn days(zone: &Zone, first: NaiveDate, days: u64) -> Option<Self> {
        let last = first.checked_add_days(Days::new(days.saturating_sub(1)))?;
        crate::domain::time::hours::days(zone, first, last).map(Self)
    }

    /// A mark at every local midnight in sight.
    pub fn midnights(&self, zone: &Zone) -> Vec<(NaiveDate, Timestamp)> {
        let first = zone.to_local(self.0.start()).date();
        let mut found = Vec::new();
        for date in first.iter_days() {
            let at = zone.to_instant(date.and_time(NaiveTime::MIN));
            if at >= self.0.end() {
                break;
            }
            if at >= self.0.start() {
                found.push((date, at));
            }
            if date.checked_add_days(Days::new(1)).is_none() {
                break;
            }
        }
        found
    }

    /// A mark every three hours of the day, for a day.
    pub fn hours(&self, zone: &Zone) -> Vec<Mark> {
        let date = zone.to_local(self.0.start()).date();
        let times = (0..24).step_by(3).map(|hour| {
            let local = date.and_time(NaiveTime::MIN) + TimeDelta::hours(hour);
            Mark {
                x: self.x(zone.to_instant(local)),
                label: format!("{hour:02}"),
            }
        });
        times.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_lie_where_they_should_and_end_at_the_edges() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let zone = Zone::parse("Europe/London").unwrap();
        let track = Track::day(&zone, at("2026-11-21T14:05:00Z")).unwrap();
        let evening =
            Interval::new(at("2026-11-21T18:00:00Z"), at("2026-11-22T18:00:00Z")).unwrap();
        let bar = track.bar(evening, "x", "y", String::new()).unwrap();
        assert_eq!((bar.x.as_str(), bar.width.as_str()), ("75.000%", "25.000%"));
        assert_eq!(track.x(at("2026-11-21T06:00:00Z")), "25.000%");
        assert_eq!(track.hours(&zone).len(), 8);
        let gone = Interval::new(at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z")).unwrap();
        assert!(track.bar(gone, "x", "y", String::new()).is_none());
    }

    #[test]
    fn a_day_of_a_clock_change_is_as_wide_as_any() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let zone = Zone::parse("Europe/London").unwrap();
        let track = Track::day(&zone, at("2026-10-25T12:00:00Z")).unwrap();
        assert_eq!(track.0.seconds(), 25 * 3600);
        let noon = track.x(at("2026-10-25T12:00:00Z"));
        assert_eq!(noon, "52.000%");
        let week =
            Track(Interval::new(at("2026-10-24T12:00:00Z"), at("2026-10-31T12:00:00Z")).unwrap());
        assert_eq!(week.midnights(&zone).len(), 7);
    }
}
