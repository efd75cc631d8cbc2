//! `/feeds/{token}.ics` and `/feeds/{token}/{any name}.ics`: what calendar programs poll. The token
//! is the only secret; errors are plain text, since some clients take a page for an empty calendar.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest as _, Sha256};

use super::auth::address;
use super::limits::{Limits, together};
use crate::calendar;
use crate::service::App;
use crate::service::secrets::{hex, token_hash};

/// Answers a poll: 200, 304, 404 for an unknown token, 410 for a revoked one.
pub async fn poll(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    request: HttpRequest,
) -> HttpResponse {
    let given = request.match_info().get("token").unwrap_or_default();
    let token = given.strip_suffix(".ics").unwrap_or(given);
    let roster = app.keeper.snapshot();
    let Some(feed) = roster.feed(&token_hash(token)) else {
        return unknown(&app, &limits, &request);
    };
    if feed.revoked_at.is_some() {
        return plain(StatusCode::GONE, "This calendar was revoked.\n");
    }
    let found = calendar::feed(&roster, feed.scope, app.clock.now());
    let tag = format!(
        "\"{}\"",
        &hex(&Sha256::digest(found.body.as_bytes()))
            .get(..32)
            .unwrap_or_default()
    );
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::ETAG, tag.clone()))
        .insert_header((header::CACHE_CONTROL, "private, max-age=0, must-revalidate"))
        .insert_header(("X-Robots-Tag", "noindex"));
    if let Some(at) = found.last_modified {
        response.insert_header((
            header::LAST_MODIFIED,
            at.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        ));
    }
    if known(&request, &tag) {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    response
        .content_type("text/calendar; charset=utf-8")
        .body(found.body)
}

/// Whoever does anything else with a calendar than read it.
pub async fn only_polled() -> HttpResponse {
    let mut response = plain(
        StatusCode::METHOD_NOT_ALLOWED,
        "This calendar can be read only.\n",
    );
    response
        .headers_mut()
        .insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    response
}

/// Whoever guesses is slowed down; who has a calendar never comes here.
fn unknown(app: &App, limits: &Limits, request: &HttpRequest) -> HttpResponse {
    let from = together(address(request));
    match limits.unknown_feeds.take(from, app.clock.now()) {
        Ok(()) => plain(StatusCode::NOT_FOUND, "There is no such calendar.\n"),
        Err(wait) => {
            let mut response = plain(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many calendars that do not exist: try again later.\n",
            );
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, wait.seconds.into());
            response
        }
    }
}

/// Whether the client has just this body (RFC 9110 §13.1.2).
fn known(request: &HttpRequest, tag: &str) -> bool {
    let given = request.headers().get_all(header::IF_NONE_MATCH);
    given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| {
            let one = one.trim();
            one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
        })
}

fn plain(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/plain; charset=utf-8")
        .body(text)
}
