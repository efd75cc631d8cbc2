//! Overrides.

use actix_web::{delete, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::rotations::{DryRun, OrPreview};
use crate::domain::ids::{OverrideId, RotationId};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::http::auth::Caller;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::{Body, Id, IfMatch, Page, Paging, Problem, Query, Reply};
use crate::service::overrides::{self, NewOverride, Pause, PauseView};
use crate::service::preview::{self, PreviewView};
use crate::service::views::OverrideView;
use crate::service::{Error, ValidationErrors, input};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OverridesQuery {
    /// Only those that end after this.
    from: Option<String>,
    /// Only those that begin before this.
    until: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// Makes an override; answers with what it displaces.
#[utoipa::path(
    operation_id = "createOverride",
    tag = "overrides",
    params(("id" = String, Path), DryRun, IfMatch),
    request_body = NewOverride,
    responses(
        (status = 201, description = "The new override.", body = OverrideView),
        (status = 200, description = "What it would do, with `dry_run`.", body = PreviewView),
    ),
)]
#[post("/rotations/{id}/overrides")]
pub async fn create(
    caller: Caller,
    id: Id<RotationId>,
    expected: IfMatch,
    query: Query<DryRun>,
    body: Body<NewOverride>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    if query.0.dry_run {
        return caller
            .dry_run(move |uow, _| {
                let before = preview::before(uow, id.0)?;
                let made = overrides::create(uow.expecting(expected.0), id.0, &value)?;
                Reply::ok(&preview::compare(uow, &before, made.start)?.bounded())
            })
            .await;
    }
    caller
        .change(&digest, move |uow, _| {
            let made = overrides::create(uow.expecting(expected.0), id.0, &value)?;
            let reply = Reply::created(&made)?.version(made.version);
            Ok(reply.location(format!("/api/v1/overrides/{}", made.id)))
        })
        .await
}

/// A rotation's overrides, cancelled ones too, in the order in which they were made.
#[utoipa::path(
    operation_id = "listOverrides",
    tag = "overrides",
    params(("id" = String, Path), OverridesQuery),
    responses((status = 200, description = "A page of overrides.", body = Page<OverrideView>)),
)]
#[get("/rotations/{id}/overrides")]
pub async fn list(
    caller: Caller,
    id: Id<RotationId>,
    query: Query<OverridesQuery>,
) -> Result<Reply, Problem> {
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
    let snapshot = caller.app.snapshots.snapshot();
    let timeline = snapshot.timeline(id.0).ok_or(Error::NotFound("rotation"))?;
    let chosen = timeline
        .overrides()
        .iter()
        .filter(|one| from.is_none_or(|from| one.interval.end() > from))
        .filter(|one| until.is_none_or(|until| one.interval.start() < until));
    let page = paging.page(chosen, |one| one.id.to_string());
    Ok(Reply::ok(&page.map(|one| {
        OverrideView::of(snapshot.as_ref(), timeline.rotation(), one)
    }))?)
}

/// Ends an override: from now on where it has begun, all of it where it has not.
#[utoipa::path(
    operation_id = "cancelOverride",
    tag = "overrides",
    params(("id" = String, Path), DryRun, IfMatch),
    responses((status = 200, description = "The ended override; with `dry_run` what ending it would do.", body = OrPreview<OverrideView>)),
)]
#[delete("/overrides/{id}")]
pub async fn cancel(
    caller: Caller,
    id: Id<OverrideId>,
    expected: IfMatch,
    query: Query<DryRun>,
) -> Result<Answer, Problem> {
    if query.0.dry_run {
        return caller
            .dry_run(move |uow, caller| {
                let rotation = overrides::rotation_of(uow, id.0)?;
                let before = preview::before(uow, rotation)?;
                overrides::cancel(uow.expecting(expected.0), id.0)?;
                Reply::ok(&preview::compare(uow, &before, caller.now)?.bounded())
            })
            .await;
    }
    caller
        .change(&NO_BODY, move |uow, _| {
            let ended = overrides::cancel(uow.expecting(expected.0), id.0)?;
            Ok(Reply::ok(&ended)?.version(ended.version))
        })
        .await
}

/// Pauses somebody: they keep their turn, and others cover for them, in turn. To take them out of the order, see
/// `take-out`.
#[utoipa::path(
    operation_id = "pausePerson",
    tag = "overrides",
    params(("id" = String, Path), DryRun, IfMatch),
    request_body = Pause,
    responses(
        (status = 201, description = "The overrides that cover for the person.", body = PauseView),
        (status = 200, description = "What it would do, with `dry_run`.", body = PreviewView),
    ),
)]
#[post("/rotations/{id}/pause")]
pub async fn pause(
    caller: Caller,
    id: Id<RotationId>,
    expected: IfMatch,
    query: Query<DryRun>,
    body: Body<Pause>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    if query.0.dry_run {
        return caller
            .dry_run(move |uow, caller| {
                let before = preview::before(uow, id.0)?;
                overrides::pause(uow.expecting(expected.0), id.0, &value)?;
                Reply::ok(&preview::compare(uow, &before, caller.now)?.bounded())
            })
            .await;
    }
    caller
        .change(&digest, move |uow, _| {
            let made = overrides::pause(uow.expecting(expected.0), id.0, &value)?;
            Reply::created(&made)
        })
        .await
}
