//! Calendar feeds: only the hashes of their secrets are kept.

use diesel::prelude::*;

use super::rows::{from_json, instant, parse, parse_some, to_document, ts};
use super::schema::feeds;
use super::types::{Json, Ts};
use super::{Db, StoreError};
use crate::domain::feed::{Feed, Options};
use crate::domain::ids::FeedId;
use crate::domain::interval::Timestamp;

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
    changed_at: Option<Ts>,
    last_fetched_by: Option<String>,
    made_by: Option<String>,
}

/// When a feed was last fetched, and by what program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The feed.
    pub id: FeedId,
    /// When.
    pub at: Timestamp,
    /// By what.
    pub by: String,
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
                scope: from_json(row.scope)?,
                options: from_json(row.options)?,
                created_at: row.created_at.0,
                changed_at: instant(row.changed_at),
                revoked_at: instant(row.revoked_at),
                last_fetched_at: instant(row.last_fetched_at),
                last_fetched_by: row.last_fetched_by,
                made_by: parse_some(row.made_by.as_deref())?,
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
        options: to_document(feed.options)?,
        created_at: Ts(feed.created_at),
        revoked_at: ts(feed.revoked_at),
        last_fetched_at: ts(feed.last_fetched_at),
        version: feed.version,
        changed_at: ts(feed.changed_at),
        last_fetched_by: feed.last_fetched_by.clone(),
        made_by: feed.made_by.map(|id| id.to_string()),
    };
    diesel::insert_into(feeds::table).values(row).execute(db)?;
    Ok(())
}

/// Changes what a subscriber chose.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn change(
    db: &mut Db,
    id: FeedId,
    options: Options,
    version: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(feeds::table.find(id.to_string()))
        .set((
            feeds::options.eq(to_document(options)?),
            feeds::changed_at.eq(Some(Ts(at))),
            feeds::version.eq(version),
        ))
        .execute(db)?;
    Ok(())
}

/// Revokes a feed.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn revoke(db: &mut Db, id: FeedId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(feeds::table.find(id.to_string()))
        .set((
            feeds::revoked_at.eq(Some(Ts(at))),
            feeds::version.eq(feeds::version + 1),
        ))
        .execute(db)?;
    Ok(())
}

/// Keeps when feeds were fetched. (That is no change of the feed: its version stays.)
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn keep_fetched(db: &mut Db, all: &[Fetched]) -> Result<(), StoreError> {
    for one in all {
        diesel::update(feeds::table.find(one.id.to_string()))
            .set((
                feeds::last_fetched_at.eq(Some(Ts(one.at))),
                feeds::last_fetched_by.eq(Some(&one.by)),
            ))
            .execute(db)?;
    }
    Ok(())
}

/// What was fetched after `since`, from any replica.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn fetched_since(db: &mut Db, since: Timestamp) -> Result<Vec<Fetched>, StoreError> {
    let rows: Vec<(String, Option<Ts>, Option<String>)> = feeds::table
        .filter(feeds::last_fetched_at.gt(Some(Ts(since))))
        .select((feeds::id, feeds::last_fetched_at, feeds::last_fetched_by))
        .load(db)?;
    rows.into_iter()
        .filter_map(|(id, at, by)| Some((id, instant(at)?, by.unwrap_or_default())))
        .map(|(id, at, by)| {
            Ok(Fetched {
                id: parse(&id)?,
                at,
                by,
            })
        })
        .collect()
}
