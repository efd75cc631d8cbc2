//! Timelines: the only thing that says who has a duty.

use std::sync::Arc;

use super::ids::{OverrideId, PersonId, SwapId};
use super::interval::{Instant, Interval};
use super::overrides::Override;
use super::person::People;
use super::rotation::Rotation;

/// Which timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// What revisions alone say.
    Base,
    /// Base with overrides laid over it.
    Final,
}

/// Why somebody has the duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A turn of the core order or a watch of the plan, which nominally began at `began`.
    Turn {
        /// The handoff, whatever revisions, duty hours or overrides cut away.
        began: Instant,
    },
    /// An override.
    Override {
        /// Its id.
        id: OverrideId,
        /// The swap it belongs to.
        swap: Option<SwapId>,
    },
}

/// One person, contiguous, one cause; maximal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shift {
    /// From when to when; the end may be [`super::interval::FOREVER`].
    pub interval: Interval,
    /// Who.
    pub person: PersonId,
    /// Why.
    pub cause: Cause,
}

/// Why nobody has the duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Before the first revision is in force.
    NotStarted,
    /// After the last turn, or archived.
    Ended,
    /// Outside duty hours.
    DutyHours,
    /// Nobody of the pool is available.
    OutOfHours,
    /// An override by nobody.
    Override,
    /// Before a revision's first handoff.
    NoHandoff,
}

/// A time in which nobody has the duty, for one reason; maximal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gap {
    /// From when to when; the end may be [`super::interval::FOREVER`].
    pub interval: Interval,
    /// Why.
    pub reason: GapReason,
}

/// What a timeline has at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Somebody.
    Shift(Shift),
    /// Nobody.
    Gap(Gap),
}

/// The timelines of one rotation. Cheap to make; answers are computed and cached, never stored.
#[derive(Debug)]
pub struct Timeline {
    rotation: Arc<Rotation>,
    overrides: Vec<Override>,
    people: People,
}
