//! Who could watch an incident: available people first, most working time ahead first, then those
//! who come online later.

use chrono::TimeDelta;

use crate::ids::PersonId;
use crate::people::person::People;
use crate::schedule::rotation::Rotation;
use crate::schedule::rotation::sun::{EQUAL_BEYOND, turn_of_equals};
use crate::time::interval::{FOREVER, Interval, Timestamp};

/// Whoever starts within this time counts as available.
pub const SOON: TimeDelta = TimeDelta::minutes(60);

/// A candidate at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub person: PersonId,
    /// When their current or coming availability ends; `None`: never.
    pub available_until: Option<Timestamp>,
    /// When they come online; `None`: they are.
    pub available_from: Option<Timestamp>,
    /// Seconds of that availability that lie ahead.
    pub working_seconds_left: i64,
}

/// The candidates of a pool at `at`, best first. Nobody who is away for more than a year.
#[must_use]
pub fn at(rotation: &Rotation, people: &People, at: Timestamp) -> Vec<Candidate> {
    let Some(revision) = rotation.revision_at(at) else {
        return Vec::new();
    };
    let coming: Vec<(PersonId, Interval)> = revision
        .order
        .iter()
        .filter_map(|id| Some((*id, people.get(id)?.available_or_next(at, at)?)))
        .collect();
    let (mut soon, mut later): (Vec<_>, Vec<_>) = coming
        .into_iter()
        .partition(|(_, available)| available.start() <= at + SOON);
    let left = |available: &Interval| {
        let ahead = available.end() - available.start().max(at);
        ahead.min(EQUAL_BEYOND + TimeDelta::seconds(1))
    };
    soon.sort_by_key(|(_, available)| std::cmp::Reverse(left(available)));
    later.sort_by_key(|(_, available)| available.start());
    let rotate = |tied: &mut [(PersonId, Interval)]| {
        let first = turn_of_equals(&revision.time_zone, at, tied.len());
        tied.rotate_left(first);
    };
    soon.chunk_by_mut(|(_, a), (_, b)| left(a) == left(b))
        .for_each(rotate);
    later
        .chunk_by_mut(|(_, a), (_, b)| a.start() == b.start())
        .for_each(rotate);
    soon.into_iter()
        .chain(later)
        .map(|(person, available)| candidate(person, available, at))
        .collect()
}

fn candidate(person: PersonId, available: Interval, at: Timestamp) -> Candidate {
    let from = available.start().max(at);
    Candidate {
        person,
        available_until: Some(available.end()).filter(|end| *end < FOREVER),
        available_from: Some(from).filter(|from| *from > at),
        working_seconds_left: (available.end() - from).num_seconds(),
    }
}
