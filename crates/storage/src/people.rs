//! People, their profiles and their time off.

use std::collections::BTreeMap;

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;

use super::rows::{
    corrupt, enum_from_text, enum_to_text, from_json, instant, interval, parse, parse_some,
    to_document, ts,
};
use super::schema::{people, profiles, time_off};
use super::types::{Json, Ts};
use super::{Db, StoreError};
use crate::clock::new_id;
use crate::domain::email;
use crate::domain::ids::{PersonId, TimeOffId};
use crate::domain::interval::Timestamp;
use crate::domain::person::{Deactivation, Person, Profile, TimeOff};
use crate::domain::preferences::Preferences;
use crate::domain::zone::Zone;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = people, treat_none_as_null = true)]
struct PersonRow {
    id: String,
    name: String,
    email: String,
    email_key: String,
    role: String,
    external_ids: Json,
    deactivated_at: Option<Ts>,
    deactivation_recorded_at: Option<Ts>,
    created_at: Ts,
    version: i64,
    preferences: Json,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = profiles)]
struct ProfileRow {
    id: String,
    person_id: String,
    effective_from: Option<Ts>,
    recorded_at: Option<Ts>,
    time_zone: String,
    working_hours: Json,
    holidays: Json,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = time_off)]
struct TimeOffRow {
    id: String,
    person_id: String,
    starts_at: Ts,
    ends_at: Ts,
    first_day: Option<String>,
    last_day: Option<String>,
    reason: Option<String>,
    recorded_at: Ts,
    cancelled_at: Option<Ts>,
    calendar_id: Option<String>,
}

/// People, of these ids or everybody, in order of their ids. Rows are read one by one: ten thousand people, held twice
/// for a moment, would leave as much memory behind in pieces.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db, only: Option<&[PersonId]>) -> Result<Vec<Person>, StoreError> {
    let ids: Option<Vec<String>> = only.map(|ids| ids.iter().map(ToString::to_string).collect());
    let mut rows = people::table.into_boxed();
    let mut profile_rows = profiles::table.into_boxed();
    let mut away_rows = time_off::table.into_boxed();
    if let Some(ids) = &ids {
        rows = rows.filter(people::id.eq_any(ids));
        profile_rows = profile_rows.filter(profiles::person_id.eq_any(ids));
        away_rows = away_rows.filter(time_off::person_id.eq_any(ids));
    }
    let mut found: BTreeMap<PersonId, Person> = BTreeMap::new();
    for row in rows.load_iter::<PersonRow, DefaultLoadingMode>(db)? {
        let person = person(row?)?;
        found.insert(person.id, person);
    }
    let profile_rows = profile_rows.order(profiles::id);
    for row in profile_rows.load_iter::<ProfileRow, DefaultLoadingMode>(db)? {
        let row = row?;
        if let Some(person) = found.get_mut(&parse(&row.person_id)?) {
            // Most people have one: room for more is not kept.
            person.profiles.reserve_exact(1);
            person.profiles.push(profile(row)?);
        }
    }
    let away_rows = away_rows.order(time_off::id);
    for row in away_rows.load_iter::<TimeOffRow, DefaultLoadingMode>(db)? {
        let row = row?;
        if let Some(person) = found.get_mut(&parse(&row.person_id)?) {
            person.time_off.push(stretch(row)?);
        }
    }
    Ok(found.into_values().collect())
}

/// A person, without what other tables have of them.
fn person(row: PersonRow) -> Result<Person, StoreError> {
    let deactivation = match (row.deactivated_at, row.deactivation_recorded_at) {
        (Some(at), Some(recorded)) => Some(Deactivation {
            at: at.0,
            recorded_at: recorded.0,
        }),
        _ => None,
    };
    Ok(Person {
        id: parse(&row.id)?,
        name: row.name,
        email: row.email,
        role: enum_from_text(row.role)?,
        profiles: Vec::new(),
        time_off: Vec::new(),
        external_ids: from_json(row.external_ids)?,
        preferences: from_json::<Option<Preferences>>(row.preferences)?.unwrap_or_default(),
        deactivation,
        version: row.version,
    })
}

fn profile(row: ProfileRow) -> Result<Profile, StoreError> {
    Ok(Profile {
        effective_from: instant(row.effective_from),
        recorded_at: instant(row.recorded_at),
        time_zone: Zone::parse(&row.time_zone).map_err(corrupt)?,
        working_hours: from_json(row.working_hours)?,
        holidays: from_json(row.holidays)?,
    })
}

fn stretch(row: TimeOffRow) -> Result<TimeOff, StoreError> {
    let days = match (row.first_day, row.last_day) {
        (Some(first), Some(last)) => Some((parse(&first)?, parse(&last)?)),
        _ => None,
    };
    Ok(TimeOff {
        id: parse(&row.id)?,
        interval: interval(row.starts_at, row.ends_at)?,
        days,
        reason: row.reason,
        calendar: parse_some(row.calendar_id.as_deref())?,
        recorded_at: row.recorded_at.0,
        cancelled_at: instant(row.cancelled_at),
    })
}

fn row(person: &Person, created_at: Timestamp) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        id: person.id.to_string(),
        name: person.name.clone(),
        email: person.email.clone(),
        email_key: email::key(&person.email),
        role: enum_to_text(person.role)?,
        external_ids: to_document(&person.external_ids)?,
        deactivated_at: ts(person.deactivation.map(|gone| gone.at)),
        deactivation_recorded_at: ts(person.deactivation.map(|gone| gone.recorded_at)),
        created_at: Ts(created_at),
        version: person.version,
        preferences: to_document(person.preferences)?,
    })
}

/// Locks a person until the transaction ends: whoever else wants to change them waits.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn lock(db: &mut Db, id: PersonId) -> Result<(), StoreError> {
    diesel::update(people::table.find(id.to_string()))
        .set(people::version.eq(people::version))
        .execute(db)?;
    Ok(())
}

/// Adds a person, with their first profile.
///
/// # Errors
///
/// [`StoreError::Duplicate`] when the address is somebody's already.
pub fn insert(db: &mut Db, person: &Person, now: Timestamp) -> Result<(), StoreError> {
    diesel::insert_into(people::table)
        .values(row(person, now)?)
        .execute(db)?;
    for profile in &person.profiles {
        add_profile(db, person.id, profile)?;
    }
    Ok(())
}

/// Writes all of a person but profiles and time off, which are only added to.
///
/// # Errors
///
/// [`StoreError::Duplicate`] when the address is somebody else's.
pub fn update(db: &mut Db, person: &Person) -> Result<(), StoreError> {
    let id = person.id.to_string();
    let created: Ts = people::table
        .find(&id)
        .select(people::created_at)
        .first(db)?;
    diesel::update(people::table.find(&id))
        .set(row(person, created.0)?)
        .execute(db)?;
    Ok(())
}

/// Adds a version of zone and hours.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn add_profile(db: &mut Db, person: PersonId, profile: &Profile) -> Result<(), StoreError> {
    let row = ProfileRow {
        id: new_id().to_string(),
        person_id: person.to_string(),
        effective_from: ts(profile.effective_from),
        recorded_at: ts(profile.recorded_at),
        time_zone: profile.time_zone.name().to_owned(),
        working_hours: to_document(&profile.working_hours)?,
        holidays: to_document(&profile.holidays)?,
    };
    diesel::insert_into(profiles::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Adds a stretch of time off.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn add_time_off(db: &mut Db, person: PersonId, off: &TimeOff) -> Result<(), StoreError> {
    let row = TimeOffRow {
        id: off.id.to_string(),
        person_id: person.to_string(),
        starts_at: Ts(off.interval.start()),
        ends_at: Ts(off.interval.end()),
        first_day: off.days.map(|(first, _)| first.to_string()),
        last_day: off.days.map(|(_, last)| last.to_string()),
        reason: off.reason.clone(),
        recorded_at: Ts(off.recorded_at),
        cancelled_at: ts(off.cancelled_at),
        calendar_id: off.calendar.map(|id| id.to_string()),
    };
    diesel::insert_into(time_off::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Whose time off it is.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn of_time_off(db: &mut Db, id: TimeOffId) -> Result<Option<PersonId>, StoreError> {
    let found: Option<String> = time_off::table
        .find(id.to_string())
        .select(time_off::person_id)
        .first(db)
        .optional()?;
    parse_some(found.as_deref())
}

/// Ends a stretch of time off.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn cancel_time_off(db: &mut Db, id: TimeOffId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(time_off::table.find(id.to_string()))
        .set(time_off::cancelled_at.eq(Some(Ts(at))))
        .execute(db)?;
    Ok(())
}

/// Forgets why somebody was away.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget_reasons(db: &mut Db, person: PersonId) -> Result<(), StoreError> {
    diesel::update(time_off::table.filter(time_off::person_id.eq(person.to_string())))
        .set(time_off::reason.eq(None::<String>))
        .execute(db)?;
    Ok(())
}
