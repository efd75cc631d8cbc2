//! Calendar feeds: only the hashes of their secrets are kept.

use diesel::prelude::*;

use super::rows::{document, instant, parse, parse_some, to_document, ts};
use super::schema::feeds;
use super::types::{Json, Ts};
use super::{Db, StoreError};
use crate::domain::feed::Feed;
use crate::domain::ids::FeedId;
use crate::domain::interval::Instant;

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
