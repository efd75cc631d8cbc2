//! Changing a rotation: its order, its handoffs, from when on.

use actix_web::{get, post, web};

use super::Subject;
use super::changes::Changes;
use super::draft::{self, FormAction};
use super::sheet::RotationEditPage;
use crate::domain::schedule::rotation::Rotation;
use crate::service::preview::{self, PreviewView};
use crate::service::{Error, Expected, rotations};
use crate::{Answer, Form, Section, SignedIn};

/// The rotation as it is, in its form.
#[get("/rotations/{id}/edit")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("Edit rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let rotation = subject.rotation();
    let form = draft::fields_of(rotation.newest());
    let form = form.with("when", "next").with("version", rotation.version);
    let changes = Changes::of(&page, rotation, PreviewView::default());
    let sheet = RotationEditPage::new(
        page,
        &subject.team,
        Some(rotation),
        rotation.kind,
        form,
        &FormAction::default(),
    );
    visitor.show(&sheet.with_changes(Some(changes)))
}

/// Says what the form would change; or changes it, and says the same again.
#[post("/rotations/{id}/edit")]
pub async fn send(visitor: SignedIn, id: web::Path<String>, mut form: Form) -> Answer {
    let page = visitor.page("Edit rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let rotation = subject.rotation();
    let pressed = draft::apply_action(&mut form);
    let done = match draft::revision(&mut form, rotation, visitor.now) {
        Ok(new) if pressed.save => save(&visitor, rotation, new, form.expected()).await,
        Ok(new) => dry_run(&visitor, rotation, new).await,
        Err(error) => Err(error),
    };
    let (fields, changes) = match done {
        Ok(Done::Saved(number)) => {
            let words = "Saved. This is what it changes.";
            let path = format!("rotations/{}/revisions/{number}", rotation.id);
            return Ok(visitor.redirect_with_flash(&path, words));
        }
        Ok(Done::Shown(shown)) => {
            let (after, view) = *shown;
            (form.fields(), Some(Changes::of(&page, &after, view)))
        }
        Err(error) => (form.with_version_conflict(error, rotation.version)?, None),
    };
    let sheet = RotationEditPage::new(
        page,
        &subject.team,
        Some(rotation),
        rotation.kind,
        fields,
        &pressed,
    );
    visitor.show(&sheet.with_changes(changes))
}

/// What came of a form.
enum Done {
    /// It became this revision.
    Saved(u32),
    /// The rotation would become this, and that would change so much.
    Shown(Box<(Rotation, PreviewView)>),
}

async fn save(
    visitor: &SignedIn,
    rotation: &Rotation,
    new: rotations::NewRevision,
    expected: Expected,
) -> Result<Done, Error> {
    let id = rotation.id;
    let (after, _) = visitor
        .change(move |uow, _| rotations::revise(uow.expecting(expected), id, &new))
        .await?;
    Ok(Done::Saved(after.newest().number))
}

async fn dry_run(
    visitor: &SignedIn,
    rotation: &Rotation,
    new: rotations::NewRevision,
) -> Result<Done, Error> {
    let id = rotation.id;
    visitor
        .dry_run(move |uow, _| {
            let before = preview::before(uow, id)?;
            let (after, _) = rotations::revise(uow, id, &new)?;
            let view = preview::compare(uow, &before, after.newest().effective_from)?;
            Ok(Done::Shown(Box::new((after, view))))
        })
        .await
}
