//! What reminders said, as the outbox keeps it.

use crate::domain::schedule::rotation::Lead;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::ids::{PersonId, RotationId};
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::News;
use crate::domain::reminders::{Reminder, SentNotice};
use crate::domain::time::interval::{FOREVER, Interval, Timestamp};
use crate::service::outbox::NEWS;
use crate::storage::outbox::{self, Mark, Sent};
use crate::storage::{Db, StoreError};

/// The kinds of mail that tell people what is theirs, or is no longer.
fn telling() -> Vec<MessageKind> {
    let all = MessageKind::ALL.iter().copied();
    all.filter(|kind| kind.tells_of_shifts()).collect()
}

/// What is kept of what a reminder says.
#[derive(Serialize, Deserialize)]
struct Payload {
    #[serde(skip_deserializing)]
    lead: Option<Lead>,
    start: Timestamp,
    end: Option<Timestamp>,
    #[serde(default)]
    other: Option<PersonId>,
    /// Earlier versions did not keep it: then it is from start to end.
    #[serde(default)]
    has: Option<Vec<Span>>,
    #[serde(default)]
    lost: Vec<Span>,
    #[serde(default)]
    open: bool,
}

/// An interval; without an end where it never ends.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Span(Timestamp, Option<Timestamp>);

impl From<&Interval> for Span {
    fn from(interval: &Interval) -> Self {
        let end = interval.end();
        Self(interval.start(), (end < FOREVER).then_some(end))
    }
}

impl Span {
    fn interval(self) -> Option<Interval> {
        Interval::new(self.0, self.1.unwrap_or(FOREVER))
    }
}

/// What a reminder says.
pub(super) fn payload(reminder: &Reminder) -> Value {
    let Span(start, end) = Span::from(&reminder.shift.interval);
    let spans = |all: &[Interval]| all.iter().map(Span::from).collect::<Vec<_>>();
    json!(Payload {
        lead: Some(reminder.lead),
        start,
        end,
        other: reminder.other,
        has: Some(spans(&reminder.has)),
        lost: spans(&reminder.lost),
        open: reminder.open,
    })
}

/// What people were told of all rotations, read again only where that may be something else by now.
#[derive(Default)]
pub(super) struct NotificationHistory {
    mark: Option<Mark>,
    all: HashMap<RotationId, Vec<SentNotice>>,
}

impl NotificationHistory {
    pub(super) fn refresh(&mut self, db: &mut Db, now: Timestamp) -> Result<(), StoreError> {
        let mark = outbox::mark(db, &telling(), now)?;
        if self.mark.as_ref() == Some(&mark) {
            return Ok(());
        }
        self.mark = None;
        self.all.clear();
        for sent in outbox::sent(db, &telling(), None, now)? {
            if let Some((rotation, told)) = read(sent) {
                self.all.entry(rotation).or_default().push(told);
            }
        }
        for told in self.all.values_mut() {
            told.sort_unstable_by(|a, b| a.mail.cmp(&b.mail));
        }
        self.mark = Some(mark);
        Ok(())
    }

    pub(super) fn of(&self, rotation: RotationId) -> &[SentNotice] {
        self.all.get(&rotation).map_or(&[], Vec::as_slice)
    }
}

/// What people were told of a rotation.
pub(super) fn of(
    db: &mut Db,
    rotation: RotationId,
    now: Timestamp,
) -> Result<Vec<SentNotice>, StoreError> {
    let sent = outbox::sent(db, &telling(), Some(rotation), now)?;
    Ok(sent
        .into_iter()
        .filter_map(read)
        .map(|(_, told)| told)
        .collect())
}

/// `None` for what no version of this program wrote.
fn read(sent: Sent) -> Option<(RotationId, SentNotice)> {
    let told = SentNotice {
        mail: sent.id,
        person: sent.person_id?,
        at: sent.at,
        has: Vec::new(),
        lost: Vec::new(),
        open: false,
        reminds: false,
    };
    let told = if let Some(news) = sent.payload.get(NEWS) {
        let news: News = serde_json::from_value(news.clone()).ok()?;
        SentNotice {
            has: news.has(),
            lost: news.lost(),
            ..told
        }
    } else {
        let payload: Payload = serde_json::from_value(sent.payload).ok()?;
        let has = payload
            .has
            .unwrap_or_else(|| vec![Span(payload.start, payload.end)]);
        let intervals = |spans: Vec<Span>| spans.into_iter().filter_map(Span::interval).collect();
        SentNotice {
            has: intervals(has),
            lost: intervals(payload.lost),
            open: payload.open,
            reminds: true,
            ..told
        }
    };
    Some((sent.rotation_id?, told))
}
