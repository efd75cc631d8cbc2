//! What people were told by mails, and what those say that wait.

use diesel::dsl::{count_star, max};
use diesel::prelude::*;
use serde_json::Value;

use super::State;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::notifications::message::{MessageKind, TextWritten};
use crate::domain::time::interval::Timestamp;
use crate::schema::outbox;
use crate::types::{AsEnum, AsJson, AsText, Ts};
use crate::{Db, StoreError};

/// A message that was sent and is still of use.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// To whom; `None`: to a channel.
    pub person_id: Option<PersonId>,
    /// About what.
    pub rotation_id: Option<RotationId>,
    /// What it said.
    pub payload: Value,
    /// When it was sent or, while it waits, queued.
    pub at: Timestamp,
}

type SentRow = (
    String,
    Option<AsText<PersonId>>,
    Option<AsText<RotationId>>,
    AsJson<Value>,
    Option<Ts>,
    Ts,
);

impl From<SentRow> for Sent {
    fn from((id, person, rotation, payload, finished_at, created_at): SentRow) -> Self {
        Self {
            id,
            person_id: person.map(|id| id.0),
            rotation_id: rotation.map(|id| id.0),
            payload: payload.0,
            at: finished_at.unwrap_or(created_at).0,
        }
    }
}

/// What was sent, and what waits and will be said as it is: the rest is written anew when it is sent.
macro_rules! said {
    ($kinds:expr) => {{
        let fixed = |kind: &MessageKind| kind.text() == TextWritten::WhenQueued;
        let fixed = $kinds.iter().copied().filter(fixed);
        let fixed: Vec<&str> = fixed.map(MessageKind::as_str).collect();
        outbox::state.eq(AsEnum(State::Sent)).or(outbox::state
            .eq(AsEnum(State::Pending))
            .and(outbox::kind.eq_any(fixed)))
    }};
}

fn names(kinds: &[MessageKind]) -> Vec<&'static str> {
    kinds.iter().copied().map(MessageKind::as_str).collect()
}

/// What was or will be said of these kinds, about one rotation or about all, and is still of use.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn sent(
    db: &mut Db,
    kinds: &[MessageKind],
    rotation: Option<RotationId>,
    now: Timestamp,
) -> Result<Vec<Sent>, StoreError> {
    let mut rows = outbox::table
        .filter(said!(kinds))
        .filter(outbox::not_after.gt(Ts(now)))
        .filter(outbox::kind.eq_any(names(kinds)))
        .select((
            outbox::id,
            outbox::person_id,
            outbox::rotation_id,
            outbox::payload,
            outbox::finished_at,
            outbox::created_at,
        ))
        .into_boxed();
    if let Some(rotation) = rotation {
        rows = rows.filter(outbox::rotation_id.eq(AsText(rotation)));
    }
    let rows: Vec<SentRow> = rows.load(db)?;
    Ok(rows.into_iter().map(Sent::from).collect())
}

/// Tells states of what [`sent`] finds apart, and costs less.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Mark {
    count: i64,
    put_last: Option<Ts>,
    sent_last: Option<Ts>,
}

/// The state of what [`sent`] finds.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn mark(db: &mut Db, kinds: &[MessageKind], now: Timestamp) -> Result<Mark, StoreError> {
    Ok(outbox::table
        .filter(said!(kinds))
        .filter(outbox::not_after.gt(Ts(now)))
        .filter(outbox::kind.eq_any(names(kinds)))
        .select((
            count_star(),
            max(outbox::created_at),
            max(outbox::finished_at),
        ))
        .first(db)?)
}
