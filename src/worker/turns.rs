//! Whose calendar is read next.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::domain::ids::PersonId;
use crate::domain::people::calendar::Calendar;

/// What was spent is forgotten after so long.
const HOUR: Duration = Duration::from_hours(1);

/// Nobody's calendars are read for longer in an hour.
const ENOUGH: Duration = Duration::from_mins(2);

/// How long each person's calendars took to read within the last hour. In memory only: a restart is a clean slate.
#[derive(Debug, Default)]
pub(super) struct Turns(HashMap<PersonId, Vec<(Instant, Duration)>>);

impl Turns {
    /// Notes that a person's calendar took so long.
    pub(super) fn spent(&mut self, person: PersonId, time: Duration, now: Instant) {
        self.0.retain(|_, all| {
            all.retain(|(at, _)| now.duration_since(*at) < HOUR);
            !all.is_empty()
        });
        self.0.entry(person).or_default().push((now, time));
    }

    /// Of calendars that wait: one of the person who has had the least, and of those the one that waits longest.
    pub(super) fn first(&self, due: Vec<Calendar>, now: Instant) -> Option<Calendar> {
        due.into_iter()
            .min_by_key(|calendar| (self.of(calendar.person, now), calendar.next_read_at))
    }

    /// Whether a person has to wait until the hour is over.
    pub(super) fn has_had_enough(&self, person: PersonId, now: Instant) -> bool {
        self.of(person, now) >= ENOUGH
    }

    fn of(&self, person: PersonId, now: Instant) -> Duration {
        let all = self.0.get(&person).into_iter().flatten();
        all.filter(|(at, _)| now.duration_since(*at) < HOUR)
            .map(|(_, time)| *time)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::CalendarId;
    use crate::domain::people::absence::Rule;
    use crate::domain::people::calendar::Validators;

    fn calendar(person: u128, waits_since: i64) -> Calendar {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(waits_since);
        Calendar {
            id: CalendarId::from_uuid(Uuid::from_u128(1)),
            person: PersonId::from_uuid(Uuid::from_u128(person)),
            name: String::new(),
            url: String::new(),
            rule: Rule::default(),
            created_at: at,
            removed_at: None,
            validators: Validators::default(),
            next_read_at: at,
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
    fn who_has_had_the_least_comes_first_and_then_who_waits_longest() {
        let mut turns = Turns::default();
        let begin = Instant::now();
        let (greedy, modest, new) = (calendar(1, 1), calendar(2, 2), calendar(3, 3));
        turns.spent(greedy.person, Duration::from_secs(9), begin);
        turns.spent(modest.person, Duration::from_secs(1), begin);
        let first = |turns: &Turns, due: &[&Calendar], now| {
            turns.first(due.iter().map(|one| (*one).clone()).collect(), now)
        };
        assert_eq!(first(&turns, &[&greedy, &modest, &new], begin), Some(new));
        assert_eq!(
            first(&turns, &[&greedy, &modest], begin),
            Some(modest.clone())
        );
        let later = begin + HOUR;
        assert_eq!(
            first(&turns, &[&greedy, &modest], later),
            Some(greedy.clone()),
            "all is forgotten"
        );
        assert_eq!(first(&turns, &[], begin), None);
        assert!(!turns.has_had_enough(greedy.person, begin));
        turns.spent(greedy.person, ENOUGH, begin);
        assert!(turns.has_had_enough(greedy.person, begin));
        assert!(!turns.has_had_enough(greedy.person, later));
        turns.spent(modest.person, Duration::ZERO, later);
        assert_eq!(turns.0.len(), 1, "what is over takes no room");
    }
}
