//! What people were told by mails, and what those say that wait.

use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use super::State;
use crate::domain::interval::Timestamp;
use crate::rows::enum_to_text;
use crate::schema::outbox;
use crate::types::{Json, Ts};
use crate::{Db, StoreError};

/// A mail that was sent and is still of use.
#[derive(Debug, Clone, Queryable)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// To whom; `None`: to a channel.
    pub person_id: Option<String>,
    /// About what.
    pub rotation_id: Option<String>,
    /// What it said.
    pub payload: Json,
    /// When.
    pub at: Option<Ts>,
    /// When it was put there.
    pub created_at: Ts,
}

/// What was sent, and what will be as it is: all that waits but reminders and digests, which are written anew when they
/// are sent.
macro_rules! said {
    () => {
        outbox::state
            .eq(enum_to_text(State::Sent)?)
            .or(outbox::state
                .eq(enum_to_text(State::Pending)?)
                .and(outbox::kind.not_like("reminder.%"))
                .and(outbox::kind.ne("digest")))
    };
}

/// What was or will be said of these kinds, about one rotation or about all, and is still of use.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn sent(
    db: &mut Db,
    kinds: &[&str],
    rotation: Option<&str>,
    now: Timestamp,
) -> Result<Vec<Sent>, StoreError> {
    let mut rows = outbox::table
        .filter(said!())
        .filter(outbox::not_after.gt(Ts(now)))
        .filter(outbox::kind.eq_any(kinds.to_vec()))
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
        rows = rows.filter(outbox::rotation_id.eq(rotation.to_owned()));
    }
    Ok(rows.load(db)?)
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
pub fn mark(db: &mut Db, kinds: &[&str], now: Timestamp) -> Result<Mark, StoreError> {
    Ok(outbox::table
        .filter(said!())
        .filter(outbox::not_after.gt(Ts(now)))
        .filter(outbox::kind.eq_any(kinds.to_vec()))
        .select((
            count_star(),
            max(outbox::created_at),
            max(outbox::finished_at),
        ))
        .first(db)?)
}
