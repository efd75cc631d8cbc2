//! Mails about a change of a rotation, to those whom it concerns.

use super::outbox::{Queued, queue_news};
use super::scene::Scene;
use super::{Error, Tx};
use crate::domain::duty::Rota as _;
use crate::domain::ids::PersonId;
use crate::domain::interval::{FOREVER, Instant, Interval};
use crate::domain::notice::{Block, Entry, News, Notice};
use crate::domain::preferences::Topic;
use crate::domain::reminder::when_at_work;
use crate::domain::zone::Zone;

/// Writes about one rotation.
pub(super) struct Post<'a> {
    /// The rotation, its team and everybody who is named.
    pub scene: &'a Scene,
    /// When it is written.
    pub now: Instant,
}

/// All about a mail but its words.
pub(super) struct Envelope {
    /// What it says, such as `swap.offered`.
    pub kind: &'static str,
    /// Unique: of mails with the same key one is sent.
    pub key: String,
    /// What it is about, as far as people can do without it.
    pub topic: Topic,
    /// The time that it is about: it is not sent after that, and does not wait for working hours beyond its start.
    pub about: Interval,
    /// What it tells them of their shifts.
    pub news: News,
}

/// What a mail says, on its recipient's clock.
pub(super) struct Words {
    /// All of it in one line.
    pub subject: String,
    /// What follows the greeting.
    pub blocks: Vec<Block>,
    /// A shift for their calendar.
    pub shift: Option<Entry>,
}

impl Post<'_> {
    /// What somebody is who has the duty, and for whom: `Support Hero for Flags`.
    pub fn role(&self) -> String {
        format!("{} for {}", self.scene.rotation.title, self.scene.team.name)
    }

    /// What somebody is called; the first administrator has no name.
    pub fn name(&self, person: Option<PersonId>) -> &str {
        person
            .and_then(|id| self.scene.roster.person(id))
            .map_or("An administrator", |person| person.name.as_str())
    }

    /// A shift in somebody's calendar: the same entry as in reminders of it.
    pub fn entry(&self, whose: PersonId, span: Interval, cancelled: bool) -> Entry {
        let rotation = &self.scene.rotation;
        Entry {
            uid: format!("{}-{whose}-{}", rotation.id, span.start().timestamp()),
            summary: format!("{} ({})", rotation.title, self.scene.team.name),
            start: span.start(),
            end: (span.end() < FOREVER).then(|| span.end()),
            cancelled,
        }
    }

    /// Queues a mail. It goes out at once where they are at work, or where their next working hours would be too
    /// late. Whoever is gone gets none.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the database is away.
    pub fn send(
        &self,
        tx: &mut Tx<'_>,
        to: PersonId,
        envelope: Envelope,
        words: impl FnOnce(&Zone) -> Words,
    ) -> Result<(), Error> {
        let now = self.now;
        let found = self.scene.roster.person(to);
        let Some(person) = found.filter(|person| person.active_at(now)) else {
            return Ok(());
        };
        let start = envelope.about.start();
        let at_work = when_at_work(person, now, start, now);
        let Words {
            subject,
            blocks,
            shift,
        } = words(&person.zone(start.max(now)));
        let mail = Queued {
            key: envelope.key,
            kind: envelope.kind,
            to,
            rotation: Some(self.scene.rotation.id),
            due_at: if at_work < start { at_work } else { now },
            not_after: envelope.about.end(),
            notice: Notice {
                subject,
                topic: envelope.topic,
                blocks,
                entries: shift.into_iter().collect(),
                in_reply_to: None,
            },
        };
        queue_news(tx, &mail, &envelope.news, now).map(|_| ())
    }
}
