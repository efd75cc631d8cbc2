//! Calendars of people, which say when they are away.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::ids::{CalendarId, PersonId};
use crate::people::absence::Rule;
use crate::people::person::TimeOff;
use crate::time::interval::{Interval, IntervalSet, Timestamp};

/// A calendar is read so often.
const PAUSE: TimeDelta = TimeDelta::minutes(30);

/// One that cannot be read is tried so often at least.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);

/// It is read whole so often, whatever the other server says is new: what recurs goes on, and dates are
/// other times in another zone.
const WHOLE: TimeDelta = TimeDelta::hours(20);

/// Absences are known so far ahead.
pub const AHEAD: TimeDelta = TimeDelta::days(400);

/// What the other server says to tell states of a calendar apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub modified: Option<String>,
}

/// A calendar of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// Whose.
    pub person: PersonId,
    /// What they call it.
    pub name: String,
    /// Where it is: as good as a password.
    pub url: String,
    /// What counts as away.
    pub rule: Rule,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it was taken back.
    pub removed_at: Option<Timestamp>,
    /// Of the state that was read last.
    pub validators: Validators,
    /// Not to be read before.
    pub next_read_at: Timestamp,
    /// When it was tried last.
    pub tried_at: Option<Timestamp>,
    /// When it was last known to be as it was understood.
    pub read_at: Option<Timestamp>,
    /// When it was last read whole.
    pub whole_at: Option<Timestamp>,
    /// Since when it cannot be read.
    pub failing_since: Option<Timestamp>,
    /// How often in a row it could not be read.
    pub failures: i64,
    /// Why not.
    pub problem: Option<String>,
    /// How many of its events could not be understood.
    pub skipped: i64,
    /// Goes up with each change by people.
    pub version: i64,
}

impl Calendar {
    /// What to ask the other server with: nothing, where all of it is needed again. `profile_at` is when
    /// its owner's zone changed last.
    #[must_use]
    pub fn known(&self, profile_at: Option<Timestamp>, now: Timestamp) -> Validators {
        let fresh = self
            .whole_at
            .filter(|at| now - *at < WHOLE && profile_at < Some(*at));
        fresh.map_or_else(Validators::default, |_| self.validators.clone())
    }

    /// It was read: all of it (with this many events that were not understood), or found to be the same.
    #[must_use]
    pub fn read(mut self, whole: Option<(Validators, i64)>, now: Timestamp) -> Self {
        if let Some((validators, skipped)) = whole {
            self.validators = validators;
            self.skipped = skipped;
            self.whole_at = Some(now);
        }
        self.tried_at = Some(now);
        self.read_at = Some(now);
        self.failing_since = None;
        self.failures = 0;
        self.problem = None;
        self.next_read_at = now + self.jitter(PAUSE);
        self
    }

    /// It could not be read: what is known stays, and is looked at again less and less often.
    #[must_use]
    pub fn failed(mut self, problem: String, now: Timestamp) -> Self {
        let doubled = i32::try_from(self.failures.clamp(0, 8)).unwrap_or(8);
        let pause = (PAUSE * 2_i32.pow(doubled.unsigned_abs())).min(LONGEST_PAUSE);
        self.tried_at = Some(now);
        self.failing_since = self.failing_since.or(Some(now));
        self.failures += 1;
        self.problem = Some(problem);
        self.next_read_at = now + self.jitter(pause);
        self
    }

    /// Not all at the same minute: up to a tenth more, always the same for a calendar.
    fn jitter(&self, pause: TimeDelta) -> TimeDelta {
        let share = i64::try_from(self.id.as_uuid().as_u128() % 100).unwrap_or(0);
        let seconds = pause.num_seconds();
        TimeDelta::seconds(seconds + seconds * share / 1000)
    }
}

/// What has to change for somebody's time off to be as their calendar says: which stretches end, and which
/// are new. `away` is what the calendar has from `now` on; what is past stays as it was.
#[must_use]
pub fn difference<'a>(
    known: impl Iterator<Item = &'a TimeOff>,
    away: &IntervalSet,
    now: Timestamp,
) -> (Vec<&'a TimeOff>, Vec<Interval>) {
    let rest = |interval: &Interval| Interval::new(interval.start().max(now), interval.end());
    let mut missing: Vec<Interval> = away.as_slice().iter().filter_map(rest).collect();
    let mut over = Vec::new();
    for off in known.filter(|off| off.cancelled_at.is_none()) {
        let Some(left) = rest(&off.interval) else {
            continue;
        };
        match missing.iter().position(|wanted| *wanted == left) {
            Some(same) => drop(missing.remove(same)),
            None => over.push(off),
        }
    }
    (over, missing)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::DateTime;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::ids::TimeOffId;
    use crate::time::interval::FOREVER;

    fn at(hours: i64) -> Timestamp {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn set(hours: &[(i64, i64)]) -> IntervalSet {
        let intervals = hours
            .iter()
            .filter_map(|(from, until)| Interval::new(at(*from), at(*until)));
        intervals.collect()
    }

    /// What is known after a reading.
    fn apply(known: &mut Vec<TimeOff>, away: &IntervalSet, now: Timestamp) -> usize {
        let (over, new) = difference(known.iter(), away, now);
        let over: Vec<TimeOffId> = over.iter().map(|off| off.id).collect();
        let changes = over.len() + new.len();
        for off in known.iter_mut().filter(|off| over.contains(&off.id)) {
            off.cancelled_at = Some(now);
        }
        let number = u128::try_from(known.len()).unwrap();
        known.extend((number..).zip(new).map(|(number, interval)| TimeOff {
            id: TimeOffId::from_uuid(Uuid::from_u128(number)),
            interval,
            days: None,
            reason: None,
            calendar: None,
            recorded_at: now,
            cancelled_at: None,
        }));
        changes
    }

    proptest! {
        /// From now on it is as the calendar says; what was is as it was; and the same again changes nothing.
        #[test]
        fn time_off_follows_the_calendar(
            readings in prop::collection::vec((0..10_i64, prop::collection::vec((0..100_i64, 1..20_i64), 0..6)), 1..8),
        ) {
            let mut known: Vec<TimeOff> = Vec::new();
            let mut now = 0;
            for (later, stretches) in readings {
                now += later;
                let stretches: Vec<(i64, i64)> = stretches.iter().map(|(from, length)| (*from, from + length)).collect();
                let away = set(&stretches);
                let seen = |known: &[TimeOff]| -> IntervalSet { known.iter().filter_map(|off| off.known_at(FOREVER)).collect() };
                let past = set(&[(-1, now)]);
                let before = seen(&known).intersect(&past);
                apply(&mut known, &away, at(now));
                let future = set(&[(now, 1000)]);
                prop_assert_eq!(seen(&known).intersect(&future), away.intersect(&future));
                prop_assert_eq!(seen(&known).intersect(&past), before);
                prop_assert_eq!(apply(&mut known, &away, at(now)), 0);
            }
        }
    }

    fn calendar() -> Calendar {
        Calendar {
            id: CalendarId::from_uuid(Uuid::from_u128(70)),
            person: PersonId::from_uuid(Uuid::from_u128(1)),
            name: "Own".to_owned(),
            url: "https://example.org/secret".to_owned(),
            rule: Rule::default(),
            created_at: at(0),
            removed_at: None,
            validators: Validators::default(),
            next_read_at: at(0),
            tried_at: None,
            read_at: None,
            whole_at: None,
            failing_since: None,
            failures: 0,
            problem: None,
            skipped: 0,
            version: 1,
        }
    }

    #[test]
    fn what_cannot_be_read_is_tried_less_often_and_forgets_nothing() {
        let etag = Validators {
            etag: Some("\"a\"".to_owned()),
            modified: None,
        };
        let mut calendar = calendar().read(Some((etag.clone(), 2)), at(0));
        let mut pauses = Vec::new();
        for hour in 1..=12 {
            calendar = calendar.failed("no".to_owned(), at(hour));
            pauses.push((calendar.next_read_at - at(hour)).num_minutes());
        }
        assert_eq!(
            pauses[..5],
            [32, 64, 128, 256, 385],
            "and a little, so that not all are read at once"
        );
        assert!(pauses.iter().all(|pause| *pause <= 396), "{pauses:?}");
        assert_eq!(
            (calendar.failing_since, calendar.failures),
            (Some(at(1)), 12)
        );
        assert_eq!(
            (&calendar.validators, calendar.read_at, calendar.skipped),
            (&etag, Some(at(0)), 2)
        );
        let well = calendar.read(None, at(13));
        assert_eq!(
            (well.failing_since, well.failures, well.problem),
            (None, 0, None)
        );
        assert_eq!(well.whole_at, Some(at(0)));
    }

    #[test]
    fn not_all_are_read_at_once_and_each_at_a_whole_second() {
        let next = |id| {
            let id = CalendarId::from_uuid(Uuid::from_u128(id));
            let calendar = Calendar { id, ..calendar() };
            calendar.read(None, at(0)).next_read_at
        };
        let all: BTreeSet<Timestamp> = (0..100).map(next).collect();
        assert!(all.len() > 50, "{all:?}");
        assert!(all.iter().all(|at| at.timestamp_subsec_nanos() == 0));
    }

    #[test]
    fn all_of_it_is_read_once_a_day_and_when_its_owner_moves() {
        let etag = Validators {
            etag: Some("\"a\"".to_owned()),
            modified: None,
        };
        let calendar = calendar().read(Some((etag.clone(), 0)), at(10));
        assert_eq!(calendar.known(None, at(11)), etag);
        assert_eq!(calendar.known(Some(at(9)), at(11)), etag);
        for (profile, now) in [(None, at(30)), (Some(at(11)), at(12))] {
            assert_eq!(calendar.known(profile, now), Validators::default());
        }
    }
}
