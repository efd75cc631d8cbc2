//! Reminders: who is to be told of a handoff, and when; and who was told of one that has become another.
//!
//! What is due is computed from the final timeline and from what people were told: whoever sends keeps that, and the
//! keys of what was sent.

pub mod digest;

mod sides;
mod told;
mod when;

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::ids::PersonId;
use crate::people::person::{People, Person};
use crate::people::preferences::Topic;
use crate::schedule::rotation::{HandoverSide, Kind as RotationKind, Lead, Rotation};
use crate::schedule::runs::runs;
use crate::schedule::timeline::{Cause, Layer, Shift, Timeline};
use crate::time::interval::{Interval, Timestamp};
use sides::Side;
use told::Knowledge;
pub use told::SentNotice;
pub use when::when_at_work;
use when::{Clock, when_told};

/// Handoffs are looked for so far back: a shift that has begun may still have to be announced.
const BACK: TimeDelta = TimeDelta::days(32);

/// What a reminder is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Who takes over.
    Incoming,
    /// Who hands over.
    Outgoing,
    /// Whose shifts are others than they were told.
    Changed,
}

impl Kind {
    /// What people can say that they do not want.
    #[must_use]
    pub const fn topic(self) -> Topic {
        match self {
            Self::Incoming => Topic::Incoming,
            Self::Outgoing => Topic::Outgoing,
            Self::Changed => Topic::Changes,
        }
    }
}

/// Somebody is to be told of a handoff, or of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The same for the same reminder, whenever it is computed; another for every other.
    pub key: String,
    /// What it is about.
    pub kind: Kind,
    /// How long before.
    pub lead: Lead,
    /// Who is told.
    pub recipient: PersonId,
    /// What they take over or hand over: from the first to the last of their shifts that follow one another. Of a
    /// change, from the first to the last of what is not as they were told.
    pub shift: Shift,
    /// Whom they take over from or hand over to, where there is anybody.
    pub other: Option<PersonId>,
    /// Not before. It has passed where the reminder should go out at once.
    pub due_at: Timestamp,
    /// Of no use from then on.
    pub not_after: Timestamp,
    /// What it tells them is theirs: each from the first to the last of shifts that follow one another.
    pub runs: Vec<Interval>,
    /// The same without the gaps in between.
    pub has: Vec<Interval>,
    /// What it tells them is theirs no longer.
    pub lost: Vec<Interval>,
    /// What they were told begins then, where nothing of theirs begins any more.
    pub gone: Vec<Interval>,
    /// Whether what is theirs goes on beyond what can be seen.
    pub open: bool,
    /// The mail that it corrects, or that was corrected: the first of those about what is others' now, or theirs.
    pub follows: Option<String>,
}

/// The reminders that are due by `now + horizon` and still of use at `now`, in order. `told` is what people were told
/// of this rotation, by mails that are still of use.
#[must_use]
pub fn due(
    timeline: &Timeline,
    people: &People,
    told: &[SentNotice],
    now: Timestamp,
    horizon: TimeDelta,
) -> Vec<Reminder> {
    let rotation = timeline.rotation();
    let ahead = TimeDelta::days(rotation.reminders.earliest().into()) + when::SEARCH + horizon;
    let window = Interval::from_start_and_duration(now - BACK, BACK + ahead);
    let shifts = timeline.shifts(Layer::Final, window);
    let (sides, runs) = match rotation.kind {
        RotationKind::Ordered => {
            let runs = runs(shifts);
            (sides::handoffs(timeline, &runs, window), runs)
        }
        RotationKind::FollowTheSun => {
            let sides = sides::announcements(timeline, &shifts, now);
            // What the working hours give is not announced, and does not grow out of what is.
            let runs = shifts.into_iter().flat_map(|shift| runs(vec![shift]));
            (sides, runs.collect())
        }
    };
    let known = told::knowledge(told);
    let mut clocks: HashMap<PersonId, Clock<'_>> = HashMap::new();
    let mut found: Vec<Reminder> = sides
        .iter()
        .filter(|side| side.until > now)
        .filter_map(|side| Some((side, people.get(&side.shift.person)?)))
        .filter(|(side, person)| {
            // Who hands over leaves, perhaps for good; who takes over must still be there.
            let there = side.kind == Kind::Outgoing || person.active_at(side.handoff);
            there && person.active_at(now) && person.preferences.wants(side.kind.topic())
        })
        .flat_map(|(side, person)| {
            let clock = clocks
                .entry(person.id)
                .or_insert_with(|| Clock::new(person, now, now + horizon));
            side.reminders(rotation, clock, &known)
        })
        .collect();
    if !told.is_empty() {
        let changes = told::changes(timeline, people, &runs, &known, window, now);
        // Who hears of a change need not hear of the same shift at the same time for another reason.
        let said = |reminder: &Reminder| {
            changes.iter().any(|change| {
                change.recipient == reminder.recipient
                    && reminder.due_at <= change.due_at
                    && change.has.iter().any(|piece| reminder.has.contains(piece))
            })
        };
        found.retain(|reminder| reminder.kind == Kind::Outgoing || !said(reminder));
        found.extend(changes);
    }
    found.retain(|reminder| {
        let wanted = people
            .get(&reminder.recipient)
            .is_some_and(|person| person.preferences.wants(reminder.kind.topic()));
        wanted && reminder.due_at <= now + horizon && now < reminder.not_after
    });
    found.sort_by(|a, b| (a.due_at, &a.key).cmp(&(b.due_at, &b.key)));
    found
}

/// The lead times in force for this kind of reminder; a change is told at once.
fn lead_times(rotation: &Rotation, kind: Kind, at: Timestamp) -> Vec<Lead> {
    match kind {
        Kind::Incoming => rotation.lead_times(HandoverSide::Incoming, at),
        Kind::Outgoing => rotation.lead_times(HandoverSide::Outgoing, at),
        Kind::Changed => Vec::new(),
    }
}

impl Side {
    fn reminders(
        &self,
        rotation: &Rotation,
        clock: &Clock<'_>,
        known: &BTreeMap<PersonId, Knowledge<'_>>,
    ) -> Vec<Reminder> {
        let (person, now) = (clock.person, clock.now);
        let nothing = Knowledge::default();
        let known = known.get(&person.id).unwrap_or(&nothing);
        let mut planned: Vec<(Timestamp, Lead)> =
            lead_times(rotation, self.kind, self.shift.interval.start())
                .into_iter()
                .filter_map(|lead| Some((clock.planned(lead, self.handoff)?, lead)))
                .filter(|(_, lead)| *lead != Lead::Handoff || self.may_disturb(person, now))
                .collect();
        planned.sort_unstable();
        // Where a later one is due as well it says the same: nobody gets two at once.
        let overtaken = |index: usize, at: Timestamp| {
            planned
                .iter()
                .skip(index + 1)
                .any(|(later, _)| *later <= at.max(now))
        };
        let told =
            |at: Timestamp| self.kind == Kind::Incoming && known.was_told_since(at, &self.pieces);
        planned
            .iter()
            .enumerate()
            .filter(|(index, (at, _))| !overtaken(*index, *at) && !told(*at))
            .map(|(_, (at, lead))| {
                let due_at = self.due_at(person, *lead, *at, now);
                self.reminder(rotation, person, known, *lead, due_at)
            })
            .collect()
    }

    /// Until when the reminder of this lead is of use.
    fn useful_until(&self, lead: Lead) -> Timestamp {
        let ahead = self.kind == Kind::Outgoing && lead != Lead::Handoff;
        if ahead { self.handoff } else { self.until }
    }

    fn due_at(&self, person: &Person, lead: Lead, at: Timestamp, now: Timestamp) -> Timestamp {
        let handoff = (self.handoff, self.known);
        when_told(person, at, handoff, self.useful_until(lead), now)
    }

    /// Whether the reminder at the handoff itself may reach them then.
    fn may_disturb(&self, person: &Person, now: Timestamp) -> bool {
        person.preferences.handoff_outside_hours || person.available_at(self.handoff, now).is_some()
    }

    fn reminder(
        &self,
        rotation: &Rotation,
        person: &Person,
        known: &Knowledge<'_>,
        lead: Lead,
        due_at: Timestamp,
    ) -> Reminder {
        Reminder {
            key: self.key(rotation, known, lead),
            kind: self.kind,
            lead,
            recipient: person.id,
            shift: Shift {
                interval: self.whole,
                ..self.shift
            },
            other: self.other,
            due_at,
            not_after: self.useful_until(lead),
            runs: vec![self.whole],
            has: self.pieces.clone(),
            lost: Vec::new(),
            gone: Vec::new(),
            open: self.open,
            // What comes back goes on where they first heard of it.
            follows: known
                .taken_away_by(&self.pieces)
                .and_then(|_| known.first_of(&self.pieces))
                .map(|first| first.mail.clone()),
        }
    }

    fn key(&self, rotation: &Rotation, known: &Knowledge<'_>, lead: Lead) -> String {
        let cause = match self.shift.cause {
            Cause::Turn { began } => format!("turn-{}", began.timestamp()),
            Cause::Override { id, .. } => format!("override-{id}"),
        };
        let kind = match self.kind {
            Kind::Incoming => "incoming",
            Kind::Outgoing => "outgoing",
            Kind::Changed => "changed",
        };
        let lead = match lead {
            Lead::Days(7) => "week_ahead".to_owned(),
            Lead::Days(days) => format!("days-{days}"),
            Lead::LastWorkingDay => "last_working_day".to_owned(),
            Lead::Handoff => "handoff".to_owned(),
        };
        let again = known
            .taken_away_by(&self.pieces)
            .map(|mail| format!("/after-{mail}"))
            .unwrap_or_default();
        format!(
            "reminder/{}/{cause}/{}/{kind}/{lead}/{}{again}",
            rotation.id,
            self.shift.person,
            self.shift.interval.start().timestamp()
        )
    }
}
