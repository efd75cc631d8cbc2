//! The contract as a document in the form of `OpenAPI` 3.1, made from the code.
//!
//! Handlers say what is their own: the id of the operation, what it takes, and what it answers with when all goes well.
//! What holds for many is added here: `components` has schemas named once, `operations` headers, parameters and errors,
//! `vocabulary` the formats and closed sets of values, `examples` the examples. What a request may hold (`shape`) is read from the finished document.

mod components;
mod examples;
mod operations;
#[cfg(test)]
mod tests;
mod variants;
mod vocabulary;

use actix_web::http::{Method, header};
use actix_web::{App, HttpResponse, web};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::scope::scope;

use super::api;
use super::error::ProblemBody;
use super::shape::Shape;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Dogwatch",
        description = "Who has the duty: by rotations, overrides and working hours."
    ),
    servers((url = "/", description = "The server that this document comes from")),
    components(schemas(ProblemBody)),
    security(("token" = [])),
    tags(
        (name = "ahead", description = "Gaps and clashes ahead, and who could mend them"),
        (name = "audit", description = "Who changed what, and when"),
        (name = "calendars", description = "People's own calendars, read for time off"),
        (name = "chats", description = "What the chat of a team or a rotation is told"),
        (name = "duties", description = "Who has the duty, and when"),
        (name = "feeds", description = "Addresses for calendar programs"),
        (name = "handovers", description = "Notes and checklists for whoever comes next"),
        (name = "incidents", description = "Incidents, who watches them, and the programs that declare them"),
        (name = "outbox", description = "Mails that are to be sent, and what became of them"),
        (name = "overrides", description = "Times that somebody else takes"),
        (name = "people", description = "People and their preferences"),
        (name = "reports", description = "Who carried how much"),
        (name = "rotations", description = "Rotations, their revisions and reminders"),
        (name = "swaps", description = "Covers and trades that people agree on"),
        (name = "teams", description = "Teams and who is in them"),
        (name = "time off", description = "When people are away"),
        (name = "tokens", description = "Access tokens"),
    ),
)]
struct Base;

/// The document, and what is looked up in it.
#[derive(Debug, Clone)]
pub struct Document {
    json: String,
    value: Value,
    methods: Vec<(Vec<String>, Vec<&'static str>)>,
}

impl Document {
    /// Collects every route of the interface.
    #[must_use]
    pub fn collect() -> Self {
        let value = describe();
        let paths = value.get("paths").and_then(Value::as_object);
        let methods = paths.into_iter().flatten().map(|(path, item)| {
            let segments = path.split('/').map(str::to_owned).collect();
            let has = |(member, _): &&(&str, &str)| item.get(member).is_some();
            (
                segments,
                METHODS.iter().filter(has).map(|(_, name)| *name).collect(),
            )
        });
        Self {
            json: value.to_string(),
            methods: methods.collect(),
            value,
        }
    }

    /// What a request may hold to what is at this path, as the routes have it; nothing where that is not in the
    /// document.
    #[must_use]
    pub fn shape(&self, path: &str, method: &str) -> Option<Shape<'_>> {
        let operation = self.value.get("paths")?.get(path)?.get(method)?;
        Some(Shape::new(&self.value, operation))
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

/// The whole document.
fn describe() -> Value {
    let (_, api) = App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .service(scope("/api/v1").configure(|config| api::routes(config)))
        .split_for_parts();
    let mut document = serde_json::to_value(api).unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document cannot be written");
        Value::Null
    });
    components::complete(&mut document);
    vocabulary::complete(&mut document);
    operations::complete(&mut document);
    examples::complete(&mut document);
    document
}

/// `GET /api/openapi.json`.
pub async fn serve(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.json.clone())
}

const METHODS: [(&str, &str); 5] = [
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
];

/// The member of a path that has what this method does.
pub(super) fn member(method: &Method) -> &'static str {
    let known = METHODS.iter().find(|(_, name)| method.as_str() == *name);
    known.map_or("get", |(member, _)| member)
}

/// A header of requests, which may be left out.
#[must_use]
pub fn request_header(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}

/// A reference to a schema.
fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
