//! The audit log.

use actix_web::get;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::auth::Caller;
use crate::http::{Page, Paging, Problem, Query, Reply};
use crate::service::audit::{self, AuditView, Filter};
use crate::service::{ValidationErrors, access, input};

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

/// Everything that changed something, in order.
#[utoipa::path(
    operation_id = "listAuditLog",
    tag = "audit",
    params(AuditQuery),
    responses((status = 200, description = "A page of the audit log.", body = Page<AuditView>)),
)]
#[get("/audit")]
pub async fn list(caller: Caller, query: Query<AuditQuery>) -> Result<Reply, Problem> {
    access::administrator(&caller.actor)?;
    let query = query.0;
    let mut errors = ValidationErrors::new();
    let paging = Paging::check(&mut errors, query.limit.as_deref(), query.cursor.as_deref());
    let bounds = input::check_bounds(
        &mut errors,
        query.from.as_deref(),
        query.until.as_deref(),
        caller.now,
    );
    let (paging, (from, until)) = errors.finish_with(paging.zip(bounds))?;
    let filter = Filter {
        actor: query.actor,
        action: query.action,
        subject: query.subject,
        from,
        until,
        newest_first: false,
        after: paging.after.clone(),
    };
    let limit = i64::try_from(paging.limit + 1).unwrap_or(i64::MAX);
    let rows = caller
        .read(move |db, _| audit::list(db, &filter, limit))
        .await?;
    Ok(Reply::ok(&paging.page_of_rows(rows, |row| row.id.clone()))?)
}
