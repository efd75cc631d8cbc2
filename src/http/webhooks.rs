//! `/webhooks/incidents/{id}`: programs that declare incidents. The signature is all that tells who they are.

use actix_web::{HttpRequest, web};

use super::blocking;
use super::body::{LARGEST_BODY, StrangersBody};
use super::error::Problem;
use super::forwarding::address;
use super::json::Id;
use super::limits::{Limits, together};
use super::reply::Reply;
use crate::domain::ids::WebhookId;
use crate::service::App;
use crate::service::incidents::{self, Delivery};

/// `POST`: takes what is sent, if it is signed.
///
/// # Errors
/// 401 where it is not, and those of what it declares.
pub async fn take(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    id: Id<WebhookId>,
    request: HttpRequest,
    StrangersBody(body): StrangersBody<LARGEST_BODY>,
) -> Result<Reply, Problem> {
    let now = app.clock.now();
    let header = |name: &str| {
        let value = request.headers().get(name);
        let value = value.and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (name, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let signatures = header("webhook-signature");
    let from = address(&request);
    let taken = blocking::run(move || {
        let delivery = Delivery {
            id: &name,
            timestamp: &timestamp,
            signatures: &signatures,
        };
        // Whether there is such a webhook is told to nobody who cannot sign.
        if let Err(why) = app.verify_signature(id.0, delivery, &body.bytes, now) {
            return Err(match limits.wrong_tokens.take(together(from), now) {
                Ok(()) => Problem::unsigned(why.0),
                Err(wait) => Problem::too_many("wrong signatures", wait),
            });
        }
        let webhook = app.read(|db| incidents::find_webhook(db, id.0))?;
        let sent = serde_json::from_slice(&body.bytes)
            .map_err(|error| Problem::not_json(format!("the body is not JSON: {error}")))?;
        let snapshot = app.snapshots.snapshot();
        let taken = app.change(&incidents::webhook_actor(from, now), now, |uow| {
            incidents::take_delivery(uow, &webhook, &snapshot, delivery, &sent)
        })?;
        Ok(taken)
    });
    let taken = taken.await?;
    Ok(if taken.is_new {
        Reply::created(&taken)?
    } else {
        Reply::ok(&taken)?
    })
}
