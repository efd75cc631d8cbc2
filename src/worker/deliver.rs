//! From the outbox to the mail server.

use chrono::TimeDelta;

use crate::domain::duty::Rota as _;
use crate::domain::ids::RotationId;
use crate::domain::interval::Instant;
use crate::domain::reminder::{Reminder, due};
use crate::notify::{Letter, MailError, Mailer, masked};
use crate::roster::Roster;
use crate::service::App;
use crate::storage::StoreError;
use crate::storage::outbox::{self, Mail, Outcome};

/// How many mails are claimed at once.
const BATCH: i64 = 10;

/// How long a claim lasts: longer than a mail server can take for a batch.
const LEASE: TimeDelta = TimeDelta::minutes(10);

/// After so many failures one after the other the mail server is down, and the rest waits for the next pass.
const DOWN: u32 = 3;

/// Where a reminder would be due later after all, it is looked for so far ahead.
const AHEAD: TimeDelta = TimeDelta::days(14);

/// Sends what is due, until nothing is. Says how many.
pub(super) fn deliver(
    app: &App,
    mailer: &Mailer,
    mut stopped: impl FnMut() -> bool,
) -> Result<usize, StoreError> {
    let (mut sent, mut failures) = (0, 0);
    loop {
        let now = app.clock.now();
        let until = now + LEASE;
        let batch = app
            .store
            .write(|tx| outbox::claim(tx.db(), now, until, BATCH))?;
        if batch.is_empty() {
            return Ok(sent);
        }
        // After the claim: what changed before it must be known.
        let fresh = app.keeper.refresh(&app.store, now);
        for (index, mail) in batch.iter().enumerate() {
            let now = app.clock.now();
            if fresh.is_err() || stopped() || failures >= DOWN || now >= until {
                let rest = batch.get(index..).unwrap_or_default();
                app.store
                    .write::<_, StoreError>(|tx| outbox::release(tx.db(), rest))?;
                return fresh.map(|()| sent);
            }
            let outcome = attempt(app, mailer, mail, now);
            match &outcome {
                Outcome::Sent => (sent, failures) = (sent + 1, 0),
                Outcome::Failed(error) => {
                    failures += 1;
                    tracing::warn!(mail = mail.id, error, "a mail could not be sent");
                }
                Outcome::Refused(error) => {
                    failures = 0;
                    tracing::warn!(mail = mail.id, error, "a mail was refused for good");
                }
                Outcome::Dropped(reason) => {
                    tracing::info!(mail = mail.id, reason, "a mail was dropped");
                }
                Outcome::Postponed(_) => {}
            }
            app.store
                .write::<_, StoreError>(|tx| outbox::finish(tx.db(), mail, &outcome, now))?;
        }
    }
}

/// Tries one mail, which is claimed.
fn attempt(app: &App, mailer: &Mailer, mail: &Mail, now: Instant) -> Outcome {
    if mail.not_after.0 <= now {
        return Outcome::Dropped("it is over");
    }
    let roster = app.keeper.snapshot();
    let Some((rotation, reminder)) = still_due(&roster, mail, now) else {
        return Outcome::Dropped(
            "the shift is no longer theirs, or a later reminder says the same",
        );
    };
    if reminder.due_at > now {
        return Outcome::Postponed(reminder.due_at);
    }
    let Some(letter) = letter(app, mailer, &roster, rotation, &reminder, mail) else {
        return Outcome::Dropped("the person or the rotation is gone");
    };
    match mailer.send(&letter, now) {
        Ok(()) => {
            tracing::info!(
                mail = mail.id,
                to = masked(&letter.email),
                "a mail was sent"
            );
            Outcome::Sent
        }
        Err(error @ MailError::Refused(_)) => Outcome::Refused(error.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// The reminder of a mail, as the roster would have it now.
fn still_due(roster: &Roster, mail: &Mail, now: Instant) -> Option<(RotationId, Reminder)> {
    let rotation: RotationId = mail.rotation_id.as_ref()?.parse().ok()?;
    let timeline = roster.timeline_of(rotation)?;
    due(timeline, roster.people(), now, AHEAD)
        .into_iter()
        .find(|reminder| reminder.key == mail.key)
        .map(|reminder| (rotation, reminder))
}

fn letter(
    app: &App,
    mailer: &Mailer,
    roster: &Roster,
    rotation: RotationId,
    reminder: &Reminder,
    mail: &Mail,
) -> Option<Letter> {
    let person = roster.person(reminder.recipient)?;
    let rotation = roster.timeline_of(rotation)?.rotation();
    let shift = reminder.shift.interval;
    Some(Letter {
        name: person.name.clone(),
        email: person.email.clone(),
        kind: reminder.kind,
        title: rotation.title.clone(),
        team: roster.team(rotation.team)?.name.clone(),
        rotation: rotation.name.clone(),
        shift,
        zone: person.zone(shift.start()),
        other: reminder
            .other
            .and_then(|other| roster.person(other))
            .map(|other| other.name.clone()),
        link: format!("{}/", app.public_url),
        uid: format!(
            "{}-{}-{}@{}",
            rotation.id,
            person.id,
            shift.start().timestamp(),
            mailer.domain()
        ),
        message_id: mail.message_id.clone(),
    })
}
