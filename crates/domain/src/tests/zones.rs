//! Local times to instants: what clocks skip and repeat, zone by zone.

use chrono::{NaiveDateTime, TimeDelta};
use proptest::prelude::*;

use super::build::{at, local};
use super::properties::zones;
use crate::time::zone::Zone;

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

/// Local times that clocks skipped: the offset from before counts.
const SKIPPED: &[(&str, &str, &str)] = &[
    // By half an hour.
    (
        "Australia/Lord_Howe",
        "2026-10-04T02:15:00",
        "2026-10-03T15:45:00Z",
    ),
    // A whole day, across the date line.
    (
        "Pacific/Apia",
        "2011-12-30T12:00:00",
        "2011-12-30T22:00:00Z",
    ),
    // Standard time comes back after Ramadan.
    (
        "Africa/Casablanca",
        "2026-03-22T02:30:00",
        "2026-03-22T02:30:00Z",
    ),
    // At midnight.
    ("Asia/Beirut", "2026-03-29T00:30:00", "2026-03-28T22:30:00Z"),
    (
        "America/Sao_Paulo",
        "2018-11-04T00:30:00",
        "2018-11-04T03:30:00Z",
    ),
    ("Asia/Tehran", "2022-03-22T00:30:00", "2022-03-21T21:00:00Z"),
    (
        "Africa/Cairo",
        "2026-04-24T00:30:00",
        "2026-04-23T22:30:00Z",
    ),
    // Offsets of half and three quarters of an hour.
    (
        "America/St_Johns",
        "2026-03-08T02:30:00",
        "2026-03-08T06:00:00Z",
    ),
    (
        "Pacific/Chatham",
        "2026-09-27T03:00:00",
        "2026-09-26T14:15:00Z",
    ),
    // One minute after midnight.
    (
        "America/St_Johns",
        "2010-03-14T00:30:00",
        "2010-03-14T04:00:00Z",
    ),
    // By two hours.
    (
        "Antarctica/Troll",
        "2026-03-29T02:30:00",
        "2026-03-29T02:30:00Z",
    ),
    // Where standard time changed for good.
    (
        "Asia/Pyongyang",
        "2018-05-04T23:45:00",
        "2018-05-04T15:15:00Z",
    ),
    (
        "Asia/Kathmandu",
        "1986-01-01T00:05:00",
        "1985-12-31T18:35:00Z",
    ),
    (
        "America/New_York",
        "2026-03-08T02:30:00",
        "2026-03-08T07:30:00Z",
    ),
    (
        "Europe/London",
        "2026-03-29T01:30:00",
        "2026-03-29T01:30:00Z",
    ),
];

/// Local times that clocks showed twice: the first counts.
const REPEATED: &[(&str, &str, &str)] = &[
    (
        "Australia/Lord_Howe",
        "2026-04-05T01:45:00",
        "2026-04-04T14:45:00Z",
    ),
    (
        "Pacific/Apia",
        "2012-04-01T03:30:00",
        "2012-03-31T13:30:00Z",
    ),
    (
        "Africa/Casablanca",
        "2026-02-15T02:30:00",
        "2026-02-15T01:30:00Z",
    ),
    ("Asia/Beirut", "2026-10-24T23:30:00", "2026-10-24T20:30:00Z"),
    (
        "America/Sao_Paulo",
        "2018-02-17T23:30:00",
        "2018-02-18T01:30:00Z",
    ),
    (
        "Africa/Cairo",
        "2026-10-29T23:30:00",
        "2026-10-29T20:30:00Z",
    ),
    (
        "America/St_Johns",
        "2026-11-01T01:30:00",
        "2026-11-01T04:00:00Z",
    ),
    (
        "Pacific/Chatham",
        "2026-04-05T03:00:00",
        "2026-04-04T13:15:00Z",
    ),
    (
        "Antarctica/Troll",
        "2026-10-25T01:30:00",
        "2026-10-24T23:30:00Z",
    ),
    (
        "America/New_York",
        "2026-11-01T01:30:00",
        "2026-11-01T05:30:00Z",
    ),
    // In Dublin winter time is the one that is counted as saving.
    (
        "Europe/Dublin",
        "2026-10-25T01:30:00",
        "2026-10-25T00:30:00Z",
    ),
    (
        "Europe/Lisbon",
        "2026-10-25T01:30:00",
        "2026-10-25T00:30:00Z",
    ),
];

#[test]
fn skipped_times_have_the_offset_from_before() {
    for (name, time, instant) in SKIPPED {
        let zone = zone(name);
        let found = zone.to_instant(local(time));
        assert_eq!(found, at(instant), "{name} {time}");
        assert_ne!(
            zone.to_local(found),
            local(time),
            "{name} {time} is skipped"
        );
    }
}

#[test]
fn repeated_times_are_the_first_of_the_two() {
    for (name, time, instant) in REPEATED {
        let zone = zone(name);
        let found = zone.to_instant(local(time));
        assert_eq!(found, at(instant), "{name} {time}");
        let again = [30, 60, 120]
            .into_iter()
            .map(|minutes| found + TimeDelta::minutes(minutes));
        let twice = again
            .filter(|later| zone.to_local(*later) == local(time))
            .count();
        assert_eq!(twice, 1, "{name} {time} comes twice");
    }
}

/// Laws of 2025 and 2026 that zone data of early 2025 does not have.
#[test]
fn the_zone_data_knows_the_laws_of_2026() {
    for (name, time, instant) in [
        (
            "America/Vancouver",
            "2026-03-08T02:30:00",
            "2026-03-08T10:30:00Z",
        ),
        (
            "America/Vancouver",
            "2026-11-01T01:30:00",
            "2026-11-01T08:30:00Z",
        ),
        (
            "America/Vancouver",
            "2026-11-15T09:00:00",
            "2026-11-15T16:00:00Z",
        ),
        (
            "America/Vancouver",
            "2027-01-15T09:00:00",
            "2027-01-15T16:00:00Z",
        ),
        (
            "America/Edmonton",
            "2026-11-15T09:00:00",
            "2026-11-15T15:00:00Z",
        ),
        (
            "America/Edmonton",
            "2027-01-15T09:00:00",
            "2027-01-15T15:00:00Z",
        ),
        (
            "Africa/Casablanca",
            "2026-06-15T09:00:00",
            "2026-06-15T08:00:00Z",
        ),
        (
            "Africa/Casablanca",
            "2026-11-15T09:00:00",
            "2026-11-15T09:00:00Z",
        ),
        (
            "Africa/Casablanca",
            "2027-07-15T09:00:00",
            "2027-07-15T09:00:00Z",
        ),
    ] {
        assert_eq!(
            zone(name).to_instant(local(time)),
            at(instant),
            "{name} {time}"
        );
    }
}

fn local_times() -> impl Strategy<Value = NaiveDateTime> {
    (0..60 * 24 * 365 * 60_i64)
        .prop_map(|minutes| local("1985-01-01T00:00:00") + TimeDelta::minutes(minutes))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// There and back again, and never later than another instant that shows the same.
    #[test]
    fn an_instant_shows_its_local_time_unless_clocks_skip_it(name in zones(), time in local_times()) {
        let zone = zone(&name);
        let found = zone.to_instant(time);
        let shown = zone.to_local(found);
        if shown == time {
            for minutes in (15..=180).step_by(15) {
                prop_assert_ne!(zone.to_local(found - TimeDelta::minutes(minutes)), time);
            }
        } else {
            // Skipped: read with the offset before, it shows what comes after the gap.
            prop_assert!(shown > time);
            let before = TimeDelta::seconds(i64::from(zone.offset_seconds(found - (shown - time))));
            prop_assert_eq!(found.naive_utc() + before, time);
        }
    }
}
