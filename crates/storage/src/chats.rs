//! Chats of teams and rotations.

use diesel::prelude::*;

use super::rows::{corrupt, inner};
use super::schema::chats;
use super::types::{AsJson, AsText};
use super::{Db, StoreError};
use crate::domain::ids::{RotationId, TeamId};
use crate::domain::notifications::chat::{Chat, ChatSettings, Place};

#[derive(Queryable, Insertable)]
#[diesel(table_name = chats)]
struct ChatRow {
    id: String,
    team_id: Option<AsText<TeamId>>,
    rotation_id: Option<AsText<RotationId>>,
    settings: AsJson<ChatSettings>,
    version: i64,
}

fn chat(row: ChatRow) -> Result<Chat, StoreError> {
    let team = inner(row.team_id).map(Place::Team);
    let rotation = inner(row.rotation_id).map(Place::Rotation);
    Ok(Chat {
        place: team
            .or(rotation)
            .ok_or_else(|| corrupt("a chat of nobody"))?,
        settings: row.settings.0,
        version: row.version,
    })
}

/// Every chat.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db) -> Result<Vec<Chat>, StoreError> {
    let rows: Vec<ChatRow> = chats::table.order(chats::id).load(db)?;
    rows.into_iter().map(chat).collect()
}

/// The chat of a team or a rotation; one that nobody has set up is told nothing.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, place: Place) -> Result<Chat, StoreError> {
    let row: Option<ChatRow> = chats::table.find(place.id()).first(db).optional()?;
    let nothing = || Chat {
        place,
        settings: ChatSettings::default(),
        version: 1,
    };
    row.map_or_else(|| Ok(nothing()), chat)
}

/// Keeps a chat.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn put(db: &mut Db, chat: &Chat) -> Result<(), StoreError> {
    let (team_id, rotation_id) = match chat.place {
        Place::Team(id) => (Some(AsText(id)), None),
        Place::Rotation(id) => (None, Some(AsText(id))),
    };
    let row = ChatRow {
        id: chat.place.id(),
        team_id,
        rotation_id,
        settings: AsJson(chat.settings.clone()),
        version: chat.version,
    };
    diesel::delete(chats::table.find(&row.id)).execute(db)?;
    diesel::insert_into(chats::table).values(row).execute(db)?;
    Ok(())
}
