//! Setting up a rotation. What it would do is shown before anything is saved.

use std::sync::Arc;

use actix_web::{get, post, web};
use serde::Deserialize;

use super::changes::Changes;
use super::draft::{self, FormAction};
use super::sheet::RotationEditPage;
use crate::domain::people::team::Team;
use crate::domain::schedule::rotation::{Kind, Rotation};
use crate::domain::time::interval::Timestamp;
use crate::service::preview::{self, PreviewView};
use crate::service::{Error, access, rotations};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};

/// What the address may say.
#[derive(Deserialize)]
pub struct NewRotationQuery {
    kind: Option<String>,
}

fn team_of(visitor: &SignedIn, page: &PageContext, slug: &str) -> Result<Arc<Team>, PageError> {
    let team = page
        .snapshot
        .team_of_slug(slug)
        .ok_or_else(|| PageError::no_such("team"))?;
    access::manager(&visitor.actor, team)?;
    Ok(Arc::clone(team))
}

fn kind_of(text: &str) -> Kind {
    if text == "follow_the_sun" {
        Kind::FollowTheSun
    } else {
        Kind::Ordered
    }
}

/// An empty form: the team's members in turn, every Monday at ten.
#[get("/teams/{slug}/rotations/new")]
pub async fn show(
    visitor: SignedIn,
    slug: web::Path<String>,
    wish: web::Query<NewRotationQuery>,
) -> Answer {
    let page = visitor.page("New rotation", Section::Teams)?;
    let team = team_of(&visitor, &page, &slug)?;
    let kind = kind_of(wish.kind.as_deref().unwrap_or_default());
    let (title, word) = match kind {
        Kind::Ordered => ("Support Hero", "hero"),
        Kind::FollowTheSun => ("Support Watcher", "watch"),
    };
    let today = team.time_zone.to_local(visitor.now).date();
    let mut form = Fields::default()
        .with(
            "kind",
            if kind == Kind::Ordered {
                "ordered"
            } else {
                "follow_the_sun"
            },
        )
        .with("name", format!("{} {word}", team.name))
        .with("title", title)
        .with("time_zone", team.time_zone.name())
        .with("unit", "weeks")
        .with("every", 1)
        .with("days", "mon")
        .with("time", "10:00")
        .with("handoff.rule", "FREQ=WEEKLY")
        .with("effective_from", today)
        .with("fallback_when", "gap");
    for id in team.members(visitor.now) {
        form = form.with("order", id);
    }
    visitor.show(&RotationEditPage::new(
        page,
        &team,
        None,
        kind,
        form,
        &FormAction::default(),
    ))
}

/// Says what the form would make; or makes it.
#[post("/teams/{slug}/rotations/new")]
pub async fn send(visitor: SignedIn, slug: web::Path<String>, mut form: Form) -> Answer {
    let page = visitor.page("New rotation", Section::Teams)?;
    let team = team_of(&visitor, &page, &slug)?;
    let kind = kind_of(form.get("kind"));
    let pressed = draft::apply_action(&mut form);
    let slug = team.slug.clone();
    let done = match draft::rotation(&mut form, visitor.now) {
        Ok(new) if pressed.save => {
            let made = visitor
                .change(move |uow, _| rotations::create(uow, &slug, &new))
                .await;
            match made {
                Ok((rotation, _)) => {
                    let path = format!("rotations/{}/revisions/1", rotation.id);
                    return Ok(visitor.redirect_with_flash(
                        &path,
                        "Saved. Reminders, checklists and the chat are in its settings.",
                    ));
                }
                Err(error) => Err(error),
            }
        }
        Ok(new) => dry_run(&visitor, slug, new).await,
        Err(error) => Err(error),
    };
    let (fields, changes) = match done {
        Ok((rotation, view)) => (
            form.fields(),
            Some(Changes::of(&page, &rotation, view).of_a_new_one()),
        ),
        Err(error) => (form.with_version_conflict(error, 1)?, None),
    };
    let sheet = RotationEditPage::new(page, &team, None, kind, fields, &pressed);
    visitor.show(&sheet.with_changes(changes))
}

async fn dry_run(
    visitor: &SignedIn,
    slug: String,
    new: rotations::NewRotation,
) -> Result<(Rotation, PreviewView), Error> {
    visitor
        .dry_run(move |uow, visitor| {
            let (rotation, _) = rotations::create(uow, &slug, &new)?;
            let mut before = preview::before(uow, rotation.id)?;
            // Before, nobody had it.
            before.rotation.archived_at = Some(Timestamp::MIN_UTC);
            let from = rotation.newest().effective_from;
            let view = preview::compare(uow, &before, from.max(visitor.now))?;
            Ok((rotation, view))
        })
        .await
}
