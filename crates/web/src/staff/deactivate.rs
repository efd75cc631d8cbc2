//! Saying goodbye to a person: what still names them, and taking them out of it. Afterwards their name can be erased.

use actix_web::{get, post, web};
use askama::Template;

use super::person_of;
use crate::domain::ids::{PersonId, TeamId};
use crate::domain::people::person::Person;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Timestamp;
use crate::service::access;
use crate::service::offboarding::{Reference, known_references};
use crate::service::people::{self, Deactivate};
use crate::{Answer, Fields, Form, PageContext, Section, SignedIn};

#[derive(Template)]
#[template(path = "pages/person_deactivate.html")]
struct DeactivatePage {
    page: PageContext,
    form: Fields,
    id: String,
    name: String,
    is_gone: bool,
    named_by: Vec<NamedReference>,
}

/// Something that still names a person.
pub(super) struct NamedReference {
    pub rotation: String,
    pub name: String,
    pub is_override: bool,
}

impl DeactivatePage {
    fn new(
        page: PageContext,
        person: &Person,
        form: Fields,
        named_by: Vec<NamedReference>,
    ) -> Self {
        Self {
            id: person.id.to_string(),
            name: person.name.clone(),
            is_gone: person.deactivation.is_some(),
            page,
            form,
            named_by,
        }
    }
}

/// What still names them, where they are to go at once.
#[get("/people/{id}/deactivate")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Deactivate a person", Section::People)?;
    let person = person_of(&page, &id)?;
    let named_by = named_by(&page, person.id, None, page.now);
    let form = Fields::default().with("version", person.version);
    visitor.show(&DeactivatePage::new(page, &person, form, named_by))
}

/// Deactivates them.
#[post("/people/{id}/deactivate")]
pub async fn send(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Deactivate a person", Section::People)?;
    let person = person_of(&page, &id)?;
    let (id, expected) = (person.id, form.expected());
    let command = Deactivate {
        at: None,
        remove_from_rotations: form.has("remove_from_rotations"),
    };
    let done = visitor
        .change(move |uow, _| people::deactivate(uow.expecting(expected), id, command))
        .await;
    match done {
        Ok(_) => {
            Ok(visitor.redirect_with_flash("people", &format!("{} is deactivated.", person.name)))
        }
        Err(error) => {
            let named_by = named_by(&page, id, None, page.now);
            let fields = form.with_version_conflict(error, person.version)?;
            visitor.show(&DeactivatePage::new(page, &person, fields, named_by))
        }
    }
}

/// Erases the name and address of somebody deactivated.
#[post("/people/{id}/erase")]
pub async fn erase(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Deactivate a person", Section::People)?;
    let person = person_of(&page, &id)?;
    let (id, expected) = (person.id, form.expected());
    let done = visitor
        .change(move |uow, _| people::erase(uow.expecting(expected), id))
        .await;
    match done {
        Ok(_) => Ok(visitor.redirect_with_flash("people", "Name and address are erased.")),
        Err(error) => {
            let fields = form.with_version_conflict(error, person.version)?;
            visitor.show(&DeactivatePage::new(page, &person, fields, Vec::new()))
        }
    }
}

/// What still names somebody from `at` on, in the rotations of a team or in all of them.
pub(super) fn named_by(
    page: &PageContext,
    person: PersonId,
    team: Option<TeamId>,
    at: Timestamp,
) -> Vec<NamedReference> {
    let named = known_references(&page.snapshot, person, team, at);
    let shown = named.iter().filter_map(|one| {
        let timeline = page.snapshot.timeline(one.rotation())?;
        Some(NamedReference {
            rotation: one.rotation().to_string(),
            name: timeline.rotation().name.clone(),
            is_override: matches!(one, Reference::Override(..)),
        })
    });
    shown.collect()
}
