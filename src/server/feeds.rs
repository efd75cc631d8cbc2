//! `/feeds/{token}.ics` and `/feeds/{token}/{any name}.ics`: what calendar programs poll. The token
//! is the only secret; errors are plain text, since some clients take a page for an empty calendar.

use std::sync::Arc;
use std::time::SystemTime;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, AcceptEncoding, ContentEncoding, Encoding, Header as _, HttpDate, IfModifiedSince,
};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::cause::chain;
use crate::domain::time::interval::Timestamp;
use crate::http::blocking;
use crate::http::error::attach_cause;
use crate::http::etag;
use crate::http::forwarding::address;
use crate::http::limits::{Limits, together};
use crate::service::feeds::{Published, is_live, program};
use crate::service::secrets::token_hash;
use crate::service::{App, Error};

/// Answers a poll: 200, 304, 404 for an unknown token, 410 for a revoked one, 503 where the calendar
/// cannot be made while the database is away.
pub async fn poll(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    request: HttpRequest,
) -> HttpResponse {
    let given = request.match_info().get("token").unwrap_or_default();
    let token = given.strip_suffix(".ics").unwrap_or(given);
    let (snapshot, now) = (app.snapshots.snapshot(), app.clock.now());
    let Some(feed) = snapshot.feed(&token_hash(token)) else {
        return unknown(&limits, &request, now);
    };
    if !is_live(&snapshot, feed, now) {
        return plain(StatusCode::GONE, "This calendar was revoked.\n");
    }
    app.fetches.note(feed.id, program(agent(&request)), now);
    if let Some(published) = app.published(feed, &snapshot, now) {
        return answer(&request, &published);
    }
    let feed = Arc::clone(feed);
    match blocking::run(move || app.publish(&feed)).await {
        Ok(published) => answer(&request, &published),
        Err(error) => failed(&error),
    }
}

fn agent(request: &HttpRequest) -> &str {
    let agent = request.headers().get(header::USER_AGENT);
    agent
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default()
}

fn answer(request: &HttpRequest, published: &Published) -> HttpResponse {
    // Weak: compressed and not, it is the same calendar.
    let tag = format!("W/\"{}\"", published.tag);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::ETAG, tag))
        .insert_header((
            header::LAST_MODIFIED,
            HttpDate::from(SystemTime::from(published.modified_at)),
        ))
        .insert_header((header::CACHE_CONTROL, "private, max-age=0, must-revalidate"))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header(("X-Robots-Tag", "noindex"));
    if is_known(request, published) {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    response.content_type("text/calendar; charset=utf-8");
    if takes_gzip(request) {
        response
            .insert_header(ContentEncoding::Gzip)
            .body(published.gzip().to_vec())
    } else {
        response.body(published.body.clone())
    }
}

/// Only where it is asked for: few programs say what they take.
fn takes_gzip(request: &HttpRequest) -> bool {
    let offered = [Encoding::gzip(), Encoding::identity()];
    request.headers().contains_key(header::ACCEPT_ENCODING)
        && AcceptEncoding::parse(request)
            .is_ok_and(|wanted| wanted.negotiate(offered.iter()) == Some(Encoding::gzip()))
}

/// Pollers try again later by themselves, and show what they had meanwhile.
fn failed(error: &Error) -> HttpResponse {
    let mut response = if *error == Error::Unavailable {
        let text = "The database is away: try again later.\n";
        plain(StatusCode::SERVICE_UNAVAILABLE, text)
    } else {
        let text = "This calendar could not be made.\n";
        let mut response = plain(StatusCode::INTERNAL_SERVER_ERROR, text);
        attach_cause(&mut response, chain(error));
        response
    };
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
    response
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
fn unknown(limits: &Limits, request: &HttpRequest, now: Timestamp) -> HttpResponse {
    let from = together(address(request));
    match limits.unknown_feeds.take(from, now) {
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

/// Whether the client has just this body (RFC 9110 §13.1.2, §13.1.3).
fn is_known(request: &HttpRequest, published: &Published) -> bool {
    if request.headers().contains_key(header::IF_NONE_MATCH) {
        return etag::is_named(request, &published.tag);
    }
    let modified = SystemTime::from(published.modified_at);
    IfModifiedSince::parse(request)
        .is_ok_and(|IfModifiedSince(since)| SystemTime::from(since) >= modified)
}

fn plain(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/plain; charset=utf-8")
        .body(text)
}
