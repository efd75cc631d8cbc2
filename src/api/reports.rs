//! Reports: answered from the roster, without the database.

use std::cmp::Reverse;

use actix_web::http::header::{self, Accept, Header as _, Quality};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::auth::Caller;
use crate::http::reply::csv_file;
use crate::http::{Problem, Query, Reply};
use crate::service::reports::{self, LoadReport};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LoadQuery {
    /// Only of the team with this slug.
    team: Option<String>,
    /// From when; by default 26 weeks before `until`.
    from: Option<String>,
    /// Until when, at most 400 days after `from`; by default now.
    until: Option<String>,
    /// `json` or `csv`; by default what `Accept` asks for first of the two.
    format: Option<String>,
}

/// Who carried how much: by the core order, in the end, and what changed hands.
#[utoipa::path(
    operation_id = "getLoadReport",
    tag = "reports",
    params(LoadQuery),
    responses((status = 200, description = "The report, as JSON or CSV.", content((LoadReport = "application/json"), (String = "text/csv")))),
)]
#[get("/reports/load")]
pub async fn load(
    caller: Caller,
    request: HttpRequest,
    query: Query<LoadQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.0;
    let as_csv = match query.format.as_deref() {
        None => prefers_csv(&request),
        Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(Problem::invalid("/format", "must be json or csv")),
    };
    let (from, until) = (query.from.as_deref(), query.until.as_deref());
    let window = reports::window(from, until, caller.now)?;
    let team = query.team;
    let report = caller
        .block(move |caller| {
            let snapshot = caller.app.snapshots.snapshot();
            reports::load(&snapshot, team.as_deref(), window)
        })
        .await?;
    let mut response = if as_csv {
        csv_file(&report.file_name(), report.csv()?)
    } else {
        Reply::ok(&report)?.response()
    };
    let vary = header::HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

/// Whether CSV is wanted more than JSON, or as much and named before it (RFC 9110 §12.5.1).
fn prefers_csv(request: &HttpRequest) -> bool {
    let Ok(Accept(accepted)) = Accept::parse(request) else {
        return false;
    };
    // What names a type says more of it than what stands for many.
    let wanted = |exact: &str, all_of_it: &str| {
        [exact, all_of_it, "*/*"].into_iter().find_map(|range| {
            let mut places = accepted.iter().enumerate();
            let (place, one) = places.find(|(_, one)| one.item.essence_str() == range)?;
            Some((one.quality, Reverse(place)))
        })
    };
    let (csv, json) = (
        wanted("text/csv", "text/*"),
        wanted("application/json", "application/*"),
    );
    csv.is_some_and(|(quality, _)| quality > Quality::ZERO) && csv > json
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn csv_comes_where_it_is_wanted_more() {
        for (accept, csv) in [
            ("text/csv", true),
            ("TEXT/CSV", true),
            ("text/*", true),
            ("text/csv, application/json", true),
            ("application/json;q=0.5, text/csv", true),
            ("text/csv, */*", true),
            ("text/csv;q=0", false),
            ("text/csv;q=0, */*", false),
            ("text/csv;q=0.1, application/json", false),
            ("application/json, text/csv", false),
            ("application/json", false),
            ("*/*", false),
            ("application/xml", false),
        ] {
            let request = TestRequest::default().insert_header((header::ACCEPT, accept));
            assert_eq!(prefers_csv(&request.to_http_request()), csv, "{accept}");
        }
        assert!(!prefers_csv(&TestRequest::default().to_http_request()));
    }
}
