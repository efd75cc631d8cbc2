//! Signing in by a link, and signing out.

use std::time::Duration;

use actix_web::rt::time::sleep;
use actix_web::{HttpResponse, get, post, web};
use askama::Template;
use serde::Deserialize;

use super::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn, WebRequest};
use crate::domain::ids::PersonId;
use crate::http::blocking;
use crate::http::limits::{Limits, together};
use crate::service::Error;
use crate::service::sessions::{self, Links};

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct Ask {
    page: PageContext,
    form: Fields,
}

#[derive(Template)]
#[template(path = "pages/sign_in_sent.html")]
struct Sent {
    page: PageContext,
    email: String,
}

#[derive(Template)]
#[template(path = "pages/sign_in_confirm.html")]
struct Confirm {
    page: PageContext,
    person: Option<PersonId>,
}

#[derive(Deserialize)]
struct Where {
    #[serde(default)]
    next: String,
}

/// Whoever guesses is slowed down; a good link is never counted.
fn count_wrong_link(browser: &WebRequest, limits: &Limits) -> Result<(), PageError> {
    limits
        .wrong_links
        .take(together(browser.address), browser.now)
        .map_err(PageError::too_many)
}

/// How many links people are still mailed for this browser. Nobody is refused: a neighbour at the same network address
/// who asks for many only takes second links from others, never a first one. How many links one person is mailed does
/// not depend on who asks.
fn count_asked(browser: &WebRequest, limits: &Limits) -> Links {
    let counted = limits
        .asked_links
        .take(together(browser.address), browser.now);
    counted.map_or(Links::First, |()| Links::Several)
}

/// Asks for an address.
#[get("/sign-in")]
pub async fn ask(browser: WebRequest, query: web::Query<Where>) -> Answer {
    if browser.signed_in.is_some() {
        return Ok(browser.go_back(&query.next));
    }
    let form = Fields::default().with("next", sessions::own_path(&query.next));
    let page = browser.page("Sign in", Section::Other)?;
    browser.show(&Ask { page, form })
}

/// How long the answer to whoever asks for a link takes at least: longer than the work, which tells whether there is
/// somebody of an address.
const ANSWER_AFTER: Duration = Duration::from_millis(100);

/// Has a link mailed. The answer is the same, and as quick, whether there is somebody of this address or not.
#[post("/sign-in")]
pub async fn mail(browser: WebRequest, limits: web::Data<Limits>, form: Form) -> Answer {
    let email = form.get("email").trim().to_owned();
    if !email.contains('@') {
        let error = Error::invalid("/email", "is not an e-mail address");
        let form = form.failed(error)?;
        let page = browser.page("Sign in", Section::Other)?;
        return browser.show(&Ask { page, form });
    }
    let links = count_asked(&browser, &limits);
    if browser.app.snapshots.away_since().is_some() {
        return Err(Error::Unavailable.into());
    }
    let (app, now) = (browser.app.clone(), browser.now);
    let (wanted, next) = (email.clone(), form.get("next").to_owned());
    let write = move || app.mail_link(&wanted, &next, links, now);
    let (done, ()) = futures_util::future::join(blocking::run(write), sleep(ANSWER_AFTER)).await;
    done?;
    let page = browser.page("Look into your mail", Section::Other)?;
    browser.show(&Sent { page, email })
}

/// Says whom a link would sign in; only a second step does, since mail programs open links by themselves.
#[get("/sign-in/{secret}")]
pub async fn confirm(
    browser: WebRequest,
    secret: web::Path<String>,
    limits: web::Data<Limits>,
) -> Answer {
    let (app, now) = (browser.app.clone(), browser.now);
    let look = move || app.read(|db| sessions::look(db, &secret, now));
    let person = blocking::run(look).await?;
    if person.is_none() {
        count_wrong_link(&browser, &limits)?;
    }
    let page = browser.page("Sign in", Section::Other)?;
    browser.show(&Confirm { page, person })
}

/// Signs in.
#[post("/sign-in/{secret}")]
pub async fn enter(
    browser: WebRequest,
    secret: web::Path<String>,
    limits: web::Data<Limits>,
    _form: Form,
) -> Answer {
    let who = browser.clone();
    let entered = blocking::run(move || {
        // Guesses must not keep others from writing.
        if who
            .app
            .read(|db| sessions::look(db, &secret, who.now))?
            .is_none()
        {
            return Err(Error::NotFound("link"));
        }
        who.app
            .write(|tx| sessions::enter(tx, &secret, &who.agent, who.address, who.now))
    });
    match entered.await {
        Ok(entered) => Ok(browser.go_signed_in(&entered)),
        Err(Error::NotFound(_)) => {
            count_wrong_link(&browser, &limits)?;
            let page = browser.page("Sign in", Section::Other)?;
            browser.show(&Confirm { page, person: None })
        }
        Err(error) => Err(error.into()),
    }
}

/// Signs out.
#[post("/sign-out")]
pub async fn leave(visitor: SignedIn, _form: Form) -> Result<HttpResponse, PageError> {
    visitor
        .change(|uow, visitor| sessions::leave(uow, visitor.session.id))
        .await?;
    Ok(visitor.go_signed_out())
}
