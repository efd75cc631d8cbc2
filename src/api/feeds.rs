//! Calendar feeds, as things that people have.

use actix_web::{delete, get, patch, post, web};

use super::tokens::PageQuery;
use crate::domain::ids::FeedId;
use crate::http::auth::Caller;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::limits::Limits;
use crate::http::{Body, Id, IfMatch, Page, Problem, Query, Reply};
use crate::service::feeds::{self, FeedChange, FeedView, NewFeed};

/// One's own feeds, without their addresses: which they are, and when they were last fetched.
#[utoipa::path(
    operation_id = "listFeeds",
    tag = "feeds",
    params(PageQuery),
    responses((status = 200, description = "A page of the feeds of whoever asks.", body = Page<FeedView>)),
)]
#[get("/feeds")]
pub async fn list(caller: Caller, query: Query<PageQuery>) -> Result<Reply, Problem> {
    let paging = query.0.paging()?;
    let snapshot = caller.app.snapshots.snapshot();
    let own = snapshot
        .feeds()
        .filter(|feed| feed.owner == caller.actor.person);
    let page = paging.page(own, |feed| feed.id.to_string());
    Ok(Reply::ok(&page.map(|feed| {
        FeedView::of(&caller.app, &snapshot, feed, None)
    }))?)
}

/// Makes a feed; its address is shown once.
#[utoipa::path(
    operation_id = "createFeed",
    tag = "feeds",
    request_body = NewFeed,
    responses((status = 201, description = "The new feed, with its address.", body = FeedView)),
)]
#[post("/feeds")]
pub async fn create(
    caller: Caller,
    limits: web::Data<Limits>,
    body: Body<NewFeed>,
) -> Result<Answer, Problem> {
    limits.count_secret(&caller)?;
    caller
        .change(&body.digest, move |uow, caller| {
            let snapshot = caller.app.snapshots.snapshot();
            let (feed, secret) = feeds::create(uow, &snapshot, &body.value)?;
            let url = feeds::address(&caller.app, &snapshot, &feed, &secret);
            let view = |url| FeedView::of(&caller.app, &snapshot, &feed, url);
            let reply = Reply::created(&view(Some(url)))?.version(feed.version);
            reply.replay(&view(None))
        })
        .await
}

/// Changes what its subscriber chose; the address stays.
#[utoipa::path(
    operation_id = "changeFeed",
    tag = "feeds",
    params(("id" = String, Path), IfMatch),
    request_body = FeedChange,
    responses((status = 200, description = "The feed after the change.", body = FeedView)),
)]
#[patch("/feeds/{id}")]
pub async fn change(
    caller: Caller,
    id: Id<FeedId>,
    expected: IfMatch,
    body: Body<FeedChange>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let feed = feeds::change(uow.expecting(expected.0), id.0, &body.value)?;
            let snapshot = caller.app.snapshots.snapshot();
            let view = FeedView::of(&caller.app, &snapshot, &feed, None);
            Ok(Reply::ok(&view)?.version(feed.version))
        })
        .await
}

/// Revokes a feed: whoever subscribes to it is told that it is gone.
#[utoipa::path(
    operation_id = "revokeFeed",
    tag = "feeds",
    params(("id" = String, Path), IfMatch),
    responses((status = 204, description = "The feed is revoked.")),
)]
#[delete("/feeds/{id}")]
pub async fn revoke(caller: Caller, id: Id<FeedId>, expected: IfMatch) -> Result<Answer, Problem> {
    caller
        .change(&NO_BODY, move |uow, _| {
            feeds::revoke(uow.expecting(expected.0), id.0)?;
            Ok(Reply::no_content())
        })
        .await
}
