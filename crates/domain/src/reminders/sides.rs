//! Who takes over and who hands over, and when: both sides of every handoff.

use chrono::TimeDelta;

use super::Kind;
use crate::ids::PersonId;
use crate::schedule::runs::{Run, shift_before};
use crate::schedule::timeline::{Cause, Layer, Shift, Timeline};
use crate::time::interval::{FOREVER, Interval, Timestamp};

/// For so long it is worth saying that something was handed over.
const HANDED_OVER: TimeDelta = TimeDelta::days(1);

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
    pub(super) handoff: Timestamp,
    /// Since when it is known that they take over.
    pub(super) known: Timestamp,
    /// How long what is said at the handoff itself is of use.
    pub(super) until: Timestamp,
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
        let side = |kind, shift, other, (handoff, known), until| Side {
            kind,
            shift,
            whole,
            pieces: run.pieces.clone(),
            open: after.is_some_and(|after| after.person == person),
            other,
            handoff,
            known,
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
                (whole.start(), recorded(timeline, &run.first)),
                whole.end(),
            ));
        }
        if let Some(after) = after.filter(|after| after.person != person) {
            let late = end.checked_add_signed(HANDED_OVER).unwrap_or(FOREVER);
            let to = Some(after.person);
            sides.push(side(Kind::Outgoing, run.last, to, (end, end), late));
        }
    }
    sides
}

/// When a shift was recorded, where that is known.
fn recorded(timeline: &Timeline, shift: &Shift) -> Timestamp {
    let recorded = timeline.recorded_at(shift);
    recorded.unwrap_or(shift.interval.start())
}

/// The shifts of a follow-the-sun rotation that the working hours did not give: those by override.
pub(super) fn announcements(timeline: &Timeline, shifts: &[Shift], now: Timestamp) -> Vec<Side> {
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
                known: recorded(timeline, shift),
                until: shift.interval.end(),
            });
        }
        before = Some(shift);
    }
    sides
}
