//! What happens around every request, in one light layer: its id, its place in the log and in the metrics, and what every
//! answer says.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::http::{Method, Version};
use actix_web::{Error, web};
use metrics::Histogram;
use rand::RngCore as _;
use tracing::Instrument as _;

use super::connections::Answering;
use crate::cause::Cause;
use crate::http::error::{Problem, cause_of};
use crate::http::spans::Asked;
use crate::panics::{self, Panicked};
use crate::service::{self, App};

/// Which request it was, in answers and in the log.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Since when the answers have not followed the database, while it is away.
static STALE_SINCE: HeaderName = HeaderName::from_static("dogwatch-stale-since");

/// What is no page shows nothing in a browser, and no other site frames it.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The reference of the API draws itself, with styles that its scripts write and pictures that are in its styles.
const DOCUMENTATION_POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";

/// Makes request ids: a random beginning for this process, and a number.
#[derive(Debug)]
pub struct RequestIds {
    process: String,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        Self {
            process: format!("{:016x}-", rand::rng().next_u64()),
            next: AtomicU64::new(0),
        }
    }
}

impl RequestIds {
    /// The client's own id where it is a decent one, else a new one.
    fn id(&self, request: &ServiceRequest) -> Option<HeaderValue> {
        let given = request.headers().get(&REQUEST_ID).filter(|id| {
            (1..=64).contains(&id.len())
                && id
                    .as_bytes()
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        });
        given.cloned().or_else(|| {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let mut text = String::with_capacity(2 * self.process.len());
            text.push_str(&self.process);
            write!(text, "{number:x}").ok()?;
            HeaderValue::try_from(text).ok()
        })
    }
}

/// Calls the rest of the program, and notes what came of it.
///
/// # Errors
/// Those of the rest of the program; what went wrong in a handler is an answer, not an error.
pub fn observe<S, B>(
    mut request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let begun = std::time::Instant::now();
    // What can be got can be asked about: the same answer, of which the server sends the head only.
    let method = request.method().clone();
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    // What is compressed is sent in chunks, which HTTP/1.0 does not have.
    if request.version() < Version::HTTP_11 {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    let id = request
        .app_data::<web::Data<RequestIds>>()
        .and_then(|ids| ids.id(&request));
    let asked = Asked::of(&request, method, id);
    let span = asked.span();
    let app = request.app_data::<web::Data<App>>().cloned();
    let answering = Answering::of(&request);
    let answer = span.in_scope(|| panics::catch(|| service.call(request)));
    async move {
        let answer = answered(app, answer).await;
        drop(answering);
        let mut response = match answer {
            Ok(response) => response?,
            Err(panicked) => return Err(refuse(panicked, asked, begun.elapsed())),
        };
        let stale = response
            .request()
            .app_data::<web::Data<App>>()
            .and_then(|app| app.snapshots.stale_since());
        let is_documentation = response.request().path().starts_with("/api/docs/");
        let headers = response.headers_mut();
        protect(headers, is_documentation);
        if let Some(since) = stale
            && let Ok(since) =
                HeaderValue::try_from(since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        {
            headers.insert(STALE_SINCE.clone(), since);
        }
        note(&response, &asked, begun.elapsed());
        if let Some(id) = asked.id {
            response.headers_mut().insert(REQUEST_ID.clone(), id);
        }
        Ok(response)
    }
    .instrument(span)
}

/// What answers say that say nothing else: they are not kept, and nothing in them is run or framed.
fn protect(headers: &mut HeaderMap, is_documentation: bool) {
    let policy = if is_documentation {
        DOCUMENTATION_POLICY
    } else {
        POLICY
    };
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Awaits the answer, also of a handler that panics.
async fn answered<T>(
    app: Option<web::Data<App>>,
    answer: Result<impl Future<Output = T>, Panicked>,
) -> Result<T, Panicked> {
    let answer = answer?;
    panics::catch_async(async {
        if let Some(app) = app {
            app.threads.panic_if_injected("request");
        }
        answer.await
    })
    .await
}

/// What is answered to a request whose handler panicked.
fn refuse(panicked: Panicked, asked: Asked, took: std::time::Duration) -> Error {
    panics::count("request");
    count(known_method(&asked.method), &asked.route, 500, took);
    log_failure(&asked, 500, took, &panicked.to_string());
    let problem = Problem::from(service::Error::Internal(Cause::of(panicked)))
        .header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    match asked.id {
        Some(id) => problem.header(REQUEST_ID.clone(), id).into(),
        None => problem.into(),
    }
}

/// Neither headers nor queries, and no part of a path that may be a secret, come into the log.
fn note<B>(response: &ServiceResponse<B>, asked: &Asked, took: std::time::Duration) {
    let status = response.status().as_u16();
    let (id, method, path) = (asked.id_text(), &asked.method, &asked.place);
    count(known_method(method), &asked.route, status, took);
    if status >= 500 {
        let cause = cause_of(response.response());
        return log_failure(asked, status, took, cause.as_deref().unwrap_or(""));
    }
    let took = took.as_micros();
    if *method == Method::GET {
        tracing::debug!(id, %method, path, status, took, "request");
    } else {
        tracing::info!(id, %method, path, status, took, "request");
    }
}

/// The one place where a failure is told: the layers below hand it on with all that caused it.
fn log_failure(asked: &Asked, status: u16, took: std::time::Duration, cause: &str) {
    let (id, method, path) = (asked.id_text(), &asked.method, &asked.place);
    let took = took.as_micros();
    tracing::error!(id, %method, path, status, took, cause, "request");
}

/// What requests of one method that were answered with one status took, by route.
type Times = HashMap<(&'static str, u16), HashMap<String, Histogram>>;

thread_local! {
    /// To look a histogram up by its labels takes longer than many an answer: each thread remembers those it knows.
    /// Clients cannot make up routes, so they are few.
    static TIMES: RefCell<Times> = RefCell::default();
}

/// Puts how long a request took into the metrics.
fn count(method: &'static str, route: &str, status: u16, took: std::time::Duration) {
    TIMES.with_borrow_mut(|times| {
        let times = times.entry((method, status)).or_default();
        if let Some(known) = times.get(route) {
            return known.record(took);
        }
        let new = metrics::histogram!(
            "dogwatch_http_request_duration_seconds",
            "method" => method,
            "route" => route.to_owned(),
            "status" => status.to_string(),
        );
        new.record(took);
        times.insert(route.to_owned(), new);
    });
}

/// A method as a label: whatever clients make up is one.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
