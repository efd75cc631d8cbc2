//! Who could take an interval of a rotation, best first, and why.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;

use super::availability::PublicHoliday;
use super::ids::{PersonId, RotationId};
use super::interval::{FOREVER, Interval, IntervalSet};
use super::load;
use super::person::{People, Person, Role};
use super::team::Team;
use super::timeline::{Layer, Timeline};

/// Load is looked at for so long before an interval, and so long after it.
pub const AROUND: TimeDelta = TimeDelta::weeks(8);

/// Covers are looked at for so long before an interval.
pub const COVERS: TimeDelta = TimeDelta::weeks(52);

/// Working hours in the interval are compared in so many parts of it, so that half an hour more of
/// them does not outweigh eight weeks of duty.
const PARTS: i64 = 10;

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
        Self { people, duties }
    }

    /// Who of the team (for all of it) and of the order in force could take `interval` of a rotation, best first:
    /// not away; not on duty elsewhere; most of it in their working hours, in tenths; the lightest
    /// load around it; most covers owed; then in the order of the team. Whoever has all of it that
    /// anybody has is not among them, nor who will have left.
    #[must_use]
    pub fn suggest(&self, timeline: &Timeline, team: &Team, interval: Interval) -> Vec<Suggestion> {
        let chosen = self.eligible(timeline, team, interval);
        let duties = self.duties_of(&chosen, interval);
        let year = Interval::from_start_and_duration(interval.start() - COVERS, COVERS);
        let covers = load::covers(timeline, year);
        let mut found: Vec<Suggestion> = chosen
            .iter()
            .map(|person| {
                let duties = duties.get(&person.id).map_or(&[][..], Vec::as_slice);
                let owed = covers.get(&person.id).map_or(0, |covers| -covers.balance());
                suggestion(person, duties, interval, owed)
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

    /// When each of `chosen` is on duty around `interval`, whatever the rotation, in order.
    fn duties_of(
        &self,
        chosen: &[&Person],
        interval: Interval,
    ) -> HashMap<PersonId, Vec<(RotationId, Interval)>> {
        let mut found: HashMap<PersonId, Vec<(RotationId, Interval)>> = chosen
            .iter()
            .map(|person| (person.id, Vec::new()))
            .collect();
        let lines: BTreeMap<RotationId, &Timeline> = chosen
            .iter()
            .filter_map(|person| self.duties.get(&person.id))
            .flatten()
            .map(|timeline| (timeline.rotation().id, *timeline))
            .collect();
        let around = interval.widened(AROUND, AROUND);
        for (rotation, timeline) in lines {
            for shift in timeline.shifts(Layer::Final, around) {
                if let Some(duties) = found.get_mut(&shift.person) {
                    duties.push((rotation, shift.interval));
                }
            }
        }
        for duties in found.values_mut() {
            duties.sort_unstable_by_key(|(rotation, interval)| (*interval, *rotation));
        }
        found
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
    duties: &[(RotationId, Interval)],
    interval: Interval,
    owed_seconds: i64,
) -> Suggestion {
    let within = |part: Option<Interval>| -> i64 {
        let Some(part) = part else { return 0 };
        let pieces = duties.iter().filter_map(|(_, one)| one.intersect(&part));
        pieces.map(|piece| piece.seconds()).sum()
    };
    let whole: IntervalSet = std::iter::once(interval).collect();
    let busy = duties
        .iter()
        .filter_map(|(rotation, one)| Some((*rotation, one.intersect(&interval)?)));
    let mut holidays = person.public_holidays(interval, FOREVER);
    holidays.retain(|day| day.observed);
    Suggestion {
        person: person.id,
        away_seconds: person.away(FOREVER).intersect(&whole).seconds(),
        busy: busy.collect(),
        working_seconds: person.availability(interval, FOREVER).seconds(),
        holidays,
        load_before: within(Interval::new(interval.start() - AROUND, interval.start())),
        load_after: within(Interval::new(interval.end(), interval.end() + AROUND)),
        owed_seconds,
    }
}
