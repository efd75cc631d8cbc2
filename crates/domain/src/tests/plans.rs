//! Follow-the-sun plans over random pools: as few handovers as can be, equal shares for equals,
//! never another past.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::build::*;
use super::properties::{check_whole, instants, windows};
use crate::ids::PersonId;
use crate::people::person::{People, Person};
use crate::schedule::timeline::{Layer, Shift, Timeline};
use crate::time::hours::WeeklyHours;
use crate::time::interval::{FOREVER, Interval, IntervalSet, Timestamp};

const ZONES: &[&str] = &[
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
];

fn working(number: usize) -> WeeklyHours {
    let json = match number {
        0 => {
            serde_json::json!([{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}])
        }
        1 => {
            serde_json::json!([{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "22:00", "end": "06:00"}])
        }
        2 => serde_json::json!([
            {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:00", "end": "12:00"},
            {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "13:00", "end": "18:00"},
        ]),
        3 => serde_json::json!([{"days": ["sat", "sun"], "start": "09:00", "end": "19:00"}]),
        _ => {
            serde_json::json!([{"days": ["mon"], "start": "00:00", "end": "00:00", "end_day": "mon"}])
        }
    };
    serde_json::from_value(json).unwrap()
}

/// What is drawn for a person: zone, hours, and absences of some hours, with when they were recorded.
type Drawn = (
    &'static str,
    usize,
    Vec<(Timestamp, i64, Option<Timestamp>)>,
);

/// One to four people: a zone, hours, and time off with the instant at which it was recorded.
pub fn pools() -> impl Strategy<Value = Vec<Person>> {
    let absence = (instants(), 1..120_i64, prop::option::of(instants()));
    let one = (
        prop::sample::select(ZONES),
        prop::sample::select(vec![0, 0, 0, 1, 2, 3, 4]),
        prop::collection::vec(absence, 0..3),
    );
    prop::collection::vec(one, 1..5).prop_map(|all| {
        let make = |(name, (zone, hours, absences)): (char, Drawn)| {
            let mut made = person(name, zone, working(hours));
            made.time_off = absences
                .into_iter()
                .map(|(from, hours, recorded)| {
                    let interval = Interval::new(from, from + TimeDelta::hours(hours)).unwrap();
                    away(recorded.unwrap_or(DateTime::UNIX_EPOCH), interval)
                })
                .collect();
            made
        };
        ('A'..).zip(all).map(make).collect()
    })
}

fn plan(pool: &[Person]) -> Timeline {
    let order: String = pool.iter().map(|person| letter(person.id)).collect();
    let people: People = people(pool.iter().cloned());
    Timeline::new(
        Arc::new(sun(&order, at("2026-01-01T00:00:00Z"))),
        Vec::new(),
        people,
    )
}

/// The same pool where everything was known all along.
fn known_all_along(pool: &[Person]) -> Vec<Person> {
    let mut pool = pool.to_vec();
    for off in pool.iter_mut().flat_map(|person| &mut person.time_off) {
        off.recorded_at = DateTime::UNIX_EPOCH;
    }
    pool
}

/// The fewest people in a row that cover `stretch`, by trying every handover at every edge.
fn fewest(available: &[IntervalSet], stretch: Interval) -> usize {
    let inside = |at: &Timestamp| stretch.contains(*at) || *at == stretch.end();
    let mut edges: Vec<Timestamp> = available
        .iter()
        .flat_map(IntervalSet::as_slice)
        .flat_map(|interval| [interval.start(), interval.end()])
        .chain([stretch.start(), stretch.end()])
        .filter(inside)
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let mut steps: HashMap<Timestamp, usize> = HashMap::from([(stretch.start(), 0)]);
    let mut queue = VecDeque::from([stretch.start()]);
    while let Some(from) = queue.pop_front() {
        for until in available
            .iter()
            .filter_map(|set| set.covering(from))
            .map(Interval::end)
        {
            for edge in edges.iter().filter(|edge| from < **edge && **edge <= until) {
                if !steps.contains_key(edge) {
                    steps.insert(*edge, steps[&from] + 1);
                    queue.push_back(*edge);
                }
            }
        }
    }
    steps[&stretch.end()]
}

/// Saturday 12:00 UTC, some weeks on.
fn restart(week: i64) -> Timestamp {
    at("2026-01-03T12:00:00Z") + TimeDelta::weeks(week)
}

fn until(shifts: &[Shift], end: Timestamp) -> Vec<(Interval, PersonId)> {
    let before = Interval::new(DateTime::UNIX_EPOCH, end).unwrap();
    shifts
        .iter()
        .filter_map(|shift| Some((shift.interval.intersect(&before)?, shift.person)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_first_and_the_last_availability_are_found_without_all_between(
        pool in pools(),
        from in instants(),
        hours in 1..2_000_i64,
        known in prop::option::of(instants()),
    ) {
        let window = Interval::new(from, from + TimeDelta::hours(hours)).unwrap();
        let known = known.unwrap_or(FOREVER);
        for person in &pool {
            let all = person.availability(window, known);
            let first = person.first_available(window, known);
            prop_assert_eq!(first.map(|one| one.start()), all.as_slice().first().map(Interval::start));
            prop_assert_eq!(person.last_available(window, known), all.as_slice().last().copied());
        }
    }

    #[test]
    fn no_plan_has_fewer_handovers_between_restarts(pool in pools(), week in 0..55_i64) {
        let pool = known_all_along(&pool);
        let timeline = plan(&pool);
        let week = Interval::new(restart(week), restart(week + 1)).unwrap();
        let wide = Interval::new(week.start(), week.end() + TimeDelta::days(9)).unwrap();
        let available: Vec<IntervalSet> = pool.iter().map(|person| person.availability(wide, FOREVER)).collect();
        let covered: IntervalSet = available.iter().flat_map(IntervalSet::as_slice).copied().collect();
        let shifts = timeline.shifts(Layer::Base, week);
        for stretch in covered.as_slice().iter().filter_map(|stretch| stretch.intersect(&week)) {
            let watches: Vec<_> = shifts.iter().filter(|shift| shift.interval.overlaps(&stretch)).collect();
            prop_assert_eq!(watches.len(), fewest(&available, stretch), "{:?} in {:?}", watches, stretch);
            let watched: IntervalSet = watches.iter().filter_map(|shift| shift.interval.intersect(&stretch)).collect();
            prop_assert_eq!(watched.as_slice(), &[stretch], "somebody is there all the time");
        }
        let watched: i64 = shifts.iter().filter_map(|shift| shift.interval.intersect(&week)).map(|piece| piece.seconds()).sum();
        let there: i64 = covered.as_slice().iter().filter_map(|stretch| stretch.intersect(&week)).map(|piece| piece.seconds()).sum();
        prop_assert_eq!(watched, there, "nobody watches while nobody is there");
    }

    #[test]
    fn nothing_changes_before_it_was_recorded(pool in pools(), who in any::<prop::sample::Index>(), from in instants(), hours in 1..200_i64, recorded in instants()) {
        let mut later = pool.clone();
        let who = who.index(later.len());
        let interval = Interval::new(from, from + TimeDelta::hours(hours)).unwrap();
        later[who].time_off.push(away(recorded, interval));
        let (was, is) = (plan(&pool), plan(&later));
        let window = Interval::new(recorded - TimeDelta::days(40), recorded + TimeDelta::seconds(1)).unwrap();
        prop_assert_eq!(until(&was.shifts(Layer::Base, window), recorded), until(&is.shifts(Layer::Base, window), recorded));
        // And whoever has the watch keeps it while they are there.
        let holder = was.entry_at(Layer::Base, recorded - TimeDelta::seconds(1)).shift().map(|shift| shift.person);
        if let Some(holder) = holder.filter(|_| recorded != restart(0) && (recorded - restart(0)).num_seconds() % (7 * 86_400) != 0) {
            let person = later.iter().find(|person| person.id == holder).unwrap();
            if person.available_at(recorded, recorded).is_some_and(|there| there.start() < recorded) {
                let now = is.entry_at(Layer::Base, recorded).shift().map(|shift| shift.person);
                prop_assert_eq!(now, Some(holder));
            }
        }
    }

    #[test]
    fn plans_do_not_depend_on_the_window_and_agree_with_single_answers(pool in pools(), window in windows()) {
        let timeline = plan(&pool);
        check_whole(&timeline, Layer::Base, window)?;
        let wide = Interval::new(window.start() - TimeDelta::days(50), window.end() + TimeDelta::days(50)).unwrap();
        let expected: Vec<_> = timeline.shifts(Layer::Base, wide).into_iter().filter(|shift| shift.interval.overlaps(&window)).collect();
        prop_assert_eq!(timeline.shifts(Layer::Base, window), expected);
    }
}

/// Over whole rounds that come to a year or a little more, equals have equally many watches.
#[test]
fn equals_have_equal_shares_of_a_year() {
    let everyday = serde_json::json!([{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "09:00", "end": "17:00"}]);
    for hours in [working(0), serde_json::from_value(everyday).unwrap()] {
        for equals in 2..=7_usize {
            let pool: Vec<Person> = ('A'..)
                .take(equals)
                .map(|name| person(name, "Etc/UTC", hours.clone()))
                .collect();
            let m = i64::try_from(equals).unwrap();
            let round = m * if m == 7 { 7 } else { 7 * m };
            let days = round * (365 + round - 1).div_euclid(round);
            let year = Interval::new(
                at("2026-01-05T00:00:00Z"),
                at("2026-01-05T00:00:00Z") + TimeDelta::days(days),
            )
            .unwrap();
            let mut shares: BTreeMap<PersonId, i64> = BTreeMap::new();
            for shift in plan(&pool).shifts(Layer::Base, year) {
                *shares.entry(shift.person).or_default() += shift.interval.seconds();
            }
            let first = shares.values().next().copied();
            assert_eq!(shares.len(), equals);
            assert!(
                shares.values().all(|share| Some(*share) == first),
                "{equals}: {shares:?}"
            );
        }
    }
}
