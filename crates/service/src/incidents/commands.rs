//! What is sent to declare an incident, and to work on it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::values;

/// An incident to declare.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIncident {
    /// What people call it, such as `INC-123`. The same incident declared twice is one.
    #[serde(default)]
    #[schema(required = true)]
    pub reference: String,
    /// What is wrong.
    #[serde(default)]
    #[schema(required = true)]
    pub title: String,
    /// One of the rotation's severities.
    #[serde(default)]
    pub severity: Option<String>,
    /// The follow-the-sun rotation whose people watch it.
    #[serde(default)]
    #[schema(required = true)]
    pub rotation_id: String,
    /// The rotation whose person tells customers; by default the watcher does.
    #[serde(default)]
    pub communications_rotation_id: Option<String>,
    /// Who leads the work on it: a person's id.
    #[serde(default)]
    pub lead: Option<String>,
    /// Its chat channel.
    #[serde(default)]
    pub channel_url: Option<String>,
    /// Its thread in the support channel.
    #[serde(default)]
    pub thread_url: Option<String>,
    /// What customers see.
    #[serde(default)]
    pub status_page_url: Option<String>,
    /// `self`, or a person's id: they watch at once.
    #[serde(default)]
    pub watch: Option<String>,
}

/// What to change of an incident; what is left out is as before.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IncidentChange {
    /// What is wrong.
    pub title: Option<String>,
    /// One of the rotation's severities.
    pub severity: Option<String>,
    /// `investigating`, `identified` or `monitoring`; it is resolved in its own way.
    pub stage: Option<String>,
    /// The rotation whose person tells customers.
    pub communications_rotation_id: Option<String>,
    /// Who leads the work on it: a person's id.
    pub lead: Option<String>,
    /// Its chat channel.
    pub channel_url: Option<String>,
    /// Its thread in the support channel.
    pub thread_url: Option<String>,
    /// What customers see.
    pub status_page_url: Option<String>,
}

/// A raised hand.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RaisedHand {
    /// Whose, where a manager names somebody; by default one's own.
    pub person_id: Option<String>,
}

/// The watch, to be offered to somebody or left for whoever comes next, with the four notes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHandover {
    /// Who is to watch: a person's id. Null: whoever comes next; the watch ends now.
    #[serde(default, deserialize_with = "values::given")]
    #[schema(required = true, value_type = Option<String>)]
    pub to: Option<Option<String>>,
    /// Where it stands.
    #[serde(default)]
    #[schema(required = true)]
    pub status: String,
    /// Roughly how many tickets belong to it.
    #[serde(default)]
    #[schema(required = true, value_type = u32)]
    pub ticket_count: Option<u32>,
    /// What the next person needs to know.
    #[serde(default)]
    #[schema(required = true)]
    pub key_information: String,
    /// What customers were told.
    #[serde(default)]
    #[schema(required = true)]
    pub told_to_users: String,
}

/// What customers were told.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpdate {
    /// What.
    #[serde(default)]
    #[schema(required = true)]
    pub text: String,
}

/// Until when the watcher is there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    /// Until then: earlier than their working hours end, or later.
    #[serde(default)]
    #[schema(required = true)]
    pub until: String,
}

/// Something to be done is done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IncidentTick)]
pub struct Tick {
    /// Whether it is done.
    pub done: bool,
}

/// The end of an incident.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resolve {
    /// What customers were told at the end.
    pub text: Option<String>,
}
