//! What is added up is what the recurrence library finds.

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;

/// Rules of days, hours and weeks that name times of day and days of the week.
fn rules() -> impl Strategy<Value = String> {
    const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let some = |name: &'static str, most: u32| {
        let values = subsequence((0..most).collect::<Vec<_>>(), 0..=2).prop_shuffle();
        values.prop_map(move |values| {
            let values: Vec<String> = values.iter().map(u32::to_string).collect();
            (!values.is_empty()).then(|| format!(";{name}={}", values.join(",")))
        })
    };
    let days = subsequence(DAYS.to_vec(), 0..=7).prop_shuffle();
    let frequency = prop::sample::select(vec!["HOURLY", "DAILY", "WEEKLY"]);
    let times = (
        some("BYHOUR", 24),
        some("BYMINUTE", 60),
        some("BYSECOND", 60),
    );
    let week_start = prop::option::of(prop::sample::select(DAYS.to_vec()));
    (frequency, 1..40_u32, week_start, days, times).prop_map(
        |(frequency, interval, week_start, days, (hours, minutes, seconds))| {
            let named = frequency == "WEEKLY" && !days.is_empty();
            let parts = [
                Some(format!("FREQ={frequency};INTERVAL={interval}")),
                week_start.map(|day| format!(";WKST={day}")),
                named.then(|| format!(";BYDAY={}", days.join(","))),
                hours.filter(|_| frequency != "HOURLY"),
                minutes,
                seconds,
            ];
            parts.into_iter().flatten().collect()
        },
    )
}

proptest! {
    /// What is added up is what the recurrence library finds.
    #[test]
    fn periods_that_are_alike_are_expanded_as_by_the_library(
        rule in rules(),
        start in 0..86_400 * 4_000_i64,
        after in -86_400 * 20..86_400 * 4_000_i64,
        days in 1..120_i64,
    ) {
        let origin = "2016-01-01T00:00:00".parse::<NaiveDateTime>().unwrap();
        let start = origin + TimeDelta::seconds(start);
        let from = start + TimeDelta::seconds(after);
        let until = from + TimeDelta::days(days);
        let parts = Parts::parse(&rule);
        prop_assume!(parts != Err(RuleError::TooOften));
        let added = Recurrence::new(parts.unwrap(), start).unwrap();
        prop_assert!(matches!(added.expansion, Expansion::Alike(_)), "{rule}");
        let library = Recurrence {
            expansion: Expansion::Library(Box::new(added.parts.validated(start).unwrap())),
            ..added.clone()
        };
        let found: Vec<NaiveDateTime> = added.expand(from, until).collect();
        prop_assert_eq!(found, library.expand(from, until).collect::<Vec<_>>());
    }
}

#[test]
fn periods_that_are_not_alike_are_left_to_the_library() {
    let start = "2026-03-02T10:00:00".parse().unwrap();
    for rule in [
        "FREQ=HOURLY;BYHOUR=9,17",
        "FREQ=HOURLY;BYDAY=MO",
        "FREQ=DAILY;BYDAY=MO,TU",
        "FREQ=DAILY;BYMONTH=3",
        "FREQ=DAILY;BYHOUR=8,20;BYSETPOS=-1",
        "FREQ=WEEKLY;BYMONTH=3",
        "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=MONTHLY",
        "FREQ=YEARLY",
    ] {
        let found = Recurrence::new(Parts::parse(rule).unwrap(), start).unwrap();
        assert!(matches!(found.expansion, Expansion::Library(_)), "{rule}");
    }
}
