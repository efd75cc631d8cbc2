//! Chats of teams and rotations.

use actix_web::{get, put};

use crate::domain::ids::RotationId;
use crate::http::auth::Caller;
use crate::http::idempotency::Answer;
use crate::http::{Body, Id, IfMatch, Problem, Reply, Slug};
use crate::service::chats::{self, ChatInput, ChatView};

/// What the chat of a team is told.
#[utoipa::path(
    operation_id = "getTeamChat",
    tag = "chats",
    params(("slug" = String, Path)),
    responses((status = 200, description = "The chat.", body = ChatView)),
)]
#[get("/teams/{slug}/chat")]
pub async fn of_team(caller: Caller, slug: Slug) -> Result<Reply, Problem> {
    let snapshot = caller.app.snapshots.snapshot();
    let chat = caller
        .read(move |db, caller| chats::of_team(db, &caller.actor, &snapshot, &slug.0))
        .await?;
    Ok(Reply::ok(&chat)?.version(chat.version))
}

/// What the chat of a rotation is told.
#[utoipa::path(
    operation_id = "getRotationChat",
    tag = "chats",
    params(("id" = String, Path)),
    responses((status = 200, description = "The chat.", body = ChatView)),
)]
#[get("/rotations/{id}/chat")]
pub async fn of_rotation(caller: Caller, id: Id<RotationId>) -> Result<Reply, Problem> {
    let snapshot = caller.app.snapshots.snapshot();
    let chat = caller
        .read(move |db, caller| chats::of_rotation(db, &caller.actor, &snapshot, id.0))
        .await?;
    Ok(Reply::ok(&chat)?.version(chat.version))
}

/// Says what the chat of a team is told, of all its rotations.
#[utoipa::path(
    operation_id = "putTeamChat",
    tag = "chats",
    params(("slug" = String, Path), IfMatch),
    request_body = ChatInput,
    responses((status = 200, description = "The chat after the change.", body = ChatView)),
)]
#[put("/teams/{slug}/chat")]
pub async fn put_of_team(
    caller: Caller,
    slug: Slug,
    expected: IfMatch,
    body: Body<ChatInput>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let chat = chats::put_of_team(
                uow.expecting(expected.0),
                &slug.0,
                &body.value,
                &caller.app.guard,
            )?;
            Ok(Reply::ok(&chat)?.version(chat.version))
        })
        .await
}

/// Says what the chat of a rotation is told.
#[utoipa::path(
    operation_id = "putRotationChat",
    tag = "chats",
    params(("id" = String, Path), IfMatch),
    request_body = ChatInput,
    responses((status = 200, description = "The chat after the change.", body = ChatView)),
)]
#[put("/rotations/{id}/chat")]
pub async fn put_of_rotation(
    caller: Caller,
    id: Id<RotationId>,
    expected: IfMatch,
    body: Body<ChatInput>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let chat = chats::put_of_rotation(
                uow.expecting(expected.0),
                id.0,
                &body.value,
                &caller.app.guard,
            )?;
            Ok(Reply::ok(&chat)?.version(chat.version))
        })
        .await
}
