//! Follow-the-sun plans: whoever of the pool is available, the one for longest first, so that there
//! are as few handovers as possible.
//!
//! The walk starts afresh every Saturday 12:00 UTC, so each week is computed on its own. A choice
//! made at an instant uses what was recorded by then; what is recorded later is an event at which
//! the holder stays while still available.

use chrono::{DateTime, NaiveDate, TimeDelta};

use super::{Revision, Rotation};
use crate::ids::PersonId;
use crate::people::person::{People, Person};
use crate::time::interval::{FOREVER, Interval, IntervalSet, Timestamp};
use crate::time::zone::Zone;

/// Availability that ends more than this ahead counts as equal.
pub const EQUAL_BEYOND: TimeDelta = TimeDelta::days(7);

const WEEK: TimeDelta = TimeDelta::days(7);

/// 1970-01-03 12:00:00 UTC, a Saturday, in seconds.
const FIRST_RESTART: i64 = 2 * 86_400 + 43_200;

/// Somebody has the watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// From when to when.
    pub interval: Interval,
    /// Who.
    pub person: PersonId,
}

/// Every watch that meets `window`, with its true start and end, in order.
#[must_use]
pub fn watches(rotation: &Rotation, people: &People, window: Interval) -> Vec<Watch> {
    let began = rotation.revisions.first().effective_from;
    let ends = rotation.archived_at.unwrap_or(FOREVER);
    let Some(force) = Interval::new(began, ends) else {
        return Vec::new();
    };
    let Some(asked) = window.intersect(&force) else {
        return Vec::new();
    };
    // A watch crosses one restart at most: somebody available for longer has several.
    let mut restart = restart_before(asked.start()) - WEEK;
    let mut plan: Vec<Watch> = Vec::new();
    while restart < asked.end() + WEEK {
        let week = Interval::from_start_and_duration(restart, WEEK);
        if let Some(week) = week.intersect(&force) {
            let watches = walk(rotation, people, week);
            let stays = stays_on(people, plan.last(), watches.first(), restart);
            let mut watches = watches.into_iter();
            if stays {
                join(&mut plan, watches.next());
            }
            plan.extend(watches);
        }
        restart += WEEK;
    }
    plan.retain(|watch| watch.interval.overlaps(&window));
    plan
}

/// The restart at or before `at`.
fn restart_before(at: Timestamp) -> Timestamp {
    let week = WEEK.num_seconds();
    let since = (at.timestamp() - FIRST_RESTART).rem_euclid(week);
    DateTime::from_timestamp(at.timestamp() - since, 0).unwrap_or(at)
}

/// Whether the first watch after a restart goes on with the last one before it.
fn stays_on(
    people: &People,
    last: Option<&Watch>,
    next: Option<&Watch>,
    restart: Timestamp,
) -> bool {
    let (Some(last), Some(next)) = (last, next) else {
        return false;
    };
    last.person == next.person
        && last.interval.end() == restart
        && next.interval.start() == restart
        && people
            .get(&next.person)
            .and_then(|person| person.available_at(restart, restart))
            .is_some_and(|available| available.end() - available.start() <= EQUAL_BEYOND)
}

fn join(plan: &mut [Watch], next: Option<Watch>) {
    if let (Some(last), Some(next)) = (plan.last_mut(), next)
        && let Some(whole) = Interval::new(last.interval.start(), next.interval.end())
    {
        last.interval = whole;
    }
}

/// The plan from a restart (or the beginning of everything) to the next restart (or the end).
fn walk(rotation: &Rotation, people: &People, week: Interval) -> Vec<Watch> {
    let mut plan: Vec<Watch> = Vec::new();
    let mut holder = None;
    let events = events(rotation, people, week);
    for (index, from) in events.iter().enumerate() {
        let until = events.get(index + 1).copied().unwrap_or(week.end());
        let Some(revision) = rotation.revision_at(*from) else {
            continue;
        };
        let Some(stretch) = Interval::new(*from, until) else {
            continue;
        };
        let pool = Pool::known(revision, people, stretch);
        for watch in pool.walk(stretch, &mut holder) {
            match plan.last() {
                Some(last)
                    if last.person == watch.person
                        && last.interval.end() == watch.interval.start() =>
                {
                    join(&mut plan, Some(watch));
                }
                _ => plan.push(watch),
            }
        }
    }
    plan
}

/// The instants in a week from which on rules or knowledge are others, its start first.
fn events(rotation: &Rotation, people: &People, week: Interval) -> Vec<Timestamp> {
    let mut events = vec![week.start()];
    for revision in &rotation.revisions {
        events.extend(Some(revision.effective_from).filter(|at| week.contains(*at)));
    }
    let pool = rotation
        .revisions
        .iter()
        .flat_map(|revision| &revision.order);
    for person in pool.filter_map(|id| people.get(id)) {
        events.extend(person.recordings(week));
    }
    events.sort_unstable();
    events.dedup();
    events
}

/// The pool of a revision, with everybody's availability as it was known at one instant.
struct Pool<'a> {
    zone: &'a Zone,
    members: Vec<(PersonId, IntervalSet)>,
}

impl<'a> Pool<'a> {
    fn known(revision: &'a Revision, people: &People, stretch: Interval) -> Self {
        let ahead = stretch.widened(TimeDelta::zero(), EQUAL_BEYOND + TimeDelta::days(1));
        let available = |person: &Person| person.availability(ahead, stretch.start());
        let members = revision
            .order
            .iter()
            .filter_map(|id| people.get(id).map(|person| (*id, available(person))))
            .collect();
        Self {
            zone: &revision.time_zone,
            members,
        }
    }

    /// Who has the watch in `stretch`; `holder` has it at its start, and keeps it while available.
    fn walk(&self, stretch: Interval, holder: &mut Option<PersonId>) -> Vec<Watch> {
        let mut plan = Vec::new();
        let mut at = stretch.start();
        while at < stretch.end() {
            let stays = holder.and_then(|person| self.until(person, at).map(|end| (person, end)));
            let Some((person, end)) = stays.or_else(|| self.choose(at)) else {
                *holder = None;
                at = self
                    .next_start(at)
                    .unwrap_or(stretch.end())
                    .min(stretch.end());
                continue;
            };
            plan.extend(
                Interval::new(at, end.min(stretch.end()))
                    .map(|interval| Watch { interval, person }),
            );
            *holder = Some(person).filter(|_| end >= stretch.end());
            at = end;
        }
        plan
    }

    fn until(&self, person: PersonId, at: Timestamp) -> Option<Timestamp> {
        let (_, available) = self.members.iter().find(|(id, _)| *id == person)?;
        available.covering(at).map(Interval::end)
    }

    fn choose(&self, at: Timestamp) -> Option<(PersonId, Timestamp)> {
        let comparable = |end: Timestamp| end.min(at + EQUAL_BEYOND + TimeDelta::seconds(1));
        let available: Vec<(PersonId, Timestamp)> = self
            .members
            .iter()
            .filter_map(|(id, set)| Some((*id, set.covering(at)?.end())))
            .collect();
        let longest = available.iter().map(|(_, end)| comparable(*end)).max()?;
        let tied: Vec<&(PersonId, Timestamp)> = available
            .iter()
            .filter(|(_, end)| comparable(*end) == longest)
            .collect();
        tied.get(turn_of_equals(self.zone, at, tied.len()))
            .copied()
            .copied()
    }

    fn next_start(&self, at: Timestamp) -> Option<Timestamp> {
        self.members
            .iter()
            .filter_map(|(_, set)| set.following(at))
            .map(Interval::start)
            .min()
    }
}

/// Which of `tied` people is first at `at`: equals take turns by the local day, also where only
/// weekdays count.
#[must_use]
pub fn turn_of_equals(zone: &Zone, at: Timestamp, tied: usize) -> usize {
    let day = (zone.to_local(at).date() - NaiveDate::default()).num_days();
    let Some(tied) = i64::try_from(tied).ok().filter(|tied| *tied > 0) else {
        return 0;
    };
    let round = if tied % 7 == 0 { tied } else { tied * 7 };
    usize::try_from((day + day.div_euclid(round)).rem_euclid(tied)).unwrap_or(0)
}
