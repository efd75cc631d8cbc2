//! Calendar feeds: what somebody subscribed to.

use serde::{Deserialize, Serialize};

use super::ids::{FeedId, PersonId, RotationId, TeamId};
use super::interval::Instant;

/// Whose shifts a feed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A person's, over all rotations.
    Person(PersonId),
    /// A rotation's.
    Rotation(RotationId),
    /// Those of a team's rotations.
    Team(TeamId),
    /// All.
    All,
}

/// A feed, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its id.
    pub id: FeedId,
    /// Whose it is; `None`: the bootstrap administrator's.
    pub owner: Option<PersonId>,
    /// SHA-256 of the secret, in hexadecimal.
    pub hash: String,
    /// Whose shifts it shows.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Instant,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// When it was last fetched, to the minute.
    pub last_fetched_at: Option<Instant>,
    /// Goes up with each change.
    pub version: i64,
}
