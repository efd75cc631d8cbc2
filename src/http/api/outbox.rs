//! The outbox: what is to be sent, and what became of it.

use actix_web::get;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::auth::Caller;
use crate::http::{Page, Paging, Problem, Query, Reply};
use crate::service::{Faults, access};
use crate::storage::outbox::{self, Mail};

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

/// A mail that is to be sent, or was.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxView {
    /// Its id.
    id: String,
    /// What it says, such as `reminder.incoming`.
    kind: String,
    /// To whom.
    person_id: String,
    /// About which rotation.
    rotation_id: Option<String>,
    /// What it was planned from.
    #[schema(value_type = Object)]
    payload: serde_json::Value,
    /// `pending`, `sent`, `dead` (tried too often) or `dropped` (no use for it any more).
    state: String,
    /// Not to be sent before.
    due_at: DateTime<Utc>,
    /// Of no use from then on.
    not_after: DateTime<Utc>,
    /// How often it was tried.
    attempts: i32,
    /// When it is tried next; null where it is done with.
    next_attempt_at: Option<DateTime<Utc>>,
    /// Its Message-ID, without the angle brackets.
    message_id: String,
    /// Why it could not be sent, or was dropped.
    last_error: Option<String>,
    /// When it was planned.
    created_at: DateTime<Utc>,
    /// When it was done with.
    finished_at: Option<DateTime<Utc>>,
}

impl From<Mail> for OutboxView {
    fn from(mail: Mail) -> Self {
        let finished_at = mail.finished_at.map(|at| at.0);
        Self {
            id: mail.id,
            kind: mail.kind,
            person_id: mail.person_id,
            rotation_id: mail.rotation_id,
            payload: mail.payload.0,
            state: mail.state,
            due_at: mail.due_at.0,
            not_after: mail.not_after.0,
            attempts: mail.attempts,
            next_attempt_at: finished_at.is_none().then_some(mail.next_attempt_at.0),
            message_id: mail.message_id,
            last_error: mail.last_error,
            created_at: mail.created_at.0,
            finished_at,
        }
    }
}

/// Mails that are to be sent, and what became of them, in the order in which they were planned.
#[utoipa::path(tag = "outbox", params(OutboxQuery), responses((status = 200, body = Page<OutboxView>)))]
#[get("/outbox")]
pub async fn list(caller: Caller, query: Query<OutboxQuery>) -> Result<Reply, Problem> {
    access::administrator(&caller.actor)?;
    let query = query.0;
    let mut faults = Faults::new();
    let paging = Paging::check(&mut faults, query.limit.as_deref(), query.cursor.as_deref());
    let state = faults
        .check_some("/state", query.state.as_deref(), |text| {
            outbox::state_of(text).ok_or("must be pending, sent, dead or dropped")
        })
        .flatten();
    let paging = faults.finish_with(paging)?;
    let after = paging.after.clone();
    let limit = i64::try_from(paging.limit + 1).unwrap_or(i64::MAX);
    let rows = caller
        .read(move |db, _| Ok(outbox::list(db, state, after.as_deref(), limit)?))
        .await?;
    Ok(Reply::ok(
        &paging
            .page_of_rows(rows, |row| row.id.clone())
            .map(OutboxView::from),
    )?)
}
