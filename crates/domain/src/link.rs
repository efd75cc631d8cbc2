//! One-step links: what somebody may do who has the link, without signing in.

use serde::{Deserialize, Serialize};

use super::ids::{AddressChangeId, IncidentId, OverrideId, PersonId, RotationId, SwapId};
use super::interval::Timestamp;
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
    /// Asks the team whether somebody takes over their time in a rotation, from when until when.
    Cover(RotationId, Timestamp, Timestamp),
    /// An answer to a swap.
    Swap(SwapId, SwapStep),
    /// Something about an incident.
    Incident(IncidentId, IncidentStep),
    /// Undoes a change of the address with which they sign in.
    UndoAddress(AddressChangeId),
}

/// What a link does about a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapStep {
    /// They take it, or what is left of it.
    Accept,
    /// They say no.
    Decline,
    /// They give back what was taken, or take it back.
    Undo,
}

/// What a link does about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStep {
    /// They raise their hand.
    RaiseHand,
    /// They accept the handover of this number.
    Accept(u32),
    /// They decline it.
    Decline(u32),
    /// What is to be done, by its number, is done.
    Tick(u32),
}

/// A link: what it does, in whose name, until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// What it does.
    pub step: Step,
    /// In whose name.
    pub person: PersonId,
    /// Of no use from then on.
    pub expires: Timestamp,
}
