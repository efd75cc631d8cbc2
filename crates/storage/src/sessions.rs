//! Sessions, and the links by which people sign in: only the hashes of their secrets are kept.

use diesel::prelude::*;

use super::rows::{instant, ts};
use super::schema::{sessions, sign_ins};
use super::types::{AsText, Ts};
use super::{Db, StoreError};
use crate::domain::access::session::{Session, SignIn};
use crate::domain::ids::{PersonId, SessionId, SignInId};
use crate::domain::time::interval::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: AsText<SessionId>,
    person_id: AsText<PersonId>,
    hash: String,
    agent: String,
    address: Option<String>,
    created_at: Ts,
    expires_at: Ts,
    revoked_at: Option<Ts>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = sign_ins)]
struct SignInRow {
    id: AsText<SignInId>,
    person_id: AsText<PersonId>,
    hash: Option<String>,
    next_path: String,
    created_at: Ts,
    expires_at: Ts,
    used_at: Option<Ts>,
}

impl From<SignInRow> for SignIn {
    fn from(row: SignInRow) -> Self {
        Self {
            id: row.id.0,
            person: row.person_id.0,
            hash: row.hash,
            next: row.next_path,
            created_at: row.created_at.0,
            expires_at: row.expires_at.0,
            used_at: instant(row.used_at),
        }
    }
}

/// Every session that was not ended, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db) -> Result<Vec<Session>, StoreError> {
    let rows: Vec<SessionRow> = sessions::table
        .filter(sessions::revoked_at.is_null())
        .order(sessions::id)
        .load(db)?;
    Ok(rows.into_iter().map(Session::from).collect())
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id.0,
            person: row.person_id.0,
            hash: row.hash,
            agent: row.agent,
            address: row.address,
            created_at: row.created_at.0,
            expires_at: row.expires_at.0,
            revoked_at: instant(row.revoked_at),
        }
    }
}

/// Adds a session.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, session: &Session) -> Result<(), StoreError> {
    let row = SessionRow {
        id: AsText(session.id),
        person_id: AsText(session.person),
        hash: session.hash.clone(),
        agent: session.agent.clone(),
        address: session.address.clone(),
        created_at: Ts(session.created_at),
        expires_at: Ts(session.expires_at),
        revoked_at: ts(session.revoked_at),
    };
    diesel::insert_into(sessions::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn revoke(db: &mut Db, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(
        sessions::table
            .find(AsText(id))
            .filter(sessions::revoked_at.is_null()),
    )
    .set(sessions::revoked_at.eq(Some(Ts(at))))
    .execute(db)?;
    Ok(())
}

/// Ends a person's sessions that began at `since` or later, or all of them.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn revoke_since(
    db: &mut Db,
    person: PersonId,
    since: Option<Timestamp>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut ids = sessions::table
        .filter(sessions::person_id.eq(AsText(person)))
        .filter(sessions::revoked_at.is_null())
        .select(sessions::id)
        .into_boxed();
    if let Some(since) = since {
        ids = ids.filter(sessions::created_at.ge(Ts(since)));
    }
    let ids: Vec<AsText<SessionId>> = ids.load(db)?;
    diesel::update(sessions::table.filter(sessions::id.eq_any(ids)))
        .set(sessions::revoked_at.eq(Some(Ts(at))))
        .execute(db)?;
    Ok(())
}

/// Uses up all links with which a person could sign in.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn use_links(db: &mut Db, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(
        sign_ins::table
            .filter(sign_ins::person_id.eq(AsText(person)))
            .filter(sign_ins::used_at.is_null()),
    )
    .set(sign_ins::used_at.eq(Some(Ts(now))))
    .execute(db)?;
    Ok(())
}

/// Forgets a person's sessions and links altogether.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget(db: &mut Db, person: PersonId) -> Result<(), StoreError> {
    let person = AsText(person);
    diesel::delete(sessions::table.filter(sessions::person_id.eq(person))).execute(db)?;
    diesel::delete(sign_ins::table.filter(sign_ins::person_id.eq(person))).execute(db)?;
    Ok(())
}

/// Forgets sessions and links that ended before `before`.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget_old(db: &mut Db, before: Timestamp) -> Result<(), StoreError> {
    let old = sessions::expires_at
        .le(Ts(before))
        .nullable()
        .or(sessions::revoked_at.le(Ts(before)));
    diesel::delete(sessions::table.filter(old)).execute(db)?;
    diesel::delete(sign_ins::table.filter(sign_ins::expires_at.le(Ts(before)))).execute(db)?;
    Ok(())
}

/// Adds a link.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert_link(db: &mut Db, link: &SignIn) -> Result<(), StoreError> {
    let row = SignInRow {
        id: AsText(link.id),
        person_id: AsText(link.person),
        hash: link.hash.clone(),
        next_path: link.next.clone(),
        created_at: Ts(link.created_at),
        expires_at: Ts(link.expires_at),
        used_at: ts(link.used_at),
    };
    diesel::insert_into(sign_ins::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// When the unused links of a person were made, newest first: those made after `since` that end by `until`.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn unused_links(
    db: &mut Db,
    person: PersonId,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    let made: Vec<Ts> = sign_ins::table
        .filter(sign_ins::person_id.eq(AsText(person)))
        .filter(sign_ins::created_at.gt(Ts(since)))
        .filter(sign_ins::expires_at.le(Ts(until)))
        .filter(sign_ins::used_at.is_null())
        .order(sign_ins::created_at.desc())
        .select(sign_ins::created_at)
        .load(db)?;
    Ok(made.into_iter().map(|made| made.0).collect())
}

/// The link whose secret has this hash.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn link(db: &mut Db, hash: &str) -> Result<Option<SignIn>, StoreError> {
    let row: Option<SignInRow> = sign_ins::table
        .filter(sign_ins::hash.eq(hash))
        .first(db)
        .optional()?;
    Ok(row.map(SignIn::from))
}

/// Gives a link its secret, where it is still of use. Says whether it is.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn arm_link(db: &mut Db, id: SignInId, hash: &str, now: Timestamp) -> Result<bool, StoreError> {
    let armed = diesel::update(
        sign_ins::table
            .find(AsText(id))
            .filter(sign_ins::used_at.is_null())
            .filter(sign_ins::expires_at.gt(Ts(now))),
    )
    .set(sign_ins::hash.eq(Some(hash)))
    .execute(db)?;
    Ok(armed > 0)
}

/// Uses a link up. Says whether it was still there to be used.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn use_link(db: &mut Db, id: SignInId, now: Timestamp) -> Result<bool, StoreError> {
    let used = diesel::update(
        sign_ins::table
            .find(AsText(id))
            .filter(sign_ins::used_at.is_null())
            .filter(sign_ins::expires_at.gt(Ts(now))),
    )
    .set(sign_ins::used_at.eq(Some(Ts(now))))
    .execute(db)?;
    Ok(used > 0)
}
