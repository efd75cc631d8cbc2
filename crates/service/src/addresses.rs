//! The addresses with which people sign in: what happens when one is changed, and undoing that.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::links::Offered;
use super::locked_rotation::{person_of, record_audit};
use super::messages::address_change::Payload;
use super::operator::FIRST_ADMINISTRATOR;
use super::{Error, Tx, feeds, tokens};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::address_change::{AddressChange, UNDO};
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{AddressChangeId, TokenId};
use crate::domain::notifications::message::MessageKind;
use crate::domain::people::person::Person;
use crate::domain::time::interval::Timestamp;
use crate::snapshot::Snapshot;
use crate::storage::audit::AuditEvent;
use crate::storage::outbox::{self, Planned};
use crate::storage::{Change, Db, StoreError, address_changes, people, sessions};

/// So often people change their own address within [`WINDOW`]: each time two addresses get a mail.
const MOST: usize = 5;
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// Whether the text names another mailbox than the person's own.
fn is_another(person: &Person, email: &str) -> bool {
    person.email.to_lowercase() != email.to_lowercase()
}

/// Records that the address of `before` became that of `after`, and tells both.
///
/// # Errors
///
/// [`Error::Conflict`] where they have changed it too often.
pub(super) fn changed(
    uow: &mut UnitOfWork<'_>,
    before: &Person,
    after: &Person,
) -> Result<(), Error> {
    let (actor, now) = (uow.actor, uow.now);
    if !is_another(before, &after.email) {
        return Ok(());
    }
    let change = AddressChange {
        id: AddressChangeId::from_uuid(new_id()),
        person: after.id,
        old_email: before.email.clone(),
        new_email: after.email.clone(),
        changed_by: actor.person,
        changed_at: now,
        undone_at: None,
    };
    if change.is_own() && !actor.is_administrator() {
        let earlier = address_changes::of_person(uow.db(), after.id)?;
        let recent = |one: &&AddressChange| one.is_own() && now - one.changed_at < WINDOW;
        if earlier.iter().filter(recent).count() >= MOST {
            return Err(Error::conflict(
                "the address was changed five times within a day: wait, or ask an administrator",
            ));
        }
    }
    address_changes::insert(uow.db(), &change)?;
    // Nobody reads what comes to the address of the first administrator.
    if change.old_email != FIRST_ADMINISTRATOR {
        queue(uow, MessageKind::AddressLeft, &change)?;
    }
    queue(uow, MessageKind::AddressTaken, &change)
}

/// Queues a mail about a change.
fn queue(uow: &mut UnitOfWork<'_>, kind: MessageKind, change: &AddressChange) -> Result<(), Error> {
    let now = uow.now;
    let mail = Planned {
        id: new_id().to_string(),
        key: format!("{kind}/{}", change.id),
        kind: kind.into(),
        person_id: Some(change.person),
        rotation_id: None,
        payload: json!(Payload {
            address_change_id: change.id,
        }),
        due_at: now,
        not_after: change.undo_until(),
    };
    outbox::plan(uow.db(), &mail, now)?;
    Ok(())
}

/// What a link that undoes a change would do.
///
/// # Errors
///
/// [`Error::NotFound`] where the change is not known any more.
pub(super) fn offered(
    db: &mut Db,
    snapshot: &Snapshot,
    id: AddressChangeId,
) -> Result<Offered, Error> {
    let change = address_changes::find(db, id)?.ok_or(Error::NotFound("change of an address"))?;
    let mut others = snapshot.people().values();
    let is_taken = others.any(|one| one.id != change.person && !is_another(one, &change.old_email));
    let old = &change.old_email;
    let (text, button) = if change.undone_at.is_some() {
        ("This change was undone already.".to_owned(), None)
    } else if is_taken {
        (taken(old), None)
    } else {
        (
            format!(
                "You will sign in with {old} again, and your mails go there. Browsers that signed in since the change \
                 are signed out, and tokens and calendar feeds made since then are revoked."
            ),
            Some("Undo the change"),
        )
    };
    Ok(Offered {
        title: "Undo the change of your address".to_owned(),
        text,
        button,
    })
}

fn taken(email: &str) -> String {
    format!("somebody else has the address {email} by now: ask an administrator")
}

/// Undoes a change, and every one that the person's address went through since; ends what could have been made with the
/// new address. Answers in words.
///
/// # Errors
///
/// [`Error::NotFound`], and [`Error::Conflict`] where it was undone, is too old, or somebody else has the address.
pub(super) fn undo(uow: &mut UnitOfWork<'_>, id: AddressChangeId) -> Result<String, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let none = || Error::NotFound("change of an address");
    let person = actor.person.ok_or_else(none)?;
    let before = person_of(uow, person)?;
    let all = address_changes::of_person(uow.db(), person)?;
    let later: Vec<&AddressChange> = all.iter().skip_while(|one| one.id != id).collect();
    let change = *later.first().ok_or_else(none)?;
    if change.undone_at.is_some() {
        return Err(Error::conflict("this change was undone already"));
    }
    if change.undo_until() <= now {
        return Err(Error::conflict("this change can no longer be undone"));
    }
    restore(uow, &before, change)?;
    for one in later.iter().filter(|one| one.undone_at.is_none()) {
        address_changes::mark_undone(uow.db(), one.id, now)?;
    }
    // Whoever changes an address is signed in, before the change already: then all browsers are signed out.
    let all_sessions = later.iter().any(|one| one.is_own());
    let since = (!all_sessions).then_some(change.changed_at);
    sessions::revoke_since(uow.db(), person, since, now)?;
    sessions::use_links(uow.db(), person, now)?;
    uow.changed(Change::Sessions);
    end_what_was_made(uow, change)?;
    Ok(format!(
        "You sign in with {} again. Look at your tokens and calendar feeds: those from before the change are still good.",
        change.old_email
    ))
}

/// Gives the person the old address again, and tells the one that they had meanwhile.
fn restore(uow: &mut UnitOfWork<'_>, before: &Person, change: &AddressChange) -> Result<(), Error> {
    let now = uow.now;
    let mut after = before.clone();
    after.email.clone_from(&change.old_email);
    after.version += 1;
    people::update(uow.db(), &after).map_err(|error| match error {
        StoreError::Duplicate => Error::conflict(taken(&change.old_email)),
        other => other.into(),
    })?;
    uow.changed(Change::Person(after.id));
    let back = AddressChange {
        id: AddressChangeId::from_uuid(new_id()),
        old_email: before.email.clone(),
        new_email: after.email.clone(),
        changed_by: None,
        changed_at: now,
        undone_at: Some(now),
        ..change.clone()
    };
    address_changes::insert(uow.db(), &back)?;
    if is_another(before, &after.email) {
        queue(uow, MessageKind::AddressUndone, &back)?;
    }
    let shown =
        |person: &Person| -> Value { json!({ "name": person.name, "email": person.email }) };
    let deed = AuditEvent {
        action: AuditAction::PersonRestoreAddress,
        kind: "person",
        id: after.id.to_string(),
        before: shown(before),
        after: shown(&after),
    };
    record_audit(uow, deed)
}

/// Revokes the tokens and feeds that the person's account made since a change.
fn end_what_was_made(uow: &mut UnitOfWork<'_>, change: &AddressChange) -> Result<(), Error> {
    let since = change.changed_at;
    let all = crate::storage::tokens::load(uow.db())?;
    let made = all
        .iter()
        .filter(|token| token.person == change.person && token.created_at >= since);
    let made: Vec<TokenId> = made.map(|token| token.id).collect();
    tokens::revoke_all(uow, &made)?;
    let theirs = |feed: &crate::domain::schedule::feed::Feed| {
        feed.owner == Some(change.person) && feed.created_at >= since
    };
    feeds::revoke_all(uow, theirs)
}

/// Forgets changes that cannot be undone any more.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn forget_old(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Error> {
    Ok(address_changes::forget_old(tx.db(), now - UNDO)?)
}
