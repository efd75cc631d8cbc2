//! The outbox: what services put there for people, and how it is read.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::locked_rotation::{as_json, record_audit};
use super::{Db, Error, Tx, access};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::{News, Notice};
use crate::domain::time::interval::Timestamp;
use crate::storage::audit::AuditEvent;
pub use crate::storage::outbox::state_of;
use crate::storage::outbox::{self, Mail, State};

/// Where a mail's payload has what it tells of shifts.
pub const NEWS: &str = "news";

/// A mail that is to be sent, or was.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxView {
    /// Its id.
    pub id: String,
    /// What it says, such as `reminder.incoming`.
    pub kind: String,
    /// To whom; null: to a channel.
    pub person_id: Option<String>,
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

impl OutboxView {
    /// The mail, with the domain of message ids.
    fn of(mail: Mail, domain: &str) -> Self {
        let is_finished = mail.finished_at.is_some();
        Self {
            id: mail.id,
            kind: mail.kind.to_string(),
            person_id: mail.person_id.map(|id| id.to_string()),
            rotation_id: mail.rotation_id.map(|id| id.to_string()),
            payload: mail.payload,
            state: mail.state.as_str().to_owned(),
            due_at: mail.due_at,
            not_after: mail.not_after,
            attempts: mail.attempts,
            next_attempt_at: (!is_finished).then_some(mail.next_attempt_at),
            message_id: message_id(&mail.message_id, domain),
            last_error: mail.last_error,
            created_at: mail.created_at,
            finished_at: mail.finished_at,
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
    domain: &str,
    state: Option<State>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<OutboxView>, Error> {
    let mails = outbox::list(db, state, after, limit)?;
    Ok(mails
        .into_iter()
        .map(|mail| OutboxView::of(mail, domain))
        .collect())
}

/// Mails, the newest first.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn newest(
    db: &mut Db,
    domain: &str,
    state: Option<State>,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<OutboxView>, Error> {
    let mails = outbox::newest(db, state, before, limit)?;
    Ok(mails
        .into_iter()
        .map(|mail| OutboxView::of(mail, domain))
        .collect())
}

/// How many mails are given up.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn dead(db: &mut Db) -> Result<i64, Error> {
    Ok(outbox::count(db, State::Dead)?)
}

/// Lets a dead mail be tried again.
///
/// # Errors
///
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] where it is not dead, or of no use any more.
pub fn retry(uow: &mut UnitOfWork<'_>, id: &str, domain: &str) -> Result<OutboxView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    access::administrator(actor)?;
    let none = || Error::NotFound("mail");
    let before = outbox::find(uow.db(), id)?.ok_or_else(none)?;
    if before.not_after <= now {
        return Err(Error::conflict("what it says is over"));
    }
    if !outbox::revive(uow.db(), id, now)? {
        return Err(Error::conflict("only what is dead is tried again"));
    }
    let after = outbox::find(uow.db(), id)?.ok_or_else(none)?;
    let deed = AuditEvent {
        action: AuditAction::OutboxRetry,
        kind: "mail",
        id: id.to_owned(),
        before: as_json(json!({ "state": before.state, "last_error": before.last_error }))?,
        after: as_json(json!({ "state": after.state }))?,
    };
    record_audit(uow, deed)?;
    Ok(OutboxView::of(after, domain))
}

/// So many old mails are forgotten in one transaction: others that write are not kept waiting.
const AT_ONCE: i64 = 500;

/// Forgets old mails: those done with for longer than `keep`, and of no use any more. Says whether there are more.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn forget_old(tx: &mut Tx<'_>, keep: TimeDelta, now: Timestamp) -> Result<bool, Error> {
    let count = outbox::forget_old(tx.db(), now - keep, now, AT_ONCE)?;
    Ok(i64::try_from(count).is_ok_and(|count| count >= AT_ONCE))
}

/// The whole message id of what is kept of it.
#[must_use]
pub fn message_id(kept: &str, domain: &str) -> String {
    if kept.contains('@') {
        kept.to_owned()
    } else {
        format!("{kept}@{domain}")
    }
}

/// A mail to somebody, to be sent once the transaction is committed.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Unique: of mails with the same key one is sent.
    pub key: String,
    /// What it says: a kind whose text is written when it is queued.
    pub kind: MessageKind,
    /// To whom.
    pub to: PersonId,
    /// About which rotation.
    pub rotation: Option<RotationId>,
    /// Not to be sent before; see `domain::reminders::when_at_work` for a time when they are at work.
    pub due_at: Timestamp,
    /// Of no use from then on: dropped, not sent late.
    pub not_after: Timestamp,
    /// What it says. Its times are on the recipient's clock.
    pub notice: Notice,
}

/// Queues a mail; answers with its message id, which later ones can follow on (`Notice::in_reply_to`).
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn queue(uow: &mut UnitOfWork<'_>, mail: &Queued) -> Result<String, Error> {
    queue_news(uow, mail, &News::default())
}

/// The same for a mail that tells somebody of their shifts.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn queue_news(uow: &mut UnitOfWork<'_>, mail: &Queued, news: &News) -> Result<String, Error> {
    let now = uow.now;
    let mut payload = as_json(&mail.notice)?;
    if let Some(members) = payload.as_object_mut().filter(|_| !news.is_empty()) {
        members.insert(NEWS.to_owned(), as_json(news)?);
    }
    let planned = outbox::Planned {
        id: new_id().to_string(),
        key: mail.key.clone(),
        kind: mail.kind.into(),
        person_id: Some(mail.to),
        rotation_id: mail.rotation,
        payload,
        due_at: mail.due_at,
        not_after: mail.not_after,
    };
    outbox::plan(uow.db(), &planned, now)?;
    Ok(planned.id)
}

/// Drops a mail that waits and has become pointless, for this reason.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn withdraw(uow: &mut UnitOfWork<'_>, key: &str, why: &str) -> Result<(), Error> {
    let now = uow.now;
    outbox::drop_pending(uow.db(), key, why, now)?;
    Ok(())
}

/// The same for all mails whose keys begin with `prefix`.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn withdraw_all(uow: &mut UnitOfWork<'_>, prefix: &str, why: &str) -> Result<(), Error> {
    let now = uow.now;
    outbox::drop_pending_under(uow.db(), prefix, why, now)?;
    Ok(())
}
