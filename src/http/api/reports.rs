//! Reports: answered from the roster, without the database.

use actix_web::http::header::{self, Accept, Header as _};
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
#[utoipa::path(tag = "reports", params(LoadQuery), responses((status = 200, content((LoadReport = "application/json"), (String = "text/csv")))))]
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
            let roster = caller.app.keeper.snapshot();
            reports::load(&roster, team.as_deref(), window)
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

fn prefers_csv(request: &HttpRequest) -> bool {
    let ranked = Accept::parse(request).map_or_else(|_| Vec::new(), |accept| accept.ranked());
    let known = ranked.iter().find_map(|one| match one.essence_str() {
        "text/csv" => Some(true),
        "application/json" => Some(false),
        _ => None,
    });
    known.unwrap_or(false)
}
