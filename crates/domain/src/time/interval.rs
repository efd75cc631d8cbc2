//! Half-open intervals of time, and sets of them.

use chrono::{DateTime, TimeDelta, Utc};

/// An instant, in UTC, of whole seconds.
pub type Timestamp = DateTime<Utc>;

/// The end of what never ends. It is shown as `null`.
pub const FOREVER: Timestamp = DateTime::<Utc>::MAX_UTC;

/// Instants are of whole seconds, so that no interval is shorter.
const SECOND: TimeDelta = TimeDelta::seconds(1);

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

    /// From `start` on, for this long: a second at least, and until [`FOREVER`] at most.
    #[must_use]
    pub fn from_start_and_duration(start: Timestamp, duration: TimeDelta) -> Self {
        let start = start.min(FOREVER - SECOND);
        let end = start.checked_add_signed(duration.max(SECOND));
        Self {
            start,
            end: end.unwrap_or(FOREVER),
        }
    }

    /// From `start` on, without an end.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            start: start.min(FOREVER - SECOND),
            end: FOREVER,
        }
    }

    /// The second that begins at `at`.
    #[must_use]
    pub fn second_at(at: Timestamp) -> Self {
        Self::from_start_and_duration(at, SECOND)
    }

    /// Itself, with so much time before and after it.
    #[must_use]
    pub fn widened(&self, before: TimeDelta, after: TimeDelta) -> Self {
        let (before, after) = (before.max(TimeDelta::zero()), after.max(TimeDelta::zero()));
        Self {
            start: self.start.checked_sub_signed(before).unwrap_or(self.start),
            end: self.end.checked_add_signed(after).unwrap_or(FOREVER),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_a_start_and_a_length_are_never_empty() {
        let at: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let hour = TimeDelta::hours(1);
        let one = Interval::from_start_and_duration(at, hour);
        assert_eq!((one.start(), one.end()), (at, at + hour));
        assert_eq!(one.widened(hour, hour).seconds(), 3 * 3600);
        assert_eq!(Interval::second_at(at).seconds(), 1);
        for short in [
            Interval::from_start_and_duration(at, TimeDelta::zero()),
            Interval::from_start_and_duration(FOREVER, hour),
            Interval::from_start_and_duration(FOREVER, -hour),
            Interval::starting_at(FOREVER),
        ] {
            assert!(short.start() < short.end(), "{short:?}");
        }
        assert_eq!(Interval::starting_at(at).end(), FOREVER);
        let long = Interval::starting_at(at).widened(hour, TimeDelta::MAX);
        assert_eq!((long.start(), long.end()), (at - hour, FOREVER));
    }
}
