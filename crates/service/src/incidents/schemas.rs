//! How the API's document shows the settings of incidents: their own types are of the domain, which knows nothing of
//! documents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a rotation works on incidents; what is left out is as by default.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = WatchSettings)]
#[serde(deny_unknown_fields)]
pub struct WatchSettingsSchema {
    /// How long a raised hand is waited for before the next candidate is nudged, in minutes.
    #[schema(required = false)]
    pub patience_minutes: u32,
    /// How long before they leave the watcher is reminded to hand over, in minutes.
    #[schema(required = false)]
    pub handover_minutes: u32,
    /// How long before an update for customers is due its owner is told, in minutes.
    #[schema(required = false)]
    pub update_notice_minutes: u32,
    /// The severities, worst first.
    #[schema(required = false)]
    pub severities: Vec<SeveritySchema>,
    /// What the stages mean.
    #[schema(required = false)]
    pub stages: StageMeaningsSchema,
    /// What the watcher does.
    #[schema(required = false)]
    pub checklist: Vec<TemplateSchema>,
    /// What follows an incident.
    #[schema(required = false)]
    pub follow_ups: Vec<TemplateSchema>,
    /// A webhook that takes messages in the format of Slack; null: nothing is told, or it is not for you to see.
    pub chat_webhook_url: Option<String>,
}

/// What a severity means.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Severity)]
#[serde(deny_unknown_fields)]
pub struct SeveritySchema {
    /// What it is called, such as `SEV1`.
    pub name: String,
    /// When an incident is of this severity.
    #[schema(required = false)]
    pub meaning: String,
    /// Customers are told so many minutes after the declaration at the latest; null: not before it is over.
    pub first_update_minutes: Option<u32>,
    /// And again, so many minutes after they were last told; null: only at the start and when it is over.
    pub update_every_minutes: Option<u32>,
}

/// What the stages mean to this team.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = StageMeanings)]
#[serde(deny_unknown_fields)]
pub struct StageMeaningsSchema {
    /// Of `investigating`.
    #[schema(required = false)]
    pub investigating: String,
    /// Of `identified`.
    #[schema(required = false)]
    pub identified: String,
    /// Of `monitoring`.
    #[schema(required = false)]
    pub monitoring: String,
    /// Of `resolved`.
    #[schema(required = false)]
    pub resolved: String,
}

/// Something that is to be done at each incident, or after it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ItemTemplate)]
#[serde(deny_unknown_fields)]
pub struct TemplateSchema {
    /// What.
    pub text: String,
    /// At which severities; none named: at all.
    #[schema(required = false)]
    pub severities: Vec<String>,
    /// So many hours after the incident at the latest (follow-ups only).
    pub due_hours: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incidents::WatchSettings;

    #[test]
    fn the_schema_has_every_member_of_the_settings() {
        let settings = serde_json::to_value(WatchSettings::default()).unwrap();
        let shown: WatchSettingsSchema = serde_json::from_value(settings.clone()).unwrap();
        assert_eq!(serde_json::to_value(shown).unwrap(), settings);
    }
}
