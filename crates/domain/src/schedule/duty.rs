//! A rotation's answer for an instant: who has the duty, why, whether they are at work, who is next,
//! and which fallback answered where the rotation itself has nobody.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::ids::{OverrideId, PersonId, RotationId};
use crate::people::person::Person;
use crate::schedule::rotation::{FallbackWhen, Rotation};
use crate::schedule::timeline::{Cause, Gap, Layer, Shift, Timeline};
use crate::time::interval::{FOREVER, Interval, Timestamp};

/// Where timelines and people are looked up.
pub trait RotationLookup {
    /// The timeline of a rotation.
    fn timeline(&self, rotation: RotationId) -> Option<&Timeline>;
    /// A person.
    fn person(&self, person: PersonId) -> Option<&Arc<Person>>;
}

/// Where the answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The rotation's base timeline.
    Rotation,
    /// An override of the rotation.
    Override,
    /// The fallback rotation, or its fallback.
    Fallback,
}

/// Whether a person is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Working {
    /// At the instant asked about.
    pub now: bool,
    /// Until when, where they are ([`crate::time::interval::FOREVER`] where that never ends).
    pub until: Option<Timestamp>,
    /// When next, where they are not.
    pub next: Option<Timestamp>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// Who has it: by the rotation that answered.
    pub person: Option<PersonId>,
    /// Why; `None` where nobody has it.
    pub source: Option<Source>,
    /// The override of the rotation that answered.
    pub override_id: Option<OverrideId>,
    /// The rotation that answered: the one asked, or a fallback.
    pub answered_by: RotationId,
    /// The shift of the one who has it.
    pub shift: Option<Interval>,
    /// Who has it by the core order of the rotation asked.
    pub scheduled: Option<PersonId>,
    /// Whether the one who has it is at work.
    pub working: Working,
    /// The next shift of the rotation asked.
    pub next: Option<Shift>,
    /// Why the rotation asked has nobody, where it does not.
    pub gap: Option<Gap>,
}

/// The duty of `rotation` at `at`; `None` where there is no such rotation.
#[must_use]
pub fn answer(rota: &impl RotationLookup, rotation: RotationId, at: Timestamp) -> Option<Duty> {
    find(rota, rotation, at, &mut Vec::new()).map(|found| found.duty)
}

/// Answers that still hold. Most questions are about now, and what was the answer a moment ago is the
/// answer still, until a shift ends, somebody starts or stops work, or something else was recorded.
///
/// It belongs to one state of a [`RotationLookup`], and is to be thrown away with it.
#[derive(Debug, Default)]
pub struct Answers {
    last: RwLock<HashMap<RotationId, (Interval, Duty)>>,
}

impl Answers {
    /// The duty of `rotation` at `at`, as [`answer`] says it.
    #[must_use]
    pub fn answer(
        &self,
        rota: &impl RotationLookup,
        rotation: RotationId,
        at: Timestamp,
    ) -> Option<Duty> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        let known = last.get(&rotation).filter(|(holds, _)| holds.contains(at));
        if let Some((_, duty)) = known {
            return Some(*duty);
        }
        drop(last);
        let Found { duty, holds_until } = find(rota, rotation, at, &mut Vec::new())?;
        if let Some(holds) = Interval::new(at, holds_until) {
            let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
            last.insert(rotation, (holds, duty));
        }
        Some(duty)
    }
}

/// The timelines that are asked one after the other where `rotation` has nobody.
#[must_use]
pub fn fallbacks<'a>(rota: &'a impl RotationLookup, rotation: &Rotation) -> Vec<&'a Timeline> {
    let mut found: Vec<&Timeline> = Vec::new();
    let mut next = rotation.fallback;
    while let Some(timeline) = next.and_then(|id| rota.timeline(id)) {
        let is_asked = |asked: &&Timeline| asked.rotation().id == timeline.rotation().id;
        if timeline.rotation().id == rotation.id || found.iter().any(is_asked) {
            break;
        }
        found.push(timeline);
        next = timeline.rotation().fallback;
    }
    found
}

/// An answer, and until when it is the same.
struct Found {
    duty: Duty,
    holds_until: Timestamp,
}

fn find(
    rota: &impl RotationLookup,
    rotation: RotationId,
    at: Timestamp,
    asked: &mut Vec<RotationId>,
) -> Option<Found> {
    let timeline = rota.timeline(rotation)?;
    asked.push(rotation);
    let (entry, next) = timeline.moment(Layer::Final, at);
    let own = entry.shift();
    let base = match own {
        Some(shift) if matches!(shift.cause, Cause::Turn { .. }) => entry,
        _ => timeline.entry_at(Layer::Base, at),
    };
    let (working, as_long) = own.map_or((Working::default(), FOREVER), |shift| {
        working(rota, shift.person, at)
    });
    let ends = [entry.interval().end(), base.interval().end(), as_long];
    let mut holds_until = ends.into_iter().min().unwrap_or(at);
    let mut duty = Duty {
        person: own.map(|shift| shift.person),
        source: own.map(|shift| source(shift.cause)),
        override_id: own.and_then(|shift| override_of(shift.cause)),
        answered_by: rotation,
        shift: own.map(|shift| shift.interval),
        scheduled: base.shift().map(|shift| shift.person),
        working,
        next,
        gap: entry.gap().copied(),
    };
    let config = timeline.rotation();
    let falls_back =
        duty.person.is_none() || config.fallback_when == FallbackWhen::NotWorking && !working.now;
    if let Some(fallback) = config
        .fallback
        .filter(|other| falls_back && !asked.contains(other))
        && let Some(other) = find(rota, fallback, at, asked)
    {
        holds_until = holds_until.min(other.holds_until);
        if other.duty.person.is_some() {
            duty = Duty {
                person: other.duty.person,
                source: Some(Source::Fallback),
                override_id: other.duty.override_id,
                answered_by: other.duty.answered_by,
                shift: other.duty.shift,
                working: other.duty.working,
                ..duty
            };
        }
    }
    Some(Found { duty, holds_until })
}

const fn source(cause: Cause) -> Source {
    match cause {
        Cause::Turn { .. } => Source::Rotation,
        Cause::Override { .. } => Source::Override,
    }
}

const fn override_of(cause: Cause) -> Option<OverrideId> {
    match cause {
        Cause::Turn { .. } => None,
        Cause::Override { id, .. } => Some(id),
    }
}

/// Whether a person is at work at `at`, by what was known then; and until when that is the answer.
fn working(rota: &impl RotationLookup, person: PersonId, at: Timestamp) -> (Working, Timestamp) {
    let Some(person) = rota.person(person) else {
        return (Working::default(), FOREVER);
    };
    let current = person.available_at(at, at);
    let next = match current {
        Some(_) => None,
        None => person.next_available(at, at).map(|next| next.start()),
    };
    let working = Working {
        now: current.is_some(),
        until: current.map(|now| now.end()),
        next,
    };
    // Where nothing was found, a later question looks further: that is not to be remembered.
    let changes = working.until.or(next).unwrap_or(at);
    let later = Interval::new(at, changes)
        .into_iter()
        .flat_map(|ahead| person.recordings(ahead))
        .filter(|recorded| *recorded > at)
        .min();
    (working, later.unwrap_or(changes))
}
