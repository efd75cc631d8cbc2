//! Teams and their members.

use std::collections::HashMap;

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::rows::{corrupt, inner, instant, ts};
use super::schema::{memberships, teams};
use super::types::{AsEnum, AsText, Ts};
use super::{Db, StoreError};
use crate::domain::ids::{PersonId, TeamId};
use crate::domain::people::team::{Consent, Membership, Team};
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;

#[derive(Queryable, Insertable)]
#[diesel(table_name = teams)]
struct TeamRow {
    id: AsText<TeamId>,
    slug: String,
    name: String,
    time_zone: AsText<Zone>,
    created_at: Ts,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = memberships)]
struct MembershipRow {
    team_id: AsText<TeamId>,
    number: i32,
    person_id: AsText<PersonId>,
    manages: bool,
    starts_at: Option<Ts>,
    ends_at: Option<Ts>,
    consent: AsEnum<ConsentState>,
    consent_by: Option<AsText<PersonId>>,
    consent_at: Option<Ts>,
}

/// The column of that name; the other two say by whom and when.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ConsentState {
    NotNeeded,
    Pending,
    Given,
}

impl TryFrom<MembershipRow> for Membership {
    type Error = StoreError;

    fn try_from(row: MembershipRow) -> Result<Self, StoreError> {
        let by = inner(row.consent_by);
        let consent = match (row.consent.0, instant(row.consent_at)) {
            (ConsentState::NotNeeded, _) => Consent::NotNeeded,
            (ConsentState::Pending, _) => Consent::Pending { added_by: by },
            (ConsentState::Given, Some(at)) => Consent::Given { by, at },
            (ConsentState::Given, None) => return Err(corrupt("a consent without a time")),
        };
        Ok(Self {
            person: row.person_id.0,
            manages: row.manages,
            from: instant(row.starts_at),
            until: instant(row.ends_at),
            consent,
        })
    }
}

fn membership_row(team: &Team, number: i32, one: &Membership) -> MembershipRow {
    let (consent, by, at) = match one.consent {
        Consent::NotNeeded => (ConsentState::NotNeeded, None, None),
        Consent::Pending { added_by } => (ConsentState::Pending, added_by, None),
        Consent::Given { by, at } => (ConsentState::Given, by, Some(at)),
    };
    MembershipRow {
        team_id: AsText(team.id),
        number,
        person_id: AsText(one.person),
        manages: one.manages,
        starts_at: ts(one.from),
        ends_at: ts(one.until),
        consent: AsEnum(consent),
        consent_by: by.map(AsText),
        consent_at: ts(at),
    }
}

/// Teams, of these ids or all, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db, only: Option<&[TeamId]>) -> Result<Vec<Team>, StoreError> {
    let ids: Option<Vec<AsText<TeamId>>> =
        only.map(|ids| ids.iter().copied().map(AsText).collect());
    let mut rows = teams::table.into_boxed();
    let mut member_rows = memberships::table.into_boxed();
    if let Some(ids) = &ids {
        rows = rows.filter(teams::id.eq_any(ids));
        member_rows = member_rows.filter(memberships::team_id.eq_any(ids));
    }
    let rows: Vec<TeamRow> = rows.order(teams::id).load(db)?;
    let mut members: HashMap<TeamId, Vec<Membership>> = HashMap::new();
    let member_rows = member_rows.order(memberships::number);
    for one in member_rows.load_iter::<MembershipRow, DefaultLoadingMode>(db)? {
        let one = one?;
        let of_team = members.entry(one.team_id.0).or_default();
        of_team.push(one.try_into()?);
    }
    let teams = rows.into_iter().map(|row| Team {
        id: row.id.0,
        memberships: members.remove(&row.id.0).unwrap_or_default(),
        slug: row.slug,
        name: row.name,
        time_zone: row.time_zone.0,
        version: row.version,
    });
    Ok(teams.collect())
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
pub fn insert(db: &mut Db, team: &Team, now: Timestamp) -> Result<(), StoreError> {
    let row = TeamRow {
        id: AsText(team.id),
        slug: team.slug.clone(),
        name: team.name.clone(),
        time_zone: AsText(team.time_zone.clone()),
        created_at: Ts(now),
        version: team.version,
    };
    diesel::insert_into(teams::table).values(row).execute(db)?;
    insert_memberships(db, team)
}

/// Writes a team, with its members.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn update(db: &mut Db, team: &Team) -> Result<(), StoreError> {
    let id = AsText(team.id);
    diesel::update(teams::table.find(id))
        .set((
            teams::slug.eq(&team.slug),
            teams::name.eq(&team.name),
            teams::time_zone.eq(team.time_zone.name()),
            teams::version.eq(team.version),
        ))
        .execute(db)?;
    diesel::delete(memberships::table.filter(memberships::team_id.eq(id))).execute(db)?;
    insert_memberships(db, team)
}

fn insert_memberships(db: &mut Db, team: &Team) -> Result<(), StoreError> {
    for (number, one) in (1..).zip(&team.memberships) {
        diesel::insert_into(memberships::table)
            .values(membership_row(team, number, one))
            .execute(db)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection as _;
    use diesel::migration::{Migration, MigrationSource as _};
    use diesel::sqlite::Sqlite;
    use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

    use super::*;

    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

    /// A database of a version in which people just were in teams.
    #[test]
    fn whoever_was_in_a_team_is_in_it_from_always() {
        let mut old = SqliteConnection::establish(":memory:").unwrap();
        let all: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations().unwrap();
        let mut names: Vec<String> = all.iter().map(|one| one.name().to_string()).collect();
        names.sort();
        for _ in names
            .iter()
            .take_while(|name| !name.contains("memberships"))
        {
            old.run_next_migration(MIGRATIONS).unwrap();
        }
        let id = |n: u8| format!("01940000-0000-7000-8000-00000000000{n}");
        let (team, other, ana, bo) = (id(1), id(2), id(3), id(4));
        let person = |id: &str| {
            format!(
                "INSERT INTO people (id, name, email, email_key, role, external_ids, created_at, version)
                 VALUES ('{id}', 'x', '{id}', '{id}', 'member', '{{}}', 0, 1);"
            )
        };
        let rows = format!(
            "{}{}INSERT INTO teams VALUES ('{team}', 'a', 'A', 'UTC', 0, 1), ('{other}', 'b', 'B', 'UTC', 0, 1);
             INSERT INTO team_members VALUES ('{team}', '{bo}', 1), ('{team}', '{ana}', 0), ('{other}', '{ana}', 1);",
            person(&ana),
            person(&bo)
        );
        old.batch_execute(&rows).unwrap();
        old.run_pending_migrations(MIGRATIONS).unwrap();
        let teams = load(&mut Db::Sqlite(old), None).unwrap();
        let found: Vec<Vec<Membership>> = teams.into_iter().map(|one| one.memberships).collect();
        let of = |id: &str, manages: bool| Membership {
            manages,
            ..Membership::of(id.parse().unwrap())
        };
        assert_eq!(
            found,
            [vec![of(&ana, false), of(&bo, true)], vec![of(&ana, true)]]
        );
    }
}
