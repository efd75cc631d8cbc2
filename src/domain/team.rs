//! Teams.

use super::ids::{PersonId, TeamId};
use super::zone::Zone;

/// A team, its members and those of them who manage it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// What people type: lower-case letters, digits and hyphens, unique.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// Its zone.
    pub time_zone: Zone,
    /// Everybody in it, managers too.
    pub members: Vec<PersonId>,
    /// Its managers.
    pub managers: Vec<PersonId>,
    /// Goes up with each change.
    pub version: i64,
}
