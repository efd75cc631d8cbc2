//! What may happen to an incident next. Who may do it is decided elsewhere.

use super::{Attendance, Fact, How, Incident, Notes, Stage};
use crate::ids::PersonId;
use crate::incidents::candidates::SOON;
use crate::schedule::duty::RotationLookup;
use crate::time::interval::Timestamp;

/// Why something cannot happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentError {
    /// The incident is over.
    Resolved {
        /// Since when.
        at: Timestamp,
    },
    /// They are not among the people of the watcher rotation.
    NotInTheRotation,
    /// Somebody watches already, and is there.
    Watched {
        /// Who.
        by: PersonId,
    },
    /// Nobody watches.
    NobodyWatches,
    /// They watch already.
    WatchesAlready,
    /// They are not at work when they would take over.
    Away {
        /// When they are next.
        until: Option<Timestamp>,
    },
    /// There is no such handover.
    NoSuchHandover,
    /// The handover does not wait for an answer any more.
    HandoverClosed,
    /// The handover is offered to somebody else.
    OfferedToAnother {
        /// To whom.
        to: PersonId,
    },
    /// An instant that has to lie ahead does not.
    NotAhead,
    /// There is nothing of that number to be done.
    NoSuchItem,
    /// An incident is resolved in its own way, and only once.
    NotAStage,
}

impl Incident {
    fn must_be_open(&self) -> Result<(), IncidentError> {
        self.resolved_at
            .map_or(Ok(()), |at| Err(IncidentError::Resolved { at }))
    }

    /// Somebody takes the watch: where nobody has it, or whoever has it has left.
    ///
    /// # Errors
    ///
    /// [`IncidentError`] where that cannot be.
    pub fn take(
        &self,
        rota: &impl RotationLookup,
        person: PersonId,
        how: How,
        now: Timestamp,
    ) -> Result<Fact, IncidentError> {
        self.must_be_open()?;
        self.must_be_in_the_rotation(rota, person, now)?;
        if self.watcher() == Some(person) {
            return Err(IncidentError::WatchesAlready);
        }
        match self.attendance(rota, now) {
            Attendance::Watched { by, .. } => Err(IncidentError::Watched { by }),
            Attendance::Unwatched { .. } => Ok(Fact::Watched { person, how }),
        }
    }

    fn must_be_in_the_rotation(
        &self,
        rota: &impl RotationLookup,
        person: PersonId,
        now: Timestamp,
    ) -> Result<(), IncidentError> {
        let pool = rota
            .timeline(self.rotation)
            .and_then(|timeline| timeline.rotation().revision_at(now))
            .is_some_and(|revision| revision.order.contains(&person));
        let active = rota
            .person(person)
            .is_some_and(|person| person.active_at(now));
        if pool && active {
            Ok(())
        } else {
            Err(IncidentError::NotInTheRotation)
        }
    }

    /// The watcher offers the watch to somebody who is at work now, or when the watcher leaves.
    ///
    /// # Errors
    ///
    /// [`IncidentError`] where that cannot be.
    pub fn offer(
        &self,
        rota: &impl RotationLookup,
        to: PersonId,
        notes: Notes,
        now: Timestamp,
    ) -> Result<Fact, IncidentError> {
        self.must_be_open()?;
        let watcher = self.watcher().ok_or(IncidentError::NobodyWatches)?;
        self.must_be_in_the_rotation(rota, to, now)?;
        if to == watcher {
            return Err(IncidentError::WatchesAlready);
        }
        let leaves = match self.attendance(rota, now) {
            Attendance::Watched { until, .. } => until.unwrap_or(now),
            Attendance::Unwatched { .. } => now,
        };
        let coming = |at: Timestamp| {
            let next = rota.person(to)?.available_or_next(at, now)?;
            Some(next.start().max(at))
        };
        let at_work = |at: Timestamp| coming(at).is_some_and(|from| from <= at + SOON);
        if at_work(now) || at_work(leaves) {
            Ok(Fact::Offered { to, notes })
        } else {
            Err(IncidentError::Away { until: coming(now) })
        }
    }

    /// The watcher logs off and leaves notes for whoever comes next.
    ///
    /// # Errors
    ///
    /// [`IncidentError`] where that cannot be.
    pub fn leave(&self, notes: Notes) -> Result<Fact, IncidentError> {
        self.must_be_open()?;
        self.watch().ok_or(IncidentError::NobodyWatches)?;
        Ok(Fact::LeftNotes { notes })
    }

    fn must_wait_for_an_answer(&self, number: u32) -> Result<Option<PersonId>, IncidentError> {
        self.must_be_open()?;
        let found = self
            .handovers
            .iter()
            .find(|handover| handover.number == number)
            .ok_or(IncidentError::NoSuchHandover)?;
        self.open_handover()
            .filter(|open| open.number == found.number)
            .map(|open| open.to)
            .ok_or(IncidentError::HandoverClosed)
    }

    /// Whoever the watch is offered to accepts it. `person`: who accepts; `None`: somebody who may for anybody.
    ///
    /// # Errors
    ///
    /// [`IncidentError`] where that cannot be.
    pub fn accept(
        &self,
        rota: &impl RotationLookup,
        number: u32,
        person: Option<PersonId>,
        now: Timestamp,
    ) -> Result<Fact, IncidentError> {
        let to = self.must_answer(number, person)?;
        self.must_be_in_the_rotation(rota, to, now)?;
        Ok(Fact::Accepted { handover: number })
    }

    /// Whoever the watch is offered to declines it. `person`: who declines; `None`: somebody who may for anybody.
    ///
    /// # Errors
    ///
    /// [`IncidentError`] where that cannot be.
    pub fn decline(&self, number: u32, person: Option<PersonId>) -> Result<Fact, IncidentError> {
        self.must_answer(number, person)?;
        Ok(Fact::Declined { handover: number })
    }

    fn must_answer(
        &self,
        number: u32,
        person: Option<PersonId>,
    ) -> Result<PersonId, IncidentError> {
        let to = self
            .must_wait_for_an_answer(number)?
            .ok_or(IncidentError::HandoverClosed)?;
        match person {
            Some(person) if person != to => Err(IncidentError::OfferedToAnother { to }),
            _ => Ok(to),
        }
    }

    /// The watcher says until when they are there: earlier than their working hours end, or later.
    ///
    /// # Errors
    ///
    /// [`IncidentError`] where that cannot be.
    pub fn stay(&self, until: Timestamp, now: Timestamp) -> Result<Fact, IncidentError> {
        self.must_be_open()?;
        self.watch().ok_or(IncidentError::NobodyWatches)?;
        if until <= now {
            return Err(IncidentError::NotAhead);
        }
        Ok(Fact::Staying { until })
    }

    /// The work goes on to another stage.
    ///
    /// # Errors
    ///
    /// [`IncidentError`] where the incident is over, or would be.
    pub fn go_to(&self, stage: Stage) -> Result<Stage, IncidentError> {
        self.must_be_open()?;
        if stage == Stage::Resolved {
            return Err(IncidentError::NotAStage);
        }
        Ok(stage)
    }

    /// Customers were told something. After the end, too: that it is over.
    #[must_use]
    pub const fn tell(&self, text: String) -> Fact {
        Fact::Told { text }
    }

    /// Something is done, or is not done after all.
    ///
    /// # Errors
    ///
    /// [`IncidentError::NoSuchItem`].
    pub fn tick(&self, item: u32, done: bool) -> Result<Fact, IncidentError> {
        if self.items.iter().any(|one| one.number == item) {
            Ok(Fact::Ticked { item, done })
        } else {
            Err(IncidentError::NoSuchItem)
        }
    }

    /// It is over, with what is left to be done.
    ///
    /// # Errors
    ///
    /// [`IncidentError::Resolved`].
    pub fn resolve(&self, to_do: Vec<super::ToDo>) -> Result<Fact, IncidentError> {
        self.must_be_open()?;
        Ok(Fact::Resolved { to_do })
    }
}
