//! What is wrong ahead and what would mend it: clashes with time off, and times without anybody.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::clash::{Clash, clashes};
use super::ids::RotationId;
use super::interval::{Instant, Interval};
use super::person::People;
use super::rotation::Rotation;
use super::suggestion::{Colleagues, Suggestion};
use super::team::Team;
use super::timeline::{Gap, GapReason, Layer, Timeline};

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
fn is_open(gap: &Gap, rotation: &Rotation) -> bool {
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

/// What somebody has to see to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A shift of somebody who is away.
    Clash(Clash),
    /// A time without anybody, not because the rotation's hours are like that.
    Gap(RotationId, Gap),
}

/// How near trouble is: it is brought up once at each stage that it reaches.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Nearness {
    /// More than a week ahead.
    Later,
    /// Within a week.
    Week,
    /// Within two days, or there already.
    Days,
}

/// Trouble to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raised {
    /// What.
    pub trouble: Trouble,
    /// How near it is now.
    pub nearness: Nearness,
}

impl Trouble {
    /// From when to when.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        match self {
            Self::Clash(clash) => clash.overlap,
            Self::Gap(_, gap) => gap.interval,
        }
    }

    /// The rotation.
    #[must_use]
    pub const fn rotation(&self) -> RotationId {
        match self {
            Self::Clash(clash) => clash.rotation,
            Self::Gap(rotation, _) => *rotation,
        }
    }

    /// The same as long as it is the same trouble, whenever one looks. (A gap begins where one
    /// began to look: only its end is its own.)
    #[must_use]
    pub fn key(&self) -> String {
        let end = self.interval().end().timestamp();
        match self {
            Self::Clash(clash) => format!("clash/{}/{}/{end}", clash.rotation, clash.time_off),
            Self::Gap(rotation, gap) => format!("gap/{rotation}/{:?}/{end}", gap.reason),
        }
    }
}

impl Nearness {
    /// How near what begins at `start` is.
    #[must_use]
    pub fn of(start: Instant, now: Instant) -> Self {
        match start - now {
            ahead if ahead <= TimeDelta::days(2) => Self::Days,
            ahead if ahead <= TimeDelta::days(7) => Self::Week,
            _ => Self::Later,
        }
    }
}

/// All that somebody has to see to in `window`, in order of start: clashes whole, gaps from where
/// they or the window begin to their true end.
#[must_use]
pub fn troubles(timeline: &Timeline, people: &People, window: Interval) -> Vec<Trouble> {
    let rotation = timeline.rotation();
    let shifts = timeline.shifts(Layer::Final, window);
    let clashes = clashes(rotation.id, &shifts, people)
        .into_iter()
        .filter(|clash| clash.overlap.overlaps(&window))
        .map(Trouble::Clash);
    let gaps = timeline
        .gaps(Layer::Final, window)
        .into_iter()
        .filter(|gap| is_open(gap, rotation) && is_unexpected(gap.reason))
        .map(|gap| Trouble::Gap(rotation.id, to_its_end(timeline, gap)));
    let mut found: Vec<Trouble> = clashes.chain(gaps).collect();
    found.sort_by_key(Trouble::interval);
    found
}

fn to_its_end(timeline: &Timeline, gap: Gap) -> Gap {
    let whole = timeline.entry_at(Layer::Final, gap.interval.start());
    Gap {
        interval: gap.interval.hull(&whole.interval()),
        ..gap
    }
}

/// Closed hours, and a rotation that has not begun, are as somebody wanted them.
const fn is_unexpected(reason: GapReason) -> bool {
    matches!(
        reason,
        GapReason::Override | GapReason::Ended | GapReason::NoHandoff
    )
}

/// What to bring up at `now`, of what was `found`: trouble that nobody was told of, and trouble that
/// has come nearer since. `told` says by [`Trouble::key`] how near it was when it was last brought up.
#[must_use]
pub fn to_bring_up(
    found: &[Trouble],
    told: &BTreeMap<String, Nearness>,
    now: Instant,
) -> Vec<Raised> {
    found
        .iter()
        .filter(|trouble| trouble.interval().end() > now)
        .map(|trouble| Raised {
            trouble: *trouble,
            nearness: Nearness::of(trouble.interval().start(), now),
        })
        .filter(|raised| {
            told.get(&raised.trouble.key())
                .is_none_or(|last| *last < raised.nearness)
        })
        .collect()
}
