//! Incidents: the board, each incident, and what is done about them in one step.

pub mod act;
pub mod board;
mod card;
mod clock;
pub mod declare;
mod history;
mod line;
pub mod past;
pub mod show;

pub use line::{Line, Offered};

use std::sync::Arc;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};
use crate::domain::ids::IncidentId;
use crate::domain::incidents::{Attendance, Incident};
use crate::http::etag;
use crate::service::{Error, incidents};

/// The incident of this id: one that goes on, or one that is over.
async fn find(
    visitor: &SignedIn,
    page: &PageContext,
    id: &str,
) -> Result<Arc<Incident>, PageError> {
    let id: IncidentId = id.parse().map_err(|_| PageError::no_such("incident"))?;
    if let Some(found) = page.snapshot.incident(id) {
        return Ok(Arc::clone(found));
    }
    let found = visitor
        .read(move |db, _| incidents::history(db, id))
        .await?;
    Ok(Arc::new(found))
}

/// Those that go on; those that nobody watches come first.
fn open(page: &PageContext) -> Vec<&Incident> {
    let all = page.snapshot.incidents().map(AsRef::as_ref);
    let mut open: Vec<&Incident> = all.filter(|incident| incident.is_open()).collect();
    open.sort_by_key(|incident| {
        let attendance = incident.attendance(page.snapshot.as_ref(), page.now);
        (
            matches!(attendance, Attendance::Watched { .. }),
            incident.declared_at,
        )
    });
    open
}

/// What tells a page that shows incidents from the same page later: what is known, and the minute, since watches end
/// and updates become due by themselves.
fn tag(visitor: &SignedIn, page: &PageContext) -> String {
    format!(
        "{}-{}-{}-{}-{}",
        page.snapshot.version(),
        page.now.timestamp().div_euclid(60),
        visitor.session.id,
        page.zone,
        page.assets
    )
}

/// Nothing, where whoever asks has it already: whoever keeps looking asks every few seconds.
fn unchanged(request: &HttpRequest, tag: &str) -> Option<HttpResponse> {
    etag::is_named(request, tag).then(|| HttpResponse::NotModified().finish())
}

/// The page with its tag. What is said once is not shown again.
fn tagged(mut response: HttpResponse, page_says: bool, tag: &str) -> HttpResponse {
    if let (false, Ok(tag)) = (page_says, HeaderValue::from_str(&format!("W/\"{tag}\""))) {
        let headers = response.headers_mut();
        headers.insert(header::ETAG, tag);
        let kept = HeaderValue::from_static("private, no-cache");
        headers.insert(header::CACHE_CONTROL, kept);
    }
    response
}
