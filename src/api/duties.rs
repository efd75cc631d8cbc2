//! Who has the duty, when, and what is missing: answered from the roster, without the database.

use actix_web::{HttpResponse, get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::ids::{PersonId, RotationId};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::Kind;
use crate::domain::schedule::timeline::{Entry, Layer, Timeline};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::http::auth::Caller;
use crate::http::{Id, Problem, Query};
use crate::service::input::MOST_IN_WINDOW;
use crate::service::schedule_issues::of_team;
use crate::service::views::{CandidateView, DutyView, GapView, ShiftView};
use crate::service::{Error, ValidationErrors, input};
use crate::snapshot::Snapshot;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// The instant; by default now.
    at: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DutiesQuery {
    /// The instant; by default now.
    at: Option<String>,
    /// Only of the team with this slug.
    team: Option<String>,
    /// Only rotations whose role is called so.
    title: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct WindowQuery {
    /// From when; by default now.
    from: Option<String>,
    /// Until when, at most 400 days later; by default four weeks.
    until: Option<String>,
    /// `final` (default) or `base`.
    layer: Option<String>,
}

/// Every duty at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub struct Duties {
    /// The instant.
    at: chrono::DateTime<chrono::Utc>,
    /// One for each rotation.
    items: Vec<DutyView>,
}

/// Shifts and gaps of a window.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShiftsAndGaps {
    /// Every shift that meets the window, with its true start and end, in order of start.
    items: Vec<ShiftView>,
    /// Gaps, cut to the window.
    gaps: Vec<GapView>,
}

/// A list that comes whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct Items<T> {
    /// The items.
    items: Vec<T>,
}

/// As long as most answers are, in bytes.
const USUAL_ANSWER: usize = 1 << 10;

/// An answer from the roster.
fn from_roster(body: &impl Serialize) -> Result<HttpResponse, Problem> {
    let mut text = Vec::with_capacity(USUAL_ANSWER);
    serde_json::to_writer(&mut text, body)
        .map_err(|error| Error::caused("an answer cannot be written", error))?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(text))
}

fn stale_since(caller: &Caller) -> Option<Timestamp> {
    caller.app.snapshots.stale_since()
}

fn duty(
    snapshot: &Snapshot,
    timeline: &Timeline,
    at: Timestamp,
    stale: Option<Timestamp>,
) -> Option<DutyView> {
    let rotation = timeline.rotation();
    let duty = snapshot.duty(rotation.id, at)?;
    Some(DutyView {
        stale_since: stale,
        ..DutyView::of(snapshot, rotation, &duty, at)
    })
}

/// Who has the duty of a rotation.
#[utoipa::path(
    operation_id = "getOnDuty",
    tag = "duties",
    params(("id" = String, Path), At),
    responses((status = 200, description = "Who has the duty at that instant.", body = DutyView)),
)]
#[get("/rotations/{id}/on-duty")]
pub async fn of_rotation(
    caller: Caller,
    id: Id<RotationId>,
    query: Query<At>,
) -> Result<HttpResponse, Problem> {
    let at = input::at_or_now(query.0.at.as_deref(), caller.now)?;
    let snapshot = caller.app.snapshots.current();
    let timeline = snapshot.timeline(id.0).ok_or(Error::NotFound("rotation"))?;
    let duty = duty(&snapshot, timeline, at, stale_since(&caller));
    from_roster(&duty)
}

/// Who has the duty, of every rotation.
#[utoipa::path(
    operation_id = "listOnDuty",
    tag = "duties",
    params(DutiesQuery),
    responses((status = 200, description = "The duty of each rotation at that instant.", body = Duties)),
)]
#[get("/on-duty")]
pub async fn of_all(caller: Caller, query: Query<DutiesQuery>) -> Result<HttpResponse, Problem> {
    let at = input::at_or_now(query.0.at.as_deref(), caller.now)?;
    let snapshot = caller.app.snapshots.snapshot();
    let chosen = of_team(&snapshot, query.0.team.as_deref())?;
    let title = query.0.title.as_deref();
    let items = chosen
        .into_iter()
        .filter(|timeline| timeline.rotation().archived_at.is_none_or(|end| end > at))
        .filter(|timeline| title.is_none_or(|title| timeline.rotation().title == title))
        .filter_map(|timeline| duty(&snapshot, timeline, at, stale_since(&caller)))
        .collect();
    from_roster(&Duties { at, items })
}

/// The shifts of a rotation.
#[utoipa::path(
    operation_id = "listShifts",
    tag = "duties",
    params(("id" = String, Path), WindowQuery),
    responses((status = 200, description = "The shifts and gaps of the window.", body = ShiftsAndGaps)),
)]
#[get("/rotations/{id}/shifts")]
pub async fn shifts(
    caller: Caller,
    id: Id<RotationId>,
    query: Query<WindowQuery>,
) -> Result<HttpResponse, Problem> {
    let (window, layer) = query.0.read(caller.now)?;
    let snapshot = caller.app.snapshots.current();
    let timeline = snapshot.timeline(id.0).ok_or(Error::NotFound("rotation"))?;
    let entries = timeline.entries(layer, window);
    input::check_count(entries.len(), MOST_IN_WINDOW, "shifts and gaps")?;
    let items = entries
        .iter()
        .filter_map(Entry::shift)
        .map(|shift| ShiftView::within(snapshot.as_ref(), shift, window))
        .collect();
    let holes = entries
        .iter()
        .filter_map(Entry::gap)
        .map(GapView::from)
        .collect();
    from_roster(&ShiftsAndGaps { items, gaps: holes })
}

impl WindowQuery {
    /// What it asks for.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with everything that is wrong with it.
    fn read(&self, now: Timestamp) -> Result<(Interval, Layer), Error> {
        let mut errors = ValidationErrors::new();
        let window = input::check_window(
            &mut errors,
            self.from.as_deref(),
            self.until.as_deref(),
            now,
        );
        let layer = match self.layer.as_deref() {
            None | Some("final") => Some(Layer::Final),
            Some("base") => Some(Layer::Base),
            Some(_) => {
                errors.add("/layer", "must be final or base");
                None
            }
        };
        errors.finish_with(window.zip(layer))
    }
}

/// The shifts of a person, over all rotations.
#[utoipa::path(
    operation_id = "listShiftsOfPerson",
    tag = "duties",
    params(("id" = String, Path), WindowQuery),
    responses((status = 200, description = "The shifts of the window; no gaps.", body = ShiftsAndGaps)),
)]
#[get("/people/{id}/shifts")]
pub async fn person_shifts(
    caller: Caller,
    id: Id<PersonId>,
    query: Query<WindowQuery>,
) -> Result<HttpResponse, Problem> {
    let (window, layer) = query.0.read(caller.now)?;
    let snapshot = caller.app.snapshots.snapshot();
    snapshot.person(id.0).ok_or(Error::NotFound("person"))?;
    let mut items: Vec<ShiftView> = Vec::new();
    for timeline in snapshot.timelines() {
        let mine = timeline
            .shifts(layer, window)
            .into_iter()
            .filter(|shift| shift.person == id.0);
        items.extend(mine.map(|shift| ShiftView {
            rotation_id: Some(timeline.rotation().id.to_string()),
            ..ShiftView::within(snapshot.as_ref(), &shift, window)
        }));
        input::check_count(items.len(), MOST_IN_WINDOW, "shifts")?;
    }
    items.sort_by_key(|shift| shift.start);
    from_roster(&ShiftsAndGaps {
        items,
        gaps: Vec::new(),
    })
}

/// Who could watch an incident, best first.
#[utoipa::path(
    operation_id = "listCandidates",
    tag = "duties",
    params(("id" = String, Path), At),
    responses((status = 200, description = "The candidates, best first.", body = Items<CandidateView>)),
)]
#[get("/rotations/{id}/candidates")]
pub async fn candidates(
    caller: Caller,
    id: Id<RotationId>,
    query: Query<At>,
) -> Result<HttpResponse, Problem> {
    let at = input::at_or_now(query.0.at.as_deref(), caller.now)?;
    let snapshot = caller.app.snapshots.current();
    let timeline = snapshot.timeline(id.0).ok_or(Error::NotFound("rotation"))?;
    if timeline.rotation().kind != Kind::FollowTheSun {
        return Err(Error::conflict("only follow-the-sun rotations have candidates").into());
    }
    let found =
        crate::domain::incidents::candidates::at(timeline.rotation(), timeline.people(), at);
    let items = found
        .iter()
        .map(|one| CandidateView::of(snapshot.as_ref(), one, at))
        .collect();
    from_roster(&Items { items })
}
