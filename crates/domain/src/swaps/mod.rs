//! Swaps: somebody asks for time on duty to be taken, or to be traded, and somebody takes it.
//!
//! Pure decisions: who may do what in which state, and what overrides come of it. What was taken is
//! the overrides that carry the swap's id, and nothing else: they say who took what, when, and
//! whether it was undone.

pub mod suggestion;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::ids::{OverrideId, PersonId, RotationId, SwapId};
use crate::schedule::overrides::Override;
use crate::schedule::timeline::{Entry, GapReason, Layer, Timeline};
use crate::stored::stored_as_text;
use crate::time::interval::{FOREVER, Interval, IntervalSet, Timestamp};

/// A swap lasts at most this long, as an override does.
pub const LONGEST: TimeDelta = TimeDelta::days(400);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// Somebody takes this time, or several people do.
    Cover(Interval),
    /// One person takes `given`, and gives `returned` for it.
    Trade {
        /// The giver's time.
        given: Interval,
        /// The other's time.
        returned: Interval,
    },
}

/// Whom it is offered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Everybody in the team.
    Team,
    /// These people.
    People(Vec<PersonId>),
}

/// What became of a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It, or what is left of it, can be taken.
    Open,
    /// It was taken.
    Accepted,
    /// Everybody who was named has declined.
    Declined,
    /// It was taken back before all of it was taken.
    Withdrawn,
    /// Nobody took all of it in time.
    Expired,
    /// It was accepted, and nothing of that is left.
    Undone,
}

/// A swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swap {
    /// Its id.
    pub id: SwapId,
    /// The rotation.
    pub rotation: RotationId,
    /// Whose time is given away.
    pub giver: PersonId,
    /// What is asked for.
    pub terms: Terms,
    /// Whom it is offered to.
    pub offer: Offer,
    /// Who has declined.
    pub declined: Vec<PersonId>,
    /// As it was decided last; what time has done to it since is not in it (see [`Swap::state_at`]).
    pub state: State,
    /// For those who are asked.
    pub note: Option<String>,
    /// Who opened it; `None`: the bootstrap administrator.
    pub opened_by: Option<PersonId>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When something was decided last.
    pub decided_at: Option<Timestamp>,
    /// Goes up with each decision.
    pub version: i64,
}

/// Who acts on a swap, as far as it matters to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Party {
    /// Who they are; `None` where they are nobody who could have a duty.
    pub person: Option<PersonId>,
    /// Whether they are in the rotation's team, all the time that it is about.
    pub in_team: bool,
    /// Whether they manage it.
    pub manages: bool,
    /// Whether they may do everything.
    pub administrates: bool,
}

/// What can be done to a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Taking it, or of a cover only this part.
    Accept(Option<Interval>),
    /// Saying no.
    Decline,
    /// Asking no longer.
    Withdraw,
    /// Giving back what was taken, until it begins.
    Undo,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The state since.
    pub state: State,
    /// Overrides to make: from when to when, and who takes over.
    pub made: Vec<(Interval, PersonId)>,
    /// Overrides to cancel.
    pub cancelled: Vec<OverrideId>,
    /// Who has declined by it.
    pub declined: Option<PersonId>,
}

/// Why an action is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// They may not.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// It is no longer open.
    #[error("the swap is {} already", .0.as_str())]
    NotOpen(State),
    /// It was not accepted, or not by them.
    #[error("nothing of the swap is taken that could be undone")]
    NothingTaken,
    /// What was taken has begun.
    #[error("it has begun: what has happened stays")]
    Begun,
    /// They declined before.
    #[error("they have declined already")]
    DeclinedAlready,
    /// Some of the time is not the giver's (any more).
    #[error("from {} until {} the duty is not (or no longer) theirs", .0.start().format("%Y-%m-%dT%H:%M:%SZ"), .0.end().format("%Y-%m-%dT%H:%M:%SZ"))]
    NotTheirs(Interval),
    /// Somebody has taken some of the part.
    #[error("somebody has taken some of this already")]
    Taken,
    /// The part is not one of the swap's, or is over.
    #[error("must be a part of the swap that is not over")]
    Outside,
    /// A trade is taken as a whole.
    #[error("a trade is accepted as a whole")]
    Whole,
    /// The times of a trade must lie ahead.
    #[error("the times of a trade must lie ahead")]
    TooLate,
    /// The two times of a trade overlap.
    #[error("the times of a trade must not overlap")]
    Overlap,
}

stored_as_text!(State {
    Open = "open",
    Accepted = "accepted",
    Declined = "declined",
    Withdrawn = "withdrawn",
    Expired = "expired",
    Undone = "undone",
});

impl Terms {
    /// The giver's time.
    #[must_use]
    pub const fn given(&self) -> Interval {
        match self {
            Self::Cover(given) | Self::Trade { given, .. } => *given,
        }
    }

    /// What is given in return.
    #[must_use]
    pub const fn returned(&self) -> Option<Interval> {
        match self {
            Self::Cover(_) => None,
            Self::Trade { returned, .. } => Some(*returned),
        }
    }

    /// When all of it is over.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        let given = self.given().end();
        self.returned().map_or(given, |time| time.end().max(given))
    }

    /// From when on it can no longer be accepted: a cover when all of it is over, a trade when the
    /// first of its times begins.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        match self {
            Self::Cover(given) => given.end(),
            Self::Trade { given, returned } => given.start().min(returned.start()),
        }
    }

    /// Whether `giver` can ask for it at `now`; `other` is whom a trade is offered to.
    ///
    /// # Errors
    ///
    /// [`SwapError`] where some of the time is somebody else's, or nobody's, or over.
    pub fn check(
        &self,
        timeline: &Timeline,
        giver: PersonId,
        other: Option<PersonId>,
        now: Timestamp,
    ) -> Result<(), SwapError> {
        match self {
            Self::Cover(asked) => {
                let ahead = asked.ahead(now).ok_or(SwapError::Outside)?;
                own_time(timeline, giver, ahead).map(|_| ())
            }
            Self::Trade { given, returned } => {
                if self.expires_at() <= now {
                    return Err(SwapError::TooLate);
                }
                if given.overlaps(returned) {
                    return Err(SwapError::Overlap);
                }
                own_time(timeline, giver, *given)?;
                match other {
                    Some(other) => own_time(timeline, other, *returned).map(|_| ()),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Offer {
    /// Whether it is offered to `party`.
    #[must_use]
    pub fn reaches(&self, party: &Party) -> bool {
        match self {
            Self::Team => party.in_team,
            Self::People(people) => party.person.is_some_and(|person| people.contains(&person)),
        }
    }
}

impl Swap {
    /// What has become of it by `now`.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> State {
        if self.state == State::Open && self.terms.expires_at() <= now {
            State::Expired
        } else {
            self.state
        }
    }

    /// The overrides that stand for what was taken, as far as they are in force: undone ones aside.
    pub fn taken<'a>(
        &'a self,
        overrides: &'a [Override],
    ) -> impl Iterator<Item = &'a Override> + 'a {
        overrides
            .iter()
            .filter(|one| one.swap == Some(self.id) && one.in_force().is_some())
    }

    /// What can still be taken: of a cover, the giver's own time in it from `now` on.
    #[must_use]
    pub fn left(&self, timeline: &Timeline, now: Timestamp) -> IntervalSet {
        let open = self.state_at(now) == State::Open;
        let ahead = self.terms.given().ahead(now).filter(|_| open);
        ahead
            .map(|ahead| time_of(timeline, self.giver, ahead))
            .unwrap_or_default()
    }

    /// What `action` by `party` does at `now`.
    ///
    /// # Errors
    ///
    /// [`SwapError`]; nothing is to be done then.
    pub fn decide(
        &self,
        timeline: &Timeline,
        party: &Party,
        action: Action,
        now: Timestamp,
    ) -> Result<Decision, SwapError> {
        let is_giver = party.person == Some(self.giver);
        let asked = party.person.filter(|_| !is_giver);
        match action {
            Action::Accept(part) => {
                let by = asked
                    .filter(|_| self.offer.reaches(party) || party.administrates)
                    .ok_or(SwapError::NotAllowed("the swap is not offered to you"))?;
                self.must_be_open(now)?;
                match self.terms {
                    Terms::Cover(given) => self.cover(timeline, given, by, part, now),
                    Terms::Trade { given, returned } if part.is_none() => {
                        self.trade(timeline, given, returned, by)
                    }
                    Terms::Trade { .. } => Err(SwapError::Whole),
                }
            }
            Action::Decline => {
                let by = asked
                    .filter(|_| self.offer.reaches(party))
                    .ok_or(SwapError::NotAllowed("the swap is not offered to you"))?;
                self.must_be_open(now)?;
                self.decline(by)
            }
            Action::Withdraw => {
                if !is_giver && !party.manages {
                    return Err(SwapError::NotAllowed(
                        "only whose time it is and managers of the team withdraw a swap",
                    ));
                }
                self.must_be_open(now)?;
                Ok(Decision::to(State::Withdrawn))
            }
            Action::Undo => self.undo(timeline, party, now),
        }
    }

    fn must_be_open(&self, now: Timestamp) -> Result<(), SwapError> {
        match self.state_at(now) {
            State::Open => Ok(()),
            other => Err(SwapError::NotOpen(other)),
        }
    }

    fn cover(
        &self,
        timeline: &Timeline,
        given: Interval,
        by: PersonId,
        part: Option<Interval>,
        now: Timestamp,
    ) -> Result<Decision, SwapError> {
        let wanted = part.unwrap_or(given);
        if given.intersect(&wanted) != Some(wanted) {
            return Err(SwapError::Outside);
        }
        let wanted = wanted.ahead(now).ok_or(SwapError::Outside)?;
        let taken: IntervalSet = self
            .taken(timeline.overrides())
            .filter_map(Override::in_force)
            .collect();
        let whole: IntervalSet = std::iter::once(wanted).collect();
        let free = whole.subtract(&taken);
        if part.is_some() && free != whole {
            return Err(SwapError::Taken);
        }
        let mut made = Vec::new();
        for piece in free.as_slice() {
            made.extend(check_own(timeline, self.giver, *piece)?);
        }
        if made.is_empty() {
            return Err(SwapError::NotTheirs(wanted));
        }
        let covered: IntervalSet = made.iter().copied().collect();
        let rest = self.left(timeline, now).subtract(&covered);
        let state = if rest.is_empty() {
            State::Accepted
        } else {
            State::Open
        };
        Ok(Decision {
            made: made.into_iter().map(|piece| (piece, by)).collect(),
            ..Decision::to(state)
        })
    }

    fn trade(
        &self,
        timeline: &Timeline,
        given: Interval,
        returned: Interval,
        by: PersonId,
    ) -> Result<Decision, SwapError> {
        let mut made = Vec::new();
        for (whose, time, taker) in [(self.giver, given, by), (by, returned, self.giver)] {
            let pieces = own_time(timeline, whose, time)?;
            made.extend(pieces.into_iter().map(|piece| (piece, taker)));
        }
        Ok(Decision {
            made,
            ..Decision::to(State::Accepted)
        })
    }

    fn decline(&self, by: PersonId) -> Result<Decision, SwapError> {
        if self.declined.contains(&by) {
            return Err(SwapError::DeclinedAlready);
        }
        let everybody = match &self.offer {
            Offer::Team => false,
            Offer::People(people) => people
                .iter()
                .all(|person| *person == by || self.declined.contains(person)),
        };
        let state = if everybody {
            State::Declined
        } else {
            State::Open
        };
        Ok(Decision {
            declined: Some(by),
            ..Decision::to(state)
        })
    }

    /// Who took something gives that back, and it can be taken again where the rest still can; the
    /// giver and managers undo all of it. A trade is undone as a whole.
    fn undo(
        &self,
        timeline: &Timeline,
        party: &Party,
        now: Timestamp,
    ) -> Result<Decision, SwapError> {
        let all: Vec<&Override> = self.taken(timeline.overrides()).collect();
        let is_giver = party.person == Some(self.giver);
        let is_theirs = |one: &Override| one.person.is_some() && one.person == party.person;
        let has_taken = !is_giver && all.iter().any(|one| is_theirs(one));
        if !is_giver && !has_taken && !party.manages {
            return Err(SwapError::NotAllowed(
                "only the two sides and managers of the team undo a swap",
            ));
        }
        let is_trade = matches!(self.terms, Terms::Trade { .. });
        let only_theirs = has_taken && !is_trade;
        // One acceptance stands or falls as a whole: it has begun when the first of it has.
        let has_begun = |one: &Override| {
            all.iter()
                .filter(|other| is_trade || same_acceptance(one, other))
                .any(|other| other.interval.start() <= now)
        };
        let (undone, kept): (Vec<&Override>, Vec<&Override>) = all
            .iter()
            .copied()
            .partition(|one| !has_begun(one) && (!only_theirs || is_theirs(one)));
        if undone.is_empty() {
            return Err(if all.is_empty() {
                SwapError::NothingTaken
            } else {
                SwapError::Begun
            });
        }
        let end = timeline.rotation().archived_at.unwrap_or(FOREVER);
        for one in &undone {
            let person = one.person.ok_or(SwapError::NotTheirs(one.interval))?;
            // Beyond the end of the rotation it is nobody's.
            if let Some(theirs) = one.in_force().and_then(|left| left.until(end)) {
                own_time(timeline, person, theirs)?;
            }
        }
        Ok(Decision {
            cancelled: undone.iter().map(|one| one.id).collect(),
            ..Decision::to(self.state_once_undone(only_theirs, kept.is_empty()))
        })
    }

    /// The state once something was handed back by who took it, or undone by the giver.
    const fn state_once_undone(&self, handed_back: bool, all_of_it: bool) -> State {
        match self.state {
            State::Open if handed_back => State::Open,
            State::Accepted if handed_back && !all_of_it => State::Open,
            State::Open | State::Accepted if all_of_it => State::Undone,
            State::Open => State::Accepted,
            other => other,
        }
    }
}

impl Decision {
    const fn to(state: State) -> Self {
        Self {
            state,
            made: Vec::new(),
            cancelled: Vec::new(),
            declined: None,
        }
    }
}

/// Whether two overrides of a cover were made by one acceptance.
fn same_acceptance(one: &Override, other: &Override) -> bool {
    one.person == other.person && one.created_at == other.created_at
}

/// When `person` has the duty in `window`, by the final timeline.
#[must_use]
pub fn time_of(timeline: &Timeline, person: PersonId, window: Interval) -> IntervalSet {
    let shifts = timeline.shifts(Layer::Final, window);
    shifts
        .iter()
        .filter(|shift| shift.person == person)
        .filter_map(|shift| shift.interval.intersect(&window))
        .collect()
}

/// The time of `person` in `interval`, of which there must be some.
///
/// # Errors
///
/// [`SwapError::NotTheirs`] where there is none, or others have some, or somebody was taken out of it.
pub fn own_time(
    timeline: &Timeline,
    person: PersonId,
    interval: Interval,
) -> Result<Vec<Interval>, SwapError> {
    let pieces = check_own(timeline, person, interval)?;
    if pieces.is_empty() {
        return Err(SwapError::NotTheirs(interval));
    }
    Ok(pieces)
}

/// The time of `person` in `interval`, in which nobody else may have any, nor anybody have been
/// taken out of it. Hours in which nobody ever has the duty stand in nobody's way.
fn check_own(
    timeline: &Timeline,
    person: PersonId,
    interval: Interval,
) -> Result<Vec<Interval>, SwapError> {
    let entries = timeline.entries(Layer::Final, interval);
    for entry in &entries {
        if !is_own(entry, person) && !is_closed(entry) {
            let foreign = entry.interval().intersect(&interval).unwrap_or(interval);
            return Err(SwapError::NotTheirs(foreign));
        }
    }
    Ok(time_of(timeline, person, interval).as_slice().to_vec())
}

fn is_own(entry: &Entry, person: PersonId) -> bool {
    entry.shift().is_some_and(|shift| shift.person == person)
}

const fn is_closed(entry: &Entry) -> bool {
    match entry {
        Entry::Shift(_) => false,
        Entry::Gap(gap) => matches!(gap.reason, GapReason::DutyHours | GapReason::OutOfHours),
    }
}

/// The stretches of `window` for which `person` can ask for a cover: their time on duty, closed
/// hours between it included, and nobody else's.
#[must_use]
pub fn stretches(timeline: &Timeline, person: PersonId, window: Interval) -> Vec<Interval> {
    let mut found: Vec<Interval> = Vec::new();
    let mut goes_on = false;
    for entry in timeline.entries(Layer::Final, window) {
        let Some(interval) = entry.interval().intersect(&window) else {
            continue;
        };
        if is_own(&entry, person) {
            match found.last_mut().filter(|_| goes_on) {
                Some(last) => {
                    *last = Interval::new(last.start(), interval.end()).unwrap_or(interval);
                }
                None => found.push(interval),
            }
            goes_on = true;
        } else {
            goes_on = goes_on && is_closed(&entry);
        }
    }
    found.retain(|one| one.end() < FOREVER);
    found
}
