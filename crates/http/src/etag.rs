//! Versions as entity tags: `"v3"`, and how clients name them again.

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
        ready(Ok(Self(expected(given))))
    }
}

/// What compressing proxies add to a tag: Apache, Caddy, Jetty and others name the coding, nginx makes the tag weak.
const CODINGS: [&str; 5] = ["gzip", "deflate", "br", "zstd", "compress"];

/// The tags in the lines of `If-Match` or `If-None-Match`, without quotes and without what proxies did to them. They
/// name versions, which are the same however an answer was compressed on its way.
fn names<'a>(lines: impl Iterator<Item = &'a HeaderValue>) -> impl Iterator<Item = &'a str> {
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|tag| {
            let tag = tag.trim();
            if tag == "*" {
                return Some(tag);
            }
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            let name = tag.strip_prefix('"')?.strip_suffix('"')?;
            Some(without_coding(name))
        })
}

fn without_coding(name: &str) -> &str {
    let coded = CODINGS.iter().find_map(|coding| {
        let rest = name.strip_suffix(coding)?;
        let joined = ["--", "-", ";"];
        joined.iter().find_map(|mark| rest.strip_suffix(mark))
    });
    coded.unwrap_or(name)
}

/// Whether `If-None-Match` names this tag, which is given without quotes.
#[must_use]
pub fn is_named(request: &HttpRequest, tag: &str) -> bool {
    let given = request.headers().get_all(header::IF_NONE_MATCH);
    names(given).any(|name| name == "*" || name == tag)
}

/// A tag that is not ours names no version, so it never matches.
fn expected<'a>(lines: impl Iterator<Item = &'a HeaderValue>) -> Expected {
    let names: Vec<&str> = names(lines).collect();
    if names.contains(&"*") {
        return Expected::any();
    }
    let versions = names
        .iter()
        .filter_map(|name| name.strip_prefix('v')?.parse().ok());
    Expected::one_of(versions.collect())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn check(lines: &[&str]) -> bool {
        let lines: Vec<HeaderValue> = lines
            .iter()
            .map(|line| HeaderValue::from_str(line).unwrap())
            .collect();
        expected(lines.iter()).check(3).is_ok()
    }

    #[test]
    fn only_the_named_versions_match_however_they_were_compressed() {
        for fresh in [
            "\"v3\"",
            "\"v2\", \"v3\"",
            "*",
            "W/\"v3\"",
            "\"v3-gzip\"",
            "\"v3--gzip\"",
            "\"v3;gzip\"",
            "\"v3-deflate\"",
            "\"v3-br\"",
            "W/\"v3-zstd\"",
            "\"v2-br\" ,W/\"v3;br\"",
        ] {
            assert!(check(&[fresh]), "{fresh}");
        }
        assert!(check(&["\"v2\"", "\"v3\""]), "several lines are one list");
        for stale in [
            "\"v2\"",
            "W/\"v2-gzip\"",
            "v3",
            "\"else\"",
            "",
            "\"v3-lzma\"",
            "\"v3gzip\"",
            "\"-gzip\"",
            "w/\"v3\"",
            "\"v3-gzip",
        ] {
            assert!(!check(&[stale]), "{stale}");
        }
    }

    #[test]
    fn what_is_known_already_is_named_by_any_form_of_its_tag() {
        for known in [
            "\"abc\"",
            "W/\"abc\"",
            "W/\"abc-gzip\"",
            "\"x\", \"abc;br\"",
            "*",
        ] {
            let request = TestRequest::default().insert_header((header::IF_NONE_MATCH, known));
            assert!(is_named(&request.to_http_request(), "abc"), "{known}");
        }
        for other in ["\"abd\"", "\"abc-x\"", ""] {
            let request = TestRequest::default().insert_header((header::IF_NONE_MATCH, other));
            assert!(!is_named(&request.to_http_request(), "abc"), "{other}");
        }
    }
}
