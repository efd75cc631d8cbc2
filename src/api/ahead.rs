//! What is wrong ahead, and who could take over: answered from the roster, without the database.

use actix_web::get;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::ids::RotationId;
use crate::domain::schedule::clash::Clash;
use crate::domain::time::interval::Interval;
use crate::http::auth::Caller;
use crate::http::{Id, Page, Paging, Problem, Query, Reply};
use crate::service::schedule_issues::{self, ClashAhead, GapAhead, Remedies};
use crate::service::suggestions::{self, SuggestionView};
use crate::service::{ValidationErrors, input};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TeamWindow {
    /// From when; by default now.
    from: Option<String>,
    /// Until when, at most 400 days later; by default four weeks.
    until: Option<String>,
    /// Only of the team with this slug.
    team: Option<String>,
}

/// Gaps, all of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gaps {
    /// In order of start.
    items: Vec<GapAhead>,
}

/// Gaps ahead, over rotations, with a remedy for each.
#[utoipa::path(
    operation_id = "listGaps",
    tag = "ahead",
    params(TeamWindow),
    responses((status = 200, description = "The gaps of the window.", body = Gaps)),
)]
#[get("/gaps")]
pub async fn gaps(caller: Caller, query: Query<TeamWindow>) -> Result<Reply, Problem> {
    let TeamWindow { from, until, team } = query.0;
    let window = input::window(from.as_deref(), until.as_deref(), caller.now)?;
    caller
        .block(move |caller| {
            let snapshot = caller.app.snapshots.snapshot();
            let found = schedule_issues::gaps(&snapshot, team.as_deref(), window)?;
            input::check_count(found.len(), input::MOST_GAPS, "gaps")?;
            let remedies = Remedies::new(&snapshot, caller.now);
            let items = found.iter().map(|(id, gap)| remedies.gap(*id, gap));
            Reply::ok(&Gaps {
                items: items.collect(),
            })
        })
        .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ClashesQuery {
    /// From when; by default now.
    from: Option<String>,
    /// Until when, at most 400 days later; by default four weeks.
    until: Option<String>,
    /// Only of the team with this slug.
    team: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// Shifts of people who are away, with a remedy for each.
#[utoipa::path(
    operation_id = "listClashes",
    tag = "ahead",
    params(ClashesQuery),
    responses((status = 200, description = "A page of clashes.", body = Page<ClashAhead>)),
)]
#[get("/clashes")]
pub async fn clashes(caller: Caller, query: Query<ClashesQuery>) -> Result<Reply, Problem> {
    let query = query.0;
    let mut errors = ValidationErrors::new();
    let paging = Paging::check(&mut errors, query.limit.as_deref(), query.cursor.as_deref());
    let window = input::check_window(
        &mut errors,
        query.from.as_deref(),
        query.until.as_deref(),
        caller.now,
    );
    let (paging, window) = errors.finish_with(paging.zip(window))?;
    let key = |clash: &Clash| {
        let start = clash.overlap.start().to_rfc3339();
        format!("{start} {} {}", clash.rotation, clash.time_off)
    };
    caller
        .block(move |caller| {
            let snapshot = caller.app.snapshots.snapshot();
            let found = schedule_issues::clashes(&snapshot, query.team.as_deref(), window)?;
            let remedies = Remedies::new(&snapshot, caller.now);
            Reply::ok(&paging.page(found, key).map(|clash| remedies.clash(&clash)))
        })
        .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SuggestionsQuery {
    /// The first instant of the time to be covered.
    start: Option<String>,
    /// The first instant after it, at most 400 days later.
    end: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// Who could take a time of a rotation, best first, with the reasons.
#[utoipa::path(
    operation_id = "listSuggestions",
    tag = "ahead",
    params(("id" = String, Path), SuggestionsQuery),
    responses((status = 200, description = "A page of people, best first.", body = Page<SuggestionView>)),
)]
#[get("/rotations/{id}/suggestions")]
pub async fn suggest(
    caller: Caller,
    id: Id<RotationId>,
    query: Query<SuggestionsQuery>,
) -> Result<Reply, Problem> {
    let query = query.0;
    let mut errors = ValidationErrors::new();
    let paging = Paging::check(&mut errors, query.limit.as_deref(), query.cursor.as_deref());
    let interval = input::check_interval(
        &mut errors,
        query.start.as_deref(),
        query.end.as_deref(),
        caller.now,
    );
    let (paging, interval): (Paging, Interval) = errors.finish_with(paging.zip(interval))?;
    caller
        .block(move |caller| {
            let snapshot = caller.app.snapshots.snapshot();
            let found = suggestions::of_rotation(&snapshot, id.0, interval)?;
            // Their order is what counts: the key is their place in it.
            let placed = found.into_iter().enumerate();
            let page = paging.page(placed, |(place, _)| format!("{place:06}"));
            Reply::ok(&page.map(|(_, one)| one))
        })
        .await
}
