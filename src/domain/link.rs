//! One-step links: what somebody may do who has the link, without signing in.

use serde::{Deserialize, Serialize};

use super::ids::{OverrideId, PersonId};
use super::interval::Instant;
use super::preferences::Topic;

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Whoever takes over by an override hands it back.
    HandBack(OverrideId),
    /// Makes a calendar feed of their shifts.
    Subscribe,
    /// No more mails of this topic.
    Stop(Topic),
}

/// A link: what it does, in whose name, until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// What it does.
    pub step: Step,
    /// In whose name.
    pub person: PersonId,
    /// Of no use from then on.
    pub expires: Instant,
}
