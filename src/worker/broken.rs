//! Somebody's own calendar cannot be read any more: they are told, once.

use chrono::TimeDelta;
use serde_json::json;

use crate::clock::new_id;
use crate::domain::calendar::Calendar;
use crate::domain::duty::RotationLookup as _;
use crate::domain::ids::CalendarId;
use crate::domain::interval::Timestamp;
use crate::domain::notice::{Block, Notice, long, short};
use crate::domain::preferences::Topic;
use crate::domain::reminder::when_at_work;
use crate::service::App;
use crate::service::calendars::CalendarView;
use crate::snapshot::Snapshot;
use crate::storage::outbox::{Mail, Outcome, Planned};
use crate::storage::types::Json;
use crate::storage::{StoreError, calendars};

/// The kind of mail.
pub(super) const KIND: &str = "calendar.broken";

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
            kind: KIND.to_owned(),
            person_id: Some(calendar.person.to_string()),
            rotation_id: None,
            payload: Json(json!({ "calendar": calendar.id, "since": since })),
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
    let text = |name: &str| mail.payload.0.get(name).and_then(|value| value.as_str());
    let id: Option<CalendarId> = text("calendar").and_then(|id| id.parse().ok());
    let since: Option<Timestamp> = text("since").and_then(|at| at.parse().ok());
    let (Some(id), Some(since)) = (id, since) else {
        return Err(Outcome::Refused("it names no calendar".to_owned()));
    };
    let found = app
        .store
        .read(|db| calendars::find(db, id))
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
    let zone = owner.zone(now);
    let view = CalendarView::from(&calendar);
    let (name, host) = (&view.name, &view.host);
    let mut facts = vec![
        ("calendar".to_owned(), format!("{name} (on {host})")),
        ("not read since".to_owned(), long(since, &zone)),
        ("times are".to_owned(), zone.name().to_owned()),
    ];
    facts.extend(view.problem.map(|why| ("because".to_owned(), why)));
    Ok(Notice {
        subject: format!(
            "Your calendar “{name}” has not been readable since {}",
            short(since, &zone)
        ),
        topic: Topic::Calendars,
        blocks: vec![
            Block::Text(
                "Dogwatch reads a calendar of yours to know when you are away, and cannot do so any more:"
                    .to_owned(),
            ),
            Block::Facts(facts),
            Block::Text(
                "The absences that it had by then still count. New ones are not seen: nobody is told that you are \
                 away in a shift of yours. Please give it its new address, share it again, or take it back."
                    .to_owned(),
            ),
            Block::Text(
                "It is tried again and again. You hear of this once, and again only if it works and then breaks another time."
                    .to_owned(),
            ),
            Block::Pages(vec![(
                "Calendars of your absences".to_owned(),
                "/me/time-off/calendars".to_owned(),
            )]),
        ],
        entries: Vec::new(),
        in_reply_to: None,
    })
}
