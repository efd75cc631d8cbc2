//! `sign_in.address_*`: the address with which somebody signs in was changed, or a change was undone.

use serde::{Deserialize, Serialize};

use crate::domain::access::address_change::AddressChange;
use crate::domain::ids::AddressChangeId;
use crate::domain::notifications::notice::long;
use crate::domain::people::person::Person;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::notify::{Piece, masked};
use crate::snapshot::Snapshot;

/// What the outbox keeps of them. The addresses are looked up when a mail is written, so that the outbox holds none.
#[derive(Serialize, Deserialize)]
pub struct Payload {
    /// The change.
    pub address_change_id: AddressChangeId,
}

/// The subject of the mails to both addresses.
pub const CHANGED: &str = "Your address was changed";

/// The subject of the mail about a change that was undone.
pub const UNDONE: &str = "A change of an address was undone";

/// To the old address, with a link that undoes the change.
#[must_use]
pub fn left(
    snapshot: &Snapshot,
    person: &Person,
    change: &AddressChange,
    undo: String,
) -> Vec<Piece> {
    let expires = change.undo_until();
    let by = match change.changed_by.and_then(|id| snapshot.person(id)) {
        Some(by) if by.id == person.id => "in a browser that is signed in as you".to_owned(),
        Some(by) => format!("by {}", by.name),
        None => "by an administrator".to_owned(),
    };
    let (zone, new) = (person.zone(change.changed_at), masked(&change.new_email));
    let at = long(change.changed_at, &zone);
    vec![
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
        Piece::Links(vec![("Undo the change".to_owned(), undo)]),
        Piece::Text(format!("This works until {}.", long(expires, &zone))),
    ]
}

/// To the new address.
#[must_use]
pub fn taken(change: &AddressChange) -> Vec<Piece> {
    vec![Piece::Text(format!(
        "You sign in to Dogwatch with this address from now on, and get your mails here. Before, that was {}. If you do \
         not know what this is about, somebody has mistyped an address: do nothing.",
        masked(&change.old_email)
    ))]
}

/// To the address that is theirs no longer.
#[must_use]
pub fn undone() -> Vec<Piece> {
    vec![Piece::Text(
        "This address does not sign in to Dogwatch any more, and gets no more mails: the change to it was undone from the \
         address before."
            .to_owned(),
    )]
}
