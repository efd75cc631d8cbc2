//! Teams, and who is in them.

mod membership;

pub use membership::{Agree, Join, Leave, agree, join, leave};

use serde::Deserialize;
use utoipa::ToSchema;

use super::locked_rotation::{as_json, record_audit, team_of_slug};
use super::values;
use super::views::TeamView;
use super::{Error, ValidationErrors, access};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{PersonId, TeamId};
use crate::domain::people::team::{Membership, Team};
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, StoreError, Tx, people, teams};

/// A team to add.
#[derive(Debug, Clone, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// What people type: lower-case letters, digits and hyphens.
    #[serde(default)]
    #[schema(required = true)]
    pub slug: String,
    /// What it is called.
    #[serde(default)]
    #[schema(required = true)]
    pub name: String,
    /// IANA time zone.
    #[serde(default)]
    #[schema(required = true)]
    pub time_zone: String,
    /// Ids of everybody in it.
    #[serde(default)]
    pub members: Vec<String>,
    /// Ids of its managers, who are members too.
    #[serde(default)]
    pub managers: Vec<String>,
}

/// What to change of a team; what is left out stays.
#[derive(Debug, Clone, Default, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TeamChange {
    /// What it is called.
    pub name: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Ids of everybody in it, from now on; what is planned for others stays.
    pub members: Option<Vec<String>>,
    /// Ids of its managers, from now on; they are members too.
    pub managers: Option<Vec<String>>,
}

/// Why somebody stays in a team.
const ONLY_ADMINISTRATORS: &str = "only administrators remove managers";

fn slug(errors: &mut ValidationErrors, text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fine = (1..=60).contains(&text.len())
        && text.chars().all(plain)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if !fine {
        errors.add(
            "/slug",
            "must have 1 to 60 lower-case letters, digits and hyphens",
        );
    }
    fine.then(|| text.to_owned())
}

fn ids(
    tx: &mut Tx<'_>,
    errors: &mut ValidationErrors,
    pointer: &str,
    given: &[String],
) -> Result<Vec<PersonId>, Error> {
    let read: Vec<Option<PersonId>> = given
        .iter()
        .enumerate()
        .map(|(index, id)| values::person_id(errors, &format!("{pointer}/{index}"), id))
        .collect();
    let wanted: Vec<PersonId> = read.iter().flatten().copied().collect();
    let known: Vec<PersonId> = people::load(tx.db(), Some(&wanted))?
        .iter()
        .map(|person| person.id)
        .collect();
    for (index, id) in read.iter().enumerate() {
        if id.is_some_and(|id| !known.contains(&id)) {
            errors.add(format!("{pointer}/{index}"), "there is no such person");
        }
    }
    let mut wanted = wanted;
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}

fn with_managers(mut members: Vec<PersonId>, managers: &[PersonId]) -> Vec<PersonId> {
    members.extend(managers);
    members.sort_unstable();
    members.dedup();
    members
}

/// Everybody who is in a new team: from always, so that what was before it was entered here is theirs too.
fn founders(members: Vec<PersonId>, managers: &[PersonId]) -> Vec<Membership> {
    let all = with_managers(members, managers).into_iter();
    all.map(|person| Membership {
        manages: managers.contains(&person),
        ..Membership::of(person)
    })
    .collect()
}

fn deed(
    uow: &mut UnitOfWork<'_>,
    action: AuditAction,
    before: Option<&Team>,
    after: &Team,
) -> Result<(), Error> {
    let now = uow.now;
    let (before, now_is) = (
        as_json(before.map(|team| TeamView::of(team, now)))?,
        as_json(TeamView::of(after, now))?,
    );
    record_audit(
        uow,
        AuditEvent {
            action,
            kind: "team",
            id: after.id.to_string(),
            before,
            after: now_is,
        },
    )
}

/// Adds a team.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::Conflict`] where the slug is taken.
pub fn create(uow: &mut UnitOfWork<'_>, new: &NewTeam) -> Result<Team, Error> {
    let (actor, now) = (uow.actor, uow.now);
    access::administrator(actor)?;
    let mut errors = ValidationErrors::new();
    let slug = slug(&mut errors, &new.slug);
    let name = values::line(&mut errors, "/name", &new.name, 200);
    let time_zone = values::zone(&mut errors, "/time_zone", &new.time_zone);
    let members = ids(uow, &mut errors, "/members", &new.members)?;
    let managers = ids(uow, &mut errors, "/managers", &new.managers)?;
    let team = slug
        .zip(name)
        .zip(time_zone)
        .map(|((slug, name), time_zone)| Team {
            id: TeamId::from_uuid(new_id()),
            slug,
            name,
            time_zone,
            memberships: founders(members, &managers),
            version: 1,
        });
    let team = errors.finish_with(team)?;
    teams::insert(uow.db(), &team, now).map_err(|error| match error {
        StoreError::Duplicate => Error::conflict("a team has this slug already"),
        other => other.into(),
    })?;
    uow.changed(Change::Team(team.id));
    deed(uow, AuditAction::TeamCreate, None, &team)?;
    Ok(team)
}

/// Changes a team: administrators everything, its managers who is in it, from now on. (From another instant on, see
/// [`join`] and [`leave`].)
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn change(uow: &mut UnitOfWork<'_>, slug: &str, change: &TeamChange) -> Result<Team, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let before = team_of_slug(uow, slug)?;
    access::manager(actor, &before)?;
    if change.name.is_some() || change.time_zone.is_some() || change.managers.is_some() {
        access::administrator(actor)?;
    }
    uow.check_version(before.version)?;
    let mut errors = ValidationErrors::new();
    let mut after = before.clone();
    if let Some(name) = change
        .name
        .as_deref()
        .and_then(|name| values::line(&mut errors, "/name", name, 200))
    {
        after.name = name;
    }
    if let Some(zone) = change
        .time_zone
        .as_deref()
        .and_then(|name| values::zone(&mut errors, "/time_zone", name))
    {
        after.time_zone = zone;
    }
    let managers = match &change.managers {
        Some(managers) => Some(ids(uow, &mut errors, "/managers", managers)?),
        None => None,
    };
    if let Some(members) = &change.members {
        let members = ids(uow, &mut errors, "/members", members)?;
        let members = with_managers(members, managers.as_deref().unwrap_or_default());
        let mut present = before.managers(now);
        if !actor.is_administrator() && present.any(|id| !members.contains(&id)) {
            errors.add("/members", ONLY_ADMINISTRATORS);
        }
        let all = teams::load(uow.db(), None)?;
        let consent = |person| access::consent(actor, person, all.iter());
        after.set_members(&members, now, consent);
    }
    if let Some(managers) = managers {
        after.set_managers(&managers, now);
    }
    errors.finish()?;
    after.version += 1;
    keep(uow, AuditAction::TeamChange, &before, after)
}

/// Keeps a team that was changed.
fn keep(
    uow: &mut UnitOfWork<'_>,
    action: AuditAction,
    before: &Team,
    after: Team,
) -> Result<Team, Error> {
    teams::update(uow.db(), &after)?;
    uow.changed(Change::Team(after.id));
    deed(uow, action, Some(before), &after)?;
    Ok(after)
}
