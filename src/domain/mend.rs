//! What is wrong ahead and what would mend it: clashes with time off, and times without anybody.

use super::clash::Clash;
use super::interval::{Instant, Interval};
use super::rotation::Rotation;
use super::suggestion::{Colleagues, Suggestion};
use super::team::Team;
use super::timeline::{Gap, GapReason, Timeline};

/// So many people are suggested with each.
const FEW: usize = 3;

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
    now: Instant,
) -> Option<Mend> {
    somebody_else(clash.overlap, timeline, team, colleagues, now)
}

/// What would mend a gap. Nothing needs to where a fallback answers or the rotation has been
/// archived, and nothing can what is past.
#[must_use]
pub fn of_gap(
    gap: &Gap,
    timeline: &Timeline,
    team: &Team,
    colleagues: &Colleagues<'_>,
    now: Instant,
) -> Option<Mend> {
    if gap.interval.end() <= now || !is_open(gap, timeline.rotation()) {
        return None;
    }
    match gap.reason {
        GapReason::Override => somebody_else(gap.interval, timeline, team, colleagues, now),
        GapReason::Ended | GapReason::NoHandoff => Some(Mend::Revision),
        GapReason::DutyHours | GapReason::OutOfHours => Some(Mend::Fallback),
        GapReason::NotStarted => None,
    }
}

/// Whether somebody is missing: the rotation runs, and no other answers for it.
pub(super) fn is_open(gap: &Gap, rotation: &Rotation) -> bool {
    let archived = rotation
        .archived_at
        .is_some_and(|end| end <= gap.interval.start());
    !archived && rotation.fallback.is_none()
}

fn somebody_else(
    interval: Interval,
    timeline: &Timeline,
    team: &Team,
    colleagues: &Colleagues<'_>,
    now: Instant,
) -> Option<Mend> {
    let left = interval.ahead(now)?;
    let mut found = colleagues.suggest(timeline, team, left);
    found.truncate(FEW);
    Some(Mend::SomebodyElse(left, found))
}
