//! Calendars of people, which say when they are away.

use diesel::prelude::*;

use super::rows::{from_json, instant, parse, to_document, ts};
use super::schema::calendars;
use super::types::{Json, Ts};
use super::{Db, StoreError};
use crate::domain::calendar::Calendar;
use crate::domain::ids::{CalendarId, PersonId};
use crate::domain::interval::Timestamp;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = calendars, treat_none_as_null = true)]
struct Row {
    id: String,
    person_id: String,
    name: String,
    url: String,
    rule: Json,
    created_at: Ts,
    removed_at: Option<Ts>,
    validators: Json,
    next_read_at: Ts,
    tried_at: Option<Ts>,
    read_at: Option<Ts>,
    whole_at: Option<Ts>,
    failing_since: Option<Ts>,
    failures: i64,
    problem: Option<String>,
    skipped: i64,
    version: i64,
}

fn calendar(row: Row) -> Result<Calendar, StoreError> {
    Ok(Calendar {
        id: parse(&row.id)?,
        person: parse(&row.person_id)?,
        name: row.name,
        url: row.url,
        rule: from_json(row.rule)?,
        created_at: row.created_at.0,
        removed_at: instant(row.removed_at),
        validators: from_json(row.validators)?,
        next_read_at: row.next_read_at.0,
        tried_at: instant(row.tried_at),
        read_at: instant(row.read_at),
        whole_at: instant(row.whole_at),
        failing_since: instant(row.failing_since),
        failures: row.failures,
        problem: row.problem,
        skipped: row.skipped,
        version: row.version,
    })
}

fn row(calendar: &Calendar) -> Result<Row, StoreError> {
    Ok(Row {
        id: calendar.id.to_string(),
        person_id: calendar.person.to_string(),
        name: calendar.name.clone(),
        url: calendar.url.clone(),
        rule: to_document(&calendar.rule)?,
        created_at: Ts(calendar.created_at),
        removed_at: ts(calendar.removed_at),
        validators: to_document(&calendar.validators)?,
        next_read_at: Ts(calendar.next_read_at),
        tried_at: ts(calendar.tried_at),
        read_at: ts(calendar.read_at),
        whole_at: ts(calendar.whole_at),
        failing_since: ts(calendar.failing_since),
        failures: calendar.failures,
        problem: calendar.problem.clone(),
        skipped: calendar.skipped,
        version: calendar.version,
    })
}

/// A person's calendars that are not taken back, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn of_person(db: &mut Db, person: PersonId) -> Result<Vec<Calendar>, StoreError> {
    let rows: Vec<Row> = calendars::table
        .filter(calendars::person_id.eq(person.to_string()))
        .filter(calendars::removed_at.is_null())
        .order(calendars::id)
        .load(db)?;
    rows.into_iter().map(calendar).collect()
}

/// A calendar that is not taken back.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: CalendarId) -> Result<Option<Calendar>, StoreError> {
    let row: Option<Row> = calendars::table
        .find(id.to_string())
        .filter(calendars::removed_at.is_null())
        .first(db)
        .optional()?;
    row.map(calendar).transpose()
}

/// Those that are to be read by `now`, the longest waiting first.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn due(db: &mut Db, now: Timestamp, most: i64) -> Result<Vec<Calendar>, StoreError> {
    let rows: Vec<Row> = calendars::table
        .filter(calendars::removed_at.is_null())
        .filter(calendars::next_read_at.le(Ts(now)))
        .order(calendars::next_read_at)
        .limit(most)
        .load(db)?;
    rows.into_iter().map(calendar).collect()
}

/// Those that cannot be read since `until` or before.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn failing(db: &mut Db, until: Timestamp) -> Result<Vec<Calendar>, StoreError> {
    let rows: Vec<Row> = calendars::table
        .filter(calendars::removed_at.is_null())
        .filter(calendars::failing_since.le(Ts(until)))
        .order(calendars::id)
        .load(db)?;
    rows.into_iter().map(calendar).collect()
}

/// Puts off the next reading of a calendar, so that only one replica reads it; `false` where another was
/// quicker.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn claim(db: &mut Db, calendar: &Calendar, until: Timestamp) -> Result<bool, StoreError> {
    let claimed = diesel::update(calendars::table.find(calendar.id.to_string()))
        .filter(calendars::next_read_at.eq(Ts(calendar.next_read_at)))
        .set(calendars::next_read_at.eq(Ts(until)))
        .execute(db)?;
    Ok(claimed == 1)
}

/// Adds a calendar.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, calendar: &Calendar) -> Result<(), StoreError> {
    diesel::insert_into(calendars::table)
        .values(row(calendar)?)
        .execute(db)?;
    Ok(())
}

/// Writes all of a calendar.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn update(db: &mut Db, calendar: &Calendar) -> Result<(), StoreError> {
    diesel::update(calendars::table.find(calendar.id.to_string()))
        .set(row(calendar)?)
        .execute(db)?;
    Ok(())
}

/// Takes back all calendars of a person, and forgets where they are.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget(db: &mut Db, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    let theirs = calendars::person_id.eq(person.to_string());
    diesel::update(calendars::table.filter(theirs.clone()))
        .set((calendars::url.eq(""), calendars::name.eq("")))
        .execute(db)?;
    diesel::update(calendars::table.filter(theirs.and(calendars::removed_at.is_null())))
        .set(calendars::removed_at.eq(Some(Ts(now))))
        .execute(db)?;
    Ok(())
}
