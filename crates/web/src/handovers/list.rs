//! The handovers of a rotation: those that come, and those that were.

use actix_web::{get, web};
use askama::Template;
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::{Answer, HandoverView, PageContext, Section, SignedIn, Who, both, state};
use crate::domain::ids::RotationId;
use crate::domain::schedule::rotation::Kind;
use crate::domain::time::hours;
use crate::domain::time::interval::Timestamp;
use crate::service::{handovers, input};

/// The part of an address that says what is shown.
#[derive(Debug, Default, Deserialize)]
pub struct HandoversQuery {
    /// The first day.
    #[serde(default)]
    from: String,
}

#[derive(Template)]
#[template(path = "pages/handovers.html")]
struct HandoversPage {
    page: PageContext,
    id: RotationId,
    name: String,
    first: NaiveDate,
    last: NaiveDate,
    earlier: NaiveDate,
    later: NaiveDate,
    rows: Vec<Row>,
}

/// A handover, in a line.
struct Row {
    id: String,
    at: Timestamp,
    from: Who,
    to: Who,
    state: String,
    /// Whether it is the first that comes.
    is_next: bool,
}

/// So many days are shown, and so many of them lie behind where nobody says from when on.
const fn reach(kind: Kind) -> (u64, u64) {
    match kind {
        Kind::Ordered => (84, 28),
        // They hand over several times a day.
        Kind::FollowTheSun => (7, 2),
    }
}

/// The handovers of a rotation.
#[get("/rotations/{id}/handovers")]
pub async fn show(
    visitor: SignedIn,
    id: web::Path<String>,
    asked: web::Query<HandoversQuery>,
) -> Answer {
    let mut page = visitor.page("", Section::Teams)?;
    let timeline = page.rotation(&id)?;
    let rotation = timeline.rotation();
    page.title = format!("{}: handovers", rotation.name);
    let (days, behind) = reach(rotation.kind);
    let today = page.zone.to_local(page.now).date();
    let wanted = input::date(&asked.from).ok().filter(|date| {
        let at = page.zone.to_instant((*date).into());
        input::within(at, page.now).is_ok()
    });
    let first = wanted.unwrap_or_else(|| today - Days::new(behind));
    let last = first + Days::new(days - 1);
    let window = hours::days(&page.zone, first, last);
    let (id, snapshot) = (rotation.id, page.snapshot.clone());
    let found = visitor
        .read(move |db, visitor| match window {
            Some(window) => handovers::list(db, &visitor.actor, &snapshot, id, window),
            None => Ok(Vec::new()),
        })
        .await?;
    let next = found.iter().map(|one| one.at).find(|at| *at > page.now);
    let row = |view: &HandoverView| {
        let (from, to) = both(view)?;
        Some(Row {
            id: view.id.clone(),
            at: view.at,
            from,
            to,
            state: state(view, page.now),
            is_next: Some(view.at) == next,
        })
    };
    visitor.show(&HandoversPage {
        name: rotation.name.clone(),
        rows: found.iter().filter_map(row).collect(),
        earlier: first - Days::new(days),
        later: first + Days::new(days),
        id,
        first,
        last,
        page,
    })
}
