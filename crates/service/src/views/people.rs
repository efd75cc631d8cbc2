//! People, as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::PersonId;
use crate::domain::people::person::{Holidays, Person, Profile, TimeOff};
use crate::domain::time::hours::WeeklyHours;
use crate::domain::time::interval::Timestamp;

/// Zone, hours and holidays that come into force later.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProfileView {
    /// From then on.
    pub effective_from: Option<DateTime<Utc>>,
    /// IANA time zone.
    pub time_zone: String,
    /// Weekly hours.
    #[schema(value_type = Vec<crate::values::HoursInput>)]
    pub working_hours: WeeklyHours,
    /// Public holidays.
    #[schema(value_type = Option<crate::values::HolidaysInput>)]
    pub holidays: Option<Holidays>,
}

impl From<&Profile> for ProfileView {
    fn from(profile: &Profile) -> Self {
        Self {
            effective_from: profile.effective_from,
            time_zone: profile.time_zone.to_string(),
            working_hours: profile.working_hours.clone(),
            holidays: profile.holidays.clone(),
        }
    }
}

/// A person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonView {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Their address; null for those who may not see it.
    pub email: Option<String>,
    /// Their IANA time zone.
    pub time_zone: String,
    /// When they work.
    #[schema(value_type = Vec<crate::values::HoursInput>)]
    pub working_hours: WeeklyHours,
    /// `administrator`, `member` or `viewer`.
    #[schema(value_type = String)]
    pub role: crate::domain::people::person::Role,
    /// Their public holidays.
    #[schema(value_type = Option<crate::values::HolidaysInput>)]
    pub holidays: Option<Holidays>,
    /// Their names in other systems.
    pub external_ids: BTreeMap<String, String>,
    /// Whether they take part.
    pub active: bool,
    /// From when on they do not.
    pub deactivated_at: Option<DateTime<Utc>>,
    /// Changes of zone, hours and holidays that lie ahead.
    pub upcoming: Vec<ProfileView>,
    /// Goes up with each change.
    pub version: i64,
}

impl PersonView {
    /// The person at `now`, with or without their address.
    #[must_use]
    pub fn of(person: &Person, with_address: bool, now: Timestamp) -> Self {
        let profile = person.profile(now);
        Self {
            id: person.id.to_string(),
            name: person.name.clone(),
            email: with_address.then(|| person.email.clone()),
            time_zone: person.zone(now).to_string(),
            working_hours: profile
                .map(|profile| profile.working_hours.clone())
                .unwrap_or_default(),
            role: person.role,
            holidays: profile.and_then(|profile| profile.holidays.clone()),
            external_ids: person.external_ids.clone(),
            active: person.active_at(now),
            deactivated_at: person.deactivation.map(|gone| gone.at),
            upcoming: person
                .upcoming(now)
                .into_iter()
                .map(ProfileView::from)
                .collect(),
            version: person.version,
        }
    }
}

/// A stretch of time off.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimeOffView {
    /// Its id.
    pub id: String,
    /// Whose.
    pub person_id: String,
    /// The first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    /// The first day, where it was entered by days.
    pub first_day: Option<chrono::NaiveDate>,
    /// The last day.
    pub last_day: Option<chrono::NaiveDate>,
    /// Why; null for those who may not see it.
    pub reason: Option<String>,
    /// The calendar that says so; null: it was entered.
    pub calendar_id: Option<String>,
    /// When it was ended or undone.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Goes up when it is cancelled.
    pub version: i64,
}

impl TimeOffView {
    /// The stretch, with or without its reason.
    #[must_use]
    pub fn of(person: PersonId, off: &TimeOff, with_reason: bool) -> Self {
        Self {
            id: off.id.to_string(),
            person_id: person.to_string(),
            start: off.interval.start(),
            end: off.interval.end(),
            first_day: off.days.map(|(first, _)| first),
            last_day: off.days.map(|(_, last)| last),
            reason: off.reason.clone().filter(|_| with_reason),
            calendar_id: off.calendar.map(|id| id.to_string()),
            cancelled_at: off.cancelled_at,
            version: off.version(),
        }
    }
}
