//! Weekly working and duty hours, in local time.

use serde::{Deserialize, Serialize};

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
            let two = |s: &str| (s.len() == 2).then(|| s.parse::<u16>().ok()).flatten();
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
