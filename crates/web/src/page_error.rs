//! What people see where something cannot be shown or done, and what every answer carries.

use std::fmt;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::browser::WebRequest;
use super::page::{PageContext, Section};
use crate::cause::{Cause, chain};
use crate::http::error::{Problem, attach_cause};
use crate::http::limits::TooMany;
use crate::service::Error;

/// Nothing is loaded from elsewhere, nothing in a page is run or styles it, no other site frames it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

/// When to try again while the server has too much to do or the database is away, in seconds.
const SOON: u32 = 5;

/// What every page carries.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Something cannot be shown or done.
#[derive(Debug)]
pub struct PageError {
    status: StatusCode,
    detail: String,
    /// Where they sign in, where that is what is missing.
    sign_in: Option<String>,
    /// In how many seconds to try again.
    retry_after: Option<u32>,
    /// What the log, and only the log, is told.
    cause: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage<'a> {
    page: PageContext,
    detail: &'a str,
}

impl PageError {
    /// With this status, for this reason, which is a sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            sign_in: None,
            retry_after: None,
            cause: None,
        }
    }

    /// There is nothing at this address.
    pub fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
    }

    /// There is no such thing.
    pub fn no_such(what: &'static str) -> Self {
        Error::NotFound(what).into()
    }

    /// Something that should not happen.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Error::Internal(cause.into()).into()
    }

    /// Whoever asks must sign in; afterwards they come back, where they only looked.
    pub fn sign_in_first(request: &HttpRequest) -> Self {
        let looked = *request.method() == Method::GET;
        let location = request.uri().path_and_query().filter(|_| looked);
        let next: String = location
            .map(|location| url::form_urlencoded::byte_serialize(location.as_str().as_bytes()))
            .into_iter()
            .flatten()
            .collect();
        let mut page_error = Self::new(StatusCode::UNAUTHORIZED, "Sign in first.");
        page_error.sign_in = Some(format!("sign-in?next={next}"));
        page_error
    }

    /// Whoever asks did so too often.
    pub fn too_many(wait: TooMany) -> Self {
        let words = format!("That was too often. Try again in {} seconds.", wait.seconds);
        Self::new(StatusCode::TOO_MANY_REQUESTS, words).after(Some(wait.seconds))
    }

    /// What was sent could not be read.
    pub fn of_body(problem: &Problem) -> Self {
        let page_error = Self::new(problem.status(), sentence(&problem.to_string()));
        if problem.status() == StatusCode::SERVICE_UNAVAILABLE {
            page_error.after(Some(SOON))
        } else {
            page_error
        }
    }

    const fn after(mut self, seconds: Option<u32>) -> Self {
        self.retry_after = seconds;
        self
    }

    fn sheet(&self, browser: &WebRequest) -> Result<HttpResponse, Self> {
        if let Some(sign_in) = &self.sign_in {
            return Ok(browser.go(sign_in));
        }
        let title = self.status.canonical_reason().unwrap_or("Error");
        let page = browser.page(title, Section::Other)?;
        let sheet = ErrorPage {
            page,
            detail: &self.detail,
        };
        let response = browser.show_as(self.status, &sheet)?;
        Ok(self.finish(response))
    }

    /// An answer that says this, with all that goes with it.
    fn finish(&self, mut response: HttpResponse) -> HttpResponse {
        if let Some(cause) = &self.cause {
            attach_cause(&mut response, cause.as_str());
        }
        with_retry_after(response, self.retry_after)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Plain words; [`finish`] makes a page of them.
    fn error_response(&self) -> HttpResponse {
        let response = HttpResponse::build(self.status)
            .content_type("text/plain; charset=utf-8")
            .body(self.detail.clone());
        self.finish(response)
    }
}

/// The page with 429 and when to try again, where that is what is wrong.
pub fn wait_before_trying(mut response: HttpResponse, seconds: Option<u32>) -> HttpResponse {
    if seconds.is_some() {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    }
    with_retry_after(response, seconds)
}

fn with_retry_after(mut response: HttpResponse, seconds: Option<u32>) -> HttpResponse {
    if let Some(seconds) = seconds {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The first letter in upper case, and a full stop: what services say, as a sentence.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let rest = letters.as_str();
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{first}{rest}{end}")
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Conflict { .. } => StatusCode::CONFLICT,
            Error::Stale => StatusCode::PRECONDITION_FAILED,
            Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        match error {
            Error::Internal(cause) => {
                let mut page_error = Self::new(
                    status,
                    "Something went wrong on our side; the log says what.",
                );
                page_error.cause = Some(chain(&cause));
                page_error
            }
            Error::Unavailable => {
                Self::new(status, sentence(&Error::Unavailable.to_string())).after(Some(SOON))
            }
            other => Self::new(status, sentence(&other.to_string())).after(other.retry_after()),
        }
    }
}

/// For what is handed to services: a page that cannot be made is a failure of ours.
impl From<PageError> for Error {
    fn from(page_error: PageError) -> Self {
        Self::internal(page_error.cause.unwrap_or(page_error.detail))
    }
}

/// What a page can do without: nothing, where it cannot be had. A database that is away is told elsewhere; anything else
/// of ours is told here.
pub fn or_nothing<T: Default>(found: Result<T, Error>) -> T {
    found.unwrap_or_else(|error| {
        if matches!(error, Error::Internal(_)) {
            tracing::error!(cause = chain(&error), "a part of a page is missing");
        }
        T::default()
    })
}

/// Calls a page's handler. What it refuses becomes a page; every answer carries what keeps browsers safe.
///
/// # Errors
/// Those of the rest of the program.
pub fn finish<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<EitherBody<B>>, actix_web::Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let answer = service.call(request);
    async move {
        let response = answer.await?;
        let error = response.response().error();
        let sheet = error
            .and_then(actix_web::Error::as_error::<PageError>)
            .and_then(|page_error| {
                let browser = WebRequest::of(response.request()).ok()?;
                page_error.sheet(&browser).ok()
            });
        let mut response = match sheet {
            Some(sheet) => response.into_response(sheet).map_into_right_body(),
            None => response.map_into_left_body(),
        };
        protect(response.headers_mut());
        Ok(response)
    }
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        );
    }
}

/// What browsers see where there is nothing.
#[must_use]
pub fn nothing_here(request: &HttpRequest) -> HttpResponse {
    let page_error = PageError::no_such_page();
    let mut response = WebRequest::of(request)
        .and_then(|browser| page_error.sheet(&browser))
        .unwrap_or_else(|_| page_error.error_response().map_into_boxed_body());
    protect(response.headers_mut());
    response.map_body(|_, body| BoxBody::new(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_services_say_becomes_a_sentence() {
        assert_eq!(sentence("it is over already"), "It is over already.");
        assert_eq!(sentence("élan!"), "Élan!");
        assert_eq!(sentence(""), ".");
    }
}
