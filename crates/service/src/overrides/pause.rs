//! Pausing somebody: they keep their turn, and others cover for them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{add, mails, read_interval};
use crate::UnitOfWork;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::people::person::Person;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::pause::{covers, others};
use crate::domain::schedule::rotation::Kind;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::locked_rotation::LockedRotation;
use crate::swaps::{TimeView, check_named, read_named};
use crate::views::OverrideView;
use crate::{Error, ValidationErrors, access, values};

/// Somebody to pause in a rotation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Who.
    #[serde(default)]
    #[schema(required = true)]
    pub person_id: String,
    /// The first instant; by default now.
    #[serde(default)]
    pub start: Option<String>,
    /// The first instant after it.
    #[serde(default)]
    #[schema(required = true)]
    pub end: String,
    /// Ids of those who cover for them, in turn; by default the others of the order, beginning after them.
    #[serde(default)]
    pub covered_by: Option<Vec<String>>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What a pause came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PauseView {
    /// The overrides that it made.
    pub items: Vec<OverrideView>,
    /// Where nobody was free: the time stays theirs.
    pub uncovered: Vec<TimeView>,
}

/// Pauses somebody: for each of their turns in a time one of the others takes over who is there and not away. The order
/// stays as it is, and so does everybody else's turn. (To take them out of the order is another wish: see
/// [`crate::rotations::take_out`].)
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where they have
/// no duty in that time, or the rotation follows the sun.
pub fn pause(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    command: &Pause,
) -> Result<PauseView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut errors = ValidationErrors::new();
    let person = values::person_id(&mut errors, "/person_id", &command.person_id);
    let given = command.covered_by.as_deref();
    let named = read_named(&mut errors, "/covered_by", given);
    let mut also = named.clone();
    also.extend([person, actor.person].into_iter().flatten());
    let locked_rotation = LockedRotation::of(uow, id, &also)?;
    access::manager(actor, &locked_rotation.team)?;
    uow.check_version(locked_rotation.rotation.version)?;
    locked_rotation.must_run(now)?;
    let window = read_interval(
        &mut errors,
        actor,
        command.start.as_deref(),
        &command.end,
        now,
    );
    let reason = values::text(&mut errors, "/reason", command.reason.as_deref());
    let known = |id: PersonId| locked_rotation.snapshot.person(id).map(AsRef::as_ref);
    if person.is_some_and(|person| known(person).is_none()) {
        errors.add("/person_id", "there is no such person");
    }
    let end = window.map(|window| window.end());
    check_named(&mut errors, "/covered_by", known, person, &named, end);
    let ((person, window), reason) = errors.finish_with(person.zip(window).zip(reason))?;
    if locked_rotation.rotation.kind == Kind::FollowTheSun {
        return Err(Error::conflict(
            "a plan that follows the sun goes round time off: enter that",
        ));
    }
    let order = locked_rotation.rotation.revision_at(window.start());
    let order = order.unwrap_or(locked_rotation.rotation.newest());
    let pool = if given.is_some() {
        named
    } else {
        others(&order.order, person)
    };
    let free =
        |id: PersonId, piece: Interval| known(id).is_some_and(|one| is_free(one, piece, now));
    let pieces = covers(&locked_rotation.timeline(), person, window, &pool, free);
    if pieces.is_empty() {
        return Err(Error::conflict("they have no duty in that time"));
    }
    let (mut items, mut uncovered) = (Vec::new(), Vec::new());
    for (piece, by) in pieces {
        let Some(by) = by else {
            uncovered.push(TimeView::from(piece));
            continue;
        };
        let made = add(uow, &locked_rotation, piece, Some(by), reason.clone(), None)?;
        mails::given(uow, &locked_rotation, &made)?;
        items.push(OverrideView::of(
            &locked_rotation.snapshot,
            &locked_rotation.rotation,
            &made,
        ));
    }
    Ok(PauseView { items, uncovered })
}

/// Whether somebody is there until the end of it, and never away in it.
fn is_free(person: &Person, piece: Interval, now: Timestamp) -> bool {
    let time = std::iter::once(piece).collect();
    person.active_at(piece.end() - TimeDelta::seconds(1))
        && person.away(now).intersect(&time).is_empty()
}
