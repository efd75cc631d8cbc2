//! Changes of the addresses with which people sign in.

use diesel::prelude::*;

use super::rows::{inner, instant, ts};
use super::schema::address_changes;
use super::types::{AsText, Ts};
use super::{Db, StoreError};
use crate::domain::access::address_change::AddressChange;
use crate::domain::ids::{AddressChangeId, PersonId};
use crate::domain::time::interval::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = address_changes)]
struct Row {
    id: AsText<AddressChangeId>,
    person_id: AsText<PersonId>,
    old_email: String,
    new_email: String,
    changed_by: Option<AsText<PersonId>>,
    changed_at: Ts,
    undone_at: Option<Ts>,
}

impl From<Row> for AddressChange {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            person: row.person_id.0,
            old_email: row.old_email,
            new_email: row.new_email,
            changed_by: inner(row.changed_by),
            changed_at: row.changed_at.0,
            undone_at: instant(row.undone_at),
        }
    }
}

/// Adds a change.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, change: &AddressChange) -> Result<(), StoreError> {
    let row = Row {
        id: AsText(change.id),
        person_id: AsText(change.person),
        old_email: change.old_email.clone(),
        new_email: change.new_email.clone(),
        changed_by: change.changed_by.map(AsText),
        changed_at: Ts(change.changed_at),
        undone_at: ts(change.undone_at),
    };
    diesel::insert_into(address_changes::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// The change of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: AddressChangeId) -> Result<Option<AddressChange>, StoreError> {
    let row: Option<Row> = address_changes::table
        .find(AsText(id))
        .first(db)
        .optional()?;
    Ok(row.map(AddressChange::from))
}

/// A person's changes, in the order in which they were made.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn of_person(db: &mut Db, person: PersonId) -> Result<Vec<AddressChange>, StoreError> {
    let rows: Vec<Row> = address_changes::table
        .filter(address_changes::person_id.eq(AsText(person)))
        .order((address_changes::changed_at, address_changes::id))
        .load(db)?;
    Ok(rows.into_iter().map(AddressChange::from).collect())
}

/// Marks a change as undone.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn mark_undone(db: &mut Db, id: AddressChangeId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(address_changes::table.find(AsText(id)))
        .set(address_changes::undone_at.eq(Some(Ts(at))))
        .execute(db)?;
    Ok(())
}

/// Forgets a person's changes.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget(db: &mut Db, person: PersonId) -> Result<(), StoreError> {
    let theirs = address_changes::person_id.eq(AsText(person));
    diesel::delete(address_changes::table.filter(theirs)).execute(db)?;
    Ok(())
}

/// Forgets the changes that were made before `before`.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget_old(db: &mut Db, before: Timestamp) -> Result<(), StoreError> {
    let old = address_changes::changed_at.le(Ts(before));
    diesel::delete(address_changes::table.filter(old)).execute(db)?;
    Ok(())
}
