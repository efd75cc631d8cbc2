//! Handovers.

use actix_web::{get, put};
use chrono::TimeDelta;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::handovers::HandoverId;
use crate::domain::ids::RotationId;
use crate::http::auth::Caller;
use crate::http::idempotency::Answer;
use crate::http::{Body, Id, IfMatch, Page, Paging, Problem, Query, Reply};
use crate::service::handovers::{self, HandoverChange, HandoverView};
use crate::service::{ValidationErrors, input};

/// The list begins so long ago by default: what was just handed over is of use still.
const LATELY: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HandoversQuery {
    /// From when; by default a week ago.
    from: Option<String>,
    /// Until when, at most 400 days later; by default four weeks.
    until: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// A rotation's handovers: where somebody else takes over, with notes and checklists.
#[utoipa::path(
    operation_id = "listHandovers",
    tag = "handovers",
    params(("id" = String, Path), HandoversQuery),
    responses((status = 200, description = "A page of handovers.", body = Page<HandoverView>)),
)]
#[get("/rotations/{id}/handovers")]
pub async fn list(
    caller: Caller,
    id: Id<RotationId>,
    query: Query<HandoversQuery>,
) -> Result<Reply, Problem> {
    let query = query.0;
    let mut errors = ValidationErrors::new();
    let paging = Paging::check(&mut errors, query.limit.as_deref(), query.cursor.as_deref());
    let window = input::check_window(
        &mut errors,
        query.from.as_deref(),
        query.until.as_deref(),
        caller.now,
    );
    let (paging, window) = errors.finish_with(paging.zip(window))?;
    let window = match query.from {
        None => window.widened(LATELY, chrono::TimeDelta::zero()),
        Some(_) => window,
    };
    let snapshot = caller.app.snapshots.snapshot();
    let all = caller
        .read(move |db, caller| handovers::list(db, &caller.actor, &snapshot, id.0, window))
        .await?;
    Ok(Reply::ok(&paging.page(all, |one| one.id.clone()))?)
}

/// A handover.
#[utoipa::path(
    operation_id = "getHandover",
    tag = "handovers",
    params(("id" = String, Path)),
    responses((status = 200, description = "The handover.", body = HandoverView)),
)]
#[get("/handovers/{id}")]
pub async fn get(caller: Caller, id: Id<HandoverId>) -> Result<Reply, Problem> {
    let snapshot = caller.app.snapshots.snapshot();
    let found = caller
        .read(move |db, caller| handovers::get(db, &caller.actor, &snapshot, id.0))
        .await?;
    Ok(Reply::ok(&found)?.version(found.version))
}

/// Writes notes, ticks items and adds some; what is left out stays.
#[utoipa::path(
    operation_id = "changeHandover",
    tag = "handovers",
    params(("id" = String, Path), IfMatch),
    request_body = HandoverChange,
    responses((status = 200, description = "The handover after the change.", body = HandoverView)),
)]
#[put("/handovers/{id}")]
pub async fn change(
    caller: Caller,
    id: Id<HandoverId>,
    expected: IfMatch,
    body: Body<HandoverChange>,
) -> Result<Answer, Problem> {
    let snapshot = caller.app.snapshots.snapshot();
    caller
        .change(&body.digest, move |uow, _| {
            let changed =
                handovers::change(uow.expecting(expected.0), &snapshot, id.0, &body.value)?;
            Ok(Reply::ok(&changed)?.version(changed.version))
        })
        .await
}
