//! Swaps: every state, every action, everybody; and what comes of it on the timeline.

mod times;

use chrono::TimeDelta;
use uuid::Uuid;

use super::build::*;
use crate::ids::{OverrideId, PersonId, SwapId};
use crate::people::person::People;
use crate::schedule::overrides::Override;
use crate::schedule::rotation::Rotation;
use crate::schedule::timeline::{Layer, Timeline};
use crate::swaps::{
    Action, Decision, Offer, Party, State, Swap, SwapError, Terms, stretches, time_of,
};
use crate::time::interval::{Interval, Timestamp};

/// A rotation with swaps, as the services keep it.
pub struct World {
    pub rotation: Rotation,
    pub overrides: Vec<Override>,
    pub people: People,
    pub swaps: Vec<Swap>,
}

impl World {
    pub fn new(rotation: Rotation, overrides: Vec<Override>) -> Self {
        Self {
            rotation,
            overrides,
            people: People::new(),
            swaps: Vec::new(),
        }
    }

    pub fn timeline(&self) -> Timeline {
        let rotation = std::sync::Arc::new(self.rotation.clone());
        Timeline::new(rotation, self.overrides.clone(), self.people.clone())
    }

    pub fn open(
        &mut self,
        giver: char,
        terms: Terms,
        offer: Offer,
        now: Timestamp,
    ) -> Result<usize, SwapError> {
        let other = match &offer {
            Offer::People(people) => people.first().copied(),
            Offer::Team => None,
        };
        terms.check(&self.timeline(), p(giver), other, now)?;
        let id = SwapId::from_uuid(Uuid::from_u64_pair(
            2,
            u64::try_from(self.swaps.len()).unwrap(),
        ));
        self.swaps.push(Swap {
            id,
            rotation: self.rotation.id,
            giver: p(giver),
            terms,
            offer,
            declined: Vec::new(),
            state: State::Open,
            note: None,
            opened_by: Some(p(giver)),
            created_at: now,
            decided_at: None,
            version: 1,
        });
        Ok(self.swaps.len() - 1)
    }

    pub fn act(
        &mut self,
        swap: usize,
        party: Party,
        action: Action,
        now: Timestamp,
    ) -> Result<Decision, SwapError> {
        let decision = self.swaps[swap].decide(&self.timeline(), &party, action, now)?;
        let swap = &mut self.swaps[swap];
        swap.state = decision.state;
        swap.declined.extend(decision.declined);
        for (interval, person) in &decision.made {
            let sequence = i64::try_from(self.overrides.len()).unwrap() + 1;
            self.overrides.push(Override {
                id: OverrideId::from_uuid(Uuid::from_u64_pair(1, u64::try_from(sequence).unwrap())),
                swap: Some(swap.id),
                created_at: now,
                ..cover(sequence, Some(*person), *interval)
            });
        }
        for one in &mut self.overrides {
            if decision.cancelled.contains(&one.id) {
                one.cancelled_at = Some(now);
            }
        }
        Ok(decision)
    }

    pub fn state(&self, swap: usize, now: Timestamp) -> State {
        self.swaps[swap].state_at(now)
    }
}

pub fn member(name: char) -> Party {
    Party {
        person: Some(p(name)),
        in_team: true,
        manages: false,
        administrates: false,
    }
}

fn stranger(name: char) -> Party {
    Party {
        in_team: false,
        ..member(name)
    }
}

fn manager(name: char) -> Party {
    Party {
        manages: true,
        ..member(name)
    }
}

fn administrator(name: Option<char>) -> Party {
    Party {
        person: name.map(p),
        in_team: false,
        manages: true,
        administrates: true,
    }
}

/// A's first week.
fn week() -> Interval {
    span("2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z")
}

/// B's first week.
fn next_week() -> Interval {
    span("2026-03-09T10:00:00Z", "2026-03-16T10:00:00Z")
}

fn before() -> Timestamp {
    at("2026-02-20T00:00:00Z")
}

fn days(first: u32, last: u32) -> Interval {
    span(
        &format!("2026-03-{first:02}T10:00:00Z"),
        &format!("2026-03-{last:02}T10:00:00Z"),
    )
}

fn people(names: &str) -> Offer {
    Offer::People(names.chars().map(p).collect())
}

fn trade() -> Terms {
    Terms::Trade {
        given: week(),
        returned: next_week(),
    }
}

/// A world in which A asks for a cover of their first week.
fn asked(offer: Offer) -> (World, usize) {
    let mut world = World::new(abc(), Vec::new());
    let swap = world.open('A', Terms::Cover(week()), offer, before());
    (world, swap.unwrap())
}

/// The same, where B and C have taken it between them.
fn shared() -> (World, usize) {
    let (mut world, swap) = asked(Offer::Team);
    for (name, first, last) in [('B', 2, 5), ('C', 5, 9)] {
        let part = Action::Accept(Some(days(first, last)));
        world.act(swap, member(name), part, before()).unwrap();
    }
    (world, swap)
}

/// A world with one swap by A that is in this state, and was taken by B where it ever was.
fn in_state(state: State, terms: Terms, offer: Offer) -> World {
    let mut world = World::new(abc(), Vec::new());
    let swap = world.open('A', terms, offer, before()).unwrap();
    let taken = matches!(state, State::Accepted | State::Undone);
    if taken {
        world
            .act(swap, member('B'), Action::Accept(None), before())
            .unwrap();
    }
    if state == State::Undone {
        world
            .act(swap, member('A'), Action::Undo, before())
            .unwrap();
    }
    world.swaps[swap].state = state;
    world
}

const STATES: [State; 6] = [
    State::Open,
    State::Accepted,
    State::Declined,
    State::Withdrawn,
    State::Expired,
    State::Undone,
];

/// What each of them may do in each state: `A`ccept, `D`ecline, `W`ithdraw, `U`ndo; what they may not do at all is
/// another refusal than what the state does not let anybody do.
#[test]
fn every_state_every_action_everybody() {
    let actors: [(&str, Party, &str); 9] = [
        ("the giver", member('A'), "WU"),
        ("the giver, who manages", manager('A'), "WU"),
        ("who is asked", member('B'), "AD"),
        ("who is asked and manages", manager('B'), "ADWU"),
        ("another of the team", member('C'), "ad"),
        ("a manager", manager('C'), "adWU"),
        ("a stranger", stranger('X'), ""),
        ("an administrator", administrator(Some('Z')), "AWU"),
        ("the operator", administrator(None), "WU"),
    ];
    let offers = [
        (Terms::Cover(week()), Offer::Team, true),
        (Terms::Cover(week()), people("B"), false),
        (trade(), people("B"), false),
    ];
    let mut seen = 0;
    for (terms, offer, to_team) in offers {
        for state in STATES {
            for (who, party, rights) in &actors {
                for (letter, action) in [
                    ('A', Action::Accept(None)),
                    ('D', Action::Decline),
                    ('W', Action::Withdraw),
                    ('U', Action::Undo),
                ] {
                    let mut world = in_state(state, terms, offer.clone());
                    // A small letter is a right of the whole team; whoever took it undoes it.
                    let takes =
                        letter == 'U' && state == State::Accepted && party.person == Some(p('B'));
                    let may = rights.contains(letter)
                        || to_team && rights.contains(letter.to_ascii_lowercase())
                        || takes;
                    let fits = match letter {
                        'U' => state == State::Accepted,
                        _ => state == State::Open,
                    };
                    // In a trade it is the other's time that an administrator would have to give.
                    let gives =
                        letter != 'A' || terms.returned().is_none() || party.person == Some(p('B'));
                    let found = world.act(0, *party, action, before());
                    let what = format!("{who}: {action:?} of {terms:?}, {state:?}: {found:?}");
                    match (may, fits) {
                        (false, _) => {
                            assert!(matches!(found, Err(SwapError::NotAllowed(_))), "{what}");
                        }
                        (true, false) => assert!(
                            matches!(found, Err(SwapError::NotOpen(_) | SwapError::NothingTaken)),
                            "{what}"
                        ),
                        (true, true) if !gives => {
                            assert!(matches!(found, Err(SwapError::NotTheirs(_))), "{what}");
                        }
                        (true, true) => {
                            let expected = match letter {
                                'A' => State::Accepted,
                                'D' if to_team => State::Open,
                                'D' => State::Declined,
                                'W' => State::Withdrawn,
                                _ => State::Undone,
                            };
                            assert_eq!(found.map(|done| done.state), Ok(expected), "{what}");
                        }
                    }
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 3 * 6 * 9 * 4);
}

#[test]
fn several_people_share_a_cover() {
    let (mut world, swap) = asked(Offer::Team);
    let part = |first, last| Action::Accept(Some(days(first, last)));
    world.act(swap, member('B'), part(3, 5), before()).unwrap();
    assert_eq!(world.state(swap, before()), State::Open);
    let left = world.swaps[swap].left(&world.timeline(), before());
    assert_eq!(left.as_slice(), [days(2, 3), days(5, 9)]);
    // Nobody takes what is taken, nor what was not asked for.
    for (first, last, refusal) in [
        (4, 6, SwapError::Taken),
        (3, 4, SwapError::Taken),
        (8, 10, SwapError::Outside),
        (1, 3, SwapError::Outside),
    ] {
        let found = world.act(swap, member('C'), part(first, last), before());
        assert_eq!(found, Err(refusal), "{first} to {last}");
    }
    // Without bounds: whatever is left.
    let rest = world
        .act(swap, member('C'), Action::Accept(None), before())
        .unwrap();
    assert_eq!(rest.made, [(days(2, 3), p('C')), (days(5, 9), p('C'))]);
    assert_eq!(world.state(swap, before()), State::Accepted);
    let timeline = world.timeline();
    for (instant, expected) in [
        ("2026-03-02T10:00:00Z", 'C'),
        ("2026-03-03T10:00:00Z", 'B'),
        ("2026-03-05T09:59:59Z", 'B'),
        ("2026-03-05T10:00:00Z", 'C'),
        ("2026-03-09T10:00:00Z", 'B'),
    ] {
        assert_eq!(
            who(&timeline, Layer::Final, at(instant)),
            expected,
            "{instant}"
        );
    }
    assert_eq!(who(&timeline, Layer::Base, at("2026-03-03T10:00:00Z")), 'A');
}

#[test]
fn who_hands_a_part_back_leaves_the_others_theirs() {
    let (mut world, swap) = shared();
    assert_eq!(world.state(swap, before()), State::Accepted);
    world
        .act(swap, member('B'), Action::Undo, before())
        .unwrap();
    // What was handed back can be taken again.
    assert_eq!(world.state(swap, before()), State::Open);
    assert_eq!(
        time_of(&world.timeline(), p('C'), week()).as_slice(),
        [days(5, 9)]
    );
    let again = world.act(swap, member('C'), Action::Accept(None), before());
    assert_eq!(again.unwrap().made, [(days(2, 5), p('C'))]);
    // The giver undoes all of it.
    let all = world
        .act(swap, member('A'), Action::Undo, before())
        .unwrap();
    assert_eq!((all.cancelled.len(), all.state), (2, State::Undone));
    assert_eq!(
        time_of(&world.timeline(), p('A'), week()).as_slice(),
        [week()]
    );
}

#[test]
fn what_has_begun_stays() {
    let (mut world, swap) = shared();
    let begun = at("2026-03-03T00:00:00Z");
    assert_eq!(
        world.act(swap, member('B'), Action::Undo, begun),
        Err(SwapError::Begun)
    );
    // Of what the giver undoes, only what lies ahead goes; and it is not offered again.
    let done = world.act(swap, member('A'), Action::Undo, begun).unwrap();
    assert_eq!((done.cancelled.len(), done.state), (1, State::Accepted));
    assert_eq!(
        world.act(swap, member('A'), Action::Undo, begun),
        Err(SwapError::Begun)
    );
    let mut world = in_state(State::Accepted, trade(), people("B"));
    assert_eq!(
        world.act(0, member('B'), Action::Undo, at("2026-03-02T10:00:00Z")),
        Err(SwapError::Begun)
    );
    world
        .act(0, member('B'), Action::Undo, at("2026-03-02T09:59:59Z"))
        .unwrap();
}

#[test]
fn what_was_taken_is_undone_as_far_as_it_goes() {
    // Who took it leaves in the middle of it: theirs is what is before that.
    let (mut world, swap) = asked(Offer::Team);
    world
        .act(swap, member('B'), Action::Accept(None), before())
        .unwrap();
    let leaves = at("2026-03-05T00:00:00Z");
    world.overrides[0].cancelled_at = Some(leaves);
    let taken = |world: &World| world.swaps[swap].taken(&world.overrides).count();
    assert_eq!(taken(&world), 1);
    let undone = world.act(swap, member('A'), Action::Undo, before());
    assert_eq!(undone.unwrap().state, State::Undone);
    assert_eq!(taken(&world), 0);

    // The rotation ends in the middle of it.
    let (mut world, swap) = asked(Offer::Team);
    world
        .act(swap, member('B'), Action::Accept(None), before())
        .unwrap();
    world.rotation.archived_at = Some(leaves);
    let undone = world.act(swap, member('B'), Action::Undo, before());
    assert_eq!(undone.unwrap().state, State::Undone);
}

#[test]
fn swaps_expire() {
    let (mut world, cover) = asked(Offer::Team);
    let trade = world.open('A', trade(), people("B"), before()).unwrap();
    for (instant, of_cover, of_trade) in [
        ("2026-03-02T09:59:59Z", State::Open, State::Open),
        ("2026-03-02T10:00:00Z", State::Open, State::Expired),
        ("2026-03-09T09:59:59Z", State::Open, State::Expired),
        ("2026-03-09T10:00:00Z", State::Expired, State::Expired),
    ] {
        let found = (
            world.state(cover, at(instant)),
            world.state(trade, at(instant)),
        );
        assert_eq!(found, (of_cover, of_trade), "{instant}");
    }
    assert_eq!(
        world.act(
            trade,
            member('B'),
            Action::Accept(None),
            at("2026-03-02T10:00:00Z")
        ),
        Err(SwapError::NotOpen(State::Expired))
    );
    // What remains of a cover that has begun can be taken: from now on.
    let late = at("2026-03-05T12:34:56Z");
    let rest = world
        .act(cover, member('B'), Action::Accept(None), late)
        .unwrap();
    assert_eq!(
        rest.made,
        [(Interval::new(late, week().end()).unwrap(), p('B'))]
    );
    assert_eq!(rest.state, State::Accepted);
    let timeline = world.timeline();
    assert_eq!(
        who(&timeline, Layer::Final, late - TimeDelta::seconds(1)),
        'A'
    );
    assert_eq!(who(&timeline, Layer::Final, late), 'B');
}

#[test]
fn time_must_still_belong_to_its_giver() {
    let (mut world, swap) = asked(Offer::Team);
    let trade = world.open('A', trade(), people("B"), before()).unwrap();
    // A manager gives a day of it to C, and a day of the other's week to nobody.
    world.overrides.push(cover(100, Some(p('C')), days(4, 5)));
    world.overrides.push(cover(101, None, days(10, 11)));
    let found = world.act(swap, member('B'), Action::Accept(None), before());
    assert_eq!(found, Err(SwapError::NotTheirs(days(4, 5))));
    let found = world.act(trade, member('B'), Action::Accept(None), before());
    assert_eq!(found, Err(SwapError::NotTheirs(days(4, 5))));
    let part = Action::Accept(Some(days(2, 4)));
    world.act(swap, member('B'), part, before()).unwrap();
    // Nor can be undone what is another's since.
    world.overrides.push(cover(102, Some(p('C')), days(3, 4)));
    let found = world.act(swap, member('B'), Action::Undo, before());
    assert_eq!(found, Err(SwapError::NotTheirs(days(3, 4))));
    // And nobody asks for what is not theirs.
    for terms in [
        Terms::Cover(next_week()),
        Terms::Cover(days(8, 10)),
        Terms::Cover(days(4, 5)),
    ] {
        let found = world.open('A', terms, Offer::Team, before());
        assert!(matches!(found, Err(SwapError::NotTheirs(_))), "{terms:?}");
    }
    let over = world.open('A', Terms::Cover(week()), Offer::Team, week().end());
    assert_eq!(over, Err(SwapError::Outside));
}

#[test]
fn trades_that_make_no_sense_are_refused() {
    let mut world = World::new(abc(), Vec::new());
    let terms = |given, returned| Terms::Trade { given, returned };
    for (terms, refusal) in [
        (terms(week(), week()), SwapError::Overlap),
        (
            terms(week(), days(18, 19)),
            SwapError::NotTheirs(days(18, 19)),
        ),
    ] {
        assert_eq!(world.open('A', terms, people("B"), before()), Err(refusal));
    }
    let late = world.open('A', trade(), people("B"), week().start());
    assert_eq!(late, Err(SwapError::TooLate));
    let swap = world.open('A', trade(), people("B"), before()).unwrap();
    let part = Action::Accept(Some(days(2, 4)));
    assert_eq!(
        world.act(swap, member('B'), part, before()),
        Err(SwapError::Whole)
    );
    let done = world
        .act(swap, member('B'), Action::Accept(None), before())
        .unwrap();
    assert_eq!(done.made, [(week(), p('B')), (next_week(), p('A'))]);
    // Both go back together, whoever asks.
    let undone = world
        .act(swap, member('B'), Action::Undo, before())
        .unwrap();
    assert_eq!((undone.cancelled.len(), undone.state), (2, State::Undone));
}

#[test]
fn all_who_are_named_decline() {
    let (mut world, swap) = asked(people("BC"));
    world
        .act(swap, member('B'), Action::Decline, before())
        .unwrap();
    assert_eq!(world.state(swap, before()), State::Open);
    assert_eq!(
        world.act(swap, member('B'), Action::Decline, before()),
        Err(SwapError::DeclinedAlready)
    );
    world
        .act(swap, member('C'), Action::Decline, before())
        .unwrap();
    assert_eq!(world.state(swap, before()), State::Declined);
}
