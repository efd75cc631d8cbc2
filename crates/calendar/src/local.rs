//! A zone as calendars say it: a VTIMEZONE (RFC 5545 §3.6.5) of yearly rules, without dates of its own, which
//! Outlook ignores.

use std::fmt::Write as _;

use chrono::{Datelike as _, NaiveDateTime, TimeDelta};

use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::{ClockChange, Zone};

/// Clocks are looked at for so long before what is shown, so that the first shown has rules already.
const BEFORE: TimeDelta = TimeDelta::days(2 * 366);

/// Local times of a zone, for events in some window.
#[derive(Debug, Clone)]
pub struct LocalTimes {
    zone: Zone,
    observances: Vec<Observance>,
    /// What clocks show twice, from when to when.
    twice: Vec<(NaiveDateTime, NaiveDateTime)>,
}

/// A change of the clocks that comes back every year, or does not.
#[derive(Debug, Clone)]
struct Observance {
    before: i32,
    after: i32,
    /// When it was first, on the clock until then.
    first: NaiveDateTime,
    /// In so many years, one after the other.
    years: i32,
    /// Which of the month's weekdays it is: the first is 1, the last -1; each is true in all the years.
    which: Vec<i32>,
    /// It goes on beyond the window.
    goes_on: bool,
}

impl LocalTimes {
    /// The zone's local times, right for events in `window`.
    #[must_use]
    pub fn new(zone: Zone, window: Interval) -> Self {
        let looked_at = window.widened(BEFORE, TimeDelta::zero());
        let changes = zone.clock_changes(looked_at);
        let mut observances: Vec<Observance> = Vec::new();
        if changes
            .first()
            .is_none_or(|first| first.at > window.start())
        {
            observances.push(Observance::always(&zone, looked_at.start()));
        }
        let twice = changes.iter().filter(|change| change.after < change.before);
        let twice = twice
            .map(|change| (shown(change, change.after), shown(change, change.before)))
            .collect();
        for change in changes {
            let new = Observance::once(&change);
            if !observances.iter_mut().any(|one| one.takes(&new)) {
                observances.push(new);
            }
        }
        let last = window.end() - TimeDelta::seconds(1);
        for one in &mut observances {
            one.goes_on = one.first.year() + one.years > last.year();
        }
        Self {
            zone,
            observances,
            twice,
        }
    }

    /// The name of the zone.
    #[must_use]
    pub fn name(&self) -> &str {
        self.zone.name()
    }

    /// What clocks show then; `None` where they show it twice, and programs disagree which of the two is meant.
    #[must_use]
    pub fn of(&self, at: Timestamp) -> Option<NaiveDateTime> {
        let local = self.zone.to_local(at);
        let mut twice = self.twice.iter();
        (!twice.any(|(from, until)| (*from..*until).contains(&local))).then_some(local)
    }

    /// The lines that define the zone, each with its end.
    #[must_use]
    pub fn definition(&self) -> String {
        let mut lines = format!("BEGIN:VTIMEZONE\r\nTZID:{}\r\n", self.name());
        for one in &self.observances {
            one.write(&mut lines);
        }
        lines.push_str("END:VTIMEZONE\r\n");
        lines
    }
}

/// What a clock of this offset shows at a change.
fn shown(change: &ClockChange, offset: i32) -> NaiveDateTime {
    (change.at + TimeDelta::seconds(offset.into())).naive_utc()
}

impl Observance {
    /// As it is at `start`, and stays.
    fn always(zone: &Zone, start: Timestamp) -> Self {
        let offset = zone.offset_seconds(start);
        Self {
            before: offset,
            after: offset,
            first: zone.to_local(start),
            years: 1,
            which: Vec::new(),
            goes_on: false,
        }
    }

    fn once(change: &ClockChange) -> Self {
        let first = shown(change, change.before);
        let week = i32::try_from(first.day().div_ceil(7)).unwrap_or_default();
        let is_last = (first + TimeDelta::days(7)).month() != first.month();
        Self {
            before: change.before,
            after: change.after,
            first,
            years: 1,
            which: is_last.then_some(-1).into_iter().chain([week]).collect(),
            goes_on: false,
        }
    }

    /// Whether `next` is this again in the year after; then it is part of it.
    fn takes(&mut self, next: &Self) -> bool {
        let rule = |one: &Self| {
            let first = one.first;
            (
                one.before,
                one.after,
                first.month(),
                first.weekday(),
                first.time(),
            )
        };
        let which: Vec<i32> = self
            .which
            .iter()
            .copied()
            .filter(|week| next.which.contains(week))
            .collect();
        let again = rule(self) == rule(next)
            && self.first.year() + self.years == next.first.year()
            && !which.is_empty();
        if again {
            self.years += 1;
            self.which = which;
        }
        again
    }

    fn write(&self, lines: &mut String) {
        let kind = if self.after > self.before {
            "DAYLIGHT"
        } else {
            "STANDARD"
        };
        let mut rule = String::new();
        if let Some(week) = self.which.first().filter(|_| self.years > 1) {
            let weekday = self.first.weekday().to_string().to_uppercase();
            let weekday = weekday.get(..2).unwrap_or_default();
            let month = self.first.month();
            // UNTIL would be an instant, which some parsers refuse beside a local start.
            let count = if self.goes_on {
                String::new()
            } else {
                format!(";COUNT={}", self.years)
            };
            rule = format!("RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={week}{weekday}{count}\r\n");
        }
        // Writing into a text does not fail.
        let _ = write!(
            lines,
            "BEGIN:{kind}\r\nDTSTART:{}\r\nTZOFFSETFROM:{}\r\nTZOFFSETTO:{}\r\n{rule}END:{kind}\r\n",
            self.first.format("%Y%m%dT%H%M%S"),
            offset(self.before),
            offset(self.after),
        );
    }
}

/// `+0100`, and `-001640` where there are seconds.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let all = seconds.unsigned_abs();
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    let rest = if rest == 0 {
        String::new()
    } else {
        format!("{rest:02}")
    };
    format!("{sign}{hours:02}{minutes:02}{rest}")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use rrule::{RRule, RRuleSet, Tz, Unvalidated};

    use super::*;
    use crate::domain::time::zone;

    fn at(text: &str) -> Timestamp {
        text.parse::<DateTime<Utc>>().unwrap()
    }

    /// Five years, as feeds have them.
    fn window() -> Interval {
        Interval::new(at("2024-01-01T00:00:00Z"), at("2029-01-01T00:00:00Z")).unwrap()
    }

    fn offset_of(text: &str) -> i32 {
        let number = |range| {
            text.get(range)
                .map_or(0, |n: &str| n.parse::<i32>().unwrap())
        };
        let all = number(1..3) * 3600 + number(3..5) * 60 + number(5..7);
        if text.starts_with('-') { -all } else { all }
    }

    /// Every onset that the lines say, with the offset from then on: as a calendar program reads them.
    fn onsets(definition: &str) -> Vec<(Timestamp, i32)> {
        let mut found = Vec::new();
        for part in definition.split("BEGIN:").skip(2) {
            let value = |name: &str| {
                let line = part.lines().find_map(|line| line.strip_prefix(name));
                line.map(str::to_owned)
            };
            let first = value("DTSTART:").unwrap();
            let first = NaiveDateTime::parse_from_str(&first, "%Y%m%dT%H%M%S").unwrap();
            let before = offset_of(&value("TZOFFSETFROM:").unwrap());
            let after = offset_of(&value("TZOFFSETTO:").unwrap());
            let start = first.and_utc().with_timezone(&Tz::UTC);
            let all = match value("RRULE:") {
                None => vec![start],
                Some(rule) => {
                    let rule: RRule<Unvalidated> = rule.parse().unwrap();
                    let set: RRuleSet = rule.build(start).unwrap();
                    set.all(20).dates
                }
            };
            let instant = |local: DateTime<Tz>| {
                local.naive_utc().and_utc() - TimeDelta::seconds(before.into())
            };
            found.extend(all.into_iter().map(|local| (instant(local), after)));
        }
        found.sort_unstable();
        found
    }

    #[test]
    fn every_zone_is_said_as_it_is() {
        let mut names = zone::names();
        assert!(names.len() > 400);
        names.sort_unstable();
        for name in names {
            let zone = Zone::parse(&name).unwrap();
            let local = LocalTimes::new(zone.clone(), window());
            let definition = local.definition();
            let onsets = onsets(&definition);
            let changes = zone.clock_changes(window()).into_iter();
            let mut looks: Vec<Timestamp> = changes
                .flat_map(|change| [change.at - TimeDelta::seconds(1), change.at])
                .collect();
            let weeks = (0..260).map(|week| window().start() + TimeDelta::days(7 * week));
            looks.extend(weeks);
            for at in looks {
                let last = onsets.partition_point(|(onset, _)| *onset <= at);
                let said = onsets[last.checked_sub(1).expect("it begins before")].1;
                assert_eq!(
                    said,
                    zone.offset_seconds(at),
                    "{name} at {at}: {definition}"
                );
            }
            assert!(
                definition.lines().all(|line| line.len() < 75),
                "{definition}"
            );
        }
    }

    #[test]
    fn the_usual_zones_have_two_rules() {
        let said = |name: &str| LocalTimes::new(Zone::parse(name).unwrap(), window()).definition();
        let rules = |name: &str| -> Vec<String> {
            let said = said(name);
            let lines = said.lines().filter_map(|line| line.strip_prefix("RRULE:"));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(
            rules("Europe/Madrid"),
            [
                "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
                "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"
            ]
        );
        assert_eq!(
            rules("America/New_York"),
            [
                "FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
                "FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"
            ]
        );
        assert_eq!(rules("Asia/Tokyo"), Vec::<String>::new());
        assert_eq!(said("Asia/Tokyo").matches("BEGIN:STANDARD").count(), 1);
        assert_eq!(said("Europe/Madrid").matches("BEGIN:").count(), 3);
        // It changes its clocks no more.
        assert!(said("America/Vancouver").contains(";COUNT="));
    }

    #[test]
    fn what_clocks_show_twice_is_not_said() {
        let local = LocalTimes::new(Zone::parse("America/New_York").unwrap(), window());
        let shown = |text: &str| local.of(at(text)).map(|local| local.to_string());
        let before = shown("2026-11-01T04:30:00Z");
        assert_eq!(before.as_deref(), Some("2026-11-01 00:30:00"));
        assert_eq!(shown("2026-11-01T05:30:00Z"), None);
        assert_eq!(shown("2026-11-01T06:30:00Z"), None);
        assert_eq!(
            shown("2026-11-01T07:30:00Z").as_deref(),
            Some("2026-11-01 02:30:00")
        );
    }
}
