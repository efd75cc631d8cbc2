//! Timelines: the only thing that says who has a duty.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta};

use crate::ids::{OverrideId, PersonId, SwapId};
use crate::people::person::People;
use crate::schedule::overrides::{Covered, Override, Overrides};
use crate::schedule::rotation::{Kind, Plan, Rotation, ordered, sun};
use crate::time::interval::{FOREVER, Interval, IntervalSet, Timestamp};

/// Which timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// What revisions alone say.
    Base,
    /// Base with overrides laid over it.
    Final,
}

/// Why somebody has the duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A turn of the core order or a watch of the plan, which nominally began at `began`.
    Turn {
        /// The handoff, whatever revisions, duty hours or overrides cut away.
        began: Timestamp,
    },
    /// An override.
    Override {
        /// Its id.
        id: OverrideId,
        /// The swap it belongs to.
        swap: Option<SwapId>,
    },
}

/// One person, contiguous, one cause; maximal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shift {
    /// From when to when; the end may be [`crate::time::interval::FOREVER`].
    pub interval: Interval,
    /// Who.
    pub person: PersonId,
    /// Why.
    pub cause: Cause,
}

/// Why nobody has the duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Before the first revision is in force.
    NotStarted,
    /// After the last turn, or archived.
    Ended,
    /// Outside duty hours.
    DutyHours,
    /// Nobody of the pool is available.
    OutOfHours,
    /// An override by nobody.
    Override,
    /// Before a revision's first handoff.
    NoHandoff,
}

/// A time in which nobody has the duty, for one reason; maximal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gap {
    /// From when to when; the end may be [`crate::time::interval::FOREVER`].
    pub interval: Interval,
    /// Why.
    pub reason: GapReason,
}

/// What a timeline has at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Somebody.
    Shift(Shift),
    /// Nobody.
    Gap(Gap),
}

/// Instants are answered from blocks of this many seconds.
const BLOCK: i64 = 32 * 86_400;

/// Blocks that are kept.
const BLOCKS_KEPT: usize = 12;

/// Turns that a gap can reach over: more than the horizon has.
const NEARBY: usize = 24 * 366 * 8;

/// What comes next is looked for within this time.
const HORIZON: TimeDelta = TimeDelta::days(7 * 366);

/// The timelines of one rotation. Answers are computed and cached, never stored.
#[derive(Debug)]
pub struct Timeline {
    rotation: Arc<Rotation>,
    overrides: Overrides,
    people: People,
    blocks: Mutex<VecDeque<(Layer, i64, Arc<Block>)>>,
}

/// All that a timeline has in a stretch, and the first shift that begins after it.
#[derive(Debug)]
struct Block {
    entries: Box<[Entry]>,
    next: Option<Shift>,
}

impl Entry {
    /// From when to when.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        match self {
            Self::Shift(shift) => shift.interval,
            Self::Gap(gap) => gap.interval,
        }
    }

    /// The shift, where there is one.
    #[must_use]
    pub const fn shift(&self) -> Option<&Shift> {
        match self {
            Self::Shift(shift) => Some(shift),
            Self::Gap(_) => None,
        }
    }

    /// The gap, where there is one.
    #[must_use]
    pub const fn gap(&self) -> Option<&Gap> {
        match self {
            Self::Shift(_) => None,
            Self::Gap(gap) => Some(gap),
        }
    }
}

impl Timeline {
    /// The timelines of `rotation` under `overrides`; `people` are those of its pool (others are
    /// not looked at).
    #[must_use]
    pub fn new(rotation: Arc<Rotation>, overrides: Vec<Override>, people: People) -> Self {
        let overrides = Overrides::new(overrides, rotation.archived_at);
        Self {
            rotation,
            overrides,
            people,
            blocks: Mutex::default(),
        }
    }

    /// The rotation.
    #[must_use]
    pub const fn rotation(&self) -> &Arc<Rotation> {
        &self.rotation
    }

    /// Every override, cancelled ones too, as they were recorded.
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        self.overrides.all()
    }

    /// Whether the rotation or one of its overrides, even a cancelled one, names a person: nobody else ever has
    /// any time of it.
    #[must_use]
    pub fn names(&self, person: PersonId) -> bool {
        let given = self.overrides().iter().filter_map(|one| one.person);
        self.rotation.everybody().contains(&person) || given.into_iter().any(|one| one == person)
    }

    /// Nobody has the duty before: its first revision takes effect then, or an override begins.
    #[must_use]
    pub fn begins(&self) -> Timestamp {
        let first = self.rotation.revisions.first().effective_from;
        let given = self.overrides.first_start();
        given.map_or(first, |start| start.min(first))
    }

    /// When it was recorded that somebody has a shift of the final timeline: the revision, or the override, that gives it
    /// to them.
    #[must_use]
    pub fn recorded_at(&self, shift: &Shift) -> Option<Timestamp> {
        match shift.cause {
            Cause::Turn { .. } => {
                let revision = self.rotation.revision_at(shift.interval.start())?;
                Some(revision.recorded_at)
            }
            Cause::Override { id, .. } => {
                let found = self.overrides().iter().find(|one| one.id == id)?;
                Some(found.created_at)
            }
        }
    }

    /// The people of the pool.
    #[must_use]
    pub const fn people(&self) -> &People {
        &self.people
    }

    /// What the timeline has at `at`. A gap's start may be later than its true one; every end is
    /// true.
    #[must_use]
    pub fn entry_at(&self, layer: Layer, at: Timestamp) -> Entry {
        self.moment(layer, at).0
    }

    /// What the timeline has at `at`, and the first shift that begins at or after its end (after
    /// `at`, where nobody has the duty).
    #[must_use]
    pub fn moment(&self, layer: Layer, at: Timestamp) -> (Entry, Option<Shift>) {
        let block = self.block(layer, at);
        let index = block
            .entries
            .partition_point(|entry| entry.interval().end() <= at);
        let Some(entry) = block.entries.get(index).copied() else {
            let interval = Interval::starting_at(at);
            let reason = GapReason::Ended;
            return (Entry::Gap(Gap { interval, reason }), None);
        };
        let following = block
            .entries
            .iter()
            .skip(index + 1)
            .find_map(Entry::shift)
            .copied();
        (entry, following.or(block.next))
    }

    /// Every shift that meets `window`, with its true start and end, in order.
    #[must_use]
    pub fn shifts(&self, layer: Layer, window: Interval) -> Vec<Shift> {
        self.entries(layer, window)
            .iter()
            .filter_map(Entry::shift)
            .copied()
            .collect()
    }

    /// Every gap in `window`, cut to it, in order.
    #[must_use]
    pub fn gaps(&self, layer: Layer, window: Interval) -> Vec<Gap> {
        self.entries(layer, window)
            .iter()
            .filter_map(Entry::gap)
            .copied()
            .collect()
    }

    /// The shift that starts first at or after `from`, within some seven years.
    #[must_use]
    pub fn next_shift(&self, layer: Layer, from: Timestamp) -> Option<Shift> {
        let horizon = from.checked_add_signed(HORIZON)?;
        let (mut start, mut span) = (from, TimeDelta::days(16));
        while start < horizon {
            let window = Interval::from_start_and_duration(start, span);
            let found = self
                .shifts(layer, window)
                .into_iter()
                .find(|shift| shift.interval.start() >= from);
            if found.is_some() {
                return found;
            }
            if self.is_over(start) {
                return None;
            }
            start = window.end();
            span = (span * 2).min(TimeDelta::days(400));
        }
        None
    }

    /// Whether nothing begins at or after `at` any more.
    fn is_over(&self, at: Timestamp) -> bool {
        let archived = self.rotation.archived_at.is_some_and(|end| end <= at);
        let newest = self.rotation.newest();
        let ended = match &newest.plan {
            Plan::Ordered { handoff, .. } => {
                newest.effective_from <= at
                    && handoff
                        .turns()
                        .is_some_and(|turns| handoff.count_through(at) > turns)
            }
            Plan::FollowTheSun => newest.order.is_empty(),
        };
        (archived || ended) && self.overrides.last_end().is_none_or(|end| end <= at)
    }

    /// Everything that the timeline has in `window`, in order, without a hole: shifts with their
    /// true start and end, gaps cut to the window.
    #[must_use]
    pub fn entries(&self, layer: Layer, window: Interval) -> Vec<Entry> {
        let base = self.base_shifts(window);
        match layer {
            Layer::Base => self.with_gaps(window, base, &[]),
            Layer::Final => {
                let hull = base
                    .iter()
                    .map(|shift| shift.interval)
                    .fold(window, |hull, shift| hull.hull(&shift));
                let cover = self.overrides.covering(hull);
                let covered: IntervalSet = cover.iter().map(|piece| piece.interval).collect();
                let mut shifts: Vec<Shift> = Vec::with_capacity(base.len() + cover.len());
                for shift in base {
                    let whole: IntervalSet = std::iter::once(shift.interval).collect();
                    let pieces = whole.subtract(&covered);
                    shifts.extend(pieces.as_slice().iter().map(|interval| Shift {
                        interval: *interval,
                        ..shift
                    }));
                }
                shifts.extend(cover.iter().filter_map(override_shift));
                shifts.retain(|shift| shift.interval.overlaps(&window));
                shifts.sort_unstable_by_key(|shift| shift.interval.start());
                self.with_gaps(window, shifts, &cover)
            }
        }
    }

    fn base_shifts(&self, window: Interval) -> Vec<Shift> {
        match self.rotation.kind {
            Kind::Ordered => ordered::on_duty(&self.rotation, window)
                .into_iter()
                .map(|turn| Shift {
                    interval: turn.interval,
                    person: turn.person,
                    cause: Cause::Turn { began: turn.began },
                })
                .collect(),
            Kind::FollowTheSun => sun::watches(&self.rotation, &self.people, window)
                .into_iter()
                .map(|watch| Shift {
                    interval: watch.interval,
                    person: watch.person,
                    cause: Cause::Turn {
                        began: watch.interval.start(),
                    },
                })
                .collect(),
        }
    }

    /// `shifts` with the gaps between them, which have one reason each.
    fn with_gaps(&self, window: Interval, shifts: Vec<Shift>, cover: &[Covered<'_>]) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(shifts.len() * 2 + 1);
        let mut from = window.start();
        for shift in shifts {
            self.push_gaps(&mut entries, from, shift.interval.start(), cover);
            from = shift.interval.end();
            entries.push(Entry::Shift(shift));
        }
        self.push_gaps(&mut entries, from, window.end(), cover);
        entries
    }

    fn push_gaps(
        &self,
        entries: &mut Vec<Entry>,
        from: Timestamp,
        until: Timestamp,
        cover: &[Covered<'_>],
    ) {
        let mut at = from;
        while let Some(rest) = Interval::new(at, until) {
            let (reason, end) = self.gap_reason(rest, cover);
            at = end;
            let Some(interval) = Interval::new(rest.start(), end) else {
                return;
            };
            match entries.last_mut() {
                Some(Entry::Gap(last))
                    if last.reason == reason && last.interval.end() == interval.start() =>
                {
                    last.interval = last.interval.hull(&interval);
                }
                _ => entries.push(Entry::Gap(Gap { interval, reason })),
            }
        }
    }

    /// Why nobody has the duty at the beginning of `hole`, and until when that is why.
    fn gap_reason(&self, hole: Interval, cover: &[Covered<'_>]) -> (GapReason, Timestamp) {
        let at = hole.start();
        if let Some(piece) = cover.iter().find(|piece| piece.interval.contains(at)) {
            return (GapReason::Override, piece.interval.end().min(hole.end()));
        }
        let (reason, end) = self.base_gap_reason(at);
        let next = cover
            .iter()
            .map(|piece| piece.interval.start())
            .filter(|start| *start > at)
            .min();
        (reason, end.min(next.unwrap_or(FOREVER)).min(hole.end()))
    }

    fn base_gap_reason(&self, at: Timestamp) -> (GapReason, Timestamp) {
        let rotation = &self.rotation;
        if rotation.archived_at.is_some_and(|end| end <= at) {
            return (GapReason::Ended, FOREVER);
        }
        let began = rotation.revisions.first().effective_from;
        let archived = rotation.archived_at.unwrap_or(FOREVER);
        if at < began {
            return (GapReason::NotStarted, began.min(archived));
        }
        let index = rotation
            .revisions
            .partition_point(|revision| revision.effective_from <= at);
        let until = rotation
            .in_force(index.saturating_sub(1))
            .map_or(archived, |force| force.end());
        let Some(Plan::Ordered { handoff, .. }) =
            rotation.revision_at(at).map(|revision| &revision.plan)
        else {
            return (GapReason::OutOfHours, until);
        };
        if at < handoff.first() {
            return (GapReason::NoHandoff, handoff.first().min(until));
        }
        // Only an end that is near is worth finding: a large COUNT may reach for centuries.
        let passed = handoff.count_through(at);
        let end = handoff
            .turns()
            .filter(|turns| turns.saturating_sub(passed) < NEARBY)
            .and_then(|turns| handoff.turn(turns.checked_sub(1)?))
            .map_or(FOREVER, |last| last.end());
        if at >= end {
            (GapReason::Ended, until)
        } else {
            (GapReason::DutyHours, end.min(until))
        }
    }

    fn block(&self, layer: Layer, at: Timestamp) -> Arc<Block> {
        let number = at.timestamp().div_euclid(BLOCK);
        {
            let blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, _, block)) = blocks.iter().find(|(l, n, _)| *l == layer && *n == number)
            {
                return Arc::clone(block);
            }
        }
        let block = Arc::new(self.compute(layer, number));
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.len() >= BLOCKS_KEPT {
            blocks.pop_front();
        }
        blocks.push_back((layer, number, Arc::clone(&block)));
        block
    }

    fn compute(&self, layer: Layer, number: i64) -> Block {
        let edge = |number: i64| DateTime::from_timestamp(number * BLOCK, 0).unwrap_or_default();
        let window = Interval::from_start_and_duration(edge(number), TimeDelta::seconds(BLOCK));
        let mut entries = self.entries(layer, window);
        let next = self.next_shift(layer, window.end());
        if let Some(Entry::Gap(last)) = entries.last_mut() {
            last.interval = last
                .interval
                .hull(&self.rest_of(layer, *last, next.as_ref()));
        }
        let entries = entries.into();
        Block { entries, next }
    }

    /// A gap that reaches the end of what was looked at, to its true end.
    fn rest_of(&self, layer: Layer, gap: Gap, next: Option<&Shift>) -> Interval {
        let from = gap.interval.end();
        let until = next.map_or(FOREVER, |next| next.interval.start());
        let horizon = until.min(from.checked_add_signed(HORIZON).unwrap_or(from));
        let cover = match layer {
            Layer::Base => Vec::new(),
            Layer::Final => Interval::new(from, horizon)
                .map(|ahead| self.overrides.covering(ahead))
                .unwrap_or_default(),
        };
        let mut rest = gap.interval;
        let mut at = from;
        while let Some(hole) = Interval::new(at, until) {
            let (reason, end) = self.gap_reason(hole, &cover);
            if reason != gap.reason {
                break;
            }
            at = end;
            rest = Interval::new(rest.start(), end).unwrap_or(rest);
        }
        rest
    }
}

fn override_shift(piece: &Covered<'_>) -> Option<Shift> {
    let cause = Cause::Override {
        id: piece.by.id,
        swap: piece.by.swap,
    };
    piece.by.person.map(|person| Shift {
        interval: piece.interval,
        person,
        cause,
    })
}
