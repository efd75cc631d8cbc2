//! What a change of a rotation means: when it hands over then, who gains and loses which shifts, what else it touches.

use std::collections::BTreeSet;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::PageContext;
use crate::domain::ids::PersonId;
use crate::domain::schedule::rotation::{Plan, Rotation, cadence};
use crate::domain::schedule::timeline::{GapReason, Layer};
use crate::domain::time::interval::{FOREVER, Interval, Timestamp};
use crate::domain::time::zone::Zone;
use crate::parts::Who;
use crate::service::preview::PreviewView;
use crate::service::swaps::SwapView;
use crate::service::views::{PersonRef, ShiftView};
use crate::timeline_chart;
use crate::when;

/// How many handoffs are shown.
const HANDOFFS: usize = 5;

/// How many rows are shown at once; the rest opens.
const ROWS: usize = 8;

/// How far ahead watches are looked for.
const AHEAD: chrono::TimeDelta = chrono::TimeDelta::days(8);

/// What a change means. Times are in the rotation's zone.
#[derive(Template)]
#[template(path = "pages/parts/changes.html")]
pub struct Changes {
    zone: Zone,
    now: Timestamp,
    /// When it takes effect.
    from: Timestamp,
    /// When it hands over then, in words; plans that follow the sun have none.
    words: Option<String>,
    handoffs: Vec<(Timestamp, Who)>,
    moves: Vec<Move>,
    /// Whether there was nothing before, so that who gets something is all there is to say.
    is_new: bool,
    view: PreviewView,
}

impl HtmlSafe for Changes {}

/// A stretch that goes from one to another; nobody is `None`.
struct Move {
    interval: Interval,
    from: Option<PersonRef>,
    to: Option<PersonRef>,
}

impl Changes {
    /// What it means that `rotation` becomes what it is now, from its newest revision (or its end) on.
    pub fn of(page: &PageContext, rotation: &Rotation, view: PreviewView) -> Self {
        let newest = rotation.newest();
        let (zone, begins) = (newest.time_zone.clone(), newest.effective_from);
        let words = match &newest.plan {
            Plan::Ordered { handoff, .. } => {
                Some(cadence::in_words(handoff.start(), handoff.rule(), &zone))
            }
            Plan::FollowTheSun => None,
        };
        let from = rotation.archived_at.unwrap_or(begins);
        let handoffs = if rotation.archived_at.is_some() {
            Vec::new()
        } else {
            handoffs(page, rotation, begins)
        };
        Self {
            now: page.now,
            moves: moves(&view),
            zone,
            from,
            words,
            handoffs,
            is_new: false,
            view,
        }
    }

    /// The same where there was no rotation before.
    pub fn of_a_new_one(self) -> Self {
        Self {
            is_new: true,
            ..self
        }
    }

    fn moment(&self, at: &Timestamp) -> String {
        when::dated(&self.zone, *at, self.now)
    }

    fn place(&self) -> String {
        cadence::place(&self.zone)
    }

    /// `Mon 30 Nov 10:00 – Mon 7 Dec 10:00`.
    fn span(&self, start: &Timestamp, end: Option<&Timestamp>) -> String {
        let end = end.map_or_else(|| "for good".to_owned(), |end| self.moment(end));
        format!("{} – {end}", self.moment(start))
    }

    fn format_interval(&self, interval: &Interval) -> String {
        let end = Some(interval.end()).filter(|end| *end < FOREVER);
        self.span(&interval.start(), end.as_ref())
    }

    fn gap(reason: GapReason) -> &'static str {
        timeline_chart::gap_words(reason)
    }

    /// Whose time, from when to when, and what is asked or agreed about it.
    fn swap(&self, swap: &SwapView) -> String {
        let takers = swap.taken.iter().filter_map(|one| one.person.as_ref());
        let takers: BTreeSet<&str> = takers.map(|person| person.name.as_str()).collect();
        let takers = takers.into_iter().collect::<Vec<_>>().join(", ");
        let what = match (swap.kind, takers.is_empty()) {
            ("trade", true) => "offers a trade".to_owned(),
            ("trade", false) => format!("trades with {takers}"),
            (_, true) => "asks for a cover".to_owned(),
            (_, false) => format!("is covered by {takers}"),
        };
        let given = self.span(&swap.start, Some(&swap.end));
        format!("{} {what}: {given}", swap.person.name)
    }

    fn first_moves(&self) -> &[Move] {
        self.moves.get(..ROWS).unwrap_or(&self.moves)
    }

    fn other_moves(&self) -> &[Move] {
        self.moves.get(ROWS..).unwrap_or_default()
    }

    fn counted(shifts: &[ShiftView]) -> String {
        match shifts.len() {
            1 => "1 shift".to_owned(),
            many => format!("{many} shifts"),
        }
    }
}

/// The next handoffs from `from` on, and who takes over by the order.
fn handoffs(page: &PageContext, rotation: &Rotation, from: Timestamp) -> Vec<(Timestamp, Who)> {
    let newest = rotation.newest();
    let timeline = page.snapshot.imagine(rotation.clone(), Vec::new());
    let who = |id: PersonId| Who::new(id, page.name(&id));
    let from = from.max(page.now);
    match &newest.plan {
        Plan::Ordered { handoff, .. } => {
            let before = handoff.count_through(from - chrono::TimeDelta::seconds(1));
            let turns = (before..before + HANDOFFS).map_while(|index| handoff.turn(index));
            let taken_over = turns.filter_map(|turn| {
                let entry = timeline.entry_at(Layer::Base, turn.start());
                // Duty hours may begin later in the turn.
                let shift = entry
                    .shift()
                    .copied()
                    .or_else(|| timeline.next_shift(Layer::Base, turn.start()))?;
                Some((turn.start(), who(shift.person)))
            });
            taken_over.collect()
        }
        Plan::FollowTheSun => {
            let window = Interval::from_start_and_duration(from, AHEAD);
            let shifts = timeline.shifts(Layer::Base, window);
            let shifts = shifts.iter().take(HANDOFFS);
            shifts
                .map(|shift| (shift.interval.start(), who(shift.person)))
                .collect()
        }
    }
}

/// Who gives to whom, in order of time.
fn moves(view: &PreviewView) -> Vec<Move> {
    let end = |shift: &ShiftView| shift.end.unwrap_or(FOREVER);
    let shifts = view
        .changes
        .iter()
        .flat_map(|change| change.gains.iter().chain(&change.loses));
    let borders: BTreeSet<Timestamp> = shifts.flat_map(|shift| [shift.start, end(shift)]).collect();
    let borders: Vec<Timestamp> = borders.into_iter().collect();
    let holder =
        |at: Timestamp, pick: fn(&crate::service::preview::PersonChangeView) -> &[ShiftView]| {
            let covers = |shift: &ShiftView| shift.start <= at && at < end(shift);
            let found = view
                .changes
                .iter()
                .find(|change| pick(change).iter().any(covers));
            found.map(|change| change.person.clone())
        };
    let mut moves: Vec<Move> = Vec::new();
    for (start, next) in borders.iter().zip(borders.iter().skip(1)) {
        let from = holder(*start, |change| &change.loses);
        let to = holder(*start, |change| &change.gains);
        let Some(interval) =
            Interval::new(*start, *next).filter(|_| from.is_some() || to.is_some())
        else {
            continue;
        };
        moves.push(Move { interval, from, to });
    }
    moves
}
