//! Handovers: what whoever hands over passes on to whoever takes over.
//!
//! They are those of the final timeline, and not kept: what people write and tick is, under the rotation and the
//! instant of the handoff.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::ids::{NotAnId, PersonId, RotationId};
use crate::incidents::Notes;
use crate::schedule::rotation::{HandoverSide, Kind};
use crate::schedule::runs::shift_before;
use crate::schedule::timeline::{Cause, Layer, Shift, Timeline};
use crate::time::interval::{Interval, Timestamp};

/// A cover up to this length is short: two days, one of which may have an hour more.
const SHORT: TimeDelta = TimeDelta::hours(49);

/// Names a handover: the rotation, and the instant of the handoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HandoverId {
    /// The rotation.
    pub rotation: RotationId,
    /// When somebody takes over.
    pub at: Timestamp,
}

impl fmt::Display for HandoverId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:011}", self.rotation, self.at.timestamp())
    }
}

impl FromStr for HandoverId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (rotation, at) = text.rsplit_once('-').ok_or(NotAnId)?;
        let at = at.parse().map_err(|_| NotAnId)?;
        let id = Self {
            rotation: rotation.parse()?,
            at: DateTime::from_timestamp(at, 0).ok_or(NotAnId)?,
        };
        // One handover has one name.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(NotAnId)
        }
    }
}

/// What a handover asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Notes and both checklists.
    Full,
    /// Notes only: a cover of a day or two begins or ends within a turn.
    Light,
    /// The four notes of those who watch incidents.
    Watch,
}

/// Somebody hands over to somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    /// When the next one takes over.
    pub at: Timestamp,
    /// Who hands over.
    pub from: PersonId,
    /// Who takes over.
    pub to: PersonId,
    /// What it asks for.
    pub form: Form,
}

/// The handovers of the final timeline in `window`, in order.
#[must_use]
pub fn handovers(timeline: &Timeline, window: Interval) -> Vec<Handover> {
    let shifts = timeline.shifts(Layer::Final, window);
    let first = shifts.first().map(|first| first.interval.start());
    let mut previous = first
        .filter(|first| window.contains(*first))
        .and_then(|_| shift_before(timeline, window.start()));
    let mut found = Vec::new();
    for shift in shifts {
        if let Some(before) = previous.filter(|before| before.person != shift.person) {
            found.push(Handover {
                at: shift.interval.start(),
                from: before.person,
                to: shift.person,
                form: form(timeline, &before, &shift),
            });
        }
        previous = Some(shift);
    }
    found
}

/// The first handover at or after `from`, within `ahead`.
#[must_use]
pub fn next(timeline: &Timeline, from: Timestamp, ahead: TimeDelta) -> Option<Handover> {
    let window = Interval::new(from, from.checked_add_signed(ahead)?)?;
    handovers(timeline, window).into_iter().next()
}

fn form(timeline: &Timeline, before: &Shift, after: &Shift) -> Form {
    if timeline.rotation().kind == Kind::FollowTheSun {
        return Form::Watch;
    }
    let (left, came) = (before.interval.end(), after.interval.start());
    let covered = is_override(before) && was_brief(timeline, before.person, left);
    let covers = is_override(after) && is_brief(timeline, after.person, came);
    if (covered || covers) && within_a_turn(timeline, left, came) {
        Form::Light
    } else {
        Form::Full
    }
}

const fn is_override(shift: &Shift) -> bool {
    matches!(shift.cause, Cause::Override { .. })
}

/// Whether somebody who leaves at `end` had no more than a short cover until then, gaps aside.
fn was_brief(timeline: &Timeline, person: PersonId, end: Timestamp) -> bool {
    let late = Interval::from_start_and_duration(end - SHORT, SHORT);
    let shifts = timeline.shifts(Layer::Final, late);
    let mut theirs = shifts.iter().rev().take_while(|one| one.person == person);
    theirs.all(|one| is_override(one) && late.start() <= one.interval.start())
}

/// Whether somebody who comes at `start` has no more than a short cover from then on, gaps aside.
fn is_brief(timeline: &Timeline, person: PersonId, start: Timestamp) -> bool {
    let soon = Interval::from_start_and_duration(start, SHORT);
    let shifts = timeline.shifts(Layer::Final, soon);
    let mut theirs = shifts.iter().take_while(|one| one.person == person);
    theirs.all(|one| is_override(one) && one.interval.end() <= soon.end())
}

/// Whether it is one turn of the core order in which the one leaves and the other comes.
fn within_a_turn(timeline: &Timeline, left: Timestamp, came: Timestamp) -> bool {
    let second = TimeDelta::seconds(1);
    let around = Interval::new(left - second, came + second);
    let turns = around.map(|around| timeline.shifts(Layer::Base, around));
    let turns = turns.unwrap_or_default();
    let began = |index: usize| turns.get(index).map(|turn| turn.cause);
    began(0).is_some() && turns.iter().all(|turn| Some(turn.cause) == began(0))
}

/// Something on a checklist that somebody wrote or ticked, or that was open at a handoff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What is to be done.
    pub text: String,
    /// On which list.
    pub list: HandoverSide,
    /// The handoff at which it came up.
    pub since: Timestamp,
    /// Whether it is done.
    pub done: Option<Done>,
}

/// Who ticked something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// When.
    pub at: Timestamp,
    /// Who; `None`: somebody who is no person here.
    pub by: Option<PersonId>,
}

/// What was written for a handoff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The handoff for which it was meant.
    pub at: Timestamp,
    /// What.
    pub notes: Text,
    /// By whom; `None`: by somebody who is no person here.
    pub by: Option<PersonId>,
    /// When.
    pub written_at: Timestamp,
}

/// Notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// In one piece.
    Plain(String),
    /// The four of those who watch incidents.
    Watch(Notes),
}

/// A checklist of a handover: what was open at earlier ones first, then the template, in its order, then what was added
/// at this one. A text is there once.
///
/// `before` is the handoff before this one, from which on somebody may have ticked what was left open.
#[must_use]
pub fn checklist(
    handover: &Handover,
    before: Option<Timestamp>,
    list: HandoverSide,
    template: &[String],
    kept: &[Item],
) -> Vec<Item> {
    let carried = |item: &&Item| {
        let still = item
            .done
            .is_none_or(|done| before.is_some_and(|before| before <= done.at));
        item.since < handover.at && still
    };
    let own = |item: &&Item| item.since == handover.at;
    let mut items: Vec<Item> = Vec::new();
    let mut add = |item: Item| {
        if items.iter().all(|known| known.text != item.text) {
            items.push(item);
        }
    };
    let of_list = || kept.iter().filter(|item| item.list == list);
    let carried = || of_list().filter(carried);
    for item in carried() {
        // What is open counts before what was done under the same name.
        let open = carried().find(|other| other.text == item.text && other.done.is_none());
        add(open.unwrap_or(item).clone());
    }
    // What is touched keeps its place.
    let touched = |text: &String| of_list().filter(own).find(|item| item.text == *text);
    if handover.form != Form::Light {
        for text in template {
            let untouched = || Item {
                text: text.clone(),
                list,
                since: handover.at,
                done: None,
            };
            add(touched(text).cloned().unwrap_or_else(untouched));
        }
    }
    of_list().filter(own).for_each(|item| add(item.clone()));
    items
}

/// What was written for a handover: for its handoff, or for one since the handoff before that is no more.
#[must_use]
pub fn written<'a>(
    handover: &Handover,
    before: Option<Timestamp>,
    all: &'a [Written],
) -> Option<&'a Written> {
    let meant = |one: &&Written| one.at <= handover.at && before.is_none_or(|at| at < one.at);
    all.iter().filter(meant).max_by_key(|one| one.at)
}
