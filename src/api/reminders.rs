//! How a rotation reminds people.

use actix_web::{HttpResponse, get, put};

use crate::domain::ids::RotationId;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::http::auth::Caller;
use crate::http::idempotency::Answer;
use crate::http::{Body, Id, IfMatch, Problem, Reply};
use crate::service::Error;
use crate::service::rotations::{RemindersInput, RemindersView, set_reminders};

/// When a rotation reminds people, and of what.
#[utoipa::path(
    operation_id = "getReminders",
    tag = "rotations",
    params(("id" = String, Path)),
    responses((status = 200, description = "The reminders.", body = RemindersView)),
)]
#[get("/rotations/{id}/reminders")]
pub async fn get(caller: Caller, id: Id<RotationId>) -> Result<HttpResponse, Problem> {
    let snapshot = caller.app.snapshots.current();
    let timeline = snapshot.timeline(id.0).ok_or(Error::NotFound("rotation"))?;
    let rotation = timeline.rotation();
    Ok(Reply::ok(&RemindersView::of(rotation, caller.now))?
        .version(rotation.version)
        .response())
}

/// Says when a rotation reminds people, and of what; what is null or left out is as goes with the length of its turns.
#[utoipa::path(
    operation_id = "putReminders",
    tag = "rotations",
    params(("id" = String, Path), IfMatch),
    request_body = RemindersInput,
    responses((status = 200, description = "The reminders after the change.", body = RemindersView)),
)]
#[put("/rotations/{id}/reminders")]
pub async fn set(
    caller: Caller,
    id: Id<RotationId>,
    expected: IfMatch,
    body: Body<RemindersInput>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let rotation = set_reminders(uow.expecting(expected.0), id.0, &body.value)?;
            Ok(Reply::ok(&RemindersView::of(&rotation, caller.now))?.version(rotation.version))
        })
        .await
}
