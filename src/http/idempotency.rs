//! Requests that may be sent twice and count once.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde_json::json;

use super::reply::Reply;
use crate::service::app::{FirstAnswer, Once, RequestKey};
use crate::service::{Actor, App, Error, Tx};

/// The digest of a request without a body.
pub const NO_BODY: [u8; 0] = [];

/// How long a key may be.
const LONGEST_KEY: usize = 255;

pub(super) static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// An answer, given for the first time or again.
#[derive(Debug)]
pub struct Answer {
    reply: Reply,
    replayed: bool,
}

impl Answer {
    /// One that is given for the first time.
    #[must_use]
    pub const fn first(reply: Reply) -> Self {
        Self {
            reply,
            replayed: false,
        }
    }
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = self.reply.response();
        if self.replayed {
            response
                .headers_mut()
                .insert(REPLAYED.clone(), HeaderValue::from_static("true"));
        }
        response
    }
}

/// The request's name, where it came with an `Idempotency-Key`.
pub(super) fn key(
    request: &HttpRequest,
    actor: &Actor,
) -> Result<Option<RequestKey>, &'static str> {
    let Some(given) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let key = given
        .to_str()
        .ok()
        .filter(|key| (1..=LONGEST_KEY).contains(&key.len()))
        .ok_or("the Idempotency-Key must have 1 to 255 visible ASCII characters")?;
    Ok(Some(RequestKey {
        actor: actor
            .person
            .map_or_else(|| "bootstrap".to_owned(), |person| person.to_string()),
        route: format!("{} {}", request.method(), request.path()),
        key: key.to_owned(),
    }))
}

/// Does the work, or repeats its answer.
pub(super) fn answer(
    app: &App,
    key: &RequestKey,
    body_hash: &str,
    work: impl FnOnce(&mut Tx<'_>) -> Result<Reply, Error>,
) -> Result<Answer, Error> {
    match app.write_once(key, body_hash, work, |reply| keep(reply, body_hash))? {
        Once::Now(reply) => Ok(Answer::first(reply)),
        Once::Before(first) => Ok(Answer {
            reply: again(first)?,
            replayed: true,
        }),
    }
}

fn keep(reply: &Reply, body_hash: &str) -> FirstAnswer {
    FirstAnswer {
        body_hash: body_hash.to_owned(),
        status: reply.status.as_u16(),
        headers: json!({ "version": reply.version, "location": reply.location }),
        body: reply.replay_body.as_ref().unwrap_or(&reply.body).clone(),
    }
}

fn again(first: FirstAnswer) -> Result<Reply, Error> {
    let status = StatusCode::from_u16(first.status)
        .map_err(|_| Error::Internal(format!("{} is no HTTP status", first.status)))?;
    let header = |name: &str| first.headers.get(name).cloned().unwrap_or_default();
    Ok(Reply {
        status,
        body: first.body,
        version: header("version").as_i64(),
        location: header("location").as_str().map(str::to_owned),
        replay_body: None,
    })
}
