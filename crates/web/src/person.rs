//! A person: where they are, and what they have on duty.

use actix_web::{get, web};
use askama::Template;

use super::duties::{self, Duty};
use super::timeline_chart::{Scale, View, Zoom};
use super::track::Bar;
use super::{Answer, PageContext, PageError, Section, SignedIn, when};
use crate::domain::ids::PersonId;
use crate::domain::people::person::Person;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::{FOREVER, Interval};
use crate::service::access;

#[derive(Template)]
#[template(path = "pages/person.html")]
struct PersonPage {
    page: PageContext,
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
    away: Vec<Away>,
}

/// Time off that is not over.
struct Away {
    interval: Interval,
    /// Why, for those who may see it.
    reason: Option<String>,
}

/// Time off of a person that is not over, in order.
fn away(page: &PageContext, person: &Person, sees_reasons: bool) -> Vec<Away> {
    let known = person.time_off.iter().filter_map(|off| {
        let interval = off.known_at(FOREVER)?;
        Some(Away {
            interval,
            reason: off.reason.clone().filter(|_| sees_reasons),
        })
    });
    let mut found: Vec<Away> = known.filter(|one| one.interval.end() > page.now).collect();
    found.sort_by_key(|one| one.interval.start());
    found
}

/// A person.
#[get("/people/{id}")]
pub async fn show(visitor: SignedIn, id: web::Path<String>, view: web::Query<View>) -> Answer {
    let mut page = visitor.page("", Section::People)?;
    let id: PersonId = id.parse().map_err(|_| PageError::no_such("person"))?;
    let person = page.snapshot.person(id).cloned();
    let person = person.ok_or_else(|| PageError::no_such("person"))?;
    page.title.clone_from(&person.name);
    let sight = view.days(&page, Zoom::Month);
    let found = sight
        .as_ref()
        .map(|sight| duties::of(&page, id, sight.track.0))
        .unwrap_or_default();
    let bars = found.iter().filter_map(|duty| {
        let sight = sight.as_ref()?;
        let words = format!(
            "{}: {}",
            duty.name,
            page.format_interval(&duty.shift.interval)
        );
        let interval = duty.shift.interval;
        sight.track.persons_bar(interval, id, &duty.name, words)
    });
    let bars = bars.collect();
    let teams = || page.snapshot.teams().map(AsRef::as_ref);
    let sees_reasons = access::sees_reasons(&visitor.actor, id, teams());
    let zone = person.zone(page.now);
    let present = person.available_at(page.now, page.now);
    let sheet = PersonPage {
        id,
        email: access::sees_address(&visitor.actor, id, teams()).then(|| person.email.clone()),
        away: away(&page, &person, sees_reasons),
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
            .snapshot
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
