//! Typed input: bodies, queries and parts of the path, each with its errors.

use std::collections::HashSet;
use std::fmt;
use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use sha2::{Digest as _, Sha256};

use super::body::{self, LARGEST_BODY, ReadBody, Sender};
use super::error::Problem;
use super::objects::Objects;
use super::openapi::RequestShape;
use crate::service::{self, App, FieldError};

/// A JSON body, read strictly: 415 where it does not say that it is JSON, 400 where it is not, 413 where it is too
/// large, 422 where it does not fit.
///
/// Request types carry `#[serde(deny_unknown_fields)]` and raw fields, which the service checks and names.
#[derive(Debug, Clone)]
pub struct Body<T> {
    /// What was read.
    pub value: T,
    /// Tells bodies apart.
    pub digest: [u8; 32],
}

/// The same, for requests that may come without a body: that is `{}`.
#[derive(Debug, Clone)]
pub struct BodyOrDefault<T>(pub Body<T>);

/// A body of any kind, of a request with a token.
#[derive(Debug)]
pub struct RawBody {
    body: ReadBody,
    shape: Option<RequestShape>,
    /// The media type in lower case, without its parameters.
    pub media_type: String,
}

impl RawBody {
    /// Reads it as JSON.
    ///
    /// # Errors
    /// Where it is not JSON, does not say so, or does not fit.
    pub async fn json<T: DeserializeOwned + Send + 'static>(self) -> Result<Body<T>, Problem> {
        if self.media_type != "application/json" && !self.media_type.ends_with("+json") {
            return Err(Problem::wrong_type("application/json"));
        }
        let shape = self.shape;
        self.body
            .parsed(move |bytes| read_json(bytes, shape.as_ref()))
            .await
    }

    /// Reads it as text.
    ///
    /// # Errors
    /// Where it is not UTF-8, and those of `read`.
    pub async fn text<T: Send + 'static>(
        self,
        read: impl FnOnce(&str) -> Result<T, Problem> + Send + 'static,
    ) -> Result<Body<T>, Problem> {
        let read_text = move |bytes: &[u8]| {
            let text = utf8(bytes)?;
            Ok(Body {
                value: read(text)?,
                digest: Sha256::digest(bytes).into(),
            })
        };
        self.body.parsed(read_text).await
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    str::from_utf8(bytes).map_err(|_| Problem::not_json("the body is not UTF-8"))
}

fn read_json<T: DeserializeOwned>(
    bytes: &[u8],
    shape: Option<&RequestShape>,
) -> Result<Body<T>, Problem> {
    // The parser looks at the characters of texts only where it keeps them.
    utf8(bytes)?;
    Ok(Body {
        value: parse(bytes, shape)?,
        digest: Sha256::digest(bytes).into(),
    })
}

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(|value| value.trim().to_ascii_lowercase())
            .unwrap_or_default();
        let shape = RequestShape::of(request);
        let body = body::read(request, payload, Sender::Program, LARGEST_BODY);
        Box::pin(async move {
            let body = body.await?;
            Ok(Self {
                body,
                shape,
                media_type,
            })
        })
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = RawBody::from_request(request, payload);
        Box::pin(async move { raw.await?.json().await })
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest for BodyOrDefault<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = RawBody::from_request(request, payload);
        Box::pin(async move {
            let raw = raw.await?;
            if raw.body.bytes.is_empty() {
                read_json(b"{}", raw.shape.as_ref()).map(Self)
            } else {
                raw.json().await.map(Self)
            }
        })
    }
}

/// Reads a value. Nesting is bounded by the parser (128 levels), so that no body can exhaust the stack.
fn parse<T: DeserializeOwned>(bytes: &[u8], shape: Option<&RequestShape>) -> Result<T, Problem> {
    let fault = match read(bytes)? {
        Ok(value) => match find_twice(bytes) {
            None => return Ok(value),
            Some(twice) => twice,
        },
        Err(unfit) => unfit,
    };
    // Types are read up to the first fault: the document knows all of them.
    let shape = shape.and_then(RequestShape::get);
    let mut faults = shape.map_or_else(Vec::new, |shape| shape.check_body(bytes));
    if !faults
        .iter()
        .any(|one| covers(&one.pointer, &fault.pointer))
    {
        faults.push(fault);
    }
    Err(service::Error::Invalid(faults).into())
}

/// Whether one pointer is at the other, above it, or below.
fn covers(one: &str, other: &str) -> bool {
    let is_below = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_below(one, other) || is_below(other, one)
}

/// The value, or the first thing in it that does not fit; a problem where it is not JSON at all.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Result<T, FieldError>, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(Objects(&mut reader));
    let value = match read {
        Ok(value) => value,
        Err(error) => {
            let pointer = pointer(error.path());
            let inner = error.into_inner();
            if inner.classify() != Category::Data {
                return Err(not_json(&inner));
            }
            // The first value that does not fit ends the reading; what follows may not be JSON at all.
            serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| not_json(&error))?;
            return Ok(Err(unfit(pointer, &inner)));
        }
    };
    reader.end().map_err(|error| not_json(&error))?;
    Ok(Ok(value))
}

/// A value that does not fit. A member that is missing is pointed at as if it were there.
fn unfit(mut pointer: String, error: &serde_json::Error) -> FieldError {
    let detail = without_position(&error.to_string());
    let missing = detail
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    if let Some(name) = missing {
        pointer = format!("{pointer}/{name}");
    }
    FieldError { pointer, detail }
}

/// An object with the same key twice, wherever it is: of two values the library would take the last, and other
/// programs take the first.
fn find_twice(bytes: &[u8]) -> Option<FieldError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize::<_, KeysOnce>(&mut reader);
    let error = read.err()?;
    let pointer = pointer(error.path());
    let detail = without_position(&error.into_inner().to_string());
    Some(FieldError { pointer, detail })
}

/// Any JSON without the same key twice.
struct KeysOnce;

impl<'de> Deserialize<'de> for KeysOnce {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for KeysOnce {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<Self>()?;
            if let Some(twice) = seen.replace(key) {
                return Err(serde::de::Error::custom(format!(
                    "`{twice}` is there twice"
                )));
            }
        }
        Ok(self)
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::not_json(format!("the body is not JSON: {error}"))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// The library says where in the text; the pointer says it better.
fn without_position(text: &str) -> String {
    text.rsplit_once(" at line ")
        .map_or(text, |(what, _)| what)
        .to_owned()
}

/// A query string: 422 where it does not fit, with everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_query(request).map(Self))
    }
}

fn read_query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let query = request.query_string();
    let shape = RequestShape::of(request);
    let app = request.app_data::<web::Data<App>>();
    if let Some((shape, app)) = shape.as_ref().and_then(RequestShape::get).zip(app) {
        let faults = shape.check_query(query, app.clock.now());
        if !faults.is_empty() {
            return Err(service::Error::Invalid(faults).into());
        }
    }
    web::Query::<T>::from_query(query)
        .map(web::Query::into_inner)
        .map_err(|error| bad_query(&error))
}

fn bad_query(error: &actix_web::error::QueryPayloadError) -> Problem {
    let detail = match error {
        actix_web::error::QueryPayloadError::Deserialize(error) => error.to_string(),
        other => other.to_string(),
    };
    // "unknown field `x`, expected …", "duplicate field `x`", "missing field `x`"
    let name = detail.split('`').nth(1).unwrap_or_default();
    Problem::invalid(
        if name.is_empty() {
            String::new()
        } else {
            format!("/{name}")
        },
        detail.clone(),
    )
}

/// The `{id}` of the path; what is no id names nothing, so it is 404.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: FromStr> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "id").map(Self))
    }
}

/// The `{n}` of the path.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub u32);

impl FromRequest for Number {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let number = segment(request, "n");
        // `+1` and `01` are read as numbers, too, but name nothing.
        let named =
            |number: &u32| request.match_info().get("n") == Some(number.to_string().as_str());
        ready(
            number
                .and_then(|number| {
                    named(&number)
                        .then_some(number)
                        .ok_or_else(Problem::no_such_page)
                })
                .map(Self),
        )
    }
}

/// The `{slug}` of the path.
#[derive(Debug, Clone)]
pub struct Slug(pub String);

impl FromRequest for Slug {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "slug").map(Self))
    }
}

fn segment<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, Problem> {
    request
        .match_info()
        .get(name)
        // PostgreSQL has no text with it, so nothing is called like that.
        .filter(|text| !text.contains('\0'))
        .and_then(|text| text.parse().ok())
        .ok_or_else(Problem::no_such_page)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Outer {
        name: String,
        inner: Option<Vec<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        number: u8,
    }

    fn status(body: &str) -> u16 {
        parse::<Outer>(body.as_bytes(), None)
            .map_or_else(|problem| problem.status().as_u16(), |_| 200)
    }

    #[test]
    fn what_is_not_json_is_400_and_what_does_not_fit_is_422() {
        assert_eq!(status(r#"{"name":"x","inner":[{"number":1}]}"#), 200);
        for not_json in [
            "",
            "{",
            "name=x",
            r#"{"name":"x"} x"#,
            r#"{"name":1} x"#,
            "\u{feff}{}",
            &"[".repeat(100_000),
        ] {
            assert_eq!(status(not_json), 400, "{not_json:.20}");
        }
        for unfit in [
            "{}",
            "[]",
            r#"["x"]"#,
            r#"["x",null]"#,
            r#"{"name":"x","inner":[[1]]}"#,
            "null",
            r#"{"name":1}"#,
            r#"{"name":"x","nmae":"y"}"#,
            r#"{"name":"x","name":"y"}"#,
            r#"{"name":"x","inner":[{"number":256}]}"#,
            r#"{"name":"x","inner":[{"number":1,"number":1}]}"#,
        ] {
            assert_eq!(status(unfit), 422, "{unfit}");
        }
        assert_eq!(status("{"), 400);
        assert!(
            parse::<serde_json::Value>(br#"{"a":{"b":[1,{"c":1}]},"d":{"c":2}}"#, None).is_ok()
        );
        for twice in [r#"{"a":1,"a":1}"#, r#"[{"a":{"b":[{"c":1,"\u0063":2}]}}]"#] {
            assert!(
                parse::<serde_json::Value>(twice.as_bytes(), None).is_err(),
                "{twice}"
            );
        }
        assert!(parse::<serde_json::Value>("[".repeat(100_000).as_bytes(), None).is_err());
    }
}
