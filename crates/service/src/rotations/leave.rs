//! Taking somebody out of a rotation.

use super::commands::TakeOut;
use super::finish;
use crate::UnitOfWork;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::non_empty::NonEmpty;
use crate::domain::schedule::rotation::{Plan, Revision, Rotation, revise};
use crate::domain::time::interval::Timestamp;
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
    let (present, pending) = split(rotation, |one| one.effective_from <= now);
    let from = NonEmpty::from_vec(present).map_or(now, |revisions| {
        let present = Rotation {
            revisions,
            ..rotation.clone()
        };
        revise::default_effective_from(&present, None, now)
    });
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
    let rotation = &locked_rotation.rotation;
    // One that begins right then is made again, too.
    let stays = |one: &Revision| one.effective_from < at || one.effective_from <= now;
    let (mut revisions, pending) = split(rotation, stays);
    for revision in &pending {
        rotations::withdraw_revision(uow.db(), id, revision.number)?;
    }
    let until = pending.first().map(|next| next.effective_from);
    let leaving = revisions
        .last()
        .filter(|newest| newest.order.contains(&person))
        .filter(|_| until.is_none_or(|until| until > at))
        .cloned();
    let leaving = leaving.map(|newest| Revision {
        effective_from: at.max(newest.effective_from + chrono::TimeDelta::seconds(1)),
        ..newest
    });
    let again = pending
        .iter()
        .map(|revision| (revision, first_person(revision)));
    for (revision, announced) in leaving.iter().map(|leaving| (leaving, None)).chain(again) {
        let order = order_without(rotation, revision, person)?;
        let made = without(revisions.last(), revision, person, (order, announced), now);
        rotations::add_revision(uow.db(), id, &made)?;
        revisions.push(made);
    }
    let mut after = rotation.clone();
    if let Some(revisions) = NonEmpty::from_vec(revisions) {
        after.revisions = revisions;
    }
    finish(uow, AuditAction::RotationRevise, &locked_rotation, after)
}

/// Whose turn 0 of a revision is.
fn first_person(revision: &Revision) -> Option<PersonId> {
    match revision.plan {
        Plan::Ordered { first, .. } => revision.order.get(first).copied(),
        Plan::FollowTheSun => None,
    }
}

/// The order of a revision without somebody.
fn order_without(
    rotation: &Rotation,
    revision: &Revision,
    person: PersonId,
) -> Result<Vec<PersonId>, Error> {
    let others = revision.order.iter().copied();
    let order: Vec<PersonId> = others.filter(|other| *other != person).collect();
    if order.is_empty() {
        let detail = format!(
            "nobody else is in the order of {}: archive it first",
            rotation.name
        );
        return Err(Error::conflict(detail));
    }
    Ok(order)
}

/// A revision with an order without somebody, after the one `before`. `announced` stays first where they are in it.
fn without(
    before: Option<&Revision>,
    revision: &Revision,
    person: PersonId,
    (order, announced): (Vec<PersonId>, Option<PersonId>),
    now: Timestamp,
) -> Revision {
    let plan = match &revision.plan {
        Plan::Ordered { handoff, first } => {
            let earlier = revision.order.iter().take(*first);
            let earlier = earlier.filter(|other| **other == person).count();
            let first = match announced.filter(|other| *other != person) {
                Some(_) => first - earlier,
                None => before.map_or(0, |before| {
                    revise::first_of(before, &order, revision.effective_from)
                }),
            };
            Plan::Ordered {
                handoff: handoff.clone(),
                first,
            }
        }
        Plan::FollowTheSun => Plan::FollowTheSun,
    };
    Revision {
        number: before.map_or(1, |before| before.number + 1),
        recorded_at: now,
        order,
        plan,
        ..revision.clone()
    }
}

/// The revisions up to the first one that does not stay, and the others.
fn split(
    rotation: &Rotation,
    stays: impl FnMut(&Revision) -> bool,
) -> (Vec<Revision>, Vec<Revision>) {
    let at = rotation.revisions.partition_point(stays);
    let mut kept = rotation.revisions.to_vec();
    let rest = kept.split_off(at);
    (kept, rest)
}
