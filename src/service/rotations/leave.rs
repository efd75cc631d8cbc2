//! Taking somebody out of a rotation.

use super::finish;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::interval::Instant;
use crate::domain::rotation::{Plan, Revision, Rotation, revise};
use crate::service::scene::Scene;
use crate::service::{Actor, Error};
use crate::storage::{Tx, rotations};

/// Takes somebody out of every order in force from `at` on, by a revision. Those that are pending
/// then are withdrawn and made again without them.
///
/// # Errors
///
/// [`Error::Conflict`] where nobody else is in it.
pub fn remove_person(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: RotationId,
    person: PersonId,
    at: Instant,
    now: Instant,
) -> Result<(), Error> {
    let scene = Scene::of(tx, id, &[])?;
    let mut after = scene.rotation.clone();
    let pending = after.revisions.split_off(
        after
            .revisions
            .partition_point(|one| one.effective_from <= at),
    );
    for revision in &pending {
        rotations::withdraw_revision(tx.db(), id, revision.number)?;
    }
    let leaving = after
        .newest()
        .filter(|newest| newest.order.contains(&person))
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
    let kept = scene.rotation.revisions.len() - pending.len();
    for revision in after.revisions.iter().skip(kept) {
        rotations::add_revision(tx.db(), id, revision)?;
    }
    finish(tx, actor, now, "rotation.revise", &scene, after).map(|_| ())
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
    now: Instant,
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
