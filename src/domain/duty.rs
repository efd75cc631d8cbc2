//! A rotation's answer for an instant: who has the duty, why, whether they are at work, who is next,
//! and which fallback answered where the rotation itself has nobody.

use std::sync::Arc;

use super::ids::{OverrideId, PersonId, RotationId};
use super::interval::{Instant, Interval};
use super::person::Person;
use super::rotation::FallbackWhen;
use super::timeline::{Cause, Entry, Gap, Layer, Shift, Timeline};

/// Where timelines and people are looked up.
pub trait Rota {
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
    /// Until when, where they are ([`super::interval::FOREVER`] where that never ends).
    pub until: Option<Instant>,
    /// When next, where they are not.
    pub next: Option<Instant>,
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
pub fn answer(rota: &impl Rota, rotation: RotationId, at: Instant) -> Option<Duty> {
    answer_within(rota, rotation, at, &mut Vec::new())
}

fn answer_within(
    rota: &impl Rota,
    rotation: RotationId,
    at: Instant,
    asked: &mut Vec<RotationId>,
) -> Option<Duty> {
    let timeline = rota.timeline(rotation)?;
    asked.push(rotation);
    let (entry, next) = timeline.moment(Layer::Final, at);
    let own = entry.shift();
    let working = own
        .map(|shift| working(rota, shift.person, at))
        .unwrap_or_default();
    let mut duty = Duty {
        person: own.map(|shift| shift.person),
        source: own.map(|shift| source(shift.cause)),
        override_id: own.and_then(|shift| override_of(shift.cause)),
        answered_by: rotation,
        shift: own.map(|shift| shift.interval),
        scheduled: scheduled(timeline, own, at),
        working,
        next,
        gap: match entry {
            Entry::Gap(gap) => Some(gap),
            Entry::Shift(_) => None,
        },
    };
    let config = timeline.rotation();
    let falls_back =
        duty.person.is_none() || config.fallback_when == FallbackWhen::NotWorking && !working.now;
    if let Some(fallback) = config
        .fallback
        .filter(|other| falls_back && !asked.contains(other))
        && let Some(other) =
            answer_within(rota, fallback, at, asked).filter(|other| other.person.is_some())
    {
        duty = Duty {
            person: other.person,
            source: Some(Source::Fallback),
            override_id: other.override_id,
            answered_by: other.answered_by,
            shift: other.shift,
            working: other.working,
            ..duty
        };
    }
    Some(duty)
}

fn scheduled(timeline: &Timeline, own: Option<&Shift>, at: Instant) -> Option<PersonId> {
    match own.map(|shift| (shift.cause, shift.person)) {
        Some((Cause::Turn { .. }, person)) => Some(person),
        _ => timeline
            .entry_at(Layer::Base, at)
            .shift()
            .map(|shift| shift.person),
    }
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

/// Whether a person is at work at `at`, by what was known then.
fn working(rota: &impl Rota, person: PersonId, at: Instant) -> Working {
    let Some(person) = rota.person(person) else {
        return Working::default();
    };
    if let Some(now) = person.available_at(at, at) {
        return Working {
            now: true,
            until: Some(now.end()),
            next: None,
        };
    }
    let next = person.next_available(at, at).map(|next| next.start());
    Working {
        now: false,
        until: None,
        next,
    }
}
