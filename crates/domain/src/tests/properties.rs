//! Properties over random rotations, revisions, overrides and zones.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::build::*;
use crate::schedule::overrides::Override;
use crate::schedule::rotation::{Handoff, Plan, Revision, Rotation, revise};
use crate::schedule::timeline::{Layer, Timeline};
use crate::time::interval::{Interval, Timestamp};
use crate::time::zone::{self, Zone};

const RULES: &[&str] = &[
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
    "FREQ=WEEKLY;BYDAY=MO,TH",
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;BYHOUR=2,14;BYMINUTE=30",
    "FREQ=DAILY;COUNT=40",
    "FREQ=HOURLY;INTERVAL=7",
    "FREQ=MONTHLY;BYDAY=1MO,-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=31,-1",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1",
    "FREQ=YEARLY;BYWEEKNO=1,20,40;BYDAY=MO",
    "FREQ=YEARLY;BYYEARDAY=1,100,-1",
    "FREQ=WEEKLY;UNTIL=20260801T000000Z",
];

pub fn zones() -> impl Strategy<Value = String> {
    prop::sample::select(zone::names())
}

pub fn instants() -> impl Strategy<Value = Timestamp> {
    (0..86_400_i64 * 420)
        .prop_map(|seconds| at("2026-01-01T00:00:00Z") + TimeDelta::seconds(seconds))
}

pub fn orders() -> impl Strategy<Value = String> {
    "[A-E]{1,6}"
}

/// A rotation of one to three revisions, made as managers make them.
pub fn rotations() -> impl Strategy<Value = Rotation> {
    let revision = (0..RULES.len(), orders(), 1..80_i64, prop::bool::ANY);
    (zones(), prop::collection::vec(revision, 1..4), 0..24_u32).prop_map(
        |(zone, revisions, hour)| {
            let time_zone = Zone::parse(&zone).unwrap();
            let mut all: Option<Rotation> = None;
            let mut from = at("2026-02-01T00:00:00Z");
            for (index, (rule, order, days, office)) in revisions.into_iter().enumerate() {
                let start = local("2026-02-02T00:30:00") + TimeDelta::hours(i64::from(hour));
                let handoff = Handoff::parse(start, RULES[rule], &time_zone).unwrap();
                let order: Vec<_> = order.chars().map(p).collect();
                let first = all
                    .as_ref()
                    .map_or(0, |old| revise::first_of(old.newest(), &order, from));
                let revision = Revision {
                    number: u32::try_from(index).unwrap() + 1,
                    effective_from: from,
                    recorded_at: from,
                    time_zone: time_zone.clone(),
                    order,
                    duty_hours: office.then(|| hours("09:00", "02:00")),
                    plan: Plan::Ordered { handoff, first },
                };
                match &mut all {
                    None => all = Some(rotation(vec![revision])),
                    Some(old) => old.revisions.push(revision),
                }
                from += TimeDelta::hours(days * 24 + 5);
            }
            all.unwrap()
        },
    )
}

pub fn overrides() -> impl Strategy<Value = Vec<Override>> {
    let one = (
        instants(),
        1..20_i64 * 86_400,
        prop::option::of(prop::sample::select(vec!['A', 'B', 'X'])),
    );
    prop::collection::vec(one, 0..8).prop_map(|all| {
        let make = |(index, (start, seconds, who)): (usize, (Timestamp, i64, Option<char>))| {
            let interval = Interval::new(start, start + TimeDelta::seconds(seconds)).unwrap();
            cover(i64::try_from(index).unwrap() + 1, who.map(p), interval)
        };
        all.into_iter().enumerate().map(make).collect()
    })
}

pub fn windows() -> impl Strategy<Value = Interval> {
    (instants(), 1..100_i64 * 86_400).prop_map(|(start, seconds)| {
        Interval::new(start, start + TimeDelta::seconds(seconds)).unwrap()
    })
}

fn year() -> Interval {
    span("2026-01-01T00:00:00Z", "2027-02-01T00:00:00Z")
}

/// Entries follow each other without a hole, cover the window, and agree with single answers at
/// every edge and beside it.
pub fn check_whole(
    timeline: &Timeline,
    layer: Layer,
    window: Interval,
) -> Result<(), TestCaseError> {
    let entries = timeline.entries(layer, window);
    prop_assert!(
        entries
            .first()
            .is_some_and(|first| first.interval().start() <= window.start())
    );
    prop_assert!(
        entries
            .last()
            .is_some_and(|last| last.interval().end() >= window.end())
    );
    for pair in entries.windows(2) {
        prop_assert_eq!(pair[0].interval().end(), pair[1].interval().start());
    }
    for entry in &entries {
        let interval = entry.interval();
        let second = TimeDelta::seconds(1);
        for t in [
            interval.start(),
            interval.start() - second,
            interval.start() + second,
            interval.end() - second,
        ] {
            let Some(expected) = entries.iter().find(|entry| entry.interval().contains(t)) else {
                continue;
            };
            let found = timeline.entry_at(layer, t);
            prop_assert!(found.interval().contains(t));
            prop_assert_eq!(
                found.shift(),
                expected.shift(),
                "{} at {}",
                timeline.rotation().name,
                t
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn overrides_never_change_the_base_and_cancelling_restores_it(rotation in rotations(), overrides in overrides()) {
        let plain = timeline(rotation.clone(), Vec::new());
        let covered = timeline(rotation.clone(), overrides.clone());
        prop_assert_eq!(plain.entries(Layer::Base, year()), covered.entries(Layer::Base, year()));
        let cancelled = overrides.into_iter().map(|one| Override { cancelled_at: Some(one.created_at), ..one });
        let restored = timeline(rotation, cancelled.collect());
        prop_assert_eq!(plain.entries(Layer::Final, year()), restored.entries(Layer::Final, year()));
        prop_assert_eq!(plain.entries(Layer::Base, year()), plain.entries(Layer::Final, year()));
    }

    #[test]
    fn lists_and_single_answers_agree(rotation in rotations(), overrides in overrides(), window in windows()) {
        let timeline = timeline(rotation, overrides);
        check_whole(&timeline, Layer::Base, window)?;
        check_whole(&timeline, Layer::Final, window)?;
    }

    #[test]
    fn the_answer_does_not_depend_on_the_window(rotation in rotations(), overrides in overrides(), window in windows()) {
        let timeline = timeline(rotation, overrides);
        for layer in [Layer::Base, Layer::Final] {
            let whole = timeline.shifts(layer, year());
            let part = timeline.shifts(layer, window);
            let expected: Vec<_> = whole.into_iter().filter(|shift| shift.interval.overlaps(&window)).collect();
            let inside: Vec<_> = part.into_iter().filter(|shift| shift.interval.overlaps(&year())).collect();
            let seen: Vec<_> = expected.into_iter().filter(|shift| shift.interval.overlaps(&window)).collect();
            prop_assert_eq!(inside, seen);
        }
    }

    #[test]
    fn a_revision_changes_nothing_before_it(rotation in rotations(), order in orders(), days in 0..200_i64) {
        let newest = rotation.newest().effective_from;
        let from = newest + TimeDelta::days(days) + TimeDelta::seconds(1);
        let people: Vec<_> = order.chars().map(p).collect();
        let first = revise::first_of(rotation.newest(), &people, from);
        prop_assert!(first < people.len());
        let mut revised = rotation.clone();
        let last = rotation.newest();
        let plan = match &last.plan {
            Plan::Ordered { handoff, .. } => Plan::Ordered { handoff: handoff.clone(), first },
            Plan::FollowTheSun => Plan::FollowTheSun,
        };
        revised.revisions.push(Revision { number: last.number + 1, effective_from: from, order: people, plan, ..last.clone() });
        let (before, after) = (timeline(rotation, Vec::new()), timeline(revised, Vec::new()));
        let past = Interval::new(at("2026-01-01T00:00:00Z"), from).unwrap();
        let cut = |timeline: &Timeline| -> Vec<_> {
            let entries = timeline.entries(Layer::Base, past);
            entries.iter().map(|e| (e.interval().intersect(&past), e.shift().map(|s| s.person))).collect()
        };
        prop_assert_eq!(cut(&before), cut(&after));
    }

    #[test]
    fn chunks_give_what_one_expansion_gives(zone in zones(), rule in 0..RULES.len(), year in 1990..2026_i32) {
        let zone = Zone::parse(&zone).unwrap();
        let start = local(&format!("{year}-03-28T02:30:00"));
        let Ok(handoff) = Handoff::parse(start, RULES[rule], &zone) else { return Ok(()) };
        let mut last = None;
        for index in 0..500 {
            let Some(instant) = handoff.nth(index) else { break };
            prop_assert!(last.is_none_or(|last| last < instant));
            prop_assert_eq!(handoff.count_through(instant), index + 1);
            prop_assert_eq!(handoff.count_through(instant - TimeDelta::seconds(1)), index);
            last = Some(instant);
        }
        let text = RULES[rule].replace(";COUNT=40", "").replace(";UNTIL=20260801T000000Z", "");
        let naive = format!("DTSTART:{}Z\nRRULE:{text}", start.format("%Y%m%dT%H%M%S"));
        let set: rrule::RRuleSet = naive.parse().unwrap();
        let mut expected: Vec<Timestamp> = set.into_iter().take(200).map(|t| zone.to_instant(t.naive_utc())).collect();
        expected.push(zone.to_instant(start));
        expected.retain(|t| *t >= zone.to_instant(start));
        expected.sort_unstable();
        expected.dedup();
        // The end of a cut expansion may be out of order around a gap.
        for (index, instant) in expected.iter().take(150).enumerate() {
            prop_assert_eq!(handoff.nth(index), Some(*instant));
        }
    }
}
