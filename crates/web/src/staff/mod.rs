//! People and teams: who there is, adding them (one or all at once), changing them, saying goodbye.

pub mod consent;
pub mod deactivate;
pub mod import;
pub mod list;
pub mod membership;
pub mod person;
pub mod team;

use std::sync::Arc;

use super::{PageContext, PageError};
use crate::domain::ids::PersonId;
use crate::domain::people::person::{Person, Role};
use crate::domain::schedule::duty::RotationLookup as _;

/// Roles as forms send them, and in words.
const ROLES: [(&str, &str); 3] = [
    ("member", "member"),
    ("viewer", "viewer, who changes nothing"),
    ("administrator", "administrator, who may do everything"),
];

/// A role as forms send it.
const fn role_code(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Member => "member",
        Role::Viewer => "viewer",
    }
}

/// The person of an address.
fn person_of(page: &PageContext, id: &str) -> Result<Arc<Person>, PageError> {
    let id: PersonId = id.parse().map_err(|_| PageError::no_such("person"))?;
    page.snapshot
        .person(id)
        .cloned()
        .ok_or_else(|| PageError::no_such("person"))
}
