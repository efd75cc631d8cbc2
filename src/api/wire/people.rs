//! People.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::people::person::Role;
use crate::domain::time::hours::WeeklyHours;
use crate::domain::time::interval::Timestamp;
use crate::http::command::{Context, Wire};
use crate::service::values::{self, HolidaysInput, HoursInput};
use crate::service::{Error, ValidationErrors, input, people};

/// A person to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Their name.
    #[serde(default)]
    #[schema(required = true)]
    name: String,
    /// Where mail reaches them.
    #[serde(default)]
    #[schema(required = true)]
    email: String,
    /// IANA time zone.
    #[serde(default)]
    #[schema(required = true)]
    time_zone: String,
    /// Weekly hours; by default Monday to Friday, 09:00 to 17:00.
    #[serde(default)]
    working_hours: Option<Vec<HoursInput>>,
    /// `administrator`, `member` (default) or `viewer`.
    #[serde(default)]
    role: Option<String>,
    /// Public holidays.
    #[serde(default)]
    holidays: Option<HolidaysInput>,
    /// Their names in other systems.
    #[serde(default)]
    external_ids: Option<BTreeMap<String, String>>,
}

/// What to change of a person; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersonChange {
    /// Their name.
    name: Option<String>,
    /// Where mail reaches them, and with which they sign in. Nobody changes their own by a token (403).
    email: Option<String>,
    /// IANA time zone.
    time_zone: Option<String>,
    /// Weekly hours.
    working_hours: Option<Vec<HoursInput>>,
    /// `administrator`, `member` or `viewer`.
    role: Option<String>,
    /// Public holidays; null for none.
    #[serde(deserialize_with = "values::given")]
    #[schema(value_type = Option<HolidaysInput>)]
    holidays: Option<Option<HolidaysInput>>,
    /// Their names in other systems.
    external_ids: Option<BTreeMap<String, String>>,
    /// From when on zone, hours and holidays hold; by default now.
    effective_from: Option<String>,
}

/// The end of a person's part in everything.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deactivate {
    /// From when on; by default now.
    at: Option<String>,
    /// Takes them out of every order, and undoes overrides that give them time ahead.
    remove_from_rotations: bool,
}

impl NewPerson {
    /// Reads a person to add; `base` points at them.
    pub fn read_at(&self, errors: &mut ValidationErrors, base: &str) -> Option<people::NewPerson> {
        let at = |field: &str| format!("{base}/{field}");
        let name = values::line(errors, &at("name"), &self.name, 200);
        let email = values::email(errors, &at("email"), &self.email);
        let time_zone = values::zone(errors, &at("time_zone"), &self.time_zone);
        let working_hours = match &self.working_hours {
            None => Some(WeeklyHours::default()),
            Some(hours) => values::hours(errors, &at("working_hours"), hours),
        };
        let role = match &self.role {
            None => Some(Role::Member),
            Some(text) => values::role(errors, &at("role"), text),
        };
        let holidays = match &self.holidays {
            None => Some(None),
            Some(holidays) => values::holidays(errors, &at("holidays"), holidays).map(Some),
        };
        let external_ids = match &self.external_ids {
            None => Some(BTreeMap::new()),
            Some(ids) => values::external_ids(errors, &at("external_ids"), ids),
        };
        Some(people::NewPerson {
            name: name?,
            email: email?,
            time_zone: time_zone?,
            working_hours: working_hours?,
            role: role?,
            holidays: holidays?,
            external_ids: external_ids?,
        })
    }
}

impl Wire for NewPerson {
    type Command = people::NewPerson;

    fn read(
        &self,
        errors: &mut ValidationErrors,
        context: Context<'_>,
    ) -> Option<people::NewPerson> {
        let new = self.read_at(errors, "");
        let known = context.snapshot.people().values();
        let one = new.iter().map(|new| (String::new(), new));
        people::check_addresses(errors, known.map(AsRef::as_ref), one);
        new
    }
}

/// Reads people to add, all of them, also those after one that is bad.
pub fn read_all(rows: &[NewPerson], context: Context<'_>) -> Result<Vec<people::NewPerson>, Error> {
    let mut errors = ValidationErrors::new();
    let read: Vec<Option<people::NewPerson>> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| row.read_at(&mut errors, &format!("/{index}")))
        .collect();
    people::check_rows(&mut errors, context.snapshot, &read);
    errors.finish_with(read.into_iter().collect())
}

impl Wire for PersonChange {
    type Command = people::PersonChange;

    fn read(
        &self,
        errors: &mut ValidationErrors,
        context: Context<'_>,
    ) -> Option<people::PersonChange> {
        let name = self.name.as_deref();
        let email = self.email.as_deref();
        let role = self.role.as_deref();
        let ids = self.external_ids.as_ref();
        let from = self.effective_from.as_deref();
        let zone = self.time_zone.as_deref();
        let hours = self.working_hours.as_deref();
        // What is left out stays, and so does what is bad: then nothing is changed at all.
        Some(people::PersonChange {
            name: name.and_then(|name| values::line(errors, "/name", name, 200)),
            email: email.and_then(|email| values::email(errors, "/email", email)),
            role: role.and_then(|role| values::role(errors, "/role", role)),
            external_ids: ids.and_then(|ids| values::external_ids(errors, "/external_ids", ids)),
            effective_from: from.and_then(|text| effective_from(errors, text, context)),
            time_zone: zone.and_then(|zone| values::zone(errors, "/time_zone", zone)),
            working_hours: hours.and_then(|hours| values::hours(errors, "/working_hours", hours)),
            holidays: match &self.holidays {
                Some(Some(holidays)) => values::holidays(errors, "/holidays", holidays).map(Some),
                Some(None) => Some(None),
                None => None,
            },
        })
    }
}

fn effective_from(
    errors: &mut ValidationErrors,
    text: &str,
    context: Context<'_>,
) -> Option<Timestamp> {
    let Context { actor, now, .. } = context;
    let from = errors.check("/effective_from", input::bounded(text, now))?;
    let from = people::check_effective_from(from, actor, now);
    errors.check("/effective_from", from)
}

impl Wire for Deactivate {
    type Command = people::Deactivate;

    const BODY_IS_OPTIONAL: bool = true;

    fn read(
        &self,
        errors: &mut ValidationErrors,
        context: Context<'_>,
    ) -> Option<people::Deactivate> {
        let at = errors.check_some("/at", self.at.as_deref(), |text| {
            people::read_end(text, context.now)
        })?;
        Some(people::Deactivate {
            at,
            remove_from_rotations: self.remove_from_rotations,
        })
    }
}
