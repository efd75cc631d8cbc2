//! Everybody.

use std::sync::Arc;

use actix_web::get;
use askama::Template;

use super::role_code;
use crate::domain::people::person::Person;
use crate::service::access;
use crate::{Answer, PageContext, Section, SignedIn};

#[derive(Template)]
#[template(path = "pages/people.html")]
struct PeoplePage {
    page: PageContext,
    rows: Vec<Row>,
    gone: Vec<Row>,
}

/// A person in the list.
struct Row {
    person: Arc<Person>,
    /// Where the visitor may see it.
    email: Option<String>,
    role: &'static str,
    zone: String,
    /// Slugs and names.
    teams: Vec<(String, String)>,
}

/// Everybody, by name; those who left at the end.
#[get("/people")]
pub async fn show(visitor: SignedIn) -> Answer {
    let page = visitor.page("People", Section::People)?;
    let teams = || page.snapshot.teams().map(AsRef::as_ref);
    let row = |person: &Arc<Person>| {
        let sees = access::sees_address(&visitor.actor, person.id, teams());
        let of = page
            .snapshot
            .teams()
            .filter(|team| team.has(person.id, page.now));
        Row {
            email: sees.then(|| person.email.clone()),
            role: role_code(person.role),
            zone: person.zone(page.now).to_string(),
            teams: of
                .map(|team| (team.slug.clone(), team.name.clone()))
                .collect(),
            person: Arc::clone(person),
        }
    };
    let mut everybody: Vec<Row> = page.snapshot.people().values().map(row).collect();
    everybody.sort_by_key(|row| row.person.name.to_lowercase());
    let (rows, gone) = everybody
        .into_iter()
        .partition(|row| row.person.active_at(page.now));
    visitor.show(&PeoplePage { page, rows, gone })
}
