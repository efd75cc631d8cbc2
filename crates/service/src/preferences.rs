//! Which mails a person wants.

use serde_json::json;

use super::locked_rotation::{person_of, record_audit};
use super::{Error, access};
use crate::UnitOfWork;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::PersonId;
use crate::domain::people::person::Person;
use crate::domain::people::preferences::{Preferences, Topic};
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, people};

/// Writes down which mails a person wants.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`].
pub fn set(
    uow: &mut UnitOfWork<'_>,
    id: PersonId,
    preferences: Preferences,
) -> Result<Person, Error> {
    let actor = uow.actor;
    access::own_affairs(actor, id)?;
    let person = person_of(uow, id)?;
    uow.check_version(person.version)?;
    write(uow, person, preferences)
}

/// No more mails of this topic: what viewers may do too, who get mails as others do.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn stop(uow: &mut UnitOfWork<'_>, id: PersonId, topic: Topic) -> Result<Person, Error> {
    let person = person_of(uow, id)?;
    let preferences = person.preferences.without(topic);
    write(uow, person, preferences)
}

fn write(
    uow: &mut UnitOfWork<'_>,
    mut person: Person,
    preferences: Preferences,
) -> Result<Person, Error> {
    let before = std::mem::replace(&mut person.preferences, preferences);
    if before == preferences {
        return Ok(person);
    }
    person.version += 1;
    people::update(uow.db(), &person)?;
    uow.changed(Change::Person(person.id));
    let deed = AuditEvent {
        action: AuditAction::PersonPreferences,
        kind: "person",
        id: person.id.to_string(),
        before: json!(before),
        after: json!(preferences),
    };
    record_audit(uow, deed)?;
    Ok(person)
}
