//! The parts of a rotation, read from what was sent.

use std::collections::HashMap;

use serde_json::Value;

use super::commands::{FirstInput, HandoffInput};
use crate::UnitOfWork;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::schedule::rotation::{FallbackWhen, Handoff, Kind, RuleError};
use crate::domain::time::hours::WeeklyHours;
use crate::domain::time::zone::Zone;
use crate::storage::{Tx, audit, people, rotations};
use crate::values::{self, HoursInput};
use crate::{Error, ValidationErrors, input};

/// At most this many people in an order.
const LONGEST_ORDER: usize = 200;

pub(super) fn kind(errors: &mut ValidationErrors, text: &str) -> Option<Kind> {
    let read = serde_json::from_value(Value::String(text.to_owned()));
    errors.check(
        "/kind",
        read.map_err(|_| "must be ordered or follow_the_sun"),
    )
}

pub(super) fn fallback_when(errors: &mut ValidationErrors, text: &str) -> Option<FallbackWhen> {
    let read = serde_json::from_value(Value::String(text.to_owned()));
    errors.check(
        "/fallback_when",
        read.map_err(|_| "must be gap or not_working"),
    )
}

pub(super) fn handoff(
    errors: &mut ValidationErrors,
    input: &HandoffInput,
    zone: Option<&Zone>,
) -> Option<Handoff> {
    let utc = Zone::utc();
    let parse = |start| Handoff::parse(start, &input.rule, zone.unwrap_or(&utc));
    let found = errors
        .check("/handoff/start", input::local(&input.start))
        .map(parse);
    if let Some(Err(error @ RuleError::Start)) = &found {
        errors.add("/handoff/start", error.to_string());
    }
    match found {
        Some(Ok(handoff)) => return Some(handoff),
        Some(Err(RuleError::Start)) | None => {
            // Where the start is bad the rule is looked at all the same, with another one.
            let other = "2026-01-05T10:00:00".parse().ok()?;
            if let Err(error) = parse(other) {
                errors.add("/handoff/rule", error.to_string());
            }
        }
        Some(Err(error)) => errors.add("/handoff/rule", error.to_string()),
    }
    None
}

/// Reads an order: people who exist and stay, since an order goes on until it is revised.
pub(super) fn order(
    uow: &mut UnitOfWork<'_>,
    errors: &mut ValidationErrors,
    given: &[String],
    pool: bool,
) -> Result<Vec<PersonId>, Error> {
    let now = uow.now;
    if given.is_empty() || given.len() > LONGEST_ORDER {
        errors.add("/order", format!("must have 1 to {LONGEST_ORDER} people"));
    }
    let read: Vec<Option<PersonId>> = given
        .iter()
        .take(LONGEST_ORDER)
        .enumerate()
        .map(|(index, id)| values::person_id(errors, &format!("/order/{index}"), id))
        .collect();
    let wanted: Vec<PersonId> = read.iter().flatten().copied().collect();
    let known = people::load(uow.db(), Some(&wanted))?;
    for (index, id) in read.iter().enumerate() {
        let Some(id) = id else { continue };
        let pointer = format!("/order/{index}");
        match known.iter().find(|person| person.id == *id) {
            None => errors.add(pointer, "there is no such person"),
            Some(person) if !person.active_at(now) => errors.add(pointer, "they are deactivated"),
            Some(person) if person.deactivation.is_some() => {
                errors.add(
                    pointer,
                    "they will be deactivated: give them time by overrides",
                );
            }
            Some(_) if pool && read.iter().take(index).any(|other| *other == Some(*id)) => {
                errors.add(pointer, "is in the pool already");
            }
            Some(_) => {}
        }
    }
    Ok(wanted)
}

pub(super) fn first(
    errors: &mut ValidationErrors,
    given: &FirstInput,
    order: &[PersonId],
) -> Option<usize> {
    match given {
        FirstInput::Index(index) if *index < order.len() => Some(*index),
        FirstInput::Index(_) => {
            errors.add("/first", "is no index of the order");
            None
        }
        FirstInput::Person(id) => {
            let wanted = values::person_id(errors, "/first", id)?;
            let mut places = order
                .iter()
                .enumerate()
                .filter(|(_, other)| **other == wanted)
                .map(|(index, _)| index);
            match (places.next(), places.next()) {
                (Some(only), None) => return Some(only),
                (None, _) => errors.add("/first", "is not in the order"),
                (Some(_), Some(_)) => {
                    errors.add("/first", "is in the order more than once: give the index");
                }
            }
            None
        }
    }
}

pub(super) fn duty_hours(
    errors: &mut ValidationErrors,
    given: Option<&[HoursInput]>,
) -> Option<WeeklyHours> {
    let given = given?;
    if given.is_empty() {
        errors.add("/duty_hours", "must have at least one entry; null for none");
    }
    values::hours(errors, "/duty_hours", given)
}

/// Reads a fallback: a rotation that exists and does not come back to this one.
pub(super) fn fallback(
    tx: &mut Tx<'_>,
    errors: &mut ValidationErrors,
    text: &str,
    own: Option<RotationId>,
) -> Result<Option<RotationId>, Error> {
    let pointer = "/fallback_rotation_id";
    let Some(id) = errors.check(
        pointer,
        text.parse::<RotationId>()
            .map_err(|_| "there is no such rotation"),
    ) else {
        return Ok(None);
    };
    // Whoever else sets a fallback now waits: two could close a circle between them.
    audit::lock_setting(tx.db(), "fallbacks")?;
    let loaded = rotations::load(tx.db(), None)?;
    let target = loaded.iter().find(|(rotation, _)| rotation.id == id);
    if target.is_some_and(|(rotation, _)| rotation.archived_at.is_some()) {
        errors.add(pointer, "that rotation is archived");
        return Ok(None);
    }
    let all: HashMap<RotationId, Option<RotationId>> = loaded
        .into_iter()
        .map(|(rotation, _)| (rotation.id, rotation.fallback))
        .collect();
    if !all.contains_key(&id) {
        errors.add(pointer, "there is no such rotation");
        return Ok(None);
    }
    let mut next = Some(id);
    for _ in 0..=all.len() {
        match next {
            Some(at) if Some(at) == own => {
                errors.add(pointer, "the fallbacks would come back to this rotation");
                return Ok(None);
            }
            Some(at) => next = all.get(&at).copied().flatten(),
            None => break,
        }
    }
    Ok(Some(id))
}

pub(super) fn refuse_order_parts(
    errors: &mut ValidationErrors,
    handoff: bool,
    hours: bool,
    first: bool,
) {
    for (given, pointer) in [
        (handoff, "/handoff"),
        (hours, "/duty_hours"),
        (first, "/first"),
    ] {
        if given {
            errors.add(pointer, "a follow-the-sun rotation has none");
        }
    }
}
