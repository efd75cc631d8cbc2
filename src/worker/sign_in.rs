//! The mail with a link by which somebody signs in.

use super::deliver::payload;
use crate::cause::chain;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Timestamp;
use crate::notify::Letter;
use crate::service::messages::sign_in::{self as message, Payload};
use crate::service::outbox::message_id;
use crate::service::{App, sessions};
use crate::storage::outbox::{Mail, Outcome};

/// The mail; its link's secret is made here, and again where it has to be sent again.
pub(super) fn letter(app: &App, mail: &Mail, now: Timestamp) -> Result<Letter, Outcome> {
    let snapshot = app.snapshots.snapshot();
    let person = mail
        .person_id
        .and_then(|id| snapshot.person(id))
        .filter(|person| person.active_at(now))
        .ok_or(Outcome::Dropped("the person is gone"))?;
    let Payload { sign_in_id } = payload(mail)?;
    let secret = app
        .write(|tx| sessions::arm(tx, sign_in_id, now))
        .map_err(|error| Outcome::Failed(chain(&error)))?
        .ok_or(Outcome::Dropped("the link was used, or its time is over"))?;
    let link = format!("{}/sign-in/{secret}", app.public_url);
    Ok(Letter {
        name: person.name.clone(),
        email: person.email.clone(),
        subject: message::SUBJECT.to_owned(),
        body: message::body(link),
        footer: Vec::new(),
        entries: Vec::new(),
        message_id: message_id(&mail.message_id, &app.mail_domain),
        in_reply_to: None,
        unsubscribe: None,
    })
}
