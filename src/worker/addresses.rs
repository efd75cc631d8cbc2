//! Mails about a change of the address with which somebody signs in. Each goes to an address of the change, whichever
//! the person has by now.

use crate::cause::chain;
use crate::domain::address_change::AddressChange;
use crate::domain::duty::RotationLookup as _;
use crate::domain::ids::AddressChangeId;
use crate::domain::interval::Timestamp;
use crate::domain::link::{Link, Step};
use crate::domain::notice::long;
use crate::domain::person::Person;
use crate::notify::{Letter, Piece, masked};
use crate::service::App;
use crate::service::addresses::{CHANGE, TO_NEW, TO_OLD, UNDONE};
use crate::service::outbox::message_id;
use crate::snapshot::Snapshot;
use crate::storage::outbox::{Mail, Outcome};
use crate::storage::{StoreError, address_changes};

/// Whether a mail is one of these.
pub(super) fn is_one(mail: &Mail) -> bool {
    [TO_OLD, TO_NEW, UNDONE].contains(&mail.kind.as_str())
}

/// The mail.
pub(super) fn letter(app: &App, mail: &Mail, now: Timestamp) -> Result<Letter, Outcome> {
    let snapshot = app.snapshots.snapshot();
    let change = change(app, mail)?;
    let person = snapshot
        .person(change.person)
        .filter(|person| person.active_at(now))
        .ok_or(Outcome::Dropped("the person is gone"))?;
    let (email, subject, body) = match mail.kind.as_str() {
        TO_OLD => {
            if change.undone_at.is_some() {
                return Err(Outcome::Dropped("the change was undone"));
            }
            let body = to_old(app, &snapshot, person, &change)?;
            (&change.old_email, "Your address was changed", body)
        }
        TO_NEW => (
            &change.new_email,
            "Your address was changed",
            to_new(&change),
        ),
        _ => (
            &change.old_email,
            "A change of an address was undone",
            undone(),
        ),
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

fn change(app: &App, mail: &Mail) -> Result<AddressChange, Outcome> {
    let id: AddressChangeId = mail
        .payload
        .0
        .get(CHANGE)
        .and_then(|id| id.as_str()?.parse().ok())
        .ok_or_else(|| Outcome::Refused("it names no change".to_owned()))?;
    app.store
        .read(|db| address_changes::find(db, id))
        .map_err(|error: StoreError| Outcome::Failed(error.to_string()))?
        .ok_or(Outcome::Dropped("the change is forgotten"))
}

fn to_old(
    app: &App,
    snapshot: &Snapshot,
    person: &Person,
    change: &AddressChange,
) -> Result<Vec<Piece>, Outcome> {
    let expires = change.undo_until();
    let link = app
        .link(&Link {
            step: Step::UndoAddress(change.id),
            person: person.id,
            expires,
        })
        .map_err(|error| Outcome::Failed(chain(&error)))?;
    let by = match change.changed_by.and_then(|id| snapshot.person(id)) {
        Some(by) if by.id == person.id => "in a browser that is signed in as you".to_owned(),
        Some(by) => format!("by {}", by.name),
        None => "by an administrator".to_owned(),
    };
    let (zone, new) = (person.zone(change.changed_at), masked(&change.new_email));
    let at = long(change.changed_at, &zone);
    Ok(vec![
        Piece::Text(format!(
            "This address does not sign in to Dogwatch any more, and gets no more mails: {new} does. That was changed {by}, \
             on {at} ({}).",
            zone.name()
        )),
        Piece::Text(
            "If that is right, do nothing. If it is not, undo it. Browsers that signed in since the change are then signed \
             out, and tokens and calendar feeds made since then are revoked."
                .to_owned(),
        ),
        Piece::Links(vec![("Undo the change".to_owned(), link)]),
        Piece::Text(format!("This works until {}.", long(expires, &zone))),
    ])
}

fn to_new(change: &AddressChange) -> Vec<Piece> {
    vec![Piece::Text(format!(
        "You sign in to Dogwatch with this address from now on, and get your mails here. Before, that was {}. If you do \
         not know what this is about, somebody has mistyped an address: do nothing.",
        masked(&change.old_email)
    ))]
}

fn undone() -> Vec<Piece> {
    vec![Piece::Text(
        "This address does not sign in to Dogwatch any more, and gets no more mails: the change to it was undone from the \
         address before."
            .to_owned(),
    )]
}
