//! How swaps are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::schedule::duty::RotationLookup;
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::swaps::{Offer, Swap};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::views::PersonRef;

/// From when to when.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct TimeView {
    /// The first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

impl From<Interval> for TimeView {
    fn from(interval: Interval) -> Self {
        Self {
            start: interval.start(),
            end: interval.end(),
        }
    }
}

/// Something that was taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TakenView {
    /// The override that it became.
    pub override_id: String,
    /// Who takes over.
    pub person: Option<PersonRef>,
    /// The first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
}

/// A swap.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SwapView {
    /// Its id.
    pub id: String,
    /// The rotation.
    pub rotation_id: String,
    /// `cover` or `trade`.
    pub kind: &'static str,
    /// `open`, `accepted`, `declined`, `withdrawn`, `expired` or `undone`.
    pub state: &'static str,
    /// Whose time is given away.
    pub person: PersonRef,
    /// The first instant of it.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    /// What is given for it; null for a cover.
    pub in_return: Option<TimeView>,
    /// Ids of those it is offered to; none: the whole team.
    pub offered_to: Vec<String>,
    /// Ids of those who have declined.
    pub declined_by: Vec<String>,
    /// What was taken, and not undone since.
    pub taken: Vec<TakenView>,
    /// What can still be taken.
    pub remaining: Vec<TimeView>,
    /// For those who are asked.
    pub note: Option<String>,
    /// Who opened it; null: the first administrator.
    pub opened_by: Option<String>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When something was decided last.
    pub decided_at: Option<DateTime<Utc>>,
    /// From when on it cannot be taken any more.
    pub expires_at: DateTime<Utc>,
    /// Goes up with each decision.
    pub version: i64,
}

impl SwapView {
    /// The swap on its rotation's timeline.
    pub fn of(
        rota: &impl RotationLookup,
        timeline: &Timeline,
        swap: &Swap,
        now: Timestamp,
    ) -> Self {
        let ids = |people: &[_]| people.iter().map(ToString::to_string).collect();
        let given = swap.terms.given();
        let taken = |one: &Override| {
            let theirs = one.in_force()?;
            Some(TakenView {
                override_id: one.id.to_string(),
                person: one.person.map(|id| PersonRef::of(rota, id, theirs.start())),
                start: theirs.start(),
                end: theirs.end(),
                accepted_at: one.created_at,
            })
        };
        Self {
            id: swap.id.to_string(),
            rotation_id: swap.rotation.to_string(),
            kind: match swap.terms.returned() {
                None => "cover",
                Some(_) => "trade",
            },
            state: swap.state_at(now).as_str(),
            person: PersonRef::of(rota, swap.giver, given.start()),
            start: given.start(),
            end: given.end(),
            in_return: swap.terms.returned().map(TimeView::from),
            offered_to: match &swap.offer {
                Offer::Team => Vec::new(),
                Offer::People(people) => ids(people),
            },
            declined_by: ids(&swap.declined),
            taken: swap.taken(timeline.overrides()).filter_map(taken).collect(),
            remaining: swap
                .left(timeline, now)
                .as_slice()
                .iter()
                .map(|left| TimeView::from(*left))
                .collect(),
            note: swap.note.clone(),
            opened_by: swap.opened_by.map(|id| id.to_string()),
            created_at: swap.created_at,
            decided_at: swap.decided_at,
            expires_at: swap.terms.expires_at(),
            version: swap.version,
        }
    }
}
