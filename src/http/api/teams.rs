//! Teams.

use actix_web::{HttpResponse, get, patch, post};

use super::tokens::PageQuery;
use crate::http::auth::Caller;
use crate::http::idempotency::Answer;
use crate::http::{Body, IfMatch, Page, Problem, Query, Reply, Slug};
use crate::service::Error;
use crate::service::teams::{self, NewTeam, TeamChange};
use crate::service::views::TeamView;

/// Adds a team.
#[utoipa::path(tag = "teams", request_body = NewTeam, responses((status = 201, body = TeamView)))]
#[post("/teams")]
pub async fn create(caller: Caller, body: Body<NewTeam>) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |tx, caller| {
            let team = teams::create(tx, &caller.actor, &body.value, caller.now)?;
            let reply = Reply::created(&TeamView::from(&team))?.version(team.version);
            Ok(reply.location(format!("/api/v1/teams/{}", team.slug)))
        })
        .await
}

/// Every team.
#[utoipa::path(tag = "teams", params(PageQuery), responses((status = 200, body = Page<TeamView>)))]
#[get("/teams")]
pub async fn list(caller: Caller, query: Query<PageQuery>) -> Result<Reply, Problem> {
    let paging = query.0.paging()?;
    let roster = caller.app.keeper.snapshot();
    let page = paging.page(roster.teams(), |team| team.id.to_string());
    Ok(Reply::ok(&page.map(|team| TeamView::from(team.as_ref())))?)
}

/// A team.
#[utoipa::path(tag = "teams", params(("slug" = String, Path)), responses((status = 200, body = TeamView)))]
#[get("/teams/{slug}")]
pub async fn get(caller: Caller, slug: Slug) -> Result<HttpResponse, Problem> {
    let roster = caller.app.keeper.current();
    let team = roster
        .team_of_slug(&slug.0)
        .ok_or(Error::NotFound("team"))?;
    Ok(Reply::ok(&TeamView::from(team.as_ref()))?
        .version(team.version)
        .response())
}

/// Changes a team: its managers who is in it, administrators everything.
#[utoipa::path(tag = "teams", params(("slug" = String, Path)), request_body = TeamChange, responses((status = 200, body = TeamView)))]
#[patch("/teams/{slug}")]
pub async fn change(
    caller: Caller,
    slug: Slug,
    expected: IfMatch,
    body: Body<TeamChange>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |tx, caller| {
            let team = teams::change(
                tx,
                &caller.actor,
                &slug.0,
                &body.value,
                &expected.0,
                caller.now,
            )?;
            Ok(Reply::ok(&TeamView::from(&team))?.version(team.version))
        })
        .await
}
