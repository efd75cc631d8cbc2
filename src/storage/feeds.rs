//! Calendar feeds: only the hashes of their secrets are kept.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::rows::{document, instant, parse, parse_some, to_document, ts};
use super::schema::feeds;
use super::types::{Json, Ts};
use super::{Db, StoreError};
use crate::domain::ids::{FeedId, PersonId, RotationId, TeamId};
use crate::domain::interval::Instant;

/// Whose shifts a feed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A person's, over all rotations.
    Person(PersonId),
    /// A rotation's.
    Rotation(RotationId),
    /// Those of a team's rotations.
    Team(TeamId),
    /// All.
    All,
}

/// A feed, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its id.
    pub id: FeedId,
    /// Whose it is; `None`: the bootstrap administrator's.
    pub owner: Option<PersonId>,
    /// SHA-256 of the secret, in hexadecimal.
    pub hash: String,
    /// Whose shifts it shows.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Instant,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// When it was last fetched, to the minute.
    pub last_fetched_at: Option<Instant>,
    /// Goes up with each change.
    pub version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = feeds)]
struct FeedRow {
    id: String,
    person_id: Option<String>,
    hash: String,
    scope: Json,
    options: Json,
    created_at: Ts,
    revoked_at: Option<Ts>,
    last_fetched_at: Option<Ts>,
    version: i64,
}

/// Every feed, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db) -> Result<Vec<Feed>, StoreError> {
    let rows: Vec<FeedRow> = feeds::table.order(feeds::id).load(db)?;
    rows.into_iter()
        .map(|row| {
            Ok(Feed {
                id: parse(&row.id)?,
                owner: parse_some(row.person_id.as_deref())?,
                hash: row.hash,
                scope: document(row.scope)?,
                created_at: row.created_at.0,
                revoked_at: instant(row.revoked_at),
                last_fetched_at: instant(row.last_fetched_at),
                version: row.version,
            })
        })
        .collect()
}

/// Adds a feed.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, feed: &Feed) -> Result<(), StoreError> {
    let row = FeedRow {
        id: feed.id.to_string(),
        person_id: feed.owner.map(|id| id.to_string()),
        hash: feed.hash.clone(),
        scope: to_document(feed.scope)?,
        options: Json(serde_json::json!({})),
        created_at: Ts(feed.created_at),
        revoked_at: ts(feed.revoked_at),
        last_fetched_at: ts(feed.last_fetched_at),
        version: feed.version,
    };
    diesel::insert_into(feeds::table).values(row).execute(db)?;
    Ok(())
}

/// Revokes a feed.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn revoke(db: &mut Db, id: FeedId, at: Instant) -> Result<(), StoreError> {
    diesel::update(feeds::table.find(id.to_string()))
        .set((
            feeds::revoked_at.eq(Some(Ts(at))),
            feeds::version.eq(feeds::version + 1),
        ))
        .execute(db)?;
    Ok(())
}
