//! Teams.

use actix_web::{HttpResponse, get, patch, post};

use super::tokens::PageQuery;
use crate::http::auth::Caller;
use crate::http::idempotency::Answer;
use crate::http::{Body, IfMatch, Page, Problem, Query, Reply, Slug};
use crate::service::Error;
use crate::service::teams::{self, Agree, Join, Leave, NewTeam, TeamChange};
use crate::service::views::TeamView;

/// Adds a team.
#[utoipa::path(
    operation_id = "createTeam",
    tag = "teams",
    request_body = NewTeam,
    responses((status = 201, description = "The new team.", body = TeamView)),
)]
#[post("/teams")]
pub async fn create(caller: Caller, body: Body<NewTeam>) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let team = teams::create(uow, &body.value)?;
            let reply = Reply::created(&TeamView::of(&team, caller.now))?.version(team.version);
            Ok(reply.location(format!("/api/v1/teams/{}", team.slug)))
        })
        .await
}

/// Every team.
#[utoipa::path(
    operation_id = "listTeams",
    tag = "teams",
    params(PageQuery),
    responses((status = 200, description = "A page of teams.", body = Page<TeamView>)),
)]
#[get("/teams")]
pub async fn list(caller: Caller, query: Query<PageQuery>) -> Result<Reply, Problem> {
    let paging = query.0.paging()?;
    let snapshot = caller.app.snapshots.snapshot();
    let page = paging.page(snapshot.teams(), |team| team.id.to_string());
    Ok(Reply::ok(
        &page.map(|team| TeamView::of(team.as_ref(), caller.now)),
    )?)
}

/// A team.
#[utoipa::path(
    operation_id = "getTeam",
    tag = "teams",
    params(("slug" = String, Path)),
    responses((status = 200, description = "The team.", body = TeamView)),
)]
#[get("/teams/{slug}")]
pub async fn get(caller: Caller, slug: Slug) -> Result<HttpResponse, Problem> {
    let snapshot = caller.app.snapshots.current();
    let team = snapshot
        .team_of_slug(&slug.0)
        .ok_or(Error::NotFound("team"))?;
    Ok(Reply::ok(&TeamView::of(team.as_ref(), caller.now))?
        .version(team.version)
        .response())
}

/// Changes a team: its managers who is in it, administrators everything. From now on; for another day see `join` and
/// `leave`.
#[utoipa::path(
    operation_id = "changeTeam",
    tag = "teams",
    params(("slug" = String, Path), IfMatch),
    request_body = TeamChange,
    responses((status = 200, description = "The team after the change.", body = TeamView)),
)]
#[patch("/teams/{slug}")]
pub async fn change(
    caller: Caller,
    slug: Slug,
    expected: IfMatch,
    body: Body<TeamChange>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let team = teams::change(uow.expecting(expected.0), &slug.0, &body.value)?;
            Ok(Reply::ok(&TeamView::of(&team, caller.now))?.version(team.version))
        })
        .await
}

/// Has somebody be in a team from an instant on, until further notice; also somebody who would leave.
#[utoipa::path(
    operation_id = "joinTeam",
    tag = "teams",
    params(("slug" = String, Path), IfMatch),
    request_body = Join,
    responses((status = 200, description = "The team after the change.", body = TeamView)),
)]
#[post("/teams/{slug}/join")]
pub async fn join(
    caller: Caller,
    slug: Slug,
    expected: IfMatch,
    body: Body<Join>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let team = teams::join(uow.expecting(expected.0), &slug.0, &body.value)?;
            Ok(Reply::ok(&TeamView::of(&team, caller.now))?.version(team.version))
        })
        .await
}

/// Has somebody not be in a team from an instant on. 409 with the list (`named_by`) where its rotations or overrides
/// name them from then on and `remove_from_rotations` does not say what is to become of that.
#[utoipa::path(
    operation_id = "leaveTeam",
    tag = "teams",
    params(("slug" = String, Path), IfMatch),
    request_body = Leave,
    responses((status = 200, description = "The team after the change.", body = TeamView)),
)]
#[post("/teams/{slug}/leave")]
pub async fn leave(
    caller: Caller,
    slug: Slug,
    expected: IfMatch,
    body: Body<Leave>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let team = teams::leave(uow.expecting(expected.0), &slug.0, &body.value)?;
            Ok(Reply::ok(&TeamView::of(&team, caller.now))?.version(team.version))
        })
        .await
}

/// Agrees that the team sees the address of somebody whom a manager added, and its managers why they are away. For the
/// person, administrators, and managers who see that already. 409 where nobody has to agree.
#[utoipa::path(
    operation_id = "agreeToTeam",
    tag = "teams",
    params(("slug" = String, Path), IfMatch),
    request_body = Agree,
    responses((status = 200, description = "The team after the change.", body = TeamView)),
)]
#[post("/teams/{slug}/agree")]
pub async fn agree(
    caller: Caller,
    slug: Slug,
    expected: IfMatch,
    body: Body<Agree>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let team = teams::agree(uow.expecting(expected.0), &slug.0, &body.value)?;
            Ok(Reply::ok(&TeamView::of(&team, caller.now))?.version(team.version))
        })
        .await
}
