//! Reading the parts of which incidents are made: every fault is noted.

use crate::UnitOfWork;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::incidents::{Stage, WatchSettings};
use crate::domain::schedule::rotation::{Kind, Rotation};
use crate::storage::{Tx, people, rotations};
use crate::{Error, ValidationErrors, values};

pub(super) fn watcher_rotation(
    uow: &mut UnitOfWork<'_>,
    errors: &mut ValidationErrors,
    text: &str,
) -> Result<Option<RotationId>, Error> {
    let now = uow.now;
    let pointer = "/rotation_id";
    let Some(found) = rotation(uow, errors, pointer, text)? else {
        return Ok(None);
    };
    if found.kind == Kind::Ordered {
        errors.add(pointer, "must be a follow-the-sun rotation");
    }
    if found.archived_at.is_some_and(|end| end <= now) {
        errors.add(pointer, "is archived");
    }
    Ok(Some(found.id))
}

pub(super) fn communications(
    tx: &mut Tx<'_>,
    errors: &mut ValidationErrors,
    pointer: &str,
    given: Option<&str>,
) -> Result<Option<RotationId>, Error> {
    let Some(text) = given else { return Ok(None) };
    let found = rotation(tx, errors, pointer, text)?;
    Ok(found.map(|found| found.id))
}

fn rotation(
    tx: &mut Tx<'_>,
    errors: &mut ValidationErrors,
    pointer: &str,
    text: &str,
) -> Result<Option<Rotation>, Error> {
    let id: Option<RotationId> = text.parse().ok();
    let found = match id {
        Some(id) => rotations::load(tx.db(), Some(&[id]))?.pop(),
        None => None,
    };
    if found.is_none() {
        errors.add(pointer, "there is no such rotation");
    }
    Ok(found.map(|(rotation, _)| rotation))
}

/// A person who may be left out.
pub(super) fn person(
    tx: &mut Tx<'_>,
    errors: &mut ValidationErrors,
    pointer: &str,
    given: Option<&str>,
) -> Result<Option<PersonId>, Error> {
    let Some(text) = given else { return Ok(None) };
    let Some(id) = values::person_id(errors, pointer, text) else {
        return Ok(None);
    };
    if people::load(tx.db(), Some(&[id]))?.is_empty() {
        errors.add(pointer, "there is no such person");
        return Ok(None);
    }
    Ok(Some(id))
}

/// A severity, as the rotation spells it.
pub(super) fn severity(
    errors: &mut ValidationErrors,
    settings: &WatchSettings,
    given: Option<&str>,
) -> Option<String> {
    let name = given?;
    let found = settings.severity(name.trim());
    if found.is_none() {
        let all: Vec<&str> = settings
            .severities
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        errors.add("/severity", format!("must be one of {}", all.join(", ")));
    }
    found.map(|severity| severity.name.clone())
}

pub(super) fn stage(errors: &mut ValidationErrors, given: Option<&str>) -> Option<Stage> {
    let read = serde_json::from_value(serde_json::Value::String(given?.to_owned()));
    errors.check(
        "/stage",
        read.map_err(|_| "must be investigating, identified or monitoring"),
    )
}

pub(super) fn link(
    errors: &mut ValidationErrors,
    pointer: &str,
    given: Option<&str>,
) -> Option<String> {
    values::web_address(errors, pointer, given?)
}
