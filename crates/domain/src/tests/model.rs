//! The engine against a model: one instant at a time, one plain expansion, no cache, no merging.

use chrono::{NaiveDateTime, TimeDelta};
use proptest::prelude::*;

use super::build::*;
use super::properties::{instants, overrides, rotations, windows, zones};
use crate::ids::PersonId;
use crate::schedule::overrides::Override;
use crate::schedule::preview;
use crate::schedule::rotation::{Handoff, Plan, Revision, Rotation};
use crate::schedule::timeline::{Layer, Timeline};
use crate::time::interval::{Interval, Timestamp};
use crate::time::zone::Zone;

/// Every handoff until 2028 by one expansion from the start, and how many of them begin a turn.
fn handoffs(handoff: &Handoff, zone: &Zone) -> (Vec<Timestamp>, usize) {
    let bound = |name: &str| {
        let mut parts = handoff.rule().split(';');
        parts.find_map(|part| part.strip_prefix(name).map(str::to_owned))
    };
    let unbounded: Vec<&str> = handoff
        .rule()
        .split(';')
        .filter(|part| !part.starts_with("COUNT=") && !part.starts_with("UNTIL="))
        .collect();
    let text = format!(
        "DTSTART:{}Z\nRRULE:{}",
        handoff.start().format("%Y%m%dT%H%M%S"),
        unbounded.join(";")
    );
    let set: rrule::RRuleSet = text.parse().unwrap();
    let start = zone.to_instant(handoff.start());
    let mut all: Vec<Timestamp> = set
        .into_iter()
        .map(|t| t.naive_utc())
        .take_while(|local| *local < self::local("2028-01-01T00:00:00"))
        .map(|local| zone.to_instant(local))
        .filter(|instant| *instant > start)
        .collect();
    all.push(start);
    all.sort_unstable();
    all.dedup();
    let turns = match (bound("COUNT="), bound("UNTIL=")) {
        (Some(count), _) => count.parse().unwrap(),
        (_, Some(until)) => {
            let until = NaiveDateTime::parse_from_str(&until, "%Y%m%dT%H%M%SZ").unwrap();
            all.partition_point(|t| *t <= until.and_utc())
        }
        _ => usize::MAX,
    };
    (all, turns)
}

fn base(rotation: &Rotation, at: Timestamp) -> Option<PersonId> {
    if rotation.archived_at.is_some_and(|end| end <= at) {
        return None;
    }
    let revision = rotation.revision_at(at)?;
    let Plan::Ordered { handoff, first } = &revision.plan else {
        return None;
    };
    let (all, turns) = handoffs(handoff, &revision.time_zone);
    let index_at = |t: Timestamp| all.iter().filter(|handoff| **handoff <= t).count();
    let running = index_at(at).checked_sub(1).filter(|turn| *turn < turns)?;
    let zero = index_at(revision.effective_from).saturating_sub(1);
    let on = revision.duty_hours.as_ref().is_none_or(|hours| {
        let second = Interval::new(at, at + TimeDelta::seconds(1)).unwrap();
        let hours = hours.intervals(&revision.time_zone, second);
        hours.covering(at).is_some()
    });
    on.then(|| revision.order[(first + running - zero) % revision.order.len()])
}

fn final_(rotation: &Rotation, overrides: &[Override], at: Timestamp) -> Option<PersonId> {
    let ended = rotation.archived_at.is_some_and(|end| end <= at);
    overrides
        .iter()
        .filter(|one| !ended && one.in_force().is_some_and(|left| left.contains(at)))
        .max_by_key(|one| one.sequence)
        .map_or_else(|| base(rotation, at), |top| top.person)
}

fn person_at(timeline: &Timeline, layer: Layer, at: Timestamp) -> Option<PersonId> {
    timeline
        .entry_at(layer, at)
        .shift()
        .map(|shift| shift.person)
}

/// A rotation of one revision, from the start of its rule on.
fn plain(zone: &Zone, rule: &str) -> Option<Rotation> {
    let start = local("2026-02-02T02:30:00");
    let handoff = Handoff::parse(start, rule, zone).ok()?;
    let from = zone.to_instant(start);
    Some(rotation(vec![Revision {
        number: 1,
        effective_from: from,
        recorded_at: from,
        time_zone: zone.clone(),
        order: "ABC".chars().map(p).collect(),
        duty_hours: None,
        plan: Plan::Ordered { handoff, first: 0 },
    }]))
}

const UNBOUNDED: &[&str] = &[
    "FREQ=WEEKLY",
    "FREQ=DAILY;INTERVAL=3;BYHOUR=2,14;BYMINUTE=30",
    "FREQ=HOURLY;INTERVAL=7",
    "FREQ=MONTHLY;BYDAY=1MO,-1FR",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_engine_says_what_the_model_says(rotation in rotations(), overrides in overrides(), asked in prop::collection::vec(instants(), 4)) {
        let timeline = timeline(rotation.clone(), overrides.clone());
        for at in asked {
            prop_assert_eq!(person_at(&timeline, Layer::Base, at), base(&rotation, at), "base at {}", at);
            prop_assert_eq!(person_at(&timeline, Layer::Final, at), final_(&rotation, &overrides, at), "final at {}", at);
        }
    }

    #[test]
    fn shifts_are_maximal(rotation in rotations(), overrides in overrides(), window in windows()) {
        let timeline = timeline(rotation, overrides);
        for layer in [Layer::Base, Layer::Final] {
            for pair in timeline.shifts(layer, window).windows(2) {
                let touching = pair[0].interval.end() == pair[1].interval.start();
                // A revision in mid-turn may give what is left of a turn to somebody else.
                let same = pair[0].cause == pair[1].cause && pair[0].person == pair[1].person;
                prop_assert!(!(touching && same), "{:?}", pair);
            }
        }
    }

    #[test]
    fn cancelling_one_override_is_as_if_it_had_never_been_made(rotation in rotations(), overrides in overrides(), which in any::<prop::sample::Index>(), window in windows()) {
        prop_assume!(!overrides.is_empty());
        let which = which.index(overrides.len());
        let mut cancelled = overrides.clone();
        cancelled[which].cancelled_at = Some(cancelled[which].created_at);
        let mut without = overrides;
        without.remove(which);
        // Nor does it matter in which order they are given: the sequence decides.
        without.reverse();
        prop_assert_eq!(
            timeline(rotation.clone(), cancelled).entries(Layer::Final, window),
            timeline(rotation, without).entries(Layer::Final, window)
        );
    }

    #[test]
    fn what_comes_next_is_the_first_of_the_list(rotation in rotations(), overrides in overrides(), from in instants()) {
        let timeline = timeline(rotation, overrides);
        let ahead = Interval::new(from, from + TimeDelta::days(800)).unwrap();
        for layer in [Layer::Base, Layer::Final] {
            let listed = timeline.shifts(layer, ahead).into_iter().find(|shift| shift.interval.start() >= from);
            if listed.is_some() {
                prop_assert_eq!(timeline.next_shift(layer, from), listed);
            }
            let (entry, next) = timeline.moment(layer, from);
            let after = timeline.shifts(layer, ahead).into_iter().find(|shift| shift.interval.start() >= entry.interval().end());
            if after.is_some() {
                prop_assert_eq!(next, after);
            }
        }
    }

    #[test]
    fn archiving_changes_nothing_before_it_and_leaves_nothing_after(rotation in rotations(), overrides in overrides(), end in instants(), at in instants()) {
        let archived = Rotation { archived_at: Some(end), ..rotation.clone() };
        let (before, after) = (timeline(rotation, overrides.clone()), timeline(archived.clone(), overrides.clone()));
        let expected = if at < end { person_at(&before, Layer::Final, at) } else { None };
        prop_assert_eq!(person_at(&after, Layer::Final, at), expected);
        prop_assert_eq!(after.next_shift(Layer::Final, end), None);
    }

    #[test]
    fn count_and_until_keep_the_first_turns_of_the_unbounded_rule(zone in zones(), rule in prop::sample::select(UNBOUNDED), count in 1..60_usize) {
        let zone = Zone::parse(&zone).unwrap();
        let Some(unbounded) = plain(&zone, rule) else { return Ok(()) };
        let Plan::Ordered { handoff, .. } = &unbounded.revisions[0].plan else { return Ok(()) };
        let last = handoff.nth(count - 1).unwrap();
        let end = handoff.nth(count).unwrap();
        let window = Interval::new(handoff.first() - TimeDelta::days(1), end + TimeDelta::days(40)).unwrap();
        let mut expected = timeline(unbounded.clone(), Vec::new()).shifts(Layer::Base, window);
        expected.truncate(count);
        let until = last.format("%Y%m%dT%H%M%SZ");
        let between = (last + (end - last) / 2).format("%Y%m%dT%H%M%SZ");
        for bound in [format!("COUNT={count}"), format!("UNTIL={until}"), format!("UNTIL={between}")] {
            let bounded = plain(&zone, &format!("{rule};{bound}")).unwrap();
            let found = timeline(bounded, Vec::new()).shifts(Layer::Base, window);
            prop_assert_eq!(&found, &expected, "{}", bound);
        }
    }

    #[test]
    fn a_preview_is_the_difference_and_nothing_else(rotation in rotations(), overrides in overrides(), window in windows()) {
        let plain = timeline(rotation.clone(), Vec::new());
        let covered = timeline(rotation, overrides);
        let same = preview::diff(&covered, &covered, window);
        prop_assert!(same.changes.is_empty() && same.gaps_made.is_empty() && same.gaps_mended.is_empty());
        let diff = preview::diff(&plain, &covered, window);
        let seconds = |gaps: &[crate::schedule::timeline::Gap]| gaps.iter().map(|gap| gap.interval.seconds()).sum::<i64>();
        let (mut gained, mut lost) = (0, 0);
        for change in &diff.changes {
            for piece in &change.gains {
                prop_assert_eq!(person_at(&covered, Layer::Final, piece.interval.start()), Some(change.person));
                prop_assert_ne!(person_at(&plain, Layer::Final, piece.interval.start()), Some(change.person));
                gained += piece.interval.seconds();
            }
            for piece in &change.loses {
                prop_assert_eq!(person_at(&plain, Layer::Final, piece.interval.start()), Some(change.person));
                prop_assert_ne!(person_at(&covered, Layer::Final, piece.interval.start()), Some(change.person));
                lost += piece.interval.seconds();
            }
        }
        // What people gain they take from others or from gaps.
        prop_assert_eq!(gained - lost, seconds(&diff.gaps_mended) - seconds(&diff.gaps_made));
    }
}
