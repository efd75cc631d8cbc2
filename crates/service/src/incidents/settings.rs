//! How a rotation works on incidents: reading that, and changing it.

use super::{LONGEST_NAME, LONGEST_TITLE, SettingsView};
use crate::UnitOfWork;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::RotationId;
use crate::domain::incidents::{Severity, Template, WatchSettings};
use crate::locked_rotation::{LockedRotation, as_json, record_audit};
use crate::notify::Guard;
use crate::snapshot::Snapshot;
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, Db, incidents};
use crate::{Error, ValidationErrors, access, values};

/// Two weeks, in minutes.
const LONGEST_MINUTES: u32 = 14 * 24 * 60;

/// A year, in hours.
const LONGEST_HOURS: u32 = 366 * 24;

/// So many severities, or things to be done, at most.
const MOST: usize = 50;

/// How a rotation works on incidents. The address of the chat is a secret: only managers see it.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such rotation.
pub fn settings(
    db: &mut Db,
    actor: &Actor,
    snapshot: &Snapshot,
    id: RotationId,
) -> Result<SettingsView, Error> {
    let timeline = snapshot
        .timeline_of(id)
        .ok_or(Error::NotFound("rotation"))?;
    let sees = snapshot
        .team(timeline.rotation().team)
        .is_some_and(|team| access::manages(actor, team));
    let (mut settings, version) = incidents::settings(db, id)?;
    if !sees {
        settings.chat_webhook_url = None;
    }
    Ok(SettingsView { settings, version })
}

/// Changes how a rotation works on incidents, also on those that go on.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn put_settings(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    new: &WatchSettings,
    guard: &Guard,
) -> Result<SettingsView, Error> {
    let actor = uow.actor;
    let locked_rotation = LockedRotation::of(uow, id, &[])?;
    access::manager(actor, &locked_rotation.team)?;
    let (before, version) = incidents::settings(uow.db(), id)?;
    uow.check_version(version)?;
    let mut errors = ValidationErrors::new();
    check(&mut errors, new);
    if let Some(url) = &new.chat_webhook_url {
        values::webhook(&mut errors, "/chat_webhook_url", url, guard);
    }
    errors.finish()?;
    let version = version + 1;
    incidents::put_settings(uow.db(), id, new, version)?;
    uow.changed(Change::Incidents);
    let deed = AuditEvent {
        action: AuditAction::RotationIncidentSettings,
        kind: "rotation",
        id: id.to_string(),
        before: as_json(without_secret(&before))?,
        after: as_json(without_secret(new))?,
    };
    record_audit(uow, deed)?;
    Ok(SettingsView {
        settings: new.clone(),
        version,
    })
}

fn without_secret(settings: &WatchSettings) -> WatchSettings {
    WatchSettings {
        chat_webhook_url: None,
        ..settings.clone()
    }
}

fn check(errors: &mut ValidationErrors, new: &WatchSettings) {
    for (pointer, minutes) in [
        ("/patience_minutes", new.patience_minutes),
        ("/handover_minutes", new.handover_minutes),
        ("/update_notice_minutes", new.update_notice_minutes),
    ] {
        minutes_fit(errors, pointer, Some(minutes));
    }
    if new.severities.is_empty() || new.severities.len() > MOST {
        errors.add("/severities", format!("must have 1 to {MOST}"));
    }
    for (index, severity) in new.severities.iter().enumerate() {
        let pointer = |field: &str| format!("/severities/{index}/{field}");
        let earlier = new.severities.iter().take(index);
        check_severity(errors, severity, earlier, pointer);
    }
    for (list, pointer) in [
        (&new.checklist, "/checklist"),
        (&new.follow_ups, "/follow_ups"),
    ] {
        if list.len() > MOST {
            errors.add(pointer, format!("must have at most {MOST}"));
        }
        for (index, template) in list.iter().enumerate() {
            check_template(errors, template, new, |field| {
                format!("{pointer}/{index}/{field}")
            });
        }
    }
}

fn minutes_fit(errors: &mut ValidationErrors, pointer: &str, minutes: Option<u32>) {
    if minutes.is_some_and(|minutes| !(1..=LONGEST_MINUTES).contains(&minutes)) {
        errors.add(pointer, format!("must be 1 to {LONGEST_MINUTES}"));
    }
}

fn check_severity<'a>(
    errors: &mut ValidationErrors,
    severity: &Severity,
    mut earlier: impl Iterator<Item = &'a Severity>,
    pointer: impl Fn(&str) -> String,
) {
    values::line(errors, &pointer("name"), &severity.name, LONGEST_NAME);
    if earlier.any(|other| other.name.eq_ignore_ascii_case(&severity.name)) {
        errors.add(pointer("name"), "is there already");
    }
    minutes_fit(
        errors,
        &pointer("first_update_minutes"),
        severity.first_update_minutes,
    );
    minutes_fit(
        errors,
        &pointer("update_every_minutes"),
        severity.update_every_minutes,
    );
}

fn check_template(
    errors: &mut ValidationErrors,
    template: &Template,
    settings: &WatchSettings,
    pointer: impl Fn(&str) -> String,
) {
    values::line(errors, &pointer("text"), &template.text, LONGEST_TITLE);
    for (index, name) in template.severities.iter().enumerate() {
        if settings.severity(name).is_none() {
            errors.add(
                pointer(&format!("severities/{index}")),
                "there is no such severity",
            );
        }
    }
    if template
        .due_hours
        .is_some_and(|hours| hours > LONGEST_HOURS)
    {
        errors.add(
            pointer("due_hours"),
            format!("must be at most {LONGEST_HOURS}"),
        );
    }
}
