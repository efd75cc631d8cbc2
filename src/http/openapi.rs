//! The contract as a document in the form of `OpenAPI` 3.1, made from the code.

use actix_web::http::Method;
use actix_web::{App, HttpResponse, web};
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Content, Ref, RefOr, ResponseBuilder};
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::scope::scope;

use super::api;
use super::error::ProblemBody;

#[derive(OpenApi)]
#[openapi(
    info(title = "Dogwatch", description = "Who has the duty: by rotations, overrides and working hours."),
    components(schemas(ProblemBody)),
    security(("token" = []))
)]
struct Base;

/// The document, and what is looked up in it.
#[derive(Debug, Clone)]
pub struct Document {
    json: String,
    methods: Vec<(Vec<String>, Vec<&'static str>)>,
}

impl Document {
    /// Collects every route of the interface.
    #[must_use]
    pub fn collect() -> Self {
        let (_, mut api) = App::new()
            .into_utoipa_app()
            .openapi(Base::openapi())
            .service(scope("/api/v1").configure(|config| api::routes(config)))
            .split_for_parts();
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        api.components
            .get_or_insert_with(Components::new)
            .add_security_scheme("token", SecurityScheme::Http(scheme));
        let mut methods = Vec::new();
        for (path, item) in &mut api.paths.paths {
            let mut allowed = Vec::new();
            for (method, operation) in operations(item) {
                fail_as_problem(operation);
                allowed.push(method);
            }
            let segments = path.split('/').map(str::to_owned).collect();
            methods.push((segments, allowed));
        }
        let json = api.to_json().unwrap_or_else(|error| {
            tracing::error!(%error, "the OpenAPI document cannot be written");
            String::new()
        });
        Self { json, methods }
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

/// `GET /api/openapi.json`.
pub async fn serve(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.json.clone())
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
