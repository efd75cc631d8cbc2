//! Rotations, their revisions, and the end of them.

use actix_web::{HttpResponse, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::tokens::PageQuery;
use crate::domain::ids::RotationId;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::time::interval::Timestamp;
use crate::http::auth::Caller;
pub use crate::http::change::DryRun;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::{
    Body, BodyOrDefault, Id, IfMatch, Number, Page, Paging, Problem, Query, Reply, Slug,
};
use crate::service::Error;
use crate::service::UnitOfWork;
use crate::service::locked_rotation::LockedRotation;
use crate::service::preview::{self, PreviewView};
use crate::service::rotations::{self, Archive, NewRevision, NewRotation, RotationChange, TakeOut};
use crate::service::views::{RevisionView, RotationView};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RotationsQuery {
    /// Only of the team with this slug.
    team: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// What a change answers with: what is changed, or with `dry_run` what it would do.
#[expect(dead_code, reason = "it describes answers")]
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum OrPreview<T> {
    /// As it is now.
    Changed(T),
    /// With `dry_run`.
    Rehearsed(Box<PreviewView>),
}

/// A revision, and the rotation it belongs to.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewRevisionView {
    /// The rotation.
    rotation_id: String,
    /// The revision.
    #[serde(flatten)]
    revision: RevisionView,
    /// The rotation's version since.
    version: i64,
}

/// Sets up a rotation.
#[utoipa::path(
    operation_id = "createRotation",
    tag = "rotations",
    params(("slug" = String, Path), DryRun),
    request_body = NewRotation,
    responses(
        (status = 201, description = "The new rotation.", body = RotationView),
        (status = 200, description = "What it would do, with `dry_run`.", body = PreviewView),
    ),
)]
#[post("/teams/{slug}/rotations")]
pub async fn create(
    caller: Caller,
    slug: Slug,
    query: Query<DryRun>,
    body: Body<NewRotation>,
) -> Result<Answer, Problem> {
    if query.0.dry_run {
        return caller
            .dry_run(move |uow, _| {
                let (rotation, _) = rotations::create(uow, &slug.0, &body.value)?;
                let mut before = preview::before(uow, rotation.id)?;
                before.rotation.archived_at = Some(Timestamp::MIN_UTC);
                let from = rotation.newest().effective_from;
                Reply::ok(&preview::compare(uow, &before, from)?.bounded())
            })
            .await;
    }
    caller
        .change(&body.digest, move |uow, _| {
            let (rotation, team) = rotations::create(uow, &slug.0, &body.value)?;
            let reply =
                Reply::created(&RotationView::of(&rotation, &team))?.version(rotation.version);
            Ok(reply.location(format!("/api/v1/rotations/{}", rotation.id)))
        })
        .await
}

/// Every rotation.
#[utoipa::path(
    operation_id = "listRotations",
    tag = "rotations",
    params(RotationsQuery),
    responses((status = 200, description = "A page of rotations.", body = Page<RotationView>)),
)]
#[get("/rotations")]
pub async fn list(caller: Caller, query: Query<RotationsQuery>) -> Result<Reply, Problem> {
    let query = query.0;
    let paging = Paging::parse(query.limit.as_deref(), query.cursor.as_deref())?;
    let snapshot = caller.app.snapshots.snapshot();
    let team = match &query.team {
        None => None,
        Some(slug) => Some(
            snapshot
                .team_of_slug(slug)
                .ok_or(Error::NotFound("team"))?
                .id,
        ),
    };
    let chosen = snapshot.timelines().map(|timeline| timeline.rotation());
    let page = paging.page(
        chosen.filter(|rotation| team.is_none_or(|team| rotation.team == team)),
        |rotation| rotation.id.to_string(),
    );
    let slug = |rotation: &Rotation| {
        snapshot
            .team(rotation.team)
            .map(|team| team.slug.clone())
            .unwrap_or_default()
    };
    Ok(Reply::ok(&page.map(|rotation| {
        RotationView::of(rotation, &slug(rotation))
    }))?)
}

/// A rotation, with its newest revision.
#[utoipa::path(
    operation_id = "getRotation",
    tag = "rotations",
    params(("id" = String, Path)),
    responses((status = 200, description = "The rotation.", body = RotationView)),
)]
#[get("/rotations/{id}")]
pub async fn get(caller: Caller, id: Id<RotationId>) -> Result<HttpResponse, Problem> {
    let snapshot = caller.app.snapshots.current();
    let rotation = snapshot
        .timeline(id.0)
        .ok_or(Error::NotFound("rotation"))?
        .rotation();
    let slug = snapshot
        .team(rotation.team)
        .map(|team| team.slug.clone())
        .unwrap_or_default();
    Ok(Reply::ok(&RotationView::of(rotation, &slug))?
        .version(rotation.version)
        .response())
}

/// A change of one rotation, for real or rehearsed. `from` is when what it does begins.
#[expect(
    clippy::too_many_arguments,
    reason = "until it takes the extractor of a change"
)]
async fn apply(
    caller: Caller,
    id: RotationId,
    dry_run: bool,
    digest: &[u8],
    work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<(Rotation, String), Error> + Send + 'static,
    from: impl FnOnce(&LockedRotation, &Rotation, Timestamp) -> Timestamp + Send + 'static,
    reply: impl FnOnce(&Rotation, &str) -> Result<Reply, Error> + Send + 'static,
) -> Result<Answer, Problem> {
    if dry_run {
        return caller
            .dry_run(move |uow, caller| {
                let before = preview::before(uow, id)?;
                let (after, _) = work(uow)?;
                let from = from(&before, &after, caller.now);
                Reply::ok(&preview::compare(uow, &before, from)?.bounded())
            })
            .await;
    }
    caller
        .change(digest, move |uow, _| {
            let (rotation, team) = work(uow)?;
            Ok(reply(&rotation, &team)?.version(rotation.version))
        })
        .await
}

fn shown(rotation: &Rotation, team: &str) -> Result<Reply, Error> {
    Reply::ok(&RotationView::of(rotation, team))
}

/// Changes name, title and fallback: nothing that moves a shift.
#[utoipa::path(
    operation_id = "changeRotation",
    tag = "rotations",
    params(("id" = String, Path), DryRun, IfMatch),
    request_body = RotationChange,
    responses((status = 200, description = "The rotation after the change; with `dry_run` what the change would do.", body = OrPreview<RotationView>)),
)]
#[patch("/rotations/{id}")]
pub async fn change(
    caller: Caller,
    id: Id<RotationId>,
    expected: IfMatch,
    query: Query<DryRun>,
    body: Body<RotationChange>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    let work =
        move |uow: &mut UnitOfWork<'_>| rotations::change(uow.expecting(expected.0), id.0, &value);
    apply(
        caller,
        id.0,
        query.0.dry_run,
        &digest,
        work,
        |_, _, now| now,
        shown,
    )
    .await
}

/// A rotation's revisions, the first first.
#[utoipa::path(
    operation_id = "listRevisions",
    tag = "rotations",
    params(("id" = String, Path), PageQuery),
    responses((status = 200, description = "A page of revisions, oldest first.", body = Page<RevisionView>)),
)]
#[get("/rotations/{id}/revisions")]
pub async fn revisions(
    caller: Caller,
    id: Id<RotationId>,
    query: Query<PageQuery>,
) -> Result<Reply, Problem> {
    let paging = query.0.paging()?;
    let snapshot = caller.app.snapshots.snapshot();
    let rotation = snapshot
        .timeline(id.0)
        .ok_or(Error::NotFound("rotation"))?
        .rotation();
    let page = paging.page(&rotation.revisions, |revision| {
        format!("{:010}", revision.number)
    });
    Ok(Reply::ok(&page.map(RevisionView::from))?)
}

/// Appends a revision: what is left out is as before.
#[utoipa::path(
    operation_id = "createRevision",
    tag = "rotations",
    params(("id" = String, Path), DryRun, IfMatch),
    request_body = NewRevision,
    responses(
        (status = 201, description = "The new revision.", body = NewRevisionView),
        (status = 200, description = "What it would do, with `dry_run`.", body = PreviewView),
    ),
)]
#[post("/rotations/{id}/revisions")]
pub async fn revise(
    caller: Caller,
    id: Id<RotationId>,
    expected: IfMatch,
    query: Query<DryRun>,
    body: Body<NewRevision>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    let work =
        move |uow: &mut UnitOfWork<'_>| rotations::revise(uow.expecting(expected.0), id.0, &value);
    let from = |_: &LockedRotation, after: &Rotation, _| after.newest().effective_from;
    let reply = |rotation: &Rotation, _: &str| {
        let revision = rotation.newest().into();
        Reply::created(&NewRevisionView {
            rotation_id: rotation.id.to_string(),
            revision,
            version: rotation.version,
        })
    };
    apply(caller, id.0, query.0.dry_run, &digest, work, from, reply).await
}

/// Withdraws the newest revision, before it takes effect.
#[utoipa::path(
    operation_id = "withdrawRevision",
    tag = "rotations",
    params(("id" = String, Path), ("n" = u32, Path), DryRun, IfMatch),
    responses((status = 200, description = "The rotation after the change; with `dry_run` what the change would do.", body = OrPreview<RotationView>)),
)]
#[delete("/rotations/{id}/revisions/{n}")]
pub async fn withdraw(
    caller: Caller,
    id: Id<RotationId>,
    number: Number,
    expected: IfMatch,
    query: Query<DryRun>,
) -> Result<Answer, Problem> {
    let work = move |uow: &mut UnitOfWork<'_>| {
        rotations::withdraw(uow.expecting(expected.0), id.0, number.0)
    };
    let from = |before: &LockedRotation, _: &Rotation, _| before.rotation.newest().effective_from;
    apply(caller, id.0, query.0.dry_run, &NO_BODY, work, from, shown).await
}

/// Takes somebody out of the order, from a handoff on: a revision, by which the others' turns move up. To cover for them
/// while they keep their turn, see `pause`.
#[utoipa::path(
    operation_id = "takeOutOfRotation",
    tag = "rotations",
    params(("id" = String, Path), DryRun, IfMatch),
    request_body = TakeOut,
    responses((status = 200, description = "The rotation after the change; with `dry_run` what the change would do.", body = OrPreview<RotationView>)),
)]
#[post("/rotations/{id}/take-out")]
pub async fn take_out(
    caller: Caller,
    id: Id<RotationId>,
    expected: IfMatch,
    query: Query<DryRun>,
    body: Body<TakeOut>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    let work = move |uow: &mut UnitOfWork<'_>| {
        rotations::take_out(uow.expecting(expected.0), id.0, &value)
    };
    let from = |_: &LockedRotation, _: &Rotation, now| now;
    apply(caller, id.0, query.0.dry_run, &digest, work, from, shown).await
}

/// Archives a rotation: from then on nobody has it.
#[utoipa::path(
    operation_id = "archiveRotation",
    tag = "rotations",
    params(("id" = String, Path), DryRun, IfMatch),
    request_body = Option<Archive>,
    responses((status = 200, description = "The rotation after the change; with `dry_run` what the change would do.", body = OrPreview<RotationView>)),
)]
#[post("/rotations/{id}/archive")]
pub async fn archive(
    caller: Caller,
    id: Id<RotationId>,
    expected: IfMatch,
    query: Query<DryRun>,
    body: BodyOrDefault<Archive>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body.0;
    let work =
        move |uow: &mut UnitOfWork<'_>| rotations::archive(uow.expecting(expected.0), id.0, &value);
    let from = |_: &LockedRotation, after: &Rotation, now| after.archived_at.unwrap_or(now);
    apply(caller, id.0, query.0.dry_run, &digest, work, from, shown).await
}
