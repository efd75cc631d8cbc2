//! Who is in a team from when to when.

use proptest::prelude::*;
use uuid::Uuid;

use super::build::*;
use crate::ids::{PersonId, TeamId};
use crate::people::team::{Consent, Membership, Team};
use crate::time::interval::{Interval, Timestamp};
use crate::time::zone::Zone;

/// A team with these members from always.
pub fn team(members: &str) -> Team {
    Team {
        id: TeamId::from_uuid(Uuid::from_u128(8)),
        slug: "heroes".to_owned(),
        name: "Heroes".to_owned(),
        time_zone: Zone::utc(),
        memberships: members
            .chars()
            .map(|name| Membership::of(p(name)))
            .collect(),
        version: 1,
    }
}

/// A day of March 2026.
fn day(day: u32) -> Timestamp {
    at(&format!("2026-03-{day:02}T00:00:00Z"))
}

fn days(first: u32, last: u32) -> Interval {
    Interval::new(day(first), day(last)).unwrap()
}

fn letters(people: impl Iterator<Item = PersonId>) -> String {
    people.map(letter).collect()
}

/// Who is in it on some days of March.
fn told(team: &Team) -> Vec<String> {
    [1, 5, 10, 15, 20]
        .into_iter()
        .map(|one| letters(team.members(day(one))))
        .collect()
}

#[test]
fn people_join_and_leave_from_a_day_on() {
    let mut team = team("AB");
    assert!(team.join(p('C'), day(10), Consent::NotNeeded));
    assert!(team.leave(p('A'), day(15)));
    assert_eq!(told(&team), ["AB", "AB", "ABC", "BC", "BC"]);
    assert!(!team.has(p('C'), at("2026-03-09T23:59:59Z")));
    // What is so already, or planned so, changes nothing.
    assert!(!team.join(p('B'), day(5), Consent::NotNeeded));
    assert!(!team.join(p('C'), day(12), Consent::NotNeeded));
    assert!(!team.leave(p('A'), day(15)));
    assert!(!team.leave(p('D'), day(5)));
    // Sooner, later, not at all.
    assert!(team.join(p('C'), day(5), Consent::NotNeeded));
    assert_eq!(told(&team), ["AB", "ABC", "ABC", "BC", "BC"]);
    assert!(team.leave(p('C'), day(5)));
    assert_eq!(told(&team), ["AB", "AB", "AB", "B", "B"]);
    assert!(team.join(p('A'), day(15), Consent::NotNeeded), "she stays");
    assert_eq!(team, self::team("AB"));
    // Whoever comes again was away in between.
    assert!(team.leave(p('A'), day(5)));
    assert!(team.join(p('A'), day(15), Consent::NotNeeded));
    assert_eq!(told(&team), ["AB", "B", "B", "AB", "AB"]);
    assert_eq!(letters(team.members_throughout(days(1, 5))), "AB");
    assert_eq!(letters(team.members_throughout(days(1, 6))), "B");
    assert_eq!(letters(team.members_throughout(days(14, 16))), "B");
    assert_eq!(letters(team.members_throughout(days(15, 16))), "AB");
    assert_eq!(letters(team.members_within(days(5, 15))), "B");
    assert_eq!(letters(team.members_within(days(5, 16))), "AB");
}

#[test]
fn a_list_of_members_says_who_is_in_it_now() {
    let mut team = team("AB");
    team.join(p('D'), day(15), Consent::NotNeeded);
    team.leave(p('B'), day(15));
    team.set_members(&[p('B'), p('C')], day(5), |_| Consent::NotNeeded);
    assert_eq!(told(&team), ["AB", "BC", "BC", "CD", "CD"]);
    team.set_members(&[p('C'), p('D')], day(10), |_| Consent::NotNeeded);
    assert_eq!(told(&team), ["AB", "BC", "CD", "CD", "CD"]);
}

#[test]
fn managers_manage_while_they_are_members() {
    let mut team = team("AB");
    team.set_managers(&[p('A'), p('C')], day(5));
    assert_eq!(letters(team.members(day(5))), "ABC");
    assert_eq!(letters(team.managers(day(5))), "AC");
    team.leave(p('A'), day(15));
    assert_eq!(letters(team.managers(day(10))), "AC");
    assert_eq!(letters(team.managers(day(15))), "C");
    // Whoever stays after all manages as before; whoever comes back later does not.
    let mut stays = team.clone();
    stays.join(p('A'), day(15), Consent::NotNeeded);
    assert_eq!(letters(stays.managers(day(20))), "AC");
    team.join(p('A'), day(20), Consent::NotNeeded);
    assert_eq!(letters(team.managers(day(20))), "C");
    team.join(p('D'), day(10), Consent::NotNeeded);
    team.promote(p('D'), day(10));
    assert_eq!(letters(team.managers(day(10))), "ACD");
    assert_eq!(letters(team.managers(day(5))), "AC");
}

#[derive(Debug, Clone)]
enum Step {
    Join(char, u32),
    Leave(char, u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = (
        prop::sample::select(vec!['A', 'B', 'C']),
        1..25u32,
        any::<bool>(),
    );
    let step = one.prop_map(|(name, day, joins)| {
        if joins {
            Step::Join(name, day)
        } else {
            Step::Leave(name, day)
        }
    });
    prop::collection::vec(step, 1..20)
}

proptest! {
    /// A step decides what is from its day on, and nothing else: not what was before, nor for anybody else. Stretches
    /// of one person stay in order and apart.
    #[test]
    fn a_step_decides_what_is_from_its_day_on(steps in steps()) {
        let mut team = team("AB");
        for step in steps {
            let before = team.clone();
            let (name, from, joins) = match step {
                Step::Join(name, from) => (name, from, true),
                Step::Leave(name, from) => (name, from, false),
            };
            let changed = if joins { team.join(p(name), day(from), Consent::NotNeeded) } else { team.leave(p(name), day(from)) };
            prop_assert_eq!(changed, team != before);
            for probe in 1..28 {
                for other in ['A', 'B', 'C'] {
                    let expected = if other == name && probe >= from {
                        joins
                    } else {
                        before.has(p(other), day(probe))
                    };
                    prop_assert_eq!(team.has(p(other), day(probe)), expected, "{} on {}", other, probe);
                }
            }
            for pair in team.memberships.windows(2).filter(|pair| pair[0].person == pair[1].person) {
                prop_assert!(pair[0].until.is_some() && pair[0].until < pair[1].from, "{:?}", pair);
            }
            for one in &team.memberships {
                prop_assert!(one.until.is_none() || one.from < one.until, "{:?}", one);
            }
        }
    }
}

#[test]
fn consent_is_pending_until_somebody_agrees_and_again_after_a_gap() {
    let mut team = team("AM");
    let pending = Consent::Pending {
        added_by: Some(p('M')),
    };
    team.join(p('C'), day(5), pending);
    assert!(team.has(p('C'), day(6)) && !team.knows(p('C'), day(6)));
    assert_eq!(team.pending(p('C'), day(1)), Some(Some(p('M'))));
    assert_eq!(team.pending(p('A'), day(1)), None);
    assert!(team.agree(p('C'), Some(p('C')), day(6)));
    assert!(!team.agree(p('C'), Some(p('C')), day(6)), "once is enough");
    assert!(team.knows(p('C'), day(6)) && !team.knows(p('C'), day(4)));
    // A departure that is taken back changes nothing.
    team.leave(p('C'), day(20));
    team.join(p('C'), day(20), pending);
    assert!(team.knows(p('C'), day(21)));
    // Whoever left and is added again is asked again.
    team.leave(p('C'), day(10));
    team.join(p('C'), day(15), pending);
    assert!(team.knows(p('C'), day(9)) && !team.knows(p('C'), day(16)));
    // A list of members leaves those alone who are in it, and asks for each who is not.
    team.set_members(&[p('A'), p('C'), p('D')], day(16), |one| {
        if one == p('D') {
            Consent::NotNeeded
        } else {
            pending
        }
    });
    assert!(team.knows(p('D'), day(16)) && team.knows(p('A'), day(16)));
    assert!(!team.knows(p('C'), day(16)));
    // What was is not agreed to any more.
    team.leave(p('C'), day(17));
    assert!(!team.agree(p('C'), None, day(18)));
}
