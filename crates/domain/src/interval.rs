//! Half-open intervals of time, and sets of them.

use chrono::{DateTime, Utc};

/// An instant, in UTC, of whole seconds.
pub type Timestamp = DateTime<Utc>;

/// The end of what never ends. It is shown as `null`.
pub const FOREVER: Timestamp = DateTime::<Utc>::MAX_UTC;

/// `[start, end)`, with `start < end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: Timestamp,
    end: Timestamp,
}

impl Interval {
    /// `[start, end)`, or nothing where that would be empty or backwards.
    #[must_use]
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first instant in it.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// The first instant after it ([`FOREVER`] where there is none).
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.end
    }

    /// Whether `at` lies in it.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether the two share an instant.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// What the two share.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// What of it lies at or after `now`.
    #[must_use]
    pub fn ahead(&self, now: Timestamp) -> Option<Self> {
        Self::new(self.start.max(now), self.end)
    }

    /// What of it lies before `end`.
    #[must_use]
    pub fn until(&self, end: Timestamp) -> Option<Self> {
        Self::new(self.start, self.end.min(end))
    }

    /// The shortest interval that has both in it.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Its length in seconds.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.end.timestamp() - self.start.timestamp()
    }
}

/// Disjoint, ordered intervals that do not touch each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntervalSet(Vec<Interval>);

impl IntervalSet {
    /// The intervals, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Interval] {
        &self.0
    }

    /// Whether it holds no instant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The interval that holds `at`.
    #[must_use]
    pub fn covering(&self, at: Timestamp) -> Option<&Interval> {
        self.0
            .partition_point(|i| i.start <= at)
            .checked_sub(1)
            .and_then(|k| self.0.get(k))
            .filter(|i| i.contains(at))
    }

    /// The first interval that begins after `at`.
    #[must_use]
    pub fn following(&self, at: Timestamp) -> Option<&Interval> {
        self.0.get(self.0.partition_point(|i| i.start <= at))
    }

    /// What lies in both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            both.extend(a.intersect(b));
            if a.end < b.end {
                left.next();
            } else {
                right.next();
            }
        }
        Self(both)
    }

    /// What lies in `self` and not in `other`.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        let mut holes = other.0.iter().peekable();
        for piece in &self.0 {
            let mut from = piece.start;
            while holes.next_if(|hole| hole.end <= from).is_some() {}
            while let Some(hole) = holes.peek().filter(|hole| hole.start < piece.end) {
                rest.extend(Interval::new(from, hole.start));
                from = hole.end;
                if hole.end > piece.end {
                    break;
                }
                holes.next();
            }
            rest.extend(Interval::new(from, piece.end));
        }
        Self(rest)
    }

    /// All the seconds in it.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.0.iter().map(Interval::seconds).sum()
    }
}

impl FromIterator<Interval> for IntervalSet {
    /// Overlapping and touching intervals become one.
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        let mut all: Vec<Interval> = intervals.into_iter().collect();
        all.sort_unstable();
        let mut merged: Vec<Interval> = Vec::with_capacity(all.len());
        for next in all {
            match merged.last_mut() {
                Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
                _ => merged.push(next),
            }
        }
        Self(merged)
    }
}
