//! The board: incidents that go on, and what is left of those that are over.

use actix_web::{HttpRequest, get};
use askama::Template;

use super::card::Card;
use super::{Answer, Page, Section, Visitor, open, tag, tagged, unchanged};
use crate::domain::incident::Incident;
use crate::domain::interval::Instant;
use crate::http::web::when::When;
use crate::service::access;

#[derive(Template)]
#[template(path = "pages/incidents.html")]
struct Board {
    page: Page,
    may_declare: bool,
    cards: Vec<Card>,
    left: Vec<Left>,
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
pub async fn show(visitor: Visitor, request: HttpRequest) -> Answer {
    let page = visitor.page("Incidents", Section::Incidents)?;
    let tag = tag(&visitor, &page);
    if let Some(nothing) = unchanged(&request, &tag) {
        return Ok(nothing);
    }
    let cards = open(&page)
        .into_iter()
        .map(|incident| Card::new(&visitor, &page, incident, "/incidents".to_owned()))
        .collect();
    let over = page.roster.incidents().filter(|one| !one.is_open());
    let left = over.map(|incident| left(&page, incident));
    let left = left.collect();
    let says = page.flash.is_some();
    let board = Board {
        may_declare: access::declares(&visitor.actor).is_ok(),
        page,
        cards,
        left,
    };
    Ok(tagged(visitor.show(&board)?, says, &tag))
}

fn left(page: &Page, incident: &Incident) -> Left {
    let items = || incident.items.iter().filter(|item| item.is_left());
    let due: Option<Instant> = items().filter_map(|item| item.due_at).min();
    Left {
        id: incident.id.to_string(),
        reference: incident.reference.clone(),
        title: incident.title.clone(),
        count: items().count(),
        due: due.map(|due| page.when(&due)),
    }
}
