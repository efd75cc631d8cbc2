//! Properties of swaps over random rotations, overrides, and what people do.

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::Index;

use super::build::*;
use super::properties::{overrides, rotations};
use super::swaps::{World, member};
use crate::schedule::timeline::{Entry, Gap, Layer, Shift, Timeline};
use crate::swaps::{Action, Offer, Party, State, Terms};
use crate::time::interval::{Interval, IntervalSet, Timestamp};

const TEAM: [char; 6] = ['A', 'B', 'C', 'D', 'E', 'X'];

fn year() -> Interval {
    span("2026-01-01T00:00:00Z", "2027-02-01T00:00:00Z")
}

/// What somebody tries; most of it is refused.
#[derive(Debug, Clone)]
enum Try {
    Cover {
        shift: Index,
        from: i64,
        hours: i64,
    },
    Trade {
        shift: Index,
        other: Index,
    },
    Accept {
        swap: Index,
        who: Index,
        from: i64,
        hours: i64,
    },
    AcceptWhole {
        swap: Index,
        who: Index,
    },
    Do {
        swap: Index,
        who: Index,
        action: Action,
    },
    Wait(i64),
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let index = any::<Index>;
    let action = prop::sample::select(vec![
        Action::Decline,
        Action::Withdraw,
        Action::Undo,
        Action::Undo,
    ]);
    let one = prop_oneof![
        3 => (index(), 0..100_i64, 1..200_i64)
            .prop_map(|(shift, from, hours)| Try::Cover { shift, from, hours }),
        3 => (index(), index()).prop_map(|(shift, other)| Try::Trade { shift, other }),
        3 => (index(), index(), -10..100_i64, 1..100_i64)
            .prop_map(|(swap, who, from, hours)| Try::Accept { swap, who, from, hours }),
        4 => (index(), index()).prop_map(|(swap, who)| Try::AcceptWhole { swap, who }),
        3 => (index(), index(), action).prop_map(|(swap, who, action)| Try::Do { swap, who, action }),
        1 => (1..200_i64).prop_map(Try::Wait),
    ];
    prop::collection::vec(one, 0..25)
}

fn hours_of(interval: Interval, from: i64, hours: i64) -> Option<Interval> {
    let start = interval.start() + TimeDelta::hours(from);
    Interval::new(start, start + TimeDelta::hours(hours))
}

/// Shifts that lie ahead, in the year.
fn ahead(timeline: &Timeline, now: Timestamp) -> Vec<Shift> {
    let mut shifts = timeline.shifts(Layer::Final, year());
    shifts.retain(|shift| shift.interval.end() > now && shift.interval.end() < year().end());
    shifts
}

fn attempt(world: &mut World, one: &Try, now: &mut Timestamp) {
    let shifts = ahead(&world.timeline(), *now);
    let any_swap =
        |index: &Index| (!world.swaps.is_empty()).then(|| index.index(world.swaps.len()));
    let any_one = |index: &Index| member(*index.get(&TEAM));
    match one {
        Try::Wait(hours) => *now += TimeDelta::hours(*hours),
        Try::Cover { shift, from, hours } if !shifts.is_empty() => {
            let shift = shift.get(&shifts);
            let asked = hours_of(shift.interval, *from, *hours)
                .and_then(|some| some.intersect(&shift.interval));
            if let Some(asked) = asked {
                let _ = world.open(letter(shift.person), Terms::Cover(asked), Offer::Team, *now);
            }
        }
        Try::Trade { shift, other } if !shifts.is_empty() => {
            let (shift, other) = (shift.get(&shifts), other.get(&shifts));
            let terms = Terms::Trade {
                given: shift.interval,
                returned: other.interval,
            };
            let offer = Offer::People(vec![other.person]);
            if shift.person != other.person {
                let _ = world.open(letter(shift.person), terms, offer, *now);
            }
        }
        Try::Accept {
            swap,
            who,
            from,
            hours,
        } => {
            if let Some(swap) = any_swap(swap) {
                let part = hours_of(world.swaps[swap].terms.given(), *from, *hours);
                let _ = world.act(swap, any_one(who), Action::Accept(part), *now);
            }
        }
        Try::AcceptWhole { swap, who } => {
            if let Some(swap) = any_swap(swap) {
                let by = match &world.swaps[swap].offer {
                    Offer::Team => any_one(who),
                    Offer::People(people) => Party {
                        person: people.first().copied(),
                        ..any_one(who)
                    },
                };
                let _ = world.act(swap, by, Action::Accept(None), *now);
            }
        }
        Try::Do { swap, who, action } => {
            if let Some(swap) = any_swap(swap) {
                let _ = world.act(swap, any_one(who), *action, *now);
            }
        }
        Try::Cover { .. } | Try::Trade { .. } => {}
    }
}

fn on_duty(timeline: &Timeline) -> IntervalSet {
    let shifts = timeline.shifts(Layer::Final, year());
    shifts.iter().map(|shift| shift.interval).collect()
}

fn gaps(timeline: &Timeline) -> Vec<Gap> {
    timeline.gaps(Layer::Final, year())
}

fn everything(timeline: &Timeline) -> Vec<Entry> {
    timeline.entries(Layer::Final, year())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_sequence_of_swaps_changes_the_base_or_the_time_on_duty(
        rotation in rotations(), overrides in overrides(), tries in tries(),
    ) {
        let mut world = World::new(rotation, overrides);
        let before = world.timeline();
        let mut now = at("2026-02-10T00:00:00Z");
        for one in &tries {
            attempt(&mut world, one, &mut now);
        }
        let after = world.timeline();
        prop_assert_eq!(before.entries(Layer::Base, year()), after.entries(Layer::Base, year()));
        prop_assert_eq!(on_duty(&before), on_duty(&after));
        prop_assert_eq!(gaps(&before), gaps(&after));
    }

    #[test]
    fn what_is_over_is_never_changed(
        rotation in rotations(), overrides in overrides(), tries in tries(),
    ) {
        let mut world = World::new(rotation, overrides);
        let mut now = at("2026-02-10T00:00:00Z");
        for one in &tries {
            let before = world.timeline();
            let past = Interval::new(year().start(), now).unwrap();
            attempt(&mut world, one, &mut now);
            let cut = |timeline: &Timeline| -> Vec<_> {
                let shifts = timeline.shifts(Layer::Final, past);
                let persons = shifts.iter().map(|s| (s.interval.intersect(&past), s.person));
                persons.collect()
            };
            prop_assert_eq!(cut(&before), cut(&world.timeline()));
        }
    }

    #[test]
    fn an_accepted_and_undone_swap_restores_the_final_timeline(
        rotation in rotations(), overrides in overrides(), before in tries(), shift in any::<Index>(), other in any::<Index>(),
        parts in prop::collection::vec((0..150_i64, 1..80_i64, prop::sample::select(TEAM.to_vec())), 0..5), by_giver in any::<bool>(),
    ) {
        let mut world = World::new(rotation, overrides);
        let mut now = at("2026-02-10T00:00:00Z");
        for one in &before {
            attempt(&mut world, one, &mut now);
        }
        let shifts: Vec<Shift> = ahead(&world.timeline(), now).into_iter().filter(|s| s.interval.start() > now).collect();
        prop_assume!(!shifts.is_empty());
        let was = everything(&world.timeline());
        let shift = *shift.get(&shifts);
        let giver = letter(shift.person);

        // A cover, taken in parts.
        let swap = world.open(giver, Terms::Cover(shift.interval), Offer::Team, now).unwrap();
        for (from, hours, who) in &parts {
            let part = hours_of(shift.interval, *from, *hours);
            let _ = world.act(swap, member(*who), Action::Accept(part), now);
        }
        let rest = TEAM.iter().find(|name| **name != giver).unwrap();
        let _ = world.act(swap, member(*rest), Action::Accept(None), now);
        prop_assert_eq!(world.state(swap, now), State::Accepted);
        let timeline = world.timeline();
        prop_assert!(timeline.shifts(Layer::Final, shift.interval).iter().all(|other| other.person != shift.person));
        let takers = world.swaps[swap].taken(&world.overrides).filter_map(|one| one.person);
        let mut takers: Vec<char> = takers.map(letter).collect();
        takers.sort_unstable();
        takers.dedup();
        let by = if by_giver { vec![giver] } else { takers };
        for name in &by {
            world.act(swap, member(*name), Action::Undo, now).unwrap();
        }
        // What one of several hands back can be taken again, so that the others' does not end it.
        let expected = if by.len() == 1 { State::Undone } else { State::Open };
        prop_assert_eq!(world.state(swap, now), expected);
        prop_assert_eq!(&was, &everything(&world.timeline()));

        // A trade.
        let other = *other.get(&shifts);
        if other.person != shift.person {
            let terms = Terms::Trade { given: shift.interval, returned: other.interval };
            let swap = world.open(giver, terms, Offer::People(vec![other.person]), now).unwrap();
            world.act(swap, member(letter(other.person)), Action::Accept(None), now).unwrap();
            prop_assert_ne!(&was, &everything(&world.timeline()));
            let by = if by_giver { giver } else { letter(other.person) };
            world.act(swap, member(by), Action::Undo, now).unwrap();
            prop_assert_eq!(&was, &everything(&world.timeline()));
        }
    }
}
