//! What is done at the machine rather than by a request: the first administrator, and tokens by command.

use serde_json::json;

use super::app::App;
use super::error::Error;
use super::locked_rotation::record_audit;
use super::secrets::{new_token, token_hash};
use super::sessions;
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::actor::{Actor, Scope};
use crate::domain::access::audit::AuditAction;
use crate::domain::access::token::Token;
use crate::domain::ids::{PersonId, TokenId};
use crate::domain::people::email;
use crate::domain::people::person::{Person, Profile, Role};
use crate::domain::people::preferences::Preferences;
use crate::domain::time::hours::{Day, HoursRule, TimeOfDay, WeeklyHours};
use crate::domain::time::zone::Zone;
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, people, tokens};

/// The address of the administrator that is made where there is none.
pub const FIRST_ADMINISTRATOR: &str = "administrator@localhost";

/// A token to be made by command.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose.
    pub email: String,
    /// What the token is called.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// Where there is nobody of this address, make an administrator of this name.
    pub administrator: Option<String>,
}

/// Where there is no administrator, makes one and returns their token, which is not to be had again.
///
/// # Errors
/// [`Error::Unavailable`] while the database is away.
pub fn first_administrator(app: &App) -> Result<Option<String>, Error> {
    if app.snapshots.current().has_administrator() {
        return Ok(None);
    }
    let wanted = NewToken {
        email: FIRST_ADMINISTRATOR.to_owned(),
        name: "first start".to_owned(),
        scope: Scope::Write,
        administrator: Some("Administrator".to_owned()),
    };
    let made = app.change(&Actor::operator(), app.clock.now(), |uow| {
        // Another replica may have been quicker.
        let everybody = people::load(uow.db(), None)?;
        let one = everybody.iter().any(is_administrator);
        if one {
            return Ok(None);
        }
        issue(uow, &everybody, &wanted).map(Some)
    });
    match made {
        // Both looked, both made one; the address is unique.
        Err(Error::Conflict { .. }) => {
            tracing::warn!(
                "there is no administrator: make one with `dogwatch token create --administrator`"
            );
            Ok(None)
        }
        other => other,
    }
}

fn is_administrator(person: &Person) -> bool {
    person.role == Role::Administrator && person.deactivation.is_none()
}

/// Makes a token for somebody, by command.
///
/// # Errors
/// [`Error::NotFound`] where there is nobody of this address and no administrator is to be made.
pub fn create_token(app: &App, wanted: &NewToken) -> Result<String, Error> {
    app.change(&Actor::operator(), app.clock.now(), |uow| {
        let everybody = people::load(uow.db(), None)?;
        issue(uow, &everybody, wanted)
    })
}

/// Makes a link by which the person of this address signs in, once; the whole address of it.
///
/// # Errors
/// [`Error::NotFound`] where there is nobody of this address, [`Error::Conflict`] where they are deactivated.
pub fn sign_in(app: &App, email: &str) -> Result<String, Error> {
    let wanted = email::key(email);
    let secret = app.change(&Actor::operator(), app.clock.now(), |uow| {
        let person = people::load(uow.db(), None)?
            .into_iter()
            .find(|person| email::key(&person.email) == wanted)
            .ok_or(Error::NotFound("person"))?;
        let now = uow.now;
        sessions::print(uow, person.id, now)
    })?;
    Ok(format!("{}/sign-in/{secret}", app.public_url))
}

fn issue(
    uow: &mut UnitOfWork<'_>,
    everybody: &[Person],
    wanted: &NewToken,
) -> Result<String, Error> {
    let now = uow.now;
    let found = everybody
        .iter()
        .find(|person| email::key(&person.email) == email::key(&wanted.email));
    let id = match (found, &wanted.administrator) {
        (Some(person), _) if !person.active_at(now) => {
            return Err(Error::conflict("this person is deactivated"));
        }
        (Some(person), Some(_)) if !is_administrator(person) => {
            return Err(Error::conflict(
                "there is a person of this address who is no administrator",
            ));
        }
        (Some(person), _) => person.id,
        (None, Some(name)) => administrator(uow, name, &wanted.email)?,
        (None, None) => return Err(Error::NotFound("person")),
    };
    let secret = new_token();
    let token = Token {
        id: TokenId::from_uuid(new_id()),
        person: id,
        name: wanted.name.clone(),
        hash: token_hash(&secret),
        scope: wanted.scope,
        created_at: now,
        expires_at: None,
        revoked_at: None,
        made_by: None,
    };
    tokens::insert(uow.db(), &token)?;
    uow.changed(Change::Tokens);
    let deed = AuditEvent {
        action: AuditAction::TokenCreate,
        kind: "token",
        id: token.id.to_string(),
        before: json!(null),
        after: json!({ "person_id": id, "name": token.name, "scope": token.scope }),
    };
    record_audit(uow, deed)?;
    Ok(secret)
}

fn administrator(uow: &mut UnitOfWork<'_>, name: &str, email: &str) -> Result<PersonId, Error> {
    let now = uow.now;
    let person = Person {
        id: PersonId::from_uuid(new_id()),
        name: name.to_owned(),
        email: email.to_owned(),
        role: Role::Administrator,
        profiles: vec![Profile {
            effective_from: None,
            recorded_at: None,
            time_zone: Zone::utc(),
            working_hours: office_hours()?,
            holidays: None,
        }],
        time_off: Vec::new(),
        external_ids: std::collections::BTreeMap::new(),
        preferences: Preferences::default(),
        deactivation: None,
        version: 1,
    };
    people::insert(uow.db(), &person, now)?;
    uow.changed(Change::Person(person.id));
    let deed = AuditEvent {
        action: AuditAction::PersonCreate,
        kind: "person",
        id: person.id.to_string(),
        before: json!(null),
        after: json!({ "name": name, "email": email, "role": person.role }),
    };
    record_audit(uow, deed)?;
    Ok(person.id)
}

/// Monday to Friday, nine to five.
fn office_hours() -> Result<WeeklyHours, Error> {
    let time = |text: &str| {
        TimeOfDay::try_from(text.to_owned()).map_err(|error| Error::caused("a time of day", error))
    };
    Ok(WeeklyHours(vec![HoursRule {
        days: vec![Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri],
        start: time("09:00")?,
        end: time("17:00")?,
        end_day: None,
    }]))
}
