//! Requests that may be sent twice and count once.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde_json::{Map, Value, json};

use super::reply::Reply;
use crate::service::app::{FirstAnswer, Once, RequestKey};
use crate::service::{Actor, App, Error, Tx};

/// The digest of a request without a body.
pub const NO_BODY: [u8; 0] = [];

/// A body of more bytes is not kept whole.
const LONGEST_BODY: usize = 256 << 10;

/// Of a body that is shortened no longer texts are kept.
const LONGEST_TEXT: usize = 1 << 10;

/// How long a key may be.
const LONGEST_KEY: usize = 255;

/// Says that this is the answer of an earlier request with the same key.
pub static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

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

    /// One that was given before.
    pub(super) fn again(first: FirstAnswer) -> Result<Self, Error> {
        Ok(Self {
            reply: again(first)?,
            replayed: true,
        })
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
        Once::Before(first) => Answer::again(first),
    }
}

fn keep(reply: &Reply, body_hash: &str) -> FirstAnswer {
    FirstAnswer {
        body_hash: body_hash.to_owned(),
        status: reply.status.as_u16(),
        headers: json!({ "version": reply.version, "location": reply.location }),
        body: shorten(reply.replay_body.as_ref().unwrap_or(&reply.body)),
    }
}

/// A body as it is kept: where it is too long for that, only the members of the answer that say what it is about (its
/// id, its state, its totals), and that it is shortened. Lists and objects can be read where the resource is.
fn shorten(body: &str) -> String {
    if body.len() <= LONGEST_BODY {
        return body.to_owned();
    }
    // Answers are objects, or lists, of which nothing is kept.
    let all: Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
    let is_short = |value: &Value| match value {
        Value::Array(_) | Value::Object(_) => false,
        Value::String(text) => text.len() <= LONGEST_TEXT,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    };
    let mut short: Map<String, Value> = all.into_iter().filter(|(_, one)| is_short(one)).collect();
    short.insert("truncated".to_owned(), true.into());
    Value::Object(short).to_string()
}

fn again(first: FirstAnswer) -> Result<Reply, Error> {
    let status = StatusCode::from_u16(first.status)
        .map_err(|error| Error::caused("a kept answer has no status", error))?;
    let header = |name: &str| first.headers.get(name).cloned().unwrap_or_default();
    Ok(Reply {
        status,
        body: first.body,
        version: header("version").as_i64(),
        location: header("location").as_str().map(str::to_owned),
        replay_body: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_too_long_keeps_what_it_is_about() {
        let whole = json!({ "id": "x", "items": vec!["y"; 10] }).to_string();
        assert_eq!(shorten(&whole), whole);
        let long = json!({
            "id": "x", "version": 3, "note": null, "reason": "z".repeat(2000),
            "items": vec!["y"; 100_000], "truncated": false,
        });
        let short: Value = serde_json::from_str(&shorten(&long.to_string())).unwrap();
        let expected = json!({ "id": "x", "version": 3, "note": null, "truncated": true });
        assert_eq!(short, expected);
        assert_eq!(
            shorten(&"x".repeat(300_000)),
            json!({ "truncated": true }).to_string()
        );
    }
}
