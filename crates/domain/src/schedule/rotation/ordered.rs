//! Ordered rotations: handoffs become turns, and turns go round the core order.

use super::{Handoff, Plan, Revision, Rotation};
use crate::ids::PersonId;
use crate::time::interval::{Interval, IntervalSet, Timestamp};

/// A turn, or what duty hours leave of it: cut to the time in which its revisions are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// From when to when.
    pub interval: Interval,
    /// The handoff at which it nominally began.
    pub began: Timestamp,
    /// Whose it is.
    pub person: PersonId,
    /// Whether its revision's successor or the archive cut it short.
    cut_short: bool,
    revision: usize,
}

/// Where turns of a revision begin to count, and whose they are.
pub(super) struct Order<'a> {
    handoff: &'a Handoff,
    people: &'a [PersonId],
    first: usize,
    /// Index of the handoff of turn 0.
    zero: usize,
}

impl<'a> Order<'a> {
    pub(super) fn of(revision: &'a Revision) -> Option<Self> {
        let Plan::Ordered { handoff, first } = &revision.plan else {
            return None;
        };
        let zero = handoff
            .count_through(revision.effective_from)
            .saturating_sub(1);
        Some(Self {
            handoff,
            people: &revision.order,
            first: *first,
            zero,
        })
    }

    /// The turn that begins at this handoff, uncut.
    pub(super) fn turn(&self, handoff: usize) -> Option<Interval> {
        self.handoff.turn(handoff)
    }

    /// Index in the order of whose turn begins at this handoff.
    pub(super) fn position(&self, handoff: usize) -> usize {
        (self.first + handoff.saturating_sub(self.zero)) % self.people.len().max(1)
    }

    /// The handoff of the turn that `at` lies in, or of the last one before; at least turn 0.
    pub(super) fn handoff_before(&self, at: Timestamp) -> usize {
        self.handoff
            .count_through(at)
            .saturating_sub(1)
            .max(self.zero)
    }

    /// The handoff of turn 0.
    pub(super) const fn zero(&self) -> usize {
        self.zero
    }

    /// How many handoffs begin a turn, where the rule is bounded.
    pub(super) fn turns(&self) -> Option<usize> {
        self.handoff.turns()
    }
}

/// Every turn that meets `asked`, duty hours aside, with its true start and end, in order.
/// Somebody who stays on in mid-turn across a revision has one turn.
#[must_use]
pub fn turns(rotation: &Rotation, asked: Interval) -> Vec<Turn> {
    let mut window = asked;
    loop {
        let mut found: Vec<Turn> = Vec::new();
        for index in 0..rotation.revisions.len() {
            for turn in turns_of(rotation, index, window) {
                match found.last_mut() {
                    Some(last) if stays_on(last, &turn) => {
                        if let Some(whole) =
                            Interval::new(last.interval.start(), turn.interval.end())
                        {
                            *last = Turn {
                                interval: whole,
                                began: last.began,
                                ..turn
                            };
                        }
                    }
                    _ => found.push(turn),
                }
            }
        }
        // A turn at the window's edge that a revision cut may go on beyond it: look there too.
        let wider = widened(rotation, window, &found);
        if wider == window {
            found.retain(|turn| turn.interval.overlaps(&asked));
            return found;
        }
        window = wider;
    }
}

fn stays_on(last: &Turn, next: &Turn) -> bool {
    last.cut_short
        && last.revision + 1 == next.revision
        && last.person == next.person
        && last.interval.end() == next.interval.start()
}

fn widened(rotation: &Rotation, window: Interval, found: &[Turn]) -> Interval {
    let (mut start, mut end) = (window.start(), window.end());
    if let Some(first) = found.first() {
        let from = first.interval.start();
        // Not by the turn's own revision: one that goes on across several has the last of them.
        let mut borders = rotation
            .revisions
            .iter()
            .skip(1)
            .map(|revision| revision.effective_from);
        if start >= from && borders.any(|border| border == from) {
            start = from - chrono::TimeDelta::seconds(1);
        }
    }
    if let Some(last) = found.last()
        && last.cut_short
        && end <= last.interval.end()
        && last.revision + 1 < rotation.revisions.len()
    {
        end = last.interval.end() + chrono::TimeDelta::seconds(1);
    }
    Interval::new(start, end).unwrap_or(window)
}

/// The turns of one revision that meet `window`, cut to the time in which it is in force.
fn turns_of(rotation: &Rotation, index: usize, window: Interval) -> Vec<Turn> {
    let mut found = Vec::new();
    let Some(force) = rotation.in_force(index) else {
        return found;
    };
    let (Some(asked), Some(revision)) = (force.intersect(&window), rotation.revisions.get(index))
    else {
        return found;
    };
    let Some(order) = Order::of(revision) else {
        return found;
    };
    let mut handoff = order.handoff_before(asked.start());
    while let Some(turn) = order
        .turn(handoff)
        .filter(|turn| turn.start() < asked.end())
    {
        let person = revision.order.get(order.position(handoff)).copied();
        if let (Some(interval), Some(person)) = (turn.intersect(&force), person)
            && interval.overlaps(&window)
        {
            let cut_short = interval.end() < turn.end();
            found.push(Turn {
                interval,
                began: turn.start(),
                person,
                cut_short,
                revision: index,
            });
        }
        handoff += 1;
    }
    found
}

/// What duty hours leave of the turns that meet `window`, each piece with its true start and end.
#[must_use]
pub fn on_duty(rotation: &Rotation, window: Interval) -> Vec<Turn> {
    let turns = turns(rotation, window);
    if rotation
        .revisions
        .iter()
        .all(|revision| revision.duty_hours.is_none())
    {
        return turns;
    }
    let mut found = Vec::new();
    for turn in turns {
        let pieces = duty_hours(rotation, turn.interval, window);
        let pieces = pieces
            .as_slice()
            .iter()
            .filter_map(|piece| piece.intersect(&turn.interval));
        found.extend(
            pieces
                .filter(|piece| piece.overlaps(&window))
                .map(|interval| Turn { interval, ..turn }),
        );
    }
    found
}

/// What duty hours leave of a turn, revision by revision; of weekly hours only what lies near enough to reach into
/// `window`, or into what reaches into it.
fn duty_hours(rotation: &Rotation, turn: Interval, window: Interval) -> IntervalSet {
    let (mut on, mut weekly) = (Vec::new(), Vec::new());
    let mut seen = window;
    for (index, revision) in rotation.revisions.iter().enumerate() {
        let force = rotation.in_force(index);
        let Some(force) = force.and_then(|force| force.intersect(&turn)) else {
            continue;
        };
        match &revision.duty_hours {
            Some(hours) if !hours.are_always() => weekly.push((hours, &revision.time_zone, force)),
            _ => {
                on.push(force);
                seen = seen.hull(&force);
            }
        }
    }
    // Hours that leave out a minute of each week run on for two weeks at most, should a clock change skip that minute.
    let margin = chrono::TimeDelta::days(15);
    let near = seen.widened(margin, margin);
    for (hours, zone, force) in weekly {
        let Some(part) = near.intersect(&force) else {
            continue;
        };
        let hours = hours.intervals(zone, part);
        let inside = hours
            .as_slice()
            .iter()
            .filter_map(|hours| hours.intersect(&part));
        on.extend(inside);
    }
    on.into_iter().collect()
}
