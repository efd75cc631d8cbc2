//! People, their profiles and their time off.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;

use super::rows::{inner, instant, interval, ts};
use super::schema::{people, profiles, time_off};
use super::types::{AsEnum, AsJson, AsText, Ts};
use super::{Db, StoreError};
use crate::clock::new_id;
use crate::domain::ids::{CalendarId, PersonId, TimeOffId};
use crate::domain::people::email;
use crate::domain::people::person::{Deactivation, Holidays, Person, Profile, Role, TimeOff};
use crate::domain::people::preferences::Preferences;
use crate::domain::time::hours::WeeklyHours;
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = people, treat_none_as_null = true)]
struct PersonRow {
    id: AsText<PersonId>,
    name: String,
    email: String,
    email_key: String,
    role: AsEnum<Role>,
    external_ids: AsJson<BTreeMap<String, String>>,
    deactivated_at: Option<Ts>,
    deactivation_recorded_at: Option<Ts>,
    created_at: Ts,
    version: i64,
    preferences: AsJson<Option<Preferences>>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = profiles)]
struct ProfileRow {
    id: String,
    person_id: AsText<PersonId>,
    effective_from: Option<Ts>,
    recorded_at: Option<Ts>,
    time_zone: AsText<Zone>,
    working_hours: AsJson<WeeklyHours>,
    holidays: AsJson<Option<Holidays>>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = time_off)]
struct TimeOffRow {
    id: AsText<TimeOffId>,
    person_id: AsText<PersonId>,
    starts_at: Ts,
    ends_at: Ts,
    first_day: Option<AsText<NaiveDate>>,
    last_day: Option<AsText<NaiveDate>>,
    reason: Option<String>,
    recorded_at: Ts,
    cancelled_at: Option<Ts>,
    calendar_id: Option<AsText<CalendarId>>,
}

/// People, of these ids or everybody, in order of their ids. Rows are read one by one: ten thousand people, held twice
/// for a moment, would leave as much memory behind in pieces.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db, only: Option<&[PersonId]>) -> Result<Vec<Person>, StoreError> {
    let ids: Option<Vec<AsText<PersonId>>> =
        only.map(|ids| ids.iter().copied().map(AsText).collect());
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
        let person = Person::from(row?);
        found.insert(person.id, person);
    }
    let profile_rows = profile_rows.order(profiles::id);
    for row in profile_rows.load_iter::<ProfileRow, DefaultLoadingMode>(db)? {
        let row = row?;
        if let Some(person) = found.get_mut(&row.person_id.0) {
            // Most people have one: room for more is not kept.
            person.profiles.reserve_exact(1);
            person.profiles.push(row.into());
        }
    }
    let away_rows = away_rows.order(time_off::id);
    for row in away_rows.load_iter::<TimeOffRow, DefaultLoadingMode>(db)? {
        let row = row?;
        if let Some(person) = found.get_mut(&row.person_id.0) {
            person.time_off.push(stretch(row)?);
        }
    }
    Ok(found.into_values().collect())
}

/// A person, without what other tables have of them.
impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        let deactivation = match (row.deactivated_at, row.deactivation_recorded_at) {
            (Some(at), Some(recorded)) => Some(Deactivation {
                at: at.0,
                recorded_at: recorded.0,
            }),
            _ => None,
        };
        Self {
            id: row.id.0,
            name: row.name,
            email: row.email,
            role: row.role.0,
            profiles: Vec::new(),
            time_off: Vec::new(),
            external_ids: row.external_ids.0,
            preferences: row.preferences.0.unwrap_or_default(),
            deactivation,
            version: row.version,
        }
    }
}

impl From<ProfileRow> for Profile {
    fn from(row: ProfileRow) -> Self {
        Self {
            effective_from: instant(row.effective_from),
            recorded_at: instant(row.recorded_at),
            time_zone: row.time_zone.0,
            working_hours: row.working_hours.0,
            holidays: row.holidays.0,
        }
    }
}

fn stretch(row: TimeOffRow) -> Result<TimeOff, StoreError> {
    let days = inner(row.first_day).zip(inner(row.last_day));
    Ok(TimeOff {
        id: row.id.0,
        interval: interval(row.starts_at, row.ends_at)?,
        days,
        reason: row.reason,
        calendar: inner(row.calendar_id),
        recorded_at: row.recorded_at.0,
        cancelled_at: instant(row.cancelled_at),
    })
}

fn row(person: &Person, created_at: Timestamp) -> PersonRow {
    PersonRow {
        id: AsText(person.id),
        name: person.name.clone(),
        email: person.email.clone(),
        email_key: email::key(&person.email),
        role: AsEnum(person.role),
        external_ids: AsJson(person.external_ids.clone()),
        deactivated_at: ts(person.deactivation.map(|gone| gone.at)),
        deactivation_recorded_at: ts(person.deactivation.map(|gone| gone.recorded_at)),
        created_at: Ts(created_at),
        version: person.version,
        preferences: AsJson(Some(person.preferences)),
    }
}

/// Locks a person until the transaction ends: whoever else wants to change them waits.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn lock(db: &mut Db, id: PersonId) -> Result<(), StoreError> {
    diesel::update(people::table.find(AsText(id)))
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
        .values(row(person, now))
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
    let id = AsText(person.id);
    let created: Ts = people::table
        .find(id)
        .select(people::created_at)
        .first(db)?;
    diesel::update(people::table.find(id))
        .set(row(person, created.0))
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
        person_id: AsText(person),
        effective_from: ts(profile.effective_from),
        recorded_at: ts(profile.recorded_at),
        time_zone: AsText(profile.time_zone.clone()),
        working_hours: AsJson(profile.working_hours.clone()),
        holidays: AsJson(profile.holidays.clone()),
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
        id: AsText(off.id),
        person_id: AsText(person),
        starts_at: Ts(off.interval.start()),
        ends_at: Ts(off.interval.end()),
        first_day: off.days.map(|(first, _)| AsText(first)),
        last_day: off.days.map(|(_, last)| AsText(last)),
        reason: off.reason.clone(),
        recorded_at: Ts(off.recorded_at),
        cancelled_at: ts(off.cancelled_at),
        calendar_id: off.calendar.map(AsText),
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
    let found: Option<AsText<PersonId>> = time_off::table
        .find(AsText(id))
        .select(time_off::person_id)
        .first(db)
        .optional()?;
    Ok(inner(found))
}

/// Ends a stretch of time off.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn cancel_time_off(db: &mut Db, id: TimeOffId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(time_off::table.find(AsText(id)))
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
    diesel::update(time_off::table.filter(time_off::person_id.eq(AsText(person))))
        .set(time_off::reason.eq(None::<String>))
        .execute(db)?;
    Ok(())
}
