//! People: who they are, when they work, when they are away.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::hours::WeeklyHours;
use super::ids::{CalendarId, PersonId, TimeOffId};
use super::interval::{Instant, Interval};
use super::preferences::Preferences;
use super::zone::Zone;

/// Everybody, by id.
pub type People = HashMap<PersonId, Arc<Person>>;

/// What a person may do beyond their own affairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Administrator,
    /// Their own affairs, and what their teams give them.
    Member,
    /// Looks, changes nothing.
    Viewer,
}

/// Whose public holidays a person has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 3166-2 subdivision, without the country.
    #[serde(default)]
    pub region: Option<String>,
    /// Whether they count as not working.
    pub observe: bool,
}

/// Zone, hours and holidays of a person, in force from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// In force from then; `None`: from always.
    pub effective_from: Option<Instant>,
    /// Known from then; `None`: from always (what was given when the person was created).
    pub recorded_at: Option<Instant>,
    /// The zone of `working_hours`.
    pub time_zone: Zone,
    /// When they work.
    pub working_hours: WeeklyHours,
    /// Their public holidays.
    pub holidays: Option<Holidays>,
}

/// A stretch in which a person is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeOff {
    /// Its id.
    pub id: TimeOffId,
    /// As entered.
    pub interval: Interval,
    /// First and last day, where it was entered by days.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// Shown to the person, their managers and administrators only.
    pub reason: Option<String>,
    /// The calendar that says so; `None`: the person.
    pub calendar: Option<CalendarId>,
    /// Known from then.
    pub recorded_at: Instant,
    /// Ended (or, before its start, undone) then.
    pub cancelled_at: Option<Instant>,
}

impl TimeOff {
    /// 1, and 2 once it was cancelled: nothing else of it ever changes.
    #[must_use]
    pub const fn version(&self) -> i64 {
        if self.cancelled_at.is_some() { 2 } else { 1 }
    }
}

/// The end of a person's part in everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deactivation {
    /// From then on.
    pub at: Instant,
    /// Known from then.
    pub recorded_at: Instant,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// What they are called.
    pub name: String,
    /// Where mail reaches them; unique among people, whatever the case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Every version of zone and hours, as recorded; never empty.
    pub profiles: Vec<Profile>,
    /// Every stretch of time off, as recorded.
    pub time_off: Vec<TimeOff>,
    /// Their names in other systems.
    pub external_ids: BTreeMap<String, String>,
    /// Which mails they want.
    pub preferences: Preferences,
    /// From when on they take part in nothing.
    pub deactivation: Option<Deactivation>,
    /// Goes up with each change.
    pub version: i64,
}

impl Person {
    /// Whether they can be given a duty that ends after `at`.
    #[must_use]
    pub fn active_at(&self, at: Instant) -> bool {
        self.deactivation.is_none_or(|gone| at < gone.at)
    }

    /// The profile recorded last that is in force at `at`.
    #[must_use]
    pub fn profile(&self, at: Instant) -> Option<&Profile> {
        self.profile_at(at, super::interval::FOREVER)
            .or_else(|| self.profiles.first())
    }

    /// Their time zone at `at`.
    #[must_use]
    pub fn zone(&self, at: Instant) -> Zone {
        self.profile(at)
            .map_or_else(Zone::utc, |profile| profile.time_zone.clone())
    }
}
