//! Mails about a change of the address with which somebody signs in. Each goes to an address of the change, whichever
//! the person has by now.

use super::deliver::payload;
use crate::domain::access::address_change::AddressChange;
use crate::domain::access::link::{Link, Step};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Timestamp;
use crate::notify::Letter;
use crate::service::App;
use crate::service::messages::address_change::{self as message, Payload};
use crate::service::outbox::message_id;
use crate::storage::outbox::{Mail, Outcome};
use crate::storage::{StoreError, address_changes};

/// Which address a mail goes to, and why.
#[derive(Debug, Clone, Copy)]
pub(super) enum Address {
    /// The old one: it is left.
    Left,
    /// The new one: it is taken.
    Taken,
    /// The old one: the change was undone.
    Undone,
}

/// The mail.
pub(super) fn letter(
    app: &App,
    mail: &Mail,
    address: Address,
    now: Timestamp,
) -> Result<Letter, Outcome> {
    let snapshot = app.snapshots.snapshot();
    let change = change(app, mail)?;
    let person = snapshot
        .person(change.person)
        .filter(|person| person.active_at(now))
        .ok_or(Outcome::Dropped("the person is gone"))?;
    let (email, subject, body) = match address {
        Address::Left => {
            if change.undone_at.is_some() {
                return Err(Outcome::Dropped("the change was undone"));
            }
            let undo = undo_link(app, &change)?;
            let body = message::left(&snapshot, person, &change, undo);
            (&change.old_email, message::CHANGED, body)
        }
        Address::Taken => (&change.new_email, message::CHANGED, message::taken(&change)),
        Address::Undone => (&change.old_email, message::UNDONE, message::undone()),
    };
    Ok(Letter {
        name: person.name.clone(),
        email: email.clone(),
        subject: subject.to_owned(),
        body,
        footer: Vec::new(),
        entries: Vec::new(),
        message_id: message_id(&mail.message_id, &app.mail_domain),
        in_reply_to: None,
        unsubscribe: None,
    })
}

fn undo_link(app: &App, change: &AddressChange) -> Result<String, Outcome> {
    app.link(&Link {
        step: Step::UndoAddress(change.id),
        person: change.person,
        expires: change.undo_until(),
    })
    .map_err(|error| Outcome::Failed(error.to_string()))
}

fn change(app: &App, mail: &Mail) -> Result<AddressChange, Outcome> {
    let Payload { address_change_id } = payload(mail)?;
    app.store
        .read(|db| address_changes::find(db, address_change_id))
        .map_err(|error: StoreError| Outcome::Failed(error.to_string()))?
        .ok_or(Outcome::Dropped("the change is forgotten"))
}
