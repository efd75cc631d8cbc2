//! The log of what commits changed: numbered under a row lock that each transaction takes last, so
//! that the numbers are in the order of the commits. Rosters follow it.

use diesel::prelude::*;

use super::db::Db;
use super::error::StoreError;
use super::schema::{changes, roster_version};
use crate::domain::ids::{PersonId, RotationId, TeamId};

/// The channel on which PostgreSQL tells replicas that the log has grown.
pub const CHANNEL: &str = "dogwatch_changes";

/// Log entries older than this many versions are dropped; a roster that is further behind loads
/// everything.
const KEPT: i64 = 10_000;

/// What a commit changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// A person, with hours and time off.
    Person(PersonId),
    /// A team.
    Team(TeamId),
    /// A rotation, with revisions and overrides.
    Rotation(RotationId),
    /// Access tokens.
    Tokens,
    /// Calendar feeds.
    Feeds,
    /// Incidents, and how rotations work on them.
    Incidents,
    /// Sessions.
    Sessions,
}

impl Change {
    fn row(self) -> (&'static str, String) {
        match self {
            Self::Person(id) => ("person", id.to_string()),
            Self::Team(id) => ("team", id.to_string()),
            Self::Rotation(id) => ("rotation", id.to_string()),
            Self::Tokens => ("tokens", String::new()),
            Self::Feeds => ("feeds", String::new()),
            Self::Incidents => ("incidents", String::new()),
            Self::Sessions => ("sessions", String::new()),
        }
    }

    fn parse(kind: &str, id: &str) -> Option<Self> {
        Some(match kind {
            "person" => Self::Person(id.parse().ok()?),
            "team" => Self::Team(id.parse().ok()?),
            "rotation" => Self::Rotation(id.parse().ok()?),
            "tokens" => Self::Tokens,
            "feeds" => Self::Feeds,
            "incidents" => Self::Incidents,
            "sessions" => Self::Sessions,
            _ => return None,
        })
    }
}

/// Numbers and logs what a transaction changed, last thing before it commits.
pub(super) fn record(db: &mut Db, all: &[Change]) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    diesel::update(roster_version::table)
        .set(roster_version::version.eq(roster_version::version + 1))
        .execute(db)?;
    let version = version(db)?;
    for change in all {
        let (kind, id) = change.row();
        diesel::insert_into(changes::table)
            .values((
                changes::version.eq(version),
                changes::kind.eq(kind),
                changes::id.eq(id),
            ))
            .execute(db)?;
    }
    diesel::delete(changes::table.filter(changes::version.lt(version - KEPT))).execute(db)?;
    if matches!(db, Db::Postgres(_)) {
        diesel::sql_query(format!("NOTIFY {CHANNEL}")).execute(db)?;
    }
    Ok(())
}

/// The version of what the database holds.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn version(db: &mut Db) -> Result<i64, StoreError> {
    Ok(roster_version::table
        .select(roster_version::version)
        .first(db)?)
}

/// What changed after `version`; `None` when the log does not reach back so far.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn since(db: &mut Db, after: i64, now: i64) -> Result<Option<Vec<Change>>, StoreError> {
    if now - after >= KEPT {
        return Ok(None);
    }
    let rows: Vec<(String, String)> = changes::table
        .filter(changes::version.gt(after))
        .order(changes::version)
        .select((changes::kind, changes::id))
        .load(db)?;
    Ok(rows
        .iter()
        .map(|(kind, id)| Change::parse(kind, id))
        .collect())
}
