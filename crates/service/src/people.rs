//! People: adding, changing, importing, deactivating, erasing.

use std::collections::{BTreeMap, HashSet};

use super::locked_rotation::{as_json, person_of, record_audit};
use super::offboarding::{self, Reference};
use super::views::PersonView;
use super::{Actor, Error, ValidationErrors, access, addresses, input, swaps};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::PersonId;
use crate::domain::people::email;
use crate::domain::people::person::{Deactivation, Holidays, Person, Profile, Role};
use crate::domain::people::preferences::Preferences;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::hours::WeeklyHours;
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;
use crate::snapshot::Snapshot;
use crate::storage::audit::AuditEvent;
use crate::storage::{
    Change, StoreError, address_changes, audit, calendars, idempotency, people, sessions, tokens,
};

/// What somebody is called who is erased.
const NOBODY: &str = "Erased person";

/// A person to add.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Their name.
    pub name: String,
    /// Where mail reaches them.
    pub email: String,
    /// Where they are.
    pub time_zone: Zone,
    /// When they work.
    pub working_hours: WeeklyHours,
    /// What they may do.
    pub role: Role,
    /// Their public holidays.
    pub holidays: Option<Holidays>,
    /// Their names in other systems.
    pub external_ids: BTreeMap<String, String>,
}

/// What to change of a person; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct PersonChange {
    /// Their name.
    pub name: Option<String>,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Their names in other systems.
    pub external_ids: Option<BTreeMap<String, String>>,
    /// From when on zone, hours and holidays hold; by default now.
    pub effective_from: Option<Timestamp>,
    /// Where they are.
    pub time_zone: Option<Zone>,
    /// When they work.
    pub working_hours: Option<WeeklyHours>,
    /// Public holidays; `Some(None)` for none.
    pub holidays: Option<Option<Holidays>>,
}

/// The end of a person's part in everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deactivate {
    /// From when on; by default now.
    pub at: Option<Timestamp>,
    /// Takes them out of every order, and undoes overrides that give them time ahead.
    pub remove_from_rotations: bool,
}

const IN_THE_PAST: &str = "must not lie in the past";

/// When a person's part in everything may end: not before now.
///
/// # Errors
/// What is wrong with the text.
pub fn read_end(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let at = input::bounded(text, now).map_err(|error| error.to_string())?;
    if at < now {
        return Err(IN_THE_PAST.to_owned());
    }
    Ok(at)
}

/// From when on zone, hours and holidays may be others: only administrators correct the past.
///
/// # Errors
/// Where it lies in the past for anybody else.
pub fn check_effective_from(
    from: Timestamp,
    actor: &Actor,
    now: Timestamp,
) -> Result<Timestamp, &'static str> {
    if from < now && !actor.is_administrator() {
        return Err(IN_THE_PAST);
    }
    Ok(from)
}

/// The person that a request is about.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub fn find(snapshot: &Snapshot, id: PersonId) -> Result<&Person, Error> {
    let person = snapshot.person(id).ok_or(Error::NotFound("person"))?;
    Ok(person)
}

/// Whether the actor may change this person, and this of them (where it is known what).
///
/// # Errors
/// [`Error::Forbidden`].
pub fn may_change(
    actor: &Actor,
    person: &Person,
    change: Option<&PersonChange>,
) -> Result<(), Error> {
    access::own_affairs(actor, person.id)?;
    let Some(change) = change else { return Ok(()) };
    if change.role.is_some() || change.external_ids.is_some() {
        access::administrator(actor)?;
    }
    let new_address = change.email.as_ref();
    if new_address.is_some_and(|email| *email != person.email) {
        access::changes_address(actor, person.id)?;
    }
    Ok(())
}

impl NewPerson {
    fn into_person(self) -> Person {
        Person {
            id: PersonId::from_uuid(new_id()),
            name: self.name,
            email: self.email,
            role: self.role,
            profiles: vec![Profile {
                effective_from: None,
                recorded_at: None,
                time_zone: self.time_zone,
                working_hours: self.working_hours,
                holidays: self.holidays,
            }],
            time_off: Vec::new(),
            external_ids: self.external_ids,
            preferences: Preferences::default(),
            deactivation: None,
            version: 1,
        }
    }
}

/// Adds a person.
///
/// # Errors
///
/// [`Error::Forbidden`], and [`Error::Invalid`] where the address is taken.
pub fn create(uow: &mut UnitOfWork<'_>, new: NewPerson) -> Result<Person, Error> {
    let mut added = add(uow, vec![(String::new(), new)])?;
    added
        .pop()
        .ok_or_else(|| Error::internal("nobody was added"))
}

/// Adds people, all or nothing.
///
/// # Errors
///
/// [`Error::Forbidden`], and [`Error::Invalid`] with every address that is taken, by its index.
pub fn import(uow: &mut UnitOfWork<'_>, new: Vec<NewPerson>) -> Result<Vec<Person>, Error> {
    let rows = new.into_iter().enumerate();
    add(
        uow,
        rows.map(|(index, new)| (format!("/{index}"), new))
            .collect(),
    )
}

/// Notes which of the new people have the address of somebody, or of one before them; with each goes where they stand in
/// the request.
pub fn check_addresses<'a>(
    errors: &mut ValidationErrors,
    known: impl Iterator<Item = &'a Person>,
    new: impl Iterator<Item = (String, &'a NewPerson)>,
) {
    let mut taken: HashSet<String> = known.map(|person| email::key(&person.email)).collect();
    for (base, new) in new {
        if !taken.insert(email::key(&new.email)) {
            errors.add(format!("{base}/email"), "somebody has this address already");
        }
    }
}

/// The same for the rows of a table, some of which may be bad.
pub fn check_rows(errors: &mut ValidationErrors, known: &Snapshot, rows: &[Option<NewPerson>]) {
    let rows = rows.iter().enumerate();
    let good = rows.filter_map(|(index, row)| Some((format!("/{index}"), row.as_ref()?)));
    check_addresses(errors, known.people().values().map(AsRef::as_ref), good);
}

/// Adds people; with each goes where it stands in the request.
fn add(uow: &mut UnitOfWork<'_>, new: Vec<(String, NewPerson)>) -> Result<Vec<Person>, Error> {
    access::administrator(uow.actor)?;
    let known = people::load(uow.db(), None)?;
    let mut errors = ValidationErrors::new();
    let rows = new.iter().map(|(base, new)| (base.clone(), new));
    check_addresses(&mut errors, known.iter(), rows);
    errors.finish()?;
    let now = uow.now;
    let mut added = Vec::new();
    for (_, new) in new {
        let person = new.into_person();
        people::insert(uow.db(), &person, now)?;
        uow.changed(Change::Person(person.id));
        deed(uow, AuditAction::PersonCreate, None, Some(&person))?;
        added.push(person);
    }
    Ok(added)
}

fn deed(
    uow: &mut UnitOfWork<'_>,
    action: AuditAction,
    before: Option<&Person>,
    after: Option<&Person>,
) -> Result<(), Error> {
    let now = uow.now;
    let show =
        |person: Option<&Person>| as_json(person.map(|person| PersonView::of(person, true, now)));
    let id = after
        .or(before)
        .map(|person| person.id.to_string())
        .unwrap_or_default();
    let (before, after) = (show(before)?, show(after)?);
    record_audit(
        uow,
        AuditEvent {
            action,
            kind: "person",
            id,
            before,
            after,
        },
    )
}

/// Changes a person. Zone, hours and holidays get a new version, from a time on; what is planned for later stays
/// planned.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn change(
    uow: &mut UnitOfWork<'_>,
    id: PersonId,
    change: PersonChange,
) -> Result<Person, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let before = person_of(uow, id)?;
    may_change(actor, &before, Some(&change))?;
    uow.check_version(before.version)?;
    let from = check_effective_from(change.effective_from.unwrap_or(now), actor, now)
        .map_err(|detail| Error::invalid("/effective_from", detail))?;
    let old = before
        .profile(from)
        .ok_or_else(|| Error::internal("a person without a profile"))?;
    let profile = change.profile(old, from, now);
    let mut after = change.applied_to(&before);
    if after.role != Role::Administrator {
        keep_an_administrator(uow, &before)?;
    }
    people::update(uow.db(), &after).map_err(|error| match error {
        StoreError::Duplicate => Error::invalid("/email", "somebody has this address already"),
        other => other.into(),
    })?;
    addresses::changed(uow, &before, &after)?;
    for profile in before.changed(old, profile) {
        people::add_profile(uow.db(), id, &profile)?;
        after.profiles.push(profile);
    }
    uow.changed(Change::Person(id));
    deed(uow, AuditAction::PersonChange, Some(&before), Some(&after))?;
    Ok(after)
}

impl PersonChange {
    /// Zone, hours and holidays from then on.
    fn profile(&self, old: &Profile, from: Timestamp, now: Timestamp) -> Profile {
        let given = self.clone();
        Profile {
            effective_from: Some(from),
            recorded_at: Some(now),
            time_zone: given.time_zone.unwrap_or_else(|| old.time_zone.clone()),
            working_hours: given
                .working_hours
                .unwrap_or_else(|| old.working_hours.clone()),
            holidays: given.holidays.unwrap_or_else(|| old.holidays.clone()),
        }
    }

    /// The person with everything else as it is wanted.
    fn applied_to(self, before: &Person) -> Person {
        let mut after = before.clone();
        after.name = self.name.unwrap_or(after.name);
        after.email = self.email.unwrap_or(after.email);
        after.role = self.role.unwrap_or(after.role);
        after.external_ids = self.external_ids.unwrap_or(after.external_ids);
        after.version += 1;
        after
    }
}

/// Ends a person's part in everything.
///
/// # Errors
///
/// [`Error::Conflict`] with the list of what still names them, unless they are to be removed.
pub fn deactivate(
    uow: &mut UnitOfWork<'_>,
    id: PersonId,
    command: Deactivate,
) -> Result<Person, Error> {
    let (actor, now) = (uow.actor, uow.now);
    access::administrator(actor)?;
    let before = person_of(uow, id)?;
    uow.check_version(before.version)?;
    let at = command.at.unwrap_or(now);
    if at < now {
        return Err(Error::invalid("/at", IN_THE_PAST));
    }
    if before.deactivation.is_some_and(|gone| gone.at <= now) {
        return Err(Error::conflict("they are deactivated already"));
    }
    keep_an_administrator(uow, &before)?;
    let named = offboarding::find_references(uow.db(), id, None, at)?;
    if command.remove_from_rotations {
        offboarding::remove_references(uow, id, &named, at)?;
    } else {
        Reference::none(&named)?;
    }
    swaps::leave(uow, id, None, at)?;
    let mut after = before.clone();
    after.deactivation = Some(Deactivation {
        at,
        recorded_at: now,
    });
    after.version += 1;
    people::update(uow.db(), &after)?;
    uow.changed(Change::Person(id));
    deed(
        uow,
        AuditAction::PersonDeactivate,
        Some(&before),
        Some(&after),
    )?;
    Ok(after)
}

/// There has to be an administrator: refuses what would take away the last one.
fn keep_an_administrator(uow: &mut UnitOfWork<'_>, leaving: &Person) -> Result<(), Error> {
    let now = uow.now;
    let others = people::load(uow.db(), None)?;
    let stays = |person: &Person| {
        person.role == Role::Administrator
            && person.id != leaving.id
            && person.deactivation.is_none()
    };
    if leaving.role == Role::Administrator && leaving.active_at(now) && !others.iter().any(stays) {
        return Err(Error::conflict("they are the only administrator"));
    }
    Ok(())
}

/// Replaces the name and address of somebody deactivated in everything that is kept, and revokes
/// their tokens.
///
/// # Errors
///
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and [`Error::Conflict`] while they
/// are active.
pub fn erase(uow: &mut UnitOfWork<'_>, id: PersonId) -> Result<Person, Error> {
    let (actor, now) = (uow.actor, uow.now);
    access::administrator(actor)?;
    let before = person_of(uow, id)?;
    uow.check_version(before.version)?;
    if before.active_at(now) {
        return Err(Error::conflict("they are active: deactivate them first"));
    }
    let mut after = before.clone();
    NOBODY.clone_into(&mut after.name);
    after.email = format!("erased-{id}@invalid.example");
    after.external_ids = BTreeMap::new();
    after.version += 1;
    people::update(uow.db(), &after)?;
    people::forget_reasons(uow.db(), id)?;
    crate::storage::swaps::forget_notes(uow.db(), id)?;
    tokens::revoke_all(uow.db(), id, now)?;
    sessions::forget(uow.db(), id)?;
    address_changes::forget(uow.db(), id)?;
    calendars::forget(uow.db(), id, now)?;
    audit::forget(uow.db(), &id.to_string(), &before)?;
    idempotency::forget(uow.db(), &[id.to_string(), before.email.clone()])?;
    // The name may be a part of the address.
    crate::storage::outbox::forget(uow.db(), &[before.email, before.name], NOBODY)?;
    uow.changed(Change::Person(id));
    uow.changed(Change::Tokens);
    uow.changed(Change::Sessions);
    deed(uow, AuditAction::PersonErase, None, Some(&after))?;
    Ok(after)
}
