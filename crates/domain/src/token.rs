//! Access tokens: how programs and people show who they are.

use super::actor::Scope;
use super::ids::{PersonId, TokenId};
use super::interval::Instant;

/// An access token, without itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Whose.
    pub person: PersonId,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256, in hexadecimal.
    pub hash: String,
    /// What it allows.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Instant,
    /// When it ends by itself.
    pub expires_at: Option<Instant>,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
}

impl Token {
    /// 1, and 2 once it was revoked: nothing else of it ever changes.
    #[must_use]
    pub const fn version(&self) -> i64 {
        if self.revoked_at.is_some() { 2 } else { 1 }
    }
}
