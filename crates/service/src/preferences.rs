//! Which mails a person wants.

use serde_json::json;

use super::locked_rotation::{person_of, record_audit};
use super::{Actor, Error, Expected, Tx, access};
use crate::domain::ids::PersonId;
use crate::domain::interval::Timestamp;
use crate::domain::person::Person;
use crate::domain::preferences::{Preferences, Topic};
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, people};

/// Writes down which mails a person wants.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`].
pub fn set(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: PersonId,
    preferences: Preferences,
    expected: &Expected,
    now: Timestamp,
) -> Result<Person, Error> {
    access::own_affairs(actor, id)?;
    let person = person_of(tx, id)?;
    expected.check(person.version)?;
    write(tx, actor, person, preferences, now)
}

/// No more mails of this topic: what viewers may do too, who get mails as others do.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn stop(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: PersonId,
    topic: Topic,
    now: Timestamp,
) -> Result<Person, Error> {
    let person = person_of(tx, id)?;
    let preferences = person.preferences.without(topic);
    write(tx, actor, person, preferences, now)
}

fn write(
    tx: &mut Tx<'_>,
    actor: &Actor,
    mut person: Person,
    preferences: Preferences,
    now: Timestamp,
) -> Result<Person, Error> {
    let before = std::mem::replace(&mut person.preferences, preferences);
    if before == preferences {
        return Ok(person);
    }
    person.version += 1;
    people::update(tx.db(), &person)?;
    tx.changed(Change::Person(person.id));
    let deed = AuditEvent {
        action: "person.preferences",
        kind: "person",
        id: person.id.to_string(),
        before: json!(before),
        after: json!(preferences),
    };
    record_audit(tx, actor, now, deed)?;
    Ok(person)
}
