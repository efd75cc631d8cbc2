//! Incidents.

use actix_web::{HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::ids::{IncidentId, RotationId, WebhookId};
use crate::domain::incidents::WatchSettings;
use crate::http::auth::Caller;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::limits::Limits;
use crate::http::{Body, BodyOrDefault, Id, IfMatch, Number, Page, Paging, Problem, Query, Reply};
use crate::service::UnitOfWork;
use crate::service::incidents::{
    self, IncidentChange, IncidentView, NewHandover, NewIncident, NewUpdate, NewWebhook,
    RaisedHand, Resolve, SettingsView, Stay, Tick, WatchSettingsSchema, WebhookView,
};
use crate::service::{Error, ValidationErrors};

use super::tokens::PageQuery;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct IncidentsQuery {
    /// Only `open` or `resolved`.
    state: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// A change of one incident.
async fn change_by(
    caller: Caller,
    digest: &[u8],
    work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<IncidentView, Error> + Send + 'static,
) -> Result<Answer, Problem> {
    answer_by(caller, digest, Reply::ok, work).await
}

/// A change by which an incident has something more.
async fn add_by(
    caller: Caller,
    digest: &[u8],
    work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<IncidentView, Error> + Send + 'static,
) -> Result<Answer, Problem> {
    answer_by(caller, digest, Reply::created, work).await
}

async fn answer_by(
    caller: Caller,
    digest: &[u8],
    reply: fn(&IncidentView) -> Result<Reply, Error>,
    work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<IncidentView, Error> + Send + 'static,
) -> Result<Answer, Problem> {
    caller
        .change(digest, move |uow, _| {
            let view = work(uow)?;
            Ok(reply(&view)?.version(view.version))
        })
        .await
}

/// Declares an incident; one of the same reference that goes on is that one (200).
#[utoipa::path(
    operation_id = "declareIncident",
    tag = "incidents",
    request_body = NewIncident,
    responses(
        (status = 201, description = "The new incident.", body = IncidentView),
        (status = 200, description = "It was declared before, and goes on.", body = IncidentView),
    ),
)]
#[post("/incidents")]
pub async fn declare(caller: Caller, body: Body<NewIncident>) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, _| {
            let declared = incidents::declare(uow, &body.value)?;
            let view = declared.view;
            let reply = if declared.is_new {
                Reply::created(&view)?.location(format!("/api/v1/incidents/{}", view.id))
            } else {
                Reply::ok(&view)?
            };
            Ok(reply.version(view.version))
        })
        .await
}

/// Incidents, in the order in which they were declared.
#[utoipa::path(
    operation_id = "listIncidents",
    tag = "incidents",
    params(IncidentsQuery),
    responses((status = 200, description = "A page of incidents.", body = Page<IncidentView>)),
)]
#[get("/incidents")]
pub async fn list(caller: Caller, query: Query<IncidentsQuery>) -> Result<Reply, Problem> {
    let query = query.0;
    let mut errors = ValidationErrors::new();
    let paging = Paging::check(&mut errors, query.limit.as_deref(), query.cursor.as_deref());
    let open = errors.check_some("/state", query.state.as_deref(), |text| match text {
        "open" => Ok(true),
        "resolved" => Ok(false),
        _ => Err("must be open or resolved"),
    });
    let (paging, open) = errors.finish_with(paging.zip(open))?;
    let after = paging.after.clone();
    let limit = i64::try_from(paging.limit + 1).unwrap_or(i64::MAX);
    let rows = caller
        .read(move |db, caller| {
            let snapshot = caller.app.snapshots.snapshot();
            incidents::list(db, &snapshot, open, after.as_deref(), limit, caller.now)
        })
        .await?;
    Ok(Reply::ok(&paging.page_of_rows(rows, |row| row.id.clone()))?)
}

/// An incident, with all that happened. One that goes on is known while the database is away, too.
#[utoipa::path(
    operation_id = "getIncident",
    tag = "incidents",
    params(("id" = String, Path)),
    responses((status = 200, description = "The incident.", body = IncidentView)),
)]
#[get("/incidents/{id}")]
pub async fn get(caller: Caller, id: Id<IncidentId>) -> Result<HttpResponse, Problem> {
    let snapshot = caller.app.snapshots.snapshot();
    let view = match snapshot.incident(id.0) {
        Some(incident) => incidents::view(&snapshot, incident, caller.now),
        None => {
            caller
                .read(move |db, caller| incidents::find(db, &snapshot, id.0, caller.now))
                .await?
        }
    };
    Ok(Reply::ok(&view)?.version(view.version).response())
}

/// Changes what is known of an incident: title, severity, stage, lead, communications, links.
#[utoipa::path(
    operation_id = "changeIncident",
    tag = "incidents",
    params(("id" = String, Path), IfMatch),
    request_body = IncidentChange,
    responses((status = 200, description = "The incident after the change.", body = IncidentView)),
)]
#[patch("/incidents/{id}")]
pub async fn change(
    caller: Caller,
    id: Id<IncidentId>,
    expected: IfMatch,
    body: Body<IncidentChange>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    change_by(caller, &digest, move |uow| {
        incidents::change(uow.expecting(expected.0), id.0, &value)
    })
    .await
}

/// Raises a hand: of two, the first watches, and the other is told who does (409).
#[utoipa::path(
    operation_id = "raiseHand",
    tag = "incidents",
    params(("id" = String, Path), IfMatch),
    request_body = Option<RaisedHand>,
    responses((status = 200, description = "The incident after the change.", body = IncidentView)),
)]
#[post("/incidents/{id}/raise-hand")]
pub async fn raise_hand(
    caller: Caller,
    id: Id<IncidentId>,
    expected: IfMatch,
    body: BodyOrDefault<RaisedHand>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body.0;
    change_by(caller, &digest, move |uow| {
        incidents::raise_hand(uow.expecting(expected.0), id.0, &value)
    })
    .await
}

/// Offers the watch to somebody, who has it once they accept; or leaves it, with its notes, for whoever comes next.
#[utoipa::path(
    operation_id = "offerIncidentHandover",
    tag = "incidents",
    params(("id" = String, Path), IfMatch),
    request_body = NewHandover,
    responses((status = 201, description = "The incident, with the offer.", body = IncidentView)),
)]
#[post("/incidents/{id}/handovers")]
pub async fn hand_over(
    caller: Caller,
    id: Id<IncidentId>,
    expected: IfMatch,
    body: Body<NewHandover>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    add_by(caller, &digest, move |uow| {
        incidents::hand_over(uow.expecting(expected.0), id.0, &value)
    })
    .await
}

/// Accepts a handover: whoever it is offered to watches from now on.
#[utoipa::path(
    operation_id = "acceptIncidentHandover",
    tag = "incidents",
    params(("id" = String, Path), ("n" = u32, Path), IfMatch),
    responses((status = 200, description = "The incident after the answer.", body = IncidentView)),
)]
#[post("/incidents/{id}/handovers/{n}/accept")]
pub async fn accept(
    caller: Caller,
    id: Id<IncidentId>,
    expected: IfMatch,
    number: Number,
) -> Result<Answer, Problem> {
    change_by(caller, &NO_BODY, move |uow| {
        incidents::answer_handover(uow.expecting(expected.0), id.0, number.0, true)
    })
    .await
}

/// Declines a handover: the watcher remains.
#[utoipa::path(
    operation_id = "declineIncidentHandover",
    tag = "incidents",
    params(("id" = String, Path), ("n" = u32, Path), IfMatch),
    responses((status = 200, description = "The incident after the answer.", body = IncidentView)),
)]
#[post("/incidents/{id}/handovers/{n}/decline")]
pub async fn decline(
    caller: Caller,
    id: Id<IncidentId>,
    expected: IfMatch,
    number: Number,
) -> Result<Answer, Problem> {
    change_by(caller, &NO_BODY, move |uow| {
        incidents::answer_handover(uow.expecting(expected.0), id.0, number.0, false)
    })
    .await
}

/// The watcher stays on, or leaves early.
#[utoipa::path(
    operation_id = "setWatchEnd",
    tag = "incidents",
    params(("id" = String, Path), IfMatch),
    request_body = Stay,
    responses((status = 200, description = "The incident after the change.", body = IncidentView)),
)]
#[post("/incidents/{id}/stay")]
pub async fn stay(
    caller: Caller,
    id: Id<IncidentId>,
    expected: IfMatch,
    body: Body<Stay>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    change_by(caller, &digest, move |uow| {
        incidents::stay(uow.expecting(expected.0), id.0, &value)
    })
    .await
}

/// Logs what customers were told.
#[utoipa::path(
    operation_id = "createIncidentUpdate",
    tag = "incidents",
    params(("id" = String, Path), IfMatch),
    request_body = NewUpdate,
    responses((status = 201, description = "The incident, with the update.", body = IncidentView)),
)]
#[post("/incidents/{id}/updates")]
pub async fn tell(
    caller: Caller,
    id: Id<IncidentId>,
    expected: IfMatch,
    body: Body<NewUpdate>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    add_by(caller, &digest, move |uow| {
        incidents::tell(uow.expecting(expected.0), id.0, &value)
    })
    .await
}

/// Ticks something that is to be done, or takes the tick away.
#[utoipa::path(
    operation_id = "tickIncidentItem",
    tag = "incidents",
    params(("id" = String, Path), ("n" = u32, Path), IfMatch),
    request_body = Tick,
    responses((status = 200, description = "The incident after the change.", body = IncidentView)),
)]
#[put("/incidents/{id}/items/{n}")]
pub async fn tick(
    caller: Caller,
    id: Id<IncidentId>,
    expected: IfMatch,
    number: Number,
    body: Body<Tick>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    change_by(caller, &digest, move |uow| {
        incidents::tick(uow.expecting(expected.0), id.0, number.0, &value)
    })
    .await
}

/// Ends an incident; what follows it is listed, with due dates.
#[utoipa::path(
    operation_id = "resolveIncident",
    tag = "incidents",
    params(("id" = String, Path), IfMatch),
    request_body = Option<Resolve>,
    responses((status = 200, description = "The incident after the change.", body = IncidentView)),
)]
#[post("/incidents/{id}/resolve")]
pub async fn resolve(
    caller: Caller,
    id: Id<IncidentId>,
    expected: IfMatch,
    body: BodyOrDefault<Resolve>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body.0;
    change_by(caller, &digest, move |uow| {
        incidents::resolve(uow.expecting(expected.0), id.0, &value)
    })
    .await
}

/// How a rotation works on incidents: patience, severities, checklist, follow-ups, chat.
#[utoipa::path(
    operation_id = "getIncidentSettings",
    tag = "incidents",
    params(("id" = String, Path)),
    responses((status = 200, description = "The settings.", body = SettingsView)),
)]
#[get("/rotations/{id}/incident-settings")]
pub async fn settings(caller: Caller, id: Id<RotationId>) -> Result<HttpResponse, Problem> {
    let view = caller
        .read(move |db, caller| {
            let snapshot = caller.app.snapshots.snapshot();
            incidents::settings(db, &caller.actor, &snapshot, id.0)
        })
        .await?;
    Ok(Reply::ok(&view)?.version(view.version).response())
}

/// Changes how a rotation works on incidents, also on those that go on. What is left out is as by default.
#[utoipa::path(
    operation_id = "putIncidentSettings",
    tag = "incidents",
    params(("id" = String, Path), IfMatch),
    request_body = WatchSettingsSchema,
    responses((status = 200, description = "The settings after the change.", body = SettingsView)),
)]
#[put("/rotations/{id}/incident-settings")]
pub async fn put_settings(
    caller: Caller,
    id: Id<RotationId>,
    expected: IfMatch,
    body: Body<WatchSettings>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let view = incidents::put_settings(
                uow.expecting(expected.0),
                id.0,
                &body.value,
                &caller.app.guard,
            )?;
            Ok(Reply::ok(&view)?.version(view.version))
        })
        .await
}

/// A webhook that was just made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewWebhookView {
    /// What its program signs with (Standard Webhooks): shown once, null when the same request is repeated.
    secret: Option<String>,
    /// All about it.
    #[serde(flatten)]
    about: WebhookView,
}

/// Makes a webhook by which a program declares incidents of this rotation.
#[utoipa::path(
    operation_id = "createIncidentWebhook",
    tag = "incidents",
    params(("id" = String, Path)),
    request_body = NewWebhook,
    responses((status = 201, description = "The new webhook, with its secret.", body = NewWebhookView)),
)]
#[post("/rotations/{id}/incident-webhooks")]
pub async fn create_webhook(
    caller: Caller,
    id: Id<RotationId>,
    limits: web::Data<Limits>,
    body: Body<NewWebhook>,
) -> Result<Answer, Problem> {
    limits.count_secret(&caller)?;
    caller
        .change(&body.digest, move |uow, caller| {
            let made = incidents::create_webhook(uow, id.0, &body.value)?;
            let view = NewWebhookView {
                secret: Some(caller.app.webhook_secret(made.id)?),
                about: caller.app.webhook_view(&made),
            };
            let again = NewWebhookView {
                secret: None,
                ..view.clone()
            };
            let reply = Reply::created(&view)?.version(view.about.version);
            reply.replay(&again)
        })
        .await
}

/// A rotation's webhooks, without their secrets.
#[utoipa::path(
    operation_id = "listIncidentWebhooks",
    tag = "incidents",
    params(("id" = String, Path), PageQuery),
    responses((status = 200, description = "A page of webhooks.", body = Page<WebhookView>)),
)]
#[get("/rotations/{id}/incident-webhooks")]
pub async fn webhooks(
    caller: Caller,
    id: Id<RotationId>,
    query: Query<PageQuery>,
) -> Result<Reply, Problem> {
    let paging = query.0.paging()?;
    let app = caller.app.clone();
    let all = caller
        .read(move |db, caller| {
            let snapshot = caller.app.snapshots.snapshot();
            incidents::webhooks(db, &caller.actor, &snapshot, id.0)
        })
        .await?;
    let page = paging.page(&all, |webhook| webhook.id.to_string());
    Ok(Reply::ok(&page.map(|webhook| app.webhook_view(webhook)))?)
}

/// Revokes a webhook.
#[utoipa::path(
    operation_id = "revokeIncidentWebhook",
    tag = "incidents",
    params(("id" = String, Path), IfMatch),
    responses((status = 204, description = "The webhook is revoked.")),
)]
#[delete("/incident-webhooks/{id}")]
pub async fn revoke_webhook(
    caller: Caller,
    id: Id<WebhookId>,
    expected: IfMatch,
) -> Result<Answer, Problem> {
    caller
        .change(&NO_BODY, move |uow, _| {
            incidents::revoke_webhook(uow.expecting(expected.0), id.0)?;
            Ok(Reply::no_content())
        })
        .await
}
