//! Duty at an instant: fallbacks, working hours, who is next.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::build::*;
use super::properties::{instants, overrides, rotations, zones};
use crate::schedule::duty::{Answers, Duty, Source, answer};
use crate::schedule::rotation::{FallbackWhen, Rotation};
use crate::schedule::timeline::GapReason;
use crate::time::hours::WeeklyHours;
use crate::time::interval::Interval;

impl Book {
    fn ask(&self, number: u128, text: &str) -> Duty {
        answer(self, r(number), at(text)).unwrap()
    }
}

fn order(rotation: &mut Rotation, order: &str) {
    rotation.revisions[0].order = order.chars().map(p).collect();
}

fn round_the_clock() -> WeeklyHours {
    let json =
        serde_json::json!([{"days": ["mon"], "start": "00:00", "end": "00:00", "end_day": "mon"}]);
    serde_json::from_value(json).unwrap()
}

#[test]
fn who_never_stops_working_does_not_begin_again() {
    let tireless = person('A', "UTC", round_the_clock());
    let now = at("2026-03-02T10:00:00Z");
    assert_eq!(tireless.next_available(now, now), None);
    assert!(tireless.available_or_next(now, now).is_some());
}

#[test]
fn times_of_day_are_two_digits_and_two_digits() {
    use crate::time::hours::TimeOfDay;
    for (text, fine) in [
        ("00:00", true),
        ("09:05", true),
        ("24:00", true),
        ("24:01", false),
        ("09:60", false),
        ("9:05", false),
        ("+9:05", false),
        ("09:+5", false),
        ("09:05:00", false),
        ("", false),
    ] {
        let read = TimeOfDay::try_from(text.to_owned());
        assert_eq!(read.is_ok(), fine, "{text:?}");
    }
}

#[test]
fn the_hero_and_whether_the_hero_is_at_work_are_two_answers() {
    let book = Book::default().with(1, |_| {}, Vec::new()).hiring(person(
        'A',
        "Europe/London",
        hours("09:00", "17:00"),
    ));
    let night = book.ask(1, "2026-03-03T20:00:00Z");
    assert_eq!(
        (night.person, night.source),
        (Some(p('A')), Some(Source::Rotation))
    );
    assert!(!night.working.now);
    assert_eq!(night.working.next, Some(at("2026-03-04T09:00:00Z")));
    assert_eq!(
        night.shift,
        Some(span("2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z"))
    );
    let day = book.ask(1, "2026-03-04T12:00:00Z");
    assert!(day.working.now);
    assert_eq!(day.working.until, Some(at("2026-03-04T17:00:00Z")));
    assert_eq!(
        day.next.map(|next| (next.person, next.interval.start())),
        Some((p('B'), at("2026-03-09T10:00:00Z")))
    );
    assert_eq!(day.gap, None);
}

#[test]
fn an_override_answers_and_the_core_order_is_still_told() {
    let days = span("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z");
    let book = Book::default().with(1, |_| {}, vec![cover(1, Some(p('C')), days)]);
    let duty = book.ask(1, "2026-03-05T00:00:00Z");
    assert_eq!((duty.person, duty.scheduled), (Some(p('C')), Some(p('A'))));
    assert_eq!(
        (duty.source, duty.shift),
        (Some(Source::Override), Some(days))
    );
    assert!(duty.override_id.is_some());
    // What is next heeds overrides: here A's own rest of the week.
    assert_eq!(
        duty.next.map(|next| (next.person, next.interval.start())),
        Some((p('A'), days.end()))
    );
    // And the day before, the next one is who really takes over.
    let before = book.ask(1, "2026-03-03T00:00:00Z");
    assert_eq!(before.next.map(|next| next.person), Some(p('C')));
}

#[test]
fn nobody_falls_through_to_the_fallback_of_the_fallback() {
    let nobody = || {
        vec![cover(
            1,
            None,
            span("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"),
        )]
    };
    let book = Book::default()
        .with(1, |rotation| rotation.fallback = Some(r(2)), nobody())
        .with(2, |rotation| rotation.fallback = Some(r(3)), nobody())
        .with(3, |rotation| order(rotation, "X"), Vec::new());
    let duty = book.ask(1, "2026-03-03T12:00:00Z");
    assert_eq!((duty.person, duty.answered_by), (Some(p('X')), r(3)));
    assert_eq!(
        (duty.source, duty.scheduled),
        (Some(Source::Fallback), Some(p('A')))
    );
    let gap = duty.gap.unwrap();
    assert_eq!(
        (gap.reason, gap.interval.end()),
        (GapReason::Override, at("2026-03-04T00:00:00Z"))
    );
    assert_eq!(duty.next.map(|next| next.person), Some(p('A')));
    // Somebody on duty: no fallback is asked.
    assert_eq!(book.ask(1, "2026-03-04T00:00:00Z").answered_by, r(1));
}

#[test]
fn fallbacks_that_lead_round_come_to_nobody() {
    let nobody = || {
        vec![cover(
            1,
            None,
            span("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"),
        )]
    };
    let book = Book::default()
        .with(1, |rotation| rotation.fallback = Some(r(2)), nobody())
        .with(2, |rotation| rotation.fallback = Some(r(1)), nobody());
    let duty = book.ask(1, "2026-03-03T12:00:00Z");
    assert_eq!(
        (duty.person, duty.source, duty.answered_by),
        (None, None, r(1))
    );
    let lost = Book::default().with(1, |rotation| rotation.fallback = Some(r(9)), nobody());
    assert_eq!(lost.ask(1, "2026-03-03T12:00:00Z").person, None);
    assert_eq!(answer(&lost, r(9), at("2026-03-03T12:00:00Z")), None);
}

#[test]
fn a_backup_covers_for_an_owner_who_is_offline() {
    let book = |backup: &str| {
        Book::default()
            .with(
                1,
                |rotation| {
                    rotation.fallback = Some(r(2));
                    rotation.fallback_when = FallbackWhen::NotWorking;
                },
                Vec::new(),
            )
            .with(2, |rotation| order(rotation, backup), Vec::new())
            .hiring(person('A', "Europe/London", hours("09:00", "17:00")))
            .hiring(person('X', "UTC", round_the_clock()))
    };
    let night = book("X").ask(1, "2026-03-03T20:00:00Z");
    assert_eq!(
        (night.person, night.answered_by, night.scheduled),
        (Some(p('X')), r(2), Some(p('A')))
    );
    assert!(night.working.now && night.gap.is_none());
    assert_eq!(night.working.until, Some(crate::time::interval::FOREVER));
    assert_eq!(
        book("X").ask(1, "2026-03-03T12:00:00Z").person,
        Some(p('A'))
    );
    // A fallback that has nobody leaves the duty with the owner.
    let alone = Book::default()
        .with(
            1,
            |rotation| {
                rotation.fallback = Some(r(2));
                rotation.fallback_when = FallbackWhen::NotWorking;
            },
            Vec::new(),
        )
        .with(
            2,
            |rotation| rotation.archived_at = Some(at("2026-01-01T00:00:00Z")),
            Vec::new(),
        )
        .hiring(person('A', "Europe/London", hours("09:00", "17:00")));
    let duty = alone.ask(1, "2026-03-03T20:00:00Z");
    assert_eq!(
        (duty.person, duty.source, duty.answered_by),
        (Some(p('A')), Some(Source::Rotation), r(1))
    );
}

#[test]
fn a_swap_of_weeks_three_and_five_costs_nobody_a_turn() {
    // LinkedIn: users 3 and 4 lost their turns for good.
    let week = |index: i64| {
        let start = at("2026-04-06T09:00:00Z") + chrono::TimeDelta::weeks(index);
        crate::time::interval::Interval::new(start, start + chrono::TimeDelta::weeks(1)).unwrap()
    };
    let weekly = || {
        rotation(vec![ordered(
            1,
            week(0).start(),
            "Europe/London",
            "2026-04-06T10:00:00",
            "FREQ=WEEKLY",
            "ABCDEF",
            0,
        )])
    };
    let swapped = timeline(
        weekly(),
        vec![
            cover(1, Some(p('E')), week(2)),
            cover(2, Some(p('C')), week(4)),
        ],
    );
    let found: String = (0..12)
        .map(|index| {
            who(
                &swapped,
                crate::schedule::timeline::Layer::Final,
                week(index).start(),
            )
        })
        .collect();
    assert_eq!(found, "ABEDCFABCDEF");
}

#[test]
fn at_a_handoff_exactly_one_person_has_it() {
    let days = span("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z");
    let book = Book::default().with(1, |_| {}, vec![cover(1, Some(p('C')), days)]);
    for (text, expected) in [
        ("2026-03-03T23:59:59Z", 'A'),
        ("2026-03-04T00:00:00Z", 'C'),
        ("2026-03-05T23:59:59Z", 'C'),
        ("2026-03-06T00:00:00Z", 'A'),
        ("2026-03-09T09:59:59Z", 'A'),
        ("2026-03-09T10:00:00Z", 'B'),
    ] {
        assert_eq!(book.ask(1, text).person, Some(p(expected)), "{text}");
    }
}

#[test]
fn an_eighth_of_the_week_without_anybody_is_listed() {
    // Grafana: "no gaps" with 7 % uncovered, since overlapping shifts made up the hours.
    let hole = span("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z");
    let twice = span("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z");
    let line = timeline(
        abc(),
        vec![
            cover(1, None, hole),
            cover(2, Some(p('B')), twice),
            cover(3, Some(p('C')), twice),
        ],
    );
    let week = span("2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z");
    let gaps = line.gaps(crate::schedule::timeline::Layer::Final, week);
    assert_eq!(gaps.len(), 1);
    assert_eq!(
        (gaps[0].interval, gaps[0].reason),
        (hole, GapReason::Override)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What was remembered is what would be said anew: whatever is asked, in whatever order.
    #[test]
    fn remembered_answers_are_the_answers(
        (mut own, mut other) in (rotations(), rotations()),
        (covers, other_covers) in (overrides(), overrides()),
        zones in prop::collection::vec(zones(), 4),
        absences in prop::collection::vec((0..4_usize, instants(), 1..200_i64, instants()), 0..6),
        asleep in any::<bool>(),
        asked in prop::collection::vec((instants(), prop::collection::vec(0..400_i64, 6)), 3),
    ) {
        (own.id, own.fallback, other.id) = (r(1), Some(r(2)), r(2));
        own.fallback_when = if asleep { FallbackWhen::NotWorking } else { FallbackWhen::Gap };
        let mut book = Book::default();
        for (index, (name, zone)) in "ABCD".chars().zip(zones).enumerate() {
            let mut worker = person(name, &zone, hours("09:00", "17:00"));
            worker.time_off = absences
                .iter()
                .filter(|absence| absence.0 == index)
                .map(|(_, from, hours, recorded)| away(*recorded, Interval::new(*from, *from + TimeDelta::hours(*hours)).unwrap()))
                .collect();
            book = book.hiring(worker);
        }
        book.timelines.insert(r(1), timeline(own, covers));
        book.timelines.insert(r(2), timeline(other, other_covers));
        let answers = Answers::default();
        for (first, steps) in asked {
            for step in steps {
                let at = first + TimeDelta::minutes(step * 7);
                let (remembered, anew) = (answers.answer(&book, r(1), at).unwrap(), answer(&book, r(1), at).unwrap());
                // Of a gap, the reason and the end are the answer.
                let gap = |duty: Duty| duty.gap.map(|gap| (gap.reason, gap.interval.end()));
                prop_assert_eq!(gap(remembered), gap(anew), "at {}", at);
                prop_assert_eq!(Duty { gap: None, ..remembered }, Duty { gap: None, ..anew }, "at {}", at);
            }
        }
    }
}
