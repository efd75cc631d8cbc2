//! What the chat of a team or of a rotation is told, and where it is.

use actix_web::{get, post, web};
use askama::Template;

use super::fields::Checks;
use super::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};
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
struct ChatPage {
    page: PageContext,
    form: Fields,
    /// The team's short name and its name.
    team: (String, String),
    /// Id and name, where it is the chat of a rotation.
    rotation: Option<(RotationId, String)>,
}

impl ChatPage {
    /// For a team that the visitor manages.
    fn of_team(visitor: &SignedIn, slug: &str) -> Result<Self, PageError> {
        let page = visitor.page("Chat of a team", Section::Teams)?;
        let team = page.snapshot.team_of_slug(slug);
        let team = team.ok_or_else(|| PageError::no_such("team"))?;
        access::manager(&visitor.actor, team)?;
        Ok(Self {
            team: (team.slug.clone(), team.name.clone()),
            rotation: None,
            form: Fields::default(),
            page,
        })
    }

    /// For a rotation that the visitor manages.
    fn of_rotation(visitor: &SignedIn, id: &str) -> Result<Self, PageError> {
        let page = visitor.page("Chat of a rotation", Section::Teams)?;
        let timeline = page.rotation(id)?;
        let rotation = timeline.rotation();
        let team = page.snapshot.team(rotation.team);
        let team = team.ok_or_else(|| PageError::no_such("team"))?;
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
    async fn now(self, visitor: &SignedIn) -> Answer {
        let chat = self.read(visitor).await?;
        let form = Fields::default()
            .with("webhook_url", chat.webhook_url.unwrap_or_default())
            .with("version", chat.version);
        let told = [chat.handoffs, chat.covers, chat.week_ahead];
        let ticked = TOLD.iter().zip(told).filter(|(_, is_told)| *is_told);
        let form = ticked.fold(form, |form, ((name, _), _)| form.with("told", name));
        visitor.show(&self.with(form))
    }

    async fn read(&self, visitor: &SignedIn) -> Result<ChatView, PageError> {
        let snapshot = visitor.app.snapshots.snapshot();
        let (slug, rotation) = (self.team.0.clone(), self.rotation.clone());
        let chat = visitor
            .read(move |db, visitor| match rotation {
                Some((id, _)) => chats::of_rotation(db, &visitor.actor, &snapshot, id),
                None => chats::of_team(db, &visitor.actor, &snapshot, &slug),
            })
            .await?;
        Ok(chat)
    }

    /// Changes it.
    async fn change(self, visitor: &SignedIn, form: Form) -> Answer {
        let told = form.all("told");
        let is_told = |name: &str| told.iter().any(|one| one == name);
        let new = ChatInput {
            webhook_url: form.non_empty("webhook_url"),
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
            .change(move |uow, visitor| {
                let guard = &visitor.app.guard;
                match rotation {
                    Some((id, _)) => {
                        chats::put_of_rotation(uow.expecting(expected), id, &new, guard)
                    }
                    None => chats::put_of_team(uow.expecting(expected), &slug, &new, guard),
                }
            })
            .await;
        match done {
            Ok(_) => Ok(visitor.redirect_with_flash(&format!("{}/chat", self.back()), words)),
            Err(error) => {
                let version = self.read(visitor).await?.version;
                let form = form.with_version_conflict(error, version)?;
                visitor.show(&self.with(form))
            }
        }
    }
}

/// What the chat of a team is told.
#[get("/teams/{slug}/chat")]
pub async fn of_team(visitor: SignedIn, slug: web::Path<String>) -> Answer {
    ChatPage::of_team(&visitor, &slug)?.now(&visitor).await
}

/// Says what the chat of a team is told.
#[post("/teams/{slug}/chat")]
pub async fn put_of_team(visitor: SignedIn, slug: web::Path<String>, form: Form) -> Answer {
    ChatPage::of_team(&visitor, &slug)?
        .change(&visitor, form)
        .await
}

/// What the chat of a rotation is told.
#[get("/rotations/{id}/chat")]
pub async fn of_rotation(visitor: SignedIn, id: web::Path<String>) -> Answer {
    ChatPage::of_rotation(&visitor, &id)?.now(&visitor).await
}

/// Says what the chat of a rotation is told.
#[post("/rotations/{id}/chat")]
pub async fn put_of_rotation(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    ChatPage::of_rotation(&visitor, &id)?
        .change(&visitor, form)
        .await
}
