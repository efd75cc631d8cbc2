//! Changes of the address with which somebody signs in: for a while they can be undone.

use chrono::TimeDelta;

use crate::ids::{AddressChangeId, PersonId};
use crate::time::interval::Timestamp;

/// For so long the old address can undo a change.
pub const UNDO: TimeDelta = TimeDelta::days(7);

/// A change of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressChange {
    /// Its id.
    pub id: AddressChangeId,
    /// Whose address it is.
    pub person: PersonId,
    /// The address before.
    pub old_email: String,
    /// The address since.
    pub new_email: String,
    /// Who changed it; `None`: not a person.
    pub changed_by: Option<PersonId>,
    /// When.
    pub changed_at: Timestamp,
    /// When it was undone. What undoes a change is a change too, which cannot be undone itself.
    pub undone_at: Option<Timestamp>,
}

impl AddressChange {
    /// From then on it cannot be undone.
    #[must_use]
    pub fn undo_until(&self) -> Timestamp {
        self.changed_at + UNDO
    }

    /// Whether the person changed it themselves.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.changed_by == Some(self.person)
    }
}
