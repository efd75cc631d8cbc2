//! Who is at which mail.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::{LONGEST_WAIT, Mail, MailRow, State};
use crate::domain::notifications::message::{MessageKind, StoredMessageKind, Urgency, group};
use crate::domain::stored::MaybeKnown;
use crate::domain::time::interval::Timestamp;
use crate::rows::ts;
use crate::schema::outbox;
use crate::types::{AsEnum, Ts, UtcTs};
use crate::{Db, StoreError};

/// Which way something goes: what is in one does not wait for what is in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Links to sign in, by mail.
    SignIns,
    /// What is about incidents, by mail.
    Incidents,
    /// All other mail.
    Mails,
    /// By a webhook, to a chat.
    Messages,
}

/// The kind of mails with links to sign in.
const SIGN_IN: &str = MessageKind::SignIn.as_str();

/// No claim lies so far ahead, whatever small difference there is between the clocks of those who claim: what is claimed
/// until later was claimed by a clock that was wrong.
const LONGEST_CLAIM: TimeDelta = TimeDelta::minutes(10);

/// Neither does the end of a pause after a failure.
fn longest_pause() -> TimeDelta {
    LONGEST_WAIT * 2
}

/// What goes first within a lane, the most urgent first.
fn urgency(kind: &StoredMessageKind) -> Urgency {
    match kind {
        MaybeKnown::Known(kind) => kind.urgency(),
        MaybeKnown::Unknown(name) if name.starts_with(group::INCIDENTS) => Urgency::Incident,
        MaybeKnown::Unknown(_) => Urgency::Usual,
    }
}

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Self; 4] = [Self::SignIns, Self::Incidents, Self::Mails, Self::Messages];

    // The condition is there twice: on PostgreSQL the inner one may have been true when another
    // claimant was not yet done, and only the outer one is looked at again.
    fn claim(self) -> String {
        let sign_in = format!("kind = '{SIGN_IN}'");
        let incident = format!("kind LIKE '{}%'", group::INCIDENTS);
        let lane = match self {
            Self::SignIns => format!("person_id IS NOT NULL AND {sign_in}"),
            Self::Incidents => format!("person_id IS NOT NULL AND {incident}"),
            Self::Mails => format!("person_id IS NOT NULL AND NOT ({sign_in} OR {incident})"),
            Self::Messages => "person_id IS NULL".to_owned(),
        };
        let rank = format!("CASE WHEN {sign_in} THEN 0 WHEN {incident} THEN 1 ELSE 2 END");
        let free = "state = 'pending' \
             AND (next_attempt_at <= $2 OR last_error IS NOT NULL AND next_attempt_at > $3) \
             AND (leased_until IS NULL OR leased_until <= $2 OR leased_until > $4)";
        format!(
            "UPDATE outbox SET leased_until = $1 WHERE id IN (SELECT id FROM outbox WHERE {free} AND {lane} \
             ORDER BY {rank}, next_attempt_at, id LIMIT $5) AND {free} RETURNING id"
        )
    }
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Whether anything can be claimed.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn is_due(db: &mut Db, lane: Lane, now: Timestamp) -> Result<bool, StoreError> {
    let free = outbox::leased_until
        .is_null()
        .or(outbox::leased_until.le(Ts(now)))
        .or(outbox::leased_until.gt(Ts(now + LONGEST_CLAIM)));
    // What failed has a reason, and what was put off has none.
    let by_a_wrong_clock = outbox::last_error
        .is_not_null()
        .and(outbox::next_attempt_at.gt(Ts(now + longest_pause())));
    let due = outbox::table
        .filter(outbox::state.eq(AsEnum(State::Pending)))
        .filter(outbox::next_attempt_at.le(Ts(now)).or(by_a_wrong_clock))
        .filter(free)
        .select(outbox::id)
        .into_boxed();
    let due = match lane {
        Lane::SignIns => due
            .filter(outbox::person_id.is_not_null())
            .filter(outbox::kind.eq(SIGN_IN)),
        Lane::Incidents => due
            .filter(outbox::person_id.is_not_null())
            .filter(outbox::kind.like(format!("{}%", group::INCIDENTS))),
        Lane::Mails => due
            .filter(outbox::person_id.is_not_null())
            .filter(outbox::kind.ne(SIGN_IN))
            .filter(outbox::kind.not_like(format!("{}%", group::INCIDENTS))),
        Lane::Messages => due.filter(outbox::person_id.is_null()),
    };
    let first: Option<String> = due.first(db).optional()?;
    Ok(first.is_some())
}

/// Takes up to `limit` mails that are due, for whoever sends them before `until`; nobody else gets them till then. What
/// somebody waits for comes first, then what is due the longest.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn claim(
    db: &mut Db,
    lane: Lane,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Mail>, StoreError> {
    let claim = diesel::sql_query(lane.claim())
        .bind::<UtcTs, _>(Ts(until))
        .bind::<UtcTs, _>(Ts(now))
        .bind::<UtcTs, _>(Ts(now + longest_pause()))
        .bind::<UtcTs, _>(Ts(now + LONGEST_CLAIM))
        .bind::<BigInt, _>(limit);
    let claimed: Vec<Claimed> = match db {
        Db::Sqlite(connection) => claim.load(connection),
        Db::Postgres(connection) => claim.load(connection),
    }?;
    let ids: Vec<String> = claimed.into_iter().map(|one| one.id).collect();
    let rows: Vec<MailRow> = outbox::table
        .filter(outbox::id.eq_any(ids))
        .order((outbox::next_attempt_at, outbox::id))
        .load(db)?;
    let mut mails: Vec<Mail> = rows.into_iter().map(Mail::from).collect();
    mails.sort_by_key(|mail| urgency(&mail.kind));
    Ok(mails)
}

/// Claims until later what is still claimed until `from`, of these mails.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn renew(
    db: &mut Db,
    mails: &[Mail],
    from: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<&str> = mails.iter().map(|mail| mail.id.as_str()).collect();
    diesel::update(outbox::table.filter(outbox::id.eq_any(ids)))
        .filter(outbox::leased_until.eq(Some(Ts(from))))
        .set(outbox::leased_until.eq(Some(Ts(until))))
        .execute(db)?;
    Ok(())
}

/// Gives back what was claimed and not tried.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn release(db: &mut Db, mails: &[Mail]) -> Result<(), StoreError> {
    for mail in mails {
        diesel::update(
            outbox::table
                .filter(outbox::id.eq(&mail.id))
                .filter(outbox::leased_until.eq(ts(mail.leased_until))),
        )
        .set(outbox::leased_until.eq(None::<Ts>))
        .execute(db)?;
    }
    Ok(())
}

/// Takes back every claim. For whoever knows that nobody is at work.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn release_all(db: &mut Db) -> Result<usize, StoreError> {
    Ok(
        diesel::update(outbox::table.filter(outbox::leased_until.is_not_null()))
            .set(outbox::leased_until.eq(None::<Ts>))
            .execute(db)?,
    )
}
