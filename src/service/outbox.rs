//! The outbox, as it is read.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Error;
use crate::storage::Db;
pub use crate::storage::outbox::state_of;
use crate::storage::outbox::{self, Mail, State};

/// A mail that is to be sent, or was.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxView {
    /// Its id.
    pub id: String,
    /// What it says, such as `reminder.incoming`.
    pub kind: String,
    /// To whom.
    pub person_id: String,
    /// About which rotation.
    pub rotation_id: Option<String>,
    /// What it was planned from.
    #[schema(value_type = Object)]
    pub payload: Value,
    /// `pending`, `sent`, `dead` (tried too often) or `dropped` (no use for it any more).
    pub state: String,
    /// Not to be sent before.
    pub due_at: DateTime<Utc>,
    /// Of no use from then on.
    pub not_after: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next; null where it is done with.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Its Message-ID, without the angle brackets.
    pub message_id: String,
    /// Why it could not be sent, or was dropped.
    pub last_error: Option<String>,
    /// When it was planned.
    pub created_at: DateTime<Utc>,
    /// When it was done with.
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<Mail> for OutboxView {
    fn from(mail: Mail) -> Self {
        let finished_at = mail.finished_at.map(|at| at.0);
        Self {
            id: mail.id,
            kind: mail.kind,
            person_id: mail.person_id,
            rotation_id: mail.rotation_id,
            payload: mail.payload.0,
            state: mail.state,
            due_at: mail.due_at.0,
            not_after: mail.not_after.0,
            attempts: mail.attempts,
            next_attempt_at: finished_at.is_none().then_some(mail.next_attempt_at.0),
            message_id: mail.message_id,
            last_error: mail.last_error,
            created_at: mail.created_at.0,
            finished_at,
        }
    }
}

/// Mails, in the order in which they were planned.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn list(
    db: &mut Db,
    state: Option<State>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<OutboxView>, Error> {
    let mails = outbox::list(db, state, after, limit)?;
    Ok(mails.into_iter().map(OutboxView::from).collect())
}
