use proptest::prelude::*;
use rrule::{RRule, RRuleSet, Tz, Unvalidated};

use super::*;
use crate::budget::BUDGET;

fn at(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").unwrap()
}

fn times(rule: &str, start: &str, from: &str, last: &str) -> Option<Vec<NaiveDateTime>> {
    let meter = Meter::new(BUDGET, &|| false);
    Rule::parse(rule)?.times(at(start), at(from), at(last), &meter)
}

/// What another library makes of it.
fn by_library(rule: &str, start: &str, last: &str) -> Option<Vec<NaiveDateTime>> {
    let begin = at(start).and_utc().with_timezone(&Tz::UTC);
    let rule = rule
        .parse::<RRule<Unvalidated>>()
        .ok()?
        .validate(begin)
        .ok()?;
    let all = RRuleSet::new(begin).rrule(rule).limit().into_iter();
    let until = at(last);
    Some(
        all.map(|at| at.naive_utc())
            .take_while(|at| *at <= until)
            .take(MOST_TIMES)
            .collect(),
    )
}

#[test]
fn rules_of_the_standard_come_as_it_says() {
    for (rule, start, expected) in [
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "19980214T090000",
            "19980313T090000",
        ),
        (
            "FREQ=MONTHLY;BYDAY=-1FR",
            "19980113T090000",
            "19980130T090000",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-3",
            "19980113T090000",
            "19980129T090000",
        ),
        (
            "FREQ=YEARLY;BYDAY=20MO",
            "19980113T090000",
            "19980518T090000",
        ),
        (
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
            "19980113T090000",
            "19980511T090000",
        ),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "19961105T090000",
            "19961105T090000",
        ),
        (
            "FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3",
            "19970904T090000",
            "19970904T090000",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            "19970929T090000",
            "19970929T090000",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,2TU",
            "19980108T090000",
            "19980112T090000",
        ),
        (
            "FREQ=WEEKLY;BYDAY=2TU",
            "19980101T090000",
            "19980106T090000",
        ),
    ] {
        let found = times(rule, start, start, "20000101T000000").unwrap();
        assert_eq!(found.first(), Some(&at(expected)), "{rule}");
    }
}

#[test]
fn what_is_no_rule_or_repeats_within_the_hour_is_refused() {
    for rule in [
        "",
        "COUNT=3",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;X=1",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=99999999999999999999",
        "FREQ=DAILY;INTERVAL=70000",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTHDAY=0",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYYEARDAY=1",
        "FREQ=DAILY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=ä",
    ] {
        assert_eq!(Rule::parse(rule), None, "{rule}");
    }
}

#[test]
fn a_rule_that_is_counted_from_long_ago_is_followed_for_a_century_of_days() {
    let rule = "FREQ=DAILY;COUNT=1000000";
    let last = "20260103T000000";
    let found = times(rule, "19260101T000000", "20260101T000000", last).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(
        times(rule, "10260101T000000", "20260101T000000", last),
        None
    );
}

/// Rules as people have them, of every frequency.
fn a_rule() -> impl Strategy<Value = String> {
    let pick = |name: &'static str, values: &'static [&'static str]| {
        let value = prop::sample::subsequence(values, 1..=values.len().min(3));
        prop::option::weighted(
            0.3,
            value.prop_map(move |all| format!(";{name}={}", all.join(","))),
        )
        .prop_map(Option::unwrap_or_default)
    };
    let days = prop_oneof![
        pick("BYDAY", &["MO", "WE", "FR", "SA", "SU"]),
        pick("BYDAY", &["1MO", "-1FR", "2TU", "4SU"]),
    ];
    (
        prop::sample::select(vec!["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]),
        1..5_u32,
        prop::option::weighted(0.3, 1..40_u32),
        pick("BYMONTH", &["1", "2", "6", "12"]),
        pick("BYMONTHDAY", &["1", "13", "29", "31", "-1", "-31"]),
        days,
        pick("BYHOUR", &["0", "9", "23"]),
        (pick("BYYEARDAY", &["1", "60", "366", "-1", "-366"]), pick("BYWEEKNO", &["2", "20", "40"])),
        (pick("BYSETPOS", &["1", "2", "-1"]), prop::sample::select(vec!["", ";WKST=SU", ";WKST=TH"])),
    )
        .prop_map(|(frequency, interval, count, month, day, weekday, hour, more, last)| {
            let count = count.map(|count| format!(";COUNT={count}")).unwrap_or_default();
            let (year_day, week) = more;
            let (place, start) = last;
            format!(
                "FREQ={frequency};INTERVAL={interval}{count}{month}{day}{weekday}{hour}{year_day}{week}{place}{start}"
            )
        })
}

/// Where the library is known to be wrong, or not asked: numbers of weekdays beyond months and years, which it takes
/// for every day, days of months in a weekly rule (it takes those from the end), and weeks that a BYSETPOS finds begun.
fn is_for_the_library(rule: &str) -> bool {
    let numbered = ["1MO", "-1FR", "2TU", "4SU"]
        .iter()
        .any(|day| rule.contains(day));
    let by_month_or_year = rule.contains("MONTHLY") || rule.contains("YEARLY");
    !(rule.contains("WEEKLY") && rule.contains("BYMONTHDAY"))
        && !(numbered && (!by_month_or_year || rule.contains("BYWEEKNO")))
        && !(rule.contains("BYSETPOS") && (rule.contains("WEEKLY") || rule.contains("HOURLY")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rules_come_when_another_library_says(rule in a_rule(), day in 0..1500_u64) {
        prop_assume!(is_for_the_library(&rule));
        let start = at("20240101T093000") + Days::new(day);
        let text = start.format("%Y%m%dT%H%M%S").to_string();
        // Each gives so many times at most, from wherever it is looked at.
        let last = if rule.contains("HOURLY") { start + Days::new(800) } else { at("20290101T000000") };
        let last = &last.format("%Y%m%dT%H%M%S").to_string();
        let expected = by_library(&rule, &text, last);
        prop_assert_eq!(times(&rule, &text, &text, last), expected.clone(), "{}", rule);
        // From somewhere in the midst on they are the same.
        let from = start + Days::new(500);
        let rest = expected.map(|all| all.into_iter().filter(|at| *at >= from).collect::<Vec<_>>());
        let found = times(&rule, &text, &from.format("%Y%m%dT%H%M%S").to_string(), last)
            .map(|all| all.into_iter().filter(|at| *at >= from).collect::<Vec<_>>());
        prop_assert_eq!(found, rest, "{}", rule);
    }
}
