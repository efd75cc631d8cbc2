//! What a client is told where something went wrong: the one place that makes `application/problem+json`.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value, json};

use super::limits::TooMany;
use crate::cause::chain;
use crate::service::{self, FieldError};

/// A failed request (RFC 9457).
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    extra: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
}

/// How a failed request is answered.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Always `about:blank`: the status says which kind of problem it is.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What went wrong, for people.
    detail: String,
    /// Every bad value of the input.
    #[serde(default)]
    errors: Option<Vec<FieldError>>,
}

impl Problem {
    /// A problem of this status, explained by `detail`.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            detail: detail.into(),
            errors: Vec::new(),
            extra: Map::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// The body is not JSON.
    #[must_use]
    pub fn not_json(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// The body does not say that it is of the one type that is read here.
    #[must_use]
    pub fn wrong_type(right: &str) -> Self {
        let detail = format!("the body must have the Content-Type {right}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// Too much of something: come back after `wait`.
    #[must_use]
    pub fn too_many(what: &str, wait: TooMany) -> Self {
        let detail = format!("too many {what}: try again in {} seconds", wait.seconds);
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
            .header(header::RETRY_AFTER, HeaderValue::from(wait.seconds))
    }

    /// Nobody known asks.
    #[must_use]
    pub fn unauthorized(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail).header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"dogwatch\""),
        )
    }

    /// What was sent is not signed as it should be.
    #[must_use]
    pub fn unsigned(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// There is nothing at this address.
    #[must_use]
    pub fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this address")
    }

    /// One bad value.
    #[must_use]
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        service::Error::invalid(pointer, detail).into()
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The answer's status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Headers of the answer, like `Retry-After`.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    /// What the log, and only the log, is told.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The answer.
    #[must_use]
    pub fn response(&self) -> HttpResponse {
        let mut body = self.0.extra.clone();
        let title = self.0.status.canonical_reason().unwrap_or("Error");
        body.insert("type".to_owned(), json!("about:blank"));
        body.insert("title".to_owned(), json!(title));
        body.insert("status".to_owned(), json!(self.0.status.as_u16()));
        body.insert("detail".to_owned(), json!(self.0.detail));
        if !self.0.errors.is_empty() {
            body.insert("errors".to_owned(), json!(self.0.errors));
        }
        let mut response = HttpResponse::build(self.0.status);
        response.content_type("application/problem+json");
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        let mut response = response.body(Value::Object(body).to_string());
        if let Some(cause) = &self.0.cause {
            attach_cause(&mut response, cause.as_str());
        }
        response
    }
}

/// Why an answer is a failure.
struct FailureCause(String);

/// Gives an answer its cause, which the log tells with the request and the client is not told.
pub fn attach_cause(response: &mut HttpResponse, cause: impl Into<String>) {
    let cause = FailureCause(cause.into());
    response.extensions_mut().insert(cause);
}

/// The cause that an answer was given.
#[must_use]
pub fn cause_of<B>(response: &HttpResponse<B>) -> Option<String> {
    let extensions = response.extensions();
    extensions
        .get::<FailureCause>()
        .map(|cause| cause.0.clone())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

impl From<service::Error> for Problem {
    fn from(error: service::Error) -> Self {
        use service::Error;
        let detail = error.to_string();
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
        let mut problem = Self::new(status, detail);
        let parts = &mut *problem.0;
        match error {
            Error::Invalid(errors) => {
                "some values cannot be accepted".clone_into(&mut parts.detail);
                parts.errors = errors;
            }
            Error::Conflict { extra, .. } => parts.extra = extra,
            Error::Unavailable => {
                let soon = HeaderValue::from_static("5");
                parts.headers.push((header::RETRY_AFTER, soon));
            }
            Error::TooMany { seconds, .. } => {
                let wait = HeaderValue::from(seconds);
                parts.headers.push((header::RETRY_AFTER, wait));
            }
            Error::Internal(cause) => {
                "something went wrong on our side; the log says what".clone_into(&mut parts.detail);
                parts.cause = Some(chain(&cause));
            }
            Error::Forbidden(_) | Error::NotFound(_) | Error::Stale => {}
        }
        problem
    }
}
