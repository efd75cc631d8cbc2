//! Handovers, as they are sent and shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Brief;
use crate::domain::handovers::{Form, Handover, HandoverId, Item, Text};
use crate::domain::incidents::Notes;
use crate::snapshot::Snapshot;
use crate::values;
use crate::views::PersonRef;

/// What is to change of a handover; what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HandoverChange {
    /// What the next person needs to know; null takes it back. Not where somebody watches incidents.
    #[serde(deserialize_with = "values::given")]
    #[schema(value_type = Option<String>)]
    pub notes: Option<Option<String>>,
    /// The same in four parts, where somebody watches incidents.
    #[serde(deserialize_with = "values::given")]
    #[schema(value_type = Option<WatchNotes>)]
    pub watch_notes: Option<Option<WatchNotes>>,
    /// Items of whoever hands over, by their text; one that is not there yet is added.
    pub outgoing: Vec<Tick>,
    /// Likewise of whoever takes over.
    pub incoming: Vec<Tick>,
}

/// An item of a checklist.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tick {
    /// What is to be done.
    pub text: String,
    /// Whether it is.
    pub done: bool,
}

/// What the next watcher needs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchNotes {
    /// Where it stands.
    pub status: String,
    /// Roughly how many tickets.
    pub ticket_count: u32,
    /// What the next person needs to know.
    pub key_information: String,
    /// What users were told.
    pub told_to_users: String,
}

impl From<&Notes> for WatchNotes {
    fn from(notes: &Notes) -> Self {
        Self {
            status: notes.status.clone(),
            ticket_count: notes.ticket_count,
            key_information: notes.key_information.clone(),
            told_to_users: notes.told_to_users.clone(),
        }
    }
}

/// A handover.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandoverView {
    /// Its id.
    pub id: String,
    /// The rotation.
    pub rotation_id: String,
    /// When the next one takes over.
    pub at: DateTime<Utc>,
    /// What it asks for: `full`, `light` (notes only) or `watch` (the four notes).
    #[schema(value_type = String)]
    pub form: Form,
    /// Who hands over.
    pub from: PersonRef,
    /// Who takes over.
    pub to: PersonRef,
    /// What the next person needs to know.
    pub notes: Option<String>,
    /// The same in four parts, where somebody watches incidents.
    pub watch_notes: Option<WatchNotes>,
    /// Who wrote that.
    pub written_by: Option<PersonRef>,
    /// When.
    pub written_at: Option<DateTime<Utc>>,
    /// What whoever hands over is to do.
    pub outgoing: Vec<ItemView>,
    /// What whoever takes over is to do.
    pub incoming: Vec<ItemView>,
    /// Goes up with each change.
    pub version: i64,
}

/// An item of a checklist.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ItemView {
    /// What is to be done.
    pub text: String,
    /// Whether it is.
    pub done: bool,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
    /// Who did it.
    pub done_by: Option<PersonRef>,
    /// The handoff at which it was open already; null where it came up at this one.
    pub open_since: Option<DateTime<Utc>>,
}

impl HandoverView {
    /// A handover, and what is kept of it.
    pub(super) fn of(
        snapshot: &Snapshot,
        id: HandoverId,
        handover: &Handover,
        brief: &Brief,
    ) -> Self {
        let at = handover.at;
        let written = brief.written.as_ref();
        let (notes, watch_notes) = match written.map(|written| &written.notes) {
            Some(Text::Plain(text)) => (Some(text.clone()), None),
            Some(Text::Watch(notes)) => (None, Some(WatchNotes::from(notes))),
            None => (None, None),
        };
        let person = |id| PersonRef::of(snapshot, id, at);
        let items = |all: &[Item]| {
            let show = |item: &Item| ItemView {
                text: item.text.clone(),
                done: item.done.is_some(),
                done_at: item.done.map(|done| done.at),
                done_by: item.done.and_then(|done| done.by).map(person),
                open_since: (item.since < at).then_some(item.since),
            };
            all.iter().map(show).collect()
        };
        Self {
            id: id.to_string(),
            rotation_id: id.rotation.to_string(),
            at,
            form: handover.form,
            from: person(handover.from),
            to: person(handover.to),
            notes,
            watch_notes,
            written_by: written.and_then(|written| written.by).map(person),
            written_at: written.map(|written| written.written_at),
            outgoing: items(&brief.outgoing),
            incoming: items(&brief.incoming),
            version: brief.version,
        }
    }
}
