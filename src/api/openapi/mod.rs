//! The API as an `OpenAPI` 3.1 document: what the code says, completed by what holds for all operations.

mod components;
mod examples;
mod operations;
#[cfg(test)]
mod shape_tests;
#[cfg(test)]
mod tests;
mod variants;
mod vocabulary;

use actix_web::http::header;
use actix_web::{App, HttpResponse, web};
use serde_json::{Value, json};
use utoipa::OpenApi as _;
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::scope::scope;

use crate::api;
use crate::http::error::ProblemBody;
use crate::http::openapi::{Document, METHODS};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Dogwatch",
        description = "Who has the duty: by rotations, overrides and working hours."
    ),
    servers((url = "/", description = "The server that this document comes from")),
    components(schemas(ProblemBody)),
    security(("token" = [])),
    tags(
        (name = "ahead", description = "Gaps and clashes ahead, and who could take over"),
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

/// The document of every route.
#[must_use]
pub fn document() -> Document {
    Document::new(describe())
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
        .body(document.json().to_owned())
}

/// A reference to a schema.
fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
