//! What the chat of a team or of a rotation is told, and where it is.

use actix_web::{get, post, web};
use askama::Template;

use super::fields::Checks;
use super::{Answer, Fields, Form, Page, Refusal, Section, Visitor};
use crate::domain::ids::RotationId;
use crate::service::access;
use crate::service::chats::{self, ChatInput, ChatView};

/// What can be told: what fields are called, and words.
const TOLD: [(&str, &str); 3] = [
    ("handoffs", "who hands over to whom, at each handover"),
    ("covers", "that somebody looks for a cover among the team"),
    (
        "week_ahead",
        "who has the duty in the week ahead, on Mondays at nine on the team’s clock",
    ),
];

#[derive(Template)]
#[template(path = "pages/chat.html")]
struct Sheet {
    page: Page,
    form: Fields,
    /// The team's short name and its name.
    team: (String, String),
    /// Id and name, where it is the chat of a rotation.
    rotation: Option<(RotationId, String)>,
}

impl Sheet {
    /// For a team that the visitor manages.
    fn of_team(visitor: &Visitor, slug: &str) -> Result<Self, Refusal> {
        let page = visitor.page("Chat of a team", Section::Teams)?;
        let team = page.roster.team_of_slug(slug);
        let team = team.ok_or_else(|| Refusal::no_such("team"))?;
        access::manager(&visitor.actor, team)?;
        Ok(Self {
            team: (team.slug.clone(), team.name.clone()),
            rotation: None,
            form: Fields::default(),
            page,
        })
    }

    /// For a rotation that the visitor manages.
    fn of_rotation(visitor: &Visitor, id: &str) -> Result<Self, Refusal> {
        let page = visitor.page("Chat of a rotation", Section::Teams)?;
        let timeline = page.rotation(id)?;
        let rotation = timeline.rotation();
        let team = page.roster.team(rotation.team);
        let team = team.ok_or_else(|| Refusal::no_such("team"))?;
        access::manager(&visitor.actor, team)?;
        Ok(Self {
            team: (team.slug.clone(), team.name.clone()),
            rotation: Some((rotation.id, rotation.name.clone())),
            form: Fields::default(),
            page,
        })
    }

    /// The same with what the form holds.
    fn with(self, form: Fields) -> Self {
        Self { form, ..self }
    }

    /// Where the way back leads.
    fn back(&self) -> String {
        match &self.rotation {
            Some((id, _)) => format!("rotations/{id}"),
            None => format!("teams/{}", self.team.0),
        }
    }

    fn told(&self) -> Checks {
        self.form.checks("told", "What is told", TOLD)
    }

    /// What is there already.
    async fn now(self, visitor: &Visitor) -> Answer {
        let chat = self.read(visitor).await?;
        let form = Fields::default()
            .with("webhook_url", chat.webhook_url.unwrap_or_default())
            .with("version", chat.version);
        let told = [chat.handoffs, chat.covers, chat.week_ahead];
        let ticked = TOLD.iter().zip(told).filter(|(_, is_told)| *is_told);
        let form = ticked.fold(form, |form, ((name, _), _)| form.with("told", name));
        visitor.show(&self.with(form))
    }

    async fn read(&self, visitor: &Visitor) -> Result<ChatView, Refusal> {
        let roster = visitor.app.keeper.snapshot();
        let (slug, rotation) = (self.team.0.clone(), self.rotation.clone());
        let chat = visitor
            .read(move |db, visitor| match rotation {
                Some((id, _)) => chats::of_rotation(db, &visitor.actor, &roster, id),
                None => chats::of_team(db, &visitor.actor, &roster, &slug),
            })
            .await?;
        Ok(chat)
    }

    /// Changes it.
    async fn change(self, visitor: &Visitor, form: Form) -> Answer {
        let told = form.all("told");
        let is_told = |name: &str| told.iter().any(|one| one == name);
        let new = ChatInput {
            webhook_url: form.filled("webhook_url"),
            handoffs: is_told("handoffs"),
            covers: is_told("covers"),
            week_ahead: is_told("week_ahead"),
        };
        let words = if new.webhook_url.is_some() {
            "Saved. The chat is told from now on."
        } else {
            "Saved. No chat is told anything."
        };
        let expected = form.expected();
        let (slug, rotation) = (self.team.0.clone(), self.rotation.clone());
        let done = visitor
            .change(move |tx, visitor| {
                let (actor, new, now) = (&visitor.actor, (&new, &visitor.app.guard), visitor.now);
                match rotation {
                    Some((id, _)) => chats::put_of_rotation(tx, actor, id, new, &expected, now),
                    None => chats::put_of_team(tx, actor, &slug, new, &expected, now),
                }
            })
            .await;
        match done {
            Ok(_) => Ok(visitor.go_and_say(&format!("{}/chat", self.back()), words)),
            Err(error) => {
                let version = self.read(visitor).await?.version;
                let form = form.failed_at(error, version)?;
                visitor.show(&self.with(form))
            }
        }
    }
}

/// What the chat of a team is told.
#[get("/teams/{slug}/chat")]
pub async fn of_team(visitor: Visitor, slug: web::Path<String>) -> Answer {
    Sheet::of_team(&visitor, &slug)?.now(&visitor).await
}

/// Says what the chat of a team is told.
#[post("/teams/{slug}/chat")]
pub async fn put_of_team(visitor: Visitor, slug: web::Path<String>, form: Form) -> Answer {
    Sheet::of_team(&visitor, &slug)?
        .change(&visitor, form)
        .await
}

/// What the chat of a rotation is told.
#[get("/rotations/{id}/chat")]
pub async fn of_rotation(visitor: Visitor, id: web::Path<String>) -> Answer {
    Sheet::of_rotation(&visitor, &id)?.now(&visitor).await
}

/// Says what the chat of a rotation is told.
#[post("/rotations/{id}/chat")]
pub async fn put_of_rotation(visitor: Visitor, id: web::Path<String>, form: Form) -> Answer {
    Sheet::of_rotation(&visitor, &id)?
        .change(&visitor, form)
        .await
}
