//! What people are told about swaps: those who are asked, and then both sides.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::UnitOfWork;
use crate::domain::duty::RotationLookup as _;
use crate::domain::ids::PersonId;
use crate::domain::interval::{Interval, IntervalSet, Timestamp};
use crate::domain::link::{Step, SwapStep};
use crate::domain::notice::{Block, Entry, News, Offer as Button, short};
use crate::domain::overrides::Override;
use crate::domain::person::{Person, Role};
use crate::domain::preferences::Topic;
use crate::domain::swap::{Decision, Offer, State, Swap};
use crate::domain::zone::Zone;
use crate::locked_rotation::LockedRotation;
use crate::post::{ChangeNotifier, MessageMeta, MessageText};
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
                kind: "swap.offered",
                key: format!("{}{}/{to}", self.offers(), self.swap.version),
                topic: Topic::Requests,
                about,
                news: News::default(),
                thread: self.thread(),
            };
            self.post.send(uow, to, envelope, |zone| self.offer(zone))?;
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

    /// Where there is more to see.
    fn page(&self) -> Block {
        let page = format!("/swaps/{}", self.swap.id);
        Block::Pages(vec![("See the request".to_owned(), page)])
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

    fn offer(&self, zone: &Zone) -> MessageText {
        let (role, giver) = (self.post.role(), self.post.name(Some(self.swap.giver)));
        let (times, until) = (self.asked_for(), self.swap.terms.expires_at());
        let time = times.first().copied().unwrap_or(self.swap.terms.given());
        let (subject, mut blocks, accept) = match self.swap.terms.returned() {
            None => (
                format!(
                    "Can you take over {role} from {giver} on {}?",
                    short(time.start(), zone)
                ),
                std::iter::once(Block::Text(format!(
                    "{} to take over as {role}:",
                    self.asks()
                )))
                .chain(times.iter().map(|time| Block::span(*time, zone)))
                .collect(),
                "Take it over",
            ),
            Some(returned) => (
                format!(
                    "{giver} offers a trade: {role}, {} for {}",
                    short(time.start(), zone),
                    short(returned.start(), zone)
                ),
                vec![
                    Block::Text(format!("{giver} offers a trade as {role}. You would take:")),
                    Block::span(time, zone),
                    Block::Text("and give:".to_owned()),
                    Block::span(returned, zone),
                ],
                "Accept the trade",
            ),
        };
        let note = self.swap.note.as_ref();
        blocks.extend(note.map(|note| Block::Quote("They write".to_owned(), note.clone())));
        let button = |label: &str, step: SwapStep| Button {
            label: label.to_owned(),
            step: Step::Swap(self.swap.id, step),
            until,
        };
        blocks.push(Block::Steps(vec![
            button(accept, SwapStep::Accept),
            button("Say no", SwapStep::Decline),
        ]));
        blocks.push(self.page());
        MessageText {
            subject,
            blocks,
            entries: Vec::new(),
        }
    }

    /// The time that is asked for: of a cover of which a part is taken, what is left.
    fn asked_for(&self) -> Vec<Interval> {
        let locked_rotation = self.post.locked_rotation;
        let given = self.swap.terms.given();
        if self.swap.taken(&locked_rotation.overrides).next().is_none() {
            return vec![given];
        }
        let left = self.swap.left(&locked_rotation.timeline(), self.post.now);
        left.as_slice().to_vec()
    }

    /// Who asks, and for whom.
    fn asks(&self) -> String {
        let giver = self.post.name(Some(self.swap.giver));
        if self.swap.opened_by == Some(self.swap.giver) {
            format!("{giver} asks you")
        } else {
            let opener = self.post.name(self.swap.opened_by);
            format!("{opener} asks you, for {giver},")
        }
    }

    /// Whoever wants to know: whose time it is, and whoever asked for them.
    fn requesters(&self) -> BTreeSet<PersonId> {
        let both = [Some(self.swap.giver), self.swap.opened_by];
        both.into_iter()
            .flatten()
            .filter(|id| Some(*id) != self.actor)
            .collect()
    }

    fn told(&self, kind: &'static str, to: PersonId, topic: Topic, about: Interval) -> MessageMeta {
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
        let of = |mine: bool| made.iter().filter(move |(_, to)| (*to == giver) == mine);
        let times = |mine: bool| of(mine).map(|(time, _)| *time).collect::<Vec<_>>();
        let (has, lost) = (times(true), times(false));
        let Some((first, by)) = of(false).next().copied() else {
            return Ok(());
        };
        let about = of(false).fold(first, |hull, (time, _)| hull.hull(time));
        let whole = made.iter().fold(first, |hull, (time, _)| hull.hull(time));
        let begins = made.iter().map(|(time, _)| time.start()).min();
        let undo = begins.filter(|begins| *begins > self.post.now);
        let (role, by) = (self.post.role(), self.post.name(Some(by)));
        for to in self.requesters() {
            let mut envelope = self.told("swap.accepted", to, Topic::Requests, about);
            let mut entries = Vec::new();
            if to == giver {
                envelope.news = News::new(&has, &lost);
                entries = self.entries(giver, before, whole);
            }
            self.post.send(uow, to, envelope, |zone| {
                let from = if to == giver {
                    "you"
                } else {
                    self.post.name(Some(giver))
                };
                let mut blocks = vec![Block::Text(format!(
                    "{by} takes over from {from} as {role}:"
                ))];
                blocks.extend(of(false).map(|(time, _)| Block::span(*time, zone)));
                if of(true).next().is_some() {
                    blocks.push(Block::Text(
                        "In return it is the other way round:".to_owned(),
                    ));
                    blocks.extend(of(true).map(|(time, _)| Block::span(*time, zone)));
                }
                if self.swap.state == State::Open {
                    blocks.push(Block::Text("The rest is still open.".to_owned()));
                }
                blocks.extend(undo.map(|until| {
                    Block::Steps(vec![Button {
                        label: "Undo it".to_owned(),
                        step: Step::Swap(self.swap.id, SwapStep::Undo),
                        until,
                    }])
                }));
                blocks.push(self.page());
                let when = short(first.start(), zone);
                MessageText {
                    subject: format!("{by} takes over {role} from {when}"),
                    blocks,
                    entries,
                }
            })?;
        }
        Ok(())
    }

    fn tell_declined(&self, uow: &mut UnitOfWork<'_>) -> Result<(), Error> {
        let (role, given) = (self.post.role(), self.swap.terms.given());
        for to in self.requesters() {
            let envelope = self.told("swap.declined", to, Topic::Requests, given);
            let whose = if to == self.swap.giver {
                "yours".to_owned()
            } else {
                format!("{}’s", self.post.name(Some(self.swap.giver)))
            };
            self.post.send(uow, to, envelope, |zone| MessageText {
                subject: format!(
                    "Nobody who was asked takes over {role} on {}",
                    short(given.start(), zone)
                ),
                blocks: vec![
                    Block::Text(format!(
                        "Everybody who was asked has said no. This is still {whose}, as {role}:"
                    )),
                    Block::span(given, zone),
                    Block::Text("Somebody else can be asked, or the whole team.".to_owned()),
                    self.page(),
                ],
                entries: Vec::new(),
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
        let (role, by) = (self.post.role(), self.post.name(self.actor));
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
            let mut envelope = self.told("swap.undone", to, Topic::Changes, about);
            envelope.news = News::new(&back, &lost);
            let entries = self.entries(to, before, about);
            self.post.send(uow, to, envelope, |zone| {
                let mut blocks = vec![Block::Text(format!("{by} has undone a swap, as {role}."))];
                for (times, what) in [(&back, "Yours again:"), (&lost, "No longer yours:")] {
                    if !times.is_empty() {
                        blocks.push(Block::Text(what.to_owned()));
                    }
                    blocks.extend(times.iter().map(|time| Block::span(*time, zone)));
                }
                blocks.push(self.page());
                let when = short(about.start(), zone);
                let subject = match (back.first(), lost.first()) {
                    (Some(_), None) => {
                        format!("{by} has undone a swap: you are {role} again from {when}")
                    }
                    (None, Some(_)) => {
                        format!("{by} has undone a swap: you are not {role} from {when}")
                    }
                    _ => format!("{by} has undone a trade: {role} from {when}"),
                };
                MessageText {
                    subject,
                    blocks,
                    entries,
                }
            })?;
        }
        Ok(())
    }
}
