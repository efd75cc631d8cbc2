//! What a rotation is told, as it is sent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::RemindersInput;
use crate::values::{self, HoursInput};

/// When turns change, as it is sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoffInput {
    /// The first handoff: a local date and time, 1990 to 2100.
    #[serde(default)]
    #[schema(required = true)]
    pub start: String,
    /// An RFC 5545 RRULE without DTSTART.
    #[serde(default)]
    #[schema(required = true)]
    pub rule: String,
}

/// Who is first: a person's id, or an index in the order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum FirstInput {
    /// For a person who appears more than once.
    Index(usize),
    /// A person of the order.
    Person(String),
}

/// A rotation to set up.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRotation {
    /// What it is called.
    #[serde(default)]
    #[schema(required = true)]
    pub name: String,
    /// What the role is called.
    #[serde(default)]
    #[schema(required = true)]
    pub title: String,
    /// `ordered` or `follow_the_sun`.
    #[serde(default)]
    #[schema(required = true)]
    pub kind: String,
    /// IANA time zone.
    #[serde(default)]
    #[schema(required = true)]
    pub time_zone: String,
    /// When turns change (ordered only).
    #[serde(default)]
    pub handoff: Option<HandoffInput>,
    /// Ids of the core order, or of the pool.
    #[serde(default)]
    #[schema(required = true)]
    pub order: Vec<String>,
    /// Weekly hours to which turns are cut (ordered only).
    #[serde(default)]
    pub duty_hours: Option<Vec<HoursInput>>,
    /// Asked where this rotation has nobody.
    #[serde(default)]
    pub fallback_rotation_id: Option<String>,
    /// `gap` (default) or `not_working`.
    #[serde(default)]
    pub fallback_when: Option<String>,
    /// In force from then; by default the first handoff, or now.
    #[serde(default)]
    pub effective_from: Option<String>,
    /// Whose turn 0 is; by default the first of the order.
    #[serde(default)]
    pub first: Option<FirstInput>,
}

/// What to change of a rotation without moving a shift.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RotationChange {
    /// What it is called.
    pub name: Option<String>,
    /// What the role is called.
    pub title: Option<String>,
    /// Asked where this rotation has nobody; null for none.
    #[serde(deserialize_with = "values::given")]
    #[schema(value_type = Option<String>)]
    pub fallback_rotation_id: Option<Option<String>>,
    /// `gap` or `not_working`.
    pub fallback_when: Option<String>,
    /// When it reminds people, and of what: all of it.
    pub reminders: Option<RemindersInput>,
}

/// A revision: what is left out is as before.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewRevision {
    /// In force from then; by default a supplied first handoff that lies ahead, the next handoff, or now.
    pub effective_from: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// When turns change.
    pub handoff: Option<HandoffInput>,
    /// Ids of the core order, or of the pool.
    pub order: Option<Vec<String>>,
    /// Weekly hours to which turns are cut; null for none.
    #[serde(deserialize_with = "values::given")]
    #[schema(value_type = Option<Vec<HoursInput>>)]
    pub duty_hours: Option<Option<Vec<HoursInput>>>,
    /// Whose turn 0 is; by default whoever carries on.
    pub first: Option<FirstInput>,
}

/// Somebody to take out of the order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeOut {
    /// Who.
    #[serde(default)]
    #[schema(required = true)]
    pub person_id: String,
    /// From when on; by default the next handoff, so that nobody's running turn is cut.
    #[serde(default)]
    pub effective_from: Option<String>,
}

/// The end of a rotation.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Archive {
    /// From when on nobody has it; by default now.
    pub at: Option<String>,
}
