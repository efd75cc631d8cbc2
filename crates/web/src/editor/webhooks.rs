//! The webhooks by which programs declare incidents that a rotation watches: which there are, one more, one less.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{get, post, web};
use askama::Template;

use super::Subject;
use super::sheet::fallbacks;
use crate::confirm::ConfirmPage;
use crate::domain::ids::WebhookId;
use crate::fields::{Input, Select};
use crate::http::limits::Limits;
use crate::service::incidents::{self, Condition, Mapping, NewWebhook, WebhookView};
use crate::service::{Error, ValidationErrors};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};

/// Where in what a program sends there is what: what fields are called, and words.
const POINTERS: [(&str, &str); 7] = [
    ("reference", "What people call it"),
    ("title", "What is wrong"),
    ("severity", "How bad it is"),
    ("lead", "Who leads it, by e-mail address"),
    ("channel_url", "Its channel"),
    ("thread_url", "Its thread in the support channel"),
    ("status_page_url", "What customers see"),
];

#[derive(Template)]
#[template(path = "pages/rotation_webhooks.html")]
struct RotationWebhooksPage {
    page: PageContext,
    id: String,
    name: String,
    form: Fields,
    webhooks: Vec<WebhookView>,
    /// Rotations that tell customers.
    communications: Vec<(String, String)>,
    /// One that was made just now: name, address, and the secret, which is shown this once.
    made: Option<(String, String, String)>,
}

impl RotationWebhooksPage {
    async fn of(
        visitor: &SignedIn,
        page: PageContext,
        subject: &Subject,
        form: Fields,
        made: Option<(String, String, String)>,
    ) -> Answer {
        let rotation = subject.rotation();
        let webhooks = all(visitor, &page, subject).await?;
        visitor.show(&Self {
            id: rotation.id.to_string(),
            name: rotation.name.clone(),
            communications: fallbacks(&page, Some(rotation)),
            page,
            form,
            webhooks,
            made,
        })
    }

    fn pointers(&self) -> Vec<Input> {
        let input = |(name, label): &(&str, &str)| self.form.text(format!("mapping.{name}"), label);
        POINTERS.iter().map(input).collect()
    }

    fn communications(&self) -> Select {
        let none = [(String::new(), "nobody but the watcher".to_owned())];
        let all = none.into_iter().chain(self.communications.clone());
        let name = "mapping.communications_rotation_id";
        self.form.select(name, "Who tells customers", all)
    }

    /// What declares an incident, in words.
    fn only(mapping: &Mapping) -> String {
        let all = mapping.only.iter();
        let all = all.map(|one| format!("{} is {}", one.at, one.is.join(" or ")));
        all.collect::<Vec<_>>().join(", and ")
    }
}

/// The webhooks of a rotation.
async fn all(
    visitor: &SignedIn,
    page: &PageContext,
    subject: &Subject,
) -> Result<Vec<WebhookView>, PageError> {
    let (id, snapshot) = (subject.rotation().id, Arc::clone(&page.snapshot));
    let found = visitor
        .read(move |db, visitor| incidents::webhooks(db, &visitor.actor, &snapshot, id))
        .await?;
    Ok(found
        .iter()
        .map(|one| visitor.app.webhook_view(one))
        .collect())
}

/// A form in which everything stands where it does by default.
fn usual() -> Fields {
    let usual = Mapping::default();
    let optional = |pointer: Option<String>| pointer.unwrap_or_default();
    Fields::default()
        .with("mapping.reference", usual.reference)
        .with("mapping.title", usual.title)
        .with("mapping.severity", optional(usual.severity))
        .with("mapping.lead", optional(usual.lead))
        .with("mapping.channel_url", optional(usual.channel_url))
        .with("mapping.thread_url", optional(usual.thread_url))
        .with("mapping.status_page_url", optional(usual.status_page_url))
}

/// Lines of the form `left = right`.
fn pairs(errors: &mut ValidationErrors, form: &Form, name: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let lines = form.get(&format!("mapping.{name}")).lines();
    for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
        match line.split_once('=') {
            Some((left, right)) => found.push((left.trim().to_owned(), right.trim().to_owned())),
            None => errors.add(
                format!("/mapping/{name}"),
                format!("there is no = in “{line}”"),
            ),
        }
    }
    found
}

/// What was filled in.
fn read(form: &Form) -> Result<NewWebhook, Error> {
    let mut errors = ValidationErrors::new();
    let severities: BTreeMap<String, String> =
        pairs(&mut errors, form, "severities").into_iter().collect();
    let conditions = pairs(&mut errors, form, "only").into_iter();
    let only = conditions.map(|(at, values)| {
        let is = values.split(',').map(|value| value.trim().to_owned());
        let is = is.filter(|value| !value.is_empty()).collect();
        Condition { at, is }
    });
    let only = only.collect();
    errors.finish()?;
    let pointer = |name: &str| form.non_empty(&format!("mapping.{name}"));
    Ok(NewWebhook {
        name: form.get("name").to_owned(),
        mapping: Mapping {
            reference: pointer("reference").unwrap_or_default(),
            title: pointer("title").unwrap_or_default(),
            severity: pointer("severity"),
            severities,
            lead: pointer("lead"),
            channel_url: pointer("channel_url"),
            thread_url: pointer("thread_url"),
            status_page_url: pointer("status_page_url"),
            communications_rotation_id: pointer("communications_rotation_id"),
            only,
        },
    })
}

/// Which there are.
#[get("/rotations/{id}/webhooks")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("Webhooks of a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    RotationWebhooksPage::of(&visitor, page, &subject, usual(), None).await
}

/// Makes one.
#[post("/rotations/{id}/webhooks")]
pub async fn make(
    visitor: SignedIn,
    id: web::Path<String>,
    limits: web::Data<Limits>,
    form: Form,
) -> Answer {
    let page = visitor.page("Webhooks of a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    limits
        .new_secrets
        .take(Some(visitor.id), visitor.now)
        .map_err(PageError::too_many)?;
    let id = subject.rotation().id;
    let done = match read(&form) {
        Ok(new) => {
            visitor
                .change(move |uow, visitor| {
                    let made = incidents::create_webhook(uow, id, &new)?;
                    let secret = visitor.app.webhook_secret(made.id)?;
                    let view = visitor.app.webhook_view(&made);
                    Ok((view.name, view.url, secret))
                })
                .await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(made) => RotationWebhooksPage::of(&visitor, page, &subject, usual(), Some(made)).await,
        Err(error) => {
            RotationWebhooksPage::of(&visitor, page, &subject, form.failed(error)?, None).await
        }
    }
}

/// The rotation, its path, and a webhook of it.
async fn one(
    visitor: &SignedIn,
    page: &PageContext,
    path: (String, String),
) -> Result<(String, WebhookView), PageError> {
    let subject = Subject::of(visitor, page, &path.0)?;
    let webhooks = all(visitor, page, &subject).await?;
    let found = webhooks.into_iter().find(|one| one.id == path.1);
    let found = found.ok_or_else(|| PageError::no_such("webhook"))?;
    Ok((
        format!("rotations/{}/webhooks", subject.rotation().id),
        found,
    ))
}

/// Asks whether one is to be revoked.
#[get("/rotations/{id}/webhooks/{webhook}/revoke")]
pub async fn ask_to_revoke(visitor: SignedIn, path: web::Path<(String, String)>) -> Answer {
    let mut page = visitor.page("", Section::Teams)?;
    let (back, webhook) = one(&visitor, &page, path.into_inner()).await?;
    page.title = format!("Revoke the webhook “{}”", webhook.name);
    visitor.show(&ConfirmPage {
        page,
        words: "What its program sends is refused from then on. This cannot be taken back: the program needs \
            a new webhook. Incidents that it declared stay.",
        button: "Revoke this webhook",
        back,
    })
}

/// Revokes one.
#[post("/rotations/{id}/webhooks/{webhook}/revoke")]
pub async fn revoke(visitor: SignedIn, path: web::Path<(String, String)>, _form: Form) -> Answer {
    let page = visitor.page("", Section::Teams)?;
    let (back, webhook) = one(&visitor, &page, path.into_inner()).await?;
    let id: WebhookId = webhook
        .id
        .parse()
        .map_err(|_| PageError::no_such("webhook"))?;
    visitor
        .change(move |uow, _| incidents::revoke_webhook(uow, id))
        .await?;
    Ok(visitor.redirect_with_flash(&back, "That webhook declares nothing any more."))
}
