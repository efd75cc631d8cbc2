//! Sessions: how people's browsers show who they are, and the links by which they sign in.

use crate::ids::{PersonId, SessionId, SignInId};
use crate::time::interval::Timestamp;

/// A browser that is signed in, without the secret in its cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who is signed in.
    pub person: PersonId,
    /// SHA-256 of the secret, in hexadecimal.
    pub hash: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Where it signed in from.
    pub address: Option<String>,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

impl Session {
    /// Whether it counts at `now`.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// A link by which somebody signs in, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Its id.
    pub id: SignInId,
    /// Who.
    pub person: PersonId,
    /// SHA-256 of the link's secret; none until the mail with it is written.
    pub hash: Option<String>,
    /// Where they go from there: a path of this site.
    pub next: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it is of no use any more.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

impl SignIn {
    /// Whether it can be used at `now`.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }
}
