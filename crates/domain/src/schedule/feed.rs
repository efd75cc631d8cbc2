//! Calendar feeds: what somebody subscribed to.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::ids::{FeedId, PersonId, RotationId, TeamId, TokenId};
use crate::time::interval::{Interval, Timestamp};

/// How far back feeds reach where nobody chose, in days.
pub const PAST: u16 = 60;

/// How far ahead, for one person.
pub const AHEAD_OF_ONE: u16 = 365;

/// How far ahead, for larger scopes.
pub const AHEAD_OF_MANY: u16 = 180;

/// How far a feed may reach, either way.
pub const FARTHEST: u16 = 400;

/// Whose shifts a feed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A person's, over all rotations.
    Person(PersonId),
    /// A rotation's.
    Rotation(RotationId),
    /// Those of a team's rotations.
    Team(TeamId),
    /// All.
    All,
}

/// What a subscriber chose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent choices, each by its name"
)]
pub struct Options {
    /// Shifts take the subscriber's time, so that others see them as busy.
    pub block_time: bool,
    /// An alarm so many minutes before each event.
    pub alarm_minutes: Option<u16>,
    /// Gaps are shown too, and who answers in them.
    pub gaps: bool,
    /// One event for each day on which the person works, instead of the whole shift.
    pub working_days: bool,
    /// Times are those of the subscriber's zone, and not UTC.
    pub local_times: bool,
    /// How many days back it reaches.
    pub past_days: Option<u16>,
    /// How many days ahead.
    pub future_days: Option<u16>,
}

/// A feed, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its id.
    pub id: FeedId,
    /// Whose it is; `None`: the bootstrap administrator's.
    pub owner: Option<PersonId>,
    /// SHA-256 of the secret, in hexadecimal.
    pub hash: String,
    /// Whose shifts it shows.
    pub scope: Scope,
    /// How.
    pub options: Options,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its options changed last.
    pub changed_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last fetched, to the hour.
    pub last_fetched_at: Option<Timestamp>,
    /// By what program, as far as it says.
    pub last_fetched_by: Option<String>,
    /// The token with which its owner made it. It shows nothing once that one is of no use.
    pub made_by: Option<TokenId>,
    /// Goes up with each change.
    pub version: i64,
}

impl Feed {
    /// How many days back it reaches.
    #[must_use]
    pub fn past_days(&self) -> u16 {
        self.options.past_days.unwrap_or(PAST)
    }

    /// How many days ahead it reaches.
    #[must_use]
    pub fn future_days(&self) -> u16 {
        let usual = match self.scope {
            Scope::Person(_) => AHEAD_OF_ONE,
            Scope::Rotation(_) | Scope::Team(_) | Scope::All => AHEAD_OF_MANY,
        };
        self.options.future_days.unwrap_or(usual)
    }

    /// What it shows at `now`: whole days (of UTC), so that it changes with what is in it and once a
    /// day. `None` where that is nothing.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> Option<Interval> {
        let days = |count: u16| TimeDelta::days(i64::from(count));
        Interval::new(
            today(now) - days(self.past_days()),
            today(now) + days(self.future_days()),
        )
    }
}

/// The beginning of the day (of UTC).
#[must_use]
pub fn today(now: Timestamp) -> Timestamp {
    now.date_naive().and_time(NaiveTime::MIN).and_utc()
}

/// More than any feed shows, and the same for all of them: what has no end ends with it, and what has
/// no beginning begins there. It moves once a year, and what is published with it.
#[must_use]
pub fn horizon(now: Timestamp) -> Option<Interval> {
    let new_year = |year: i32| {
        let day = NaiveDate::from_ymd_opt(year, 1, 1)?;
        Some(DateTime::from_naive_utc_and_offset(
            day.and_time(NaiveTime::MIN),
            chrono::Utc,
        ))
    };
    Interval::new(new_year(now.year() - 2)?, new_year(now.year() + 3)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_horizon_is_farther_than_any_feed_looks() {
        let far = TimeDelta::days(i64::from(FARTHEST));
        for day in 0..800 {
            let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day);
            let horizon = horizon(now).unwrap();
            assert!(
                horizon.start() <= now - far && now + far <= horizon.end(),
                "{now}"
            );
        }
    }
}
