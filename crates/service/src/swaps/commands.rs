//! What is said about swaps, as it is sent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::access::audit::AuditAction;

/// A stretch of time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeInput {
    /// The first instant.
    #[serde(default)]
    #[schema(required = true)]
    pub start: String,
    /// The first instant after it.
    #[serde(default)]
    #[schema(required = true)]
    pub end: String,
}

/// A swap to open.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSwap {
    /// The rotation.
    #[serde(default)]
    #[schema(required = true)]
    pub rotation_id: String,
    /// `cover` or `trade`.
    #[serde(default)]
    #[schema(required = true)]
    pub kind: String,
    /// The first instant of the time that is given away.
    #[serde(default)]
    #[schema(required = true)]
    pub start: String,
    /// The first instant after it.
    #[serde(default)]
    #[schema(required = true)]
    pub end: String,
    /// What is wanted for it (trades only).
    #[serde(default)]
    pub in_return: Option<TimeInput>,
    /// Ids of those it is offered to; by default the whole team. A trade is offered to one person.
    #[serde(default)]
    pub offered_to: Option<Vec<String>>,
    /// For those who are asked.
    #[serde(default)]
    pub note: Option<String>,
    /// Whose time it is; by default the caller's, or, where it is not and they manage the team, that of whoever
    /// has it.
    #[serde(default)]
    pub person_id: Option<String>,
}

/// The part of a cover that is accepted; by default all that is left.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Part {
    /// The first instant; by default the cover's.
    pub start: Option<String>,
    /// The first instant after it; by default the cover's.
    pub end: Option<String>,
}

/// What is done about a swap.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Taking it, or a part of it.
    Accept(Part),
    /// Saying no.
    Decline,
    /// Asking no longer.
    Withdraw,
    /// Giving back what was taken.
    Undo,
}

impl Answer {
    /// As the audit log has it.
    pub(super) const fn action(&self) -> AuditAction {
        match self {
            Self::Accept(_) => AuditAction::SwapAccept,
            Self::Decline => AuditAction::SwapDecline,
            Self::Withdraw => AuditAction::SwapWithdraw,
            Self::Undo => AuditAction::SwapUndo,
        }
    }
}
