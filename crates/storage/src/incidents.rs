//! Incidents, as the facts of which they are made, and how rotations work on them.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rows::{corrupt, inner};
use super::schema::{incident_events, incidents, watch_settings};
use super::types::{AsJson, AsText, Ts};
use super::{Db, StoreError, Tx};
use crate::domain::ids::{IncidentId, PersonId, RotationId};
use crate::domain::incidents::{Event, Fact, Incident, WatchSettings};

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = incidents)]
struct IncidentRow {
    id: AsText<IncidentId>,
    reference_key: String,
    rotation_id: AsText<RotationId>,
    is_open: bool,
    is_live: bool,
    last_event: i32,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = incident_events)]
struct EventRow {
    incident_id: AsText<IncidentId>,
    number: i32,
    at: Ts,
    actor_id: Option<AsText<PersonId>>,
    fact: AsJson<Fact>,
}

fn row(incident: &Incident) -> Result<IncidentRow, StoreError> {
    Ok(IncidentRow {
        id: AsText(incident.id),
        reference_key: incident.reference.to_lowercase(),
        rotation_id: AsText(incident.rotation),
        is_open: incident.is_open(),
        is_live: incident.is_live(),
        last_event: number(incident.events.len())?,
    })
}

fn number(count: usize) -> Result<i32, StoreError> {
    i32::try_from(count).map_err(corrupt)
}

/// The incidents of these ids, in their order.
fn load(db: &mut Db, ids: &[AsText<IncidentId>]) -> Result<Vec<Incident>, StoreError> {
    let rows: Vec<EventRow> = incident_events::table
        .filter(incident_events::incident_id.eq_any(ids))
        .order((incident_events::incident_id, incident_events::number))
        .load(db)?;
    let mut events: HashMap<IncidentId, Vec<Event>> = HashMap::new();
    for row in rows {
        let event = Event {
            at: row.at.0,
            by: inner(row.actor_id),
            fact: row.fact.0,
        };
        events.entry(row.incident_id.0).or_default().push(event);
    }
    ids.iter()
        .map(|AsText(id)| {
            let events = events.remove(id).unwrap_or_default();
            Incident::of(*id, events).ok_or_else(|| corrupt("an incident without a beginning"))
        })
        .collect()
}

/// Every incident about which there is still something to be done, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load_live(db: &mut Db) -> Result<Vec<Incident>, StoreError> {
    let ids: Vec<AsText<IncidentId>> = incidents::table
        .filter(incidents::is_live.eq(true))
        .order(incidents::id)
        .select(incidents::id)
        .load(db)?;
    load(db, &ids)
}

/// The incident of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: IncidentId) -> Result<Option<Incident>, StoreError> {
    let found: Option<AsText<IncidentId>> = incidents::table
        .find(AsText(id))
        .select(incidents::id)
        .first(db)
        .optional()?;
    Ok(load(db, found.as_slice())?.pop())
}

/// The incident of this reference, whatever the case.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find_by_reference(db: &mut Db, reference: &str) -> Result<Option<Incident>, StoreError> {
    let found: Option<AsText<IncidentId>> = incidents::table
        .filter(incidents::reference_key.eq(reference.to_lowercase()))
        .select(incidents::id)
        .first(db)
        .optional()?;
    Ok(load(db, found.as_slice())?.pop())
}

/// The incident of this id, locked until the transaction ends: whoever else wants to change it waits.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn lock(tx: &mut Tx<'_>, id: IncidentId) -> Result<Option<Incident>, StoreError> {
    diesel::update(incidents::table.find(AsText(id)))
        .set(incidents::last_event.eq(incidents::last_event))
        .execute(tx.db())?;
    find(tx.db(), id)
}

/// Incidents in the order in which they were declared, after the one of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn list(
    db: &mut Db,
    open: Option<bool>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Incident>, StoreError> {
    let mut rows = incidents::table.into_boxed();
    if let Some(open) = open {
        rows = rows.filter(incidents::is_open.eq(open));
    }
    if let Some(after) = after {
        rows = rows.filter(incidents::id.gt(after.to_owned()));
    }
    let ids: Vec<AsText<IncidentId>> = rows
        .order(incidents::id)
        .limit(limit)
        .select(incidents::id)
        .load(db)?;
    load(db, &ids)
}

/// Incidents that are over, the latest first, declared before the one of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn past(db: &mut Db, before: Option<&str>, limit: i64) -> Result<Vec<Incident>, StoreError> {
    let mut rows = incidents::table
        .filter(incidents::is_open.eq(false))
        .into_boxed();
    if let Some(before) = before {
        rows = rows.filter(incidents::id.lt(before.to_owned()));
    }
    let ids: Vec<AsText<IncidentId>> = rows
        .order(incidents::id.desc())
        .limit(limit)
        .select(incidents::id)
        .load(db)?;
    load(db, &ids)
}

/// Adds an incident, with all its facts.
///
/// # Errors
///
/// [`StoreError::Duplicate`] where there is one of that reference, and [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, incident: &Incident) -> Result<(), StoreError> {
    diesel::insert_into(incidents::table)
        .values(row(incident)?)
        .execute(db)?;
    add_events(db, incident, 0)
}

/// Appends the facts after the first `known`.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn append(db: &mut Db, incident: &Incident, known: usize) -> Result<(), StoreError> {
    diesel::update(incidents::table.find(AsText(incident.id)))
        .set(row(incident)?)
        .execute(db)?;
    add_events(db, incident, known)
}

fn add_events(db: &mut Db, incident: &Incident, known: usize) -> Result<(), StoreError> {
    for (index, event) in incident.events.iter().enumerate().skip(known) {
        let row = EventRow {
            incident_id: AsText(incident.id),
            number: number(index + 1)?,
            at: Ts(event.at),
            actor_id: event.by.map(AsText),
            fact: AsJson(event.fact.clone()),
        };
        diesel::insert_into(incident_events::table)
            .values(row)
            .execute(db)?;
    }
    Ok(())
}

/// How each rotation works on incidents, where it is not as everybody.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load_settings(db: &mut Db) -> Result<Vec<(RotationId, WatchSettings)>, StoreError> {
    let rows: Vec<(AsText<RotationId>, AsJson<WatchSettings>)> = watch_settings::table
        .select((watch_settings::rotation_id, watch_settings::settings))
        .load(db)?;
    let settings = rows.into_iter().map(|(id, settings)| (id.0, settings.0));
    Ok(settings.collect())
}

/// How a rotation works on incidents, and which version of that it is: 0 where it is as everybody.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn settings(db: &mut Db, rotation: RotationId) -> Result<(WatchSettings, i64), StoreError> {
    let found: Option<(AsJson<WatchSettings>, i64)> = watch_settings::table
        .find(AsText(rotation))
        .select((watch_settings::settings, watch_settings::version))
        .first(db)
        .optional()?;
    let found = found.map(|(settings, version)| (settings.0, version));
    Ok(found.unwrap_or_default())
}

/// Keeps how a rotation works on incidents.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn put_settings(
    db: &mut Db,
    rotation: RotationId,
    settings: &WatchSettings,
    version: i64,
) -> Result<(), StoreError> {
    let changed = diesel::update(watch_settings::table.find(AsText(rotation)))
        .set((
            watch_settings::settings.eq(AsJson(settings.clone())),
            watch_settings::version.eq(version),
        ))
        .execute(db)?;
    if changed == 0 {
        diesel::insert_into(watch_settings::table)
            .values((
                watch_settings::rotation_id.eq(AsText(rotation)),
                watch_settings::settings.eq(AsJson(settings.clone())),
                watch_settings::version.eq(version),
            ))
            .execute(db)?;
    }
    Ok(())
}
