//! Worked examples, and what others are known to get wrong.

use std::sync::Arc;

use chrono::TimeDelta;

use super::build::*;
use crate::schedule::rotation::{Rotation, revise};
use crate::schedule::timeline::{Cause, Entry, GapReason, Layer, Timeline};
use crate::time::hours::WeeklyHours;
use crate::time::interval::{FOREVER, Interval};

/// `(start, end, person)` of the final shifts in a window.
fn shifts(timeline: &Timeline, start: &str, end: &str) -> Vec<(String, String, char)> {
    timeline
        .shifts(Layer::Final, span(start, end))
        .iter()
        .map(|s| {
            (
                s.interval.start().to_rfc3339(),
                s.interval.end().to_rfc3339(),
                letter(s.person),
            )
        })
        .map(|(start, end, who)| {
            (
                start.replace("+00:00", "Z"),
                end.replace("+00:00", "Z"),
                who,
            )
        })
        .collect()
}

fn who_at(timeline: &Timeline, text: &str) -> char {
    who(timeline, Layer::Final, at(text))
}

#[test]
fn weekly_handoffs_stay_at_ten_on_the_clock() {
    let timeline = timeline(abc(), Vec::new());
    assert_eq!(who_at(&timeline, "2026-03-02T09:59:59Z"), '-');
    assert_eq!(who_at(&timeline, "2026-03-02T10:00:00Z"), 'A');
    assert_eq!(who_at(&timeline, "2026-03-30T08:59:59Z"), 'A');
    assert_eq!(who_at(&timeline, "2026-03-30T09:00:00Z"), 'B');
    let Entry::Gap(gap) = timeline.entry_at(Layer::Final, at("2026-03-01T00:00:00Z")) else {
        panic!("somebody")
    };
    assert_eq!(
        (gap.reason, gap.interval.end()),
        (GapReason::NotStarted, at("2026-03-02T10:00:00Z"))
    );
}

#[test]
fn an_override_changes_its_days_and_nothing_else() {
    let plain = timeline(abc(), Vec::new());
    let covered = timeline(
        abc(),
        vec![cover(
            1,
            Some(p('C')),
            span("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z"),
        )],
    );
    let found = shifts(&covered, "2026-03-02T10:00:00Z", "2026-03-10T00:00:00Z");
    let expected = [
        ("2026-03-02T10:00:00Z", "2026-03-04T00:00:00Z", 'A'),
        ("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z", 'C'),
        ("2026-03-06T00:00:00Z", "2026-03-09T10:00:00Z", 'A'),
        ("2026-03-09T10:00:00Z", "2026-03-16T10:00:00Z", 'B'),
    ];
    assert_eq!(
        found,
        expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c))
    );
    let year = span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_eq!(
        covered.entries(Layer::Base, year),
        plain.entries(Layer::Base, year)
    );
}

fn revised(rotation: &Rotation, from: &str, order: &str) -> Rotation {
    let people: Vec<_> = order.chars().map(p).collect();
    let first = revise::first_of(rotation.newest(), &people, at(from));
    let mut revised = rotation.clone();
    let number = u32::try_from(rotation.revisions.len()).unwrap() + 1;
    revised.revisions.push(ordered(
        number,
        at(from),
        "Europe/London",
        "2026-03-02T10:00:00",
        "FREQ=WEEKLY",
        order,
        first,
    ));
    revised
}

#[test]
fn a_revision_goes_on_with_the_one_after_the_holder() {
    let timeline = timeline(revised(&abc(), "2026-03-16T10:00:00Z", "ADBC"), Vec::new());
    let found: String = (0..6)
        .map(|week| {
            who(
                &timeline,
                Layer::Final,
                at("2026-03-09T10:00:00Z") + TimeDelta::days(7 * week),
            )
        })
        .collect();
    assert_eq!(found, "BCADBC");
}

#[test]
fn whoever_is_on_duty_stays_when_a_live_rotation_is_edited() {
    // Grafana starts again with person 1; GoAlert keeps the index, so somebody else is suddenly on.
    let timeline = timeline(revised(&abc(), "2026-03-11T12:00:00Z", "CDBA"), Vec::new());
    let found = shifts(&timeline, "2026-03-09T10:00:00Z", "2026-03-24T00:00:00Z");
    assert_eq!(
        found[0],
        (
            "2026-03-09T10:00:00Z".to_owned(),
            "2026-03-16T10:00:00Z".to_owned(),
            'B'
        )
    );
    assert_eq!(found[1].2, 'A');
    assert_eq!(found[2].2, 'C');
}

#[test]
fn removing_the_holder_goes_on_with_the_next_of_the_old_order() {
    let people = |order: &str| order.chars().map(p).collect::<Vec<_>>();
    let mid_turn = at("2026-03-11T12:00:00Z");
    for (order, first) in [
        ("AC", 'C'),
        ("XA", 'A'),
        ("XY", 'X'),
        ("ABC", 'B'),
        ("ABB", 'B'),
    ] {
        let index = revise::first_of(abc().newest(), &people(order), mid_turn);
        assert_eq!(order.chars().nth(index), Some(first), "{order}");
    }
    // At a handoff the one after the holder.
    let handoff = at("2026-03-16T10:00:00Z");
    for (order, first) in [("ABC", 'C'), ("AC", 'C'), ("BXC", 'X'), ("CB", 'C')] {
        let index = revise::first_of(abc().newest(), &people(order), handoff);
        assert_eq!(order.chars().nth(index), Some(first), "{order}");
    }
}

#[test]
fn a_person_twice_in_the_order_is_matched_by_ordinal() {
    let from = at("2026-03-02T10:00:00Z");
    let old = rotation(vec![ordered(
        1,
        from,
        "Europe/London",
        "2026-03-02T10:00:00",
        "FREQ=WEEKLY",
        "ABAC",
        0,
    )]);
    let order: Vec<_> = "AXAYA".chars().map(p).collect();
    assert_eq!(
        revise::first_of(old.newest(), &order, at("2026-03-17T00:00:00Z")),
        2
    );
    assert_eq!(
        revise::first_of(old.newest(), &order, at("2026-03-03T00:00:00Z")),
        0
    );
    let single: Vec<_> = "XA".chars().map(p).collect();
    assert_eq!(
        revise::first_of(old.newest(), &single, at("2026-03-17T00:00:00Z")),
        1
    );
}

#[test]
fn monthly_from_the_31st_skips_months_without_one() {
    let from = at("2026-01-31T00:00:00Z");
    let monthly = rotation(vec![ordered(
        1,
        from,
        "UTC",
        "2026-01-31T00:00:00",
        "FREQ=MONTHLY",
        "AB",
        0,
    )]);
    let found = shifts(
        &timeline(monthly, Vec::new()),
        "2026-01-31T00:00:00Z",
        "2026-06-01T00:00:00Z",
    );
    let starts: Vec<&str> = found.iter().map(|(start, ..)| &start[..10]).collect();
    assert_eq!(starts, ["2026-01-31", "2026-03-31", "2026-05-31"]);
}

#[test]
fn weekdays_are_local() {
    // LinkedIn took the weekday in UTC: Saturday evening in Los Angeles was Sunday.
    let from = at("2026-01-01T00:00:00Z");
    let saturdays = rotation(vec![ordered(
        1,
        from,
        "America/Los_Angeles",
        "2026-01-03T18:00:00",
        "FREQ=WEEKLY;BYDAY=SA",
        "AB",
        0,
    )]);
    let timeline = timeline(saturdays, Vec::new());
    assert_eq!(who_at(&timeline, "2026-01-11T01:59:59Z"), 'A');
    assert_eq!(who_at(&timeline, "2026-01-11T02:00:00Z"), 'B');
    let Entry::Gap(gap) = timeline.entry_at(Layer::Final, at("2026-01-02T00:00:00Z")) else {
        panic!("somebody")
    };
    assert_eq!(gap.reason, GapReason::NoHandoff);
}

#[test]
fn every_half_minute_of_the_repeated_hour_lies_in_its_shift() {
    let from = at("2026-10-25T00:00:00Z");
    let hourly = rotation(vec![ordered(
        1,
        from,
        "Europe/Berlin",
        "2026-10-25T01:30:00",
        "FREQ=HOURLY",
        "ABC",
        0,
    )]);
    let timeline = timeline(hourly, Vec::new());
    let mut t = from;
    while t < at("2026-10-25T05:00:00Z") {
        let entry = timeline.entry_at(Layer::Final, t).interval();
        assert!(entry.start() <= t && t < entry.end(), "{t}");
        t += TimeDelta::seconds(30);
    }
}

#[test]
fn the_last_turn_ends_where_the_rule_would_have_handed_off() {
    let from = at("2026-03-02T10:00:00Z");
    for rule in [
        "FREQ=WEEKLY;COUNT=2",
        "FREQ=WEEKLY;UNTIL=20260309",
        "FREQ=WEEKLY;UNTIL=20260309T100000Z",
        "FREQ=WEEKLY;UNTIL=20260309T100000",
    ] {
        let ends = rotation(vec![ordered(
            1,
            from,
            "Europe/London",
            "2026-03-02T10:00:00",
            rule,
            "ABC",
            0,
        )]);
        let timeline = timeline(ends, Vec::new());
        assert_eq!(who_at(&timeline, "2026-03-16T09:59:59Z"), 'B', "{rule}");
        let Entry::Gap(gap) = timeline.entry_at(Layer::Final, at("2026-03-16T10:00:00Z")) else {
            panic!("somebody")
        };
        assert_eq!(
            (gap.reason, gap.interval.end()),
            (GapReason::Ended, FOREVER),
            "{rule}"
        );
        assert_eq!(
            timeline.next_shift(Layer::Final, at("2026-03-16T10:00:00Z")),
            None
        );
    }
}

#[test]
fn the_later_override_wins_and_cancelling_it_brings_back_what_lay_under() {
    let below = cover(
        1,
        Some(p('C')),
        span("2026-03-03T00:00:00Z", "2026-03-06T00:00:00Z"),
    );
    let mut above = cover(
        2,
        None,
        span("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
    );
    let both = timeline(abc(), vec![above.clone(), below.clone()]);
    let days = |timeline: &Timeline| -> String {
        (2..7)
            .map(|day| {
                who(
                    timeline,
                    Layer::Final,
                    at(&format!("2026-03-0{day}T12:00:00Z")),
                )
            })
            .collect()
    };
    assert_eq!(days(&both), "AC-CA");
    above.cancelled_at = Some(above.created_at);
    assert_eq!(days(&timeline(abc(), vec![below, above])), "ACCCA");
}

#[test]
fn friday_to_friday_is_the_whole_week() {
    let mut weekly = abc();
    let json =
        serde_json::json!([{"days": ["fri"], "start": "17:00", "end": "17:00", "end_day": "fri"}]);
    weekly.revisions[0].duty_hours = Some(serde_json::from_value(json).unwrap());
    let timeline = timeline(weekly, Vec::new());
    assert!(
        timeline
            .gaps(
                Layer::Final,
                span("2026-03-02T10:00:00Z", "2027-03-02T10:00:00Z")
            )
            .is_empty()
    );
}

/// Hours that leave nothing out cut no turn, however long it is and wherever one looks.
#[test]
fn the_whole_week_is_as_good_as_no_duty_hours() {
    let from = at("2026-03-02T10:00:00Z");
    let rule = "FREQ=YEARLY;INTERVAL=3";
    let mut rare = rotation(vec![ordered(
        1,
        from,
        "Europe/London",
        "2026-03-02T10:00:00",
        rule,
        "AB",
        0,
    )]);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let turn = span("2026-03-02T10:00:00Z", "2029-03-02T10:00:00Z");
    for (json, whole) in [
        (
            serde_json::json!([{"days": days, "start": "00:00", "end": "24:00"}]),
            true,
        ),
        (
            serde_json::json!([{"days": days, "start": "18:00", "end": "09:00"}, {"days": days, "start": "08:00", "end": "18:00"}]),
            true,
        ),
        (
            serde_json::json!([{"days": ["wed"], "start": "12:00", "end": "12:00", "end_day": "wed"}]),
            true,
        ),
        (
            serde_json::json!([{"days": ["wed"], "start": "12:00", "end": "11:59", "end_day": "wed"}]),
            false,
        ),
        (
            serde_json::json!([{"days": ["mon"], "start": "12:00", "end": "12:00", "end_day": "sun"}]),
            false,
        ),
        (serde_json::json!([]), false),
    ] {
        let hours: WeeklyHours = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(hours.are_always(), whole, "{json}");
        rare.revisions[0].duty_hours = Some(hours);
        let found = timeline(rare.clone(), Vec::new()).shifts(
            Layer::Final,
            span("2027-09-01T00:00:00Z", "2027-09-02T00:00:00Z"),
        );
        let uncut = found.iter().any(|shift| shift.interval == turn);
        assert_eq!(uncut, whole, "{json}: {found:?}");
    }
}

#[test]
fn duty_hours_cut_turns_and_not_overrides() {
    let mut weekly = abc();
    weekly.revisions[0].duty_hours = Some(hours("09:00", "17:00"));
    let night = span("2026-03-03T20:00:00Z", "2026-03-03T22:00:00Z");
    let timeline = timeline(weekly, vec![cover(1, Some(p('C')), night)]);
    assert_eq!(who_at(&timeline, "2026-03-03T16:59:59Z"), 'A');
    assert_eq!(who_at(&timeline, "2026-03-03T17:00:00Z"), '-');
    assert_eq!(who_at(&timeline, "2026-03-03T20:00:00Z"), 'C');
    let Entry::Gap(gap) = timeline.entry_at(Layer::Final, night.end()) else {
        panic!("somebody")
    };
    assert_eq!(
        (gap.reason, gap.interval.end()),
        (GapReason::DutyHours, at("2026-03-04T09:00:00Z"))
    );
}

#[test]
fn whoever_has_longest_takes_the_watch() {
    let everybody = people([
        person('A', "Europe/London", hours("09:00", "17:00")),
        person('B', "America/New_York", hours("09:00", "17:00")),
        person('C', "America/Los_Angeles", hours("09:00", "17:00")),
    ]);
    let plan = Timeline::new(
        Arc::new(sun("ABC", at("2026-01-05T00:00:00Z"))),
        Vec::new(),
        everybody,
    );
    let found = shifts(&plan, "2026-01-12T00:00:00Z", "2026-01-13T00:00:00Z");
    let expected = [
        ("2026-01-12T09:00:00Z", "2026-01-12T17:00:00Z", 'A'),
        ("2026-01-12T17:00:00Z", "2026-01-13T01:00:00Z", 'C'),
    ];
    assert_eq!(
        found,
        expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c))
    );
    let Entry::Gap(gap) = plan.entry_at(Layer::Final, at("2026-01-12T02:00:00Z")) else {
        panic!("somebody")
    };
    assert_eq!(
        (gap.reason, gap.interval.end()),
        (GapReason::OutOfHours, at("2026-01-12T09:00:00Z"))
    );
}

#[test]
fn time_off_recorded_later_changes_no_watch_before() {
    let pool = [
        person('A', "UTC", hours("09:00", "17:00")),
        person('B', "UTC", hours("10:00", "16:00")),
    ];
    let mut told = pool.clone();
    let noon = at("2026-01-12T12:00:00Z");
    told[0].time_off.push(away(
        noon,
        span("2026-01-12T14:00:00Z", "2026-01-13T00:00:00Z"),
    ));
    let plan = |everybody: &[_; 2]| {
        Timeline::new(
            Arc::new(sun("AB", at("2026-01-05T00:00:00Z"))),
            Vec::new(),
            people(everybody.clone()),
        )
    };
    let before = Interval::new(at("2026-01-05T00:00:00Z"), at("2026-01-12T09:00:00Z")).unwrap();
    assert_eq!(
        plan(&pool).entries(Layer::Base, before),
        plan(&told).entries(Layer::Base, before)
    );
    let found = shifts(&plan(&told), "2026-01-12T00:00:00Z", "2026-01-13T00:00:00Z");
    let expected = [
        ("2026-01-12T09:00:00Z", "2026-01-12T14:00:00Z", 'A'),
        ("2026-01-12T14:00:00Z", "2026-01-12T16:00:00Z", 'B'),
    ];
    assert_eq!(
        found,
        expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c))
    );
}

#[test]
fn an_hourly_rotation_since_1990_answers_for_2031() {
    let from = at("1990-01-01T00:00:00Z");
    let hourly = rotation(vec![ordered(
        1,
        from,
        "Europe/London",
        "1990-01-01T00:00:00",
        "FREQ=HOURLY",
        "ABC",
        0,
    )]);
    let timeline = timeline(hourly, Vec::new());
    let Entry::Shift(shift) = timeline.entry_at(Layer::Final, at("2031-06-01T12:20:00Z")) else {
        panic!("nobody")
    };
    assert_eq!(
        shift.interval,
        span("2031-06-01T12:00:00Z", "2031-06-01T13:00:00Z")
    );
    assert!(matches!(shift.cause, Cause::Turn { .. }));
}
