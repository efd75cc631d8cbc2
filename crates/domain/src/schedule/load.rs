//! Who carried how much of a rotation: by the core order, in the end, and what of it was taken over
//! from others.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use chrono::{Datelike as _, NaiveDate, NaiveTime, TimeDelta, Weekday};

use crate::ids::PersonId;
use crate::people::person::{People, Person};
use crate::schedule::timeline::{Layer, Shift, Timeline};
use crate::time::interval::{FOREVER, Interval, IntervalSet};

/// When a night ends, on the clock; it begins at midnight.
const NIGHT_ENDS: TimeDelta = TimeDelta::hours(6);

/// What somebody had, by one of the timelines. Days and nights are those of which they had the duty
/// for any part, by their own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Shifts that begin in the window.
    pub shifts: i64,
    /// Time on duty.
    pub seconds: i64,
    /// Time on duty in which they were at work.
    pub working_seconds: i64,
    /// Saturdays and Sundays.
    pub weekend_days: i64,
    /// Public holidays that count as not working.
    pub holiday_days: i64,
    /// Midnight to six in the morning.
    pub nights: i64,
}

/// Time that changed hands: that was somebody's by the core order, and somebody else's in the end, whoever entered it and
/// for whatever reason. What was nobody's by the order, or in the end, did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Covers {
    /// Seconds of their own, by the core order, that others had in the end.
    pub given: i64,
    /// Seconds of others', by the core order, that they had in the end.
    pub taken: i64,
}

/// What somebody carried in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// By the core order, or the plan.
    pub base: Figures,
    /// In the end: with overrides.
    pub carried: Figures,
    /// What lies between the two.
    pub covers: Covers,
}

impl Covers {
    /// Seconds that they did for others beyond what others did for them; negative where they owe.
    #[must_use]
    pub const fn balance(&self) -> i64 {
        self.taken - self.given
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.shifts += other.shifts;
        self.seconds += other.seconds;
        self.working_seconds += other.working_seconds;
        self.weekend_days += other.weekend_days;
        self.holiday_days += other.holiday_days;
        self.nights += other.nights;
    }
}

impl AddAssign for Covers {
    fn add_assign(&mut self, other: Self) {
        self.given += other.given;
        self.taken += other.taken;
    }
}

impl AddAssign for Load {
    fn add_assign(&mut self, other: Self) {
        self.base += other.base;
        self.carried += other.carried;
        self.covers += other.covers;
    }
}

/// What everybody carried of a rotation in `window`, by all that is recorded. Time is cut to the
/// window, so that windows which follow one another add up.
#[must_use]
pub fn of(timeline: &Timeline, people: &People, window: Interval) -> BTreeMap<PersonId, Load> {
    let base = held(&timeline.shifts(Layer::Base, window), window);
    let mut carried = held(&timeline.shifts(Layer::Final, window), window);
    let (by_order, in_the_end) = (everybodys(&base), everybodys(&carried));
    let mut loads = BTreeMap::new();
    for (id, own) in base {
        let after = carried.remove(&id).unwrap_or_default();
        let covers = changed_hands(&own.time, &after.time, &by_order, &in_the_end);
        let person = people.get(&id).map(AsRef::as_ref);
        loads.insert(id, load(person, &own, &after, covers));
    }
    let nothing = Held::default();
    for (id, after) in carried {
        let covers = changed_hands(&nothing.time, &after.time, &by_order, &in_the_end);
        let person = people.get(&id).map(AsRef::as_ref);
        loads.insert(id, load(person, &nothing, &after, covers));
    }
    loads
}

/// The time in which somebody had the duty, whoever.
fn everybodys(held: &BTreeMap<PersonId, Held>) -> IntervalSet {
    let all = held.values().flat_map(|one| one.time.as_slice());
    all.copied().collect()
}

/// What changed hands of somebody's time.
fn changed_hands(
    own: &IntervalSet,
    after: &IntervalSet,
    by_order: &IntervalSet,
    in_the_end: &IntervalSet,
) -> Covers {
    if own == after {
        return Covers::default();
    }
    let kept = own.intersect(after).seconds();
    Covers {
        given: own.intersect(in_the_end).seconds() - kept,
        taken: after.intersect(by_order).seconds() - kept,
    }
}

/// What changed hands in `window`, by person: those only of whom something did.
#[must_use]
pub fn covers(timeline: &Timeline, window: Interval) -> BTreeMap<PersonId, Covers> {
    let overridden: IntervalSet = timeline
        .overrides()
        .iter()
        .filter_map(|one| one.in_force()?.intersect(&window))
        .collect();
    let mut found: BTreeMap<PersonId, Covers> = BTreeMap::new();
    for part in overridden.as_slice() {
        let base = held(&timeline.shifts(Layer::Base, *part), *part);
        let carried = held(&timeline.shifts(Layer::Final, *part), *part);
        let (by_order, in_the_end) = (everybodys(&base), everybodys(&carried));
        let nothing = Held::default();
        let everybody: BTreeSet<PersonId> = base.keys().chain(carried.keys()).copied().collect();
        for id in everybody {
            let own = &base.get(&id).unwrap_or(&nothing).time;
            let after = &carried.get(&id).unwrap_or(&nothing).time;
            *found.entry(id).or_default() += changed_hands(own, after, &by_order, &in_the_end);
        }
    }
    found.retain(|_, covers| *covers != Covers::default());
    found
}

/// What one person has of a timeline.
#[derive(Debug, Default)]
struct Held {
    shifts: i64,
    time: IntervalSet,
}

fn held(shifts: &[Shift], window: Interval) -> BTreeMap<PersonId, Held> {
    let mut pieces: BTreeMap<PersonId, (i64, Vec<Interval>)> = BTreeMap::new();
    for shift in shifts {
        let (count, time) = pieces.entry(shift.person).or_default();
        *count += i64::from(window.contains(shift.interval.start()));
        time.extend(shift.interval.intersect(&window));
    }
    pieces
        .into_iter()
        .map(|(id, (shifts, time))| {
            let time = time.into_iter().collect();
            (id, Held { shifts, time })
        })
        .collect()
}

fn load(person: Option<&Person>, own: &Held, after: &Held, covers: Covers) -> Load {
    let base = figures(person, own);
    let unchanged = own.time == after.time;
    let carried = if unchanged {
        let shifts = after.shifts;
        Figures { shifts, ..base }
    } else {
        figures(person, after)
    };
    Load {
        base,
        carried,
        covers,
    }
}

fn figures(person: Option<&Person>, held: &Held) -> Figures {
    let mut figures = Figures {
        shifts: held.shifts,
        seconds: held.time.seconds(),
        ..Figures::default()
    };
    let Some(person) = person else {
        return figures;
    };
    let mut counted = Counted::default();
    for piece in held.time.as_slice() {
        figures.working_seconds += person.availability(*piece, FOREVER).seconds();
        counted.count(&mut figures, person, *piece);
    }
    figures
}

/// The last days that were counted: a day of which there are two pieces counts once.
#[derive(Debug, Default)]
struct Counted {
    day: Option<NaiveDate>,
    night: Option<NaiveDate>,
    holiday: Option<NaiveDate>,
}

impl Counted {
    fn count(&mut self, figures: &mut Figures, person: &Person, piece: Interval) {
        let zone = person.zone(piece.start());
        let start = zone.to_local(piece.start());
        let last = zone.to_local(piece.end() - TimeDelta::seconds(1));
        let days = start.date().iter_days();
        for date in days.take_while(|date| *date <= last.date()) {
            if is_weekend(date) {
                figures.weekend_days += once(&mut self.day, date);
            }
            if start < date.and_time(NaiveTime::MIN) + NIGHT_ENDS {
                figures.nights += once(&mut self.night, date);
            }
        }
        for day in person.public_holidays(piece, FOREVER) {
            if day.observed {
                figures.holiday_days += once(&mut self.holiday, day.holiday.date);
            }
        }
    }
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// 1 for a date later than the last one counted.
fn once(counted: &mut Option<NaiveDate>, date: NaiveDate) -> i64 {
    let new = counted.is_none_or(|last| last < date);
    if new {
        *counted = Some(date);
    }
    i64::from(new)
}
