//! How a rotation works on incidents: reading that, and changing it.

use super::{LONGEST_NAME, LONGEST_TITLE, SettingsView};
use crate::domain::actor::Actor;
use crate::domain::ids::RotationId;
use crate::domain::incident::{Severity, Template, WatchSettings};
use crate::domain::interval::Instant;
use crate::notify::Guard;
use crate::roster::Roster;
use crate::service::scene::{Scene, as_json, note};
use crate::service::{Error, Expected, Faults, access, values};
use crate::storage::audit::Deed;
use crate::storage::{Change, Db, Tx, incidents};

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
    roster: &Roster,
    id: RotationId,
) -> Result<SettingsView, Error> {
    let timeline = roster.timeline_of(id).ok_or(Error::NotFound("rotation"))?;
    let sees = roster
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
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: RotationId,
    new: &WatchSettings,
    guard: &Guard,
    expected: &Expected,
    now: Instant,
) -> Result<SettingsView, Error> {
    let scene = Scene::of(tx, id, &[])?;
    access::manager(actor, &scene.team)?;
    let (before, version) = incidents::settings(tx.db(), id)?;
    expected.check(version)?;
    let mut faults = Faults::new();
    check(&mut faults, new);
    if let Some(url) = &new.chat_webhook_url {
        values::webhook(&mut faults, "/chat_webhook_url", url, guard);
    }
    faults.finish()?;
    let version = version + 1;
    incidents::put_settings(tx.db(), id, new, version)?;
    tx.changed(Change::Incidents);
    let deed = Deed {
        action: "rotation.incident_settings",
        kind: "rotation",
        id: id.to_string(),
        before: as_json(without_secret(&before))?,
        after: as_json(without_secret(new))?,
    };
    note(tx, actor, now, deed)?;
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

fn check(faults: &mut Faults, new: &WatchSettings) {
    for (pointer, minutes) in [
        ("/patience_minutes", new.patience_minutes),
        ("/handover_minutes", new.handover_minutes),
        ("/update_notice_minutes", new.update_notice_minutes),
    ] {
        minutes_fit(faults, pointer, Some(minutes));
    }
    if new.severities.is_empty() || new.severities.len() > MOST {
        faults.add("/severities", format!("must have 1 to {MOST}"));
    }
    for (index, severity) in new.severities.iter().enumerate() {
        let pointer = |field: &str| format!("/severities/{index}/{field}");
        let earlier = new.severities.iter().take(index);
        check_severity(faults, severity, earlier, pointer);
    }
    for (list, pointer) in [
        (&new.checklist, "/checklist"),
        (&new.follow_ups, "/follow_ups"),
    ] {
        if list.len() > MOST {
            faults.add(pointer, format!("must have at most {MOST}"));
        }
        for (index, template) in list.iter().enumerate() {
            check_template(faults, template, new, |field| {
                format!("{pointer}/{index}/{field}")
            });
        }
    }
}

fn minutes_fit(faults: &mut Faults, pointer: &str, minutes: Option<u32>) {
    if minutes.is_some_and(|minutes| !(1..=LONGEST_MINUTES).contains(&minutes)) {
        faults.add(pointer, format!("must be 1 to {LONGEST_MINUTES}"));
    }
}

fn check_severity<'a>(
    faults: &mut Faults,
    severity: &Severity,
    mut earlier: impl Iterator<Item = &'a Severity>,
    pointer: impl Fn(&str) -> String,
) {
    values::line(faults, &pointer("name"), &severity.name, LONGEST_NAME);
    if earlier.any(|other| other.name.eq_ignore_ascii_case(&severity.name)) {
        faults.add(pointer("name"), "is there already");
    }
    minutes_fit(
        faults,
        &pointer("first_update_minutes"),
        severity.first_update_minutes,
    );
    minutes_fit(
        faults,
        &pointer("update_every_minutes"),
        severity.update_every_minutes,
    );
}

fn check_template(
    faults: &mut Faults,
    template: &Template,
    settings: &WatchSettings,
    pointer: impl Fn(&str) -> String,
) {
    values::line(faults, &pointer("text"), &template.text, LONGEST_TITLE);
    for (index, name) in template.severities.iter().enumerate() {
        if settings.severity(name).is_none() {
            faults.add(
                pointer(&format!("severities/{index}")),
                "there is no such severity",
            );
        }
    }
    if template
        .due_hours
        .is_some_and(|hours| hours > LONGEST_HOURS)
    {
        faults.add(
            pointer("due_hours"),
            format!("must be at most {LONGEST_HOURS}"),
        );
    }
}
