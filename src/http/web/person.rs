//! A person: where they are, and what they have on duty.

use actix_web::{get, web};
use askama::Template;

use super::duties::{self, Duty};
use super::lanes::{Reach, Scale, View};
use super::track::Bar;
use super::{Answer, Page, Refusal, Section, Visitor, when};
use crate::domain::duty::Rota as _;
use crate::domain::ids::PersonId;
use crate::domain::interval::FOREVER;
use crate::service::access;

#[derive(Template)]
#[template(path = "pages/person.html")]
struct Sheet {
    page: Page,
    id: PersonId,
    email: Option<String>,
    zone: String,
    clock: String,
    at_work: bool,
    hours: String,
    gone: bool,
    teams: Vec<(String, String)>,
    scale: Option<Scale>,
    bars: Vec<Bar>,
    duties: Vec<Duty>,
}

/// A person.
#[get("/people/{id}")]
pub async fn show(visitor: Visitor, id: web::Path<String>, view: web::Query<View>) -> Answer {
    let mut page = visitor.page("", Section::People)?;
    let id: PersonId = id.parse().map_err(|_| Refusal::no_such("person"))?;
    let person = page.roster.person(id).cloned();
    let person = person.ok_or_else(|| Refusal::no_such("person"))?;
    page.title.clone_from(&person.name);
    let sight = view.days(&page, Reach::Month);
    let found = sight
        .as_ref()
        .map(|sight| duties::of(&page, id, sight.track.0))
        .unwrap_or_default();
    let bars = found.iter().filter_map(|duty| {
        let sight = sight.as_ref()?;
        let words = format!("{}: {}", duty.name, page.stretch(&duty.shift.interval));
        let interval = duty.shift.interval;
        sight.track.persons_bar(interval, id, &duty.name, words)
    });
    let bars = bars.collect();
    let zone = person.zone(page.now);
    let present = person.available_at(page.now, page.now);
    let sheet = Sheet {
        id,
        email: access::sees_address(&visitor.actor, id, page.roster.teams().map(AsRef::as_ref))
            .then(|| person.email.clone()),
        clock: when::clock(&zone, page.now),
        zone: zone.to_string(),
        at_work: present.is_some(),
        hours: match present {
            Some(hours) if hours.end() == FOREVER => "always".to_owned(),
            Some(hours) => format!("until {}", when::short(&page.zone, hours.end(), page.now)),
            None => person
                .next_available(page.now, page.now)
                .map(|next| format!("from {}", when::short(&page.zone, next.start(), page.now)))
                .unwrap_or_default(),
        },
        gone: !person.active_at(page.now),
        teams: page
            .roster
            .teams()
            .filter(|team| team.has(id, page.now))
            .map(|team| (team.slug.clone(), team.name.clone()))
            .collect(),
        scale: sight.map(|sight| sight.scale(&page)),
        bars,
        duties: found,
        page,
    };
    visitor.show(&sheet)
}
