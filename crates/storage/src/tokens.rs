//! Access tokens: only their hashes are kept.

use diesel::prelude::*;

use super::rows::{inner, instant, ts};
use super::schema::tokens;
use super::types::{AsEnum, AsText, Ts};
use super::{Db, StoreError};
use crate::domain::access::actor::Scope;
use crate::domain::access::token::Token;
use crate::domain::ids::{PersonId, TokenId};
use crate::domain::time::interval::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = tokens)]
struct TokenRow {
    id: AsText<TokenId>,
    person_id: AsText<PersonId>,
    name: String,
    hash: String,
    scope: AsEnum<Scope>,
    created_at: Ts,
    expires_at: Option<Ts>,
    revoked_at: Option<Ts>,
    made_by: Option<AsText<TokenId>>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id.0,
            person: row.person_id.0,
            name: row.name,
            hash: row.hash,
            scope: row.scope.0,
            created_at: row.created_at.0,
            expires_at: instant(row.expires_at),
            revoked_at: instant(row.revoked_at),
            made_by: inner(row.made_by),
        }
    }
}

/// Every token, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db) -> Result<Vec<Token>, StoreError> {
    let rows: Vec<TokenRow> = tokens::table.order(tokens::id).load(db)?;
    Ok(rows.into_iter().map(Token::from).collect())
}

/// The token of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: TokenId) -> Result<Option<Token>, StoreError> {
    let row: Option<TokenRow> = tokens::table.find(AsText(id)).first(db).optional()?;
    Ok(row.map(Token::from))
}

/// Adds a token.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, token: &Token) -> Result<(), StoreError> {
    let row = TokenRow {
        id: AsText(token.id),
        person_id: AsText(token.person),
        name: token.name.clone(),
        hash: token.hash.clone(),
        scope: AsEnum(token.scope),
        created_at: Ts(token.created_at),
        expires_at: ts(token.expires_at),
        revoked_at: ts(token.revoked_at),
        made_by: token.made_by.map(AsText),
    };
    diesel::insert_into(tokens::table).values(row).execute(db)?;
    Ok(())
}

/// Revokes all tokens of a person.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn revoke_all(db: &mut Db, person: PersonId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(
        tokens::table
            .filter(tokens::person_id.eq(AsText(person)))
            .filter(tokens::revoked_at.is_null()),
    )
    .set(tokens::revoked_at.eq(Some(Ts(at))))
    .execute(db)?;
    Ok(())
}

/// Revokes one.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn revoke(db: &mut Db, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
    diesel::update(
        tokens::table
            .find(AsText(id))
            .filter(tokens::revoked_at.is_null()),
    )
    .set(tokens::revoked_at.eq(Some(Ts(at))))
    .execute(db)?;
    Ok(())
}
