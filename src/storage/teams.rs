//! Teams and their members.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rows::{corrupt, parse};
use super::schema::{team_members, teams};
use super::types::Ts;
use super::{Db, StoreError};
use crate::domain::ids::TeamId;
use crate::domain::interval::Instant;
use crate::domain::team::Team;
use crate::domain::zone::Zone;

#[derive(Queryable, Insertable)]
#[diesel(table_name = teams)]
struct TeamRow {
    id: String,
    slug: String,
    name: String,
    time_zone: String,
    created_at: Ts,
    version: i64,
}

/// Teams, of these ids or all, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db, only: Option<&[TeamId]>) -> Result<Vec<Team>, StoreError> {
    let ids: Option<Vec<String>> = only.map(|ids| ids.iter().map(ToString::to_string).collect());
    let mut rows = teams::table.into_boxed();
    let mut member_rows = team_members::table.into_boxed();
    if let Some(ids) = &ids {
        rows = rows.filter(teams::id.eq_any(ids));
        member_rows = member_rows.filter(team_members::team_id.eq_any(ids));
    }
    let rows: Vec<TeamRow> = rows.order(teams::id).load(db)?;
    let mut members: HashMap<String, Vec<(String, bool)>> = HashMap::new();
    for (team, person, manages) in
        member_rows
            .order(team_members::person_id)
            .load::<(String, String, bool)>(db)?
    {
        members.entry(team).or_default().push((person, manages));
    }
    rows.into_iter()
        .map(|row| {
            let members = members.remove(&row.id).unwrap_or_default();
            let ids = |managing: bool| -> Result<Vec<_>, StoreError> {
                let chosen = members.iter().filter(|(_, manages)| *manages || !managing);
                chosen.map(|(person, _)| parse(person)).collect()
            };
            Ok(Team {
                id: parse(&row.id)?,
                slug: row.slug,
                name: row.name,
                time_zone: Zone::parse(&row.time_zone).map_err(corrupt)?,
                members: ids(false)?,
                managers: ids(true)?,
                version: row.version,
            })
        })
        .collect()
}

/// Locks the team of this slug until the transaction ends: whoever else wants to change it waits.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn lock(db: &mut Db, slug: &str) -> Result<(), StoreError> {
    diesel::update(teams::table.filter(teams::slug.eq(slug)))
        .set(teams::version.eq(teams::version))
        .execute(db)?;
    Ok(())
}

/// Adds a team, with its members.
///
/// # Errors
///
/// [`StoreError::Duplicate`] when the slug is taken.
pub fn insert(db: &mut Db, team: &Team, now: Instant) -> Result<(), StoreError> {
    let row = TeamRow {
        id: team.id.to_string(),
        slug: team.slug.clone(),
        name: team.name.clone(),
        time_zone: team.time_zone.name().to_owned(),
        created_at: Ts(now),
        version: team.version,
    };
    diesel::insert_into(teams::table).values(row).execute(db)?;
    insert_members(db, team)
}

/// Writes a team, with its members.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn update(db: &mut Db, team: &Team) -> Result<(), StoreError> {
    let id = team.id.to_string();
    diesel::update(teams::table.find(&id))
        .set((
            teams::slug.eq(&team.slug),
            teams::name.eq(&team.name),
            teams::time_zone.eq(team.time_zone.name()),
            teams::version.eq(team.version),
        ))
        .execute(db)?;
    diesel::delete(team_members::table.filter(team_members::team_id.eq(&id))).execute(db)?;
    insert_members(db, team)
}

fn insert_members(db: &mut Db, team: &Team) -> Result<(), StoreError> {
    for person in &team.members {
        diesel::insert_into(team_members::table)
            .values((
                team_members::team_id.eq(team.id.to_string()),
                team_members::person_id.eq(person.to_string()),
                team_members::manages.eq(team.managers.contains(person)),
            ))
            .execute(db)?;
    }
    Ok(())
}
