//! Access tokens: only their hashes are kept.

use diesel::prelude::*;

use super::rows::{corrupt, instant, parse, parse_some, ts};
use super::schema::tokens;
use super::types::Ts;
use super::{Db, StoreError};
use crate::domain::actor::Scope;
use crate::domain::ids::{PersonId, TokenId};
use crate::domain::interval::Timestamp;
use crate::domain::token::Token;

#[derive(Queryable, Insertable)]
#[diesel(table_name = tokens)]
struct TokenRow {
    id: String,
    person_id: String,
    name: String,
    hash: String,
    scope: String,
    created_at: Ts,
    expires_at: Option<Ts>,
    revoked_at: Option<Ts>,
    made_by: Option<String>,
}

impl TryFrom<TokenRow> for Token {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(&row.id)?,
            person: parse(&row.person_id)?,
            name: row.name,
            hash: row.hash,
            scope: Scope::parse(&row.scope).ok_or_else(|| corrupt("an unknown scope"))?,
            created_at: row.created_at.0,
            expires_at: instant(row.expires_at),
            revoked_at: instant(row.revoked_at),
            made_by: parse_some(row.made_by.as_deref())?,
        })
    }
}

/// Every token, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db) -> Result<Vec<Token>, StoreError> {
    let rows: Vec<TokenRow> = tokens::table.order(tokens::id).load(db)?;
    rows.into_iter().map(Token::try_from).collect()
}

/// The token of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: TokenId) -> Result<Option<Token>, StoreError> {
    let row: Option<TokenRow> = tokens::table.find(id.to_string()).first(db).optional()?;
    row.map(Token::try_from).transpose()
}

/// Adds a token.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, token: &Token) -> Result<(), StoreError> {
    let row = TokenRow {
        id: token.id.to_string(),
        person_id: token.person.to_string(),
        name: token.name.clone(),
        hash: token.hash.clone(),
        scope: token.scope.as_str().to_owned(),
        created_at: Ts(token.created_at),
        expires_at: ts(token.expires_at),
        revoked_at: ts(token.revoked_at),
        made_by: token.made_by.map(|id| id.to_string()),
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
            .filter(tokens::person_id.eq(person.to_string()))
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
            .find(id.to_string())
            .filter(tokens::revoked_at.is_null()),
    )
    .set(tokens::revoked_at.eq(Some(Ts(at))))
    .execute(db)?;
    Ok(())
}
