//! How a watcher rotation works on incidents: how patient it is, what severities mean, what is to be done.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Timestamp, ToDo};

/// What a severity means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Severity {
    /// What it is called, such as `SEV1`.
    pub name: String,
    /// When an incident is of this severity.
    #[serde(default)]
    pub meaning: String,
    /// Customers are told so many minutes after the declaration at the latest; null: not before it is over.
    #[serde(default)]
    pub first_update_minutes: Option<u32>,
    /// And again, so many minutes after they were last told; null: only at the start and when it is over.
    #[serde(default)]
    pub update_every_minutes: Option<u32>,
}

/// What the stages mean to this team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StageMeanings {
    /// Of `investigating`.
    pub investigating: String,
    /// Of `identified`.
    pub identified: String,
    /// Of `monitoring`.
    pub monitoring: String,
    /// Of `resolved`.
    pub resolved: String,
}

/// Something that is to be done at each incident, or after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// What.
    pub text: String,
    /// At which severities; none named: at all.
    #[serde(default)]
    pub severities: Vec<String>,
    /// So many hours after the incident at the latest (follow-ups only).
    #[serde(default)]
    pub due_hours: Option<u32>,
}

/// How a watcher rotation works on incidents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchSettings {
    /// How long a raised hand is waited for before the next candidate is nudged, in minutes.
    pub patience_minutes: u32,
    /// How long before they leave the watcher is reminded to hand over, in minutes.
    pub handover_minutes: u32,
    /// How long before an update for customers is due its owner is told, in minutes.
    pub update_notice_minutes: u32,
    /// The severities, worst first.
    pub severities: Vec<Severity>,
    /// What the stages mean.
    pub stages: StageMeanings,
    /// What the watcher does.
    pub checklist: Vec<Template>,
    /// What follows an incident.
    pub follow_ups: Vec<Template>,
    /// Where the support channel takes messages: a webhook of the chat.
    pub chat_webhook_url: Option<String>,
}

impl Default for StageMeanings {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            investigating: text("We know that something is wrong, and not yet what."),
            identified: text("We know what is wrong, and work on it."),
            monitoring: text("It seems mended; we make sure that it is."),
            resolved: text("It is over."),
        }
    }
}

impl Default for WatchSettings {
    fn default() -> Self {
        let severity = |name: &str, meaning: &str, first, every| Severity {
            name: name.to_owned(),
            meaning: meaning.to_owned(),
            first_update_minutes: Some(first),
            update_every_minutes: every,
        };
        let item = |text: &str, severities: &[&str], due_hours| Template {
            text: text.to_owned(),
            severities: severities.iter().map(|name| (*name).to_owned()).collect(),
            due_hours,
        };
        let (major, minor) = (["SEV1", "SEV2"], ["SEV3", "SEV4"]);
        Self {
            patience_minutes: 5,
            handover_minutes: 45,
            update_notice_minutes: 5,
            severities: vec![
                severity("SEV1", "Most customers cannot work.", 30, Some(30)),
                severity("SEV2", "Many customers are held up.", 60, Some(60)),
                severity("SEV3", "Some customers notice.", 15, None),
                severity("SEV4", "Announced work, or hardly noticed.", 15, None),
            ],
            stages: StageMeanings::default(),
            checklist: vec![
                item("The status page says clearly what customers see", &[], None),
                item("A standard answer is ready", &[], None),
                item(
                    "The communications lead saw it before it was used",
                    &major,
                    None,
                ),
                item("The communications lead saw it afterwards", &minor, None),
                item(
                    "Tickets that belong to it are found and attached",
                    &[],
                    None,
                ),
                item("The support channel knows", &[], None),
            ],
            follow_ups: vec![
                item(
                    "Tell the owners of all tickets that it is over",
                    &[],
                    Some(24),
                ),
                item("Delete the standard answer", &[], Some(24)),
                item("Check the documentation", &[], Some(168)),
                item("The write-up is out", &["SEV1"], Some(48)),
                item("Read the post-mortem", &major, Some(336)),
            ],
            chat_webhook_url: None,
        }
    }
}

impl WatchSettings {
    /// The severity of this name, whatever the case.
    #[must_use]
    pub fn severity(&self, name: &str) -> Option<&Severity> {
        self.severities
            .iter()
            .find(|severity| severity.name.eq_ignore_ascii_case(name))
    }

    /// What a watcher does at this severity.
    #[must_use]
    pub fn checklist(&self, severity: Option<&str>) -> Vec<ToDo> {
        self.checklist
            .iter()
            .filter(|template| template.is_for(severity))
            .map(|template| ToDo {
                text: template.text.clone(),
                due_at: None,
            })
            .collect()
    }

    /// What follows an incident of this severity that was over at `at`.
    #[must_use]
    pub fn follow_ups(&self, severity: Option<&str>, at: Timestamp) -> Vec<ToDo> {
        self.follow_ups
            .iter()
            .filter(|template| template.is_for(severity))
            .map(|template| ToDo {
                text: template.text.clone(),
                due_at: Some(at + TimeDelta::hours(template.due_hours.unwrap_or(24).into())),
            })
            .collect()
    }
}

impl Template {
    fn is_for(&self, severity: Option<&str>) -> bool {
        self.severities.is_empty()
            || severity.is_some_and(|severity| {
                self.severities
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(severity))
            })
    }
}
