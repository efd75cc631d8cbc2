//! Incidents that are over.

use actix_web::{get, web};
use askama::Template;
use serde::Deserialize;

use super::{Answer, PageContext, Section, SignedIn};
use crate::domain::incidents::Incident;
use crate::parts::Who;
use crate::service::incidents;
use crate::when::When;

/// So many to a page.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "pages/incidents_past.html")]
struct Past {
    page: PageContext,
    rows: Vec<Row>,
    /// What the next page begins before.
    older: Option<String>,
}

struct Row {
    id: String,
    reference: String,
    title: String,
    severity: String,
    declared: When,
    resolved: Option<When>,
    watchers: Vec<Who>,
}

#[derive(Deserialize)]
struct Where {
    before: Option<String>,
}

/// The latest first.
#[get("/incidents/past")]
pub async fn show(visitor: SignedIn, query: web::Query<Where>) -> Answer {
    let page = visitor.page("Incidents that are over", Section::Incidents)?;
    let before = query.into_inner().before;
    let found = visitor
        .read(move |db, _| incidents::past(db, before.as_deref(), MOST))
        .await?;
    let older = found.last().filter(|_| found.len() == MOST);
    let older = older.map(|last| last.id.to_string());
    let rows = found.iter().map(|incident| row(&page, incident)).collect();
    visitor.show(&Past { page, rows, older })
}

fn row(page: &PageContext, incident: &Incident) -> Row {
    let mut watchers: Vec<_> = incident.watches.iter().map(|watch| watch.person).collect();
    watchers.dedup();
    Row {
        id: incident.id.to_string(),
        reference: incident.reference.clone(),
        title: incident.title.clone(),
        severity: incident.severity.clone().unwrap_or_default(),
        declared: page.at(&incident.declared_at),
        resolved: incident.resolved_at.map(|at| page.at(&at)),
        watchers: watchers.iter().map(|id| page.who(id)).collect(),
    }
}
