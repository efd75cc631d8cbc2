//! Calendar feeds: only the hashes of their secrets are kept.

use diesel::prelude::*;

use super::rows::{inner, instant, ts};
use super::schema::feeds;
use super::types::{AsJson, AsText, Ts};
use super::{Db, StoreError};
use crate::domain::ids::{FeedId, PersonId, TokenId};
use crate::domain::schedule::feed::{Feed, Options, Scope};
use crate::domain::time::interval::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = feeds)]
struct FeedRow {
    id: AsText<FeedId>,
    person_id: Option<AsText<PersonId>>,
    hash: String,
    scope: AsJson<Scope>,
    options: AsJson<Options>,
    created_at: Ts,
    revoked_at: Option<Ts>,
    last_fetched_at: Option<Ts>,
    version: i64,
    changed_at: Option<Ts>,
    last_fetched_by: Option<String>,
    made_by: Option<AsText<TokenId>>,
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
    Ok(rows.into_iter().map(Feed::from).collect())
}

impl From<FeedRow> for Feed {
    fn from(row: FeedRow) -> Self {
        Self {
            id: row.id.0,
            owner: inner(row.person_id),
            hash: row.hash,
            scope: row.scope.0,
            options: row.options.0,
            created_at: row.created_at.0,
            changed_at: instant(row.changed_at),
            revoked_at: instant(row.revoked_at),
            last_fetched_at: instant(row.last_fetched_at),
            last_fetched_by: row.last_fetched_by,
            made_by: inner(row.made_by),
            version: row.version,
        }
    }
}

/// Adds a feed.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, feed: &Feed) -> Result<(), StoreError> {
    let row = FeedRow {
        id: AsText(feed.id),
        person_id: feed.owner.map(AsText),
        hash: feed.hash.clone(),
        scope: AsJson(feed.scope),
        options: AsJson(feed.options),
        created_at: Ts(feed.created_at),
        revoked_at: ts(feed.revoked_at),
        last_fetched_at: ts(feed.last_fetched_at),
        version: feed.version,
        changed_at: ts(feed.changed_at),
        last_fetched_by: feed.last_fetched_by.clone(),
        made_by: feed.made_by.map(AsText),
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
    diesel::update(feeds::table.find(AsText(id)))
        .set((
            feeds::options.eq(AsJson(options)),
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
    diesel::update(feeds::table.find(AsText(id)))
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
        diesel::update(feeds::table.find(AsText(one.id)))
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
    let rows: Vec<(AsText<FeedId>, Option<Ts>, Option<String>)> = feeds::table
        .filter(feeds::last_fetched_at.gt(Some(Ts(since))))
        .select((feeds::id, feeds::last_fetched_at, feeds::last_fetched_by))
        .load(db)?;
    let fetched = rows.into_iter().filter_map(|(id, at, by)| {
        Some(Fetched {
            id: id.0,
            at: instant(at)?,
            by: by.unwrap_or_default(),
        })
    });
    Ok(fetched.collect())
}
