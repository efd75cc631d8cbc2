//! What people wrote and ticked for handovers.

use diesel::prelude::*;

use super::rows::{enum_from_text, enum_to_text, from_json, parse, parse_some, to_document};
use super::schema::{handover_items, handovers};
use super::types::{Json, Ts};
use super::{Db, StoreError};
use crate::domain::handover::{Done, HandoverId, Item, Text, Written};
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::interval::{Interval, Timestamp};

#[derive(Queryable)]
struct HandoverRow {
    rotation_id: String,
    at: Ts,
    notes: Json,
    written_by: Option<String>,
    written_at: Option<Ts>,
    is_closed: bool,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = handover_items)]
struct ItemRow {
    id: String,
    rotation_id: String,
    list: String,
    text: String,
    since: Ts,
    done_at: Option<Ts>,
    done_by: Option<String>,
}

/// What is kept of a handover.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Which.
    pub id: HandoverId,
    /// What was written.
    pub written: Option<Written>,
    /// Whether what was open at the handoff was written down.
    pub is_closed: bool,
    /// Goes up with each change.
    pub version: i64,
}

/// An item, and its id.
#[derive(Debug, Clone)]
pub struct KeptItem {
    /// Its id.
    pub id: String,
    /// The item.
    pub item: Item,
}

/// What is kept of the handovers of a rotation, or of all, with a handoff in `window`.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(
    db: &mut Db,
    rotation: Option<RotationId>,
    window: Interval,
) -> Result<Vec<Kept>, StoreError> {
    let mut rows = handovers::table
        .filter(handovers::at.ge(Ts(window.start())))
        .filter(handovers::at.lt(Ts(window.end())))
        .order((handovers::rotation_id, handovers::at))
        .into_boxed();
    if let Some(rotation) = rotation {
        rows = rows.filter(handovers::rotation_id.eq(rotation.to_string()));
    }
    rows.load::<HandoverRow>(db)?
        .into_iter()
        .map(|row| {
            let notes: Option<Text> = from_json(row.notes)?;
            let by = parse_some(row.written_by.as_deref())?;
            let written = notes.zip(row.written_at).map(|(notes, at)| Written {
                at: row.at.0,
                notes,
                by,
                written_at: at.0,
            });
            Ok(Kept {
                id: HandoverId {
                    rotation: parse(&row.rotation_id)?,
                    at: row.at.0,
                },
                written,
                is_closed: row.is_closed,
                version: row.version,
            })
        })
        .collect()
}

/// The items of a rotation that were open at `since` or later, and came up before `until`, in the order in which they
/// were written down.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn items(
    db: &mut Db,
    rotation: RotationId,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<KeptItem>, StoreError> {
    let rows: Vec<ItemRow> = handover_items::table
        .filter(handover_items::rotation_id.eq(rotation.to_string()))
        .filter(handover_items::since.lt(Ts(until)))
        .filter(
            handover_items::since
                .ge(Ts(since))
                .or(handover_items::done_at.is_null())
                .or(handover_items::done_at.ge(Some(Ts(since)))),
        )
        .order(handover_items::id)
        .load(db)?;
    rows.into_iter()
        .map(|row| {
            let by = parse_some(row.done_by.as_deref())?;
            let item = Item {
                text: row.text,
                list: enum_from_text(row.list)?,
                since: row.since.0,
                done: row.done_at.map(|at| Done { at: at.0, by }),
            };
            Ok(KeptItem { id: row.id, item })
        })
        .collect()
}

/// The rotations with something open.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn with_open_items(db: &mut Db) -> Result<Vec<RotationId>, StoreError> {
    let ids: Vec<String> = handover_items::table
        .filter(handover_items::done_at.is_null())
        .select(handover_items::rotation_id)
        .distinct()
        .load(db)?;
    ids.iter().map(|id| parse(id)).collect()
}

/// Says that something of a handover has changed; answers with its new version.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn touch(db: &mut Db, id: HandoverId) -> Result<i64, StoreError> {
    let row = || handovers::table.find((id.rotation.to_string(), Ts(id.at)));
    let changed = diesel::update(row())
        .set(handovers::version.eq(handovers::version + 1))
        .execute(db)?;
    if changed == 0 {
        diesel::insert_into(handovers::table)
            .values((
                handovers::rotation_id.eq(id.rotation.to_string()),
                handovers::at.eq(Ts(id.at)),
                handovers::notes.eq(to_document(None::<Text>)?),
                handovers::is_closed.eq(false),
                // As if it had been there all along.
                handovers::version.eq(2),
            ))
            .execute(db)?;
    }
    Ok(row().select(handovers::version).first(db)?)
}

/// Keeps what somebody wrote, or that there is nothing any more. The handover was touched before.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn write_notes(
    db: &mut Db,
    id: HandoverId,
    notes: Option<&Text>,
    by: Option<PersonId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(handovers::table.find((id.rotation.to_string(), Ts(id.at))))
        .set((
            handovers::notes.eq(to_document(notes)?),
            handovers::written_by.eq(by.map(|by| by.to_string())),
            handovers::written_at.eq(Some(Ts(now))),
        ))
        .execute(db)?;
    Ok(())
}

/// Says that what was open at the handoff was written down. The handover was touched before.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn close(db: &mut Db, id: HandoverId) -> Result<(), StoreError> {
    diesel::update(handovers::table.find((id.rotation.to_string(), Ts(id.at))))
        .set(handovers::is_closed.eq(true))
        .execute(db)?;
    Ok(())
}

/// Adds an item.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn add_item(db: &mut Db, rotation: RotationId, new: &KeptItem) -> Result<(), StoreError> {
    let done = new.item.done;
    let row = ItemRow {
        id: new.id.clone(),
        rotation_id: rotation.to_string(),
        list: enum_to_text(new.item.list)?,
        text: new.item.text.clone(),
        since: Ts(new.item.since),
        done_at: done.map(|done| Ts(done.at)),
        done_by: done.and_then(|done| done.by).map(|by| by.to_string()),
    };
    diesel::insert_into(handover_items::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Ticks an item, or takes the tick back.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn tick(db: &mut Db, item: &str, done: Option<Done>) -> Result<(), StoreError> {
    diesel::update(handover_items::table.find(item))
        .set((
            handover_items::done_at.eq(done.map(|done| Ts(done.at))),
            handover_items::done_by.eq(done.and_then(|done| done.by).map(|by| by.to_string())),
        ))
        .execute(db)?;
    Ok(())
}
