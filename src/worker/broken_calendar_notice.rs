//! Somebody's own calendar cannot be read any more: they are told, once.

use chrono::TimeDelta;
use serde_json::json;

use super::deliver::payload;
use crate::clock::new_id;
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::Notice;
use crate::domain::people::calendar::Calendar;
use crate::domain::people::preferences::Topic;
use crate::domain::reminders::when_at_work;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Timestamp;
use crate::service::App;
use crate::service::messages::calendar_broken::{self as message, Payload};
use crate::snapshot::Snapshot;
use crate::storage::outbox::{Mail, Outcome, Planned};
use crate::storage::{StoreError, calendars};

/// Servers are away now and then: what comes back within this time is not told.
const BROKEN: TimeDelta = TimeDelta::days(1);

/// Their working hours are waited for so long; who has none in two weeks counts as always at work.
const PATIENCE: TimeDelta = TimeDelta::days(15);

/// For so long it is of use to hear of it.
const USE: TimeDelta = TimeDelta::days(60);

/// A mail to each owner of a calendar that has stayed broken: one, until it has worked again.
pub(super) fn plan(
    app: &App,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<Vec<Planned>, StoreError> {
    let broken = app.store.read(|db| calendars::failing(db, now - BROKEN))?;
    let mail = |calendar: &Calendar| {
        let since = calendar.failing_since?;
        let owner = snapshot.person(calendar.person)?;
        let wants = owner.active_at(now) && owner.preferences.wants(Topic::Calendars);
        wants.then(|| Planned {
            id: new_id().to_string(),
            key: format!("calendar/{}/broken/{}", calendar.id, since.timestamp()),
            kind: MessageKind::CalendarBroken.into(),
            person_id: Some(calendar.person),
            rotation_id: None,
            payload: json!(Payload {
                calendar: calendar.id,
                since,
            }),
            due_at: when_at_work(owner, now, now + PATIENCE, now),
            not_after: since + USE,
        })
    };
    let of_use = |mail: &Planned| mail.not_after > now;
    Ok(broken.iter().filter_map(mail).filter(of_use).collect())
}

/// What a mail says now.
pub(super) fn notice(
    app: &App,
    snapshot: &Snapshot,
    mail: &Mail,
    now: Timestamp,
) -> Result<Notice, Outcome> {
    let Payload { calendar, since } = payload(mail)?;
    let found = app
        .store
        .read(|db| calendars::find(db, calendar))
        .map_err(|error: StoreError| Outcome::Failed(error.to_string()))?;
    let calendar = found
        .filter(|calendar| calendar.failing_since == Some(since))
        .ok_or(Outcome::Dropped("it can be read again, or is gone"))?;
    let owner = snapshot
        .person(calendar.person)
        .ok_or(Outcome::Dropped("the person is gone"))?;
    let due = when_at_work(owner, now, now + PATIENCE, now);
    if due > now {
        return Err(Outcome::Postponed(due));
    }
    Ok(message::notice(&calendar, since, &owner.zone(now)))
}
