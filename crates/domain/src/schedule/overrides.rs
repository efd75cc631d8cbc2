//! Overrides: for an interval, somebody else (or nobody) has the duty. They are laid over the base
//! timeline and never alter it.

use std::collections::BTreeMap;

use crate::ids::{OverrideId, PersonId, SwapId};
use crate::time::interval::{FOREVER, Interval, Timestamp};

/// For an interval, somebody else or explicitly nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Its id.
    pub id: OverrideId,
    /// Given under the rotation's lock; where overrides overlap the highest wins.
    pub sequence: i64,
    /// As entered.
    pub interval: Interval,
    /// Who takes over; `None`: nobody.
    pub person: Option<PersonId>,
    /// Why.
    pub reason: Option<String>,
    /// The swap it belongs to.
    pub swap: Option<SwapId>,
    /// Who made it; `None`: the bootstrap administrator.
    pub created_by: Option<PersonId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Ended (or, before its start, undone) then.
    pub cancelled_at: Option<Timestamp>,
    /// Who cancelled it.
    pub cancelled_by: Option<PersonId>,
}

impl Override {
    /// 1, and 2 once it was cancelled: nothing else of it ever changes.
    #[must_use]
    pub const fn version(&self) -> i64 {
        if self.cancelled_at.is_some() { 2 } else { 1 }
    }

    /// What is left of it: an override cancelled while it ran keeps what had happened.
    #[must_use]
    pub fn in_force(&self) -> Option<Interval> {
        self.interval.until(self.cancelled_at.unwrap_or(FOREVER))
    }
}

/// The overrides of one rotation, ready to be laid over its base timeline.
#[derive(Debug, Default)]
pub struct Overrides {
    all: Vec<Override>,
    /// What is in force of them, by start: interval and index in `all`.
    by_start: Vec<(Interval, usize)>,
    /// The latest end among the first so many of `by_start`.
    latest_end: Vec<Timestamp>,
}

/// A maximal piece in which one override is the topmost.
#[derive(Debug, Clone, Copy)]
pub struct Covered<'a> {
    /// From when to when.
    pub interval: Interval,
    /// The override.
    pub by: &'a Override,
}

impl Overrides {
    /// `all` of a rotation; those that outlast its archiving end there.
    #[must_use]
    pub fn new(all: Vec<Override>, archived_at: Option<Timestamp>) -> Self {
        let end = archived_at.unwrap_or(FOREVER);
        let mut by_start: Vec<(Interval, usize)> = all
            .iter()
            .enumerate()
            .filter_map(|(index, one)| Some((one.in_force()?.until(end)?, index)))
            .collect();
        by_start.sort_unstable();
        let latest_end = by_start
            .iter()
            .scan(Timestamp::MIN_UTC, |latest, (interval, _)| {
                *latest = (*latest).max(interval.end());
                Some(*latest)
            })
            .collect();
        Self {
            all,
            by_start,
            latest_end,
        }
    }

    /// Every override, cancelled ones too.
    #[must_use]
    pub fn all(&self) -> &[Override] {
        &self.all
    }

    /// When the first of them begins.
    #[must_use]
    pub fn first_start(&self) -> Option<Timestamp> {
        self.by_start.first().map(|(interval, _)| interval.start())
    }

    /// When the last of them ends.
    #[must_use]
    pub fn last_end(&self) -> Option<Timestamp> {
        self.latest_end.last().copied()
    }

    fn meeting(&self, window: Interval) -> impl Iterator<Item = &(Interval, usize)> {
        let from = self
            .latest_end
            .partition_point(|end| *end <= window.start());
        self.by_start
            .iter()
            .skip(from)
            .take_while(move |(interval, _)| interval.start() < window.end())
            .filter(move |(interval, _)| interval.overlaps(&window))
    }

    /// The pieces that meet `window`, with their true start and end, in order: at each instant the
    /// override made last.
    #[must_use]
    pub fn covering(&self, window: Interval) -> Vec<Covered<'_>> {
        let meeting = self.meeting(window);
        let hull = meeting.fold(window, |hull, (interval, _)| hull.hull(interval));
        let mut edges: Vec<(Timestamp, bool, i64, usize)> = Vec::new();
        for (interval, index) in self.meeting(hull) {
            let Some(one) = self.all.get(*index) else {
                continue;
            };
            edges.push((interval.start(), true, one.sequence, *index));
            edges.push((interval.end(), false, one.sequence, *index));
        }
        edges.sort_unstable();
        let mut pieces: Vec<Covered<'_>> = Vec::new();
        let mut active: BTreeMap<i64, usize> = BTreeMap::new();
        let mut edges = edges.into_iter().peekable();
        while let Some((at, begins, sequence, index)) = edges.next() {
            if begins {
                active.insert(sequence, index);
            } else {
                active.remove(&sequence);
            }
            let Some((next, ..)) = edges.peek().filter(|(next, ..)| *next > at) else {
                continue;
            };
            let top = active
                .last_key_value()
                .and_then(|(_, index)| self.all.get(*index));
            let (Some(by), Some(interval)) = (top, Interval::new(at, *next)) else {
                continue;
            };
            match pieces.last_mut() {
                Some(last) if last.by.id == by.id && last.interval.end() == at => {
                    last.interval = Interval::new(last.interval.start(), *next).unwrap_or(interval);
                }
                _ => pieces.push(Covered { interval, by }),
            }
        }
        pieces.retain(|piece| piece.interval.overlaps(&window));
        pieces
    }
}
