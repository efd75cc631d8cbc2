//! Chats of teams and rotations: what they are told, and where they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::locked_rotation::{as_json, record_audit, team_of, team_of_slug};
use super::{Actor, Db, Error, ValidationErrors, access, values};
use crate::UnitOfWork;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::RotationId;
use crate::domain::notifications::chat::{Chat, ChatSettings, Place};
use crate::domain::people::team::Team;
use crate::notify::Guard;
use crate::snapshot::Snapshot;
use crate::storage::audit::AuditEvent;
use crate::storage::{chats, rotations};

/// What a chat is told; what is left out is as by default.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChatInput {
    /// A webhook that takes messages in the format of Slack; null: nothing is told.
    pub webhook_url: Option<String>,
    /// Whether handoffs are told.
    pub handoffs: bool,
    /// Whether it is told that somebody looks for a cover.
    pub covers: bool,
    /// Whether the week ahead is told on Monday mornings.
    pub week_ahead: bool,
}

/// What a chat is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChatView {
    /// Where messages go; null where nothing is told, and for those who may not see it.
    pub webhook_url: Option<String>,
    /// Whether handoffs are told.
    pub handoffs: bool,
    /// Whether it is told that somebody looks for a cover.
    pub covers: bool,
    /// Whether the week ahead is told on Monday mornings.
    pub week_ahead: bool,
    /// Goes up with each change.
    pub version: i64,
}

impl Default for ChatInput {
    fn default() -> Self {
        let ChatSettings {
            webhook_url,
            handoffs,
            covers,
            week_ahead,
        } = ChatSettings::default();
        Self {
            webhook_url,
            handoffs,
            covers,
            week_ahead,
        }
    }
}

impl ChatView {
    /// The chat; its address is a secret.
    fn of(chat: &Chat, sees_address: bool) -> Self {
        let settings = &chat.settings;
        Self {
            webhook_url: settings.webhook_url.clone().filter(|_| sees_address),
            handoffs: settings.handoffs,
            covers: settings.covers,
            week_ahead: settings.week_ahead,
            version: chat.version,
        }
    }
}

/// The chat of a team. Its address is a secret: only managers see it.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn of_team(
    db: &mut Db,
    actor: &Actor,
    snapshot: &Snapshot,
    slug: &str,
) -> Result<ChatView, Error> {
    let team = snapshot.team_of_slug(slug).ok_or(Error::NotFound("team"))?;
    show(db, actor, team, Place::Team(team.id))
}

/// The chat of a rotation.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn of_rotation(
    db: &mut Db,
    actor: &Actor,
    snapshot: &Snapshot,
    id: RotationId,
) -> Result<ChatView, Error> {
    let none = || Error::NotFound("rotation");
    let timeline = snapshot.timeline_of(id).ok_or_else(none)?;
    let team = snapshot.team(timeline.rotation().team).ok_or_else(none)?;
    show(db, actor, team, Place::Rotation(id))
}

fn show(db: &mut Db, actor: &Actor, team: &Team, place: Place) -> Result<ChatView, Error> {
    let chat = chats::find(db, place)?;
    Ok(ChatView::of(&chat, access::manages(actor, team)))
}

/// Says what the chat of a team is told; `new` goes with the addresses that are asked.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn put_of_team(
    uow: &mut UnitOfWork<'_>,
    slug: &str,
    new: &ChatInput,
    guard: &Guard,
) -> Result<ChatView, Error> {
    let team = team_of_slug(uow, slug)?;
    put(uow, &team, Place::Team(team.id), new, guard)
}

/// Says what the chat of a rotation is told.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn put_of_rotation(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    new: &ChatInput,
    guard: &Guard,
) -> Result<ChatView, Error> {
    let (rotation, _) = rotations::lock(uow, id)?.ok_or(Error::NotFound("rotation"))?;
    let team = team_of(uow, rotation.team)?;
    put(uow, &team, Place::Rotation(id), new, guard)
}

fn put(
    uow: &mut UnitOfWork<'_>,
    team: &Team,
    place: Place,
    new: &ChatInput,
    guard: &Guard,
) -> Result<ChatView, Error> {
    let actor = uow.actor;
    access::manager(actor, team)?;
    let before = chats::find(uow.db(), place)?;
    uow.check_version(before.version)?;
    let mut errors = ValidationErrors::new();
    let webhook_url = new
        .webhook_url
        .as_ref()
        .and_then(|url| values::webhook(&mut errors, "/webhook_url", url, guard));
    errors.finish()?;
    let after = Chat {
        place,
        settings: ChatSettings {
            webhook_url,
            handoffs: new.handoffs,
            covers: new.covers,
            week_ahead: new.week_ahead,
        },
        version: before.version + 1,
    };
    chats::put(uow.db(), &after)?;
    let deed = AuditEvent {
        action: AuditAction::ChatChange,
        kind: match place {
            Place::Team(_) => "team",
            Place::Rotation(_) => "rotation",
        },
        id: place.id(),
        before: as_json(ChatView::of(&before, false))?,
        after: as_json(ChatView::of(&after, false))?,
    };
    record_audit(uow, deed)?;
    Ok(ChatView::of(&after, true))
}
