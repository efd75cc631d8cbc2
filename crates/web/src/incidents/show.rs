//! One incident: the card, the checklist, and all that happened.

use actix_web::{HttpRequest, get, web};
use askama::Template;

use super::card::Card;
use super::history::{Line, lines};
use super::{Answer, PageContext, Section, SignedIn, find, tag, tagged, unchanged};
use crate::domain::incidents::Incident;
use crate::parts::Who;
use crate::service::incidents;
use crate::when::When;
use crate::{Fields, PageError};

/// The page of an incident.
#[derive(Template)]
#[template(path = "pages/incident.html")]
pub struct IncidentPage {
    page: PageContext,
    id: String,
    reference: String,
    title: String,
    card: Card,
    to_do: Vec<Item>,
    afterwards: Vec<Item>,
    watches: Vec<Watch>,
    lines: Vec<Line>,
    may_tick: bool,
    errors: Fields,
}

/// Something to be done.
struct Item {
    number: u32,
    text: String,
    due: Option<When>,
    done: Option<(When, Option<Who>)>,
}

/// Somebody's time as the watcher.
struct Watch {
    who: Who,
    from: When,
    until: Option<When>,
}

impl IncidentPage {
    /// As this visitor sees it; with the form that could not be accepted, and which it is.
    pub fn new(
        visitor: &SignedIn,
        incident: &Incident,
        failed: Option<(&str, Fields)>,
    ) -> Result<Self, PageError> {
        let page = visitor.page(incident.reference.clone(), Section::Incidents)?;
        let back = format!("/incidents/{}", incident.id);
        let card = Card::new(visitor, &page, incident, back).alone();
        let may = incidents::may(&page.snapshot, incident, &visitor.actor, page.now);
        let errors = failed.as_ref().map(|(_, form)| form.clone());
        let (afterwards, to_do) = incident
            .items
            .iter()
            .partition::<Vec<_>, _>(|item| item.due_at.is_some());
        let items_of = |items: Vec<&crate::domain::incidents::Item>| {
            let items = items.into_iter().map(|item| Item {
                number: item.number,
                text: item.text.clone(),
                due: item.due_at.map(|due| page.when(&due)),
                done: item
                    .done
                    .map(|(at, by)| (page.at(&at), by.map(|by| page.who(&by)))),
            });
            items.collect()
        };
        let watches = incident.watches.iter().map(|watch| Watch {
            who: page.who(&watch.person),
            from: page.at(&watch.from),
            until: watch.until.map(|until| page.at(&until)),
        });
        Ok(Self {
            id: incident.id.to_string(),
            reference: incident.reference.clone(),
            title: incident.title.clone(),
            card: match failed {
                Some((doing, form)) => card.with_form(doing, form),
                None => card,
            },
            to_do: items_of(to_do),
            afterwards: items_of(afterwards),
            watches: watches.collect(),
            lines: lines(&page, incident),
            may_tick: may.work,
            errors: errors.unwrap_or_default(),
            page,
        })
    }
}

/// The incident.
#[get("/incidents/{id}")]
pub async fn show(visitor: SignedIn, id: web::Path<String>, request: HttpRequest) -> Answer {
    let page = visitor.page("Incident", Section::Incidents)?;
    let tag = tag(&visitor, &page);
    if let Some(nothing) = unchanged(&request, &tag) {
        return Ok(nothing);
    }
    let incident = find(&visitor, &page, &id).await?;
    let says = page.flash.is_some();
    let sheet = IncidentPage::new(&visitor, &incident, None)?;
    Ok(tagged(visitor.show(&sheet)?, says, &tag))
}
