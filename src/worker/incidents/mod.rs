//! Incidents: what is due becomes mails and messages to the support channel.

use std::sync::Arc;

use serde_json::json;

use super::deliver::payload;
use crate::clock::new_id;
use crate::domain::incidents::{Incident, Prompt, Recipient, due};
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::Notice;
use crate::domain::people::preferences::Topic;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Timestamp;
use crate::notify::{Outgoing, tell_chat};
use crate::service::App;
use crate::service::messages::incident::{self as message, Payload};
use crate::snapshot::Snapshot;
use crate::storage::outbox::{Mail, Outcome, Planned};

/// Why a mail is not sent after all.
const NO_LONGER: Outcome = Outcome::Dropped("it is no longer so");

/// Everything that is due at `now` about any incident, to whoever wants to hear of it.
pub(super) fn plan(snapshot: &Snapshot, now: Timestamp) -> Vec<Planned> {
    snapshot
        .incidents()
        .flat_map(|incident| {
            let settings = snapshot.watch_settings(incident.rotation);
            due(incident, snapshot, &settings, now)
                .into_iter()
                .filter(|prompt| is_wanted(snapshot, prompt.recipient))
                .map(|prompt| planned(incident, prompt))
        })
        .collect()
}

fn is_wanted(snapshot: &Snapshot, recipient: Recipient) -> bool {
    match recipient {
        Recipient::Person(person) => snapshot
            .person(person)
            .is_some_and(|person| person.preferences.wants(Topic::Incidents)),
        Recipient::Channel => true,
    }
}

fn planned(incident: &Incident, prompt: Prompt) -> Planned {
    Planned {
        id: new_id().to_string(),
        key: prompt.key,
        kind: MessageKind::Incident(prompt.kind).into(),
        person_id: match prompt.recipient {
            Recipient::Person(person) => Some(person),
            Recipient::Channel => None,
        },
        rotation_id: Some(incident.rotation),
        payload: json!(Payload {
            incident: incident.id,
            reference: incident.reference.clone(),
            about: prompt.about,
        }),
        due_at: prompt.due_at,
        not_after: prompt.not_after,
    }
}

/// What a mail is about, if that is still so.
fn still_due<'a>(
    snapshot: &'a Snapshot,
    mail: &Mail,
    now: Timestamp,
) -> Option<(&'a Arc<Incident>, Prompt)> {
    let Payload { incident, .. } = payload(mail).ok()?;
    let incident = snapshot.incident(incident)?;
    let settings = snapshot.watch_settings(incident.rotation);
    due(incident, snapshot, &settings, now)
        .into_iter()
        .find(|prompt| prompt.key == mail.key)
        .map(|prompt| (incident, prompt))
}

/// What a mail says now.
pub(super) fn notice(snapshot: &Snapshot, mail: &Mail, now: Timestamp) -> Result<Notice, Outcome> {
    let (incident, prompt) = still_due(snapshot, mail, now).ok_or(NO_LONGER)?;
    message::notice(snapshot, incident, &prompt, now).ok_or(Outcome::Dropped("the person is gone"))
}

/// Posts a message to the support channel.
pub(super) fn post(app: &App, outgoing: &Outgoing, mail: &Mail, now: Timestamp) -> Outcome {
    let snapshot = app.snapshots.snapshot();
    let Some((incident, prompt)) = still_due(&snapshot, mail, now) else {
        return NO_LONGER;
    };
    let settings = snapshot.watch_settings(incident.rotation);
    let Some(url) = &settings.chat_webhook_url else {
        return Outcome::Dropped("there is no chat any more");
    };
    let text = message::message(&app.public_url, &snapshot, incident, &prompt, now);
    match tell_chat(outgoing, url, &text) {
        Ok(()) => Outcome::Sent(mail.payload.clone()),
        Err(error) if error.is_final() => Outcome::Refused(format!("the chat: {error}")),
        Err(error) => Outcome::Failed(format!("the chat: {error}")),
    }
}
