//! Digests: what is wrong ahead is brought up with the managers of a team, and again as it nears.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{NaiveTime, TimeDelta};
use sha2::{Digest as _, Sha256};

use crate::ids::{PersonId, RotationId, TeamId};
use crate::people::person::{People, Person};
use crate::people::preferences::Topic;
use crate::people::team::Team;
use crate::reminders::when_at_work;
use crate::schedule::clash::{Clash, clashes};
use crate::schedule::duty::RotationLookup;
use crate::schedule::issue::is_open;
use crate::schedule::timeline::{Gap, GapReason, Layer, Timeline};
use crate::time::interval::{Interval, Timestamp};

/// Trouble is looked for so far ahead: enough to find somebody else.
const AHEAD: TimeDelta = TimeDelta::weeks(8);

/// A manager's working hours are waited for so long; who has none in two weeks counts as always at work.
const PATIENCE: TimeDelta = TimeDelta::days(15);

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
    pub fn of(start: Timestamp, now: Timestamp) -> Self {
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
pub fn troubles(
    timeline: &Timeline,
    rota: &impl RotationLookup,
    people: &People,
    window: Interval,
) -> Vec<Trouble> {
    let rotation = timeline.rotation();
    let shifts = timeline.shifts(Layer::Final, window);
    let clashes = clashes(rotation.id, &shifts, people)
        .into_iter()
        .filter(|clash| clash.overlap.overlaps(&window))
        .map(Trouble::Clash);
    let gaps = timeline
        .gaps(Layer::Final, window)
        .into_iter()
        .filter(|gap| is_unexpected(gap.reason) && is_open(gap, rotation, rota))
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
    now: Timestamp,
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

/// The time in which trouble is looked for: to the end of a day, so that whoever looks a little later sees the same.
#[must_use]
pub fn window(now: Timestamp) -> Interval {
    let last = (now + AHEAD).date_naive();
    let end = last.and_time(NaiveTime::MIN).and_utc();
    Interval::from_start_and_duration(now, end - now)
}

/// One mail to one manager of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The same for the same trouble at the same stages; another for every other.
    pub key: String,
    /// The team.
    pub team: TeamId,
    /// Who is told.
    pub recipient: PersonId,
    /// What is brought up, in order of start; never empty.
    pub raised: Vec<Raised>,
    /// Not before: they are at work then.
    pub due_at: Timestamp,
    /// Of no use from then on: all of it is over.
    pub not_after: Timestamp,
}

/// What a manager of a team is to be told at `now` of what was `found` of its rotations, if anything. `told` says by
/// [`Trouble::key`] how near it was when they were last told.
#[must_use]
pub fn digest(
    team: &Team,
    manager: &Person,
    found: &[Trouble],
    told: &BTreeMap<String, Nearness>,
    now: Timestamp,
) -> Option<Digest> {
    if !manager.active_at(now) || !manager.preferences.wants(Topic::Digests) {
        return None;
    }
    let raised = to_bring_up(found, told, now);
    let not_after = raised
        .iter()
        .map(|one| one.trouble.interval().end())
        .max()?;
    Some(Digest {
        key: format!("digest/{}/{}/{}", team.id, manager.id, sum(&raised)),
        team: team.id,
        recipient: manager.id,
        due_at: when_at_work(manager, now, now + PATIENCE, now),
        raised,
        not_after,
    })
}

/// Stands for what is raised, whatever the order.
fn sum(raised: &[Raised]) -> String {
    let mut lines: Vec<String> = raised
        .iter()
        .map(|one| format!("{} {:?}\n", one.trouble.key(), one.nearness))
        .collect();
    lines.sort_unstable();
    let sum = Sha256::digest(lines.concat());
    sum.iter().take(16).fold(String::new(), |mut text, byte| {
        // (Writing to a string does not fail.)
        let _ = write!(text, "{byte:02x}");
        text
    })
}
