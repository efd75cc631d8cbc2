//! The end of a rotation, and what it would leave.

use actix_web::{get, post, web};
use askama::Template;

use super::Subject;
use super::changes::Changes;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::time::interval::Timestamp;
use crate::fields::Checks;
use crate::service::preview;
use crate::service::rotations::{self, Archive};
use crate::service::{Error, input};
use crate::{Answer, Fields, Form, PageContext, Section, SignedIn};

#[derive(Template)]
#[template(path = "pages/rotation_archive.html")]
struct RotationArchivePage {
    page: PageContext,
    id: String,
    name: String,
    form: Fields,
    changes: Option<Changes>,
}

impl RotationArchivePage {
    fn new(page: PageContext, subject: &Subject, at: Option<Timestamp>, form: Fields) -> Self {
        let rotation = subject.rotation();
        let changes = at.map(|at| {
            let view = preview::of_archive(&page.snapshot, &subject.timeline, at);
            let ended = Rotation {
                archived_at: Some(at),
                ..rotation.clone()
            };
            Changes::of(&page, &ended, view)
        });
        Self {
            id: rotation.id.to_string(),
            name: rotation.name.clone(),
            page,
            form,
            changes,
        }
    }
}

impl RotationArchivePage {
    fn when(&self) -> Checks {
        let choices = [
            ("now", "from now on"),
            ("date", "from the beginning of a day:"),
        ];
        self.form
            .radios("when", "From when on nobody has it", choices)
    }
}

/// Asks from when on.
#[get("/rotations/{id}/archive")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("Archive a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let form = Fields::default()
        .with("when", "now")
        .with("version", subject.rotation().version);
    let now = page.now;
    visitor.show(&RotationArchivePage::new(page, &subject, Some(now), form))
}

/// Says what that would leave; or ends it.
#[post("/rotations/{id}/archive")]
pub async fn send(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let page = visitor.page("Archive a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let (id, version) = (subject.rotation().id, subject.rotation().version);
    let at = match end(&form, &subject, visitor.now) {
        Ok(at) => at,
        Err(error) => {
            let form = form.with_version_conflict(error, version)?;
            return visitor.show(&RotationArchivePage::new(page, &subject, None, form));
        }
    };
    if form.get("do") != "save" {
        return visitor.show(&RotationArchivePage::new(
            page,
            &subject,
            Some(at),
            form.fields(),
        ));
    }
    let command = Archive {
        at: Some(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
    };
    let expected = form.expected();
    let done = visitor
        .change(move |uow, _| rotations::archive(uow.expecting(expected), id, &command))
        .await;
    match done {
        Ok(_) => Ok(visitor.redirect_with_flash(
            &format!("rotations/{id}"),
            "Archived. What was stays answerable.",
        )),
        Err(error) => visitor.show(&RotationArchivePage::new(
            page,
            &subject,
            Some(at),
            form.with_version_conflict(error, version)?,
        )),
    }
}

/// Now, or midnight of a day in the rotation's zone.
fn end(form: &Form, subject: &Subject, now: Timestamp) -> Result<Timestamp, Error> {
    if form.get("when") != "date" {
        return Ok(now);
    }
    let bad = |detail: String| Error::invalid("/effective_from", detail);
    let date = input::date(form.get("effective_from")).map_err(|error| bad(error.to_string()))?;
    let zone = &subject.rotation().newest().time_zone;
    input::within(zone.to_instant(date.and_time(chrono::NaiveTime::MIN)), now)
        .map_err(|error| bad(error.to_string()))
}
