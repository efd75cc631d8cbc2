//! Joining a team, and leaving it, from an instant on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ONLY_ADMINISTRATORS, keep};
use crate::UnitOfWork;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::PersonId;
use crate::domain::people::team::Team;
use crate::domain::time::interval::Timestamp;
use crate::locked_rotation::team_of_slug;
use crate::offboarding::{Reference, find_references, remove_references};
use crate::storage::{people, teams};
use crate::{Error, ValidationErrors, access, input, swaps, values};

/// Somebody who is to be in a team.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// Who.
    #[serde(default)]
    #[schema(required = true)]
    pub person_id: String,
    /// From when on; by default now.
    #[serde(default)]
    pub effective_from: Option<String>,
    /// Whether they manage it, which only administrators say.
    #[serde(default)]
    pub manages: bool,
}

/// Somebody who is not to be in a team any more.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// Who.
    #[serde(default)]
    #[schema(required = true)]
    pub person_id: String,
    /// From when on; by default now.
    #[serde(default)]
    pub effective_from: Option<String>,
    /// Whether the team's rotations go on without them: orders by revisions, and what overrides and swaps give them
    /// goes back. False leaves them there, as guests. Where nothing is said, it has to be unless nothing names them.
    #[serde(default)]
    pub remove_from_rotations: Option<bool>,
}

/// Somebody whose address and reasons a team is to see.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Agree {
    /// Who.
    #[serde(default)]
    #[schema(required = true)]
    pub person_id: String,
}

/// Has somebody be in a team from an instant on, until further notice: also somebody who would leave, or join later.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where that
/// is so already.
pub fn join(uow: &mut UnitOfWork<'_>, slug: &str, command: &Join) -> Result<Team, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let before = team_of_slug(uow, slug)?;
    access::manager(actor, &before)?;
    if command.manages {
        access::administrator(actor)?;
    }
    uow.check_version(before.version)?;
    let mut errors = ValidationErrors::new();
    let both = read(
        &mut errors,
        &command.person_id,
        command.effective_from.as_deref(),
        now,
    );
    if let Some((person, from)) = both {
        match people::load(uow.db(), Some(&[person]))?.first() {
            None => errors.add("/person_id", "there is no such person"),
            Some(known) if !known.active_at(from) => {
                errors.add("/person_id", "they are deactivated");
            }
            Some(_) => {}
        }
    }
    let (person, from) = errors.finish_with(both)?;
    let mut after = before.clone();
    let all = teams::load(uow.db(), None)?;
    after.join(person, from, access::consent(actor, person, all.iter()));
    if command.manages {
        after.promote(person, from);
    }
    if after == before {
        return Err(Error::conflict("they are in the team from then on already"));
    }
    after.version += 1;
    keep(uow, AuditAction::TeamJoin, &before, after)
}

/// Has somebody not be in a team from an instant on: also somebody who would join later.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where that
/// is so already, or, with the list, where rotations or overrides of the team name them from then on and the command
/// does not say what is to become of that.
pub fn leave(uow: &mut UnitOfWork<'_>, slug: &str, command: &Leave) -> Result<Team, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let before = team_of_slug(uow, slug)?;
    access::manager(actor, &before)?;
    uow.check_version(before.version)?;
    let mut errors = ValidationErrors::new();
    let both = read(
        &mut errors,
        &command.person_id,
        command.effective_from.as_deref(),
        now,
    );
    let (person, from) = errors.finish_with(both)?;
    let theirs = before.memberships.iter().filter(|one| one.person == person);
    if !actor.is_administrator()
        && theirs
            .into_iter()
            .any(|one| one.manages && !one.is_over(from))
    {
        return Err(Error::forbidden(ONLY_ADMINISTRATORS));
    }
    let mut after = before.clone();
    if !after.leave(person, from) {
        return Err(Error::conflict("they are not in the team from then on"));
    }
    let named = find_references(uow.db(), person, Some(before.id), from)?;
    match command.remove_from_rotations {
        None => Reference::none(&named)?,
        Some(true) => {
            remove_references(uow, person, &named, from)?;
            swaps::leave(uow, person, Some(before.id), from)?;
        }
        Some(false) => {}
    }
    after.version += 1;
    keep(uow, AuditAction::TeamLeave, &before, after)
}

/// Agrees that a team sees the address of somebody whom a manager added, and its managers why they are away.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where
/// nothing waits for that.
pub fn agree(uow: &mut UnitOfWork<'_>, slug: &str, command: &Agree) -> Result<Team, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let before = team_of_slug(uow, slug)?;
    let mut errors = ValidationErrors::new();
    let person = values::person_id(&mut errors, "/person_id", &command.person_id);
    let person = errors.finish_with(person)?;
    let all = teams::load(uow.db(), None)?;
    access::agrees(actor, person, all.iter())?;
    uow.check_version(before.version)?;
    let mut after = before.clone();
    if !after.agree(person, actor.person, now) {
        return Err(Error::conflict("nobody has to agree to that"));
    }
    after.version += 1;
    keep(uow, AuditAction::TeamAgree, &before, after)
}

/// Who, and from when on.
fn read(
    errors: &mut ValidationErrors,
    person: &str,
    from: Option<&str>,
    now: Timestamp,
) -> Option<(PersonId, Timestamp)> {
    let person = values::person_id(errors, "/person_id", person);
    let from = match from {
        None => Some(now),
        Some(text) => errors.check("/effective_from", input::bounded(text, now)),
    };
    if from.is_some_and(|from| from < now) {
        errors.add("/effective_from", "must not lie in the past");
    }
    person.zip(from)
}
