//! What names somebody who leaves, and taking that back.

use serde_json::{Value, json};

use super::locked_rotation::LockedRotation;
use super::rotations::{names_from, remove_person};
use super::{Error, overrides, swaps};
use crate::UnitOfWork;
use crate::domain::ids::{PersonId, RotationId, TeamId};
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::time::interval::Timestamp;
use crate::snapshot::Snapshot;
use crate::storage::{Db, rotations};

/// Something that names somebody.
#[derive(Debug, Clone)]
pub enum Reference {
    /// An order, or a pool, that is in force or will be: of this rotation, which is called so.
    Order(RotationId, String),
    /// An override that gives them time in this rotation.
    Override(RotationId, Override),
}

impl Reference {
    /// The rotation that names them, or whose time they are given.
    #[must_use]
    pub const fn rotation(&self) -> RotationId {
        match self {
            Self::Order(rotation, _) | Self::Override(rotation, _) => *rotation,
        }
    }

    /// The refusal that lists them all, where there are any.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`].
    pub(super) fn none(named: &[Self]) -> Result<(), Error> {
        if named.is_empty() {
            return Ok(());
        }
        let list = named.iter().map(|one| match one {
            Self::Order(id, name) => {
                json!({ "kind": "rotation", "id": id.to_string(), "name": name })
            }
            Self::Override(rotation, one) => {
                json!({ "kind": "override", "id": one.id.to_string(), "rotation_id": rotation.to_string() })
            }
        });
        Err(Error::conflict_with(
            "rotations or overrides still name them; give remove_from_rotations to take them out",
            "named_by",
            Value::Array(list.collect()),
        ))
    }
}

/// What names somebody from `at` on, in the rotations of a team or in all of them, as the transaction sees them.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub(super) fn find_references(
    db: &mut Db,
    person: PersonId,
    team: Option<TeamId>,
    at: Timestamp,
) -> Result<Vec<Reference>, Error> {
    let all = rotations::load(db, None)?;
    let all = all
        .iter()
        .map(|(rotation, overrides)| (rotation, overrides.as_slice()));
    Ok(references(all, person, team, at))
}

/// The same as the snapshot has it: what a page says before anything is changed.
#[must_use]
pub fn known_references(
    snapshot: &Snapshot,
    person: PersonId,
    team: Option<TeamId>,
    at: Timestamp,
) -> Vec<Reference> {
    let all = snapshot
        .timelines()
        .map(|timeline| (timeline.rotation().as_ref(), timeline.overrides()));
    references(all, person, team, at)
}

fn references<'a>(
    rotations: impl Iterator<Item = (&'a Rotation, &'a [Override])>,
    person: PersonId,
    team: Option<TeamId>,
    at: Timestamp,
) -> Vec<Reference> {
    let is_meant = |rotation: &Rotation| team.is_none_or(|team| rotation.team == team);
    let mut named = Vec::new();
    for (rotation, overrides) in rotations.filter(|(rotation, _)| is_meant(rotation)) {
        if names_from(rotation, person, at) {
            named.push(Reference::Order(rotation.id, rotation.name.clone()));
        }
        let theirs = overrides.iter().filter(|one| {
            let left = one.in_force().is_some_and(|left| left.end() > at);
            one.person == Some(person) && left
        });
        named.extend(theirs.map(|one| Reference::Override(rotation.id, one.clone())));
    }
    named
}

/// Takes back all of it from `at` on: orders by revisions, overrides by ending them, or the swaps that they belong to
/// by undoing those.
///
/// # Errors
///
/// [`Error::Conflict`] where nobody else is in an order.
pub(super) fn remove_references(
    uow: &mut UnitOfWork<'_>,
    person: PersonId,
    named: &[Reference],
    at: Timestamp,
) -> Result<(), Error> {
    for one in named {
        match one {
            Reference::Order(rotation, _) => {
                remove_person(uow, *rotation, person, at)?;
            }
            Reference::Override(rotation, one) => end(uow, *rotation, one, at)?,
        }
    }
    Ok(())
}

/// Ends what an override gives to somebody who leaves at `at`: where it belongs to a swap, by undoing that.
fn end(
    uow: &mut UnitOfWork<'_>,
    rotation: RotationId,
    one: &Override,
    at: Timestamp,
) -> Result<(), Error> {
    let swap = one.swap.filter(|_| one.interval.start() >= at);
    if let (Some(swap), Some(person)) = (swap, one.person)
        && swaps::give_back(uow, swap, person)?
    {
        return Ok(());
    }
    let locked_rotation = LockedRotation::of(uow, rotation, &[])?;
    // The swap of another of their overrides may have ended it.
    let stands = |other: &Override| {
        other.id == one.id && other.in_force().is_some_and(|left| left.end() > at)
    };
    if locked_rotation.overrides.iter().any(stands) {
        overrides::end(uow, &locked_rotation, one.id, at)?;
    }
    Ok(())
}
