//! The outbox: mails that are to be sent, and what became of them.
//!
//! A row is claimed until an instant, which is also how its claimant is known: who comes after the lease has ended
//! finds another instant there, and changes nothing.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use serde_json::Value;

use super::rows::{instant, ts};
use super::schema::outbox;
use super::types::{AsEnum, AsJson, AsText, Ts};
use super::{Db, StoreError};
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::notifications::message::StoredMessageKind;
use crate::domain::time::interval::Timestamp;

mod claims;
mod past;
mod said;

pub use claims::{Lane, claim, is_due, release, release_all, renew};
pub use past::{forget, forget_old};
pub use said::{Mark, Sent, mark, sent};

/// After so many failures, which is after some five days (RFC 5321 §4.5.4.1), nothing more is tried.
const ATTEMPTS: i32 = 125;

/// Refused settings count as so many failures at most.
const SETTLED: i32 = 10;

/// How long is waited after the first failure; twice as long after each further one.
const FIRST_WAIT: TimeDelta = TimeDelta::minutes(1);

/// How long is waited at most: a mail server that was away for a day is not waited for much longer once it is back.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// The longest error that is kept, in characters.
const LONGEST_ERROR: usize = 500;

/// How many keys a statement names at most.
const CHUNK: usize = 500;

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is still to be sent.
    Pending,
    /// The mail server has it.
    Sent,
    /// It was tried too often, or refused for good.
    Dead,
    /// There was no use for it any more.
    Dropped,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sent, Self::Dead, Self::Dropped];

    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
        }
    }
}

/// A message in the outbox.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Its id.
    pub id: String,
    /// Unique: what is there is not put there again.
    pub key: String,
    /// What it says.
    pub kind: StoredMessageKind,
    /// To whom; `None`: to a channel.
    pub person_id: Option<PersonId>,
    /// About what.
    pub rotation_id: Option<RotationId>,
    /// What it was planned from.
    pub payload: Value,
    /// What became of it.
    pub state: State,
    /// Not to be sent before.
    pub due_at: Timestamp,
    /// Of no use from then on.
    pub not_after: Timestamp,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next.
    pub next_attempt_at: Timestamp,
    /// Until when somebody is at it.
    pub leased_until: Option<Timestamp>,
    /// The same for every attempt; what stands before the `@`, which earlier versions kept too.
    pub message_id: String,
    /// Why it could not be sent, or was dropped.
    pub last_error: Option<String>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it was done with.
    pub finished_at: Option<Timestamp>,
}

/// A message that is to be planned.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its id, should it be new.
    pub id: String,
    /// Unique: what is there is not put there again.
    pub key: String,
    /// What it says.
    pub kind: StoredMessageKind,
    /// To whom; `None`: to a channel.
    pub person_id: Option<PersonId>,
    /// About what.
    pub rotation_id: Option<RotationId>,
    /// What it is planned from.
    pub payload: Value,
    /// Not to be sent before.
    pub due_at: Timestamp,
    /// Of no use from then on.
    pub not_after: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = outbox)]
struct MailRow {
    id: String,
    key: String,
    kind: AsText<StoredMessageKind>,
    person_id: Option<AsText<PersonId>>,
    rotation_id: Option<AsText<RotationId>>,
    payload: AsJson<Value>,
    state: AsEnum<State>,
    due_at: Ts,
    not_after: Ts,
    attempts: i32,
    next_attempt_at: Ts,
    leased_until: Option<Ts>,
    message_id: String,
    last_error: Option<String>,
    created_at: Ts,
    finished_at: Option<Ts>,
}

impl From<MailRow> for Mail {
    fn from(row: MailRow) -> Self {
        Self {
            id: row.id,
            key: row.key,
            kind: row.kind.0,
            person_id: row.person_id.map(|id| id.0),
            rotation_id: row.rotation_id.map(|id| id.0),
            payload: row.payload.0,
            state: row.state.0,
            due_at: row.due_at.0,
            not_after: row.not_after.0,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at.0,
            leased_until: instant(row.leased_until),
            message_id: row.message_id,
            last_error: row.last_error,
            created_at: row.created_at.0,
            finished_at: instant(row.finished_at),
        }
    }
}

impl MailRow {
    fn new(planned: &Planned, now: Timestamp) -> Self {
        Self {
            id: planned.id.clone(),
            key: planned.key.clone(),
            kind: AsText(planned.kind.clone()),
            person_id: planned.person_id.map(AsText),
            rotation_id: planned.rotation_id.map(AsText),
            payload: AsJson(planned.payload.clone()),
            state: AsEnum(State::Pending),
            due_at: Ts(planned.due_at),
            not_after: Ts(planned.not_after),
            attempts: 0,
            next_attempt_at: Ts(planned.due_at),
            leased_until: None,
            message_id: planned.id.clone(),
            last_error: None,
            created_at: Ts(now),
            finished_at: None,
        }
    }
}

/// What is known of a message by its key.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its key.
    pub key: String,
    state: State,
    next_attempt_at: Timestamp,
    attempts: i32,
}

impl From<(String, AsEnum<State>, Ts, i32)> for Known {
    fn from((key, state, next, attempts): (String, AsEnum<State>, Ts, i32)) -> Self {
        Self {
            key,
            state: state.0,
            next_attempt_at: next.0,
            attempts,
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The mail server has it, and this is what it said.
    Sent(Value),
    /// It failed, for this reason; tried again later, up to a limit.
    Failed(String),
    /// The mail server takes nothing as we are set up, for this reason; tried again until it is of no use any more.
    SettingsRefused(String),
    /// It will never be taken, for this reason: not tried again.
    Refused(String),
    /// There is no use for it any more, for this reason.
    Dropped(&'static str),
    /// It is not due before then after all.
    Postponed(Timestamp),
}

impl Known {
    /// Whether there was no use for it any more.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.state == State::Dropped
    }

    /// Whether planning the mail for `due_at` would change anything: where it was dropped it has come back, and where
    /// it waits it may be due earlier now.
    #[must_use]
    pub fn is_outdated(&self, due_at: Timestamp) -> bool {
        match self.state {
            State::Dropped => true,
            State::Pending => self.attempts == 0 && due_at < self.next_attempt_at,
            State::Sent | State::Dead => false,
        }
    }
}

/// What is there of these keys.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn known(db: &mut Db, keys: &[&str]) -> Result<Vec<Known>, StoreError> {
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<(String, AsEnum<State>, Ts, i32)> = outbox::table
            .filter(outbox::key.eq_any(chunk.to_vec()))
            .select((
                outbox::key,
                outbox::state,
                outbox::next_attempt_at,
                outbox::attempts,
            ))
            .load(db)?;
        found.extend(rows.into_iter().map(Known::from));
    }
    Ok(found)
}

/// Puts a mail there unless it is there; one that was dropped is to be sent after all, and one that waits is sent
/// earlier where it should be. Says whether anything changed.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn plan(db: &mut Db, planned: &Planned, now: Timestamp) -> Result<bool, StoreError> {
    if insert(db, &MailRow::new(planned, now))? {
        return Ok(true);
    }
    let again = (
        outbox::state.eq(AsEnum(State::Pending)),
        outbox::payload.eq(AsJson(planned.payload.clone())),
        outbox::due_at.eq(Ts(planned.due_at)),
        outbox::not_after.eq(Ts(planned.not_after)),
        outbox::next_attempt_at.eq(Ts(planned.due_at)),
        outbox::attempts.eq(0),
        outbox::last_error.eq(None::<String>),
        outbox::finished_at.eq(None::<Ts>),
    );
    let dropped = outbox::state.eq(AsEnum(State::Dropped));
    let waits = outbox::state
        .eq(AsEnum(State::Pending))
        .and(outbox::attempts.eq(0))
        .and(outbox::leased_until.is_null())
        .and(outbox::next_attempt_at.gt(Ts(planned.due_at)));
    let changed = diesel::update(
        outbox::table
            .filter(outbox::key.eq(&planned.key))
            .filter(dropped.or(waits)),
    )
    .set(again)
    .execute(db)?;
    Ok(changed > 0)
}

fn insert(db: &mut Db, mail: &MailRow) -> Result<bool, StoreError> {
    let new = diesel::insert_into(outbox::table)
        .values(mail)
        .on_conflict(outbox::key)
        .do_nothing();
    let count = match db {
        Db::Sqlite(connection) => new.execute(connection),
        Db::Postgres(connection) => new.execute(connection),
    }?;
    Ok(count > 0)
}

/// Writes down how an attempt ended. Says whether the mail was still claimed by the one who asks. What was dropped
/// meanwhile stays dropped, unless it was sent.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn finish(
    db: &mut Db,
    mail: &Mail,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (mut state, mut next, mut finished) = (State::Pending, mail.next_attempt_at, None);
    let (mut attempts, mut error, mut payload) = (mail.attempts, None, mail.payload.clone());
    match outcome {
        Outcome::Sent(said) => {
            payload = said.clone();
            attempts += 1;
            (state, finished) = (State::Sent, Some(Ts(now)));
        }
        Outcome::Failed(why) => {
            attempts += 1;
            error = Some(shortened(why));
            if attempts >= ATTEMPTS {
                (state, finished) = (State::Dead, Some(Ts(now)));
            } else {
                next = now + wait(&mail.id, attempts);
            }
        }
        Outcome::SettingsRefused(why) => {
            // So many mean the longest pause, and leave room for failures that count.
            attempts = attempts.max((attempts + 1).min(SETTLED));
            error = Some(shortened(why));
            next = now + wait(&mail.id, attempts);
        }
        Outcome::Refused(why) => {
            attempts += 1;
            (state, finished) = (State::Dead, Some(Ts(now)));
            error = Some(shortened(why));
        }
        Outcome::Dropped(why) => {
            (state, finished) = (State::Dropped, Some(Ts(now)));
            error = Some((*why).to_owned());
        }
        Outcome::Postponed(until) => next = *until,
    }
    let mut claimed = diesel::update(outbox::table)
        .filter(outbox::id.eq(&mail.id))
        .filter(outbox::leased_until.eq(ts(mail.leased_until)))
        .into_boxed();
    if state != State::Sent {
        claimed = claimed.filter(outbox::state.eq(AsEnum(State::Pending)));
    }
    let changed = claimed
        .set((
            outbox::state.eq(AsEnum(state)),
            outbox::attempts.eq(attempts),
            outbox::payload.eq(AsJson(payload)),
            outbox::next_attempt_at.eq(Ts(next)),
            outbox::leased_until.eq(None::<Ts>),
            outbox::last_error.eq(error),
            outbox::finished_at.eq(finished),
        ))
        .execute(db)?;
    Ok(changed > 0)
}

fn shortened(why: &str) -> String {
    why.chars().take(LONGEST_ERROR).collect()
}

/// How long is waited after so many failures: a quarter less or more, by chance, so that what failed together does not
/// come back together. The chance is in the mail's id.
fn wait(id: &str, failures: i32) -> TimeDelta {
    let mut wait = FIRST_WAIT;
    for _ in 1..failures {
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    let chance = id.bytes().chain(failures.to_le_bytes());
    let chance = chance.fold(17_i32, |all, byte| (all * 31 + i32::from(byte)) % 1_009);
    wait * 3 / 4 + wait / 2 * chance / 1_009
}

/// Lets a dead mail be tried again, as if it were new but for its message id. Says whether it was dead.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn revive(db: &mut Db, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let dead = outbox::table
        .filter(outbox::id.eq(id))
        .filter(outbox::state.eq(AsEnum(State::Dead)));
    let changed = diesel::update(dead)
        .set((
            outbox::state.eq(AsEnum(State::Pending)),
            outbox::attempts.eq(0),
            outbox::next_attempt_at.eq(Ts(now)),
            outbox::finished_at.eq(None::<Ts>),
        ))
        .execute(db)?;
    Ok(changed > 0)
}

/// What the outbox has.
#[derive(Debug, Clone)]
pub struct Load {
    /// How many of each state.
    pub counts: Vec<(&'static str, i64)>,
    /// What is due and waits, since when.
    pub oldest_due: Option<Timestamp>,
}

/// How much there is.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(db: &mut Db, now: Timestamp) -> Result<Load, StoreError> {
    let mut counts = Vec::with_capacity(State::ALL.len());
    for state in State::ALL {
        let count = outbox::table
            .filter(outbox::state.eq(AsEnum(state)))
            .count()
            .get_result(db)?;
        counts.push((state.as_str(), count));
    }
    let oldest: Option<Ts> = outbox::table
        .filter(outbox::state.eq(AsEnum(State::Pending)))
        .filter(outbox::due_at.le(Ts(now)))
        // What failed waits for its next attempt, and waits all the same.
        .filter(
            outbox::next_attempt_at
                .le(Ts(now))
                .or(outbox::attempts.gt(0)),
        )
        .order(outbox::due_at)
        .select(outbox::due_at)
        .first(db)
        .optional()?;
    Ok(Load {
        counts,
        oldest_due: oldest.map(|at| at.0),
    })
}

/// Drops what waits under this key, for this reason. Says whether anything did.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn drop_pending(db: &mut Db, key: &str, why: &str, now: Timestamp) -> Result<bool, StoreError> {
    let changed = diesel::update(
        outbox::table
            .filter(outbox::key.eq(key))
            .filter(outbox::state.eq(AsEnum(State::Pending))),
    )
    .set((
        outbox::state.eq(AsEnum(State::Dropped)),
        outbox::last_error.eq(Some(why)),
        outbox::finished_at.eq(Some(Ts(now))),
    ))
    .execute(db)?;
    Ok(changed > 0)
}

/// The same for all whose keys begin with `prefix`, in which `%` and `_` stand for themselves.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn drop_pending_under(
    db: &mut Db,
    prefix: &str,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let keys: Vec<String> = outbox::table
        .filter(outbox::state.eq(AsEnum(State::Pending)))
        .filter(outbox::key.ge(prefix))
        .order(outbox::key)
        .select(outbox::key)
        .load(db)?;
    for key in keys.iter().filter(|key| key.starts_with(prefix)) {
        drop_pending(db, key, why, now)?;
    }
    Ok(())
}

/// Mails in the order in which they were planned, after the one of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn list(
    db: &mut Db,
    state: Option<State>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Mail>, StoreError> {
    let mut rows = outbox::table.into_boxed();
    if let Some(state) = state {
        rows = rows.filter(outbox::state.eq(AsEnum(state)));
    }
    if let Some(after) = after {
        rows = rows.filter(outbox::id.gt(after.to_owned()));
    }
    let rows: Vec<MailRow> = rows.order(outbox::id).limit(limit).load(db)?;
    Ok(rows.into_iter().map(Mail::from).collect())
}

/// Mails, the newest first, before the one of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn newest(
    db: &mut Db,
    state: Option<State>,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<Mail>, StoreError> {
    let mut rows = outbox::table.into_boxed();
    if let Some(state) = state {
        rows = rows.filter(outbox::state.eq(AsEnum(state)));
    }
    if let Some(before) = before {
        rows = rows.filter(outbox::id.lt(before.to_owned()));
    }
    let rows: Vec<MailRow> = rows.order(outbox::id.desc()).limit(limit).load(db)?;
    Ok(rows.into_iter().map(Mail::from).collect())
}

/// How many mails there are in a state.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn count(db: &mut Db, state: State) -> Result<i64, StoreError> {
    let rows = outbox::table.filter(outbox::state.eq(AsEnum(state)));
    Ok(rows.count().get_result(db)?)
}

/// The mail of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: &str) -> Result<Option<Mail>, StoreError> {
    let row: Option<MailRow> = outbox::table.find(id).first(db).optional()?;
    Ok(row.map(Mail::from))
}

/// The state of this name.
#[must_use]
pub fn state_of(text: &str) -> Option<State> {
    State::ALL.into_iter().find(|state| state.as_str() == text)
}

#[cfg(test)]
mod tests;
