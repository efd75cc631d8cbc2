//! Reminders: who is to be told of a handoff, and when.
//!
//! What is due is computed from the final timeline alone, never remembered: whoever sends keeps the keys of what was
//! sent.

use chrono::{NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::ids::PersonId;
use super::interval::{FOREVER, Instant, Interval};
use super::person::{People, Person};
use super::rotation::{Kind as RotationKind, Plan, Rotation};
use super::timeline::{Cause, Layer, Shift, Timeline};

/// Handoffs are looked for so far back: a shift that has begun may still have to be announced.
const BACK: TimeDelta = TimeDelta::days(32);

/// Working hours before a handoff are looked for so far back.
const SEARCH: TimeDelta = TimeDelta::days(28);

/// The earliest lead time.
const WEEK: TimeDelta = TimeDelta::days(7);

/// Who does not work within this time counts as always at work.
const IDLE: TimeDelta = TimeDelta::days(14);

/// Who had the duty before is looked for so far back.
const BEFORE: TimeDelta = TimeDelta::days(400);

/// For so long it is worth saying that something was handed over.
const HANDED_OVER: TimeDelta = TimeDelta::days(1);

/// Turns of so many days have the long list of lead times.
const LONG_TURN: i64 = 5;

/// Which side of a handoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Who takes over.
    Incoming,
    /// Who hands over.
    Outgoing,
}

/// How long before a handoff, in the recipient's local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lead {
    /// Time to find a swap.
    WeekAhead,
    /// At the start of their last working day before.
    LastWorkingDay,
    /// At the handoff itself.
    Handoff,
}

/// Somebody is to be told of a handoff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The same for the same reminder, whenever it is computed; another for every other.
    pub key: String,
    /// Which side.
    pub kind: Kind,
    /// How long before.
    pub lead: Lead,
    /// Who is told.
    pub recipient: PersonId,
    /// What they take over or hand over: from the first to the last of their shifts that follow one another.
    pub shift: Shift,
    /// Whom they take over from or hand over to, where there is anybody.
    pub other: Option<PersonId>,
    /// Not before. It has passed where the reminder should go out at once.
    pub due_at: Instant,
    /// Of no use from then on.
    pub not_after: Instant,
}

/// Shifts of one person that follow one another, gaps aside.
struct Run {
    first: Shift,
    last: Shift,
}

/// One side of a handoff, of which somebody is told.
struct Side {
    kind: Kind,
    /// The shift that gives the key.
    shift: Shift,
    /// From when to when they have the duty.
    whole: Interval,
    other: Option<PersonId>,
    /// When the duty changes hands.
    handoff: Instant,
    /// How long what is said at the handoff itself is of use.
    until: Instant,
}

/// The reminders that are due by `now + horizon` and still of use at `now`, in order.
#[must_use]
pub fn due(
    timeline: &Timeline,
    people: &People,
    now: Instant,
    horizon: TimeDelta,
) -> Vec<Reminder> {
    let Some(window) = Interval::new(now - BACK, now + WEEK + SEARCH + horizon) else {
        return Vec::new();
    };
    let sides = match timeline.rotation().kind {
        RotationKind::Ordered => handoffs(timeline, window),
        RotationKind::FollowTheSun => announcements(timeline, window, now),
    };
    let mut found: Vec<Reminder> = sides
        .iter()
        .filter_map(|side| Some((side, people.get(&side.shift.person)?)))
        .filter(|(side, person)| {
            // Who hands over leaves, perhaps for good; who takes over must still be there.
            let there = side.kind == Kind::Outgoing || person.active_at(side.handoff);
            there && person.active_at(now)
        })
        .flat_map(|(side, person)| side.reminders(timeline.rotation(), person, now))
        .filter(|reminder| reminder.due_at <= now + horizon && now < reminder.not_after)
        .collect();
    found.sort_by(|a, b| (a.due_at, &a.key).cmp(&(b.due_at, &b.key)));
    found
}

/// Both sides of every handoff of an ordered rotation at which the person changes.
fn handoffs(timeline: &Timeline, window: Interval) -> Vec<Side> {
    let runs = runs(timeline.shifts(Layer::Final, window));
    let mut sides = Vec::with_capacity(runs.len() * 2);
    for (index, run) in runs.iter().enumerate() {
        let person = run.first.person;
        let before = match index.checked_sub(1) {
            Some(earlier) => runs.get(earlier).map(|run| run.last),
            None => shift_before(timeline, window.start()),
        };
        let after = runs.get(index + 1).map(|run| run.first).or_else(|| {
            let end = run.last.interval.end();
            (end < window.end())
                .then(|| timeline.next_shift(Layer::Final, end))
                .flatten()
        });
        let whole = Interval::new(run.first.interval.start(), run.last.interval.end())
            .unwrap_or(run.first.interval);
        // What began before the window was announced long ago.
        let begins =
            whole.start() >= window.start() && before.is_none_or(|before| before.person != person);
        if begins {
            sides.push(Side {
                kind: Kind::Incoming,
                shift: run.first,
                whole,
                other: before.map(|before| before.person),
                handoff: whole.start(),
                until: whole.end(),
            });
        }
        if let Some(after) = after.filter(|after| after.person != person) {
            let late = whole
                .end()
                .checked_add_signed(HANDED_OVER)
                .unwrap_or(FOREVER);
            sides.push(Side {
                kind: Kind::Outgoing,
                shift: run.last,
                whole,
                other: Some(after.person),
                handoff: whole.end(),
                until: late,
            });
        }
    }
    sides
}

/// The shifts of a follow-the-sun rotation that the working hours did not give: those by override.
fn announcements(timeline: &Timeline, window: Interval, now: Instant) -> Vec<Side> {
    let ahead = |end: Interval| end.end() > now;
    if !timeline
        .overrides()
        .iter()
        .any(|one| one.in_force().is_some_and(ahead))
    {
        return Vec::new();
    }
    let by_override = |shift: &Shift| matches!(shift.cause, Cause::Override { .. });
    let shifts = timeline.shifts(Layer::Final, window);
    let mut sides = Vec::new();
    let mut before: Option<&Shift> = None;
    for shift in &shifts {
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
                other: before
                    .map(|before| before.person)
                    .filter(|other| *other != shift.person),
                handoff: shift.interval.start(),
                until: shift.interval.end(),
            });
        }
        before = Some(shift);
    }
    sides
}

fn runs(shifts: Vec<Shift>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for shift in shifts {
        match runs.last_mut() {
            Some(run) if run.last.person == shift.person => run.last = shift,
            _ => runs.push(Run {
                first: shift,
                last: shift,
            }),
        }
    }
    runs
}

/// The last shift that ends at or before `at`, within some 400 days.
fn shift_before(timeline: &Timeline, at: Instant) -> Option<Shift> {
    // Before its first revision a rotation has overrides at most, which nobody takes over from.
    let began = timeline.rotation().revisions.first()?.effective_from;
    let (mut end, mut span) = (at, TimeDelta::days(16));
    while end > began && at - end < BEFORE {
        let window = Interval::new(end - span, end)?;
        if let Some(last) = timeline.shifts(Layer::Final, window).pop() {
            return Some(last);
        }
        end = window.start();
        span = span * 2;
    }
    None
}

impl Side {
    fn leads(&self, rotation: &Rotation) -> &'static [Lead] {
        let long = rotation
            .revision_at(self.shift.interval.start())
            .or(rotation.revisions.first())
            .is_some_and(|revision| match &revision.plan {
                Plan::Ordered { handoff, .. } => handoff.lasts_days(LONG_TURN),
                Plan::FollowTheSun => false,
            });
        match (self.kind, long) {
            (Kind::Incoming, true) => &[Lead::WeekAhead, Lead::LastWorkingDay, Lead::Handoff],
            (Kind::Outgoing, true) => &[Lead::LastWorkingDay, Lead::Handoff],
            (Kind::Incoming, false) => &[Lead::LastWorkingDay],
            (Kind::Outgoing, false) => &[],
        }
    }

    fn reminders(&self, rotation: &Rotation, person: &Person, now: Instant) -> Vec<Reminder> {
        let planned: Vec<(Lead, Instant)> = self
            .leads(rotation)
            .iter()
            .map(|lead| (*lead, planned(person, *lead, self.handoff, now)))
            .collect();
        // Where a later one is due as well it says the same: nobody gets two at once.
        let overtaken = |index: usize, at: Instant| {
            planned
                .iter()
                .skip(index + 1)
                .any(|(_, later)| *later <= at.max(now))
        };
        planned
            .iter()
            .enumerate()
            .filter(|(index, (_, at))| !overtaken(*index, *at))
            .map(|(_, (lead, at))| self.reminder(rotation, person, *lead, *at, now))
            .collect()
    }

    fn reminder(
        &self,
        rotation: &Rotation,
        person: &Person,
        lead: Lead,
        at: Instant,
        now: Instant,
    ) -> Reminder {
        let ahead = self.kind == Kind::Outgoing && lead != Lead::Handoff;
        Reminder {
            key: self.key(rotation, lead),
            kind: self.kind,
            lead,
            recipient: person.id,
            shift: Shift {
                interval: self.whole,
                ..self.shift
            },
            other: self.other,
            due_at: if lead == Lead::Handoff {
                at
            } else {
                not_at_night(person, at, self.handoff, now)
            },
            not_after: if ahead { self.handoff } else { self.until },
        }
    }

    fn key(&self, rotation: &Rotation, lead: Lead) -> String {
        let cause = match self.shift.cause {
            Cause::Turn { began } => format!("turn-{}", began.timestamp()),
            Cause::Override { id, .. } => format!("override-{id}"),
        };
        let kind = match self.kind {
            Kind::Incoming => "incoming",
            Kind::Outgoing => "outgoing",
        };
        let lead = match lead {
            Lead::WeekAhead => "week_ahead",
            Lead::LastWorkingDay => "last_working_day",
            Lead::Handoff => "handoff",
        };
        format!(
            "reminder/{}/{cause}/{}/{kind}/{lead}/{}",
            rotation.id,
            self.shift.person,
            self.shift.interval.start().timestamp()
        )
    }
}

/// When a reminder should go out, whether or not that has passed.
fn planned(person: &Person, lead: Lead, handoff: Instant, now: Instant) -> Instant {
    match lead {
        Lead::Handoff => handoff,
        Lead::WeekAhead => {
            let at = days_before(person, handoff, WEEK);
            if always_at_work(person, now) {
                at
            } else {
                moved_earlier(person, at, now)
            }
        }
        Lead::LastWorkingDay => {
            let day_before = || days_before(person, handoff, TimeDelta::days(1));
            if always_at_work(person, now) {
                day_before()
            } else {
                last_working_day(person, handoff, now).unwrap_or_else(day_before)
            }
        }
    }
}

/// The same time on the recipient's clock, some days before.
fn days_before(person: &Person, handoff: Instant, days: TimeDelta) -> Instant {
    let zone = person.zone(handoff);
    zone.to_instant(zone.to_local(handoff) - days)
}

fn always_at_work(person: &Person, now: Instant) -> bool {
    Interval::new(now, now + IDLE).is_none_or(|ahead| person.availability(ahead, now).is_empty())
}

/// `at`, or the start of the last working period before it.
fn moved_earlier(person: &Person, at: Instant, now: Instant) -> Instant {
    let Some(past) = Interval::new(at - SEARCH, at + TimeDelta::seconds(1)) else {
        return at;
    };
    let working = person.availability(past, now);
    if working.covering(at).is_some() {
        return at;
    }
    working.as_slice().last().map_or(at, Interval::start)
}

/// The start of work on the last day before the handoff's on which there is any.
fn last_working_day(person: &Person, handoff: Instant, now: Instant) -> Option<Instant> {
    let zone = person.zone(handoff);
    let midnight = |at: Instant| zone.to_instant(zone.to_local(at).date().and_time(NaiveTime::MIN));
    let today = midnight(handoff);
    let working = person.availability(Interval::new(today - SEARCH, today)?, now);
    let last = working.as_slice().last()?;
    let day = midnight(last.end() - TimeDelta::seconds(1));
    let begins = working
        .as_slice()
        .iter()
        .map(Interval::start)
        .find(|start| *start >= day);
    // Who works through midnight is at work when the day begins.
    Some(begins.unwrap_or(day))
}

/// A time that has passed becomes the start of their next working period unless they are at work, and the handoff at
/// the latest.
fn not_at_night(person: &Person, at: Instant, handoff: Instant, now: Instant) -> Instant {
    if at > now
        || handoff <= now
        || always_at_work(person, now)
        || person.available_at(now, now).is_some()
    {
        return at;
    }
    person
        .next_available(now, now)
        .map_or(handoff, |next| next.start())
        .min(handoff)
}
