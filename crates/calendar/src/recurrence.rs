//! Recurrence rules (RFC 5545 §3.3.10) of calendars that strangers write. A rule is a question about days: does it
//! match this one? Days are asked in order and each costs a step, so that a rule that never comes ends when its
//! steps do (decision 0620). Handoffs of rotations have rules of their own, in `domain::schedule::rotation`.

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Weekday};

use super::budget::Meter;

/// A rule gives at most so many times.
const MOST_TIMES: usize = 20_000;

/// A rule takes at most so many steps: more than a century of days, which those with a COUNT are followed from
/// their start.
const MOST_STEPS: usize = 80_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
    Hourly,
}

/// A rule without its UNTIL, which depends on zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    frequency: Frequency,
    interval: i64,
    count: Option<u32>,
    week_start: Weekday,
    months: Vec<i32>,
    month_days: Vec<i32>,
    year_days: Vec<i32>,
    weeks: Vec<i32>,
    /// From Monday, and which of the month or the year it is; zero for each.
    weekdays: Vec<(u32, i32)>,
    hours: Vec<i32>,
    minutes: Vec<i32>,
    seconds: Vec<i32>,
    positions: Vec<i32>,
}

impl Rule {
    /// Reads a rule in capitals; `None` where it is none, or repeats within the hour.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = Parts::read(text)?;
        let frequency = match parts.take("FREQ")? {
            "YEARLY" => Frequency::Yearly,
            "MONTHLY" => Frequency::Monthly,
            "WEEKLY" => Frequency::Weekly,
            "DAILY" => Frequency::Daily,
            "HOURLY" => Frequency::Hourly,
            _ => return None,
        };
        let nth = match frequency {
            Frequency::Yearly | Frequency::Daily => 53,
            Frequency::Monthly => 5,
            Frequency::Weekly | Frequency::Hourly => 8,
        };
        let weekdays = parts.take("BYDAY").or_else(|| parts.take("BYWEEKDAY"));
        let rule = Self {
            frequency,
            interval: parts.number("INTERVAL", u16::MAX.into(), 1)?,
            // Without it, it has no end.
            count: u32::try_from(parts.number("COUNT", u32::MAX.into(), -1)?).ok(),
            week_start: parts.take("WKST").map_or(Some(Weekday::Mon), weekday)?,
            months: parts.list("BYMONTH", 1..=12)?,
            month_days: parts.list("BYMONTHDAY", -31..=31)?,
            year_days: parts.list("BYYEARDAY", -366..=366)?,
            weeks: parts.list("BYWEEKNO", -53..=53)?,
            weekdays: weekdays.map_or(Some(Vec::new()), |text| numbered(text, nth))?,
            hours: parts.list("BYHOUR", 0..=23)?,
            minutes: parts.list("BYMINUTE", 0..=59)?,
            seconds: parts.list("BYSECOND", 0..=59)?,
            positions: parts.list("BYSETPOS", -366..=366)?,
        };
        (parts.0.is_empty() && rule.is_possible()).then_some(rule)
    }

    /// Some parts go with some frequencies only, and zero counts nothing.
    fn is_possible(&self) -> bool {
        use Frequency::{Daily, Monthly, Weekly, Yearly};
        let signed = [
            &self.month_days,
            &self.year_days,
            &self.weeks,
            &self.positions,
        ];
        signed.iter().all(|list| !list.contains(&0))
            && (self.month_days.is_empty() || self.frequency != Weekly)
            && (self.year_days.is_empty() || !matches!(self.frequency, Monthly | Weekly | Daily))
            && (self.weeks.is_empty() || self.frequency == Yearly)
    }

    /// When it comes, on the clock of `start`, from `from` to `last` (both may be among them); nothing where that
    /// takes too many steps.
    pub(super) fn times(
        &self,
        start: NaiveDateTime,
        from: NaiveDateTime,
        last: NaiveDateTime,
        meter: &Meter<'_>,
    ) -> Option<Vec<NaiveDateTime>> {
        let rule = self.completed(start);
        let times = rule.times_of_day(start);
        let mut walk = Walk {
            rule: &rule,
            times,
            start,
            from,
            last,
            left: rule.count,
            steps: 0,
            meter,
            period: Vec::new(),
            found: Vec::new(),
        };
        if self.interval == 0 || self.count == Some(0) {
            return Some(Vec::new());
        }
        walk.step(walk.times.len())?;
        walk.run()
    }

    /// What a rule leaves out is as it is at its start.
    fn completed(&self, start: NaiveDateTime) -> Self {
        let mut rule = self.clone();
        let says_days = [&rule.weeks, &rule.year_days, &rule.month_days]
            .iter()
            .any(|list| !list.is_empty())
            || !rule.weekdays.is_empty();
        let day = i32::try_from(start.day()).unwrap_or_default();
        match rule.frequency {
            _ if says_days => {}
            Frequency::Yearly => {
                if rule.months.is_empty() {
                    rule.months.extend(i32::try_from(start.month()));
                }
                rule.month_days.push(day);
            }
            Frequency::Monthly => rule.month_days.push(day),
            Frequency::Weekly => rule
                .weekdays
                .push((start.weekday().num_days_from_monday(), 0)),
            Frequency::Daily | Frequency::Hourly => {}
        }
        rule
    }

    /// The times of a day that matches, in order; of an hourly rule those of all hours.
    fn times_of_day(&self, start: NaiveDateTime) -> Vec<NaiveTime> {
        let or = |list: &[i32], own: u32| -> Vec<u32> {
            if list.is_empty() {
                return vec![own];
            }
            list.iter().filter_map(|n| u32::try_from(*n).ok()).collect()
        };
        let hours = if self.frequency == Frequency::Hourly && self.hours.is_empty() {
            (0..24).collect()
        } else {
            or(&self.hours, start.hour())
        };
        let minutes = or(&self.minutes, start.minute());
        let seconds = or(&self.seconds, start.second());
        let mut times = Vec::new();
        for hour in hours {
            for minute in &minutes {
                let times_of_minute = seconds.iter();
                times.extend(
                    times_of_minute.filter_map(|s| NaiveTime::from_hms_opt(hour, *minute, *s)),
                );
            }
        }
        times
    }

    /// Whether a day of a period that takes part matches.
    fn matches(&self, day: NaiveDate) -> bool {
        let has = |list: &[i32], n: i32, negative: i32| {
            list.is_empty() || is_in(list, n) || is_in(list, negative)
        };
        let (month_day, month_length) = (signed(day.day()), month_length(day));
        let (year_day, year_length) = (signed(day.ordinal()), year_length(day.year()));
        has(&self.months, signed(day.month()), 0)
            && has(&self.month_days, month_day, month_day - month_length - 1)
            && has(&self.year_days, year_day, year_day - year_length - 1)
            && self.matches_week(day)
            && self.matches_weekday(day)
    }

    fn matches_weekday(&self, day: NaiveDate) -> bool {
        let of_year = self.frequency == Frequency::Yearly && self.months.is_empty();
        let (ordinal, length) = if of_year {
            (signed(day.ordinal0()), year_length(day.year()))
        } else {
            (signed(day.day0()), month_length(day))
        };
        let counts = matches!(self.frequency, Frequency::Yearly | Frequency::Monthly);
        let nth = ordinal / 7 + 1;
        let nth_last = -((length - 1 - ordinal) / 7 + 1);
        let weekday = day.weekday().num_days_from_monday();
        let is_named = |number| self.weekdays.binary_search(&(weekday, number)).is_ok();
        let is_named_at_all = || self.weekdays.iter().any(|(other, _)| *other == weekday);
        self.weekdays.is_empty()
            || is_named(0)
            || (counts && (is_named(nth) || is_named(nth_last)))
            || (!counts && is_named_at_all())
    }

    /// A week belongs to the year that has four days of it.
    fn matches_week(&self, day: NaiveDate) -> bool {
        if self.weeks.is_empty() {
            return true;
        }
        let fourth = start_of_week(day, self.week_start).checked_add_days(Days::new(3));
        fourth.is_some_and(|fourth| {
            let ordinal = signed(fourth.ordinal0());
            let number = ordinal / 7 + 1;
            let after = (year_length(fourth.year()) - 1 - ordinal) / 7;
            is_in(&self.weeks, number) || is_in(&self.weeks, -after - 1)
        })
    }
}

/// The parts of a rule that were not looked at yet.
struct Parts<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parts<'a> {
    /// Nothing where a part has no value, or comes twice.
    fn read(text: &'a str) -> Option<Self> {
        let mut all: Vec<(&str, &str)> = Vec::new();
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            if all.iter().any(|(other, _)| *other == name) {
                return None;
            }
            all.push((name, value));
        }
        Some(Self(all))
    }

    fn take(&mut self, name: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(other, _)| *other == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Nothing where it is none, or more than `most`.
    fn number(&mut self, name: &str, most: i64, default: i64) -> Option<i64> {
        let Some(text) = self.take(name) else {
            return Some(default);
        };
        let number: i64 = text.parse().ok()?;
        (0..=most).contains(&number).then_some(number)
    }

    /// In order, each once.
    fn list(&mut self, name: &str, range: std::ops::RangeInclusive<i32>) -> Option<Vec<i32>> {
        let mut list = Vec::new();
        for text in self.take(name).unwrap_or_default().split(',') {
            if text.is_empty() {
                continue;
            }
            let number: i32 = text.parse().ok()?;
            if !range.contains(&number) {
                return None;
            }
            list.push(number);
        }
        list.sort_unstable();
        list.dedup();
        Some(list)
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
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

/// `MO`, `2TU`, `-1FR`, in order, each once.
fn numbered(text: &str, most: i32) -> Option<Vec<(u32, i32)>> {
    let mut days: Vec<(u32, i32)> = Vec::new();
    for text in text.split(',').filter(|text| !text.is_empty()) {
        let (number, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
        let number: i32 = if number.is_empty() {
            0
        } else {
            number.parse().ok()?
        };
        if number.abs() > most {
            return None;
        }
        days.push((weekday(day)?.num_days_from_monday(), number));
    }
    days.sort_unstable();
    days.dedup();
    Some(days)
}

fn is_in(sorted: &[i32], number: i32) -> bool {
    sorted.binary_search(&number).is_ok()
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn year_length(year: i32) -> i32 {
    NaiveDate::from_ymd_opt(year, 12, 31).map_or(365, |last| signed(last.ordinal()))
}

fn month_length(day: NaiveDate) -> i32 {
    i32::from(day.num_days_in_month())
}

fn start_of_week(day: NaiveDate, week_start: Weekday) -> NaiveDate {
    day.week(week_start).checked_first_day().unwrap_or(day)
}

/// Goes from day to day.
struct Walk<'a> {
    rule: &'a Rule,
    times: Vec<NaiveTime>,
    start: NaiveDateTime,
    from: NaiveDateTime,
    last: NaiveDateTime,
    /// Of its COUNT.
    left: Option<u32>,
    steps: usize,
    meter: &'a Meter<'a>,
    /// With BYSETPOS, what has come of the present period.
    period: Vec<NaiveDateTime>,
    found: Vec<NaiveDateTime>,
}

/// Whether there is any use in going on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    On,
    Enough,
}

impl Walk<'_> {
    fn run(mut self) -> Option<Vec<NaiveDateTime>> {
        let mut day = self.first_day();
        let end = self.last.date();
        while day <= end {
            self.step(1)?;
            let (takes_part, next) = self.look(day)?;
            let done = if takes_part { self.day(day)? } else { Next::On };
            // The period of the last day ends before `end` does at most once.
            let is_over = next > end || self.period_of(next) != self.period_of(day);
            if done == Next::Enough || (is_over && self.close_period()? == Next::Enough) {
                break;
            }
            day = next;
        }
        Some(self.found)
    }

    /// What comes before is of no use, but counts where a COUNT says so, or a place in a period.
    fn first_day(&self) -> NaiveDate {
        let start = self.start.date();
        let day = if self.left.is_some() {
            start
        } else {
            start.max(self.from.date())
        };
        if self.rule.positions.is_empty() {
            day
        } else {
            self.first_of_period(day).unwrap_or(day)
        }
    }

    fn first_of_period(&self, day: NaiveDate) -> Option<NaiveDate> {
        match self.rule.frequency {
            Frequency::Yearly => NaiveDate::from_ymd_opt(day.year(), 1, 1),
            Frequency::Monthly => day.with_day(1),
            Frequency::Weekly => Some(start_of_week(day, self.rule.week_start)),
            Frequency::Daily | Frequency::Hourly => Some(day),
        }
    }

    /// The number of the period of a day; hours are looked at one by one.
    fn period_of(&self, day: NaiveDate) -> i64 {
        let year = i64::from(day.year());
        match self.rule.frequency {
            Frequency::Yearly => year,
            Frequency::Monthly => year * 12 + i64::from(day.month0()),
            Frequency::Weekly => {
                // Weeks are counted from a day that any of them may begin with.
                let first = start_of_week(day, self.rule.week_start);
                i64::from(first.num_days_from_ce()).div_euclid(7)
            }
            Frequency::Daily | Frequency::Hourly => day.num_days_from_ce().into(),
        }
    }

    /// Whether a day takes part, and which day to look at next.
    fn look(&self, day: NaiveDate) -> Option<(bool, NaiveDate)> {
        let since = self.period_of(day) - self.period_of(self.start.date());
        let is_due = self.rule.frequency == Frequency::Hourly || since % self.rule.interval == 0;
        let months = &self.rule.months;
        let next_day = day.checked_add_days(Days::new(1))?;
        let next = match self.rule.frequency {
            _ if !months.is_empty() && !is_in(months, signed(day.month())) => next_month(day)?,
            _ if is_due => next_day,
            Frequency::Yearly => NaiveDate::from_ymd_opt(day.year().checked_add(1)?, 1, 1)?,
            Frequency::Monthly => next_month(day)?,
            Frequency::Weekly => {
                start_of_week(day, self.rule.week_start).checked_add_days(Days::new(7))?
            }
            Frequency::Daily | Frequency::Hourly => next_day,
        };
        Some((is_due && self.rule.matches(day), next))
    }

    fn day(&mut self, day: NaiveDate) -> Option<Next> {
        for index in 0..self.times.len() {
            self.step(1)?;
            let time = day.and_time(*self.times.get(index)?);
            if self.rule.frequency == Frequency::Hourly && !self.hour_is_due(time) {
                continue;
            }
            if self.rule.positions.is_empty() {
                if self.take(time) == Next::Enough {
                    return Some(Next::Enough);
                }
                continue;
            }
            self.period.push(time);
            let ends_hour = self
                .times
                .get(index + 1)
                .is_none_or(|next| next.hour() != time.hour());
            if self.rule.frequency == Frequency::Hourly
                && ends_hour
                && self.close_period()? == Next::Enough
            {
                return Some(Next::Enough);
            }
        }
        Some(Next::On)
    }

    fn hour_is_due(&self, time: NaiveDateTime) -> bool {
        let hour = |at: NaiveDateTime| at.and_utc().timestamp().div_euclid(3600);
        (hour(time) - hour(self.start)) % self.rule.interval == 0
    }

    /// Takes those of a period's times that BYSETPOS names.
    fn close_period(&mut self) -> Option<Next> {
        let period = std::mem::take(&mut self.period);
        let length = i32::try_from(period.len()).ok()?;
        let places = self.rule.positions.iter().map(|position| {
            let place = if *position > 0 {
                position - 1
            } else {
                length + position
            };
            usize::try_from(place).ok()
        });
        let mut named: Vec<NaiveDateTime> = places
            .filter_map(|place| period.get(place?).copied())
            .collect();
        named.sort_unstable();
        named.dedup();
        for time in named {
            self.step(1)?;
            if self.take(time) == Next::Enough {
                return Some(Next::Enough);
            }
        }
        Some(Next::On)
    }

    fn take(&mut self, time: NaiveDateTime) -> Next {
        if time < self.start {
            return Next::On;
        }
        if time > self.last || self.found.len() >= MOST_TIMES {
            return Next::Enough;
        }
        if time >= self.from {
            self.found.push(time);
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
            if *left == 0 {
                return Next::Enough;
            }
        }
        Next::On
    }

    fn step(&mut self, count: usize) -> Option<()> {
        self.steps += count;
        self.meter.step(u64::try_from(count).ok()?)?;
        (self.steps <= MOST_STEPS).then_some(())
    }
}

fn next_month(day: NaiveDate) -> Option<NaiveDate> {
    day.with_day(1)?.checked_add_months(chrono::Months::new(1))
}

#[cfg(test)]
mod tests;
