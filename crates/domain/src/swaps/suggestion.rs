//! Who could take an interval of a rotation, best first, and why.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::ids::{PersonId, RotationId};
use crate::people::availability::PublicHoliday;
use crate::people::person::{People, Person, Role};
use crate::people::team::Team;
use crate::schedule::load;
use crate::schedule::timeline::{Layer, Timeline};
use crate::time::interval::{FOREVER, Interval, IntervalSet, Timestamp};

/// Load is looked at for so long before an interval, and so long after it.
pub const AROUND: TimeDelta = TimeDelta::weeks(8);

/// Covers are looked at for so long before an interval.
pub const COVERS: TimeDelta = TimeDelta::weeks(52);

/// Working hours in the interval are compared in so many parts of it, so that half an hour more of
/// them does not outweigh eight weeks of duty.
const PARTS: i64 = 10;

/// So much more is looked at than is needed, since what is asked for next is often a little later.
const BEYOND: TimeDelta = TimeDelta::weeks(2);

/// Somebody who could take an interval, and what speaks for and against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Who.
    pub person: PersonId,
    /// Seconds of the interval in which they are away.
    pub away_seconds: i64,
    /// Their other duties in it, each cut to it, in order.
    pub busy: Vec<(RotationId, Interval)>,
    /// Seconds of it in which they are at work.
    pub working_seconds: i64,
    /// Public holidays in it that count as not working.
    pub holidays: Vec<PublicHoliday>,
    /// Seconds on duty in the eight weeks before, over all rotations.
    pub load_before: i64,
    /// Seconds on duty in the eight weeks after, over all rotations.
    pub load_after: i64,
    /// Seconds of this rotation that others did for them in the year before, beyond what they did
    /// for others; negative where others owe them.
    pub owed_seconds: i64,
}

/// Everybody's duties, to look for somebody who could take one more.
#[derive(Debug)]
pub struct Colleagues<'a> {
    people: &'a People,
    duties: HashMap<PersonId, Vec<&'a Timeline>>,
    /// What was looked at last of each rotation: suggestions that are asked for together are near one another.
    seen: RefCell<HashMap<RotationId, Arc<Duties>>>,
}

/// The duties of everybody in one rotation, in a window.
#[derive(Debug)]
struct Duties {
    window: Interval,
    by_person: HashMap<PersonId, Turns>,
}

/// What one person has of one rotation, in order. No two overlap.
#[derive(Debug, Default)]
struct Turns {
    all: Vec<Interval>,
    /// Seconds of those before each, so that no sum has to look at all of them.
    before: Vec<i64>,
}

impl Turns {
    fn push(&mut self, turn: Interval) {
        let last = self.all.last().zip(self.before.last());
        let before = last.map_or(0, |(turn, before)| before + turn.seconds());
        self.before.push(before);
        self.all.push(turn);
    }

    /// Those that meet a window.
    fn within(&self, window: Interval) -> &[Interval] {
        let first = self.all.partition_point(|one| one.end() <= window.start());
        let next = self.all.partition_point(|one| one.start() < window.end());
        self.all.get(first..next).unwrap_or_default()
    }

    fn seconds(&self, window: Interval) -> i64 {
        self.seconds_before(window.end()) - self.seconds_before(window.start())
    }

    fn seconds_before(&self, end: Timestamp) -> i64 {
        let count = self.all.partition_point(|one| one.start() < end);
        let last = count.checked_sub(1);
        let last = last.and_then(|last| Some((self.all.get(last)?, self.before.get(last)?)));
        last.map_or(0, |(turn, before)| {
            before + turn.until(end).map_or(0, |part| part.seconds())
        })
    }
}

impl<'a> Colleagues<'a> {
    /// `people` with their duties in all of `timelines`.
    pub fn new(people: &'a People, timelines: impl IntoIterator<Item = &'a Timeline>) -> Self {
        let mut duties: HashMap<PersonId, Vec<&'a Timeline>> = HashMap::new();
        for timeline in timelines {
            let mut named = timeline.rotation().everybody();
            named.extend(timeline.overrides().iter().filter_map(|one| one.person));
            named.sort_unstable();
            named.dedup();
            for person in named {
                duties.entry(person).or_default().push(timeline);
            }
        }
        Self {
            people,
            duties,
            seen: RefCell::default(),
        }
    }

    /// Who of the team (for all of it) and of the order in force could take `interval` of a rotation, best first:
    /// not away; not on duty elsewhere; most of it in their working hours, in tenths; the lightest
    /// load around it; most covers owed; then in the order of the team. Whoever has all of it that
    /// anybody has is not among them, nor who will have left.
    #[must_use]
    pub fn suggest(&self, timeline: &Timeline, team: &Team, interval: Interval) -> Vec<Suggestion> {
        let chosen = self.eligible(timeline, team, interval);
        let duties = self.duties_around(&chosen, interval);
        let year = Interval::from_start_and_duration(interval.start() - COVERS, COVERS);
        let covers = load::covers(timeline, year);
        let mut found: Vec<Suggestion> = chosen
            .iter()
            .map(|person| {
                let own = duties.iter().filter_map(|(rotation, duties)| {
                    Some((*rotation, duties.by_person.get(&person.id)?))
                });
                let own: Vec<(RotationId, &Turns)> = own.collect();
                let owed = covers.get(&person.id).map_or(0, |covers| -covers.balance());
                suggestion(person, &own, interval, owed)
            })
            .collect();
        // (The sort is stable: equals stay in the order of the team.)
        found.sort_by_key(|one| one.rank(interval));
        found
    }

    fn eligible(&self, timeline: &Timeline, team: &Team, interval: Interval) -> Vec<&'a Person> {
        let order = timeline
            .rotation()
            .revision_at(interval.start())
            .map(|revision| revision.order.as_slice())
            .unwrap_or_default();
        let mut holders: Vec<PersonId> = timeline
            .shifts(Layer::Final, interval)
            .iter()
            .map(|shift| shift.person)
            .collect();
        holders.dedup();
        let only_holder = match holders.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let mut chosen: Vec<&Person> = Vec::new();
        let members = team.members_throughout(interval);
        for id in members.chain(order.iter().copied()) {
            let Some(person) = self.people.get(&id) else {
                continue;
            };
            let could = person.role != Role::Viewer || order.contains(&id);
            let stays = person
                .deactivation
                .is_none_or(|gone| interval.end() <= gone.at);
            let new = chosen.iter().all(|other| other.id != id);
            if could && stays && new && only_holder != Some(id) {
                chosen.push(person);
            }
        }
        chosen
    }

    /// When somebody is on duty around `interval` in the rotations that `chosen` have a part in.
    fn duties_around(
        &self,
        chosen: &[&Person],
        interval: Interval,
    ) -> Vec<(RotationId, Arc<Duties>)> {
        let around = interval.widened(AROUND, AROUND);
        let lines: BTreeMap<RotationId, &Timeline> = chosen
            .iter()
            .filter_map(|person| self.duties.get(&person.id))
            .flatten()
            .map(|timeline| (timeline.rotation().id, *timeline))
            .collect();
        let lines = lines.into_iter();
        lines
            .map(|(id, timeline)| (id, self.duties_in(timeline, around)))
            .collect()
    }

    /// The duties of a rotation in a window, or in more.
    fn duties_in(&self, timeline: &Timeline, window: Interval) -> Arc<Duties> {
        let id = timeline.rotation().id;
        let mut seen = self.seen.borrow_mut();
        if let Some(known) = seen
            .get(&id)
            .filter(|one| one.window.hull(&window) == one.window)
        {
            return Arc::clone(known);
        }
        let more = Interval::new(window.start() - BEYOND, window.end() + BEYOND);
        let duties = Arc::new(Duties::new(timeline, more.unwrap_or(window)));
        seen.insert(id, Arc::clone(&duties));
        duties
    }
}

impl Duties {
    fn new(timeline: &Timeline, window: Interval) -> Self {
        let mut by_person: HashMap<PersonId, Turns> = HashMap::new();
        for shift in timeline.shifts(Layer::Final, window) {
            by_person
                .entry(shift.person)
                .or_default()
                .push(shift.interval);
        }
        Self { window, by_person }
    }
}

impl Suggestion {
    /// Smaller is better.
    fn rank(&self, interval: Interval) -> (i64, i64, Reverse<i64>, i64, Reverse<i64>) {
        let busy: IntervalSet = self.busy.iter().map(|(_, interval)| *interval).collect();
        let share = self.working_seconds * PARTS / interval.seconds().max(1);
        (
            self.away_seconds,
            busy.seconds(),
            Reverse(share),
            self.load_before + self.load_after,
            Reverse(self.owed_seconds),
        )
    }
}

fn suggestion(
    person: &Person,
    duties: &[(RotationId, &Turns)],
    interval: Interval,
    owed_seconds: i64,
) -> Suggestion {
    let load = |part: Option<Interval>| -> i64 {
        part.map_or(0, |part| {
            duties.iter().map(|(_, one)| one.seconds(part)).sum()
        })
    };
    let whole: IntervalSet = std::iter::once(interval).collect();
    // Whole duties in order, whatever is cut from them.
    let mut busy: Vec<(Interval, RotationId)> = Vec::new();
    for (rotation, turns) in duties {
        busy.extend(turns.within(interval).iter().map(|one| (*one, *rotation)));
    }
    busy.sort_unstable();
    let busy = busy
        .iter()
        .filter_map(|(one, rotation)| Some((*rotation, one.intersect(&interval)?)));
    let mut holidays = person.public_holidays(interval, FOREVER);
    holidays.retain(|day| day.observed);
    Suggestion {
        person: person.id,
        away_seconds: person.away(FOREVER).intersect(&whole).seconds(),
        busy: busy.collect(),
        working_seconds: person.availability(interval, FOREVER).seconds(),
        holidays,
        load_before: load(Interval::new(interval.start() - AROUND, interval.start())),
        load_after: load(Interval::new(interval.end(), interval.end() + AROUND)),
        owed_seconds,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn hours(start: i64, end: i64) -> Interval {
        let at = |hour: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hour);
        Interval::new(at(start), at(end)).unwrap()
    }

    /// Running totals give what counting gives.
    #[test]
    fn turns_in_a_window_are_summed_without_looking_at_all_of_them() {
        let mut turns = Turns::default();
        for (start, end) in [(0, 2), (2, 3), (7, 11), (20, 21)] {
            turns.push(hours(start, end));
        }
        for start in -1..22 {
            for end in start + 1..24 {
                let window = hours(start, end);
                let cut = turns.all.iter().filter_map(|turn| turn.intersect(&window));
                let cut: Vec<Interval> = cut.collect();
                let seconds: i64 = cut.iter().map(Interval::seconds).sum();
                assert_eq!(turns.seconds(window), seconds, "{window:?}");
                assert_eq!(turns.within(window).len(), cut.len(), "{window:?}");
            }
        }
    }
}
