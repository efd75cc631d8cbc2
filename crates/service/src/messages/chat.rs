//! `chat.*`: what the chats of teams and rotations are told.

use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::handovers::{Handover, handovers};
use crate::domain::ids::{PersonId, RotationId, SwapId};
use crate::domain::notifications::chat::Place;
use crate::domain::notifications::notice::short;
use crate::domain::people::team::Team;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::runs::runs;
use crate::domain::schedule::timeline::{Layer, Timeline};
use crate::domain::swaps::{State, Swap};
use crate::domain::time::interval::{FOREVER, Interval, Timestamp};
use crate::domain::time::zone::Zone;
use crate::snapshot::Snapshot;

/// The week ahead.
pub const WEEK: TimeDelta = TimeDelta::days(7);

/// What the outbox keeps of them.
#[derive(Serialize, Deserialize)]
pub struct Payload {
    /// The team or the rotation whose chat it is.
    pub chat: String,
    /// What it is about.
    pub about: About,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Somebody hands over.
    Handoff(RotationId, Timestamp),
    /// Somebody looks for a cover.
    Cover(SwapId),
    /// The week that begins then.
    Week(Timestamp),
}

/// The team, and the rotations, that a chat is told about; `None` where they are gone.
#[must_use]
pub fn told_about(snapshot: &Snapshot, place: Place) -> Option<(&Arc<Team>, Vec<&Arc<Timeline>>)> {
    match place {
        Place::Team(id) => Some((snapshot.team(id)?, snapshot.timelines_in(id).collect())),
        Place::Rotation(id) => {
            let timeline = snapshot.timeline_of(id)?;
            Some((snapshot.team(timeline.rotation().team)?, vec![timeline]))
        }
    }
}

/// What is said; `None` where it is no longer so. `swap` is the one that it is about.
#[must_use]
pub fn text(
    public_url: &str,
    snapshot: &Snapshot,
    place: Place,
    about: About,
    swap: Option<&Swap>,
    now: Timestamp,
) -> Option<String> {
    let (team, timelines) = told_about(snapshot, place)?;
    let speaker = Speaker {
        snapshot,
        team,
        timelines,
    };
    match about {
        About::Handoff(rotation, at) => speaker.handoff(rotation, at),
        About::Cover(id) => {
            let text = speaker.cover(swap?, now)?;
            Some(format!("{text}\n{public_url}/swaps/{id}"))
        }
        About::Week(monday) => speaker.week(monday),
    }
}

struct Speaker<'a> {
    snapshot: &'a Snapshot,
    team: &'a Team,
    timelines: Vec<&'a Arc<Timeline>>,
}

impl Speaker<'_> {
    fn name(&self, person: PersonId) -> &str {
        let person = self.snapshot.person(person);
        person.map_or("somebody", |one| one.name.as_str())
    }

    fn role(&self, timeline: &Timeline) -> String {
        format!("{} for {}", timeline.rotation().title, self.team.name)
    }

    fn timeline(&self, rotation: RotationId) -> Option<&Timeline> {
        let mut all = self.timelines.iter();
        let found = all.find(|one| one.rotation().id == rotation);
        found.map(AsRef::as_ref)
    }

    fn handoff(&self, rotation: RotationId, at: Timestamp) -> Option<String> {
        let timeline = self.timeline(rotation)?;
        let Handover { from, to, .. } = handovers(timeline, Interval::second_at(at)).pop()?;
        let (role, from, to) = (self.role(timeline), self.name(from), self.name(to));
        Some(format!("{role}: {from} hands over to {to}."))
    }

    fn cover(&self, swap: &Swap, now: Timestamp) -> Option<String> {
        if swap.state_at(now) != State::Open {
            return None;
        }
        let timeline = self.timeline(swap.rotation)?;
        let left = swap.left(timeline, now);
        let first = *left.as_slice().first()?;
        let is_taken_in_part = swap.taken(timeline.overrides()).next().is_some();
        let given = if is_taken_in_part {
            first
        } else {
            swap.terms.given()
        };
        let note = swap.note.as_ref().map(|note| format!("\n{note}"));
        let zone = &self.team.time_zone;
        Some(format!(
            "{}: {} is looking for somebody to take over from {} until {} ({}).{}",
            self.role(timeline),
            self.name(swap.giver),
            short(given.start(), zone),
            short(given.end(), zone),
            zone.name(),
            note.unwrap_or_default()
        ))
    }

    fn week(&self, monday: Timestamp) -> Option<String> {
        let zone = &self.team.time_zone;
        let week = Interval::from_start_and_duration(monday, WEEK);
        let turns = |timeline: &&Arc<Timeline>| {
            let turns: Vec<String> = runs(timeline.shifts(Layer::Final, week))
                .iter()
                .map(|run| until(self.name(run.first.person), run.whole(), week, zone))
                .collect();
            (!turns.is_empty())
                .then(|| format!("• {}: {}", self.role(timeline), turns.join(", then ")))
        };
        let lines: Vec<String> = self.timelines.iter().filter_map(turns).collect();
        (!lines.is_empty()).then(|| {
            let title = format!("The week ahead (times are {}):", zone.name());
            format!("{title}\n{}", lines.join("\n"))
        })
    }
}

/// Somebody, and until when, where that is within the week.
fn until(name: &str, whole: Interval, week: Interval, zone: &Zone) -> String {
    if whole.end() < week.end() && whole.end() < FOREVER {
        format!("{name} until {}", short(whole.end(), zone))
    } else {
        name.to_owned()
    }
}
