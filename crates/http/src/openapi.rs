//! The contract as a document in the form of `OpenAPI` 3.1, made from the code.

use std::collections::HashSet;

use actix_web::http::{Method, header};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, Content, Header, HeaderBuilder, ObjectBuilder, Ref, RefOr, Required, Response,
    ResponseBuilder, Type,
};

use crate::idempotency;

/// The document, and what is looked up in it.
#[derive(Debug, Clone)]
pub struct Document {
    json: String,
    methods: Vec<(Vec<String>, Vec<&'static str>)>,
    /// What can be asked with a query: method and path.
    with_query: HashSet<(&'static str, String)>,
}

impl Document {
    /// Adds to the collected operations what all of them have.
    #[must_use]
    pub fn new(mut api: utoipa::openapi::OpenApi) -> Self {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        api.components
            .get_or_insert_with(Components::new)
            .add_security_scheme("token", SecurityScheme::Http(scheme));
        let mut methods = Vec::new();
        let mut with_query = HashSet::new();
        for (path, item) in &mut api.paths.paths {
            let mut allowed = Vec::new();
            let has_versions = operations(item).iter().any(|(_, one)| takes_version(one));
            for (method, operation) in operations(item) {
                if has_versions || takes_version(operation) {
                    answer_with(operation, &header::ETAG, "The version, for `If-Match`");
                }
                if method == "POST" {
                    may_be_repeated(operation);
                }
                if method != "GET" {
                    may_be_too_often(operation);
                }
                fail_as_problem(operation);
                if takes_query(operation) {
                    with_query.insert((method, path.clone()));
                }
                allowed.push(method);
            }
            let segments = path.split('/').map(str::to_owned).collect();
            methods.push((segments, allowed));
        }
        let json = api.to_json().unwrap_or_else(|error| {
            tracing::error!(%error, "the OpenAPI document cannot be written");
            String::new()
        });
        Self {
            json,
            methods,
            with_query,
        }
    }

    /// The document as it is served.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Whether what is at this path, as the routes have it, can be asked with a query.
    #[must_use]
    pub fn takes_query(&self, method: &Method, path: String) -> bool {
        self.with_query.contains(&(name(method), path))
    }

    /// The methods that can be used on this path; none where there is no such path.
    #[must_use]
    pub fn methods(&self, path: &str) -> Vec<&'static str> {
        let segments: Vec<&str> = path.split('/').collect();
        let meets = |template: &[String]| {
            template.len() == segments.len()
                && template.iter().zip(&segments).all(|(expected, given)| {
                    expected == given || (expected.starts_with('{') && !given.is_empty())
                })
        };
        let mut all: Vec<&'static str> = self
            .methods
            .iter()
            .filter(|(template, _)| meets(template))
            .flat_map(|(_, methods)| methods.iter().copied())
            .collect();
        if all.contains(&"GET") {
            all.push("HEAD");
        }
        if !all.is_empty() {
            all.push("OPTIONS");
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn operations(item: &mut PathItem) -> Vec<(&'static str, &mut Operation)> {
    let all = [
        (Method::GET, item.get.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::PATCH, item.patch.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((name(&method), operation?)))
        .collect()
}

fn name(method: &Method) -> &'static str {
    match *method {
        Method::PUT => "PUT",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "GET",
    }
}

/// A header of requests, which may be left out.
#[must_use]
pub fn request_header(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text()))
        .build()
}

fn text() -> utoipa::openapi::Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

fn takes_version(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters.filter_map(written_out).any(|one| {
        let is_version = header::IF_MATCH.as_str().eq_ignore_ascii_case(&one.name);
        is_version && one.parameter_in == ParameterIn::Header
    })
}

fn takes_query(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters
        .filter_map(written_out)
        .any(|one| one.parameter_in == ParameterIn::Query)
}

fn written_out<T>(one: &RefOr<T>) -> Option<&T> {
    match one {
        RefOr::T(one) => Some(one),
        RefOr::Ref(_) => None,
    }
}

/// What is done well has this header, where it has a body.
fn answer_with(operation: &mut Operation, name: &header::HeaderName, description: &str) {
    let described: Header = HeaderBuilder::new()
        .schema(Some(text()))
        .description(Some(description))
        .build();
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(Response { headers, .. }) = response
            && matches!(status.as_str(), "200" | "201")
        {
            headers.insert(name.to_string(), RefOr::T(described.clone()));
        }
    }
}

/// What is posted may be sent twice, and counts once.
fn may_be_repeated(operation: &mut Operation) {
    let key = request_header(
        "idempotency-key",
        "1 to 255 characters: the same request with the same key is answered as it was the first time, for 24 hours, \
         without secrets; with another body it is 422, and 409 while the first is running",
    );
    operation
        .parameters
        .get_or_insert_default()
        .push(RefOr::T(key));
    answer_with(
        operation,
        &idempotency::REPLAYED,
        "`true` where this is the answer of an earlier request with the same key",
    );
}

/// What changes something may be done only so often.
fn may_be_too_often(operation: &mut Operation) {
    let problem = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    let wait = HeaderBuilder::new()
        .schema(Some(text()))
        .description(Some("for how many seconds to wait"))
        .build();
    let response = ResponseBuilder::new()
        .description("One person did this too often within an hour")
        .content("application/problem+json", problem)
        .header(header::RETRY_AFTER.as_str(), wait)
        .build();
    operation
        .responses
        .responses
        .insert("429".to_owned(), RefOr::T(response));
}

/// Every operation can fail, and always says so in the same way.
fn fail_as_problem(operation: &mut Operation) {
    let problem = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    let response = ResponseBuilder::new()
        .description("It was not done; the problem says why")
        .content("application/problem+json", problem)
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(response));
}
