//! Runs: the shifts of one person that follow one another. Where one run ends and the next begins, the person changes.

use chrono::TimeDelta;

use crate::schedule::timeline::{Layer, Shift, Timeline};
use crate::time::interval::{Interval, Timestamp};

/// Who had the duty before is looked for so far back.
const BEFORE: TimeDelta = TimeDelta::days(400);

/// Shifts of one person that follow one another, gaps aside.
#[derive(Debug, Clone)]
pub struct Run {
    /// The first of them.
    pub first: Shift,
    /// The last of them.
    pub last: Shift,
    /// When they have the duty: without the gaps, and as one what touches.
    pub pieces: Vec<Interval>,
}

/// The runs of shifts that are given in order.
#[must_use]
pub fn runs(shifts: Vec<Shift>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for shift in shifts {
        match runs.last_mut() {
            Some(run) if run.last.person == shift.person => run.add(shift),
            _ => runs.push(Run {
                first: shift,
                last: shift,
                pieces: vec![shift.interval],
            }),
        }
    }
    runs
}

impl Run {
    /// What one person has; `None` of nothing.
    #[must_use]
    pub fn of(shifts: Vec<Shift>) -> Option<Self> {
        runs(shifts).into_iter().next()
    }

    /// When it begins.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.first.interval.start()
    }

    fn add(&mut self, shift: Shift) {
        self.last = shift;
        match self.pieces.last_mut() {
            Some(piece) if piece.end() == shift.interval.start() => {
                *piece = Interval::new(piece.start(), shift.interval.end()).unwrap_or(*piece);
            }
            _ => self.pieces.push(shift.interval),
        }
    }

    /// From the first to the last.
    #[must_use]
    pub fn whole(&self) -> Interval {
        Interval::new(self.first.interval.start(), self.last.interval.end())
            .unwrap_or(self.first.interval)
    }
}

/// The last shift of the final timeline that ends at or before `at`, within some 400 days.
#[must_use]
pub fn shift_before(timeline: &Timeline, at: Timestamp) -> Option<Shift> {
    let began = timeline.begins();
    let (mut end, mut span) = (at, TimeDelta::days(16));
    while end > began && at - end < BEFORE {
        let window = Interval::from_start_and_duration(end - span, span);
        if let Some(last) = timeline.shifts(Layer::Final, window).pop() {
            return Some(last);
        }
        end = window.start();
        span = span * 2;
    }
    None
}
