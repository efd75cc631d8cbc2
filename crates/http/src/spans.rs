//! The span of a request: every line that is logged while it is answered says which request it was, and who asked.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use tracing::Span;
use tracing::field::{Empty, display};

use crate::service::Actor;

/// What is known of a request before it is answered.
#[derive(Debug)]
pub struct Asked {
    /// Its method, as it was sent.
    pub method: Method,
    /// Its id, also for the answer.
    pub id: Option<HeaderValue>,
    /// The pattern of its route; `-` where there is none.
    pub route: String,
    /// Where it goes, for the log: the whole path in the API, and elsewhere the route's pattern, since paths of feeds and
    /// links are secrets.
    pub place: String,
}

impl Asked {
    /// What is known of this request, which was sent with `method`.
    #[must_use]
    pub fn of(request: &ServiceRequest, method: Method, id: Option<HeaderValue>) -> Self {
        let route = request.match_pattern().unwrap_or_else(|| "-".to_owned());
        let place = if route.starts_with("/api/") {
            request.path().to_owned()
        } else {
            route.clone()
        };
        Self {
            method,
            id,
            route,
            place,
        }
    }

    /// Its id as text.
    #[must_use]
    pub fn id_text(&self) -> &str {
        let text = self.id.as_ref().and_then(|id| id.to_str().ok());
        text.unwrap_or("")
    }

    /// Its span. An error of any request is logged at `error`, so the span must be there at that level.
    #[must_use]
    pub fn span(&self) -> Span {
        tracing::error_span!(
            parent: None,
            "request",
            request_id = self.id_text(),
            method = self.method.as_str(),
            route = self.route,
            person = Empty,
            token = Empty,
        )
    }
}

/// Notes in the present request's span who asked.
pub fn record_actor(actor: &Actor) {
    let span = Span::current();
    match (actor.person, actor.token) {
        (Some(person), Some(token)) => {
            tracing::record_all!(span, person = display(person), token = display(token));
        }
        (Some(person), None) => {
            span.record("person", display(person));
        }
        (None, _) => {
            span.record("token", "bootstrap");
        }
    }
}
