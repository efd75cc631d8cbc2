//! Incidents: declaring them, watching them, handing the watch over, telling customers, and the end.

mod commands;
mod links;
mod locked_incident;
mod mapping;
mod parts;
mod schemas;
mod settings;
mod view;
mod webhooks;

pub use commands::{
    IncidentChange, NewHandover, NewIncident, NewUpdate, RaisedHand, Resolve, Stay, Tick,
};
pub(super) use links::{follow, offered};
use locked_incident::LockedIncident;
pub use mapping::{Condition, Mapping};
pub use schemas::WatchSettingsSchema;
pub use settings::{put_settings, settings};
pub use view::{HandoverView, IncidentView, ItemView, SettingsView, UpdateView, WatchView};
pub use webhooks::{
    Delivery, InvalidSignature, NewWebhook, Taken, WebhookView, create_webhook, find_webhook,
    revoke_webhook, take_delivery, webhook_actor, webhooks,
};

use parts::{communications, link, person, severity, stage, watcher_rotation};

use super::{Actor, Error, Expected, ValidationErrors, access, input, values};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{IncidentId, PersonId};
use crate::domain::incidents::{
    Event, Fact, How, Incident, IncidentError, Links, Notes, WatchSettings,
};

use crate::domain::time::interval::Timestamp;
use crate::snapshot::Snapshot;
use crate::storage::{Db, incidents};

/// A reference has at most so many characters, as has the name of a severity.
pub(super) const LONGEST_NAME: usize = 64;

/// A title.
pub(super) const LONGEST_TITLE: usize = 200;

/// Notes, and what customers are told.
const LONGEST_TEXT: usize = 10_000;

/// An incident, and whether it is new.
#[derive(Debug)]
pub struct Declared {
    /// The incident.
    pub view: IncidentView,
    /// Whether it was declared just now; it may have been before.
    pub is_new: bool,
}

/// Declares an incident; one that was declared before is that one.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], and [`Error::Conflict`] where an incident of that reference is over.
pub fn declare(uow: &mut UnitOfWork<'_>, new: &NewIncident) -> Result<Declared, Error> {
    let (actor, now) = (uow.actor, uow.now);
    access::declares(actor)?;
    let mut errors = ValidationErrors::new();
    let reference = values::line(&mut errors, "/reference", &new.reference, LONGEST_NAME);
    let title = values::line(&mut errors, "/title", &new.title, LONGEST_TITLE);
    let rotation = watcher_rotation(uow, &mut errors, &new.rotation_id)?;
    let settings = match rotation {
        Some(rotation) => incidents::settings(uow.db(), rotation)?.0,
        None => WatchSettings::default(),
    };
    let severity = severity(&mut errors, &settings, new.severity.as_deref());
    let communications = communications(
        uow,
        &mut errors,
        "/communications_rotation_id",
        new.communications_rotation_id.as_deref(),
    )?;
    let lead = person(uow, &mut errors, "/lead", new.lead.as_deref())?;
    let links = Links {
        channel: link(&mut errors, "/channel_url", new.channel_url.as_deref()),
        thread: link(&mut errors, "/thread_url", new.thread_url.as_deref()),
        status_page: link(
            &mut errors,
            "/status_page_url",
            new.status_page_url.as_deref(),
        ),
    };
    let watcher = match (new.watch.as_deref(), actor.person) {
        (Some("self"), Some(me)) => Some(me),
        (Some("self"), None) => {
            errors.add("/watch", "you are no person: name somebody");
            None
        }
        (other, _) => person(uow, &mut errors, "/watch", other)?,
    };
    let parts = reference.zip(title).zip(rotation);
    let ((reference, title), rotation) = errors.finish_with(parts)?;
    if let Some(before) = incidents::find_by_reference(uow.db(), &reference)? {
        return declared_before(uow, &before);
    }
    let fact = Fact::Declared {
        reference,
        title,
        to_do: settings.checklist(severity.as_deref()),
        severity,
        rotation,
        communications,
        lead,
        links,
    };
    let event = Event {
        at: now,
        by: actor.person,
        fact,
    };
    let incident = Incident::of(IncidentId::from_uuid(new_id()), vec![event])
        .ok_or_else(|| Error::internal("a declaration declares nothing"))?;
    let also: Vec<PersonId> = watcher.into_iter().collect();
    let mut locked_incident = LockedIncident::new(uow, incident, &also)?;
    if let Some(watcher) = watcher {
        // Whoever declares an incident may say who watches it; for oneself one must be of the rotation.
        if actor.is(watcher) {
            locked_incident.must_watch(actor, now)?;
        }
        take(&mut locked_incident, actor, watcher, "/watch", now)?;
    }
    let view =
        locked_incident.keep(uow.expecting(Expected::any()), AuditAction::IncidentDeclare)?;
    Ok(Declared { view, is_new: true })
}

fn declared_before(uow: &mut UnitOfWork<'_>, before: &Incident) -> Result<Declared, Error> {
    let now = uow.now;
    let locked_incident = LockedIncident::of(uow, before.id, &[])?;
    match before.resolved_at {
        Some(at) => Err(locked_incident.refused(IncidentError::Resolved { at }, "")),
        None => Ok(Declared {
            view: locked_incident.view(now),
            is_new: false,
        }),
    }
}

/// Somebody takes the watch.
fn take(
    locked_incident: &mut LockedIncident,
    actor: &Actor,
    person: PersonId,
    pointer: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let how = if actor.is(person) {
        How::RaisedHand
    } else {
        How::Named
    };
    let fact = locked_incident
        .incident
        .take(&locked_incident.snapshot, person, how, now)
        .map_err(|refusal| locked_incident.refused(refusal, pointer))?;
    locked_incident.happens(actor, fact, now);
    Ok(())
}

/// Raises a hand: of two, the first watches.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`], which names the watcher,
/// where somebody watches already.
pub fn raise_hand(
    uow: &mut UnitOfWork<'_>,
    id: IncidentId,
    hand: &RaisedHand,
) -> Result<IncidentView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut errors = ValidationErrors::new();
    let named = person(uow, &mut errors, "/person_id", hand.person_id.as_deref())?;
    errors.finish()?;
    let whose = named
        .or(actor.person)
        .ok_or_else(|| Error::invalid("/person_id", "you are no person: name somebody"))?;
    let mut locked_incident = LockedIncident::of(uow, id, &[whose])?;
    if actor.is(whose) {
        locked_incident.must_watch(actor, now)?;
    } else {
        access::manager(actor, &locked_incident.team)?;
    }
    take(&mut locked_incident, actor, whose, "/person_id", now)?;
    locked_incident.keep(uow, AuditAction::IncidentRaiseHand)
}

/// Offers the watch to somebody, or leaves it for whoever comes next.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where nobody watches.
pub fn hand_over(
    uow: &mut UnitOfWork<'_>,
    id: IncidentId,
    new: &NewHandover,
) -> Result<IncidentView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut errors = ValidationErrors::new();
    let to = errors.required("/to", new.to.as_ref());
    let to = person(uow, &mut errors, "/to", to.and_then(Option::as_deref))?;
    let ticket_count = errors.required("/ticket_count", new.ticket_count);
    let mut text =
        |pointer: &str, text: &str| values::words(&mut errors, pointer, text, LONGEST_TEXT);
    let status = text("/status", &new.status);
    let key_information = text("/key_information", &new.key_information);
    let told_to_users = text("/told_to_users", &new.told_to_users);
    let parts = status.zip(ticket_count);
    let parts = parts.zip(key_information).zip(told_to_users);
    let mut locked_incident = LockedIncident::of(uow, id, to.as_slice())?;
    locked_incident.must_watch(actor, now)?;
    let (((status, ticket_count), key_information), told_to_users) = errors.finish_with(parts)?;
    let notes = Notes {
        status,
        ticket_count,
        key_information,
        told_to_users,
    };
    let fact = match to {
        Some(to) => locked_incident
            .incident
            .offer(&locked_incident.snapshot, to, notes, now),
        None => locked_incident.incident.leave(notes),
    };
    let fact = fact.map_err(|refusal| locked_incident.refused(refusal, "/to"))?;
    locked_incident.happens(actor, fact, now);
    locked_incident.keep(uow, AuditAction::IncidentHandOver)
}

/// Accepts a handover, or declines it. Managers may for anybody.
///
/// # Errors
///
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where it does not wait for an answer.
pub fn answer_handover(
    uow: &mut UnitOfWork<'_>,
    id: IncidentId,
    number: u32,
    accept: bool,
) -> Result<IncidentView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut locked_incident = LockedIncident::of(uow, id, &[])?;
    locked_incident.must_watch(actor, now)?;
    let who = actor
        .person
        .filter(|_| !access::manages(actor, &locked_incident.team));
    let fact = if accept {
        locked_incident
            .incident
            .accept(&locked_incident.snapshot, number, who, now)
    } else {
        locked_incident.incident.decline(number, who)
    };
    let fact = fact.map_err(|refusal| locked_incident.refused(refusal, ""))?;
    locked_incident.happens(actor, fact, now);
    let action = if accept {
        AuditAction::IncidentAcceptHandover
    } else {
        AuditAction::IncidentDeclineHandover
    };
    locked_incident.keep(uow, action)
}

/// The watcher says until when they are there.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where nobody watches.
pub fn stay(uow: &mut UnitOfWork<'_>, id: IncidentId, stay: &Stay) -> Result<IncidentView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut errors = ValidationErrors::new();
    let until = errors.check("/until", input::bounded(&stay.until, now));
    let mut locked_incident = LockedIncident::of(uow, id, &[])?;
    locked_incident.must_watch(actor, now)?;
    let until = errors.finish_with(until)?;
    let fact = locked_incident
        .incident
        .stay(until, now)
        .map_err(|refusal| locked_incident.refused(refusal, "/until"))?;
    locked_incident.happens(actor, fact, now);
    locked_incident.keep(uow, AuditAction::IncidentStay)
}

/// Changes what is known of an incident.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where it is
/// over.
pub fn change(
    uow: &mut UnitOfWork<'_>,
    id: IncidentId,
    change: &IncidentChange,
) -> Result<IncidentView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut locked_incident = LockedIncident::of(uow, id, &[])?;
    locked_incident.must_work_on(actor, now)?;
    let mut errors = ValidationErrors::new();
    let title = change
        .title
        .as_deref()
        .and_then(|title| values::line(&mut errors, "/title", title, LONGEST_TITLE));
    let severity = severity(
        &mut errors,
        &locked_incident.settings,
        change.severity.as_deref(),
    );
    let stage = stage(&mut errors, change.stage.as_deref());
    let communications = communications(
        uow,
        &mut errors,
        "/communications_rotation_id",
        change.communications_rotation_id.as_deref(),
    )?;
    let lead = person(uow, &mut errors, "/lead", change.lead.as_deref())?;
    let old = locked_incident.incident.links.clone();
    let links = Links {
        channel: link(&mut errors, "/channel_url", change.channel_url.as_deref()).or(old.channel),
        thread: link(&mut errors, "/thread_url", change.thread_url.as_deref()).or(old.thread),
        status_page: link(
            &mut errors,
            "/status_page_url",
            change.status_page_url.as_deref(),
        )
        .or(old.status_page),
    };
    errors.finish()?;
    let stage = locked_incident
        .incident
        .go_to(stage.unwrap_or(locked_incident.incident.stage))
        .map_err(|refusal| locked_incident.refused(refusal, "/stage"))?;
    // What the new severity asks for besides.
    let to_do = match severity.as_deref() {
        None => Vec::new(),
        severity => {
            let there = |text: &str| {
                locked_incident
                    .incident
                    .items
                    .iter()
                    .any(|item| item.text == text)
            };
            let mut more = locked_incident.settings.checklist(severity);
            more.retain(|one| !there(&one.text));
            more
        }
    };
    let fact = Fact::Changed {
        title,
        severity: severity.filter(|name| locked_incident.incident.severity.as_ref() != Some(name)),
        stage: (stage != locked_incident.incident.stage).then_some(stage),
        communications,
        lead,
        links: (links != locked_incident.incident.links).then_some(links),
        to_do,
    };
    locked_incident.happens(actor, fact, now);
    let locked_incident = LockedIncident::of_changed(uow, locked_incident)?;
    locked_incident.keep(uow, AuditAction::IncidentChange)
}

/// Logs what customers were told.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn tell(
    uow: &mut UnitOfWork<'_>,
    id: IncidentId,
    update: &NewUpdate,
) -> Result<IncidentView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut locked_incident = LockedIncident::of(uow, id, &[])?;
    locked_incident.must_work_on(actor, now)?;
    let mut errors = ValidationErrors::new();
    let text = values::words(&mut errors, "/text", &update.text, LONGEST_TEXT);
    let fact = locked_incident.incident.tell(errors.finish_with(text)?);
    locked_incident.happens(actor, fact, now);
    locked_incident.keep(uow, AuditAction::IncidentUpdate)
}

/// Says that something is done, or is not done after all.
///
/// # Errors
///
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn tick(
    uow: &mut UnitOfWork<'_>,
    id: IncidentId,
    item: u32,
    tick: &Tick,
) -> Result<IncidentView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut locked_incident = LockedIncident::of(uow, id, &[])?;
    locked_incident.must_work_on(actor, now)?;
    let fact = locked_incident
        .incident
        .tick(item, tick.done)
        .map_err(|refusal| locked_incident.refused(refusal, ""))?;
    locked_incident.happens(actor, fact, now);
    locked_incident.keep(uow, AuditAction::IncidentTick)
}

/// Ends an incident; what is left to be done follows.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] where it is over.
pub fn resolve(
    uow: &mut UnitOfWork<'_>,
    id: IncidentId,
    end: &Resolve,
) -> Result<IncidentView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut locked_incident = LockedIncident::of(uow, id, &[])?;
    locked_incident.must_work_on(actor, now)?;
    let mut errors = ValidationErrors::new();
    let text = end
        .text
        .as_deref()
        .and_then(|text| values::words(&mut errors, "/text", text, LONGEST_TEXT));
    errors.finish()?;
    let to_do = locked_incident
        .settings
        .follow_ups(locked_incident.incident.severity.as_deref(), now);
    let fact = locked_incident
        .incident
        .resolve(to_do)
        .map_err(|refusal| locked_incident.refused(refusal, ""))?;
    if let Some(text) = text {
        let told = locked_incident.incident.tell(text);
        locked_incident.happens(actor, told, now);
    }
    locked_incident.happens(actor, fact, now);
    locked_incident.keep(uow, AuditAction::IncidentResolve)
}

/// What somebody may do about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent rights, each asked for by its name"
)]
pub struct May {
    /// Raise their own hand.
    pub raise: bool,
    /// Hand over.
    pub watch: bool,
    /// Tell customers, change it, end it.
    pub work: bool,
    /// Answer for others.
    pub manage: bool,
}

/// What the actor may do about an incident, whatever its state.
#[must_use]
pub fn may(snapshot: &Snapshot, incident: &Incident, actor: &Actor, now: Timestamp) -> May {
    let pool = |rotation| locked_incident::pool(snapshot, rotation, now);
    let timeline = snapshot.timeline_of(incident.rotation);
    let team = timeline.and_then(|timeline| snapshot.team(timeline.rotation().team));
    let Some(team) = team else {
        return May {
            raise: false,
            watch: false,
            work: false,
            manage: false,
        };
    };
    let watchers = pool(incident.rotation);
    let watch = access::watches(actor, team, &watchers).is_ok();
    let circle = locked_incident::circle(snapshot, incident, now);
    May {
        raise: watch && actor.person.is_some_and(|id| watchers.contains(&id)),
        watch,
        work: access::works_on(actor, team, &circle).is_ok(),
        manage: access::manages(actor, team),
    }
}

/// Incidents that are over, the latest first, declared before the one of this id.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn past(db: &mut Db, before: Option<&str>, limit: usize) -> Result<Vec<Incident>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(incidents::past(db, before, limit)?)
}

/// An incident with all its facts.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn history(db: &mut Db, id: IncidentId) -> Result<Incident, Error> {
    incidents::find(db, id)?.ok_or(Error::NotFound("incident"))
}

/// An incident that goes on, or one that is over.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn find(
    db: &mut Db,
    snapshot: &Snapshot,
    id: IncidentId,
    now: Timestamp,
) -> Result<IncidentView, Error> {
    Ok(view(snapshot, &history(db, id)?, now))
}

/// Incidents in the order in which they were declared.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn list(
    db: &mut Db,
    snapshot: &Snapshot,
    open: Option<bool>,
    after: Option<&str>,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<IncidentView>, Error> {
    let found = incidents::list(db, open, after, limit)?;
    Ok(found
        .iter()
        .map(|incident| view(snapshot, incident, now))
        .collect())
}

/// An incident, as it is shown.
#[must_use]
pub fn view(snapshot: &Snapshot, incident: &Incident, now: Timestamp) -> IncidentView {
    let settings = snapshot.watch_settings(incident.rotation);
    IncidentView::of(snapshot, incident, &settings, now)
}
