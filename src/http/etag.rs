//! Versions as entity tags: `"v3"`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::error::Problem;
use super::openapi;
use crate::service::Expected;

/// The tag of a version.
#[must_use]
pub fn tag(version: i64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"v{version}\"")).ok()
}

/// The versions named by `If-Match`; any where there is no such header.
#[derive(Debug, Clone, Default)]
pub struct IfMatch(pub Expected);

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "What an `ETag` said: 412 where the resource has been changed since";
        vec![openapi::request_header(
            header::IF_MATCH.as_str(),
            description,
        )]
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut given = request.headers().get_all(header::IF_MATCH).peekable();
        if given.peek().is_none() {
            return ready(Ok(Self::default()));
        }
        let lines: Vec<&str> = given.map(|line| line.to_str().unwrap_or("")).collect();
        ready(Ok(Self(expected(&lines))))
    }
}

/// A tag that is not ours names no version, so it never matches; a weak one neither.
fn expected(lines: &[&str]) -> Expected {
    let tags = || lines.iter().flat_map(|line| line.split(',')).map(str::trim);
    if tags().any(|tag| tag == "*") {
        return Expected::any();
    }
    Expected::one_of(
        tags()
            .filter_map(|tag| tag.strip_prefix("\"v")?.strip_suffix('"')?.parse().ok())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_versions_match() {
        assert!(expected(&["\"v3\""]).check(3).is_ok());
        assert!(expected(&["\"v2\", \"v3\""]).check(3).is_ok());
        assert!(expected(&["*"]).check(3).is_ok());
        for stale in ["\"v2\"", "W/\"v3\"", "v3", "\"else\"", ""] {
            assert!(expected(&[stale]).check(3).is_err(), "{stale}");
        }
    }
}
