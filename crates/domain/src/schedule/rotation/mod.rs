//! Rotations: the aggregate and its revisions.

use serde::{Deserialize, Serialize};

use crate::ids::{PersonId, RotationId, TeamId};
use crate::non_empty::NonEmpty;
use crate::time::hours::WeeklyHours;
use crate::time::interval::{FOREVER, Interval, Timestamp};
use crate::time::zone::Zone;

pub mod cadence;
pub mod handoff;
pub mod ordered;
mod reminders;
pub mod revise;
mod rule;
pub mod sun;

pub use cadence::Cadence;
pub use handoff::{Handoff, RuleError};
pub use reminders::{Checklists, HandoverSide, LONGEST_LEAD, Lead, ReminderSettings};

/// How a rotation decides whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The core order takes turns.
    Ordered,
    /// The pool, by working hours.
    FollowTheSun,
}

/// When the fallback rotation is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FallbackWhen {
    /// Where nobody has the duty.
    #[default]
    Gap,
    /// Also where the person on duty is outside working hours.
    NotWorking,
}

/// What a revision says beside its order.
#[derive(Debug, Clone)]
pub enum Plan {
    /// The order takes turns, handoff to handoff.
    Ordered {
        /// When turns change.
        handoff: Handoff,
        /// Index in the order of the person of turn 0.
        first: usize,
    },
    /// Working hours decide within the pool.
    FollowTheSun,
}

/// One version of a rotation's rules.
#[derive(Debug, Clone)]
pub struct Revision {
    /// 1 for the first.
    pub number: u32,
    /// In force from then until the next revision.
    pub effective_from: Timestamp,
    /// When it was made.
    pub recorded_at: Timestamp,
    /// The zone of handoff and duty hours.
    pub time_zone: Zone,
    /// The core order, or the pool.
    pub order: Vec<PersonId>,
    /// Weekly hours to which turns are cut (ordered only).
    pub duty_hours: Option<WeeklyHours>,
    /// The rest.
    pub plan: Plan,
}

/// A rotation.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Its id.
    pub id: RotationId,
    /// The team it belongs to.
    pub team: TeamId,
    /// What it is called.
    pub name: String,
    /// What the role is called.
    pub title: String,
    /// How it decides.
    pub kind: Kind,
    /// In order of `effective_from`.
    pub revisions: NonEmpty<Revision>,
    /// From then on nobody has it.
    pub archived_at: Option<Timestamp>,
    /// Asked where this one has nobody.
    pub fallback: Option<RotationId>,
    /// When `fallback` is asked.
    pub fallback_when: FallbackWhen,
    /// How people are reminded of its handoffs.
    pub reminders: ReminderSettings,
    /// Goes up with each change, revisions and archive included.
    pub version: i64,
}

impl Rotation {
    /// The revision in force at `at`.
    #[must_use]
    pub fn revision_at(&self, at: Timestamp) -> Option<&Revision> {
        self.revisions
            .iter()
            .rev()
            .find(|revision| revision.effective_from <= at)
    }

    /// The newest revision, in force or pending.
    #[must_use]
    pub fn newest(&self) -> &Revision {
        self.revisions.last()
    }

    /// From when to when the revision of this index governs; nothing once archived before.
    #[must_use]
    pub fn in_force(&self, index: usize) -> Option<Interval> {
        let from = self.revisions.get(index)?.effective_from;
        let until = self
            .revisions
            .get(index + 1)
            .map_or(FOREVER, |next| next.effective_from);
        Interval::new(from, until.min(self.archived_at.unwrap_or(FOREVER)))
    }

    /// Everybody whom a revision names, once each.
    #[must_use]
    pub fn everybody(&self) -> Vec<PersonId> {
        let mut all: Vec<PersonId> = self
            .revisions
            .iter()
            .flat_map(|r| r.order.iter().copied())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
