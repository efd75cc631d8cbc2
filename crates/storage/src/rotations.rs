//! Rotations, their revisions and overrides.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::rows::{
    corrupt, enum_from_text, enum_to_text, from_json, instant, interval, parse, parse_some,
    to_document, ts,
};
use super::schema::{overrides, revisions, rotations};
use super::types::{Json, Ts};
use super::{Db, StoreError, Tx};
use crate::domain::hours::WeeklyHours;
use crate::domain::ids::{OverrideId, PersonId, RotationId};
use crate::domain::interval::Timestamp;
use crate::domain::overrides::Override;
use crate::domain::rotation::{Handoff, Plan, Revision, Rotation};
use crate::domain::zone::Zone;

/// How local times are written.
const LOCAL: &str = "%Y-%m-%dT%H:%M:%S";

#[derive(Queryable, Insertable)]
#[diesel(table_name = rotations)]
struct RotationRow {
    id: String,
    team_id: String,
    name: String,
    title: String,
    kind: String,
    archived_at: Option<Ts>,
    fallback_id: Option<String>,
    fallback_when: String,
    reminders: Json,
    created_at: Ts,
    last_sequence: i64,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = revisions)]
struct RevisionRow {
    rotation_id: String,
    number: i32,
    effective_from: Ts,
    recorded_at: Ts,
    time_zone: String,
    people: Json,
    duty_hours: Json,
    handoff_start: Option<String>,
    handoff_rule: Option<String>,
    first: i32,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = overrides)]
struct OverrideRow {
    id: String,
    rotation_id: String,
    sequence: i64,
    starts_at: Ts,
    ends_at: Ts,
    person_id: Option<String>,
    reason: Option<String>,
    swap_id: Option<String>,
    created_by: Option<String>,
    created_at: Ts,
    cancelled_at: Option<Ts>,
    cancelled_by: Option<String>,
}

/// Rotations with their overrides, of these ids or all, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(
    db: &mut Db,
    only: Option<&[RotationId]>,
) -> Result<Vec<(Rotation, Vec<Override>)>, StoreError> {
    let ids: Option<Vec<String>> = only.map(|ids| ids.iter().map(ToString::to_string).collect());
    let mut rows = rotations::table.into_boxed();
    let mut revision_rows = revisions::table.into_boxed();
    let mut override_rows = overrides::table.into_boxed();
    if let Some(ids) = &ids {
        rows = rows.filter(rotations::id.eq_any(ids));
        revision_rows = revision_rows.filter(revisions::rotation_id.eq_any(ids));
        override_rows = override_rows.filter(overrides::rotation_id.eq_any(ids));
    }
    let rows: Vec<RotationRow> = rows.order(rotations::id).load(db)?;
    let mut revisions: HashMap<String, Vec<Revision>> = HashMap::new();
    for row in revision_rows
        .order((revisions::rotation_id, revisions::number))
        .load::<RevisionRow>(db)?
    {
        revisions
            .entry(row.rotation_id.clone())
            .or_default()
            .push(revision(row)?);
    }
    let mut covers: HashMap<String, Vec<Override>> = HashMap::new();
    for row in override_rows.order(overrides::id).load::<OverrideRow>(db)? {
        covers
            .entry(row.rotation_id.clone())
            .or_default()
            .push(override_from_row(row)?);
    }
    rows.into_iter()
        .map(|row| {
            let revisions = revisions.remove(&row.id).unwrap_or_default();
            let covers = covers.remove(&row.id).unwrap_or_default();
            Ok((rotation(row, revisions)?, covers))
        })
        .collect()
}

fn rotation(row: RotationRow, revisions: Vec<Revision>) -> Result<Rotation, StoreError> {
    Ok(Rotation {
        id: parse(&row.id)?,
        team: parse(&row.team_id)?,
        name: row.name,
        title: row.title,
        kind: enum_from_text(row.kind)?,
        revisions,
        archived_at: instant(row.archived_at),
        fallback: parse_some(row.fallback_id.as_deref())?,
        fallback_when: enum_from_text(row.fallback_when)?,
        reminders: from_json::<Option<_>>(row.reminders)?.unwrap_or_default(),
        version: row.version,
    })
}

fn revision(row: RevisionRow) -> Result<Revision, StoreError> {
    let time_zone = Zone::parse(&row.time_zone).map_err(corrupt)?;
    let plan = match (row.handoff_start, row.handoff_rule) {
        (Some(start), Some(rule)) => {
            let start = NaiveDateTime::parse_from_str(&start, LOCAL).map_err(corrupt)?;
            let handoff = Handoff::parse(start, &rule, &time_zone).map_err(corrupt)?;
            Plan::Ordered {
                handoff,
                first: usize::try_from(row.first).map_err(corrupt)?,
            }
        }
        _ => Plan::FollowTheSun,
    };
    let duty_hours: Option<WeeklyHours> = from_json(row.duty_hours)?;
    Ok(Revision {
        number: u32::try_from(row.number).map_err(corrupt)?,
        effective_from: row.effective_from.0,
        recorded_at: row.recorded_at.0,
        time_zone,
        order: from_json(row.people)?,
        duty_hours,
        plan,
    })
}

fn override_from_row(row: OverrideRow) -> Result<Override, StoreError> {
    Ok(Override {
        id: parse(&row.id)?,
        sequence: row.sequence,
        interval: interval(row.starts_at, row.ends_at)?,
        person: parse_some(row.person_id.as_deref())?,
        reason: row.reason,
        swap: parse_some(row.swap_id.as_deref())?,
        created_by: parse_some(row.created_by.as_deref())?,
        created_at: row.created_at.0,
        cancelled_at: instant(row.cancelled_at),
        cancelled_by: parse_some(row.cancelled_by.as_deref())?,
    })
}

/// The rotation with its overrides, locked until the transaction ends: whoever else wants to
/// change it waits. `None` where there is no such rotation.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn lock(
    tx: &mut Tx<'_>,
    id: RotationId,
) -> Result<Option<(Rotation, Vec<Override>)>, StoreError> {
    let row = rotations::table.find(id.to_string());
    // A write takes the row's lock on both databases.
    diesel::update(row)
        .set(rotations::last_sequence.eq(rotations::last_sequence))
        .execute(tx.db())?;
    Ok(load(tx.db(), Some(&[id]))?.pop())
}

/// Adds a rotation, with its first revision.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, rotation: &Rotation, now: Timestamp) -> Result<(), StoreError> {
    let row = RotationRow {
        id: rotation.id.to_string(),
        team_id: rotation.team.to_string(),
        name: rotation.name.clone(),
        title: rotation.title.clone(),
        kind: enum_to_text(rotation.kind)?,
        archived_at: ts(rotation.archived_at),
        fallback_id: rotation.fallback.map(|id| id.to_string()),
        fallback_when: enum_to_text(rotation.fallback_when)?,
        reminders: to_document(&rotation.reminders)?,
        created_at: Ts(now),
        last_sequence: 0,
        version: rotation.version,
    };
    diesel::insert_into(rotations::table)
        .values(row)
        .execute(db)?;
    for revision in &rotation.revisions {
        add_revision(db, rotation.id, revision)?;
    }
    Ok(())
}

/// Writes all of a rotation but revisions and overrides, which are only added to.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn update(db: &mut Db, rotation: &Rotation) -> Result<(), StoreError> {
    diesel::update(rotations::table.find(rotation.id.to_string()))
        .set((
            rotations::name.eq(&rotation.name),
            rotations::title.eq(&rotation.title),
            rotations::archived_at.eq(ts(rotation.archived_at)),
            rotations::fallback_id.eq(rotation.fallback.map(|id| id.to_string())),
            rotations::fallback_when.eq(enum_to_text(rotation.fallback_when)?),
            rotations::reminders.eq(to_document(&rotation.reminders)?),
            rotations::version.eq(rotation.version),
        ))
        .execute(db)?;
    Ok(())
}

/// Adds a revision.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn add_revision(
    db: &mut Db,
    rotation: RotationId,
    revision: &Revision,
) -> Result<(), StoreError> {
    let (handoff, first) = match &revision.plan {
        Plan::Ordered { handoff, first } => (Some(handoff), *first),
        Plan::FollowTheSun => (None, 0),
    };
    let row = RevisionRow {
        rotation_id: rotation.to_string(),
        number: i32::try_from(revision.number).map_err(corrupt)?,
        effective_from: Ts(revision.effective_from),
        recorded_at: Ts(revision.recorded_at),
        time_zone: revision.time_zone.name().to_owned(),
        people: to_document(&revision.order)?,
        duty_hours: to_document(&revision.duty_hours)?,
        handoff_start: handoff.map(|handoff| handoff.start().format(LOCAL).to_string()),
        handoff_rule: handoff.map(|handoff| handoff.rule().to_owned()),
        first: i32::try_from(first).map_err(corrupt)?,
    };
    diesel::insert_into(revisions::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Takes back a revision that has not taken effect.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn withdraw_revision(db: &mut Db, rotation: RotationId, number: u32) -> Result<(), StoreError> {
    let number = i32::try_from(number).map_err(corrupt)?;
    diesel::delete(revisions::table.find((rotation.to_string(), number))).execute(db)?;
    Ok(())
}

/// The next sequence number of a rotation's overrides, under its lock.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn next_sequence(db: &mut Db, rotation: RotationId) -> Result<i64, StoreError> {
    let row = rotations::table.find(rotation.to_string());
    diesel::update(row)
        .set(rotations::last_sequence.eq(rotations::last_sequence + 1))
        .execute(db)?;
    Ok(rotations::table
        .find(rotation.to_string())
        .select(rotations::last_sequence)
        .first(db)?)
}

/// Adds an override.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn add_override(db: &mut Db, rotation: RotationId, new: &Override) -> Result<(), StoreError> {
    let row = OverrideRow {
        id: new.id.to_string(),
        rotation_id: rotation.to_string(),
        sequence: new.sequence,
        starts_at: Ts(new.interval.start()),
        ends_at: Ts(new.interval.end()),
        person_id: new.person.map(|id| id.to_string()),
        reason: new.reason.clone(),
        swap_id: new.swap.map(|id| id.to_string()),
        created_by: new.created_by.map(|id| id.to_string()),
        created_at: Ts(new.created_at),
        cancelled_at: ts(new.cancelled_at),
        cancelled_by: new.cancelled_by.map(|id| id.to_string()),
    };
    diesel::insert_into(overrides::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The rotation of an override.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn of_override(db: &mut Db, id: OverrideId) -> Result<Option<RotationId>, StoreError> {
    let row = overrides::table
        .find(id.to_string())
        .select(overrides::rotation_id);
    let found: Option<String> = row.first(db).optional()?;
    parse_some(found.as_deref())
}

/// Ends an override.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn cancel_override(
    db: &mut Db,
    id: OverrideId,
    at: Timestamp,
    by: Option<PersonId>,
) -> Result<(), StoreError> {
    diesel::update(overrides::table.find(id.to_string()))
        .set((
            overrides::cancelled_at.eq(Some(Ts(at))),
            overrides::cancelled_by.eq(by.map(|id| id.to_string())),
        ))
        .execute(db)?;
    Ok(())
}
