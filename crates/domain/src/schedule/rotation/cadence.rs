//! How often turns change, as people say it: the recurrence rules that have plain words.

use std::fmt;

use chrono::{Datelike as _, Days, NaiveDateTime, NaiveTime, Weekday};

use crate::time::zone::Zone;

/// The days of the week, as recurrence rules call them.
const WEEK: [(Weekday, &str, &str); 7] = [
    (Weekday::Mon, "MO", "Monday"),
    (Weekday::Tue, "TU", "Tuesday"),
    (Weekday::Wed, "WE", "Wednesday"),
    (Weekday::Thu, "TH", "Thursday"),
    (Weekday::Fri, "FR", "Friday"),
    (Weekday::Sat, "SA", "Saturday"),
    (Weekday::Sun, "SU", "Sunday"),
];

/// Every month has days up to this one.
const LAST_DAY_OF_ALL: u32 = 28;

/// How often turns change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cadence {
    /// Every so many days.
    Days(u32),
    /// Every so many weeks, on these days of them.
    Weeks(u32, Vec<Weekday>),
    /// Every so many months, on the day of the month on which the first handoff falls.
    Months(u32),
}

impl Cadence {
    /// The plain meaning of a rule whose first handoff is `start`; `None` where there are no plain words for it.
    ///
    /// ```
    /// use chrono::Weekday;
    /// use dogwatch_domain::schedule::rotation::Cadence;
    ///
    /// let monday = "2026-03-02T10:00:00".parse().unwrap();
    /// assert_eq!(Cadence::of("FREQ=WEEKLY", monday), Some(Cadence::Weeks(1, vec![Weekday::Mon])));
    /// assert_eq!(Cadence::of("FREQ=MONTHLY;BYDAY=-1FR", monday), None);
    /// ```
    #[must_use]
    pub fn of(rule: &str, start: NaiveDateTime) -> Option<Self> {
        let (mut frequency, mut every, mut days) = (None, 1, None);
        for part in rule.to_ascii_uppercase().split(';') {
            match part.split_once('=')? {
                ("FREQ", name) => frequency = Some(name.to_owned()),
                ("INTERVAL", number) => every = number.parse().ok().filter(|n| *n > 0)?,
                ("BYDAY", names) => {
                    days = Some(names.split(',').map(day).collect::<Option<Vec<_>>>()?);
                }
                ("WKST", "MO") => {}
                _ => return None,
            }
        }
        match (frequency?.as_str(), days) {
            ("DAILY", None) => Some(Self::Days(every)),
            ("WEEKLY", None) => Some(Self::Weeks(every, vec![start.weekday()])),
            ("WEEKLY", Some(days)) => Some(Self::weeks(every, &days)),
            ("DAILY", Some(days)) if every == 1 => Some(Self::weeks(1, &days)),
            ("MONTHLY", None) if start.day() <= LAST_DAY_OF_ALL => Some(Self::Months(every)),
            _ => None,
        }
    }

    /// Every so many weeks, on these days, in whichever order they are given.
    #[must_use]
    pub fn weeks(every: u32, days: &[Weekday]) -> Self {
        let days = WEEK
            .iter()
            .map(|(day, ..)| *day)
            .filter(|day| days.contains(day));
        Self::Weeks(every, days.collect())
    }

    /// The rule, without bounds.
    #[must_use]
    pub fn rule(&self) -> String {
        let with = |frequency: &str, every: u32| {
            if every == 1 {
                format!("FREQ={frequency}")
            } else {
                format!("FREQ={frequency};INTERVAL={every}")
            }
        };
        match self {
            Self::Days(every) => with("DAILY", *every),
            Self::Weeks(every, days) => {
                let names = named(days).map(|(short, _)| short);
                format!(
                    "{};BYDAY={}",
                    with("WEEKLY", *every),
                    names.collect::<Vec<_>>().join(",")
                )
            }
            Self::Months(every) => with("MONTHLY", *every),
        }
    }

    /// Whether a handoff can fall on this local time's date.
    fn may_be_on(&self, at: NaiveDateTime) -> bool {
        match self {
            Self::Days(_) => true,
            Self::Weeks(_, days) => days.contains(&at.weekday()),
            Self::Months(_) => at.day() <= LAST_DAY_OF_ALL,
        }
    }

    /// The first local time at or after `from` at which turns can begin to change so, at this time of day.
    #[must_use]
    pub fn first_from(&self, from: NaiveDateTime, time: NaiveTime) -> Option<NaiveDateTime> {
        let days = from
            .date()
            .iter_days()
            .take(40)
            .map(|day| day.and_time(time));
        days.into_iter()
            .find(|at| *at >= from && self.may_be_on(*at))
    }

    /// The last such local time at or before `until`.
    #[must_use]
    pub fn last_until(&self, until: NaiveDateTime, time: NaiveTime) -> Option<NaiveDateTime> {
        let back = (0..40).filter_map(|days| until.date().checked_sub_days(Days::new(days)));
        back.map(|day| day.and_time(time))
            .find(|at| *at <= until && self.may_be_on(*at))
    }
}

fn day(name: &str) -> Option<Weekday> {
    let found = WEEK.iter().find(|(_, short, _)| *short == name);
    found.map(|(day, ..)| *day)
}

fn named(days: &[Weekday]) -> impl Iterator<Item = (&'static str, &'static str)> {
    WEEK.iter()
        .filter(|(day, ..)| days.contains(day))
        .map(|(_, short, long)| (*short, *long))
}

/// `Monday`, `Monday and Thursday`, `Monday to Friday`.
struct DaysInWords<'a>(&'a [Weekday]);

impl fmt::Display for DaysInWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = named(self.0).map(|(_, long)| long).collect();
        match names.as_slice() {
            ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"] => {
                f.write_str("Monday to Friday")
            }
            [] => f.write_str("no day"),
            [only] => f.write_str(only),
            [first @ .., last] => write!(f, "{} and {last}", first.join(", ")),
        }
    }
}

/// When turns change, in words: `every Monday at 10:00, London time`.
#[must_use]
pub fn in_words(start: NaiveDateTime, rule: &str, zone: &Zone) -> String {
    let time = start.format("%H:%M");
    let place = place(zone);
    let how_often = match Cadence::of(rule, start) {
        Some(Cadence::Days(1)) => "every day".to_owned(),
        Some(Cadence::Days(every)) => format!("every {every} days"),
        Some(Cadence::Weeks(1, days)) => {
            let days = DaysInWords(&days).to_string();
            if days.contains(" to ") {
                days
            } else {
                format!("every {days}")
            }
        }
        Some(Cadence::Weeks(every, days)) => {
            format!("every {every} weeks on {}", DaysInWords(&days))
        }
        Some(Cadence::Months(1)) => format!("every month on day {}", start.day()),
        Some(Cadence::Months(every)) => format!("every {every} months on day {}", start.day()),
        None => {
            return format!(
                "by the rule {rule}, first on {}, {place}",
                start.format("%-d %B %Y at %H:%M")
            );
        }
    };
    format!("{how_often} at {time}, {place}")
}

/// A zone as people call it: `London time`, `UTC`.
#[must_use]
pub fn place(zone: &Zone) -> String {
    match zone.name().rsplit_once('/') {
        Some(("Etc", _)) | None => zone.name().to_owned(),
        Some((_, city)) => format!("{} time", city.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schedule::rotation::Handoff;

    fn local(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn rules_have_plain_words_where_there_are_some() {
        let london = Zone::parse("Europe/London").unwrap();
        for (rule, words) in [
            ("FREQ=WEEKLY", "every Monday at 10:00, London time"),
            (
                "freq=weekly;byday=th,mo;wkst=mo",
                "every Monday and Thursday at 10:00, London time",
            ),
            (
                "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
                "Monday to Friday at 10:00, London time",
            ),
            (
                "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
                "Monday to Friday at 10:00, London time",
            ),
            (
                "FREQ=WEEKLY;INTERVAL=2",
                "every 2 weeks on Monday at 10:00, London time",
            ),
            ("FREQ=DAILY", "every day at 10:00, London time"),
            (
                "FREQ=DAILY;INTERVAL=3",
                "every 3 days at 10:00, London time",
            ),
            ("FREQ=MONTHLY", "every month on day 2 at 10:00, London time"),
            (
                "FREQ=MONTHLY;BYDAY=1MO",
                "by the rule FREQ=MONTHLY;BYDAY=1MO, first on 2 March 2026 at 10:00, London time",
            ),
        ] {
            assert_eq!(in_words(local("2026-03-02T10:00:00"), rule, &london), words);
        }
        for rule in [
            "FREQ=WEEKLY;COUNT=5",
            "FREQ=HOURLY",
            "FREQ=WEEKLY;WKST=SU",
            "FREQ=WEEKLY;INTERVAL=0",
            "x",
            "",
        ] {
            assert_eq!(
                Cadence::of(rule, local("2026-03-02T10:00:00")),
                None,
                "{rule}"
            );
        }
        assert_eq!(
            Cadence::of("FREQ=MONTHLY", local("2026-03-31T10:00:00")),
            None
        );
    }

    #[test]
    fn zones_are_called_by_their_city() {
        let named = |name: &str| place(&Zone::parse(name).unwrap());
        assert_eq!(named("America/New_York"), "New York time");
        assert_eq!(named("America/Argentina/Buenos_Aires"), "Buenos Aires time");
        assert_eq!(named("UTC"), "UTC");
    }

    fn cadences() -> impl Strategy<Value = Cadence> {
        let days = proptest::sample::subsequence(WEEK.map(|(day, ..)| day).to_vec(), 1..=7);
        prop_oneof![
            (1..10_u32).prop_map(Cadence::Days),
            (1..10_u32, days).prop_map(|(every, days)| Cadence::Weeks(every, days)),
            (1..10_u32).prop_map(Cadence::Months),
        ]
    }

    proptest! {
        /// What is written is read as what it was, and begins where it said.
        #[test]
        fn a_cadence_survives_its_rule(cadence in cadences(), hours in 0..20_000_i64) {
            let time = NaiveTime::from_hms_opt(10, 0, 0).unwrap();
            let from = local("2026-01-01T00:00:00") + chrono::TimeDelta::hours(hours);
            let first = cadence.first_from(from, time).unwrap();
            let last = cadence.last_until(from, time).unwrap();
            prop_assert!(last <= from && from <= first);
            prop_assert_eq!(Cadence::of(&cadence.rule(), first), Some(cadence.clone()));
            let handoff = Handoff::parse(first, &cadence.rule(), &Zone::utc()).unwrap();
            prop_assert_eq!(handoff.first().naive_utc(), first);
            let next = handoff.nth(1).unwrap().naive_utc();
            prop_assert!(cadence.may_be_on(next));
        }
    }
}
