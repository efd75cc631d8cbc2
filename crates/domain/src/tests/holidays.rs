//! Public holidays: what they take from working hours, plans and reminders.

use crate::schedule::rotation::Lead;
use chrono::TimeDelta;

use super::build::*;
use crate::people::person::{Holidays, Person, Profile};
use crate::reminders::due;
use crate::schedule::timeline::{Layer, Timeline};
use crate::time::interval::{FOREVER, Interval};

/// Somebody who works nine to five on weekdays, in a zone and a country.
fn worker(name: char, zone: &str, country: &str, region: Option<&str>, observe: bool) -> Person {
    let mut one = person(name, zone, hours("09:00", "17:00"));
    one.profiles[0].holidays = Some(Holidays {
        country: country.to_owned(),
        region: region.map(str::to_owned),
        observe,
    });
    one
}

fn starts(person: &Person, window: Interval) -> Vec<String> {
    let found = person.availability(window, FOREVER);
    let of = |hours: &Interval| hours.start().format("%m-%d %H:%M").to_string();
    found.as_slice().iter().map(of).collect()
}

#[test]
fn they_count_where_the_profile_says_so() {
    // Easter 2026: Friday, 3 April, and Monday, 6 April.
    let week = span("2026-04-02T00:00:00Z", "2026-04-09T00:00:00Z");
    let all = ["04-02", "04-03", "04-06", "04-07", "04-08"];
    let at_work = |country: &str, region, observe| {
        let one = worker('A', "Europe/London", country, region, observe);
        starts(&one, week)
            .iter()
            .map(|start| start[..5].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(at_work("GB", None, false), all);
    assert_eq!(
        at_work("GB", Some("ENG"), true),
        ["04-02", "04-07", "04-08"]
    );
    assert_eq!(
        at_work("GB", Some("SCT"), true),
        ["04-02", "04-06", "04-07", "04-08"]
    );
    // What an older version took as a country works as if there were no holidays.
    assert_eq!(at_work("XX", None, true), all);
}

#[test]
fn a_day_is_midnight_to_midnight_on_the_persons_clock() {
    // Auckland, Waitangi Day, Friday 6 February 2026: from the 5th, 11:00Z, on.
    let mut one = worker('A', "Pacific/Auckland", "NZ", None, true);
    one.profiles[0].working_hours = hours("22:00", "06:00");
    let found = one.availability(
        span("2026-02-05T00:00:00Z", "2026-02-07T00:00:00Z"),
        FOREVER,
    );
    let evening = span("2026-02-05T09:00:00Z", "2026-02-05T11:00:00Z");
    let morning = span("2026-02-06T11:00:00Z", "2026-02-06T17:00:00Z");
    assert_eq!(found.as_slice(), [evening, morning]);
    let shown = one.public_holidays(
        span("2026-02-05T10:59:59Z", "2026-02-05T11:00:01Z"),
        FOREVER,
    );
    assert_eq!(shown.len(), 1);
    assert_eq!(
        shown[0].interval,
        span("2026-02-05T11:00:00Z", "2026-02-06T11:00:00Z")
    );
    assert!(
        one.public_holidays(
            span("2026-02-04T00:00:00Z", "2026-02-05T11:00:00Z"),
            FOREVER
        )
        .is_empty()
    );
}

#[test]
fn who_moves_has_the_holidays_of_both_countries_each_in_its_time() {
    let mut one = worker('A', "Europe/Berlin", "DE", None, true);
    one.profiles.push(Profile {
        effective_from: Some(at("2026-06-01T00:00:00Z")),
        recorded_at: Some(at("2026-05-20T00:00:00Z")),
        ..worker('A', "America/New_York", "US", None, true).profiles[0].clone()
    });
    let shown = |known: &str| -> Vec<&str> {
        let year = span("2026-04-20T00:00:00Z", "2026-07-10T00:00:00Z");
        let found = one.public_holidays(year, at(known));
        found.iter().map(|day| day.holiday.name).collect()
    };
    assert_eq!(
        shown("2026-05-20T00:00:00Z"),
        [
            "Labor Day",
            "Ascension Day",
            "Pentecost Monday",
            "Juneteenth National Independence Day",
            "Independence Day (observed)",
            "Independence Day",
        ]
    );
    assert_eq!(
        shown("2026-05-19T23:59:59Z"),
        ["Labor Day", "Ascension Day", "Pentecost Monday"]
    );
}

#[test]
fn follow_the_sun_goes_round_them_and_never_in_hindsight() {
    let plan = |ana: Person| {
        let ben = worker('B', "America/New_York", "US", None, true);
        let watch = sun("AB", at("2026-01-05T00:00:00Z"));
        Timeline::new(watch.into(), Vec::new(), people([ana, ben]))
    };
    let who_is = |plan: &Timeline, text: &str| who(plan, Layer::Final, at(text));
    // Thanksgiving, 26 November: Ben is at home, so nobody follows Ana.
    let planned = plan(worker('A', "Europe/London", "GB", Some("ENG"), true));
    assert_eq!(who_is(&planned, "2026-11-25T18:00:00Z"), 'B');
    assert_eq!(who_is(&planned, "2026-11-26T12:00:00Z"), 'A');
    assert_eq!(who_is(&planned, "2026-11-26T18:00:00Z"), '-');

    // Ana says at noon of a bank holiday that it counts: what was before stays hers.
    let mut late = worker('A', "Europe/London", "GB", Some("ENG"), false);
    late.profiles.push(Profile {
        effective_from: Some(at("2026-01-01T00:00:00Z")),
        recorded_at: Some(at("2026-05-25T12:00:00Z")),
        ..worker('A', "Europe/London", "GB", Some("ENG"), true).profiles[0].clone()
    });
    let changed = plan(late);
    // (25 May is Memorial Day in the United States too.)
    assert_eq!(who_is(&changed, "2026-05-25T11:59:59Z"), 'A');
    assert_eq!(who_is(&changed, "2026-05-25T12:00:00Z"), '-');
    assert_eq!(who_is(&changed, "2026-04-06T10:00:00Z"), 'A');
}

#[test]
fn the_last_working_day_before_a_handoff_is_not_a_holiday() {
    // The handoff is on Tuesday after Easter, 7 April 2026, so the last working day is Thursday.
    let start = at("2026-03-31T09:00:00Z");
    let weekly = ordered(
        1,
        start,
        "Europe/London",
        "2026-03-31T10:00:00",
        "FREQ=WEEKLY",
        "AB",
        0,
    );
    let line = timeline(rotation(vec![weekly]), Vec::new());
    let last_day = |observe| {
        let both = "AB".chars();
        let all =
            people(both.map(|name| worker(name, "Europe/London", "GB", Some("ENG"), observe)));
        let found = due(
            &line,
            &all,
            &[],
            at("2026-04-01T00:00:00Z"),
            TimeDelta::days(7),
        );
        let told = found
            .iter()
            .find(|one| one.lead == Lead::LastWorkingDay && one.recipient == p('B'))
            .unwrap();
        told.due_at
    };
    assert_eq!(last_day(true), at("2026-04-02T08:00:00Z"));
    assert_eq!(last_day(false), at("2026-04-06T08:00:00Z"));
}
