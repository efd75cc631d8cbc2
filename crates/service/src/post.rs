//! Mails about a change of a rotation, to those whom it concerns.

use chrono::TimeDelta;

use super::Error;
use super::locked_rotation::LockedRotation;
use super::outbox::{Queued, queue_news};
use crate::UnitOfWork;
use crate::domain::ids::PersonId;
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::{Block, Entry, News, Notice};
use crate::domain::people::preferences::Topic;
use crate::domain::reminders::when_at_work;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::rotation::Kind;
use crate::domain::schedule::runs::{Run, runs};
use crate::domain::schedule::timeline::{Cause, Layer};
use crate::domain::time::interval::{FOREVER, Interval, Timestamp};
use crate::domain::time::zone::Zone;

/// Shifts are looked for so far around a change: those that go on beyond it are left as they are in calendars.
const SIGHT: TimeDelta = TimeDelta::days(100);

/// Writes about one rotation.
pub(super) struct ChangeNotifier<'a> {
    /// The rotation, its team and everybody who is named.
    pub locked_rotation: &'a LockedRotation,
    /// When it is written.
    pub now: Timestamp,
}

/// All about a mail but its words.
pub(super) struct MessageMeta {
    /// What it says.
    pub kind: MessageKind,
    /// Unique: of mails with the same key one is sent.
    pub key: String,
    /// What it is about, as far as people can do without it.
    pub topic: Topic,
    /// The time that it is about: it is not sent after that, and does not wait for working hours beyond its start.
    pub about: Interval,
    /// What it tells them of their shifts.
    pub news: News,
    /// What it is one of several mails about, such as `swap-` and its id: mail programs show them together.
    pub thread: String,
}

/// What a mail says, on its recipient's clock.
pub(super) struct MessageText {
    /// All of it in one line.
    pub subject: String,
    /// What follows the greeting.
    pub blocks: Vec<Block>,
    /// Shifts for their calendar, or out of it.
    pub entries: Vec<Entry>,
}

impl ChangeNotifier<'_> {
    /// What somebody is who has the duty, and for whom: `Support Hero for Flags`.
    pub fn role(&self) -> String {
        format!(
            "{} for {}",
            self.locked_rotation.rotation.title, self.locked_rotation.team.name
        )
    }

    /// What somebody is called; the first administrator has no name.
    pub fn name(&self, person: Option<PersonId>) -> &str {
        person
            .and_then(|id| self.locked_rotation.snapshot.person(id))
            .map_or("An administrator", |person| person.name.as_str())
    }

    /// Where there is more to see.
    pub fn page(&self) -> Block {
        let rotation = format!("/rotations/{}", self.locked_rotation.rotation.id);
        Block::Pages(vec![("See who has which shift".to_owned(), rotation)])
    }

    /// What is another in somebody's calendar once overrides are not as `before` but as `after`, of which the
    /// difference lies in `changed`: what they have, as reminders have it, and what begins no longer.
    pub fn entries(
        &self,
        whose: PersonId,
        (before, after): (&[Override], &[Override]),
        changed: Interval,
    ) -> Vec<Entry> {
        let window = changed.widened(SIGHT, SIGHT);
        let had = self.runs(whose, before, window);
        let has = self.runs(whose, after, window);
        let gone = had
            .iter()
            .filter(|old| !has.iter().any(|new| new.start() == old.start()))
            .map(|old| self.entry(whose, *old, true));
        let here = has
            .iter()
            .filter(|new| !had.contains(new))
            .map(|new| self.entry(whose, *new, false));
        gone.chain(here).collect()
    }

    /// What somebody has in a window, from the first to the last of shifts that follow one another, as far as all of
    /// it can be seen and is announced: what working hours give is not.
    fn runs(&self, whose: PersonId, overrides: &[Override], window: Interval) -> Vec<Interval> {
        let rotation = &self.locked_rotation.rotation;
        let line = self
            .locked_rotation
            .snapshot
            .imagine(rotation.clone(), overrides.to_vec());
        let shifts = line.shifts(Layer::Final, window);
        let found: Vec<Run> = match rotation.kind {
            Kind::Ordered => runs(shifts),
            Kind::FollowTheSun => {
                let given = shifts
                    .into_iter()
                    .filter(|shift| matches!(shift.cause, Cause::Override { .. }));
                given.flat_map(|shift| runs(vec![shift])).collect()
            }
        };
        let found = found.iter().filter(|run| run.first.person == whose);
        found
            .map(Run::whole)
            .filter(|whole| window.start() < whole.start() && whole.end() < window.end())
            .collect()
    }

    /// A shift in somebody's calendar: the same entry as in reminders of it.
    fn entry(&self, whose: PersonId, span: Interval, cancelled: bool) -> Entry {
        let rotation = &self.locked_rotation.rotation;
        Entry {
            uid: format!("{}-{whose}-{}", rotation.id, span.start().timestamp()),
            summary: format!("{} ({})", rotation.title, self.locked_rotation.team.name),
            start: span.start(),
            end: (span.end() < FOREVER).then(|| span.end()),
            cancelled,
        }
    }

    /// Queues a mail. It goes out at once where they are at work, or where their next working hours would be too
    /// late: after its time has begun, or, for who wants no mail outside them, after that is over. Whoever is gone gets
    /// none.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the database is away.
    pub fn send(
        &self,
        uow: &mut UnitOfWork<'_>,
        to: PersonId,
        envelope: MessageMeta,
        words: impl FnOnce(&Zone) -> MessageText,
    ) -> Result<(), Error> {
        let now = self.now;
        let found = self.locked_rotation.snapshot.person(to);
        let Some(person) = found.filter(|person| person.active_at(now)) else {
            return Ok(());
        };
        let (start, end) = (envelope.about.start(), envelope.about.end());
        let may_disturb = person.preferences.handoff_outside_hours;
        let latest = if may_disturb { start } else { end };
        let at_work = when_at_work(person, now, latest, now);
        let MessageText {
            subject,
            blocks,
            entries,
        } = words(&person.zone(start.max(now)));
        let mail = Queued {
            key: envelope.key,
            kind: envelope.kind,
            to,
            rotation: Some(self.locked_rotation.rotation.id),
            due_at: if at_work < latest { at_work } else { now },
            not_after: end,
            notice: Notice {
                subject,
                topic: envelope.topic,
                blocks,
                entries,
                // There is no mail of this id: it holds those together that name it.
                in_reply_to: Some(envelope.thread),
            },
        };
        queue_news(uow, &mail, &envelope.news).map(|_| ())
    }
}
