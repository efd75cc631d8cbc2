//! What is where.

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder as _};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::feeds;
use super::health;
use super::links;
use super::webhooks;
use crate::api;
use crate::http::error::Problem;
use crate::http::openapi::Document;
use dogwatch_web as pages;

/// Every route of the server.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::scope("/api/v1").configure(api::routes))
        .service(calendar("/feeds/{token}"))
        .service(calendar("/feeds/{token}/{name}"))
        .service(
            web::resource("/links/{token}")
                .route(web::get().to(links::show))
                .route(web::post().to(links::follow)),
        )
        .service(
            web::resource("/webhooks/incidents/{id}")
                .route(web::post().to(webhooks::take))
                .default_service(web::to(|| async { wrong_method("POST").response() })),
        )
        .service(probe("/healthz", health::alive))
        .service(probe("/readyz", health::ready))
        .service(probe("/metrics", health::metrics))
        .service(probe("/api/openapi.json", api::openapi::serve))
        .service(web::redirect("/api/docs", "/api/docs/"))
        .service(SwaggerUi::new("/api/docs/{_:.*}").config(Config::from("/api/openapi.json")))
        .service(pages::pages())
        .default_service(web::to(nothing_here));
}

/// What calendar programs poll.
fn calendar(path: &str) -> impl actix_web::dev::HttpServiceFactory + use<> {
    web::resource(path)
        .route(web::get().to(feeds::poll))
        .default_service(web::to(feeds::only_polled))
}

/// Something that programs look at often.
fn probe<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<Args, Output = HttpResponse> + Copy,
    F::Future: Future<Output = HttpResponse>,
    Args: actix_web::FromRequest + 'static,
{
    web::resource(path)
        .route(web::get().to(handler))
        .default_service(web::to(|| async { wrong_method("GET, HEAD").response() }))
}

/// There is nothing at this address, or nothing that can be asked like this.
async fn nothing_here(request: HttpRequest) -> HttpResponse {
    let path = request.path();
    if path.starts_with("/feeds/") {
        return "there is no such feed\n"
            .customize()
            .with_status(StatusCode::NOT_FOUND)
            .respond_to(&request)
            .map_into_boxed_body();
    }
    let allowed = request
        .app_data::<web::Data<Document>>()
        .map(|document| document.methods(path))
        .unwrap_or_default();
    if allowed.is_empty() && is_read_by_people(&request) {
        return pages::nothing_here(&request);
    }
    if allowed.is_empty() {
        return Problem::no_such_page().response();
    }
    let allowed = allowed.join(", ");
    if request.method() == Method::OPTIONS {
        return HttpResponse::NoContent()
            .insert_header((header::ALLOW, allowed))
            .finish();
    }
    wrong_method(&allowed).response()
}

/// Whether a browser shows somebody what is answered.
fn is_read_by_people(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT);
    let accepted = accepted.and_then(|types| types.to_str().ok());
    !request.path().starts_with("/api/")
        && accepted.is_some_and(|types| types.contains("text/html"))
}

fn wrong_method(allowed: &str) -> Problem {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("this address has {allowed} only"),
    );
    match HeaderValue::from_str(allowed) {
        Ok(allowed) => problem.header(header::ALLOW, allowed),
        Err(_) => problem,
    }
}
