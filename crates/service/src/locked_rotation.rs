//! What a change of a rotation is decided on: the rotation, locked, with everybody it concerns, as
//! the transaction sees them.

use serde_json::Value;

use super::{Error, quotas};
use crate::UnitOfWork;
use crate::domain::ids::{PersonId, RotationId, TeamId};
use crate::domain::people::person::Person;
use crate::domain::people::team::Team;
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::time::interval::Timestamp;
use crate::snapshot::{Loaded, Snapshot};
use crate::storage::{Tx, audit, people, rotations, teams};

/// A rotation, locked, and what belongs to it.
pub struct LockedRotation {
    /// The rotation, its team and the people that they name.
    pub snapshot: Snapshot,
    /// The rotation.
    pub rotation: Rotation,
    /// Its overrides, cancelled ones too.
    pub overrides: Vec<Override>,
    /// Its team.
    pub team: Team,
}

impl LockedRotation {
    /// Locks the rotation until the transaction ends. `also` are people whom the change names.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is no such rotation.
    pub fn of(tx: &mut Tx<'_>, id: RotationId, also: &[PersonId]) -> Result<Self, Error> {
        let (rotation, overrides) = rotations::lock(tx, id)?.ok_or(Error::NotFound("rotation"))?;
        let team = team_of(tx, rotation.team)?;
        let mut who = rotation.everybody();
        who.extend(overrides.iter().filter_map(|one| one.person));
        who.extend(team.everybody());
        who.extend(also);
        who.sort_unstable();
        who.dedup();
        let loaded = Loaded {
            people: people::load(tx.db(), Some(&who))?,
            teams: vec![team.clone()],
            rotations: vec![(rotation.clone(), overrides.clone())],
            ..Loaded::default()
        };
        Ok(Self {
            snapshot: Snapshot::default().with(loaded, 0),
            rotation,
            overrides,
            team,
        })
    }

    /// The rotation's timelines, as the transaction sees them.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        self.snapshot
            .imagine(self.rotation.clone(), self.overrides.clone())
    }

    /// Refuses what cannot be done to an archived rotation.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] where it is archived by `at`.
    pub fn must_run(&self, at: Timestamp) -> Result<(), Error> {
        match self.rotation.archived_at {
            Some(end) if end <= at => Err(Error::conflict(format!(
                "the rotation is archived from {end:?} on"
            ))),
            _ => Ok(()),
        }
    }
}

/// The team of this id.
///
/// # Errors
///
/// [`Error::NotFound`] where there is none.
pub fn team_of(tx: &mut Tx<'_>, id: TeamId) -> Result<Team, Error> {
    teams::load(tx.db(), Some(&[id]))?
        .pop()
        .ok_or(Error::NotFound("team"))
}

/// The team of this slug, locked until the transaction ends.
///
/// # Errors
///
/// [`Error::NotFound`] where there is none.
pub fn team_of_slug(tx: &mut Tx<'_>, slug: &str) -> Result<Team, Error> {
    teams::lock(tx.db(), slug)?;
    let all = teams::load(tx.db(), None)?;
    all.into_iter()
        .find(|team| team.slug == slug)
        .ok_or(Error::NotFound("team"))
}

/// The person of this id, locked until the transaction ends.
///
/// # Errors
///
/// [`Error::NotFound`] where there is none.
pub fn person_of(tx: &mut Tx<'_>, id: PersonId) -> Result<Person, Error> {
    people::lock(tx.db(), id)?;
    people::load(tx.db(), Some(&[id]))?
        .pop()
        .ok_or(Error::NotFound("person"))
}

/// A thing as the audit log keeps it.
///
/// # Errors
///
/// [`Error::Internal`] where it cannot be written as JSON.
pub fn as_json(thing: impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(thing)
        .map_err(|error| Error::caused("it cannot be written as JSON", error))
}

/// Writes down who did what.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn record_audit(uow: &mut UnitOfWork<'_>, deed: audit::AuditEvent<'_>) -> Result<(), Error> {
    let (actor, now) = (uow.actor, uow.now);
    quotas::record_audit(uow, actor, &deed);
    Ok(audit::record(uow.db(), actor, deed, now)?)
}
