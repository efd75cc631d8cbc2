//! Which recurrence rules handoffs take, which they refuse, and when they come.

use std::time::{Duration, Instant as Stopwatch};

use super::build::*;
use crate::schedule::rotation::{Handoff, RuleError};
use crate::time::zone::Zone;

fn parse(rule: &str) -> Result<Handoff, RuleError> {
    Handoff::parse(
        local("2026-03-02T10:00:00"),
        rule,
        &Zone::parse("Europe/London").unwrap(),
    )
}

fn nths(start: &str, rule: &str, zone: &str, count: usize) -> Vec<String> {
    let handoff = Handoff::parse(local(start), rule, &Zone::parse(zone).unwrap())
        .unwrap_or_else(|e| panic!("{rule}: {e}"));
    (0..count)
        .map_while(|index| handoff.nth(index))
        .map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
        .collect()
}

/// Every frequency and every BY-part (RFC 5545 §3.3.10): a start, a rule, and the four handoffs after it, computed with
/// another implementation.
const PARTS: &[(&str, &str, &str)] = &[
    (
        "2026-01-05T09:00:00",
        "FREQ=HOURLY;INTERVAL=5;BYDAY=MO,TU",
        "2026-01-05T14:00:00Z 2026-01-05T19:00:00Z 2026-01-06T00:00:00Z 2026-01-06T05:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=HOURLY;BYHOUR=9,17;BYMINUTE=0,30",
        "2026-01-05T09:30:00Z 2026-01-05T17:00:00Z 2026-01-05T17:30:00Z 2026-01-06T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=1;BYHOUR=6",
        "2026-02-01T06:00:00Z 2027-02-01T06:00:00Z 2028-02-01T06:00:00Z 2029-02-01T06:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=DAILY;BYDAY=MO,WE,FR",
        "2026-01-07T09:00:00Z 2026-01-09T09:00:00Z 2026-01-12T09:00:00Z 2026-01-14T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=DAILY;BYMONTH=3;BYMONTHDAY=-1,15",
        "2026-03-15T09:00:00Z 2026-03-31T09:00:00Z 2027-03-15T09:00:00Z 2027-03-31T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=DAILY;BYHOUR=8,20;BYSETPOS=-1",
        "2026-01-05T20:00:00Z 2026-01-06T20:00:00Z 2026-01-07T20:00:00Z 2026-01-08T20:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=9,18;BYSETPOS=1,-1",
        "2026-01-08T18:00:00Z 2026-01-12T09:00:00Z 2026-01-15T18:00:00Z 2026-01-19T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=TU,SU",
        "2026-01-06T09:00:00Z 2026-01-11T09:00:00Z 2026-01-20T09:00:00Z 2026-01-25T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU",
        "2026-01-06T09:00:00Z 2026-01-18T09:00:00Z 2026-01-20T09:00:00Z 2026-02-01T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=WEEKLY;BYMONTH=2,3;BYDAY=SA",
        "2026-02-07T09:00:00Z 2026-02-14T09:00:00Z 2026-02-21T09:00:00Z 2026-02-28T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=MONTHLY;BYDAY=2TU",
        "2026-01-13T09:00:00Z 2026-02-10T09:00:00Z 2026-03-10T09:00:00Z 2026-04-14T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "2026-01-30T09:00:00Z 2026-02-27T09:00:00Z 2026-03-27T09:00:00Z 2026-04-24T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "2026-02-13T09:00:00Z 2026-03-13T09:00:00Z 2026-11-13T09:00:00Z 2027-08-13T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=MONTHLY;BYMONTHDAY=1,-1",
        "2026-01-31T09:00:00Z 2026-02-01T09:00:00Z 2026-02-28T09:00:00Z 2026-03-01T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1",
        "2026-01-30T09:00:00Z 2026-02-02T09:00:00Z 2026-02-27T09:00:00Z 2026-03-02T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10,11",
        "2026-01-10T09:00:00Z 2026-01-11T09:00:00Z 2027-07-10T09:00:00Z 2027-07-11T09:00:00Z",
    ),
    (
        "2026-01-31T09:00:00",
        "FREQ=MONTHLY",
        "2026-03-31T09:00:00Z 2026-05-31T09:00:00Z 2026-07-31T09:00:00Z 2026-08-31T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=YEARLY;BYDAY=20MO",
        "2026-05-18T09:00:00Z 2027-05-17T09:00:00Z 2028-05-15T09:00:00Z 2029-05-14T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "2026-05-11T09:00:00Z 2027-05-17T09:00:00Z 2028-05-15T09:00:00Z 2029-05-14T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=YEARLY;BYWEEKNO=1,-1;BYDAY=TH",
        "2026-12-31T09:00:00Z 2027-01-07T09:00:00Z 2027-12-30T09:00:00Z 2028-01-06T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=YEARLY;BYYEARDAY=1,100,-1",
        "2026-04-10T09:00:00Z 2026-12-31T09:00:00Z 2027-01-01T09:00:00Z 2027-04-10T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
        "2026-03-05T09:00:00Z 2026-03-12T09:00:00Z 2026-03-19T09:00:00Z 2026-03-26T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "2026-11-03T09:00:00Z 2027-11-02T09:00:00Z 2028-11-07T09:00:00Z 2029-11-06T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=YEARLY;BYMONTH=6,7;BYDAY=-1SU;BYHOUR=7;BYMINUTE=15;BYSECOND=30",
        "2026-06-28T07:15:30Z 2026-07-26T07:15:30Z 2027-06-27T07:15:30Z 2027-07-25T07:15:30Z",
    ),
    (
        "2024-02-29T09:00:00",
        "FREQ=YEARLY",
        "2028-02-29T09:00:00Z 2032-02-29T09:00:00Z 2036-02-29T09:00:00Z 2040-02-29T09:00:00Z",
    ),
    (
        "2026-01-05T09:00:00",
        "FREQ=YEARLY;BYMONTH=1,12;BYDAY=MO,SU;BYSETPOS=2,-2",
        "2026-12-27T09:00:00Z 2027-01-04T09:00:00Z 2027-12-26T09:00:00Z 2028-01-03T09:00:00Z",
    ),
];

#[test]
fn every_part_of_a_rule_counts() {
    for (start, rule, expected) in PARTS {
        let found = nths(start, rule, "Etc/UTC", 5);
        assert_eq!(found[0], format!("{start}Z"), "{rule}");
        assert_eq!(found[1..].join(" "), *expected, "{rule}");
    }
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    for rule in [
        "",
        "FREQ=WEEKLY;",
        "WEEKLY",
        "INTERVAL=2",
        "FREQ=FORTNIGHTLY",
        "FREQ=WEEKLY;INTERVAL=-1",
        "FREQ=WEEKLY;INTERVAL=99999",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;COUNT=2;UNTIL=20270101",
        "FREQ=WEEKLY;COUNT=2;COUNT=3",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYHOUR=24",
        "FREQ=WEEKLY;BYMINUTE=60",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=WEEKLY;BYFOO=1",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=WEEKLY;UNTIL=2027",
        "FREQ=WEEKLY;UNTIL=20270230",
        "FREQ=WEEKLY;UNTIL=2027 9 1",
        "FREQ=WEEKLY;UNTIL=20270901T10 0 0",
        "FREQ=WEEKLY;UNTIL=20270101T000000+0100",
        "FREQ=WEEKLY\nEXDATE:20260309T100000",
        "FREQ=WEEKLY;DTSTART=20260309T100000",
        "RRULE:FREQ=WEEKLY",
        "FREQ=WEEKLY; BYDAY=MO",
    ] {
        assert!(parse(rule).is_err(), "{rule:?}");
    }
}

#[test]
fn refusals_say_why() {
    for (rule, error) in [
        ("FREQ=SECONDLY", RuleError::Frequency),
        ("FREQ=MINUTELY;INTERVAL=90", RuleError::Frequency),
        ("FREQ=WEEKLY;INTERVAL=0", RuleError::Interval),
        ("FREQ=HOURLY;BYMINUTE=0,30", RuleError::TooOften),
        (
            "FREQ=DAILY;BYHOUR=0,1,2,3,4;BYMINUTE=0,12,24,36,48",
            RuleError::TooOften,
        ),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", RuleError::Never),
        ("FREQ=WEEKLY;UNTIL=20260301", RuleError::UntilBeforeStart),
        (
            "FREQ=WEEKLY;UNTIL=20260302T095959Z",
            RuleError::UntilBeforeStart,
        ),
        (
            "FREQ=WEEKLY;UNTIL=20260302T095959",
            RuleError::UntilBeforeStart,
        ),
    ] {
        assert_eq!(parse(rule).err(), Some(error), "{rule}");
    }
}

#[test]
fn rules_at_the_limit_are_taken() {
    for rule in [
        "FREQ=HOURLY",
        "freq=weekly;byday=mo",
        "FREQ=HOURLY;INTERVAL=2;BYMINUTE=0,30",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5;BYMINUTE=0,15,30,45",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7;BYMINUTE=0,12,24,36,48;BYSETPOS=1,-1",
        "FREQ=WEEKLY;UNTIL=20260302",
        "FREQ=WEEKLY;UNTIL=20260302T100000Z",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=TH",
        "FREQ=MONTHLY;BYDAY=5FR",
        "FREQ=WEEKLY;COUNT=1",
    ] {
        assert!(parse(rule).is_ok(), "{rule}: {:?}", parse(rule).err());
    }
}

#[test]
fn the_start_lies_between_1990_and_2100() {
    let zone = Zone::utc();
    for (start, fine) in [
        ("1989-12-31T23:59:59", false),
        ("1990-01-01T00:00:00", true),
        ("2100-12-31T23:59:59", true),
        ("2101-01-01T00:00:00", false),
    ] {
        let found = Handoff::parse(local(start), "FREQ=WEEKLY", &zone);
        assert_eq!(found.is_ok(), fine, "{start}");
    }
}

#[test]
fn the_start_is_a_handoff_also_where_the_rule_would_not_say_so() {
    let found = nths("2026-03-04T10:00:00", "FREQ=WEEKLY;BYDAY=MO", "UTC", 3);
    let expected = [
        "2026-03-04T10:00:00Z",
        "2026-03-09T10:00:00Z",
        "2026-03-16T10:00:00Z",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_usual_turn_need_not_be_the_first() {
    let utc = Zone::utc();
    // From Wednesday, 4 March, on.
    for (rule, is_long) in [
        ("FREQ=WEEKLY", true),
        ("FREQ=WEEKLY;BYDAY=MO", true),
        ("FREQ=WEEKLY;BYDAY=FR", true),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=1", true),
        ("FREQ=WEEKLY;BYDAY=WE,TH", false),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", false),
        ("FREQ=DAILY;INTERVAL=5", true),
        ("FREQ=HOURLY", false),
        ("FREQ=MONTHLY;BYDAY=1MO", true),
    ] {
        let handoff = Handoff::parse("2026-03-04T10:00:00".parse().unwrap(), rule, &utc);
        assert_eq!(handoff.unwrap().lasts_days(5), is_long, "{rule}");
    }
}

#[test]
fn what_clocks_skip_before_the_start_is_no_handoff_after_it() {
    // 02:30 comes before 03:00 on the clock, and is read as 03:30: on that day there was none.
    let found = nths(
        "2026-03-08T03:00:00",
        "FREQ=DAILY;BYHOUR=2;BYMINUTE=30",
        "America/New_York",
        2,
    );
    assert_eq!(found, ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]);
}

#[test]
fn skipped_and_repeated_hours_each_have_one_handoff() {
    let spring = nths("2026-03-07T02:30:00", "FREQ=DAILY", "America/New_York", 3);
    let expected = [
        "2026-03-07T07:30:00Z",
        "2026-03-08T07:30:00Z",
        "2026-03-09T06:30:00Z",
    ];
    assert_eq!(spring, expected);
    let autumn = nths("2026-10-31T01:30:00", "FREQ=DAILY", "America/New_York", 3);
    let expected = [
        "2026-10-31T05:30:00Z",
        "2026-11-01T05:30:00Z",
        "2026-11-02T06:30:00Z",
    ];
    assert_eq!(autumn, expected);
    // 02:00 is skipped and read as 03:00, which 03:00 is too: one handoff.
    let hourly = nths("2026-03-29T00:00:00", "FREQ=HOURLY", "Europe/Berlin", 4);
    let expected = [
        "2026-03-28T23:00:00Z",
        "2026-03-29T00:00:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-29T02:00:00Z",
    ];
    assert_eq!(hourly, expected);
}

#[test]
fn a_midnight_that_does_not_exist_is_still_a_handoff() {
    let found = nths("2026-03-28T00:00:00", "FREQ=DAILY", "Asia/Beirut", 3);
    let expected = [
        "2026-03-27T22:00:00Z",
        "2026-03-28T22:00:00Z",
        "2026-03-29T21:00:00Z",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_day_that_apia_skipped_is_no_second_handoff() {
    let found = nths("2011-12-28T12:00:00", "FREQ=DAILY", "Pacific/Apia", 4);
    let expected = [
        "2011-12-28T22:00:00Z",
        "2011-12-29T22:00:00Z",
        "2011-12-30T22:00:00Z",
        "2011-12-31T22:00:00Z",
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_interval_keeps_its_phase_over_the_years() {
    let zone = Zone::utc();
    let fortnights = Handoff::parse(
        local("1990-01-01T00:00:00"),
        "FREQ=WEEKLY;INTERVAL=2",
        &zone,
    )
    .unwrap();
    let index = fortnights.count_through(at("2031-06-01T00:00:00Z")) - 1;
    let found = fortnights.nth(index).unwrap() - fortnights.first();
    assert_eq!(found.num_days(), i64::try_from(index).unwrap() * 14);
    // The week starts on Sunday: Sunday and the Monday after it are in one week.
    let found = nths(
        "2026-03-01T10:00:00",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
        "UTC",
        4,
    );
    let days: Vec<&str> = found.iter().map(|at| &at[5..10]).collect();
    assert_eq!(days, ["03-01", "03-02", "03-15", "03-16"]);
    let found = nths(
        "2026-03-01T10:00:00",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=MO",
        "UTC",
        4,
    );
    let days: Vec<&str> = found.iter().map(|at| &at[5..10]).collect();
    assert_eq!(days, ["03-01", "03-09", "03-15", "03-23"]);
}

#[test]
fn until_is_an_instant_a_local_time_or_the_end_of_a_local_day() {
    for (rule, turns) in [
        ("FREQ=DAILY;UNTIL=20260404T090000Z", 34),
        ("FREQ=DAILY;UNTIL=20260404T085959Z", 33),
        ("FREQ=DAILY;UNTIL=20260404T100000", 34),
        ("FREQ=DAILY;UNTIL=20260404T095959", 33),
        ("FREQ=DAILY;UNTIL=20260404", 34),
        ("FREQ=DAILY;COUNT=34", 34),
        ("FREQ=DAILY;UNTIL=20260302", 1),
    ] {
        assert_eq!(parse(rule).unwrap().turns(), Some(turns), "{rule}");
    }
    assert_eq!(parse("FREQ=DAILY").unwrap().turns(), None);
}

/// Rules that are slow to expand from the start, each asked about year five.
#[test]
fn no_rule_keeps_anybody_waiting() {
    for rule in [
        "FREQ=HOURLY",
        "FREQ=HOURLY;UNTIL=99991231T235959Z",
        "FREQ=WEEKLY;UNTIL=99991231",
        "FREQ=WEEKLY;COUNT=999999999",
        "FREQ=HOURLY;BYMONTH=1",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29",
    ] {
        let clock = Stopwatch::now();
        let handoff = parse(rule).unwrap();
        let index = handoff.count_through(at("2031-06-01T12:00:00Z")) - 1;
        assert!(handoff.turn(index).is_some(), "{rule}");
        assert!(
            clock.elapsed() < Duration::from_mins(1),
            "{rule}: {:?}",
            clock.elapsed()
        );
    }
    let clock = Stopwatch::now();
    assert_eq!(
        parse("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30").err(),
        Some(RuleError::Never)
    );
    assert!(
        clock.elapsed() < Duration::from_mins(1),
        "{:?}",
        clock.elapsed()
    );
}
