//! Teams, and who is in them from when to when.

use crate::ids::{PersonId, TeamId};
use crate::time::interval::{Interval, Timestamp};
use crate::time::zone::Zone;

/// A team: whoever is in it at an instant, and those of them who manage it, is computed from its
/// memberships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// What people type: lower-case letters, digits and hyphens, unique.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// Its zone.
    pub time_zone: Zone,
    /// By person, and then in order of time; those of one person neither overlap nor touch.
    pub memberships: Vec<Membership>,
    /// Goes up with each change.
    pub version: i64,
}

/// Whether a team sees the address of somebody in it, and its managers why they are away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// It does: an administrator put them there.
    #[default]
    NotNeeded,
    /// It does not: a manager added them, and nobody who may agree has done so.
    Pending {
        /// The manager.
        added_by: Option<PersonId>,
    },
    /// It does: somebody agreed who may.
    Given {
        /// Who; `None`: not a person.
        by: Option<PersonId>,
        /// When.
        at: Timestamp,
    },
}

impl Consent {
    /// Whether somebody still has to agree.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending { .. })
    }
}

/// A stretch of time in which somebody is in a team: what was, and what is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub person: PersonId,
    /// Whether they manage the team meanwhile.
    pub manages: bool,
    /// From then on; `None`: from always.
    pub from: Option<Timestamp>,
    /// Not from then on; `None`: until further notice.
    pub until: Option<Timestamp>,
    /// Whether the team sees their address, and its managers why they are away.
    pub consent: Consent,
}

impl Membership {
    /// Of somebody who is in the team from always, until further notice.
    #[must_use]
    pub const fn of(person: PersonId) -> Self {
        Self {
            person,
            manages: false,
            from: None,
            until: None,
            consent: Consent::NotNeeded,
        }
    }

    /// Whether it holds at `at`.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && !self.is_over(at)
    }

    /// Whether it has ended by `at`.
    #[must_use]
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= at)
    }

    fn meets(&self, window: Interval) -> bool {
        self.from.is_none_or(|from| from < window.end()) && !self.is_over(window.start())
    }
}

impl Team {
    /// Who is in it at `at`, managers too, in the order of their ids.
    pub fn members(&self, at: Timestamp) -> impl Iterator<Item = PersonId> {
        let present = self.memberships.iter().filter(move |one| one.holds(at));
        present.map(|one| one.person)
    }

    /// Who manages it at `at`.
    pub fn managers(&self, at: Timestamp) -> impl Iterator<Item = PersonId> {
        let present = self.memberships.iter().filter(move |one| one.holds(at));
        present.filter(|one| one.manages).map(|one| one.person)
    }

    /// Whether somebody is in it at `at`.
    #[must_use]
    pub fn has(&self, person: PersonId, at: Timestamp) -> bool {
        self.members(at).any(|member| member == person)
    }

    /// Whether somebody is in it at `at` whose address and reasons are shared with it.
    #[must_use]
    pub fn knows(&self, person: PersonId, at: Timestamp) -> bool {
        let mut present = self.memberships.iter().filter(|one| one.holds(at));
        present.any(|one| one.person == person && !one.consent.is_pending())
    }

    /// Who added somebody whose consent is still pending at `at` or is to be later; `None` where nothing is pending.
    #[must_use]
    pub fn pending(&self, person: PersonId, at: Timestamp) -> Option<Option<PersonId>> {
        let mut theirs = self.memberships.iter().filter(|one| one.person == person);
        theirs.find_map(|one| match one.consent {
            Consent::Pending { added_by } if !one.is_over(at) => Some(added_by),
            _ => None,
        })
    }

    /// Whether somebody manages it at `at`.
    #[must_use]
    pub fn is_managed_by(&self, person: PersonId, at: Timestamp) -> bool {
        self.managers(at).any(|manager| manager == person)
    }

    /// Who is in it for all of `time`.
    pub fn members_throughout(&self, time: Interval) -> impl Iterator<Item = PersonId> {
        let lasts = move |one: &&Membership| {
            one.holds(time.start()) && one.until.is_none_or(|until| time.end() <= until)
        };
        self.memberships.iter().filter(lasts).map(|one| one.person)
    }

    /// Whether somebody is in it for all of `time`.
    #[must_use]
    pub fn has_throughout(&self, person: PersonId, time: Interval) -> bool {
        self.members_throughout(time).any(|member| member == person)
    }

    /// Who is in it for any part of `window`.
    pub fn members_within(&self, window: Interval) -> impl Iterator<Item = PersonId> {
        let some = self.memberships.iter().filter(move |one| one.meets(window));
        some.map(|one| one.person)
    }

    /// Everybody who ever was in it, or will be; some more than once.
    pub fn everybody(&self) -> impl Iterator<Item = PersonId> {
        self.memberships.iter().map(|one| one.person)
    }

    /// Has somebody be in the team from `from` on, until further notice, whatever was planned for later. Says whether
    /// that changes anything. A membership that only goes on keeps the consent that it has.
    pub fn join(&mut self, person: PersonId, from: Timestamp, consent: Consent) -> bool {
        let before = self.memberships.clone();
        let manages = before.iter().any(|one| {
            one.person == person && one.manages && !one.is_over(from) // It was planned so.
        });
        self.end(person, from);
        let last = self
            .memberships
            .iter_mut()
            .rfind(|one| one.person == person);
        match last.filter(|last| last.until == Some(from)) {
            Some(last) => last.until = None,
            None => self.memberships.push(Membership {
                manages,
                from: Some(from),
                consent,
                ..Membership::of(person)
            }),
        }
        self.sort();
        self.memberships != before
    }

    /// Has somebody not be in the team from `from` on, whatever was planned for later. Says whether that changes
    /// anything.
    pub fn leave(&mut self, person: PersonId, from: Timestamp) -> bool {
        let before = self.memberships.clone();
        self.end(person, from);
        self.memberships != before
    }

    /// Has exactly these people be in the team from `at` on. What is planned for those who were not in it, and are not
    /// to be, stays.
    pub fn set_members(
        &mut self,
        people: &[PersonId],
        at: Timestamp,
        consent: impl Fn(PersonId) -> Consent,
    ) {
        let present: Vec<PersonId> = self.members(at).collect();
        for gone in present.iter().filter(|one| !people.contains(one)) {
            self.leave(*gone, at);
        }
        for new in people.iter().filter(|one| !present.contains(one)) {
            self.join(*new, at, consent(*new));
        }
    }

    /// Records that somebody agreed at `at`, for what holds then and what is planned. Says whether anything was pending.
    pub fn agree(&mut self, person: PersonId, by: Option<PersonId>, at: Timestamp) -> bool {
        let is_pending = self.pending(person, at).is_some();
        let theirs = self.memberships.iter_mut();
        for one in theirs.filter(|one| one.person == person && !one.is_over(at)) {
            if one.consent.is_pending() {
                one.consent = Consent::Given { by, at };
            }
        }
        is_pending
    }

    /// Has exactly these people manage the team from now on, which is `at`; those who are not in it join.
    pub fn set_managers(&mut self, people: &[PersonId], at: Timestamp) {
        for person in people {
            if !self.has(*person, at) {
                self.join(*person, at, Consent::NotNeeded);
            }
        }
        for one in self.memberships.iter_mut().filter(|one| one.holds(at)) {
            one.manages = people.contains(&one.person);
        }
    }

    /// Has somebody manage the team while they are in it from `from` on.
    pub fn promote(&mut self, person: PersonId, from: Timestamp) {
        let theirs = self.memberships.iter_mut();
        for one in theirs.filter(|one| one.person == person && !one.is_over(from)) {
            one.manages = true;
        }
    }

    fn end(&mut self, person: PersonId, at: Timestamp) {
        self.memberships
            .retain(|one| one.person != person || one.from.is_none_or(|from| from < at));
        let theirs = self.memberships.iter_mut();
        for one in theirs.filter(|one| one.person == person && !one.is_over(at)) {
            one.until = Some(at);
        }
    }

    fn sort(&mut self) {
        self.memberships
            .sort_unstable_by_key(|one| (one.person, one.from));
    }
}
