//! What people wrote and ticked for handovers.

use crate::domain::schedule::rotation::HandoverSide;
use diesel::prelude::*;

use super::rows::inner;
use super::schema::{handover_items, handovers};
use super::types::{AsEnum, AsJson, AsText, Ts};
use super::{Db, StoreError};
use crate::domain::handovers::{Done, HandoverId, Item, Text, Written};
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::time::interval::{Interval, Timestamp};

#[derive(Queryable)]
struct HandoverRow {
    rotation_id: AsText<RotationId>,
    at: Ts,
    notes: AsJson<Option<Text>>,
    written_by: Option<AsText<PersonId>>,
    written_at: Option<Ts>,
    is_closed: bool,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = handover_items)]
struct ItemRow {
    id: String,
    rotation_id: AsText<RotationId>,
    list: AsEnum<HandoverSide>,
    text: String,
    since: Ts,
    done_at: Option<Ts>,
    done_by: Option<AsText<PersonId>>,
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
        rows = rows.filter(handovers::rotation_id.eq(AsText(rotation)));
    }
    let rows: Vec<HandoverRow> = rows.load(db)?;
    Ok(rows.into_iter().map(Kept::from).collect())
}

impl From<HandoverRow> for Kept {
    fn from(row: HandoverRow) -> Self {
        let (at, by) = (row.at.0, inner(row.written_by));
        let written = row.notes.0.zip(row.written_at);
        Self {
            id: HandoverId {
                rotation: row.rotation_id.0,
                at,
            },
            written: written.map(|(notes, written_at)| Written {
                at,
                notes,
                by,
                written_at: written_at.0,
            }),
            is_closed: row.is_closed,
            version: row.version,
        }
    }
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
        .filter(handover_items::rotation_id.eq(AsText(rotation)))
        .filter(handover_items::since.lt(Ts(until)))
        .filter(
            handover_items::since
                .ge(Ts(since))
                .or(handover_items::done_at.is_null())
                .or(handover_items::done_at.ge(Some(Ts(since)))),
        )
        .order(handover_items::id)
        .load(db)?;
    Ok(rows.into_iter().map(KeptItem::from).collect())
}

impl From<ItemRow> for KeptItem {
    fn from(row: ItemRow) -> Self {
        let by = inner(row.done_by);
        let item = Item {
            text: row.text,
            list: row.list.0,
            since: row.since.0,
            done: row.done_at.map(|at| Done { at: at.0, by }),
        };
        Self { id: row.id, item }
    }
}

/// The rotations with something open.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn with_open_items(db: &mut Db) -> Result<Vec<RotationId>, StoreError> {
    let ids: Vec<AsText<RotationId>> = handover_items::table
        .filter(handover_items::done_at.is_null())
        .select(handover_items::rotation_id)
        .distinct()
        .load(db)?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Says that something of a handover has changed; answers with its new version.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn touch(db: &mut Db, id: HandoverId) -> Result<i64, StoreError> {
    let row = || handovers::table.find((AsText(id.rotation), Ts(id.at)));
    let changed = diesel::update(row())
        .set(handovers::version.eq(handovers::version + 1))
        .execute(db)?;
    if changed == 0 {
        diesel::insert_into(handovers::table)
            .values((
                handovers::rotation_id.eq(AsText(id.rotation)),
                handovers::at.eq(Ts(id.at)),
                handovers::notes.eq(AsJson(None::<Text>)),
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
    diesel::update(handovers::table.find((AsText(id.rotation), Ts(id.at))))
        .set((
            handovers::notes.eq(AsJson(notes.cloned())),
            handovers::written_by.eq(by.map(AsText)),
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
    diesel::update(handovers::table.find((AsText(id.rotation), Ts(id.at))))
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
        rotation_id: AsText(rotation),
        list: AsEnum(new.item.list),
        text: new.item.text.clone(),
        since: Ts(new.item.since),
        done_at: done.map(|done| Ts(done.at)),
        done_by: done.and_then(|done| done.by).map(AsText),
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
            handover_items::done_by.eq(done.and_then(|done| done.by).map(AsText)),
        ))
        .execute(db)?;
    Ok(())
}
