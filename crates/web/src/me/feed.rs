//! A calendar that the visitor subscribed to, and what it shows; its address stays.

use std::sync::Arc;

use actix_web::{get, post, web};
use askama::Template;

use super::feeds::{ALARMS, CHOICES, options, words};
use crate::confirm::ConfirmPage;
use crate::domain::ids::FeedId;
use crate::domain::schedule::feed::Feed;
use crate::service::feeds::{self, FeedChange};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};

#[derive(Template)]
#[template(path = "pages/me/feed.html")]
struct FeedPage {
    page: PageContext,
    form: Fields,
    words: String,
}

/// The page, and a feed of the visitor's own.
fn own(visitor: &SignedIn, id: &str) -> Result<(PageContext, Arc<Feed>), PageError> {
    let none = || PageError::no_such("feed");
    let id: FeedId = id.parse().map_err(|_| none())?;
    let page = visitor.page("Change a calendar", Section::Mine)?;
    let own = |feed: &&Arc<Feed>| feed.id == id && feed.owner == Some(visitor.id);
    let feed = page.snapshot.feeds().find(own).cloned();
    let feed = feed.filter(|feed| feeds::is_live(&page.snapshot, feed, page.now));
    Ok((page, feed.ok_or_else(none)?))
}

/// What a feed shows, as the form holds it.
fn fields_of(feed: &Feed) -> Fields {
    let chosen = &feed.options;
    let ticked = [
        ("block_time", chosen.block_time),
        ("working_days", chosen.working_days),
        ("gaps", chosen.gaps),
        ("local_times", chosen.local_times),
    ];
    let numbers = [
        ("alarm_minutes", chosen.alarm_minutes),
        ("past_days", chosen.past_days),
        ("future_days", chosen.future_days),
    ];
    let mut form = Fields::default().with("version", feed.version);
    for (name, _) in ticked.into_iter().filter(|(_, is_chosen)| *is_chosen) {
        form = form.with("choices", name);
    }
    for (name, number) in numbers {
        let number = number.map(|number| number.to_string()).unwrap_or_default();
        form = form.with(&format!("options.{name}"), number);
    }
    form
}

/// What it shows.
#[get("/me/calendars/{id}")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let (page, feed) = own(&visitor, &id)?;
    visitor.show(&FeedPage {
        words: words(&page, feed.scope),
        form: fields_of(&feed),
        page,
    })
}

/// Changes that.
#[post("/me/calendars/{id}")]
pub async fn change(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let (page, feed) = own(&visitor, &id)?;
    let (id, expected) = (feed.id, form.expected());
    let done = match options(&form) {
        Ok(options) => {
            let change = FeedChange { options };
            visitor
                .change(move |uow, _| feeds::change(uow.expecting(expected), id, &change))
                .await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(visitor.redirect_with_flash(
            "me/calendars",
            "Saved. The address stays, and shows it when your calendar program asks the next time.",
        )),
        Err(error) => visitor.show(&FeedPage {
            words: words(&page, feed.scope),
            form: form.with_version_conflict(error, feed.version)?,
            page,
        }),
    }
}

/// Asks whether it is to be revoked.
#[get("/me/calendars/{id}/revoke")]
pub async fn ask_to_revoke(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let (mut page, feed) = own(&visitor, &id)?;
    page.title = format!("Revoke the calendar “{}”", words(&page, feed.scope));
    visitor.show(&ConfirmPage {
        page,
        words: "Every calendar program that reads this address is told that it is gone, and may keep what it \
            read last. This cannot be taken back: whoever wants the calendar again makes a new address, and \
            subscribes to that.",
        button: "Revoke this address",
        back: "me/calendars".to_owned(),
    })
}

/// Revokes it.
#[post("/me/calendars/{id}/revoke")]
pub async fn revoke(visitor: SignedIn, id: web::Path<String>, _form: Form) -> Answer {
    let id: FeedId = id.parse().map_err(|_| PageError::no_such("feed"))?;
    visitor.change(move |uow, _| feeds::revoke(uow, id)).await?;
    Ok(visitor.redirect_with_flash("me/calendars", "That address shows nothing any more."))
}
