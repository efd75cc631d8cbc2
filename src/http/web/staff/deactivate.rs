//! Saying goodbye to a person: what still names them, and taking them out of it. Afterwards their name can be erased.

use actix_web::{get, post, web};
use askama::Template;
use serde_json::Value;

use super::person_of;
use crate::domain::duty::RotationLookup as _;
use crate::domain::ids::RotationId;
use crate::domain::person::Person;
use crate::http::web::{Answer, Fields, Form, Page, Section, SignedIn};
use crate::service::people::{self, Deactivate};
use crate::service::{Error, access};

#[derive(Template)]
#[template(path = "pages/person_deactivate.html")]
struct DeactivatePage {
    page: Page,
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
    fn new(page: Page, person: &Person, form: Fields, named_by: Vec<NamedReference>) -> Self {
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
    let id = person.id;
    let tried = visitor
        .dry_run(move |uow, _| {
            let command = Deactivate::default();
            people::deactivate(uow, id, &command)
        })
        .await;
    let named_by = match &tried {
        Err(error) => named_by(&page, error),
        Ok(_) => Vec::new(),
    };
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
        .change(move |uow, _| people::deactivate(uow.expecting(expected), id, &command))
        .await;
    match done {
        Ok(_) => {
            Ok(visitor.redirect_with_flash("people", &format!("{} is deactivated.", person.name)))
        }
        Err(error) => {
            let named_by = named_by(&page, &error);
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

/// What a refusal says that still names them.
pub(super) fn named_by(page: &Page, error: &Error) -> Vec<NamedReference> {
    let Error::Conflict { extra, .. } = error else {
        return Vec::new();
    };
    let listed = extra.get("named_by").and_then(Value::as_array);
    let named = listed.into_iter().flatten().filter_map(|one| {
        let text = |member: &str| one.get(member).and_then(Value::as_str);
        let is_override = text("rotation_id").is_some();
        let rotation = text("rotation_id").or_else(|| text("id"))?;
        let timeline = page
            .snapshot
            .timeline(rotation.parse::<RotationId>().ok()?)?;
        Some(NamedReference {
            rotation: rotation.to_owned(),
            name: timeline.rotation().name.clone(),
            is_override,
        })
    });
    named.collect()
}
