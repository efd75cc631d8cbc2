//! What holds for incidents whatever is tried.

use std::collections::HashSet;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::build::{away, p};
use super::incidents::{World, declared, everybody, happens, notes, world, world_of};
use crate::incidents::{
    Attendance, Fact, HandoverState, How, Incident, Recipient, WatchSettings, due,
};
use crate::time::interval::{Interval, Timestamp};

/// Something that somebody may try, by number.
fn attempt(
    incident: &Incident,
    world: &World,
    what: u8,
    name: char,
    now: Timestamp,
) -> Option<Fact> {
    let open = incident.handovers.last().map_or(1, |last| last.number);
    match what {
        0 | 1 => incident.take(world, p(name), How::RaisedHand, now).ok(),
        2 | 3 => incident.offer(world, p(name), notes("x"), now).ok(),
        4 | 5 => incident.accept(world, open, Some(p(name)), now).ok(),
        6 => incident.decline(open, Some(p(name))).ok(),
        7 => incident.leave(notes("y")).ok(),
        8 => incident.stay(now + TimeDelta::hours(2), now).ok(),
        9 => incident.tick(1, true).ok(),
        10 => Some(incident.tell("z".to_owned())),
        _ => incident.resolve(Vec::new()).ok().filter(|_| what == 19),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_tried_there_is_one_watcher_at_most(
        tries in proptest::collection::vec((0..20_u8, 0..6_usize, 1..300_i64), 1..40)
    ) {
        let world = world();
        let settings = WatchSettings::default();
        let mut incident = declared("2026-03-27T10:00:00Z", "SEV1");
        let mut now = incident.declared_at;
        for (what, name, minutes) in tries {
            now += TimeDelta::minutes(minutes);
            let name = "MGKATL".chars().nth(name).unwrap();
            if let Some(fact) = attempt(&incident, &world, what, name, now) {
                happens(&mut incident, now, fact);
            }
            // Watches follow one another, and only the last may run.
            for two in incident.watches.windows(2) {
                prop_assert!(two[0].until.is_some_and(|until| until <= two[1].from));
            }
            prop_assert!(incident.is_open() || incident.watch().is_none());
            prop_assert!(incident.is_open() || incident.open_handover().is_none());
            let open = incident.handovers.iter().filter(|one| one.state == HandoverState::Open);
            prop_assert!(open.count() <= 1);
            // Who did not take the watch has it only by their own yes.
            for watch in incident.watches.iter().filter(|watch| watch.how == How::HandedOver) {
                let said_yes = incident.handovers.iter().any(|handover| {
                    handover.state == HandoverState::Accepted
                        && handover.to == Some(watch.person)
                        && handover.closed_at == Some(watch.from)
                });
                prop_assert!(said_yes);
            }
            // Nobody outside working hours is asked or nudged.
            let prompts = due(&incident, &world, &settings, now);
            let keys: HashSet<&String> = prompts.iter().map(|prompt| &prompt.key).collect();
            prop_assert_eq!(keys.len(), prompts.len());
            for prompt in prompts.iter().filter(|prompt| {
                matches!(prompt.kind.as_str(), "ask" | "nudge")
            }) {
                if let Recipient::Person(person) = prompt.recipient {
                    let person = &world.people[&person];
                    prop_assert!(person.available_at(prompt.due_at, prompt.due_at).is_some());
                }
            }
        }
        // The state is the sum of the facts.
        let again = Incident::of(incident.id, incident.events.clone());
        prop_assert_eq!(again.as_ref(), Some(&incident));
    }

    /// Since when nobody watches becomes another instant by the watcher's coming and going only, whatever is recorded
    /// meanwhile, and however long it goes on.
    #[test]
    fn nobody_leaves_in_hindsight(
        absences in proptest::collection::vec((-48..480_i64, 1..200_i64, -100..600_i64), 0..6),
        taken in 0..48_i64,
    ) {
        let begin = declared("2026-03-24T00:00:00Z", "SEV3").declared_at;
        let hour = |hours: i64| begin + TimeDelta::hours(hours);
        let mut all = everybody();
        all[0].time_off = absences
            .into_iter()
            .filter_map(|(from, hours, recorded)| {
                let time = Interval::new(hour(from), hour(from + hours))?;
                Some(away(hour(recorded) + TimeDelta::minutes(20), time))
            })
            .collect();
        let world = world_of(all);
        let mut incident = declared("2026-03-24T00:00:00Z", "SEV3");
        happens(&mut incident, hour(taken), Fact::Watched { person: p('M'), how: How::RaisedHand });
        let mut before = None;
        for now in (taken..700).map(hour) {
            let since = match incident.attendance(&world, now) {
                Attendance::Watched { .. } => None,
                Attendance::Unwatched { since } => Some(since),
            };
            prop_assert!(since.is_none_or(|since| since <= now));
            if let (Some(since), Some(known)) = (since, before) {
                let came_and_went = now - TimeDelta::hours(1) < since;
                prop_assert!(since == known || came_and_went, "{since} was {known} before {now}");
            }
            before = since;
        }
    }
}
