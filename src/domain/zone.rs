//! Local time to instants: the one place that knows skipped and repeated hours.
//!
//! A local time that a zone skips is read with the offset in force before the gap; one that a zone
//! repeats is its first occurrence (RFC 5545 §3.3.5). Offsets come from the zone data compiled in,
//! or from a folder given at start-up; never from the system's copy.

use std::fmt;
use std::sync::OnceLock;

use chrono::{NaiveDateTime, TimeDelta};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use super::interval::Instant;

/// An IANA time zone that the zone data knows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// The name given is not that of an IANA zone in the zone data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of an IANA time zone")]
pub struct UnknownZone(pub String);

static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();

/// Uses `database` instead of the zone data compiled in; only before the first zone is looked up.
///
/// # Errors
///
/// Gives `database` back when zones were looked up already.
pub fn install(database: TimeZoneDatabase) -> Result<(), TimeZoneDatabase> {
    DATABASE.set(database)
}

fn database() -> &'static TimeZoneDatabase {
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

impl Zone {
    /// The zone of this name (in any case; it is kept as the zone data spells it).
    ///
    /// # Errors
    ///
    /// [`UnknownZone`] when the zone data has no such name.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone(name.to_owned());
        let zone = database().get(name).map_err(|_| unknown())?;
        match zone.iana_name() {
            Some(known) if known != "Etc/Unknown" => Ok(Self(zone)),
            _ => Err(unknown()),
        }
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The instant of a local time: skipped times with the offset before the gap, repeated ones at
    /// their first occurrence.
    #[must_use]
    pub fn to_instant(&self, local: NaiveDateTime) -> Instant {
        let wall = jiff_wall(local);
        let offset = match self.0.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
        };
        (local - TimeDelta::seconds(i64::from(offset.seconds()))).and_utc()
    }

    /// What the clocks of the zone show at `instant`.
    #[must_use]
    pub fn to_local(&self, instant: Instant) -> NaiveDateTime {
        instant.naive_utc() + TimeDelta::seconds(i64::from(self.offset_seconds(instant)))
    }

    /// The offset from UTC in force at `instant`, in seconds, east positive.
    #[must_use]
    pub fn offset_seconds(&self, instant: Instant) -> i32 {
        self.0.to_offset(jiff_timestamp(instant)).seconds()
    }
}

/// `local` as the zone library writes it; times outside its years −9999 to 9999 are cut to them.
fn jiff_wall(local: NaiveDateTime) -> jiff::civil::DateTime {
    let utc = jiff_timestamp(local.and_utc());
    jiff::tz::Offset::UTC.to_datetime(utc)
}

fn jiff_timestamp(instant: Instant) -> Timestamp {
    Timestamp::from_second(instant.timestamp()).unwrap_or(if instant.timestamp() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}
