//! Who takes over and who hands over, and when: both sides of every handoff.

use chrono::TimeDelta;

use super::Kind;
use crate::domain::ids::PersonId;
use crate::domain::interval::{FOREVER, Instant, Interval};
use crate::domain::timeline::{Cause, Layer, Shift, Timeline};

/// Who had the duty before is looked for so far back.
const BEFORE: TimeDelta = TimeDelta::days(400);

/// For so long it is worth saying that something was handed over.
const HANDED_OVER: TimeDelta = TimeDelta::days(1);

/// Shifts of one person that follow one another, gaps aside.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) first: Shift,
    pub(super) last: Shift,
    /// When they have the duty: without the gaps, and as one what touches.
    pub(super) pieces: Vec<Interval>,
}

/// One side of a handoff, of which somebody is told.
pub(super) struct Side {
    pub(super) kind: Kind,
    /// The shift that gives the key.
    pub(super) shift: Shift,
    /// From when to when they have the duty.
    pub(super) whole: Interval,
    /// The same without gaps.
    pub(super) pieces: Vec<Interval>,
    /// Whether it goes on beyond what can be seen.
    pub(super) open: bool,
    pub(super) other: Option<PersonId>,
    /// When the duty changes hands.
    pub(super) handoff: Instant,
    /// How long what is said at the handoff itself is of use.
    pub(super) until: Instant,
}

/// The runs of the final timeline that meet the window, in order.
pub(super) fn runs(shifts: Vec<Shift>) -> Vec<Run> {
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
    fn add(&mut self, shift: Shift) {
        self.last = shift;
        match self.pieces.last_mut() {
            Some(piece) if piece.end() == shift.interval.start() => {
                *piece = Interval::new(piece.start(), shift.interval.end()).unwrap_or(*piece);
            }
            _ => self.pieces.push(shift.interval),
        }
    }

    fn whole(&self) -> Interval {
        Interval::new(self.first.interval.start(), self.last.interval.end())
            .unwrap_or(self.first.interval)
    }
}

/// Both sides of every handoff of an ordered rotation at which the person changes.
pub(super) fn handoffs(timeline: &Timeline, runs: &[Run], window: Interval) -> Vec<Side> {
    let mut sides = Vec::with_capacity(runs.len() * 2);
    for (index, run) in runs.iter().enumerate() {
        let person = run.first.person;
        let before = match index.checked_sub(1) {
            Some(earlier) => runs.get(earlier).map(|run| run.last),
            None => shift_before(timeline, window.start()),
        };
        let end = run.last.interval.end();
        let after = runs.get(index + 1).map(|run| run.first).or_else(|| {
            (end < FOREVER)
                .then(|| timeline.next_shift(Layer::Final, end))
                .flatten()
        });
        let whole = run.whole();
        let side = |kind, shift, other, handoff, until| Side {
            kind,
            shift,
            whole,
            pieces: run.pieces.clone(),
            open: after.is_some_and(|after| after.person == person),
            other,
            handoff,
            until,
        };
        // What began before the window was announced long ago.
        let begins =
            whole.start() >= window.start() && before.is_none_or(|before| before.person != person);
        if begins {
            let from = before.map(|before| before.person);
            sides.push(side(
                Kind::Incoming,
                run.first,
                from,
                whole.start(),
                whole.end(),
            ));
        }
        if let Some(after) = after.filter(|after| after.person != person) {
            let late = end.checked_add_signed(HANDED_OVER).unwrap_or(FOREVER);
            let to = Some(after.person);
            sides.push(side(Kind::Outgoing, run.last, to, end, late));
        }
    }
    sides
}

/// The shifts of a follow-the-sun rotation that the working hours did not give: those by override.
pub(super) fn announcements(timeline: &Timeline, shifts: &[Shift], now: Instant) -> Vec<Side> {
    let ahead = |end: Interval| end.end() > now;
    if !timeline
        .overrides()
        .iter()
        .any(|one| one.in_force().is_some_and(ahead))
    {
        return Vec::new();
    }
    let by_override = |shift: &Shift| matches!(shift.cause, Cause::Override { .. });
    let mut sides = Vec::new();
    let mut before: Option<&Shift> = None;
    for shift in shifts {
        let follows = before.is_some_and(|before| {
            by_override(before)
                && before.person == shift.person
                && before.interval.end() == shift.interval.start()
        });
        if by_override(shift) && !follows {
            sides.push(Side {
                kind: Kind::Incoming,
                shift: *shift,
                whole: shift.interval,
                pieces: vec![shift.interval],
                open: false,
                other: before
                    .map(|before| before.person)
                    .filter(|other| *other != shift.person),
                handoff: shift.interval.start(),
                until: shift.interval.end(),
            });
        }
        before = Some(shift);
    }
    sides
}

/// The last shift that ends at or before `at`, within some 400 days.
fn shift_before(timeline: &Timeline, at: Instant) -> Option<Shift> {
    // Before its first revision a rotation has overrides at most, which nobody takes over from.
    let began = timeline.rotation().revisions.first()?.effective_from;
    let (mut end, mut span) = (at, TimeDelta::days(16));
    while end > began && at - end < BEFORE {
        let window = Interval::new(end - span, end)?;
        if let Some(last) = timeline.shifts(Layer::Final, window).pop() {
            return Some(last);
        }
        end = window.start();
        span = span * 2;
    }
    None
}
