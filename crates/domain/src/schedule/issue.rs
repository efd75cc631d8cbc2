//! What is wrong ahead and a remedy for it: clashes with time off, and times without anybody.

use chrono::TimeDelta;

use crate::people::team::Team;
use crate::schedule::clash::Clash;
use crate::schedule::duty::{RotationLookup, fallbacks};
use crate::schedule::rotation::Rotation;
use crate::schedule::timeline::{Gap, GapReason, Layer, Timeline};
use crate::swaps::suggestion::{Colleagues, Suggestion};
use crate::time::interval::{Interval, Timestamp};

/// So many people are suggested with each.
const FEW: usize = 3;

/// So much of a gap has to be answered for it to be none: all of it, unless it goes on for longer than an override can.
const LONGEST: TimeDelta = TimeDelta::days(400);

/// A remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Somebody else has the duty from when to when: a cover, or an override.
    SomebodyElse(Interval, Vec<Suggestion>),
    /// A revision: the rotation's rule has come to its end, or has not begun.
    Revision,
    /// A fallback rotation that answers meanwhile: by its rules nobody has it then.
    Fallback,
}

/// A remedy for a clash: somebody else for what is left of it. None for what is past.
#[must_use]
pub fn of_clash(
    clash: &Clash,
    timeline: &Timeline,
    team: &Team,
    colleagues: &Colleagues<'_>,
    now: Timestamp,
) -> Option<Remedy> {
    somebody_else(clash.overlap, timeline, team, colleagues, now)
}

/// A remedy for a gap. None if a fallback answers all the time or the rotation has been
/// archived, and nothing can what is past.
#[must_use]
pub fn of_gap(
    gap: &Gap,
    timeline: &Timeline,
    rota: &impl RotationLookup,
    team: &Team,
    colleagues: &Colleagues<'_>,
    now: Timestamp,
) -> Option<Remedy> {
    if gap.interval.end() <= now || !is_open(gap, timeline.rotation(), rota) {
        return None;
    }
    match gap.reason {
        GapReason::Override => somebody_else(gap.interval, timeline, team, colleagues, now),
        GapReason::Ended | GapReason::NoHandoff => Some(Remedy::Revision),
        GapReason::DutyHours | GapReason::OutOfHours => Some(Remedy::Fallback),
        GapReason::NotStarted => None,
    }
}

/// Whether somebody is missing: the rotation runs, and at some time in the gap no other answers for it.
pub(crate) fn is_open(gap: &Gap, rotation: &Rotation, rota: &impl RotationLookup) -> bool {
    let archived = rotation
        .archived_at
        .is_some_and(|end| end <= gap.interval.start());
    !archived && !is_answered(gap.interval, rotation, rota)
}

/// Whether the fallbacks of a rotation have somebody all the time.
fn is_answered(gap: Interval, rotation: &Rotation, rota: &impl RotationLookup) -> bool {
    let fallbacks = fallbacks(rota, rotation);
    let answered_until = |at: Timestamp| {
        let somebody = |timeline: &&Timeline| timeline.entry_at(Layer::Final, at).shift().copied();
        fallbacks
            .iter()
            .find_map(somebody)
            .map(|shift| shift.interval.end())
    };
    let mut at = gap.start();
    let end = gap.end().min(at + LONGEST);
    while at < end {
        match answered_until(at) {
            Some(until) => at = until,
            None => return false,
        }
    }
    true
}

fn somebody_else(
    interval: Interval,
    timeline: &Timeline,
    team: &Team,
    colleagues: &Colleagues<'_>,
    now: Timestamp,
) -> Option<Remedy> {
    let left = interval.ahead(now)?;
    let mut found = colleagues.suggest(timeline, team, left);
    found.truncate(FEW);
    Some(Remedy::SomebodyElse(left, found))
}
