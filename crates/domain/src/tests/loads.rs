//! The load report: examples by hand, and that it adds up.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::build::*;
use super::properties::{instants, overrides, rotations, windows};
use crate::people::person::{Holidays, People};
use crate::schedule::load::{Covers, Figures, Load, covers, of};
use crate::schedule::rotation::Revision;
use crate::schedule::timeline::{Layer, Timeline};
use crate::time::interval::{Interval, IntervalSet};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn londoners() -> People {
    people(
        "ABC"
            .chars()
            .map(|name| person(name, "Europe/London", hours("09:00", "17:00"))),
    )
}

fn loads(line: &Timeline, people: &People, window: Interval, name: char) -> Load {
    of(line, people, window)
        .get(&p(name))
        .copied()
        .unwrap_or_default()
}

#[test]
fn a_week_has_seven_nights_five_days_at_work_and_a_weekend() {
    // Monday, 2 March, 10:00 to Monday, 9 March, 10:00.
    let week = span("2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z");
    let line = timeline(abc(), Vec::new());
    let expected = Figures {
        shifts: 1,
        seconds: 7 * DAY,
        working_seconds: 40 * HOUR,
        weekend_days: 2,
        holiday_days: 0,
        nights: 7,
    };
    let found = loads(&line, &londoners(), week, 'A');
    assert_eq!((found.base, found.carried), (expected, expected));
    assert_eq!(found.covers, Covers::default());
    assert_eq!(of(&line, &londoners(), week).len(), 1);
}

#[test]
fn days_and_nights_are_those_of_the_persons_own_clock() {
    // Friday 18:00 to Saturday 06:00 in London is Friday 10:00 to 22:00 in Los Angeles.
    let night = span("2026-03-06T18:00:00Z", "2026-03-07T06:00:00Z");
    let figures = |zone: &str| {
        let all = people([person('A', zone, hours("09:00", "17:00"))]);
        loads(&timeline(abc(), Vec::new()), &all, night, 'A').carried
    };
    let (london, angeles) = (figures("Europe/London"), figures("America/Los_Angeles"));
    assert_eq!(
        (london.weekend_days, london.nights, london.working_seconds),
        (1, 1, 0)
    );
    assert_eq!(
        (
            angeles.weekend_days,
            angeles.nights,
            angeles.working_seconds
        ),
        (0, 0, 7 * HOUR)
    );
    // A night is midnight to six: not what begins at six, nor what ends at midnight.
    let all = londoners();
    let line = timeline(abc(), Vec::new());
    for (from, until, nights) in [
        ("2026-03-03T06:00:00Z", "2026-03-04T00:00:00Z", 0),
        ("2026-03-03T05:59:59Z", "2026-03-04T00:00:00Z", 1),
        ("2026-03-03T06:00:00Z", "2026-03-04T00:00:01Z", 1),
    ] {
        assert_eq!(
            loads(&line, &all, span(from, until), 'A').carried.nights,
            nights,
            "{from}"
        );
    }
}

#[test]
fn a_day_in_two_pieces_is_one_day() {
    // On Sunday C has two hours for A.
    let sunday = span("2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z");
    let hours = span("2026-03-08T02:00:00Z", "2026-03-08T04:00:00Z");
    let line = timeline(abc(), vec![cover(1, Some(p('C')), hours)]);
    let a = loads(&line, &londoners(), sunday, 'A');
    assert_eq!((a.carried.weekend_days, a.carried.nights), (1, 1));
    assert_eq!(
        (a.carried.shifts, a.base.shifts),
        (1, 0),
        "what begins in the window"
    );
    assert_eq!((a.carried.seconds, a.base.seconds), (22 * HOUR, DAY));
    assert_eq!(
        a.covers,
        Covers {
            given: 2 * HOUR,
            taken: 0
        }
    );
    let c = loads(&line, &londoners(), sunday, 'C');
    assert_eq!(
        (c.base, c.carried.weekend_days, c.carried.seconds),
        (Figures::default(), 1, 2 * HOUR)
    );
    assert_eq!(
        (c.covers.balance(), a.covers.balance()),
        (2 * HOUR, -2 * HOUR)
    );
}

#[test]
fn holidays_that_count_are_days_and_no_working_time() {
    // Easter: Friday, 3 April, to Monday, 6 April; A's turn is that of 23 March to 30 March, B's the next.
    let easter = span("2026-03-30T09:00:00Z", "2026-04-06T09:00:00Z");
    let figures = |observe| {
        let mut ben = person('B', "Europe/London", hours("09:00", "17:00"));
        let (country, region) = ("GB".to_owned(), Some("ENG".to_owned()));
        ben.profiles[0].holidays = Some(Holidays {
            country,
            region,
            observe,
        });
        loads(&timeline(abc(), Vec::new()), &people([ben]), easter, 'B').carried
    };
    let (free, at_work) = (figures(true), figures(false));
    assert_eq!((free.holiday_days, free.working_seconds), (2, 31 * HOUR));
    assert_eq!(
        (at_work.holiday_days, at_work.working_seconds),
        (0, 40 * HOUR)
    );
    assert_eq!((free.weekend_days, free.seconds), (2, 7 * DAY));
}

#[test]
fn the_balance_of_a_year_of_swaps() {
    let week = |index: i64| {
        let start = at("2026-04-06T09:00:00Z") + TimeDelta::weeks(index);
        Interval::new(start, start + TimeDelta::weeks(1)).unwrap()
    };
    // From 6 April on C, A, B, …: A takes two of C's weeks and gives C one back.
    let line = timeline(
        abc(),
        vec![
            cover(1, Some(p('A')), week(0)),
            cover(2, Some(p('A')), week(3)),
            cover(3, Some(p('C')), week(1)),
        ],
    );
    let year = span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let found = covers(&line, year);
    assert_eq!(
        found[&p('A')],
        Covers {
            given: 7 * DAY,
            taken: 14 * DAY
        }
    );
    assert_eq!(
        found[&p('C')],
        Covers {
            given: 14 * DAY,
            taken: 7 * DAY
        }
    );
    assert_eq!(found.get(&p('B')), None);
    assert_eq!(loads(&line, &londoners(), year, 'A').covers, found[&p('A')]);
}

/// Whoever enters it, for whatever reason: who had somebody else's time has done something for them. Time that nobody
/// had, by the order or in the end, is nobody's favour.
#[test]
fn covers_are_others_time_whoever_entered_it() {
    // A has the duty by day, from 2 March on.
    let office = ordered(
        1,
        at("2026-03-02T00:00:00Z"),
        "UTC",
        "2026-03-02T00:00:00",
        "FREQ=WEEKLY",
        "AB",
        0,
    );
    let office = Revision {
        duty_hours: Some(hours("09:00", "17:00")),
        ..office
    };
    let line = timeline(
        rotation(vec![office]),
        vec![
            // Agreed between the two.
            cover(
                1,
                Some(p('B')),
                span("2026-03-02T09:00:00Z", "2026-03-02T17:00:00Z"),
            ),
            // By a manager, by day and by night: the night was nobody's.
            cover(
                2,
                Some(p('C')),
                span("2026-03-03T09:00:00Z", "2026-03-04T09:00:00Z"),
            ),
            // Closed: nobody does it for her.
            cover(
                3,
                None,
                span("2026-03-04T09:00:00Z", "2026-03-04T17:00:00Z"),
            ),
            // Her own time, recorded once more.
            cover(
                4,
                Some(p('A')),
                span("2026-03-05T08:00:00Z", "2026-03-05T17:00:00Z"),
            ),
        ],
    );
    let week = span("2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z");
    let found = covers(&line, week);
    let both = |given: i64, taken: i64| Covers {
        given: given * HOUR,
        taken: taken * HOUR,
    };
    assert_eq!(found[&p('A')], both(16, 0));
    assert_eq!(found[&p('B')], both(0, 8));
    assert_eq!(found[&p('C')], both(0, 8));
    for name in ['A', 'B', 'C'] {
        assert_eq!(
            loads(&line, &londoners(), week, name).covers,
            found[&p(name)]
        );
    }
}

#[test]
fn the_hours_of_a_year_of_eight_add_up() {
    let from = at("2026-01-05T10:00:00Z");
    let weekly = ordered(
        1,
        from,
        "Europe/London",
        "2026-01-05T10:00:00",
        "FREQ=WEEKLY",
        "ABCDEFGH",
        0,
    );
    let zones = ["Europe/London", "America/New_York", "Asia/Tokyo", "UTC"];
    let eight = "ABCDEFGH".chars().zip(zones.into_iter().cycle());
    let all = people(eight.map(|(name, zone)| person(name, zone, hours("09:00", "17:00"))));
    let swapped = (0..50).map(|n| {
        let start = from + TimeDelta::hours(n * 170 % 8000);
        let who = char::from_u32(u32::from('A') + u32::try_from(n * 5 % 8).unwrap()).unwrap();
        cover(
            n,
            Some(p(who)),
            Interval::new(start, start + TimeDelta::hours(n % 60 + 1)).unwrap(),
        )
    });
    let line = timeline(rotation(vec![weekly]), swapped.collect());
    let year = Interval::new(from, from + TimeDelta::days(365)).unwrap();
    let mut sum = Load::default();
    for load in of(&line, &all, year).into_values() {
        assert_eq!(
            load.carried.seconds,
            load.base.seconds + load.covers.balance()
        );
        sum += load;
    }
    assert_eq!(
        (sum.base.seconds, sum.carried.seconds),
        (365 * DAY, 365 * DAY)
    );
    assert_eq!(sum.covers.balance(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Hours are those of the timelines; windows that follow one another add up; covers are the same however they are
    /// computed, and what somebody gives others take.
    #[test]
    fn it_adds_up(rotation in rotations(), overrides in overrides(), window in windows(), cut in instants()) {
        let line = timeline(rotation, overrides);
        let all = people("ABCDE".chars().map(|name| person(name, "Europe/London", hours("09:00", "17:00"))));
        let found = of(&line, &all, window);
        for (layer, seconds) in [
            (Layer::Base, found.values().map(|load| load.base.seconds).sum::<i64>()),
            (Layer::Final, found.values().map(|load| load.carried.seconds).sum()),
        ] {
            let shifts = line.shifts(layer, window);
            let time: IntervalSet = shifts.iter().filter_map(|shift| shift.interval.intersect(&window)).collect();
            prop_assert_eq!(seconds, time.seconds());
            let nobody: i64 = line.gaps(layer, window).iter().map(|gap| gap.interval.seconds()).sum();
            prop_assert_eq!(seconds + nobody, window.seconds());
        }
        let changed = covers(&line, window);
        for (id, load) in &found {
            prop_assert_eq!(load.covers, changed.get(id).copied().unwrap_or_default());
            prop_assert!(load.covers.given <= load.base.seconds && load.covers.taken <= load.carried.seconds);
            prop_assert!(load.carried.working_seconds <= load.carried.seconds);
        }
        prop_assert!(changed.keys().all(|id| found.contains_key(id)));
        prop_assert_eq!(found.values().map(|load| load.covers.balance()).sum::<i64>(), 0, "what is given is taken");
        let parts = [Interval::new(window.start(), cut.min(window.end())), Interval::new(cut.max(window.start()), window.end())];
        for (id, whole) in &found {
            let mut sum = Load::default();
            for part in parts.iter().flatten() {
                sum += of(&line, &all, *part).get(id).copied().unwrap_or_default();
            }
            let additive = |load: &Load| {
                let of = |figures: &Figures| (figures.shifts, figures.seconds, figures.working_seconds);
                (of(&load.base), of(&load.carried), load.covers)
            };
            prop_assert_eq!(additive(&sum), additive(whole));
        }
    }
}
