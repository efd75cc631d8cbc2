//! Teams.

use serde::Deserialize;
use utoipa::ToSchema;

use super::scene::{as_json, note, team_of_slug};
use super::values;
use super::views::TeamView;
use super::{Actor, Error, Expected, Faults, access};
use crate::clock::new_id;
use crate::domain::ids::{PersonId, TeamId};
use crate::domain::interval::Instant;
use crate::domain::team::Team;
use crate::storage::audit::Deed;
use crate::storage::{Change, StoreError, Tx, people, teams};

/// A team to add.
#[derive(Debug, Clone, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// What people type: lower-case letters, digits and hyphens.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// IANA time zone.
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
    /// Ids of everybody in it.
    pub members: Option<Vec<String>>,
    /// Ids of its managers.
    pub managers: Option<Vec<String>>,
}

fn slug(faults: &mut Faults, text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fine = (1..=60).contains(&text.len())
        && text.chars().all(plain)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if !fine {
        faults.add(
            "/slug",
            "must have 1 to 60 lower-case letters, digits and hyphens",
        );
    }
    fine.then(|| text.to_owned())
}

fn ids(
    tx: &mut Tx<'_>,
    faults: &mut Faults,
    pointer: &str,
    given: &[String],
) -> Result<Vec<PersonId>, Error> {
    let read: Vec<Option<PersonId>> = given
        .iter()
        .enumerate()
        .map(|(index, id)| values::person_id(faults, &format!("{pointer}/{index}"), id))
        .collect();
    let wanted: Vec<PersonId> = read.iter().flatten().copied().collect();
    let known: Vec<PersonId> = people::load(tx.db(), Some(&wanted))?
        .iter()
        .map(|person| person.id)
        .collect();
    for (index, id) in read.iter().enumerate() {
        if id.is_some_and(|id| !known.contains(&id)) {
            faults.add(format!("{pointer}/{index}"), "there is no such person");
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

fn deed(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    action: &str,
    before: Option<&Team>,
    after: &Team,
) -> Result<(), Error> {
    let (before, now_is) = (
        as_json(before.map(TeamView::from))?,
        as_json(TeamView::from(after))?,
    );
    note(
        tx,
        actor,
        now,
        Deed {
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
pub fn create(tx: &mut Tx<'_>, actor: &Actor, new: &NewTeam, now: Instant) -> Result<Team, Error> {
    access::administrator(actor)?;
    let mut faults = Faults::new();
    let slug = slug(&mut faults, &new.slug);
    let name = values::line(&mut faults, "/name", &new.name, 200);
    let time_zone = values::zone(&mut faults, "/time_zone", &new.time_zone);
    let members = ids(tx, &mut faults, "/members", &new.members)?;
    let managers = ids(tx, &mut faults, "/managers", &new.managers)?;
    let team = slug
        .zip(name)
        .zip(time_zone)
        .map(|((slug, name), time_zone)| Team {
            id: TeamId::from_uuid(new_id()),
            slug,
            name,
            time_zone,
            members: with_managers(members, &managers),
            managers,
            version: 1,
        });
    let team = faults.finish_with(team)?;
    teams::insert(tx.db(), &team, now).map_err(|error| match error {
        StoreError::Duplicate => Error::conflict("a team has this slug already"),
        other => other.into(),
    })?;
    tx.changed(Change::Team(team.id));
    deed(tx, actor, now, "team.create", None, &team)?;
    Ok(team)
}

/// Changes a team: administrators everything, its managers who is in it.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    slug: &str,
    change: &TeamChange,
    expected: &Expected,
    now: Instant,
) -> Result<Team, Error> {
    let before = team_of_slug(tx, slug)?;
    access::manager(actor, &before)?;
    if change.name.is_some() || change.time_zone.is_some() || change.managers.is_some() {
        access::administrator(actor)?;
    }
    expected.check(before.version)?;
    let mut faults = Faults::new();
    let mut after = before.clone();
    if let Some(name) = change
        .name
        .as_deref()
        .and_then(|name| values::line(&mut faults, "/name", name, 200))
    {
        after.name = name;
    }
    if let Some(zone) = change
        .time_zone
        .as_deref()
        .and_then(|name| values::zone(&mut faults, "/time_zone", name))
    {
        after.time_zone = zone;
    }
    if let Some(managers) = &change.managers {
        after.managers = ids(tx, &mut faults, "/managers", managers)?;
    }
    if let Some(members) = &change.members {
        after.members = ids(tx, &mut faults, "/members", members)?;
        if !actor.is_administrator() && after.managers.iter().any(|id| !after.members.contains(id))
        {
            faults.add("/members", "only administrators remove managers");
        }
        if change.managers.is_none() {
            after.managers.retain(|id| after.members.contains(id));
        }
    }
    faults.finish()?;
    after.members = with_managers(after.members, &after.managers);
    after.version += 1;
    teams::update(tx.db(), &after)?;
    tx.changed(Change::Team(after.id));
    deed(tx, actor, now, "team.change", Some(&before), &after)?;
    Ok(after)
}
