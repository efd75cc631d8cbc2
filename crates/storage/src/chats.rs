//! Chats of teams and rotations.

use diesel::prelude::*;

use super::rows::{corrupt, from_json, parse_some, to_document};
use super::schema::chats;
use super::types::Json;
use super::{Db, StoreError};
use crate::domain::chat::{Chat, ChatSettings, Place};

#[derive(Queryable, Insertable)]
#[diesel(table_name = chats)]
struct ChatRow {
    id: String,
    team_id: Option<String>,
    rotation_id: Option<String>,
    settings: Json,
    version: i64,
}

fn chat(row: ChatRow) -> Result<Chat, StoreError> {
    let team = parse_some(row.team_id.as_deref())?.map(Place::Team);
    let rotation = parse_some(row.rotation_id.as_deref())?.map(Place::Rotation);
    Ok(Chat {
        place: team
            .or(rotation)
            .ok_or_else(|| corrupt("a chat of nobody"))?,
        settings: from_json(row.settings)?,
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
        Place::Team(id) => (Some(id.to_string()), None),
        Place::Rotation(id) => (None, Some(id.to_string())),
    };
    let row = ChatRow {
        id: chat.place.id(),
        team_id,
        rotation_id,
        settings: to_document(&chat.settings)?,
        version: chat.version,
    };
    diesel::delete(chats::table.find(&row.id)).execute(db)?;
    diesel::insert_into(chats::table).values(row).execute(db)?;
    Ok(())
}
