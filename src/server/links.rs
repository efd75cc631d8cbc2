//! `/links/{token}`: what a one-step link in a mail would do, and, at the press of a button, does.
//!
//! The token is the only secret. Mail programs unsubscribe by a POST of their own (RFC 8058).

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::cause::chain;
use crate::http::blocking;
use crate::http::body::{LARGEST_SMALL_BODY, StrangersBody};
use crate::http::error::{Problem, attach_cause};
use crate::http::forwarding::address;
use crate::service::links::BadLink;
use crate::service::{App, Error};

/// A page that stands by itself.
#[derive(Template)]
#[template(path = "link.html")]
struct Page<'a> {
    title: &'a str,
    text: &'a str,
    button: Option<&'a str>,
    address: Option<&'a str>,
}

/// `GET`: what it would do.
pub async fn show(app: web::Data<App>, token: web::Path<String>) -> HttpResponse {
    let link = match app.read_link(&token, app.clock.now()) {
        Ok(link) => link,
        Err(bad) => return useless(bad),
    };
    match blocking::run(move || app.offered(&link)).await {
        Ok(offered) => Page {
            title: &offered.title,
            text: &offered.text,
            button: offered.button,
            address: None,
        }
        .answer(StatusCode::OK),
        Err(error) => failed(error),
    }
}

/// `POST`: does it.
pub async fn follow(
    app: web::Data<App>,
    token: web::Path<String>,
    request: HttpRequest,
    body: Result<StrangersBody<LARGEST_SMALL_BODY>, Problem>,
) -> HttpResponse {
    // Nothing in it matters, but whoever sends it is told what is not read.
    if let Err(problem) = body {
        return failed_as(&problem);
    }
    let link = match app.read_link(&token, app.clock.now()) {
        Ok(link) => link,
        Err(bad) => return useless(bad),
    };
    let from = address(&request);
    let done = blocking::run(move || app.follow(&link, from)).await;
    match done {
        Ok(done) => Page {
            title: "Done",
            text: &done.text,
            button: None,
            address: done.address.as_deref(),
        }
        .answer(StatusCode::OK),
        Err(error) => failed(error),
    }
}

fn useless(bad: BadLink) -> HttpResponse {
    let status = match bad {
        BadLink::Unknown => StatusCode::NOT_FOUND,
        BadLink::Expired => StatusCode::GONE,
    };
    Page::says("This does not work", &bad.to_string()).answer(status)
}

/// In the words of the API, which the one place for errors has.
fn failed(error: Error) -> HttpResponse {
    let problem = Problem::from(error);
    failed_as(&problem)
}

fn failed_as(problem: &Problem) -> HttpResponse {
    let mut response = Page::says(
        "This does not work",
        &format!("It could not be done: {problem}."),
    )
    .answer(problem.status());
    for (name, value) in problem.headers() {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    if let Some(cause) = problem.cause() {
        attach_cause(&mut response, cause);
    }
    response
}

impl<'a> Page<'a> {
    const fn says(title: &'a str, text: &'a str) -> Self {
        Self {
            title,
            text,
            button: None,
            address: None,
        }
    }

    fn answer(&self, status: StatusCode) -> HttpResponse {
        match self.render() {
            Ok(page) => HttpResponse::build(status)
                .content_type("text/html; charset=utf-8")
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .insert_header((header::REFERRER_POLICY, "no-referrer"))
                .insert_header((
                    header::CONTENT_SECURITY_POLICY,
                    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
                ))
                .insert_header(("X-Robots-Tag", "noindex"))
                .body(page),
            Err(error) => {
                let mut response = HttpResponse::InternalServerError().finish();
                attach_cause(&mut response, chain(&error));
                response
            }
        }
    }
}
