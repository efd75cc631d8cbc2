//! From the outbox to the mail server.

use std::sync::Arc;

use chrono::TimeDelta;

use super::claim::Claim;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::addresses::Address;
use super::{
    Worker, addresses, broken_calendar_notice, change_notice, chat, digests, handovers, incidents,
    sender_name, sent_notices, sign_in,
};
use crate::cause::chain;
use crate::domain::access::link::{Link, Step};
use crate::domain::notifications::message::{MessageKind, group};
use crate::domain::notifications::notice::{Block, Notice};
use crate::domain::people::person::Person;
use crate::domain::reminders::{Kind, Reminder, due};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::timeline::{Layer, Timeline};
use crate::domain::stored::MaybeKnown;
use crate::domain::time::interval::Timestamp;
use crate::notify::{Letter, MailError, Piece, Urgency, masked};
use crate::panics;
use crate::service::handovers::Brief;
use crate::service::outbox::message_id;
use crate::service::{self, App, messages};
use crate::snapshot::Snapshot;
use crate::storage::StoreError;
use crate::storage::outbox::{self, Lane, Mail, Outcome};

/// After so many failures one after the other the mail server is down, and the rest waits for the next pass.
const DOWN: u32 = 3;

/// For so long a mail's link to have no more of its kind can be used.
const UNSUBSCRIBE: TimeDelta = TimeDelta::days(365);

/// Where a reminder would be due later after all, it is looked for so far ahead.
const AHEAD: TimeDelta = TimeDelta::days(14);

/// Why a mail is dropped that its recipient can do without.
const UNWANTED: &str = "they do not want mails of this kind";

/// Sends what is due, until nothing is. Says how many.
pub(super) fn deliver(
    worker: &Worker,
    lane: Lane,
    mut stopped: impl FnMut() -> bool,
) -> Result<usize, StoreError> {
    let (mut sent, mut failures) = (0, 0);
    loop {
        let claim = Claim::take(&worker.app, lane)?;
        if claim.mails().is_empty() {
            return Ok(sent);
        }
        let went_on = claim.hold(|| {
            send_claimed(
                worker,
                lane,
                &claim,
                &mut stopped,
                |outcome| match outcome {
                    Outcome::Sent(_) => {
                        (sent, failures) = (sent + 1, 0);
                        true
                    }
                    Outcome::Failed(_) | Outcome::SettingsRefused(_) => {
                        failures += 1;
                        failures < DOWN
                    }
                    Outcome::Refused(_) => {
                        failures = 0;
                        true
                    }
                    Outcome::Dropped(_) | Outcome::Postponed(_) => true,
                },
            )
        })?;
        if !went_on {
            return Ok(sent);
        }
    }
}

/// Sends what is claimed, one after the other, until it is told to stop or `goes_on` says no to an outcome: then what
/// is left is given back. Says whether it came to the end.
fn send_claimed(
    worker: &Worker,
    lane: Lane,
    claim: &Claim<'_>,
    stopped: &mut impl FnMut() -> bool,
    mut goes_on: impl FnMut(&Outcome) -> bool,
) -> Result<bool, StoreError> {
    let app = &worker.app;
    // After the claim: what changed before it must be known.
    if let Err(error) = app.snapshots.refresh(&app.store, app.clock.now()) {
        claim.release(0)?;
        return Err(error);
    }
    for (index, mail) in claim.mails().iter().enumerate() {
        let in_time = !stopped() && wait_for_turn(worker, lane, stopped);
        if !in_time || !claim.lasts() {
            claim.release(index)?;
            return Ok(false);
        }
        let now = app.clock.now();
        let _job = mail_span(lane, mail).entered();
        let outcome = panics::catch(|| {
            app.threads.panic_if_injected("mail");
            attempt(worker, lane, mail, now)
        })
        .unwrap_or_else(|panicked| {
            // The others of its lane go on, and it is tried again like any other that fails.
            panics::count("mail");
            Outcome::Failed(panicked.to_string())
        });
        report(mail, &outcome);
        let goes_on = goes_on(&outcome);
        claim.finish(mail, outcome, now, |unwritten| worker.remember(unwritten))?;
        if !goes_on {
            claim.release(index + 1)?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// The span in which one mail is sent.
fn mail_span(lane: Lane, mail: &Mail) -> tracing::Span {
    tracing::error_span!(
        parent: None,
        "job",
        job = sender_name(lane),
        mail = %mail.id,
        rotation = mail.rotation_id.as_ref().map(tracing::field::display),
    )
}

/// Waits until the pace allows one more. Chats have no pace, and links to sign in a reserve. Says whether that came
/// before `stopped` did.
fn wait_for_turn(worker: &Worker, lane: Lane, stopped: &mut impl FnMut() -> bool) -> bool {
    match lane {
        Lane::Messages => true,
        Lane::SignIns => worker.pace.wait_reserved(stopped),
        Lane::Incidents | Lane::Mails => worker.pace.wait(stopped),
    }
}

/// How soon the mails of a lane are to leave.
pub(super) const fn urgency(lane: Lane) -> Urgency {
    match lane {
        Lane::SignIns => Urgency::Now,
        Lane::Incidents => Urgency::Soon,
        Lane::Mails | Lane::Messages => Urgency::Usual,
    }
}

/// Says in the log and in the metrics what became of an attempt.
fn report(mail: &Mail, outcome: &Outcome) {
    let word = match outcome {
        Outcome::Sent(_) => "sent",
        Outcome::Failed(error) => {
            tracing::warn!(mail = mail.id, error, "a mail could not be sent");
            "failed"
        }
        Outcome::SettingsRefused(error) => {
            tracing::error!(
                mail = mail.id,
                error,
                "the mail server refuses our settings"
            );
            "settings_refused"
        }
        Outcome::Refused(error) => {
            tracing::warn!(mail = mail.id, error, "a mail was refused for good");
            "refused"
        }
        Outcome::Dropped(reason) => {
            tracing::info!(mail = mail.id, reason, "a mail was dropped");
            "dropped"
        }
        Outcome::Postponed(_) => "postponed",
    };
    metrics::counter!("dogwatch_outbox_attempts_total", "outcome" => word).increment(1);
    let settings_refused = match outcome {
        Outcome::SettingsRefused(_) => 1,
        Outcome::Sent(_) if mail.person_id.is_some() => 0,
        _ => return,
    };
    metrics::gauge!("dogwatch_mail_settings_refused").set(settings_refused);
}

/// Says in the metrics what the outbox has: how many of each state, and for how long what is due has been waiting.
pub(super) fn count(app: &App, now: Timestamp) -> Result<(), StoreError> {
    let load = app.store.read(|db| outbox::load(db, now))?;
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    for (state, count) in load.counts {
        metrics::gauge!("dogwatch_outbox_mails", "state" => state).set(number(count));
    }
    let waits = load
        .oldest_due
        .map_or(0, |oldest| (now - oldest).num_seconds());
    metrics::gauge!("dogwatch_outbox_waits_seconds").set(number(waits));
    Ok(())
}

/// Tries one mail, which is claimed.
fn attempt(worker: &Worker, lane: Lane, mail: &Mail, now: Timestamp) -> Outcome {
    let (app, outgoing) = (&worker.app, &worker.outgoing);
    if mail.not_after <= now {
        return Outcome::Dropped("it is over");
    }
    let written = match &mail.kind {
        MaybeKnown::Known(kind) => match kind {
            MessageKind::ChatHandoff | MessageKind::ChatCover | MessageKind::ChatWeek => {
                return chat::post(app, outgoing, mail, now);
            }
            MessageKind::Incident(_) if mail.person_id.is_none() => {
                return incidents::post(app, outgoing, mail, now);
            }
            kind => write(app, *kind, mail, now),
        },
        MaybeKnown::Unknown(name) => write_unknown(app, name, mail, now),
    };
    let (letter, said) = match written {
        Ok(written) => written,
        Err(outcome) => return outcome,
    };
    match worker.mailer.send(&letter, urgency(lane), now) {
        Ok(()) => {
            tracing::info!(
                mail = mail.id,
                to = masked(&letter.email),
                "a mail was sent"
            );
            Outcome::Sent(said)
        }
        Err(error @ (MailError::Refused(_) | MailError::Message(_))) => {
            Outcome::Refused(error.to_string())
        }
        Err(error @ MailError::Settings { .. }) => Outcome::SettingsRefused(error.to_string()),
        Err(error @ MailError::Transport(_)) => Outcome::Failed(error.to_string()),
    }
}

/// A mail as it is now, and what is kept of it.
fn write(
    app: &App,
    kind: MessageKind,
    mail: &Mail,
    now: Timestamp,
) -> Result<(Letter, Value), Outcome> {
    let snapshot = &app.snapshots.snapshot();
    let as_planned = |letter| (letter, mail.payload.clone());
    let notice = match kind {
        MessageKind::SignIn => return sign_in::letter(app, mail, now).map(as_planned),
        MessageKind::AddressLeft => {
            return addresses::letter(app, mail, Address::Left, now).map(as_planned);
        }
        MessageKind::AddressTaken => {
            return addresses::letter(app, mail, Address::Taken, now).map(as_planned);
        }
        MessageKind::AddressUndone => {
            return addresses::letter(app, mail, Address::Undone, now).map(as_planned);
        }
        MessageKind::Reminder(kind) => {
            let (notice, said) = reminder(app, snapshot, kind, mail, now)?;
            return letter(app, snapshot, &notice, mail, now).map(|letter| (letter, said));
        }
        MessageKind::Incident(_) => incidents::notice(snapshot, mail, now),
        MessageKind::HandoverOpen => handovers::notice(app, snapshot, mail, now),
        MessageKind::Digest => digests::notice(app, snapshot, mail, now),
        MessageKind::CalendarBroken => broken_calendar_notice::notice(app, snapshot, mail, now),
        MessageKind::OverrideGiven
        | MessageKind::OverrideEnded
        | MessageKind::SwapOffered
        | MessageKind::SwapAccepted
        | MessageKind::SwapDeclined
        | MessageKind::SwapUndone => change_notice::notice(app, snapshot, mail, now),
        MessageKind::ChatHandoff | MessageKind::ChatCover | MessageKind::ChatWeek => {
            Err(Outcome::Refused("it is for a chat".to_owned()))
        }
    }?;
    letter(app, snapshot, &notice, mail, now).map(as_planned)
}

/// A mail of a kind that only a newer version knows. If its text was queued with it, as services do, it can be sent; what
/// is written as it leaves is for that version to write.
fn write_unknown(
    app: &App,
    kind: &str,
    mail: &Mail,
    now: Timestamp,
) -> Result<(Letter, Value), Outcome> {
    if mail.person_id.is_none() && kind.starts_with(group::CHATS) {
        return Err(Outcome::Refused("it cannot be read".to_owned()));
    }
    let is_computed = [group::REMINDERS, group::INCIDENTS]
        .iter()
        .any(|group| kind.starts_with(group));
    if mail.person_id.is_none() || is_computed {
        return Err(Outcome::Dropped("it is no longer so"));
    }
    let snapshot = &app.snapshots.snapshot();
    let notice = change_notice::notice(app, snapshot, mail, now)?;
    letter(app, snapshot, &notice, mail, now).map(|letter| (letter, mail.payload.clone()))
}

/// What a mail was planned from, as its kind keeps it.
pub(super) fn payload<T: DeserializeOwned>(mail: &Mail) -> Result<T, Outcome> {
    serde_json::from_value(mail.payload.clone())
        .map_err(|error| Outcome::Refused(format!("it cannot be read: {error}")))
}

/// What a reminder says now, and what is kept of it.
fn reminder(
    app: &App,
    snapshot: &Snapshot,
    kind: Kind,
    mail: &Mail,
    now: Timestamp,
) -> Result<(Notice, Value), Outcome> {
    let (timeline, reminder) =
        still_due(app, snapshot, mail, now)?.ok_or_else(|| not_due(snapshot, kind, mail, now))?;
    if reminder.due_at > now {
        return Err(Outcome::Postponed(reminder.due_at));
    }
    let brief = brief(app, timeline, &reminder)?;
    messages::reminder::notice(snapshot, timeline, &reminder, brief.as_ref(), now)
        .map(|notice| (notice, sent_notices::payload(&reminder)))
        .ok_or(Outcome::Dropped("the person or the rotation is gone"))
}

/// What there is to say at the handoff that a reminder is about.
fn brief(app: &App, timeline: &Timeline, reminder: &Reminder) -> Result<Option<Brief>, Outcome> {
    let span = reminder.shift.interval;
    let handoff = match reminder.kind {
        Kind::Incoming => Some(span.start()),
        // The next one may begin later.
        Kind::Outgoing => timeline
            .next_shift(Layer::Final, span.end())
            .map(|next| next.interval.start()),
        Kind::Changed => None,
    };
    let Some(handoff) = handoff else {
        return Ok(None);
    };
    app.store
        .read(|db| service::handovers::at(db, timeline, handoff))
        .map(|found| found.map(|(_, brief)| brief))
        .map_err(|error: StoreError| Outcome::Failed(error.to_string()))
}

/// The reminder of a mail, as the roster would have it now.
fn still_due<'a>(
    app: &App,
    snapshot: &'a Snapshot,
    mail: &Mail,
    now: Timestamp,
) -> Result<Option<(&'a Arc<Timeline>, Reminder)>, Outcome> {
    let id = mail.rotation_id;
    let Some(timeline) = id.and_then(|id| snapshot.timeline_of(id)) else {
        return Ok(None);
    };
    // What the mails before this one said counts.
    let told = app
        .store
        .read(|db| sent_notices::of(db, timeline.rotation().id, now))
        .map_err(|error: StoreError| Outcome::Failed(error.to_string()))?;
    Ok(due(timeline, snapshot.people(), &told, now, AHEAD)
        .into_iter()
        .find(|reminder| reminder.key == mail.key)
        .map(|reminder| (timeline, reminder)))
}

/// Why a reminder is not due any more.
fn not_due(snapshot: &Snapshot, kind: Kind, mail: &Mail, now: Timestamp) -> Outcome {
    let why = recipient(snapshot, mail, now).map(|person| {
        if person.preferences.wants(kind.topic()) {
            "the shift is no longer theirs, or not reminded of like this, or a later reminder says the same"
        } else {
            UNWANTED
        }
    });
    why.map_or_else(|gone| gone, Outcome::Dropped)
}

/// Whom a mail is to, as long as they are there.
fn recipient<'a>(
    snapshot: &'a Snapshot,
    mail: &Mail,
    now: Timestamp,
) -> Result<&'a Arc<Person>, Outcome> {
    mail.person_id
        .and_then(|id| snapshot.person(id))
        .filter(|person| person.active_at(now))
        .ok_or(Outcome::Dropped("the person is gone"))
}

/// A notice as it goes to its recipient, with links in their name.
fn letter(
    app: &App,
    snapshot: &Snapshot,
    notice: &Notice,
    mail: &Mail,
    now: Timestamp,
) -> Result<Letter, Outcome> {
    let person = recipient(snapshot, mail, now)?;
    if !person.preferences.wants(notice.topic) {
        return Err(Outcome::Dropped(UNWANTED));
    }
    let link = |step: Step, expires: Timestamp| {
        let person = person.id;
        app.link(&Link {
            step,
            person,
            expires,
        })
        .map_err(|error| Outcome::Failed(chain(&error)))
    };
    let unsubscribe = link(Step::Stop(notice.topic), now + UNSUBSCRIBE)?;
    let mut body = Vec::with_capacity(notice.blocks.len());
    for block in &notice.blocks {
        body.push(match block {
            Block::Text(text) => Piece::Text(text.clone()),
            Block::Facts(facts) => Piece::Facts(facts.clone()),
            Block::List(title, items) => Piece::List(title.clone(), items.clone()),
            Block::Quote(title, text) => Piece::Quote(title.clone(), text.clone()),
            Block::Steps(offers) => Piece::Links(
                offers
                    .iter()
                    .map(|offer| Ok((offer.label.clone(), link(offer.step, offer.until)?)))
                    .collect::<Result<_, Outcome>>()?,
            ),
            Block::Pages(pages) => Piece::Links(
                pages
                    .iter()
                    .map(|(label, path)| (label.clone(), format!("{}{path}", app.public_url)))
                    .collect(),
            ),
        });
    }
    let settings = format!("{}/me/settings", app.public_url);
    let stop = format!("Stop mails about {}", notice.topic.words());
    Ok(Letter {
        name: person.name.clone(),
        email: person.email.clone(),
        subject: notice.subject.clone(),
        body,
        footer: vec![
            (
                "Choose which mails you get, and your working hours".to_owned(),
                settings,
            ),
            (stop, unsubscribe.clone()),
        ],
        entries: notice.entries.clone(),
        message_id: message_id(&mail.message_id, &app.mail_domain),
        in_reply_to: notice
            .in_reply_to
            .as_ref()
            .map(|id| message_id(id, &app.mail_domain)),
        unsubscribe: Some(unsubscribe),
    })
}
