//! People: adding, changing, importing, deactivating, erasing.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::locked_rotation::{as_json, person_of, record_audit};
use super::offboarding::{self, Reference};
use super::values::{self, HolidaysInput, HoursInput};
use super::views::PersonView;
use super::{Error, ValidationErrors, access, addresses, input, swaps};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::audit::AuditAction;
use crate::domain::email;
use crate::domain::ids::PersonId;
use crate::domain::person::{Deactivation, Person, Profile, Role};
use crate::domain::preferences::Preferences;
use crate::storage::audit::AuditEvent;
use crate::storage::{
    Change, StoreError, address_changes, audit, calendars, idempotency, people, sessions, tokens,
};

/// What somebody is called who is erased.
const NOBODY: &str = "Erased person";

/// A person to add.
#[derive(Debug, Clone, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Their name.
    #[serde(default)]
    #[schema(required = true)]
    pub name: String,
    /// Where mail reaches them.
    #[serde(default)]
    #[schema(required = true)]
    pub email: String,
    /// IANA time zone.
    #[serde(default)]
    #[schema(required = true)]
    pub time_zone: String,
    /// Weekly hours; by default Monday to Friday, 09:00 to 17:00.
    #[serde(default)]
    pub working_hours: Option<Vec<HoursInput>>,
    /// `administrator`, `member` (default) or `viewer`.
    #[serde(default)]
    pub role: Option<String>,
    /// Public holidays.
    #[serde(default)]
    pub holidays: Option<HolidaysInput>,
    /// Their names in other systems.
    #[serde(default)]
    pub external_ids: Option<BTreeMap<String, String>>,
}

/// What to change of a person; what is left out stays.
#[derive(Debug, Clone, Default, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersonChange {
    /// Their name.
    pub name: Option<String>,
    /// Where mail reaches them, and with which they sign in. Nobody changes their own by a token (403).
    pub email: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Weekly hours.
    pub working_hours: Option<Vec<HoursInput>>,
    /// `administrator`, `member` or `viewer`.
    pub role: Option<String>,
    /// Public holidays; null for none.
    #[serde(deserialize_with = "values::given")]
    #[schema(value_type = Option<HolidaysInput>)]
    pub holidays: Option<Option<HolidaysInput>>,
    /// Their names in other systems.
    pub external_ids: Option<BTreeMap<String, String>>,
    /// From when on zone, hours and holidays hold; by default now.
    pub effective_from: Option<String>,
}

/// The end of a person's part in everything.
#[derive(Debug, Clone, Default, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deactivate {
    /// From when on; by default now.
    pub at: Option<String>,
    /// Takes them out of every order, and undoes overrides that give them time ahead.
    pub remove_from_rotations: bool,
}

/// Reads a new person; `base` points at it.
pub fn read(errors: &mut ValidationErrors, base: &str, new: NewPerson) -> Option<Person> {
    let at = |field: &str| format!("{base}/{field}");
    let name = values::line(errors, &at("name"), &new.name, 200);
    let email = values::email(errors, &at("email"), &new.email);
    let zone = values::zone(errors, &at("time_zone"), &new.time_zone);
    let hours = match &new.working_hours {
        None => Some(crate::domain::hours::WeeklyHours::default()),
        Some(hours) => values::hours(errors, &at("working_hours"), hours),
    };
    let role = role(errors, &at("role"), new.role.as_deref().unwrap_or("member"));
    let holidays = match new.holidays {
        None => Some(None),
        Some(holidays) => values::holidays(errors, &at("holidays"), holidays).map(Some),
    };
    let external_ids = external_ids(
        errors,
        &at("external_ids"),
        new.external_ids.unwrap_or_default(),
    );
    Some(Person {
        id: PersonId::from_uuid(new_id()),
        name: name?,
        email: email?,
        role: role?,
        profiles: vec![Profile {
            effective_from: None,
            recorded_at: None,
            time_zone: zone?,
            working_hours: hours?,
            holidays: holidays?,
        }],
        time_off: Vec::new(),
        external_ids: external_ids?,
        preferences: Preferences::default(),
        deactivation: None,
        version: 1,
    })
}

fn role(errors: &mut ValidationErrors, pointer: &str, text: &str) -> Option<Role> {
    let read = serde_json::from_value(Value::String(text.to_owned()));
    errors.check(
        pointer,
        read.map_err(|_| "must be administrator, member or viewer"),
    )
}

fn external_ids(
    errors: &mut ValidationErrors,
    pointer: &str,
    ids: BTreeMap<String, String>,
) -> Option<BTreeMap<String, String>> {
    let bad = |text: &String| {
        text.is_empty()
            || text.chars().count() > 200
            || text.chars().any(char::is_control)
            || values::has_unseen(text)
    };
    if ids.len() > 20 || ids.iter().any(|(system, id)| bad(system) || bad(id)) {
        errors.add(
            pointer,
            "at most 20 names of 1 to 200 characters, none of them invisible",
        );
        return None;
    }
    Some(ids)
}

/// Adds people, all or nothing. `base` says where each stands in the request.
///
/// # Errors
///
/// [`Error::Invalid`] with every fault of every one of them; [`Error::Conflict`] where a single
/// one's address is taken; [`Error::Forbidden`].
pub fn create(
    uow: &mut UnitOfWork<'_>,
    new: Vec<(String, NewPerson)>,
) -> Result<Vec<Person>, Error> {
    let (actor, now) = (uow.actor, uow.now);
    access::administrator(actor)?;
    let mut errors = ValidationErrors::new();
    let read: Vec<(String, Option<Person>)> = new
        .into_iter()
        .map(|(base, one)| (base.clone(), read(&mut errors, &base, one)))
        .collect();
    let mut taken: HashSet<String> = people::load(uow.db(), None)?
        .iter()
        .map(|person| email::key(&person.email))
        .collect();
    for (base, person) in read
        .iter()
        .filter_map(|(base, person)| Some((base, person.as_ref()?)))
    {
        if !taken.insert(email::key(&person.email)) {
            errors.add(format!("{base}/email"), "somebody has this address already");
        }
    }
    errors.finish()?;
    let added: Vec<Person> = read.into_iter().filter_map(|(_, person)| person).collect();
    for person in &added {
        people::insert(uow.db(), person, now)?;
        uow.changed(Change::Person(person.id));
        deed(uow, AuditAction::PersonCreate, None, Some(person))?;
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

/// Changes a person. Zone, hours and holidays get a new version, from an instant on; what is planned for later stays
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
    access::own_affairs(actor, id)?;
    if change.role.is_some() || change.external_ids.is_some() {
        access::administrator(actor)?;
    }
    if change
        .email
        .as_ref()
        .is_some_and(|email| *email != before.email)
    {
        access::changes_address(actor, id)?;
    }
    uow.check_version(before.version)?;
    let mut errors = ValidationErrors::new();
    let mut after = before.clone();
    if let Some(name) = change
        .name
        .as_deref()
        .and_then(|name| values::line(&mut errors, "/name", name, 200))
    {
        after.name = name;
    }
    if let Some(email) = change
        .email
        .as_deref()
        .and_then(|email| values::email(&mut errors, "/email", email))
    {
        after.email = email;
    }
    if let Some(role) = change
        .role
        .as_deref()
        .and_then(|text| role(&mut errors, "/role", text))
    {
        after.role = role;
    }
    if let Some(ids) = change
        .external_ids
        .and_then(|ids| external_ids(&mut errors, "/external_ids", ids))
    {
        after.external_ids = ids;
    }
    let from = match change.effective_from.as_deref() {
        None => now,
        Some(text) => errors
            .check("/effective_from", input::bounded(text, now))
            .unwrap_or(now),
    };
    if from < now && !actor.is_administrator() {
        errors.add("/effective_from", "must not lie in the past");
    }
    let old = before
        .profile(from)
        .ok_or_else(|| Error::internal("a person without a profile"))?;
    let mut profile = Profile {
        effective_from: Some(from),
        recorded_at: Some(now),
        ..old.clone()
    };
    if let Some(zone) = change
        .time_zone
        .as_deref()
        .and_then(|name| values::zone(&mut errors, "/time_zone", name))
    {
        profile.time_zone = zone;
    }
    if let Some(hours) = change
        .working_hours
        .and_then(|hours| values::hours(&mut errors, "/working_hours", &hours))
    {
        profile.working_hours = hours;
    }
    match change.holidays {
        Some(Some(holidays)) => {
            profile.holidays = values::holidays(&mut errors, "/holidays", holidays);
        }
        Some(None) => profile.holidays = None,
        None => {}
    }
    errors.finish()?;
    if after.role != Role::Administrator {
        keep_an_administrator(uow, &before)?;
    }
    after.version += 1;
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

/// Ends a person's part in everything.
///
/// # Errors
///
/// [`Error::Conflict`] with the list of what still names them, unless they are to be removed.
pub fn deactivate(
    uow: &mut UnitOfWork<'_>,
    id: PersonId,
    command: &Deactivate,
) -> Result<Person, Error> {
    let (actor, now) = (uow.actor, uow.now);
    access::administrator(actor)?;
    let before = person_of(uow, id)?;
    uow.check_version(before.version)?;
    let at = input::at_or_now(command.at.as_deref(), now)?;
    if at < now {
        return Err(Error::invalid("/at", "must not lie in the past"));
    }
    if before.deactivation.is_some_and(|gone| gone.at <= now) {
        return Err(Error::conflict("they are deactivated already"));
    }
    keep_an_administrator(uow, &before)?;
    let named = offboarding::find_references(uow, id, None, at)?;
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
