//! What a change of an incident is decided on: the incident, locked, with everybody it concerns, as the transaction
//! sees them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::view::IncidentView;
use crate::UnitOfWork;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{IncidentId, PersonId, RotationId, TeamId};
use crate::domain::incidents::{Event, Fact, Incident, IncidentError, WatchSettings};
use crate::domain::people::team::Team;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::time::interval::Timestamp;
use crate::locked_rotation::{as_json, record_audit};
use crate::snapshot::{Loaded, Snapshot};
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, Tx, incidents, people, rotations, teams};
use crate::{Error, access};

/// An incident, and what belongs to it.
pub(super) struct LockedIncident {
    /// Its rotations with their fallbacks, and the people whom they and the incident name.
    pub snapshot: Snapshot,
    /// The incident.
    pub incident: Incident,
    /// How its rotation works.
    pub settings: WatchSettings,
    /// The team of its rotation.
    pub team: Arc<Team>,
    /// How many of its facts are stored.
    known: usize,
}

impl LockedIncident {
    /// Locks the incident until the transaction ends. `also` are people whom the change names.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is no such incident.
    pub(super) fn of(tx: &mut Tx<'_>, id: IncidentId, also: &[PersonId]) -> Result<Self, Error> {
        let incident = incidents::lock(tx, id)?.ok_or(Error::NotFound("incident"))?;
        Self::about(tx, incident, also)
    }

    /// The same for an incident that is new: none of its facts are stored.
    pub(super) fn new(
        tx: &mut Tx<'_>,
        incident: Incident,
        also: &[PersonId],
    ) -> Result<Self, Error> {
        let locked_incident = Self::about(tx, incident, also)?;
        Ok(Self {
            known: 0,
            ..locked_incident
        })
    }

    /// The same desk with what belongs to the incident since it changed.
    pub(super) fn of_changed(tx: &mut Tx<'_>, locked_incident: Self) -> Result<Self, Error> {
        let known = locked_incident.known;
        let locked_incident = Self::about(tx, locked_incident.incident, &[])?;
        Ok(Self {
            known,
            ..locked_incident
        })
    }

    fn about(tx: &mut Tx<'_>, incident: Incident, also: &[PersonId]) -> Result<Self, Error> {
        let first: Vec<RotationId> = [incident.rotation]
            .into_iter()
            .chain(incident.communications)
            .collect();
        let mut who: Vec<PersonId> = incident.watches.iter().map(|watch| watch.person).collect();
        who.extend(incident.handovers.iter().filter_map(|handover| handover.to));
        who.extend(incident.events.iter().filter_map(|event| event.by));
        who.extend(incident.lead);
        who.extend(also);
        let snapshot = surroundings(tx, first, who)?;
        let (settings, _) = incidents::settings(tx.db(), incident.rotation)?;
        let team = team_of(&snapshot, incident.rotation)
            .cloned()
            .ok_or_else(|| Error::internal("a rotation without a team"))?;
        Ok(Self {
            known: incident.events.len(),
            snapshot,
            incident,
            settings,
            team,
        })
    }

    /// Refuses those who do not watch the incidents of this rotation.
    pub(super) fn must_watch(&self, actor: &Actor, now: Timestamp) -> Result<(), Error> {
        let pool = pool(&self.snapshot, self.incident.rotation, now);
        access::watches(actor, &self.team, &pool)
    }

    /// Refuses those who do not work on the incident.
    pub(super) fn must_work_on(&self, actor: &Actor, now: Timestamp) -> Result<(), Error> {
        let circle = circle(&self.snapshot, &self.incident, now);
        access::works_on(actor, &self.team, &circle)
    }

    /// What happens next, by the actor.
    pub(super) fn happens(&mut self, actor: &Actor, fact: Fact, now: Timestamp) {
        self.incident.apply(Event {
            at: now,
            by: actor.person,
            fact,
        });
    }

    /// Stores what happened, and notes it.
    ///
    /// # Errors
    ///
    /// [`Error::Stale`], and [`Error::Unavailable`] when the database is away.
    pub(super) fn keep(
        self,
        uow: &mut UnitOfWork<'_>,
        action: AuditAction,
    ) -> Result<IncidentView, Error> {
        let now = uow.now;
        uow.check_version(i64::try_from(self.known).unwrap_or(i64::MAX))?;
        let before = self.incident.events.get(..self.known).unwrap_or_default();
        let before = Incident::of(self.incident.id, before.to_vec());
        if self.known == 0 {
            incidents::insert(uow.db(), &self.incident)?;
        } else {
            incidents::append(uow.db(), &self.incident, self.known)?;
        }
        uow.changed(Change::Incidents);
        let facts: Vec<&Fact> = self
            .incident
            .events
            .iter()
            .skip(self.known)
            .map(|event| &event.fact)
            .collect();
        let mut after = brief(&self.incident);
        if let Value::Object(after) = &mut after {
            after.insert("facts".to_owned(), as_json(facts)?);
        }
        let deed = AuditEvent {
            action,
            kind: "incident",
            id: self.incident.id.to_string(),
            before: before.as_ref().map(brief).unwrap_or_default(),
            after,
        };
        record_audit(uow, deed)?;
        Ok(self.view(now))
    }

    /// The incident, as it is shown.
    pub(super) fn view(&self, now: Timestamp) -> IncidentView {
        IncidentView::of(&self.snapshot, &self.incident, &self.settings, now)
    }

    fn name(&self, person: PersonId) -> String {
        let found = self.snapshot.person(person);
        found.map(|found| found.name.clone()).unwrap_or_default()
    }

    /// Why something cannot happen, in words; `pointer` is the member of the body that names a person or an instant.
    pub(super) fn refused(&self, refusal: IncidentError, pointer: &str) -> Error {
        let reference = &self.incident.reference;
        let text = |at: Timestamp| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        match refusal {
            IncidentError::Resolved { at } => {
                Error::conflict(format!("{reference} was resolved at {}", text(at)))
            }
            IncidentError::NotInTheRotation => {
                Error::invalid(pointer, "is not among the people of the watcher rotation")
            }
            IncidentError::Watched { by } => Error::conflict_with(
                format!("{} watches {reference} already", self.name(by)),
                "watcher",
                json!({ "id": by, "name": self.name(by) }),
            ),
            IncidentError::NobodyWatches => {
                Error::conflict(format!("nobody watches {reference}: raise a hand"))
            }
            IncidentError::WatchesAlready => {
                Error::conflict(format!("they watch {reference} already"))
            }
            IncidentError::Away { until } => Error::invalid(
                pointer,
                until.map_or_else(
                    || "they are away".to_owned(),
                    |until| format!("they are not at work before {}", text(until)),
                ),
            ),
            IncidentError::NoSuchHandover => Error::NotFound("handover"),
            IncidentError::HandoverClosed => {
                Error::conflict("the handover does not wait for an answer any more")
            }
            IncidentError::OfferedToAnother { to } => {
                Error::forbidden(format!("it is offered to {}", self.name(to)))
            }
            IncidentError::NotAhead => Error::invalid(pointer, "must lie ahead"),
            IncidentError::NoSuchItem => Error::NotFound("item"),
            IncidentError::NotAStage => Error::invalid(
                pointer,
                "an incident is resolved by POST /incidents/{id}/resolve",
            ),
        }
    }
}

/// Who is in a rotation at an instant.
pub(super) fn pool(snapshot: &Snapshot, rotation: RotationId, now: Timestamp) -> Vec<PersonId> {
    snapshot
        .timeline(rotation)
        .and_then(|timeline| timeline.rotation().revision_at(now))
        .map(|revision| revision.order.clone())
        .unwrap_or_default()
}

/// Those who work on an incident.
pub(super) fn circle(snapshot: &Snapshot, incident: &Incident, now: Timestamp) -> Vec<PersonId> {
    let mut circle = pool(snapshot, incident.rotation, now);
    if let Some(communications) = incident.communications {
        circle.extend(pool(snapshot, communications, now));
    }
    circle.extend(incident.lead);
    circle.extend(incident.declared_by);
    circle
}

/// What the audit log keeps of an incident; the facts say the rest.
fn brief(incident: &Incident) -> Value {
    json!({
        "reference": incident.reference,
        "title": incident.title,
        "severity": incident.severity,
        "stage": incident.stage,
        "watcher": incident.watcher(),
        "version": incident.version(),
    })
}

fn team_of(snapshot: &Snapshot, rotation: RotationId) -> Option<&Arc<Team>> {
    snapshot.team(snapshot.timeline(rotation)?.rotation().team)
}

/// These rotations with the fallbacks that they lead to, and the people whom they name, as the transaction sees them.
fn surroundings(
    tx: &mut Tx<'_>,
    first: Vec<RotationId>,
    mut who: Vec<PersonId>,
) -> Result<Snapshot, Error> {
    let mut found: Vec<(Rotation, Vec<_>)> = Vec::new();
    let mut wanted = first;
    while !wanted.is_empty() {
        found.extend(rotations::load(tx.db(), Some(&wanted))?);
        let known = |id: &RotationId| found.iter().any(|(rotation, _)| rotation.id == *id);
        wanted = found
            .iter()
            .filter_map(|(rotation, _)| rotation.fallback)
            .filter(|id| !known(id))
            .collect();
    }
    let mut which: Vec<TeamId> = Vec::new();
    for (rotation, overrides) in &found {
        which.push(rotation.team);
        who.extend(rotation.everybody());
        who.extend(overrides.iter().filter_map(|one| one.person));
    }
    who.sort_unstable();
    who.dedup();
    let loaded = Loaded {
        people: people::load(tx.db(), Some(&who))?,
        teams: teams::load(tx.db(), Some(&which))?,
        rotations: found,
        ..Loaded::default()
    };
    Ok(Snapshot::default().with(loaded, 0))
}
