//! The board: incidents that go on, and what is left of those that are over.

use actix_web::{HttpRequest, get, web};
use askama::Template;
use serde::Deserialize;

use super::card::Card;
use super::{Answer, PageContext, Section, SignedIn, open, tag, tagged, unchanged};
use crate::domain::incidents::Incident;
use crate::domain::time::interval::Timestamp;
use crate::service::access;
use crate::when::When;

/// So many incidents that go on are on a page.
const CARDS: usize = 25;

/// So many that are over, and of which something is left to be done.
const LEFT: usize = 50;

/// Which page, from 1 on.
#[derive(Deserialize)]
struct Where {
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "pages/incidents.html")]
struct Board {
    page: PageContext,
    may_declare: bool,
    cards: Vec<Card>,
    left: Vec<Left>,
    /// How many go on, on all pages.
    open: usize,
    newer: Option<usize>,
    older: Option<usize>,
}

/// An incident that is over, and of which something is left to be done.
struct Left {
    id: String,
    reference: String,
    title: String,
    count: usize,
    due: Option<When>,
}

/// The board.
#[get("/incidents")]
pub async fn show(visitor: SignedIn, request: HttpRequest, query: web::Query<Where>) -> Answer {
    let page = visitor.page("Incidents", Section::Incidents)?;
    let tag = tag(&visitor, &page);
    if let Some(nothing) = unchanged(&request, &tag) {
        return Ok(nothing);
    }
    let all = open(&page);
    let over = page.snapshot.incidents().filter(|one| !one.is_open());
    let over: Vec<&Incident> = over.map(AsRef::as_ref).collect();
    let more = all.len().div_ceil(CARDS).max(over.len().div_ceil(LEFT));
    // What is no page leads to the first one, what lies beyond the last to that.
    let number = query.page.parse().unwrap_or(1).clamp(1, more.max(1));
    let cards = on_page(&all, number, CARDS)
        .map(|incident| Card::new(&visitor, &page, incident, "/incidents".to_owned()))
        .collect();
    let left = on_page(&over, number, LEFT)
        .map(|incident| left(&page, incident))
        .collect();
    let says = page.flash.is_some();
    let board = Board {
        open: all.len(),
        newer: (number > 1).then(|| number - 1),
        older: (number < more).then(|| number + 1),
        may_declare: access::declares(&visitor.actor).is_ok(),
        page,
        cards,
        left,
    };
    Ok(tagged(visitor.show(&board)?, says, &tag))
}

/// What of a list is on a page.
fn on_page<'a>(
    all: &[&'a Incident],
    number: usize,
    size: usize,
) -> impl Iterator<Item = &'a Incident> {
    let skipped = (number - 1).saturating_mul(size);
    all.iter().copied().skip(skipped).take(size)
}

fn left(page: &PageContext, incident: &Incident) -> Left {
    let items = || incident.items.iter().filter(|item| item.is_left());
    let due: Option<Timestamp> = items().filter_map(|item| item.due_at).min();
    Left {
        id: incident.id.to_string(),
        reference: incident.reference.clone(),
        title: incident.title.clone(),
        count: items().count(),
        due: due.map(|due| page.when(&due)),
    }
}
