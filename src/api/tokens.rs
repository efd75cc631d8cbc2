//! Access tokens.

use actix_web::{delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::ids::{PersonId, TokenId};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::http::auth::Caller;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::limits::Limits;
use crate::http::{Body, Id, IfMatch, Page, Paging, Problem, Query, Reply};
use crate::service::tokens::{self, NewToken, TokenView};
use crate::service::{Error, access};

/// A token that was just made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewTokenView {
    /// The token itself: shown once, null when the same request is repeated.
    token: Option<String>,
    /// All about it.
    #[serde(flatten)]
    about: TokenView,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

impl PageQuery {
    /// What it asks for.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with everything that is wrong with it.
    pub fn paging(&self) -> Result<Paging, Error> {
        Paging::parse(self.limit.as_deref(), self.cursor.as_deref())
    }
}

/// A person's tokens, without themselves.
#[utoipa::path(
    operation_id = "listTokens",
    tag = "tokens",
    params(("id" = String, Path), PageQuery),
    responses((status = 200, description = "A page of tokens.", body = Page<TokenView>)),
)]
#[get("/people/{id}/tokens")]
pub async fn list(
    caller: Caller,
    id: Id<PersonId>,
    query: Query<PageQuery>,
) -> Result<Reply, Problem> {
    let paging = query.0.paging()?;
    let snapshot = caller.app.snapshots.snapshot();
    snapshot.person(id.0).ok_or(Error::NotFound("person"))?;
    if !caller.actor.is(id.0) {
        access::administrator(&caller.actor)?;
    }
    let page = paging.page(snapshot.tokens_of(id.0), |token| token.id.to_string());
    Ok(Reply::ok(
        &page.map(|token| TokenView::from(token.as_ref())),
    )?)
}

/// Makes a token.
#[utoipa::path(
    operation_id = "createToken",
    tag = "tokens",
    params(("id" = String, Path)),
    request_body = NewToken,
    responses((status = 201, description = "The new token, with its secret.", body = NewTokenView)),
)]
#[post("/people/{id}/tokens")]
pub async fn create(
    caller: Caller,
    id: Id<PersonId>,
    limits: web::Data<Limits>,
    body: Body<NewToken>,
) -> Result<Answer, Problem> {
    limits.count_secret(&caller)?;
    caller
        .change(&body.digest, move |uow, _| {
            let (token, secret) = tokens::create(uow, id.0, &body.value)?;
            let view = NewTokenView {
                token: Some(secret),
                about: (&token).into(),
            };
            let again = NewTokenView {
                token: None,
                ..view.clone()
            };
            let reply = Reply::created(&view)?.version(token.version());
            reply.replay(&again)
        })
        .await
}

/// Revokes a token.
#[utoipa::path(
    operation_id = "revokeToken",
    tag = "tokens",
    params(("id" = String, Path), IfMatch),
    responses((status = 204, description = "The token is revoked.")),
)]
#[delete("/tokens/{id}")]
pub async fn revoke(caller: Caller, id: Id<TokenId>, expected: IfMatch) -> Result<Answer, Problem> {
    caller
        .change(&NO_BODY, move |uow, _| {
            tokens::revoke(uow.expecting(expected.0), id.0)?;
            Ok(Reply::no_content())
        })
        .await
}
