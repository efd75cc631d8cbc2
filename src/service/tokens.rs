//! Access tokens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::scene::{note, person_of};
use super::secrets::{new_token, token_hash};
use super::values;
use super::{Actor, Error, Expected, Faults, Scope, access, input};
use crate::clock::new_id;
use crate::domain::ids::{PersonId, TokenId};
use crate::domain::interval::Instant;
use crate::domain::token::Token;
use crate::storage::audit::Deed;
use crate::storage::{Change, Tx, tokens};

/// A token to make.
#[derive(Debug, Clone, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What its owner calls it.
    #[serde(default)]
    #[schema(required = true)]
    pub name: String,
    /// `read` or `write`.
    #[serde(default)]
    #[schema(required = true)]
    pub scope: String,
    /// When it ends by itself.
    #[serde(default)]
    pub expires_at: Option<String>,
}

/// A token, without itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenView {
    /// Its id.
    pub id: String,
    /// Whose.
    pub person_id: String,
    /// What its owner calls it.
    pub name: String,
    /// What it allows.
    #[schema(value_type = String)]
    pub scope: Scope,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Goes up when it is revoked.
    pub version: i64,
}

impl From<&Token> for TokenView {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id.to_string(),
            person_id: token.person.to_string(),
            name: token.name.clone(),
            scope: token.scope,
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            version: token.version(),
        }
    }
}

/// Makes a token; the second value is the token itself, which nobody sees again.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`].
pub fn create(
    tx: &mut Tx<'_>,
    actor: &Actor,
    person: PersonId,
    new: &NewToken,
    now: Instant,
) -> Result<(Token, String), Error> {
    let owner = person_of(tx, person)?;
    access::own_affairs(actor, person)?;
    if !owner.active_at(now) {
        return Err(Error::conflict("they are deactivated"));
    }
    let mut faults = Faults::new();
    let name = values::line(&mut faults, "/name", &new.name, 100);
    let scope = faults.check(
        "/scope",
        Scope::parse(&new.scope).ok_or("must be read or write"),
    );
    let expires = faults.check_some("/expires_at", new.expires_at.as_deref(), |text| {
        input::bounded(text, now)
    });
    if expires.flatten().is_some_and(|at| at <= now) {
        faults.add("/expires_at", "must lie ahead");
    }
    let secret = new_token();
    let token = name
        .zip(scope)
        .zip(expires)
        .map(|((name, scope), expires_at)| Token {
            id: TokenId::from_uuid(new_id()),
            person,
            name,
            hash: token_hash(&secret),
            scope,
            created_at: now,
            expires_at,
            revoked_at: None,
        });
    let token = faults.finish_with(token)?;
    tokens::insert(tx.db(), &token)?;
    tx.changed(Change::Tokens);
    let after = json!({ "person_id": person.to_string(), "name": token.name, "scope": token.scope.as_str() });
    note(
        tx,
        actor,
        now,
        Deed {
            action: "token.create",
            kind: "token",
            id: token.id.to_string(),
            before: Value::Null,
            after,
        },
    )?;
    Ok((token, secret))
}

/// Revokes a token.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Stale`], and [`Error::Forbidden`] where it is somebody else's.
pub fn revoke(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: TokenId,
    expected: &Expected,
    now: Instant,
) -> Result<(), Error> {
    let token = tokens::load(tx.db())?
        .into_iter()
        .find(|token| token.id == id)
        .ok_or(Error::NotFound("token"))?;
    access::own_affairs(actor, token.person)?;
    expected.check(token.version())?;
    if token.revoked_at.is_some() {
        return Ok(());
    }
    tokens::revoke(tx.db(), token.person, Some(id), now)?;
    tx.changed(Change::Tokens);
    let before = json!({ "person_id": token.person.to_string(), "name": token.name, "scope": token.scope.as_str() });
    note(
        tx,
        actor,
        now,
        Deed {
            action: "token.revoke",
            kind: "token",
            id: id.to_string(),
            before,
            after: Value::Null,
        },
    )
}
