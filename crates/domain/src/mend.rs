//! What is wrong ahead and what would mend it: clashes with time off, and times without anybody.

use chrono::TimeDelta;

use super::clash::Clash;
use super::duty::{RotationLookup, fallbacks};
use super::interval::{Interval, Timestamp};
use super::rotation::Rotation;
use super::suggestion::{Colleagues, Suggestion};
use super::team::Team;
use super::timeline::{Gap, GapReason, Layer, Timeline};

/// So many people are suggested with each.
const FEW: usize = 3;

/// So much of a gap has to be answered for it to be none: all of it, unless it goes on for longer than an override can.
const LONGEST: TimeDelta = TimeDelta::days(400);

/// What would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mend {
    /// Somebody else has the duty from when to when: a cover, or an override.
    SomebodyElse(Interval, Vec<Suggestion>),
    /// A revision: the rotation's rule has come to its end, or has not begun.
    Revision,
    /// A fallback rotation that answers meanwhile: by its rules nobody has it then.
    Fallback,
}

/// What would mend a clash: somebody else for what is left of it. Nothing mends what is past.
#[must_use]
pub fn of_clash(
    clash: &Clash,
    timeline: &Timeline,
    team: &Team,
    colleagues: &Colleagues<'_>,
    now: Timestamp,
) -> Option<Mend> {
    somebody_else(clash.overlap, timeline, team, colleagues, now)
}

/// What would mend a gap. Nothing needs to where a fallback answers all the time or the rotation has been
/// archived, and nothing can what is past.
#[must_use]
pub fn of_gap(
    gap: &Gap,
    timeline: &Timeline,
    rota: &impl RotationLookup,
    team: &Team,
    colleagues: &Colleagues<'_>,
    now: Timestamp,
) -> Option<Mend> {
    if gap.interval.end() <= now || !is_open(gap, timeline.rotation(), rota) {
        return None;
    }
    match gap.reason {
        GapReason::Override => somebody_else(gap.interval, timeline, team, colleagues, now),
        GapReason::Ended | GapReason::NoHandoff => Some(Mend::Revision),
        GapReason::DutyHours | GapReason::OutOfHours => Some(Mend::Fallback),
        GapReason::NotStarted => None,
    }
}

/// Whether somebody is missing: the rotation runs, and at some time in the gap no other answers for it.
pub(super) fn is_open(gap: &Gap, rotation: &Rotation, rota: &impl RotationLookup) -> bool {
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
) -> Option<Mend> {
    let left = interval.ahead(now)?;
    let mut found = colleagues.suggest(timeline, team, left);
    found.truncate(FEW);
    Some(Mend::SomebodyElse(left, found))
}
