//! Taking somebody out of a rotation.

use super::commands::TakeOut;
use super::finish;
use crate::UnitOfWork;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::interval::Timestamp;
use crate::domain::rotation::{Plan, Revision, Rotation, revise};
use crate::locked_rotation::LockedRotation;
use crate::storage::rotations;
use crate::{Error, ValidationErrors, access, input, values};

/// Takes somebody out of the order, by a revision: the others' turns move up. (To cover for them while they keep their
/// turn is another wish: see [`crate::overrides::pause`].)
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where nobody
/// else is in it.
pub fn take_out(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    command: &TakeOut,
) -> Result<(Rotation, String), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let locked_rotation = LockedRotation::of(uow, id, &[])?;
    access::manager(actor, &locked_rotation.team)?;
    uow.check_version(locked_rotation.rotation.version)?;
    locked_rotation.must_run(now)?;
    let mut errors = ValidationErrors::new();
    let person = values::person_id(&mut errors, "/person_id", &command.person_id);
    let from = match command.effective_from.as_deref() {
        None => Some(next_handoff(&locked_rotation.rotation, now)),
        Some(text) => errors.check("/effective_from", input::bounded(text, now)),
    };
    if from.is_some_and(|from| from < now) {
        errors.add("/effective_from", "must not lie in the past");
    }
    let both = person.zip(from);
    if both.is_some_and(|(person, from)| !names_from(&locked_rotation.rotation, person, from)) {
        errors.add("/person_id", "is in no order that is in force from then on");
    }
    let (person, from) = errors.finish_with(both)?;
    remove_person(uow, id, person, from)
}

/// The next handoff by what is in force, or when a pending revision takes its place.
fn next_handoff(rotation: &Rotation, now: Timestamp) -> Timestamp {
    let mut present = rotation.clone();
    let pending = present.revisions.split_off(
        rotation
            .revisions
            .partition_point(|one| one.effective_from <= now),
    );
    let from = if present.revisions.is_empty() {
        now
    } else {
        revise::default_effective_from(&present, None, now)
    };
    pending
        .first()
        .map_or(from, |next| from.min(next.effective_from))
}

/// Whether any revision in force at or after `at` names the person.
#[must_use]
pub fn names_from(rotation: &Rotation, person: PersonId, at: Timestamp) -> bool {
    let mut revisions = rotation.revisions.iter().enumerate();
    revisions.any(|(index, revision)| {
        let force = rotation.in_force(index);
        revision.order.contains(&person) && force.is_some_and(|force| force.end() > at)
    })
}

/// Takes somebody out of every order in force from `at` on, by a revision. Those that are pending
/// then are withdrawn and made again without them.
///
/// # Errors
///
/// [`Error::Conflict`] where nobody else is in it.
pub fn remove_person(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    person: PersonId,
    at: Timestamp,
) -> Result<(Rotation, String), Error> {
    let now = uow.now;
    let locked_rotation = LockedRotation::of(uow, id, &[])?;
    let mut after = locked_rotation.rotation.clone();
    // One that begins right then is made again, too.
    let pending = after.revisions.split_off(
        after
            .revisions
            .partition_point(|one| one.effective_from < at || one.effective_from <= now),
    );
    let until = pending.first().map(|next| next.effective_from);
    for revision in &pending {
        rotations::withdraw_revision(uow.db(), id, revision.number)?;
    }
    let leaving = after
        .newest()
        .filter(|newest| newest.order.contains(&person))
        .filter(|_| until.is_none_or(|until| until > at))
        .cloned();
    if let Some(newest) = leaving {
        let from = at.max(newest.effective_from + chrono::TimeDelta::seconds(1));
        let made = without(
            &after,
            &Revision {
                effective_from: from,
                ..newest
            },
            person,
            None,
            now,
        )?;
        after.revisions.push(made);
    }
    for revision in &pending {
        let made = without(&after, revision, person, first_person(revision), now)?;
        after.revisions.push(made);
    }
    let kept = locked_rotation.rotation.revisions.len() - pending.len();
    for revision in after.revisions.iter().skip(kept) {
        rotations::add_revision(uow.db(), id, revision)?;
    }
    finish(uow, "rotation.revise", &locked_rotation, after)
}

/// Whose turn 0 of a revision is.
fn first_person(revision: &Revision) -> Option<PersonId> {
    match revision.plan {
        Plan::Ordered { first, .. } => revision.order.get(first).copied(),
        Plan::FollowTheSun => None,
    }
}

/// A revision without somebody, next in a rotation. `announced` stays first where they are in it.
fn without(
    rotation: &Rotation,
    revision: &Revision,
    person: PersonId,
    announced: Option<PersonId>,
    now: Timestamp,
) -> Result<Revision, Error> {
    let order: Vec<PersonId> = revision
        .order
        .iter()
        .copied()
        .filter(|other| *other != person)
        .collect();
    if order.is_empty() {
        let detail = format!(
            "nobody else is in the order of {}: archive it first",
            rotation.name
        );
        return Err(Error::conflict(detail));
    }
    let plan = match &revision.plan {
        Plan::Ordered { handoff, first } => {
            let before = revision
                .order
                .iter()
                .take(*first)
                .filter(|other| **other == person)
                .count();
            let first = match announced.filter(|other| *other != person) {
                Some(_) => first - before,
                None => revise::first_of(rotation, &order, revision.effective_from),
            };
            Plan::Ordered {
                handoff: handoff.clone(),
                first,
            }
        }
        Plan::FollowTheSun => Plan::FollowTheSun,
    };
    let number = rotation.newest().map_or(1, |newest| newest.number + 1);
    Ok(Revision {
        number,
        recorded_at: now,
        order,
        plan,
        ..revision.clone()
    })
}
