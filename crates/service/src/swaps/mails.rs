//! What people are told about swaps: those who are asked, and then both sides.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::UnitOfWork;
use crate::domain::ids::PersonId;
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::{Entry, News};
use crate::domain::people::person::{Person, Role};
use crate::domain::people::preferences::Topic;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::overrides::Override;
use crate::domain::swaps::{Decision, Offer, State, Swap};
use crate::domain::time::interval::{Interval, IntervalSet, Timestamp};
use crate::locked_rotation::LockedRotation;
use crate::messages::swap_accepted::{self, Taken};
use crate::messages::swap_undone::Undone;
use crate::messages::{swap_declined, swap_offered};
use crate::post::{ChangeNotifier, MessageMeta};
use crate::{Actor, Error, outbox};

/// Mails about one swap.
pub(super) struct Mails<'a> {
    post: ChangeNotifier<'a>,
    swap: &'a Swap,
    actor: Option<PersonId>,
}

impl<'a> Mails<'a> {
    /// About a swap as it is after what `actor` did.
    pub fn of(
        locked_rotation: &'a LockedRotation,
        swap: &'a Swap,
        actor: &Actor,
        now: Timestamp,
    ) -> Self {
        Self {
            post: ChangeNotifier {
                locked_rotation,
                now,
            },
            swap,
            actor: actor.person,
        }
    }

    /// Asks everybody to whom it is offered.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the database is away.
    pub fn ask(&self, uow: &mut UnitOfWork<'_>) -> Result<(), Error> {
        let start = self.swap.terms.given().start();
        let until = self.swap.terms.expires_at();
        // A trade is off when its first time begins.
        let about = Interval::new(start.min(until - TimeDelta::seconds(1)), until);
        let Some(about) = about else { return Ok(()) };
        for to in self.asked() {
            let envelope = MessageMeta {
                kind: MessageKind::SwapOffered,
                key: format!("{}{}/{to}", self.offers(), self.swap.version),
                topic: Topic::Requests,
                about,
                news: News::default(),
                thread: self.thread(),
            };
            self.post.send(uow, to, envelope, |zone| {
                swap_offered::text(&self.post, self.swap, zone)
            })?;
        }
        Ok(())
    }

    /// Tells both sides what has become of it; `before` are the overrides as they were.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the database is away.
    pub fn tell(
        &self,
        uow: &mut UnitOfWork<'_>,
        was: State,
        decision: &Decision,
        before: &[Override],
    ) -> Result<(), Error> {
        if self.swap.state != State::Open {
            let why = format!("the swap is {}", self.swap.state.as_str());
            outbox::withdraw_all(uow, &self.offers(), &why)?;
        }
        if !decision.made.is_empty() {
            self.tell_taken(uow, &decision.made, before)?;
        }
        if self.swap.state == State::Declined {
            self.tell_declined(uow)?;
        }
        let undone: Vec<&Override> = before
            .iter()
            .filter(|one| decision.cancelled.contains(&one.id))
            .collect();
        if !undone.is_empty() {
            self.tell_undone(uow, &undone, before)?;
        }
        if was != State::Open && self.swap.state == State::Open {
            self.ask(uow)?;
        }
        Ok(())
    }

    /// What holds the mails about it together.
    fn thread(&self) -> String {
        format!("swap-{}", self.swap.id)
    }

    /// What the keys of its offers begin with.
    fn offers(&self) -> String {
        format!("swap/{}/offered/", self.swap.id)
    }

    /// Everybody to whom it is offered, and who could take it: of the team nobody who is away all the time, or will
    /// have left.
    fn asked(&self) -> Vec<PersonId> {
        let (locked_rotation, given) = (self.post.locked_rotation, self.swap.terms.given());
        let (all, named): (Vec<PersonId>, bool) = match &self.swap.offer {
            Offer::Team => {
                let time = given.ahead(self.post.now).unwrap_or(given);
                (
                    locked_rotation.team.members_throughout(time).collect(),
                    false,
                )
            }
            Offer::People(people) => (people.clone(), true),
        };
        let time: IntervalSet = std::iter::once(given).collect();
        let could = |person: &Person| {
            let away = time.subtract(&person.away(self.post.now)).is_empty();
            person.role != Role::Viewer && (named || !away)
        };
        let others = all
            .into_iter()
            .filter(|id| *id != self.swap.giver && Some(*id) != self.actor);
        others
            .filter(|id| {
                locked_rotation
                    .snapshot
                    .person(*id)
                    .is_some_and(|one| could(one))
            })
            .collect()
    }

    /// Whoever wants to know: whose time it is, and whoever asked for them.
    fn requesters(&self) -> BTreeSet<PersonId> {
        let both = [Some(self.swap.giver), self.swap.opened_by];
        both.into_iter()
            .flatten()
            .filter(|id| Some(*id) != self.actor)
            .collect()
    }

    fn told(&self, kind: MessageKind, to: PersonId, topic: Topic, about: Interval) -> MessageMeta {
        MessageMeta {
            kind,
            key: format!("swap/{}/{}/{to}", self.swap.id, self.swap.version),
            topic,
            about,
            news: News::default(),
            thread: self.thread(),
        }
    }

    /// What is another in somebody's calendar, since overrides were as `before`.
    fn entries(&self, whose: PersonId, before: &[Override], changed: Interval) -> Vec<Entry> {
        let after = &self.post.locked_rotation.overrides;
        self.post.entries(whose, (before, after), changed)
    }

    fn tell_taken(
        &self,
        uow: &mut UnitOfWork<'_>,
        made: &[(Interval, PersonId)],
        before: &[Override],
    ) -> Result<(), Error> {
        let giver = self.swap.giver;
        let Some(taken) = Taken::of(made, giver) else {
            return Ok(());
        };
        let about = taken.hull_given();
        let whole = made.iter().fold(about, |hull, (time, _)| hull.hull(time));
        for to in self.requesters() {
            let mut envelope = self.told(MessageKind::SwapAccepted, to, Topic::Requests, about);
            let mut entries = Vec::new();
            if to == giver {
                envelope.news = News::new(&taken.returned, &taken.given);
                entries = self.entries(giver, before, whole);
            }
            self.post.send(uow, to, envelope, |zone| {
                swap_accepted::text(&self.post, self.swap, &taken, (to, entries), zone)
            })?;
        }
        Ok(())
    }

    fn tell_declined(&self, uow: &mut UnitOfWork<'_>) -> Result<(), Error> {
        let given = self.swap.terms.given();
        for to in self.requesters() {
            let envelope = self.told(MessageKind::SwapDeclined, to, Topic::Requests, given);
            self.post.send(uow, to, envelope, |zone| {
                swap_declined::text(&self.post, self.swap, to, zone)
            })?;
        }
        Ok(())
    }

    fn tell_undone(
        &self,
        uow: &mut UnitOfWork<'_>,
        undone: &[&Override],
        before: &[Override],
    ) -> Result<(), Error> {
        let giver = self.swap.giver;
        let mut concerned: BTreeSet<PersonId> =
            undone.iter().filter_map(|one| one.person).collect();
        concerned.insert(giver);
        for to in concerned {
            // What of it was theirs, and what is theirs again: of a cover the giver's, of a trade the other's too.
            let lost = undone.iter().filter(|one| one.person == Some(to));
            let back = undone.iter().filter(|one| {
                let of_giver = one.person != Some(giver);
                if to == giver { of_giver } else { !of_giver }
            });
            let (lost, back): (Vec<_>, Vec<_>) = (
                lost.map(|one| one.interval).collect(),
                back.map(|one| one.interval).collect(),
            );
            let all = lost.iter().chain(&back).copied();
            let Some(about) = all.reduce(|hull, time| hull.hull(&time)) else {
                continue;
            };
            if Some(to) == self.actor {
                continue;
            }
            let mut envelope = self.told(MessageKind::SwapUndone, to, Topic::Changes, about);
            envelope.news = News::new(&back, &lost);
            let entries = self.entries(to, before, about);
            self.post.send(uow, to, envelope, |zone| {
                let undone = Undone {
                    by: self.actor,
                    about,
                    back: &back,
                    lost: &lost,
                };
                undone.text(&self.post, self.swap, entries, zone)
            })?;
        }
        Ok(())
    }
}
