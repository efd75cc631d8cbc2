//! Rotations: setting them up, revising them, archiving them.

mod commands;
mod leave;
mod parts;
mod reminders;
mod revise;

pub use commands::{
    Archive, FirstInput, HandoffInput, NewRevision, NewRotation, RotationChange, TakeOut,
};
pub use leave::{names_from, remove_person, take_out};
pub use reminders::{ChecklistsInput, RemindersInput, RemindersView, set_reminders};
pub use revise::{revise, withdraw};

use super::locked_rotation::{LockedRotation, as_json, record_audit, team_of_slug};
use super::views::RotationView;
use super::{Error, ValidationErrors, access, input, swaps, values};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::RotationId;
use crate::domain::non_empty::NonEmpty;
use crate::domain::schedule::rotation::{Kind, Plan, ReminderSettings, Revision, Rotation};
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, rotations};

/// Sets up a rotation.
///
/// # Errors
///
/// [`Error::Invalid`] with every fault, [`Error::Forbidden`], [`Error::NotFound`] without the team.
pub fn create(
    uow: &mut UnitOfWork<'_>,
    slug: &str,
    new: &NewRotation,
) -> Result<(Rotation, String), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let team = team_of_slug(uow, slug)?;
    access::manager(actor, &team)?;
    let mut errors = ValidationErrors::new();
    let name = values::line(&mut errors, "/name", &new.name, 200);
    let title = values::line(&mut errors, "/title", &new.title, 100);
    let kind = parts::kind(&mut errors, &new.kind);
    let zone = values::zone(&mut errors, "/time_zone", &new.time_zone);
    let people = parts::order(
        uow,
        &mut errors,
        &new.order,
        kind == Some(Kind::FollowTheSun),
    )?;
    let hours = parts::duty_hours(&mut errors, new.duty_hours.as_deref());
    let when = parts::fallback_when(&mut errors, new.fallback_when.as_deref().unwrap_or("gap"));
    let fallback = match &new.fallback_rotation_id {
        None => None,
        Some(text) => parts::fallback(uow, &mut errors, text, None)?,
    };
    let read = new
        .handoff
        .as_ref()
        .and_then(|input| parts::handoff(&mut errors, input, zone.as_ref()));
    let from = errors.check_some("/effective_from", new.effective_from.as_deref(), |text| {
        input::bounded(text, now)
    });
    let first = match &new.first {
        None => Some(0),
        Some(given) => parts::first(&mut errors, given, &people),
    };
    let plan = match kind {
        Some(Kind::Ordered) => {
            if new.handoff.is_none() {
                errors.add("/handoff", "an ordered rotation needs one");
            }
            read.zip(first)
                .map(|(handoff, first)| Plan::Ordered { handoff, first })
        }
        Some(Kind::FollowTheSun) => {
            parts::refuse_order_parts(
                &mut errors,
                new.handoff.is_some(),
                new.duty_hours.is_some(),
                new.first.is_some(),
            );
            Some(Plan::FollowTheSun)
        }
        None => None,
    };
    let default_from = match &plan {
        Some(Plan::Ordered { handoff, .. }) => handoff.first(),
        _ => now,
    };
    let parts = name
        .zip(title)
        .zip(kind)
        .zip(zone)
        .zip(when)
        .zip(plan)
        .zip(from);
    let rotation = parts.map(
        |((((((name, title), kind), time_zone), fallback_when), plan), from)| Rotation {
            id: RotationId::from_uuid(new_id()),
            team: team.id,
            name,
            title,
            kind,
            revisions: NonEmpty::new(Revision {
                number: 1,
                effective_from: from.unwrap_or(default_from),
                recorded_at: now,
                time_zone,
                order: people,
                duty_hours: hours,
                plan,
            }),
            archived_at: None,
            fallback,
            fallback_when,
            reminders: ReminderSettings::default(),
            version: 1,
        },
    );
    let rotation = errors.finish_with(rotation)?;
    rotations::insert(uow.db(), &rotation, now)?;
    uow.changed(Change::Rotation(rotation.id));
    deed(
        uow,
        AuditAction::RotationCreate,
        None,
        &rotation,
        &team.slug,
    )?;
    Ok((rotation, team.slug))
}

fn deed(
    uow: &mut UnitOfWork<'_>,
    action: AuditAction,
    before: Option<&Rotation>,
    after: &Rotation,
    team: &str,
) -> Result<(), Error> {
    let was = as_json(before.map(|rotation| RotationView::of(rotation, team)))?;
    let is = as_json(RotationView::of(after, team))?;
    record_audit(
        uow,
        AuditEvent {
            action,
            kind: "rotation",
            id: after.id.to_string(),
            before: was,
            after: is,
        },
    )
}

/// Changes what moves no shift.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn change(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    change: &RotationChange,
) -> Result<(Rotation, String), Error> {
    let actor = uow.actor;
    let locked_rotation = LockedRotation::of(uow, id, &[])?;
    access::manager(actor, &locked_rotation.team)?;
    uow.check_version(locked_rotation.rotation.version)?;
    let mut errors = ValidationErrors::new();
    let mut after = locked_rotation.rotation.clone();
    if let Some(name) = change
        .name
        .as_deref()
        .and_then(|name| values::line(&mut errors, "/name", name, 200))
    {
        after.name = name;
    }
    if let Some(title) = change
        .title
        .as_deref()
        .and_then(|title| values::line(&mut errors, "/title", title, 100))
    {
        after.title = title;
    }
    if let Some(when) = change
        .fallback_when
        .as_deref()
        .and_then(|text| parts::fallback_when(&mut errors, text))
    {
        after.fallback_when = when;
    }
    match &change.fallback_rotation_id {
        Some(Some(text)) => after.fallback = parts::fallback(uow, &mut errors, text, Some(id))?,
        Some(None) => after.fallback = None,
        None => {}
    }
    if let Some(input) = &change.reminders {
        after.reminders = reminders::read(&mut errors, "/reminders", input);
    }
    errors.finish()?;
    finish(uow, AuditAction::RotationChange, &locked_rotation, after)
}

/// Writes what changed of a rotation beside its revisions, and notes it.
fn finish(
    uow: &mut UnitOfWork<'_>,
    action: AuditAction,
    locked_rotation: &LockedRotation,
    mut after: Rotation,
) -> Result<(Rotation, String), Error> {
    after.version += 1;
    rotations::update(uow.db(), &after)?;
    uow.changed(Change::Rotation(after.id));
    deed(
        uow,
        action,
        Some(&locked_rotation.rotation),
        &after,
        &locked_rotation.team.slug,
    )?;
    Ok((after, locked_rotation.team.slug.clone()))
}

/// Archives a rotation from an instant on.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and
/// [`Error::Conflict`] where it is archived already.
pub fn archive(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    command: &Archive,
) -> Result<(Rotation, String), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let locked_rotation = LockedRotation::of(uow, id, &[])?;
    access::manager(actor, &locked_rotation.team)?;
    uow.check_version(locked_rotation.rotation.version)?;
    locked_rotation.must_run(now)?;
    let at = input::at_or_now(command.at.as_deref(), now)?;
    if at < now && !actor.is_administrator() {
        return Err(Error::invalid("/at", "must not lie in the past"));
    }
    let mut after = locked_rotation.rotation.clone();
    after.archived_at = Some(at);
    let archived = finish(uow, AuditAction::RotationArchive, &locked_rotation, after)?;
    swaps::expire(uow, id, at)?;
    Ok(archived)
}
