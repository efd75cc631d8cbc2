//! The audit log.

use actix_web::get;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::auth::Caller;
use crate::http::{Page, Paging, Problem, Query, Reply};
use crate::service::{Faults, access, input};
use crate::storage::audit::{self, Entry, Filter};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only of this person's id.
    actor: Option<String>,
    /// Only this action, such as `override.create`.
    action: Option<String>,
    /// Only what was done to the thing of this id.
    subject: Option<String>,
    /// Not before.
    from: Option<String>,
    /// Before.
    until: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// Who did what.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// Its id.
    id: String,
    /// When.
    at: chrono::DateTime<chrono::Utc>,
    /// The person; null for the bootstrap administrator and commands at the machine.
    actor_id: Option<String>,
    /// The token they came with.
    token_id: Option<String>,
    /// From where.
    address: Option<String>,
    /// What, such as `override.create`.
    action: String,
    /// The kind of thing it was done to.
    subject_kind: String,
    /// Its id.
    subject_id: String,
    /// What it was before.
    #[schema(value_type = Object)]
    before: serde_json::Value,
    /// What it is since.
    #[schema(value_type = Object)]
    after: serde_json::Value,
}

impl From<Entry> for AuditView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at.0,
            actor_id: entry.actor_id,
            token_id: entry.token_id,
            address: entry.address,
            action: entry.action,
            subject_kind: entry.subject_kind,
            subject_id: entry.subject_id,
            before: entry.before.0,
            after: entry.after.0,
        }
    }
}

/// Everything that changed something, in order.
#[utoipa::path(tag = "audit", params(AuditQuery), responses((status = 200, body = Page<AuditView>)))]
#[get("/audit")]
pub async fn list(caller: Caller, query: Query<AuditQuery>) -> Result<Reply, Problem> {
    access::administrator(&caller.actor)?;
    let query = query.0;
    let mut faults = Faults::new();
    let now = caller.now;
    let paging = Paging::check(&mut faults, query.limit.as_deref(), query.cursor.as_deref());
    let from = faults
        .check_some("/from", query.from.as_deref(), |text| {
            input::bounded(text, now)
        })
        .flatten();
    let until = faults
        .check_some("/until", query.until.as_deref(), |text| {
            input::bounded(text, now)
        })
        .flatten();
    let paging = faults.finish_with(paging)?;
    let filter = Filter {
        actor: query.actor,
        action: query.action,
        subject: query.subject,
        from,
        until,
        after: paging.after.clone(),
    };
    let limit = i64::try_from(paging.limit + 1).unwrap_or(i64::MAX);
    let rows = caller
        .read(move |db, _| Ok(audit::list(db, &filter, limit)?))
        .await?;
    Ok(Reply::ok(
        &paging
            .page_of_rows(rows, |row| row.id.clone())
            .map(AuditView::from),
    )?)
}
