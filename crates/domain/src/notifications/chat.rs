//! What a chat is told, by a webhook that takes messages in the format of Slack.

use serde::{Deserialize, Serialize};

use crate::ids::{RotationId, TeamId};

/// Whose chat it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// A team's: it is told of all its rotations.
    Team(TeamId),
    /// A rotation's.
    Rotation(RotationId),
}

/// What a chat is told, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChatSettings {
    /// Where messages go; `None`: nowhere. It is a secret.
    pub webhook_url: Option<String>,
    /// At each handoff, who hands over to whom.
    pub handoffs: bool,
    /// When somebody looks for a cover among the team.
    pub covers: bool,
    /// On Monday morning, who has the duty in the week ahead.
    pub week_ahead: bool,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            webhook_url: None,
            handoffs: true,
            covers: true,
            week_ahead: true,
        }
    }
}

/// A chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Whose.
    pub place: Place,
    /// What it is told.
    pub settings: ChatSettings,
    /// Goes up with each change.
    pub version: i64,
}

impl Place {
    /// Its id: that of the team or the rotation.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Team(id) => id.to_string(),
            Self::Rotation(id) => id.to_string(),
        }
    }
}
