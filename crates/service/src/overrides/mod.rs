//! Overrides: making them, and ending them.

mod mails;
mod pause;

pub use pause::{Pause, PauseView, pause};

use std::sync::Arc;

use chrono::TimeDelta;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{OverrideId, PersonId, RotationId, SwapId};
use crate::domain::people::person::Role;
use crate::domain::people::team::Team;
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::timeline::{Layer, Shift, Timeline};
use crate::domain::swaps;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::locked_rotation::{LockedRotation, as_json, record_audit};
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, Tx, rotations};
use crate::views::{OverrideView, ShiftView};
use crate::{Actor, Error, ValidationErrors, access, input, values};

/// An override lasts at most this long.
const LONGEST: TimeDelta = TimeDelta::days(400);

/// It may begin this long ago.
const GRACE: TimeDelta = TimeDelta::minutes(5);

/// An override to make.
#[derive(Debug, Clone, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverride {
    /// The first instant; by default now.
    #[serde(default)]
    pub start: Option<String>,
    /// The first instant after it.
    #[serde(default)]
    #[schema(required = true)]
    pub end: String,
    /// Who takes over; null: nobody.
    #[serde(default, deserialize_with = "values::given")]
    #[schema(required = true, value_type = Option<String>)]
    pub person_id: Option<Option<String>>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Makes an override; answers with what the final timeline had there before.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and
/// [`Error::Conflict`] on an archived rotation.
pub fn create(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    new: &NewOverride,
) -> Result<OverrideView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut errors = ValidationErrors::new();
    let person = errors
        .required("/person_id", new.person_id.as_ref())
        .and_then(|given| {
            errors.check_some("/person_id", given.as_deref(), |text| {
                text.parse::<PersonId>()
                    .map_err(|_| "there is no such person")
            })
        });
    let also: Vec<PersonId> = [person.flatten(), actor.person]
        .into_iter()
        .flatten()
        .collect();
    let locked_rotation = LockedRotation::of(uow, id, &also)?;
    access::gives_time(actor, &locked_rotation.team)?;
    uow.check_version(locked_rotation.rotation.version)?;
    let interval = read_interval(&mut errors, actor, new.start.as_deref(), &new.end, now);
    let reason = values::text(&mut errors, "/reason", new.reason.as_deref());
    if let Some(person) = person.flatten() {
        match locked_rotation.snapshot.people().get(&person) {
            None => errors.add("/person_id", "there is no such person"),
            Some(known)
                if interval.is_some_and(|interval| {
                    !known.active_at(interval.end() - TimeDelta::seconds(1))
                }) =>
            {
                errors.add("/person_id", "they are deactivated");
            }
            Some(_) => {}
        }
    }
    let ((interval, person), reason) = match (interval, person, reason) {
        (Some(interval), Some(person), Some(reason)) => {
            errors.finish_with(Some(((interval, person), reason)))?
        }
        _ => {
            return Err(errors
                .finish()
                .err()
                .unwrap_or_else(|| Error::internal("no fault says why")));
        }
    };
    locked_rotation.must_run(interval.start())?;
    let displaced: Vec<Shift> = locked_rotation
        .timeline()
        .shifts(Layer::Final, interval)
        .into_iter()
        .filter_map(|shift| {
            Some(Shift {
                interval: shift.interval.intersect(&interval)?,
                ..shift
            })
        })
        .collect();
    may_give(actor, &locked_rotation, interval, person)?;
    let made = add(uow, &locked_rotation, interval, person, reason, None)?;
    mails::given(uow, &locked_rotation, &made)?;
    let mut view = OverrideView::of(&locked_rotation.snapshot, &locked_rotation.rotation, &made);
    view.displaces = Some(
        displaced
            .iter()
            .map(|shift| ShiftView::of(&locked_rotation.snapshot, shift))
            .collect(),
    );
    Ok(view)
}

/// Adds an override that was decided on, with a reason, or for a swap.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub(crate) fn add(
    uow: &mut UnitOfWork<'_>,
    locked_rotation: &LockedRotation,
    interval: Interval,
    person: Option<PersonId>,
    reason: Option<String>,
    swap: Option<SwapId>,
) -> Result<Override, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let id = locked_rotation.rotation.id;
    let made = Override {
        id: OverrideId::from_uuid(new_id()),
        sequence: rotations::next_sequence(uow.db(), id)?,
        interval,
        person,
        reason,
        swap,
        created_by: actor.person,
        created_at: now,
        cancelled_at: None,
        cancelled_by: None,
    };
    rotations::add_override(uow.db(), id, &made)?;
    uow.changed(Change::Rotation(id));
    let after = OverrideView::of(&locked_rotation.snapshot, &locked_rotation.rotation, &made);
    let deed = AuditEvent {
        action: AuditAction::OverrideCreate,
        kind: "override",
        id: made.id.to_string(),
        before: serde_json::Value::Null,
        after: as_json(after)?,
    };
    record_audit(uow, deed)?;
    Ok(made)
}

fn read_interval(
    errors: &mut ValidationErrors,
    actor: &Actor,
    start: Option<&str>,
    end: &str,
    now: Timestamp,
) -> Option<Interval> {
    let start = match start {
        None => Some(now),
        Some(text) => errors.check("/start", input::bounded(text, now)),
    };
    let end = errors.check("/end", input::bounded(end, now));
    if start.is_some_and(|start| start < now - GRACE) && !actor.is_administrator() {
        errors.add("/start", "must not begin more than five minutes ago");
    }
    let (start, end) = (start?, end?);
    let interval = Interval::new(start, end);
    if interval.is_none() {
        errors.add("/end", "must lie after the start");
    }
    if end - start > LONGEST {
        errors.add("/end", "an override lasts at most 400 days");
    }
    interval
}

/// Managers give anybody's time; engineers give their own, to somebody of the team; hours in which nobody ever has
/// the duty may lie between. (Who gives no time at all was refused before.)
fn may_give(
    actor: &Actor,
    locked_rotation: &LockedRotation,
    interval: Interval,
    person: Option<PersonId>,
) -> Result<(), Error> {
    if access::manages(actor, &locked_rotation.team) {
        return Ok(());
    }
    let own = actor.person.is_some_and(|person| {
        swaps::own_time(&locked_rotation.timeline(), person, interval).is_ok()
    });
    let to_the_team =
        person.is_some_and(|person| locked_rotation.team.has_throughout(person, interval));
    if own && to_the_team {
        Ok(())
    } else {
        Err(Error::forbidden(access::ONLY_THEIR_OWN_TIME))
    }
}

/// Whether the actor may end an override: those who manage the team now, whoever gave their own time by it, and, until
/// it starts, whoever takes over. That somebody made it for the team, as its manager then, counts for nothing.
#[must_use]
pub fn may_end(
    actor: &Actor,
    team: &Team,
    timeline: &Timeline,
    found: &Override,
    now: Timestamp,
) -> bool {
    let hands_back = || found.person.is_some_and(|to| actor.is(to)) && now < found.interval.start();
    access::manages(actor, team)
        || actor.role == Role::Member
            && (hands_back() || gave_own_time(actor, timeline, found, now))
}

/// Whether the actor made an override of time that comes back to them.
fn gave_own_time(actor: &Actor, timeline: &Timeline, found: &Override, now: Timestamp) -> bool {
    let Some(person) = found.created_by.filter(|by| actor.is(*by)) else {
        return false;
    };
    let Some(ahead) = found.interval.ahead(now) else {
        return true; // It is over, as whoever asks is told then.
    };
    // What was made later lies over it, and stays.
    let below = timeline.overrides().iter();
    let below = below.filter(|one| one.sequence < found.sequence).cloned();
    let (rotation, people) = (timeline.rotation(), timeline.people());
    let before = Timeline::new(Arc::clone(rotation), below.collect(), people.clone());
    swaps::own_time(&before, person, ahead).is_ok()
}

/// Ends an override: from now on where it has begun, all of it where it has not.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], and [`Error::Conflict`] where it is
/// over, or belongs to a swap.
pub fn cancel(uow: &mut UnitOfWork<'_>, id: OverrideId) -> Result<OverrideView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let rotation = rotation_of(uow, id)?;
    let locked_rotation = LockedRotation::of(uow, rotation, &[])?;
    let found = locked_rotation
        .overrides
        .iter()
        .find(|one| one.id == id)
        .ok_or(Error::NotFound("override"))?;
    if !may_end(
        actor,
        &locked_rotation.team,
        &locked_rotation.timeline(),
        found,
        now,
    ) {
        return Err(Error::forbidden(
            "only managers and whoever gave their own time end an override; whoever takes over hands it back until it starts",
        ));
    }
    uow.check_version(found.version())?;
    if found.swap.is_some() {
        return Err(Error::conflict("it belongs to a swap: undo the swap"));
    }
    let found = found.clone();
    let was = locked_rotation.timeline();
    let ended = end(uow, &locked_rotation, id, now)?;
    let also: Vec<PersonId> = [found.created_by, actor.person]
        .into_iter()
        .flatten()
        .collect();
    let locked_rotation = LockedRotation::of(uow, rotation, &also)?;
    mails::ended(uow, &was, &locked_rotation, &found)?;
    Ok(ended)
}

/// The rotation of an override.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such override.
pub fn rotation_of(tx: &mut Tx<'_>, id: OverrideId) -> Result<RotationId, Error> {
    rotations::of_override(tx.db(), id)?.ok_or(Error::NotFound("override"))
}

/// Ends an override at `at`.
///
/// # Errors
///
/// [`Error::Conflict`] where it is over.
pub(crate) fn end(
    uow: &mut UnitOfWork<'_>,
    locked_rotation: &LockedRotation,
    id: OverrideId,
    at: Timestamp,
) -> Result<OverrideView, Error> {
    let actor = uow.actor;
    let before = locked_rotation
        .overrides
        .iter()
        .find(|one| one.id == id)
        .ok_or(Error::NotFound("override"))?;
    if before.in_force().is_none_or(|left| left.end() <= at) {
        return Err(Error::conflict("it is over already"));
    }
    rotations::cancel_override(uow.db(), id, at, actor.person)?;
    uow.changed(Change::Rotation(locked_rotation.rotation.id));
    let after = Override {
        cancelled_at: Some(at),
        cancelled_by: actor.person,
        ..before.clone()
    };
    let was = as_json(OverrideView::of(
        &locked_rotation.snapshot,
        &locked_rotation.rotation,
        before,
    ))?;
    let view = OverrideView::of(&locked_rotation.snapshot, &locked_rotation.rotation, &after);
    let deed = AuditEvent {
        action: AuditAction::OverrideCancel,
        kind: "override",
        id: id.to_string(),
        before: was,
        after: as_json(&view)?,
    };
    record_audit(uow, deed)?;
    Ok(view)
}
