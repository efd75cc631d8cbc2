//! People: who they are, when they work, when they are away.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::ids::{CalendarId, PersonId, TimeOffId};
use crate::people::preferences::Preferences;
use crate::time::hours::WeeklyHours;
use crate::time::interval::{Interval, Timestamp};
use crate::time::zone::Zone;

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
    pub effective_from: Option<Timestamp>,
    /// Known from then; `None`: from always (what was given when the person was created).
    pub recorded_at: Option<Timestamp>,
    /// The zone of `working_hours`.
    pub time_zone: Zone,
    /// When they work.
    pub working_hours: WeeklyHours,
    /// Their public holidays.
    pub holidays: Option<Holidays>,
}

impl Profile {
    /// This plan, once what comes before it is `new` instead of `old`: what it does not change goes on as it is then.
    fn with_change(&self, old: &Self, new: &Self, recorded_at: Option<Timestamp>) -> Self {
        fn merged<T: Clone + PartialEq>(planned: &T, old: &T, new: &T) -> T {
            if planned == old { new } else { planned }.clone()
        }
        Self {
            effective_from: self.effective_from,
            recorded_at,
            time_zone: merged(&self.time_zone, &old.time_zone, &new.time_zone),
            working_hours: merged(&self.working_hours, &old.working_hours, &new.working_hours),
            holidays: merged(&self.holidays, &old.holidays, &new.holidays),
        }
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.time_zone == other.time_zone
            && self.working_hours == other.working_hours
            && self.holidays == other.holidays
    }
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
    pub recorded_at: Timestamp,
    /// Ended (or, before its start, undone) then.
    pub cancelled_at: Option<Timestamp>,
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
    pub at: Timestamp,
    /// Known from then.
    pub recorded_at: Timestamp,
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
    pub fn active_at(&self, at: Timestamp) -> bool {
        self.deactivation.is_none_or(|gone| at < gone.at)
    }

    /// The profile recorded last that is in force at `at`.
    #[must_use]
    pub fn profile(&self, at: Timestamp) -> Option<&Profile> {
        self.profile_at(at, crate::time::interval::FOREVER)
            .or_else(|| self.profiles.first())
    }

    /// Zone, hours and holidays as they are to be after `now`: what is planned, one after the other.
    #[must_use]
    pub fn upcoming(&self, now: Timestamp) -> Vec<&Profile> {
        // Of two for the same instant the one recorded last counts.
        let mut planned: BTreeMap<Timestamp, &Profile> = BTreeMap::new();
        for profile in &self.profiles {
            let Some(from) = profile.effective_from.filter(|from| *from > now) else {
                continue;
            };
            let known = planned.entry(from).or_insert(profile);
            if known.recorded_at <= profile.recorded_at {
                *known = profile;
            }
        }
        planned.into_values().collect()
    }

    /// What to record so that `wanted` holds from its `effective_from` on, in the place of `old`: it, and what is planned
    /// for later with the same change, as far as the plan left that alone. Nothing where nothing becomes another.
    #[must_use]
    pub fn changed(&self, old: &Profile, wanted: Profile) -> Vec<Profile> {
        let planned = wanted
            .effective_from
            .map_or_else(Vec::new, |from| self.upcoming(from));
        let recorded_at = wanted.recorded_at;
        let (mut was, mut is) = (old, wanted);
        let mut made = Vec::new();
        for next in planned {
            let then = next.with_change(was, &is, recorded_at);
            if !is.says_the_same(was) {
                made.push(is);
            }
            (was, is) = (next, then);
        }
        if !is.says_the_same(was) {
            made.push(is);
        }
        made
    }

    /// Their time zone at `at`.
    #[must_use]
    pub fn zone(&self, at: Timestamp) -> Zone {
        self.profile(at)
            .map_or_else(Zone::utc, |profile| profile.time_zone.clone())
    }
}
