//! Calendars of people, which say when they are away.

use diesel::prelude::*;

use super::rows::{instant, ts};
use super::schema::calendars;
use super::types::{AsJson, AsText, Ts};
use super::{Db, StoreError};
use crate::domain::ids::{CalendarId, PersonId};
use crate::domain::people::absence::Rule;
use crate::domain::people::calendar::{Calendar, Validators};
use crate::domain::time::interval::Timestamp;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = calendars, treat_none_as_null = true)]
struct Row {
    id: AsText<CalendarId>,
    person_id: AsText<PersonId>,
    name: String,
    url: String,
    rule: AsJson<Rule>,
    created_at: Ts,
    removed_at: Option<Ts>,
    validators: AsJson<Validators>,
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

impl From<Row> for Calendar {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            person: row.person_id.0,
            name: row.name,
            url: row.url,
            rule: row.rule.0,
            created_at: row.created_at.0,
            removed_at: instant(row.removed_at),
            validators: row.validators.0,
            next_read_at: row.next_read_at.0,
            tried_at: instant(row.tried_at),
            read_at: instant(row.read_at),
            whole_at: instant(row.whole_at),
            failing_since: instant(row.failing_since),
            failures: row.failures,
            problem: row.problem,
            skipped: row.skipped,
            version: row.version,
        }
    }
}

impl From<&Calendar> for Row {
    fn from(calendar: &Calendar) -> Self {
        Self {
            id: AsText(calendar.id),
            person_id: AsText(calendar.person),
            name: calendar.name.clone(),
            url: calendar.url.clone(),
            rule: AsJson(calendar.rule.clone()),
            created_at: Ts(calendar.created_at),
            removed_at: ts(calendar.removed_at),
            validators: AsJson(calendar.validators.clone()),
            next_read_at: Ts(calendar.next_read_at),
            tried_at: ts(calendar.tried_at),
            read_at: ts(calendar.read_at),
            whole_at: ts(calendar.whole_at),
            failing_since: ts(calendar.failing_since),
            failures: calendar.failures,
            problem: calendar.problem.clone(),
            skipped: calendar.skipped,
            version: calendar.version,
        }
    }
}

/// A person's calendars that are not taken back, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn of_person(db: &mut Db, person: PersonId) -> Result<Vec<Calendar>, StoreError> {
    let rows: Vec<Row> = calendars::table
        .filter(calendars::person_id.eq(AsText(person)))
        .filter(calendars::removed_at.is_null())
        .order(calendars::id)
        .load(db)?;
    Ok(rows.into_iter().map(Calendar::from).collect())
}

/// A calendar that is not taken back.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: CalendarId) -> Result<Option<Calendar>, StoreError> {
    let row: Option<Row> = calendars::table
        .find(AsText(id))
        .filter(calendars::removed_at.is_null())
        .first(db)
        .optional()?;
    Ok(row.map(Calendar::from))
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
    Ok(rows.into_iter().map(Calendar::from).collect())
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
    Ok(rows.into_iter().map(Calendar::from).collect())
}

/// Puts off the next reading of a calendar, so that only one replica reads it; `false` where another was
/// quicker.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn claim(db: &mut Db, calendar: &Calendar, until: Timestamp) -> Result<bool, StoreError> {
    let claimed = diesel::update(calendars::table.find(AsText(calendar.id)))
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
        .values(Row::from(calendar))
        .execute(db)?;
    Ok(())
}

/// Writes all of a calendar.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn update(db: &mut Db, calendar: &Calendar) -> Result<(), StoreError> {
    diesel::update(calendars::table.find(AsText(calendar.id)))
        .set(Row::from(calendar))
        .execute(db)?;
    Ok(())
}

/// Takes back all calendars of a person, and forgets where they are.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget(db: &mut Db, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    let theirs = calendars::person_id.eq(AsText(person));
    diesel::update(calendars::table.filter(theirs))
        .set((calendars::url.eq(""), calendars::name.eq("")))
        .execute(db)?;
    diesel::update(calendars::table.filter(theirs.and(calendars::removed_at.is_null())))
        .set(calendars::removed_at.eq(Some(Ts(now))))
        .execute(db)?;
    Ok(())
}
