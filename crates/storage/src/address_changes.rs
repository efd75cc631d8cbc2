//! Changes of the addresses with which people sign in.

use diesel::prelude::*;

use super::rows::{instant, parse, parse_some, ts};
use super::schema::address_changes;
use super::types::Ts;
use super::{Db, StoreError};
use crate::domain::address_change::AddressChange;
use crate::domain::ids::{AddressChangeId, PersonId};
use crate::domain::interval::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = address_changes)]
struct Row {
    id: String,
    person_id: String,
    old_email: String,
    new_email: String,
    changed_by: Option<String>,
    changed_at: Ts,
    undone_at: Option<Ts>,
}

impl TryFrom<Row> for AddressChange {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(&row.id)?,
            person: parse(&row.person_id)?,
            old_email: row.old_email,
            new_email: row.new_email,
            changed_by: parse_some(row.changed_by.as_deref())?,
            changed_at: row.changed_at.0,
            undone_at: instant(row.undone_at),
        })
    }
}

/// Adds a change.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, change: &AddressChange) -> Result<(), StoreError> {
    let row = Row {
        id: change.id.to_string(),
        person_id: change.person.to_string(),
        old_email: change.old_email.clone(),
        new_email: change.new_email.clone(),
        changed_by: change.changed_by.map(|id| id.to_string()),
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
        .find(id.to_string())
        .first(db)
        .optional()?;
    row.map(AddressChange::try_from).transpose()
}

/// A person's changes, in the order in which they were made.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn of_person(db: &mut Db, person: PersonId) -> Result<Vec<AddressChange>, StoreError> {
    let rows: Vec<Row> = address_changes::table
        .filter(address_changes::person_id.eq(person.to_string()))
        .order((address_changes::changed_at, address_changes::id))
        .load(db)?;
    rows.into_iter().map(AddressChange::try_from).collect()
}

/// Marks a change as undone.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn mark_undone(db: &mut Db, id: AddressChangeId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(address_changes::table.find(id.to_string()))
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
    let theirs = address_changes::person_id.eq(person.to_string());
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
