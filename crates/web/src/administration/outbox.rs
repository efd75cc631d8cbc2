//! What is to be sent, and what became of it; what was given up can be tried anew.

use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::ids::{PersonId, RotationId};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::page_error::sentence;
use crate::parts::Who;
use crate::service::outbox::{self, OutboxView};
use crate::service::{Error, access};
use crate::{Answer, Form, PageContext, Section, SignedIn};

/// Mails on a page.
const ON_A_PAGE: usize = 50;

/// States, as they are called here.
const STATES: [(&str, &str); 5] = [
    ("", "All"),
    ("pending", "Waiting"),
    ("sent", "Sent"),
    ("dead", "Given up"),
    ("dropped", "Dropped"),
];

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OutboxQuery {
    state: String,
    before: String,
}

#[derive(Template)]
#[template(path = "pages/outbox.html")]
struct OutboxPage {
    page: PageContext,
    state: String,
    dead: i64,
    rows: Vec<Row>,
    older: Option<String>,
}

/// A mail.
struct Row {
    mail: OutboxView,
    to: Option<Who>,
    /// Id and name of the rotation it is about.
    about: Option<(String, String)>,
    state: &'static str,
    may_retry: bool,
}

/// Mails, the newest first.
#[get("/administration/outbox")]
pub async fn show(visitor: SignedIn, wanted: web::Query<OutboxQuery>) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Outbox", Section::Administration)?;
    let wanted = wanted.into_inner();
    let state = outbox::state_of(&wanted.state);
    let before = Some(wanted.before).filter(|id| !id.is_empty());
    let limit = i64::try_from(ON_A_PAGE + 1).unwrap_or(i64::MAX);
    let (mut mails, dead) = visitor
        .read(move |db, visitor| {
            let mails = outbox::newest(
                db,
                &visitor.app.mail_domain,
                state,
                before.as_deref(),
                limit,
            )?;
            Ok((mails, outbox::dead(db)?))
        })
        .await?;
    let more = mails.len() > ON_A_PAGE;
    mails.truncate(ON_A_PAGE);
    let older = mails.last().filter(|_| more).map(|last| last.id.clone());
    let rows = mails.into_iter().map(|mail| row(&page, mail)).collect();
    visitor.show(&OutboxPage {
        page,
        state: wanted.state,
        dead,
        rows,
        older,
    })
}

fn row(page: &PageContext, mail: OutboxView) -> Row {
    let to = mail
        .person_id
        .as_ref()
        .and_then(|id| id.parse::<PersonId>().ok());
    let rotation = mail
        .rotation_id
        .as_ref()
        .and_then(|id| id.parse::<RotationId>().ok());
    let about = rotation
        .and_then(|id| page.snapshot.timeline(id))
        .map(|timeline| {
            let rotation = timeline.rotation();
            (rotation.id.to_string(), rotation.name.clone())
        });
    let state = STATES
        .iter()
        .find(|(code, _)| *code == mail.state)
        .map_or("", |(_, words)| words);
    Row {
        to: to
            .filter(|id| page.snapshot.person(*id).is_some())
            .map(|id| page.who(&id)),
        about,
        state,
        may_retry: mail.state == "dead" && page.now < mail.not_after,
        mail,
    }
}

/// Tries a mail anew that was given up.
#[post("/administration/outbox/{id}/retry")]
pub async fn retry(visitor: SignedIn, id: web::Path<String>, _form: Form) -> Answer {
    let id = id.into_inner();
    let done = visitor
        .change(move |uow, visitor| outbox::retry(uow, &id, &visitor.app.mail_domain))
        .await;
    let words = match done {
        Ok(_) => "It is tried anew.".to_owned(),
        Err(error @ Error::Conflict { .. }) => sentence(&error.to_string()),
        Err(error) => return Err(error.into()),
    };
    Ok(visitor.redirect_with_flash("administration/outbox?state=dead", &words))
}
