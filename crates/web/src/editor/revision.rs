//! What a revision changed, and the revisions before and after it; the newest can be withdrawn until it takes effect.

use actix_web::{get, post, web};
use askama::Template;

use super::changes::Changes;
use super::name_of;
use crate::domain::ids::RotationId;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::time::interval::Timestamp;
use crate::page_error::sentence;
use crate::service::preview;
use crate::service::{Error, access, rotations};
use crate::{Answer, Form, PageContext, PageError, Section, SignedIn};

#[derive(Template)]
#[template(path = "pages/rotation_revision.html")]
struct RotationRevisionPage {
    page: PageContext,
    id: String,
    name: String,
    number: u32,
    version: i64,
    order: Vec<String>,
    changes: Changes,
    all: Vec<Step>,
    may_change: bool,
    may_withdraw: bool,
}

/// A revision in the list.
struct Step {
    number: u32,
    from: Timestamp,
    is_shown: bool,
    is_pending: bool,
}

/// A revision.
#[get("/rotations/{id}/revisions/{number}")]
pub async fn show(visitor: SignedIn, path: web::Path<(String, u32)>) -> Answer {
    let (id, number) = path.into_inner();
    let id: RotationId = id.parse().map_err(|_| PageError::no_such("rotation"))?;
    let page = visitor.page("Revision", Section::Teams)?;
    let timeline = page.snapshot.timeline_of(id).cloned();
    let timeline = timeline.ok_or_else(|| PageError::no_such("rotation"))?;
    let rotation = timeline.rotation();
    let found = rotation
        .revisions
        .iter()
        .find(|revision| revision.number == number);
    let shown = found.ok_or_else(|| PageError::no_such("revision"))?;
    let team = page.snapshot.team(rotation.team).cloned();
    let team = team.ok_or_else(|| PageError::no_such("team"))?;
    let view = preview::of_revision(&page.snapshot, &timeline, number).unwrap_or_default();
    let mut as_of_then = Rotation::clone(rotation);
    while as_of_then.newest().number > number && as_of_then.revisions.pop().is_some() {}
    as_of_then.archived_at = None;
    let steps = rotation.revisions.iter().rev().map(|revision| Step {
        number: revision.number,
        from: revision.effective_from,
        is_shown: revision.number == number,
        is_pending: revision.effective_from > page.now,
    });
    let is_newest = rotation.newest().number == number;
    let may_change = access::manages(&visitor.actor, &team);
    let sheet = RotationRevisionPage {
        id: id.to_string(),
        name: rotation.name.clone(),
        number,
        version: rotation.version,
        order: shown.order.iter().map(|id| name_of(&page, *id)).collect(),
        changes: Changes::of(&page, &as_of_then, view),
        all: steps.collect(),
        may_change,
        may_withdraw: may_change && is_newest && number > 1 && shown.effective_from > page.now,
        page,
    };
    visitor.show(&sheet)
}

/// Withdraws the newest revision before it takes effect.
#[post("/rotations/{id}/revisions/{number}/withdraw")]
pub async fn withdraw(visitor: SignedIn, path: web::Path<(String, u32)>, form: Form) -> Answer {
    let (text, number) = path.into_inner();
    let id: RotationId = text.parse().map_err(|_| PageError::no_such("rotation"))?;
    let expected = form.expected();
    let done = visitor
        .change(move |uow, _| rotations::withdraw(uow.expecting(expected), id, number))
        .await;
    match done {
        Ok(_) => {
            let words = format!("Revision {number} is withdrawn. What was before it goes on.");
            let path = format!("rotations/{id}/revisions/{}", number - 1);
            Ok(visitor.redirect_with_flash(&path, &words))
        }
        Err(error @ (Error::Conflict { .. } | Error::Stale)) => {
            let path = format!("rotations/{id}/revisions/{number}");
            Ok(visitor.redirect_with_flash(&path, &sentence(&error.to_string())))
        }
        Err(error) => Err(error.into()),
    }
}
