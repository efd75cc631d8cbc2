//! The outbox: what is to be sent, and what became of it.

use actix_web::{get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::auth::Caller;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::{Id, Page, Paging, Problem, Query, Reply};
use crate::service::outbox::{self, OutboxView};
use crate::service::{ValidationErrors, access};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OutboxQuery {
    /// Only `pending`, `sent`, `dead` or `dropped`.
    state: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// Mails that are to be sent, and what became of them, in the order in which they were planned.
#[utoipa::path(
    operation_id = "listOutbox",
    tag = "outbox",
    params(OutboxQuery),
    responses((status = 200, description = "A page of the outbox.", body = Page<OutboxView>)),
)]
#[get("/outbox")]
pub async fn list(caller: Caller, query: Query<OutboxQuery>) -> Result<Reply, Problem> {
    access::administrator(&caller.actor)?;
    let query = query.0;
    let mut errors = ValidationErrors::new();
    let paging = Paging::check(&mut errors, query.limit.as_deref(), query.cursor.as_deref());
    let state = errors
        .check_some("/state", query.state.as_deref(), |text| {
            outbox::state_of(text).ok_or("must be pending, sent, dead or dropped")
        })
        .flatten();
    let paging = errors.finish_with(paging)?;
    let after = paging.after.clone();
    let limit = i64::try_from(paging.limit + 1).unwrap_or(i64::MAX);
    let rows = caller
        .read(move |db, caller| {
            outbox::list(db, &caller.app.mail_domain, state, after.as_deref(), limit)
        })
        .await?;
    Ok(Reply::ok(&paging.page_of_rows(rows, |row| row.id.clone()))?)
}

/// Lets a dead mail be tried again.
#[utoipa::path(
    operation_id = "retryOutboxMail",
    tag = "outbox",
    params(("id" = String, Path)),
    responses((status = 200, description = "The mail, which is tried again.", body = OutboxView)),
)]
#[post("/outbox/{id}/retry")]
pub async fn retry(caller: Caller, id: Id<String>) -> Result<Answer, Problem> {
    caller
        .change(&NO_BODY, move |uow, caller| {
            let domain = &caller.app.mail_domain;
            let revived = outbox::retry(uow, &id.0, domain)?;
            Reply::ok(&revived)
        })
        .await
}
