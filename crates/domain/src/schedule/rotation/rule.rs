//! Recurrence rules (RFC 5545 §3.3.10) as handoffs use them: parsed strictly, bounded, and made
//! explicit, so that an expansion can begin at any period.

use std::fmt::Write as _;

use chrono::{
    Datelike as _, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _,
    Weekday,
};
use rrule::{RRuleSet, Tz};

use crate::time::interval::Timestamp;

/// At most this many handoffs in a local day.
const MOST_PER_DAY: usize = 24;

/// A rule has to occur again within this many years of its start.
const HORIZON_YEARS: u32 = 60;

/// What is wrong with a recurrence rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A part that is not one of RFC 5545's, or has no such value.
    #[error("{0}")]
    Part(String),
    /// RFC 5545 does not allow the combination.
    #[error("not a rule that RFC 5545 allows: {0}")]
    NotAllowed(String),
    /// FREQ is not one of those that handoffs may have.
    #[error("FREQ must be HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY")]
    Frequency,
    /// `INTERVAL=0`.
    #[error("INTERVAL must be at least 1")]
    Interval,
    /// More than 24 handoffs could fall into one local day.
    #[error("the rule could hand off more than {MOST_PER_DAY} times in a day")]
    TooOften,
    /// No occurrence after the start.
    #[error("the rule never occurs after the start")]
    Never,
    /// `UNTIL` lies before the start.
    #[error("UNTIL lies before the start")]
    UntilBeforeStart,
    /// The start is out of bounds.
    #[error("the start must lie in the years 1990 to 2100")]
    Start,
}

/// FREQ, as far as handoffs may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// How turns are bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// `COUNT`: so many turns.
    Count(u32),
    /// `UNTIL` with `Z`: turns begin up to and including this instant.
    UntilInstant(Timestamp),
    /// `UNTIL` without `Z`, or of a date (its last second): up to this local time.
    UntilLocal(NaiveDateTime),
}

/// A rule taken apart: bounds and interval aside, the BY-parts as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) frequency: Frequency,
    pub(super) interval: u32,
    pub(super) bound: Option<Bound>,
    week_start: Weekday,
    by: Vec<(Part, Vec<String>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Second,
    Minute,
    Hour,
    Day,
    MonthDay,
    YearDay,
    WeekNo,
    Month,
    SetPos,
}

impl Part {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "BYSECOND" => Self::Second,
            "BYMINUTE" => Self::Minute,
            "BYHOUR" => Self::Hour,
            "BYDAY" => Self::Day,
            "BYMONTHDAY" => Self::MonthDay,
            "BYYEARDAY" => Self::YearDay,
            "BYWEEKNO" => Self::WeekNo,
            "BYMONTH" => Self::Month,
            "BYSETPOS" => Self::SetPos,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Second => "BYSECOND",
            Self::Minute => "BYMINUTE",
            Self::Hour => "BYHOUR",
            Self::Day => "BYDAY",
            Self::MonthDay => "BYMONTHDAY",
            Self::YearDay => "BYYEARDAY",
            Self::WeekNo => "BYWEEKNO",
            Self::Month => "BYMONTH",
            Self::SetPos => "BYSETPOS",
        }
    }

    /// The greatest value, and whether the same values count from the end when negative.
    const fn range(self) -> (i32, i32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::Day | Self::WeekNo => (-53, 53),
            Self::MonthDay => (-31, 31),
            Self::YearDay | Self::SetPos => (-366, 366),
            Self::Month => (1, 12),
        }
    }

    /// `value` in its shortest spelling, where the part may have it.
    fn canonical(self, value: &str) -> Option<String> {
        let (number, weekday) = match self {
            Self::Day => value.split_at_checked(value.len().checked_sub(2)?)?,
            _ => (value, ""),
        };
        if self == Self::Day && !["MO", "TU", "WE", "TH", "FR", "SA", "SU"].contains(&weekday) {
            return None;
        }
        if number.is_empty() {
            return (self == Self::Day).then(|| weekday.to_owned());
        }
        let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
        if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: i32 = number.parse().ok()?;
        let (least, most) = self.range();
        let zero_means_nothing = least < 0;
        (least <= number && number <= most && !(zero_means_nothing && number == 0))
            .then(|| format!("{number}{weekday}"))
    }
}

impl Parts {
    /// Takes `text` apart; `start` is needed for `UNTIL` to be understood.
    pub(super) fn parse(text: &str) -> Result<Self, RuleError> {
        let upper = text.to_ascii_uppercase();
        let (mut frequency, mut interval, mut count, mut until) = (None, None, None, None);
        let (mut week_start, mut by) = (None, Vec::new());
        for part in upper.split(';') {
            let (name, value) = part.split_once('=').ok_or_else(|| {
                RuleError::Part(format!("{part:?} is not of the form NAME=VALUE"))
            })?;
            let bad = || RuleError::Part(format!("{name} cannot be {value:?}"));
            let twice = match name {
                "FREQ" => frequency.replace(parse_frequency(value)?).is_some(),
                "INTERVAL" => interval
                    .replace(parse_number(value).ok_or_else(bad)?)
                    .is_some(),
                "COUNT" => count
                    .replace(parse_number(value).filter(|n| *n > 0).ok_or_else(bad)?)
                    .is_some(),
                "UNTIL" => until.replace(parse_until(value).ok_or_else(bad)?).is_some(),
                "WKST" => week_start
                    .replace(parse_weekday(value).ok_or_else(bad)?)
                    .is_some(),
                _ => {
                    let kind = Part::parse(name).ok_or_else(|| {
                        RuleError::Part(format!("{name:?} is not a part of a recurrence rule"))
                    })?;
                    let mut values: Vec<String> = Vec::new();
                    for one in value.split(',') {
                        let one = kind.canonical(one).ok_or_else(bad)?;
                        if !values.contains(&one) {
                            values.push(one);
                        }
                    }
                    let twice = by.iter().any(|(other, _)| *other == kind);
                    by.push((kind, values));
                    twice
                }
            };
            if twice {
                return Err(RuleError::Part(format!("{name} is given twice")));
            }
        }
        let bound = match (count, until) {
            (Some(_), Some(_)) => {
                return Err(RuleError::NotAllowed("COUNT and UNTIL together".to_owned()));
            }
            (Some(count), None) => Some(Bound::Count(count)),
            (None, until) => until,
        };
        let interval = interval.unwrap_or(1);
        if interval == 0 {
            return Err(RuleError::Interval);
        }
        if interval > u32::from(u16::MAX) {
            return Err(RuleError::Part("INTERVAL can be at most 65535".to_owned()));
        }
        let parts = Self {
            frequency: frequency.ok_or(RuleError::Frequency)?,
            interval,
            bound,
            week_start: week_start.unwrap_or(Weekday::Mon),
            by,
        };
        if parts.most_per_day() > MOST_PER_DAY {
            return Err(RuleError::TooOften);
        }
        Ok(parts)
    }

    fn values(&self, kind: Part) -> Option<&[String]> {
        self.by
            .iter()
            .find(|(other, _)| *other == kind)
            .map(|(_, values)| values.as_slice())
    }

    fn has(&self, kind: Part) -> bool {
        self.values(kind).is_some()
    }

    /// The most handoffs that one local day can have.
    fn most_per_day(&self) -> usize {
        let times = |kind| self.values(kind).map_or(1, <[String]>::len);
        let within_hour = times(Part::Minute) * times(Part::Second);
        let positions = self
            .values(Part::SetPos)
            .map_or(usize::MAX, <[String]>::len);
        if self.frequency == Frequency::Hourly {
            let steps = usize::try_from(24_u32.div_ceil(self.interval)).unwrap_or(24);
            let hours = self
                .values(Part::Hour)
                .map_or(24, <[String]>::len)
                .min(steps);
            hours * within_hour.min(positions)
        } else {
            (times(Part::Hour) * within_hour).min(positions)
        }
    }

    /// The rule without bounds, with what RFC 5545 takes from DTSTART said in BY-parts: so it means
    /// the same for every DTSTART at the beginning of a period that keeps the interval's phase.
    fn explicit(&self, start: NaiveDateTime) -> String {
        let mut text = String::new();
        let frequency = match self.frequency {
            Frequency::Hourly => "HOURLY",
            Frequency::Daily => "DAILY",
            Frequency::Weekly => "WEEKLY",
            Frequency::Monthly => "MONTHLY",
            Frequency::Yearly => "YEARLY",
        };
        let _ = write!(
            text,
            "FREQ={frequency};INTERVAL={};WKST={}",
            self.interval,
            weekday_name(self.week_start)
        );
        for (kind, values) in &self.by {
            let _ = write!(text, ";{}={}", kind.name(), values.join(","));
        }
        let mut imply = |kind: Part, value: &dyn std::fmt::Display| {
            if !self.has(kind) {
                let _ = write!(text, ";{}={value}", kind.name());
            }
        };
        imply(Part::Second, &start.second());
        imply(Part::Minute, &start.minute());
        if self.frequency != Frequency::Hourly {
            imply(Part::Hour, &start.hour());
        }
        let names_days = self.has(Part::Day) || self.has(Part::MonthDay) || self.has(Part::YearDay);
        match self.frequency {
            Frequency::Weekly => imply(Part::Day, &weekday_name(start.weekday())),
            Frequency::Monthly if !names_days => imply(Part::MonthDay, &start.day()),
            Frequency::Yearly if self.has(Part::WeekNo) && !names_days => {
                imply(Part::Day, &weekday_name(start.weekday()));
            }
            Frequency::Yearly if !names_days => {
                imply(Part::Month, &start.month());
                imply(Part::MonthDay, &start.day());
            }
            _ => {}
        }
        text
    }

    /// The rule without bounds, as the recurrence library has it for DTSTART at the beginning of a period.
    fn validated(&self, start: NaiveDateTime) -> Result<rrule::RRule, RuleError> {
        // What was written is judged, not what was implied: BYWEEKNO with FREQ=MONTHLY, say.
        self.explicit(start)
            .parse::<rrule::RRule<rrule::Unvalidated>>()
            .and_then(|rule| rule.validate(in_utc(self.period_start(start))))
            .map_err(|error| RuleError::NotAllowed(error.to_string()))
    }

    /// When handoffs come in each period, since its beginning and in order, where that is the same in all: the rule
    /// names times of day and, for weeks, their days, and nothing else. Most rules are such, and expanding them takes
    /// no more than adding.
    fn times_in_period(&self, start: NaiveDateTime) -> Option<Vec<TimeDelta>> {
        let days: Vec<i64> = match self.frequency {
            Frequency::Hourly | Frequency::Daily => vec![0],
            Frequency::Weekly => {
                let named = self.values(Part::Day).map_or_else(
                    || Some(vec![start.weekday()]),
                    |names| names.iter().map(|name| parse_weekday(name)).collect(),
                );
                let since = |day: Weekday| i64::from(day.days_since(self.week_start));
                named?.into_iter().map(since).collect()
            }
            Frequency::Monthly | Frequency::Yearly => return None,
        };
        let names_time = |kind: Part| match kind {
            Part::Second | Part::Minute => true,
            Part::Hour => self.frequency != Frequency::Hourly,
            Part::Day => self.frequency == Frequency::Weekly,
            _ => false,
        };
        if !self.by.iter().all(|(kind, _)| names_time(*kind)) {
            return None;
        }
        let numbers = |kind: Part, implied: u32| {
            self.values(kind).map_or_else(
                || Some(vec![i64::from(implied)]),
                |values| values.iter().map(|value| value.parse().ok()).collect(),
            )
        };
        let hours = match self.frequency {
            Frequency::Hourly => vec![0],
            _ => numbers(Part::Hour, start.hour())?,
        };
        let minutes = numbers(Part::Minute, start.minute())?;
        let seconds = numbers(Part::Second, start.second())?;
        let mut times = Vec::new();
        for day in &days {
            for hour in &hours {
                for minute in &minutes {
                    let time = move |second: &i64| {
                        TimeDelta::seconds(((day * 24 + hour) * 60 + minute) * 60 + second)
                    };
                    times.extend(seconds.iter().map(time));
                }
            }
        }
        times.sort_unstable();
        Some(times)
    }

    /// The beginning of the period that holds `local`.
    fn period_start(&self, local: NaiveDateTime) -> NaiveDateTime {
        let date = local.date();
        let day = match self.frequency {
            Frequency::Hourly => {
                return date.and_time(NaiveTime::MIN) + TimeDelta::hours(i64::from(local.hour()));
            }
            Frequency::Daily => date,
            Frequency::Weekly => date.week(self.week_start).first_day(),
            Frequency::Monthly => date.with_day(1).unwrap_or(date),
            Frequency::Yearly => date.with_ordinal(1).unwrap_or(date),
        };
        day.and_time(NaiveTime::MIN)
    }

    /// `periods` periods after `from`, which is the beginning of one.
    fn advance(&self, from: NaiveDateTime, periods: u32) -> NaiveDateTime {
        let days = |n: u32| from.checked_add_days(Days::new(u64::from(n)));
        let months = |n: u32| from.checked_add_months(Months::new(n));
        match self.frequency {
            Frequency::Hourly => from.checked_add_signed(TimeDelta::hours(i64::from(periods))),
            Frequency::Daily => days(periods),
            Frequency::Weekly => days(periods.saturating_mul(7)),
            Frequency::Monthly => months(periods),
            Frequency::Yearly => months(periods.saturating_mul(12)),
        }
        .unwrap_or(NaiveDate::MAX.and_time(NaiveTime::MIN))
    }
}

/// A rule that can be expanded, on the wall clock, as if in UTC.
#[derive(Debug, Clone)]
pub(super) struct Recurrence {
    parts: Parts,
    expansion: Expansion,
    origin: NaiveDateTime,
}

/// How a rule is expanded.
#[derive(Debug, Clone)]
enum Expansion {
    /// All periods are alike: when handoffs come, since the beginning of each, in order.
    Alike(Vec<TimeDelta>),
    /// By the recurrence library.
    Library(Box<rrule::RRule>),
}

impl Recurrence {
    /// Checks `parts` for `start`.
    pub(super) fn new(parts: Parts, start: NaiveDateTime) -> Result<Self, RuleError> {
        let rule = parts.validated(start)?;
        let expansion = parts
            .times_in_period(start)
            .map_or(Expansion::Library(Box::new(rule)), Expansion::Alike);
        let recurrence = Self {
            origin: parts.period_start(start),
            parts,
            expansion,
        };
        let horizon = start
            .checked_add_months(Months::new(HORIZON_YEARS * 12))
            .unwrap_or(start);
        let occurs = recurrence.expand(start, horizon).any(|local| local > start);
        if occurs {
            Ok(recurrence)
        } else {
            Err(RuleError::Never)
        }
    }

    /// The beginning of the period that is `periods` after that of the start.
    pub(super) fn period(&self, periods: u32) -> NaiveDateTime {
        self.parts.advance(self.origin, periods)
    }

    /// The rule's parts.
    pub(super) const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Every occurrence in `[from, until)` of local time, in order. Nothing before the period of
    /// the start.
    pub(super) fn expand(
        &self,
        from: NaiveDateTime,
        until: NaiveDateTime,
    ) -> impl Iterator<Item = NaiveDateTime> {
        let interval = self.parts.interval;
        // The last period, in phase, that begins at or before `from`.
        let first = self.periods_before(from) / interval * interval;
        let all: Box<dyn Iterator<Item = NaiveDateTime> + '_> = match &self.expansion {
            Expansion::Alike(times) => {
                let periods = std::iter::successors(Some(first), move |n| n.checked_add(interval));
                let begins = periods.map(|period| self.period(period));
                Box::new(begins.flat_map(|begin| {
                    let times = times.iter();
                    times.filter_map(move |time| begin.checked_add_signed(*time))
                }))
            }
            Expansion::Library(rule) => Box::new(
                RRuleSet::new(in_utc(self.period(first)))
                    .rrule(rule.as_ref().clone())
                    .limit()
                    .into_iter()
                    .map(|at| at.naive_utc()),
            ),
        };
        all.skip_while(move |at| *at < from)
            .take_while(move |at| *at < until)
    }

    /// How many whole periods lie between the period of the start and that of `local`.
    pub(super) fn periods_before(&self, local: NaiveDateTime) -> u32 {
        let since = local - self.origin;
        let origin = self.origin.date();
        let months =
            (local.year() - origin.year()) * 12 + month_of(local.date()) - month_of(origin);
        let periods = match self.parts.frequency {
            Frequency::Hourly => since.num_hours(),
            Frequency::Daily => since.num_days(),
            Frequency::Weekly => since.num_weeks(),
            Frequency::Monthly => i64::from(months),
            Frequency::Yearly => i64::from(local.year() - origin.year()),
        };
        u32::try_from(periods).unwrap_or(0)
    }
}

fn in_utc(local: NaiveDateTime) -> chrono::DateTime<Tz> {
    local.and_utc().with_timezone(&Tz::UTC)
}

fn month_of(date: NaiveDate) -> i32 {
    i32::try_from(date.month0()).unwrap_or(0)
}

fn parse_frequency(value: &str) -> Result<Frequency, RuleError> {
    Ok(match value {
        "HOURLY" => Frequency::Hourly,
        "DAILY" => Frequency::Daily,
        "WEEKLY" => Frequency::Weekly,
        "MONTHLY" => Frequency::Monthly,
        "YEARLY" => Frequency::Yearly,
        _ => return Err(RuleError::Frequency),
    })
}

fn parse_number(value: &str) -> Option<u32> {
    (value.len() <= 9 && value.bytes().all(|b| b.is_ascii_digit()))
        .then(|| value.parse().ok())
        .flatten()
}

fn parse_weekday(value: &str) -> Option<Weekday> {
    Some(match value {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}

const fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "MO",
        Weekday::Tue => "TU",
        Weekday::Wed => "WE",
        Weekday::Thu => "TH",
        Weekday::Fri => "FR",
        Weekday::Sat => "SA",
        Weekday::Sun => "SU",
    }
}

fn parse_until(value: &str) -> Option<Bound> {
    // The library also takes signs, and spaces for digits.
    let is_plain = |one: u8| one.is_ascii_digit() || b"TZ".contains(&one);
    if !value.bytes().all(is_plain) {
        return None;
    }
    if let Some(utc) = value.strip_suffix('Z') {
        return parse_local(utc).map(|local| Bound::UntilInstant(local.and_utc()));
    }
    if value.contains('T') {
        return parse_local(value).map(Bound::UntilLocal);
    }
    let date = (value.len() == 8)
        .then(|| NaiveDate::parse_from_str(value, "%Y%m%d").ok())
        .flatten()?;
    date.and_hms_opt(23, 59, 59).map(Bound::UntilLocal)
}

fn parse_local(value: &str) -> Option<NaiveDateTime> {
    (value.len() == 15)
        .then(|| NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S").ok())
        .flatten()
}

#[cfg(test)]
mod tests;
