//! Rotations, their revisions and overrides.

use crate::domain::schedule::rotation::ReminderSettings;
use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::rows::{corrupt, inner, instant, interval, ts};
use super::schema::{overrides, revisions, rotations};
use super::types::{AsEnum, AsJson, AsText, Ts};
use super::{Db, StoreError, Tx};
use crate::domain::ids::{OverrideId, PersonId, RotationId, SwapId, TeamId};
use crate::domain::non_empty::NonEmpty;

use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::rotation::{FallbackWhen, Handoff, Kind, Plan, Revision, Rotation};
use crate::domain::time::hours::WeeklyHours;
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;

/// How local times are written.
const LOCAL: &str = "%Y-%m-%dT%H:%M:%S";

#[derive(Queryable, Insertable)]
#[diesel(table_name = rotations)]
struct RotationRow {
    id: AsText<RotationId>,
    team_id: AsText<TeamId>,
    name: String,
    title: String,
    kind: AsEnum<Kind>,
    archived_at: Option<Ts>,
    fallback_id: Option<AsText<RotationId>>,
    fallback_when: AsEnum<FallbackWhen>,
    reminders: AsJson<Option<ReminderSettings>>,
    created_at: Ts,
    last_sequence: i64,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = revisions)]
struct RevisionRow {
    rotation_id: AsText<RotationId>,
    number: i32,
    effective_from: Ts,
    recorded_at: Ts,
    time_zone: AsText<Zone>,
    people: AsJson<Vec<PersonId>>,
    duty_hours: AsJson<Option<WeeklyHours>>,
    handoff_start: Option<String>,
    handoff_rule: Option<String>,
    first: i32,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = overrides)]
struct OverrideRow {
    id: AsText<OverrideId>,
    rotation_id: AsText<RotationId>,
    sequence: i64,
    starts_at: Ts,
    ends_at: Ts,
    person_id: Option<AsText<PersonId>>,
    reason: Option<String>,
    swap_id: Option<AsText<SwapId>>,
    created_by: Option<AsText<PersonId>>,
    created_at: Ts,
    cancelled_at: Option<Ts>,
    cancelled_by: Option<AsText<PersonId>>,
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
    let ids: Option<Vec<AsText<RotationId>>> =
        only.map(|ids| ids.iter().copied().map(AsText).collect());
    let mut rows = rotations::table.into_boxed();
    let mut revision_rows = revisions::table.into_boxed();
    let mut override_rows = overrides::table.into_boxed();
    if let Some(ids) = &ids {
        rows = rows.filter(rotations::id.eq_any(ids));
        revision_rows = revision_rows.filter(revisions::rotation_id.eq_any(ids));
        override_rows = override_rows.filter(overrides::rotation_id.eq_any(ids));
    }
    let rows: Vec<RotationRow> = rows.order(rotations::id).load(db)?;
    let mut revisions: HashMap<RotationId, Vec<Revision>> = HashMap::new();
    for row in revision_rows
        .order((revisions::rotation_id, revisions::number))
        .load::<RevisionRow>(db)?
    {
        revisions
            .entry(row.rotation_id.0)
            .or_default()
            .push(revision(row)?);
    }
    let mut covers: HashMap<RotationId, Vec<Override>> = HashMap::new();
    for row in override_rows.order(overrides::id).load::<OverrideRow>(db)? {
        covers
            .entry(row.rotation_id.0)
            .or_default()
            .push(override_from_row(row)?);
    }
    rows.into_iter()
        .map(|row| {
            let revisions = revisions.remove(&row.id.0).unwrap_or_default();
            let covers = covers.remove(&row.id.0).unwrap_or_default();
            Ok((rotation(row, revisions)?, covers))
        })
        .collect()
}

fn rotation(row: RotationRow, revisions: Vec<Revision>) -> Result<Rotation, StoreError> {
    Ok(Rotation {
        id: row.id.0,
        team: row.team_id.0,
        name: row.name,
        title: row.title,
        kind: row.kind.0,
        revisions: NonEmpty::from_vec(revisions)
            .ok_or_else(|| corrupt("a rotation without revisions"))?,
        archived_at: instant(row.archived_at),
        fallback: inner(row.fallback_id),
        fallback_when: row.fallback_when.0,
        reminders: row.reminders.0.unwrap_or_default(),
        version: row.version,
    })
}

fn revision(row: RevisionRow) -> Result<Revision, StoreError> {
    let time_zone = row.time_zone.0;
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
    Ok(Revision {
        number: u32::try_from(row.number).map_err(corrupt)?,
        effective_from: row.effective_from.0,
        recorded_at: row.recorded_at.0,
        time_zone,
        order: row.people.0,
        duty_hours: row.duty_hours.0,
        plan,
    })
}

fn override_from_row(row: OverrideRow) -> Result<Override, StoreError> {
    Ok(Override {
        id: row.id.0,
        sequence: row.sequence,
        interval: interval(row.starts_at, row.ends_at)?,
        person: inner(row.person_id),
        reason: row.reason,
        swap: inner(row.swap_id),
        created_by: inner(row.created_by),
        created_at: row.created_at.0,
        cancelled_at: instant(row.cancelled_at),
        cancelled_by: inner(row.cancelled_by),
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
    let row = rotations::table.find(AsText(id));
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
        id: AsText(rotation.id),
        team_id: AsText(rotation.team),
        name: rotation.name.clone(),
        title: rotation.title.clone(),
        kind: AsEnum(rotation.kind),
        archived_at: ts(rotation.archived_at),
        fallback_id: rotation.fallback.map(AsText),
        fallback_when: AsEnum(rotation.fallback_when),
        reminders: AsJson(Some(rotation.reminders.clone())),
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
    diesel::update(rotations::table.find(AsText(rotation.id)))
        .set((
            rotations::name.eq(&rotation.name),
            rotations::title.eq(&rotation.title),
            rotations::archived_at.eq(ts(rotation.archived_at)),
            rotations::fallback_id.eq(rotation.fallback.map(AsText)),
            rotations::fallback_when.eq(AsEnum(rotation.fallback_when)),
            rotations::reminders.eq(AsJson(Some(rotation.reminders.clone()))),
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
        rotation_id: AsText(rotation),
        number: i32::try_from(revision.number).map_err(corrupt)?,
        effective_from: Ts(revision.effective_from),
        recorded_at: Ts(revision.recorded_at),
        time_zone: AsText(revision.time_zone.clone()),
        people: AsJson(revision.order.clone()),
        duty_hours: AsJson(revision.duty_hours.clone()),
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
    diesel::delete(revisions::table.find((AsText(rotation), number))).execute(db)?;
    Ok(())
}

/// The next sequence number of a rotation's overrides, under its lock.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn next_sequence(db: &mut Db, rotation: RotationId) -> Result<i64, StoreError> {
    let row = rotations::table.find(AsText(rotation));
    diesel::update(row)
        .set(rotations::last_sequence.eq(rotations::last_sequence + 1))
        .execute(db)?;
    Ok(rotations::table
        .find(AsText(rotation))
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
        id: AsText(new.id),
        rotation_id: AsText(rotation),
        sequence: new.sequence,
        starts_at: Ts(new.interval.start()),
        ends_at: Ts(new.interval.end()),
        person_id: new.person.map(AsText),
        reason: new.reason.clone(),
        swap_id: new.swap.map(AsText),
        created_by: new.created_by.map(AsText),
        created_at: Ts(new.created_at),
        cancelled_at: ts(new.cancelled_at),
        cancelled_by: new.cancelled_by.map(AsText),
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
        .find(AsText(id))
        .select(overrides::rotation_id);
    let found: Option<AsText<RotationId>> = row.first(db).optional()?;
    Ok(inner(found))
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
    diesel::update(overrides::table.find(AsText(id)))
        .set((
            overrides::cancelled_at.eq(Some(Ts(at))),
            overrides::cancelled_by.eq(by.map(AsText)),
        ))
        .execute(db)?;
    Ok(())
}
