//! Whether the watcher is there, until when, and who could be next.

use chrono::TimeDelta;

use super::{HandoverState, Incident, Watch, WatchSettings};
use crate::ids::PersonId;
use crate::incidents::candidates::{self, Candidate, SOON};
use crate::people::person::Person;
use crate::schedule::duty::{self, RotationLookup};
use crate::time::interval::{Interval, IntervalSet, Timestamp};

/// A watch is looked at so far back first.
const BACK: TimeDelta = TimeDelta::days(8);

/// Nobody is looked for, and no end of a watch, further ahead.
const AHEAD: TimeDelta = TimeDelta::days(8);

/// Whether somebody attends to an open incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attendance {
    /// The watcher is there.
    Watched {
        /// Who.
        by: PersonId,
        /// Until they leave; `None`: for days.
        until: Option<Timestamp>,
    },
    /// There is no watcher, or they have left.
    Unwatched {
        /// Since when.
        since: Timestamp,
    },
}

impl Watch {
    /// When the watcher is there, from `since` to eight days after `now`: in their working hours, for an hour where they
    /// took it outside of them, and as they said themselves.
    fn presence(&self, person: &Person, since: Timestamp, now: Timestamp) -> IntervalSet {
        let from = self.from.max(since);
        let until = now + AHEAD;
        let Some(window) = Interval::new(from, until) else {
            return IntervalSet::default();
        };
        let working = at_work(person, window, now);
        let volunteered = (from == self.from && working.covering(from).is_none())
            .then(|| Interval::from_start_and_duration(from, SOON));
        let stays = self
            .staying
            .and_then(|(said_at, until)| Interval::new(said_at, until));
        let there: IntervalSet = working
            .as_slice()
            .iter()
            .copied()
            .chain(volunteered)
            .chain(stays)
            .collect();
        let leaves = self.staying.and_then(|(_, at)| {
            let stretch = there.covering(at)?;
            Interval::new(at, stretch.end())
        });
        there.subtract(&leaves.into_iter().collect())
    }

    /// When the watcher was last there before `now`, however long ago that is.
    fn left(&self, person: &Person, now: Timestamp) -> Option<Timestamp> {
        let mut back = BACK;
        loop {
            let there = self.presence(person, now - back, now);
            let mut ends = there.as_slice().iter().map(Interval::end);
            let last = ends.rfind(|end| *end <= now);
            if last.is_some() || now - back <= self.from {
                return last;
            }
            back = back * 2;
        }
    }
}

/// When somebody is at work in `window`: what is past by what was known then, so that nobody has left in hindsight, and
/// what lies ahead of `now` by what is known now.
fn at_work(person: &Person, window: Interval, now: Timestamp) -> IntervalSet {
    let learnt = person.recordings(window).filter(|at| *at <= now);
    let mut steps: Vec<Timestamp> = [window.start()].into_iter().chain(learnt).collect();
    steps.sort_unstable();
    let ends = steps.iter().skip(1).copied().chain([window.end()]);
    let stretches = steps.iter().zip(ends);
    stretches
        .filter_map(|(from, until)| Some(person.availability(Interval::new(*from, until)?, *from)))
        .flat_map(|known| known.as_slice().to_vec())
        .collect()
}

impl Incident {
    /// Whether somebody attends to it at `now`.
    #[must_use]
    pub fn attendance(&self, rota: &impl RotationLookup, now: Timestamp) -> Attendance {
        let ended = self.watches.last().and_then(|watch| watch.until);
        let unwatched = Attendance::Unwatched {
            since: ended.unwrap_or(self.declared_at),
        };
        let Some(watch) = self.watch() else {
            return unwatched;
        };
        let Some(person) = rota.person(watch.person) else {
            return unwatched;
        };
        let there = watch.presence(person, now - BACK, now);
        if let Some(stretch) = there.covering(now) {
            return Attendance::Watched {
                by: watch.person,
                until: Some(stretch.end()).filter(|end| *end < now + AHEAD),
            };
        }
        Attendance::Unwatched {
            since: watch.left(person, now).unwrap_or(watch.from),
        }
    }

    /// Who could watch at `at` instead of the watcher, best first; those who come online later come last. Whoever has
    /// logged off is not among them before their next day.
    #[must_use]
    pub fn candidates(&self, rota: &impl RotationLookup, at: Timestamp) -> Vec<Candidate> {
        let Some(timeline) = rota.timeline(self.rotation) else {
            return Vec::new();
        };
        let watcher = self.watcher();
        candidates::at(timeline.rotation(), timeline.people(), at)
            .into_iter()
            .filter(|one| Some(one.person) != watcher && !self.has_logged_off(rota, one.person, at))
            .collect()
    }

    fn has_logged_off(&self, rota: &impl RotationLookup, person: PersonId, at: Timestamp) -> bool {
        let left = self
            .handovers
            .last()
            .filter(|last| last.state == HandoverState::Left && last.from == person)
            .and_then(|last| last.closed_at)
            .filter(|left| *left <= at);
        let day = left
            .and_then(|_| rota.person(person))
            .and_then(|person| person.available_at(at, at));
        left.zip(day).is_some_and(|(left, day)| day.contains(left))
    }

    /// Who is the best to hand over to at `at`: available then, or within the hour.
    #[must_use]
    pub fn successor(&self, rota: &impl RotationLookup, at: Timestamp) -> Option<Candidate> {
        self.candidates(rota, at).into_iter().find(|candidate| {
            candidate
                .available_from
                .is_none_or(|from| from <= at + SOON)
        })
    }

    /// When the next update for customers is due; `None` where none is.
    #[must_use]
    pub fn next_update(&self, settings: &WatchSettings) -> Option<Timestamp> {
        if !self.is_open() {
            return None;
        }
        let severity = settings.severity(self.severity.as_deref()?)?;
        let (since, minutes) = match self.updates.last() {
            Some(last) => (last.at, severity.update_every_minutes?),
            None => (self.declared_at, severity.first_update_minutes?),
        };
        Some(since + TimeDelta::minutes(minutes.into()))
    }

    /// Who tells customers at `at`: the communications manager, where there is one, else the watcher.
    #[must_use]
    pub fn update_owner(&self, rota: &impl RotationLookup, at: Timestamp) -> Option<PersonId> {
        self.communications
            .and_then(|rotation| duty::answer(rota, rotation, at)?.person)
            .or_else(|| self.watcher())
    }
}
