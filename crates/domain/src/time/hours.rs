//! Weekly working and duty hours, in local time.

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::time::interval::{Interval, IntervalSet, Timestamp};
use crate::time::zone::Zone;

/// Minutes since midnight, 0 to 1440 (`24:00`); written `HH:MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

/// What is wrong with weekly hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidHours(pub String);

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidHours;

    fn try_from(text: String) -> Result<Self, InvalidHours> {
        let parsed = text.split_once(':').and_then(|(h, m)| {
            let two = |digits: &str| {
                let fine = digits.len() == 2 && digits.bytes().all(|one| one.is_ascii_digit());
                fine.then(|| digits.parse::<u16>().ok()).flatten()
            };
            let minutes = two(h)? * 60 + two(m).filter(|m| *m < 60)?;
            (minutes <= 1440).then_some(minutes)
        });
        parsed
            .map(Self)
            .ok_or_else(|| InvalidHours(format!("{text:?} is not a time of day (HH:MM)")))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

/// A day of the week, as `mon`, `tue`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// The same hours on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoursRule {
    /// The days on which they start.
    pub days: Vec<Day>,
    /// When they start.
    pub start: TimeOfDay,
    /// When they end: at or before `start` it is on the next day, equal to it the whole day.
    pub end: TimeOfDay,
    /// The day on which they end, where it is another one; the same day and time is the whole week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_day: Option<Day>,
}

/// Weekly hours in some zone's local time. An empty list is: never.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WeeklyHours(pub Vec<HoursRule>);

/// Minutes of a day and of a week.
const DAY: u32 = 1440;
const WEEK: u32 = 7 * DAY;

impl Day {
    fn index(self) -> u32 {
        match self {
            Self::Mon => 0,
            Self::Tue => 1,
            Self::Wed => 2,
            Self::Thu => 3,
            Self::Fri => 4,
            Self::Sat => 5,
            Self::Sun => 6,
        }
    }
}

impl Default for WeeklyHours {
    /// Monday to Friday, 09:00 to 17:00.
    fn default() -> Self {
        Self(vec![HoursRule {
            days: vec![Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri],
            start: TimeOfDay(9 * 60),
            end: TimeOfDay(17 * 60),
            end_day: None,
        }])
    }
}

impl HoursRule {
    /// Minutes on the clock from start to end, when they start on `day`.
    fn minutes(&self, day: Day) -> u32 {
        let (start, end) = (u32::from(self.start.0), u32::from(self.end.0));
        let (round, forward) = match self.end_day {
            None => (DAY, end + DAY - start),
            Some(last) => (
                WEEK,
                (last.index() + 7 - day.index()) * DAY + end + DAY - start + 6 * DAY,
            ),
        };
        match forward % round {
            0 => round,
            minutes => minutes,
        }
    }
}

impl WeeklyHours {
    /// Every fault of the hours, each with where it is.
    ///
    /// # Errors
    ///
    /// Pairs of a JSON pointer relative to the hours and what is wrong there.
    pub fn validate(&self) -> Result<(), Vec<(String, String)>> {
        let mut errors = Vec::new();
        if self.0.len() > 50 {
            errors.push((String::new(), "at most 50 entries".to_owned()));
        }
        for (index, rule) in self.0.iter().enumerate() {
            if rule.days.is_empty() {
                errors.push((format!("/{index}/days"), "at least one day".to_owned()));
            }
            if u32::from(rule.start.0) == DAY {
                errors.push((
                    format!("/{index}/start"),
                    "24:00 can only be an end".to_owned(),
                ));
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Whether they leave no minute of the week out: then clock changes leave none out either.
    #[must_use]
    pub fn are_always(&self) -> bool {
        let mut spans: Vec<(u32, u32)> = Vec::new();
        for rule in &self.0 {
            for day in &rule.days {
                let start = day.index() * DAY + u32::from(rule.start.0);
                let end = start + rule.minutes(*day);
                // Those that run over the end of the week, once more at its beginning.
                spans.extend([
                    (start, end),
                    (start.saturating_sub(WEEK), end.saturating_sub(WEEK)),
                ]);
            }
        }
        spans.sort_unstable();
        let reached = spans.into_iter().fold(0, |reached, (start, end)| {
            if start <= reached {
                reached.max(end)
            } else {
                reached
            }
        });
        reached >= WEEK
    }

    /// The hours in a zone, as far as they meet `window`: those within a week of it, each with its
    /// true start and end; what touches or overlaps is one. Hours that come out empty or backwards
    /// on the day of a clock change are dropped.
    #[must_use]
    pub fn intervals(&self, zone: &Zone, window: Interval) -> IntervalSet {
        let Some((first, last)) = self.days_around(zone, window) else {
            return IntervalSet::default();
        };
        let mut found = Vec::new();
        for date in first.iter_days().take_while(|date| *date <= last) {
            let today = date.weekday().num_days_from_monday();
            for rule in &self.0 {
                for day in rule.days.iter().filter(|day| day.index() == today) {
                    let start =
                        date.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(rule.start.0));
                    let end = start + TimeDelta::minutes(i64::from(rule.minutes(*day)));
                    found.extend(resolve(zone, start, end).filter(|hours| hours.overlaps(&window)));
                }
            }
        }
        found.into_iter().collect()
    }

    /// The local days whose hours could reach into `window`: back as far as the longest of them last, and a day for
    /// zones that leave one out.
    fn days_around(&self, zone: &Zone, window: Interval) -> Option<(NaiveDate, NaiveDate)> {
        let minutes = |rule: &HoursRule| rule.days.iter().map(|day| rule.minutes(*day)).max();
        let longest = self.0.iter().filter_map(minutes).max()?;
        let reach = Days::new(u64::from(longest.div_ceil(DAY)) + 1);
        let first = zone.to_local(window.start()).date();
        let last = zone.to_local(window.end()).date();
        Some((
            first.checked_sub_days(reach)?,
            last.checked_add_days(Days::new(1))?,
        ))
    }
}

fn resolve(zone: &Zone, start: NaiveDateTime, end: NaiveDateTime) -> Option<Interval> {
    Interval::new(zone.to_instant(start), zone.to_instant(end))
}

/// Midnight to midnight of `first` to `last`, both included, in a zone.
#[must_use]
pub fn days(zone: &Zone, first: NaiveDate, last: NaiveDate) -> Option<Interval> {
    let after: NaiveDate = last.checked_add_days(Days::new(1))?;
    let midnight =
        |date: NaiveDate| -> Timestamp { zone.to_instant(date.and_time(NaiveTime::MIN)) };
    Interval::new(midnight(first), midnight(after))
}
