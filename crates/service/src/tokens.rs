//! Access tokens.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::locked_rotation::{person_of, record_audit};
use super::secrets::{new_token, token_hash};
use super::values;
use super::{Error, Scope, ValidationErrors, access, feeds, input};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::access::token::{Token, with_descendants};
use crate::domain::ids::{PersonId, TokenId};
use crate::domain::schedule::feed::Feed;
use crate::domain::time::interval::Timestamp;
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, tokens};

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
    /// When it ends by itself. A token that ends makes only tokens that end no later.
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
    /// The id of the token that its owner made it with, and with which it ends; null where there is none.
    pub made_by: Option<String>,
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
            made_by: token.made_by.map(|id| id.to_string()),
            version: token.version(),
        }
    }
}

/// Makes a token; the second value is the token itself, which nobody sees again.
///
/// # Errors
///
/// [`Error::Invalid`], also where it would outlast the token it is made with, [`Error::Forbidden`],
/// [`Error::NotFound`].
pub fn create(
    uow: &mut UnitOfWork<'_>,
    person: PersonId,
    new: &NewToken,
) -> Result<(Token, String), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let owner = person_of(uow, person)?;
    access::own_affairs(actor, person)?;
    if !owner.active_at(now) {
        return Err(Error::conflict("they are deactivated"));
    }
    let parent = parent(uow)?;
    let mut errors = ValidationErrors::new();
    let name = values::line(&mut errors, "/name", &new.name, 100);
    let scope = scope(&mut errors, &new.scope, parent.as_ref());
    let expires_at = expires_at(&mut errors, new.expires_at.as_deref(), parent.as_ref(), now);
    let secret = new_token();
    let token = name.zip(scope).map(|(name, scope)| Token {
        id: TokenId::from_uuid(new_id()),
        person,
        name,
        hash: token_hash(&secret),
        scope,
        created_at: now,
        expires_at,
        revoked_at: None,
        // What an administrator makes for somebody else is theirs, and stays.
        made_by: actor.token.filter(|_| actor.is(person)),
    });
    let token = errors.finish_with(token)?;
    tokens::insert(uow.db(), &token)?;
    uow.changed(Change::Tokens);
    record(uow, AuditAction::TokenCreate, &token)?;
    Ok((token, secret))
}

/// The token that the actor came with, which must still be good.
fn parent(uow: &mut UnitOfWork<'_>) -> Result<Option<Token>, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let Some(id) = actor.token else {
        return Ok(None);
    };
    tokens::find(uow.db(), id)?
        .filter(|token| token.is_good(now))
        .map(Some)
        .ok_or_else(|| Error::forbidden("this token is expired or revoked"))
}

fn scope(errors: &mut ValidationErrors, text: &str, parent: Option<&Token>) -> Option<Scope> {
    let scope = Scope::parse(text).ok_or("must be read or write");
    let scope = errors.check("/scope", scope)?;
    if scope == Scope::Write && parent.is_some_and(|token| token.scope == Scope::Read) {
        errors.add("/scope", "must be read: this token may only read");
        return None;
    }
    Some(scope)
}

/// When a token is to end, where it is to have an end; what is wrong with that is added to `errors`.
fn expires_at(
    errors: &mut ValidationErrors,
    given: Option<&str>,
    parent: Option<&Token>,
    now: Timestamp,
) -> Option<Timestamp> {
    let pointer = "/expires_at";
    let expires = errors
        .check_some(pointer, given, |text| input::bounded(text, now))
        .flatten();
    if given.is_some() && expires.is_none() {
        return None;
    }
    if expires.is_some_and(|at| at <= now) {
        errors.add(pointer, "must lie ahead");
    }
    let last = parent.and_then(|token| token.expires_at);
    if let Some(last) = last.filter(|last| expires.is_none_or(|at| *last < at)) {
        let last = last.to_rfc3339_opts(SecondsFormat::Secs, true);
        errors.add(
            pointer,
            format!("must not be later than {last}, when the token that makes it ends"),
        );
    }
    expires
}

/// Revokes a token, and with it the tokens and feeds that its owner made with it.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Stale`], and [`Error::Forbidden`] where it is somebody else's.
pub fn revoke(uow: &mut UnitOfWork<'_>, id: TokenId) -> Result<(), Error> {
    let actor = uow.actor;
    let token = tokens::find(uow.db(), id)?.ok_or(Error::NotFound("token"))?;
    access::own_affairs(actor, token.person)?;
    uow.check_version(token.version())?;
    if token.revoked_at.is_some() {
        return Ok(());
    }
    revoke_all(uow, &[id])
}

/// Revokes tokens, and the tokens and feeds that were made with them.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub(super) fn revoke_all(uow: &mut UnitOfWork<'_>, roots: &[TokenId]) -> Result<(), Error> {
    let now = uow.now;
    let all = tokens::load(uow.db())?;
    let gone: HashSet<TokenId> = with_descendants(&all, roots);
    let good = |token: &&Token| gone.contains(&token.id) && token.revoked_at.is_none();
    for token in all.iter().filter(good) {
        tokens::revoke(uow.db(), token.id, now)?;
        record(uow, AuditAction::TokenRevoke, token)?;
    }
    uow.changed(Change::Tokens);
    let made_with = |feed: &Feed| feed.made_by.is_some_and(|id| gone.contains(&id));
    feeds::revoke_all(uow, made_with)
}

fn record(uow: &mut UnitOfWork<'_>, action: AuditAction, token: &Token) -> Result<(), Error> {
    let shown = json!({
        "person_id": token.person.to_string(), "name": token.name, "scope": token.scope.as_str(),
    });
    let (before, after) = match action {
        AuditAction::TokenCreate => (Value::Null, shown),
        _ => (shown, Value::Null),
    };
    record_audit(
        uow,
        AuditEvent {
            action,
            kind: "token",
            id: token.id.to_string(),
            before,
            after,
        },
    )
}
