//! First answers, kept for whoever sends the same request again.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use serde_json::Value;

use super::db::Db;
use super::error::StoreError;
use super::schema::idempotency::dsl;
use super::types::{AsJson, Ts};
use crate::cause::Cause;
use crate::domain::time::interval::Timestamp;

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// Which request: keys of different actors and routes have nothing to do with each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// Who asked.
    pub actor: String,
    /// Method and path.
    pub route: String,
    /// What the client called it.
    pub key: String,
}

/// An answer as it was given, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstAnswer {
    /// Hash of the request's body, in hexadecimal.
    pub body_hash: String,
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to it.
    pub headers: Value,
    /// The body, byte by byte.
    pub body: String,
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Whether this transaction is the only one at work on the key, on whatever replica.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn lock(db: &mut Db, key: &RequestKey) -> Result<bool, StoreError> {
    let Db::Postgres(connection) = db else {
        // Writers of an SQLite file are one after the other anyway.
        return Ok(true);
    };
    let name = format!("{}\n{}\n{}", key.actor, key.route, key.key);
    let got: Locked =
        diesel::sql_query("SELECT pg_try_advisory_xact_lock(hashtextextended($1, $2)) AS locked")
            .bind::<diesel::sql_types::Text, _>(name)
            .bind::<BigInt, _>(727_002)
            .get_result(connection)?;
    Ok(got.locked)
}

/// The answer given to this request in the last 24 hours.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(
    db: &mut Db,
    key: &RequestKey,
    now: Timestamp,
) -> Result<Option<FirstAnswer>, StoreError> {
    let row: Option<(String, i32, AsJson<Value>, AsJson<String>)> = dsl::idempotency
        .find((&key.actor, &key.route, &key.key))
        .filter(dsl::created_at.gt(Ts(now - KEPT)))
        .select((dsl::body_hash, dsl::status, dsl::headers, dsl::body))
        .first(db)
        .optional()?;
    row.map(|(body_hash, status, AsJson(headers), AsJson(body))| {
        let status = u16::try_from(status).map_err(|error| {
            let what = format!("{status} is no HTTP status");
            StoreError::Internal(Cause::new(what).because(error))
        })?;
        Ok(FirstAnswer {
            body_hash,
            status,
            headers,
            body,
        })
    })
    .transpose()
}

/// Keeps an answer.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn keep(
    db: &mut Db,
    key: &RequestKey,
    answer: &FirstAnswer,
    now: Timestamp,
) -> Result<(), StoreError> {
    // One that was kept long enough may still be there.
    diesel::delete(dsl::idempotency.find((&key.actor, &key.route, &key.key))).execute(db)?;
    diesel::insert_into(dsl::idempotency)
        .values((
            dsl::actor.eq(&key.actor),
            dsl::route.eq(&key.route),
            dsl::key.eq(&key.key),
            dsl::body_hash.eq(&answer.body_hash),
            dsl::status.eq(i32::from(answer.status)),
            dsl::headers.eq(AsJson(answer.headers.clone())),
            // As text: PostgreSQL would put the members of an object into another order.
            dsl::body.eq(AsJson(answer.body.clone())),
            dsl::created_at.eq(Ts(now)),
        ))
        .execute(db)?;
    Ok(())
}

/// Forgets what was kept long enough.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget_old(db: &mut Db, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(dsl::idempotency.filter(dsl::created_at.le(Ts(now - KEPT)))).execute(db)?)
}

/// Forgets the answers that hold one of `words`, such as somebody's address.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget(db: &mut Db, words: &[String]) -> Result<(), StoreError> {
    type Row = (String, String, String, AsJson<Value>);
    let columns = (dsl::actor, dsl::route, dsl::key, dsl::body);
    for (actor, route, key, body) in dsl::idempotency.select(columns).load::<Row>(db)? {
        let text = body.0.to_string();
        if words.iter().any(|word| text.contains(word)) {
            diesel::delete(dsl::idempotency.find((actor, route, key))).execute(db)?;
        }
    }
    Ok(())
}
