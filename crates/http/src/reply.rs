//! Answers.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use super::etag;
use crate::service::Error;

/// An answer, ready to be sent, and to be kept for whoever repeats the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: String,
    pub(super) version: Option<i64>,
    pub(super) location: Option<String>,
    /// What a repeated request is told instead of `body`, where that holds a secret.
    pub(super) replay_body: Option<String>,
}

impl Reply {
    fn with(status: StatusCode, body: String) -> Self {
        Self {
            status,
            body,
            version: None,
            location: None,
            replay_body: None,
        }
    }

    /// 200 with `body`.
    ///
    /// # Errors
    /// Where `body` cannot be written as JSON.
    pub fn ok<T: Serialize + ?Sized>(body: &T) -> Result<Self, Error> {
        Ok(Self::with(StatusCode::OK, write(body)?))
    }

    /// 201 with `body`.
    ///
    /// # Errors
    /// Where `body` cannot be written as JSON.
    pub fn created<T: Serialize + ?Sized>(body: &T) -> Result<Self, Error> {
        Ok(Self::with(StatusCode::CREATED, write(body)?))
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self::with(StatusCode::NO_CONTENT, String::new())
    }

    /// The resource's version, from which the `ETag` is made.
    #[must_use]
    pub const fn version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    /// Where the new resource is, beginning with `/api/v1`.
    #[must_use]
    pub fn location(mut self, path: impl Into<String>) -> Self {
        self.location = Some(path.into());
        self
    }

    /// What is answered, instead of the body, to the same request sent again: the body without its secret.
    ///
    /// # Errors
    /// Where `body` cannot be written as JSON.
    pub fn replay<T: Serialize + ?Sized>(mut self, body: &T) -> Result<Self, Error> {
        self.replay_body = Some(write(body)?);
        Ok(self)
    }

    /// The HTTP response.
    #[must_use]
    pub fn response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(tag) = self.version.and_then(etag::tag) {
            response.insert_header((header::ETAG, tag));
        }
        if let Some(path) = self.location {
            response.insert_header((header::LOCATION, path));
        }
        if self.status == StatusCode::NO_CONTENT {
            return response.finish();
        }
        response.content_type("application/json").body(self.body)
    }
}

impl Responder for Reply {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.response()
    }
}

/// A file for spreadsheets (RFC 4180), with a header line, to be kept under this name.
#[must_use]
pub fn csv_file(name: &str, text: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .body(text)
}

fn write<T: Serialize + ?Sized>(body: &T) -> Result<String, Error> {
    serde_json::to_string(body).map_err(|error| Error::caused("an answer is not JSON", error))
}
