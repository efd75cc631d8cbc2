//! What a change would do: the final timeline before and after, person by person.

use std::collections::BTreeMap;

use crate::ids::PersonId;
use crate::schedule::timeline::{Gap, Layer, Shift, Timeline};
use crate::time::interval::{Interval, IntervalSet};

/// What one person gains and loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonChange {
    /// Who.
    pub person: PersonId,
    /// Shifts, as far as they are newly theirs.
    pub gains: Vec<Shift>,
    /// Shifts, as far as they are no longer theirs.
    pub loses: Vec<Shift>,
}

/// The difference between two timelines in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The final shifts as they are.
    pub before: Vec<Shift>,
    /// The final shifts as they would be.
    pub after: Vec<Shift>,
    /// Who gains and loses what, by id; nobody whose time stays the same.
    pub changes: Vec<PersonChange>,
    /// Gaps that would be new.
    pub gaps_made: Vec<Gap>,
    /// Gaps that would be gone.
    pub gaps_mended: Vec<Gap>,
}

/// What changes in `window` when `after` takes the place of `before`.
#[must_use]
pub fn diff(before: &Timeline, after: &Timeline, window: Interval) -> Preview {
    let (old, new) = (
        before.shifts(Layer::Final, window),
        after.shifts(Layer::Final, window),
    );
    let (mine_old, mine_new) = (by_person(&old, window), by_person(&new, window));
    let everybody: std::collections::BTreeSet<PersonId> =
        mine_old.keys().chain(mine_new.keys()).copied().collect();
    let nothing = IntervalSet::default();
    let changes = everybody
        .into_iter()
        .map(|person| {
            let had = mine_old.get(&person).unwrap_or(&nothing);
            let has = mine_new.get(&person).unwrap_or(&nothing);
            PersonChange {
                person,
                gains: cut(&new, person, &has.subtract(had)),
                loses: cut(&old, person, &had.subtract(has)),
            }
        })
        .filter(|change| !change.gains.is_empty() || !change.loses.is_empty())
        .collect();
    let (gaps_old, gaps_new) = (
        before.gaps(Layer::Final, window),
        after.gaps(Layer::Final, window),
    );
    Preview {
        gaps_made: cut_gaps(&gaps_new, &gaps_old),
        gaps_mended: cut_gaps(&gaps_old, &gaps_new),
        before: old,
        after: new,
        changes,
    }
}

fn by_person(shifts: &[Shift], window: Interval) -> BTreeMap<PersonId, IntervalSet> {
    let mut mine: BTreeMap<PersonId, Vec<Interval>> = BTreeMap::new();
    for shift in shifts {
        mine.entry(shift.person)
            .or_default()
            .extend(shift.interval.intersect(&window));
    }
    mine.into_iter()
        .map(|(person, times)| (person, times.into_iter().collect()))
        .collect()
}

/// The shifts of `person`, as far as they lie in `times`.
fn cut(shifts: &[Shift], person: PersonId, times: &IntervalSet) -> Vec<Shift> {
    let mine = shifts.iter().filter(|shift| shift.person == person);
    mine.flat_map(|shift| {
        let pieces = times
            .as_slice()
            .iter()
            .filter_map(|time| time.intersect(&shift.interval));
        pieces.map(|interval| Shift { interval, ..*shift })
    })
    .collect()
}

fn cut_gaps(gaps: &[Gap], others: &[Gap]) -> Vec<Gap> {
    let others: IntervalSet = others.iter().map(|gap| gap.interval).collect();
    gaps.iter()
        .flat_map(|gap| {
            let whole: IntervalSet = std::iter::once(gap.interval).collect();
            let left: Vec<Interval> = whole.subtract(&others).as_slice().to_vec();
            left.into_iter().map(|interval| Gap { interval, ..*gap })
        })
        .collect()
}
