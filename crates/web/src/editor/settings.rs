//! What of a rotation can be changed without moving a shift: its name, and who is asked where nobody has it.

use actix_web::{get, post, web};
use askama::Template;

use super::Subject;
use super::sheet::{FALLBACK_WHEN, fallbacks};
use crate::domain::schedule::rotation::FallbackWhen;
use crate::fields::{Checks, Select};
use crate::service::rotations::{self, RotationChange};
use crate::{Answer, Fields, Form, PageContext, Section, SignedIn};

#[derive(Template)]
#[template(path = "pages/rotation_settings.html")]
struct RotationSettingsPage {
    page: PageContext,
    id: String,
    name: String,
    form: Fields,
    fallbacks: Vec<(String, String)>,
    is_archived: bool,
}

impl RotationSettingsPage {
    fn new(page: PageContext, subject: &Subject, form: Fields) -> Self {
        let rotation = subject.rotation();
        Self {
            id: rotation.id.to_string(),
            name: rotation.name.clone(),
            fallbacks: fallbacks(&page, Some(rotation)),
            is_archived: rotation.archived_at.is_some(),
            page,
            form,
        }
    }

    fn fallback(&self) -> Select {
        let none = [(String::new(), "nobody".to_owned())];
        self.form.select(
            "fallback_rotation_id",
            "Where nobody has it, ask",
            none.into_iter().chain(self.fallbacks.clone()),
        )
    }

    fn fallback_when(&self) -> Checks {
        self.form
            .radios("fallback_when", "Ask there", FALLBACK_WHEN)
    }
}

/// The settings as they are.
#[get("/rotations/{id}/settings")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("Settings of a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let rotation = subject.rotation();
    let when = match rotation.fallback_when {
        FallbackWhen::Gap => "gap",
        FallbackWhen::NotWorking => "not_working",
    };
    let form = Fields::default()
        .with("name", &rotation.name)
        .with("title", &rotation.title)
        .with(
            "fallback_rotation_id",
            rotation
                .fallback
                .map(|id| id.to_string())
                .unwrap_or_default(),
        )
        .with("fallback_when", when)
        .with("version", rotation.version);
    visitor.show(&RotationSettingsPage::new(page, &subject, form))
}

/// Changes them.
#[post("/rotations/{id}/settings")]
pub async fn send(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let page = visitor.page("Settings of a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let (id, version) = (subject.rotation().id, subject.rotation().version);
    let change = RotationChange {
        name: Some(form.get("name").to_owned()),
        title: Some(form.get("title").to_owned()),
        fallback_rotation_id: Some(form.non_empty("fallback_rotation_id")),
        fallback_when: form.non_empty("fallback_when"),
        ..RotationChange::default()
    };
    let expected = form.expected();
    let done = visitor
        .change(move |uow, _| rotations::change(uow.expecting(expected), id, &change))
        .await;
    match done {
        Ok(_) => {
            Ok(visitor
                .redirect_with_flash(&format!("rotations/{id}"), "Saved. No shift has moved."))
        }
        Err(error) => visitor.show(&RotationSettingsPage::new(
            page,
            &subject,
            form.with_version_conflict(error, version)?,
        )),
    }
}
