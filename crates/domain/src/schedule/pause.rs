//! Pausing somebody: others cover for them for a while, and they keep their turn.

use crate::ids::PersonId;
use crate::schedule::timeline::{Layer, Timeline};
use crate::time::interval::Interval;

/// Who covers for `person` in `window`: for each piece of their time on duty whoever of `pool`, in turn, is `free` in
/// it, or nobody. What is one turn (cut by duty hours, say) goes to one person, as far as they are free.
#[must_use]
pub fn covers(
    timeline: &Timeline,
    person: PersonId,
    window: Interval,
    pool: &[PersonId],
    free: impl Fn(PersonId, Interval) -> bool,
) -> Vec<(Interval, Option<PersonId>)> {
    let mut turns = pool.iter().copied().cycle();
    let mut last = None;
    let shifts = timeline.shifts(Layer::Final, window);
    let theirs = shifts.iter().filter(|shift| shift.person == person);
    theirs
        .filter_map(|shift| Some((shift.interval.intersect(&window)?, shift.cause)))
        .map(|(piece, cause)| {
            let same = last
                .filter(|(of, _)| *of == cause)
                .map(|(_, by)| by)
                .filter(|by| free(*by, piece));
            let mut next = turns.by_ref().take(pool.len());
            let by = same.or_else(|| next.find(|by| free(*by, piece)));
            last = by.map(|by| (cause, by));
            (piece, by)
        })
        .collect()
}

/// The others of an order, beginning after the person: each once.
#[must_use]
pub fn others(order: &[PersonId], person: PersonId) -> Vec<PersonId> {
    let after = order.iter().position(|one| *one == person);
    let (before, behind) = order.split_at(after.map_or(0, |index| index + 1));
    let mut all = Vec::with_capacity(order.len());
    for one in behind.iter().chain(before) {
        if *one != person && !all.contains(one) {
            all.push(*one);
        }
    }
    all
}
