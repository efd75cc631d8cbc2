//! Revisions: appending one, and withdrawing it again.

use super::commands::NewRevision;
use super::{finish, parts};
use crate::UnitOfWork;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::RotationId;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::{Handoff, Kind, Plan, Revision, Rotation, revise};
use crate::locked_rotation::LockedRotation;
use crate::storage::rotations;
use crate::{Error, ValidationErrors, access, input, values};

/// Appends a revision.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and
/// [`Error::Conflict`] where it would take effect before a revision that is made already.
pub fn revise(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    new: &NewRevision,
) -> Result<(Rotation, String), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let locked_rotation = LockedRotation::of(uow, id, &[])?;
    access::manager(actor, &locked_rotation.team)?;
    uow.check_version(locked_rotation.rotation.version)?;
    locked_rotation.must_run(now)?;
    let revision = plan_revision(uow, &locked_rotation.rotation, new)?;
    rotations::add_revision(uow.db(), id, &revision)?;
    let mut after = locked_rotation.rotation.clone();
    after.revisions.push(revision);
    finish(uow, AuditAction::RotationRevise, &locked_rotation, after)
}

fn plan_revision(
    uow: &mut UnitOfWork<'_>,
    rotation: &Rotation,
    new: &NewRevision,
) -> Result<Revision, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let newest = rotation.newest();
    let mut errors = ValidationErrors::new();
    let zone = match &new.time_zone {
        None => Some(newest.time_zone.clone()),
        Some(name) => values::zone(&mut errors, "/time_zone", name),
    };
    let people = match &new.order {
        None => newest.order.clone(),
        Some(given) => parts::order(uow, &mut errors, given, rotation.kind == Kind::FollowTheSun)?,
    };
    let hours = match &new.duty_hours {
        None => newest.duty_hours.clone(),
        Some(given) => parts::duty_hours(&mut errors, given.as_deref()),
    };
    let supplied = new
        .handoff
        .as_ref()
        .and_then(|input| parts::handoff(&mut errors, input, zone.as_ref()));
    let start = supplied.as_ref().map(Handoff::first);
    let default_from = revise::default_effective_from(rotation, start, now);
    let from = match new.effective_from.as_deref() {
        None => Some(default_from),
        Some(text) => errors.check("/effective_from", input::bounded(text, now)),
    };
    if from.is_some_and(|from| from < now) && !actor.is_administrator() {
        errors.add("/effective_from", "must not lie in the past");
    }
    let plan = match &newest.plan {
        Plan::Ordered { handoff: old, .. } => {
            // The same rule in another zone is another expansion.
            let handoff = supplied.or_else(|| {
                let zone = zone.as_ref()?;
                if *zone == newest.time_zone {
                    return Some(old.clone());
                }
                errors.check("/time_zone", Handoff::parse(old.start(), old.rule(), zone))
            });
            let first = match (&new.first, from) {
                (Some(given), _) => parts::first(&mut errors, given, &people),
                (None, Some(from)) => Some(revise::first_of(newest, &people, from)),
                (None, None) => None,
            };
            handoff
                .zip(first)
                .map(|(handoff, first)| Plan::Ordered { handoff, first })
        }
        Plan::FollowTheSun => {
            let hours = matches!(new.duty_hours, Some(Some(_)));
            parts::refuse_order_parts(
                &mut errors,
                new.handoff.is_some(),
                hours,
                new.first.is_some(),
            );
            Some(Plan::FollowTheSun)
        }
    };
    let ((time_zone, plan), effective_from) = errors.finish_with(zone.zip(plan).zip(from))?;
    if effective_from <= newest.effective_from {
        let state = if newest.effective_from > now {
            "pending"
        } else {
            "in force"
        };
        return Err(Error::conflict(format!(
            "revision {} is {state} from {} on: a later one has to take effect after it",
            newest.number,
            newest.effective_from.format("%Y-%m-%dT%H:%M:%SZ")
        )));
    }
    Ok(Revision {
        number: newest.number + 1,
        effective_from,
        recorded_at: now,
        time_zone,
        order: people,
        duty_hours: hours,
        plan,
    })
}

/// Withdraws the newest revision, before it takes effect.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], and [`Error::Conflict`] for any
/// other revision, and where it takes out somebody who leaves.
pub fn withdraw(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    number: u32,
) -> Result<(Rotation, String), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let locked_rotation = LockedRotation::of(uow, id, &[])?;
    access::manager(actor, &locked_rotation.team)?;
    let found = locked_rotation
        .rotation
        .revisions
        .iter()
        .find(|revision| revision.number == number);
    let revision = found.ok_or(Error::NotFound("revision"))?;
    uow.check_version(locked_rotation.rotation.version)?;
    let mut after = locked_rotation.rotation.clone();
    let is_newest = after.newest().number == number;
    if !is_newest || after.revisions.pop().is_none() {
        return Err(Error::conflict(
            "only the newest revision can be withdrawn, and never the first",
        ));
    }
    if revision.effective_from <= now {
        return Err(Error::conflict(
            "it has taken effect: make another revision",
        ));
    }
    let mut known = after
        .newest()
        .order
        .iter()
        .filter_map(|id| locked_rotation.snapshot.person(*id));
    if let Some(leaves) = known.find(|person| person.deactivation.is_some()) {
        return Err(Error::conflict(format!(
            "without it {} would be in the order again, who leaves: make another after it",
            leaves.name
        )));
    }
    rotations::withdraw_revision(uow.db(), id, number)?;
    finish(
        uow,
        AuditAction::RotationWithdrawRevision,
        &locked_rotation,
        after,
    )
}
