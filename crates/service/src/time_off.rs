//! Time off: entering it, and ending it.

use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::BadTime;
use super::locked_rotation::{as_json, person_of, record_audit};
use super::preview::{self, PreviewView};
use super::swaps::{self, EndedCovers};
use super::values;
use super::views::TimeOffView;
use super::{Error, ValidationErrors, access, input};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{PersonId, TimeOffId};
use crate::domain::people::person::{Person, TimeOff};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::Zone;
use crate::snapshot::Snapshot;
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, people};

/// A preview looks so far after time off, since a plan that follows the sun is the same again only from
/// the next Saturday on, and so far in all.
const AFTERWARDS: TimeDelta = TimeDelta::days(7);
const FARTHEST: TimeDelta = TimeDelta::days(400);

/// Time off by days (both included, in the person's zone) or by instants.
#[derive(Debug, Clone, Default, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewTimeOff {
    /// The first day.
    pub first_day: Option<String>,
    /// The last day.
    pub last_day: Option<String>,
    /// The first instant.
    pub start: Option<String>,
    /// The first instant after it.
    pub end: Option<String>,
    /// Shown to the person, their managers and administrators.
    pub reason: Option<String>,
}

/// Adds time off.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`].
pub fn create(
    uow: &mut UnitOfWork<'_>,
    id: PersonId,
    new: &NewTimeOff,
) -> Result<(Person, TimeOff), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut person = person_of(uow, id)?;
    access::own_affairs(actor, id)?;
    let mut errors = ValidationErrors::new();
    let reason = values::text(&mut errors, "/reason", new.reason.as_deref());
    let when = read(&mut errors, &person, new, now);
    let off = when.zip(reason).map(|((interval, days), reason)| TimeOff {
        id: TimeOffId::from_uuid(new_id()),
        interval,
        days,
        reason,
        calendar: None,
        recorded_at: now,
        cancelled_at: None,
    });
    let off = errors.finish_with(off)?;
    people::add_time_off(uow.db(), id, &off)?;
    person.time_off.push(off.clone());
    uow.changed(Change::Person(id));
    let after = as_json(TimeOffView::of(id, &off, true))?;
    let deed = AuditEvent {
        action: AuditAction::TimeOffCreate,
        kind: "time_off",
        id: off.id.to_string(),
        before: serde_json::Value::Null,
        after,
    };
    record_audit(uow, deed)?;
    Ok((person, off))
}

type Days = Option<(NaiveDate, NaiveDate)>;

fn read(
    errors: &mut ValidationErrors,
    person: &Person,
    new: &NewTimeOff,
    now: Timestamp,
) -> Option<(Interval, Days)> {
    let by_days = new.first_day.is_some() || new.last_day.is_some();
    let by_instants = new.start.is_some() || new.end.is_some();
    let (interval, days) = match (by_days, by_instants) {
        (true, false) => {
            let zone = person.zone(now);
            let mut day = |pointer, given: &Option<String>| {
                let text = errors.required(pointer, given.as_deref())?;
                errors.check(pointer, read_day(text, &zone, now))
            };
            let first = day("/first_day", &new.first_day);
            let last = day("/last_day", &new.last_day);
            let (first, last) = (first?, last?);
            if last < first {
                errors.add("/last_day", "must not lie before first_day");
                return None;
            }
            let after = last.succ_opt()?;
            let interval = Interval::new(begins(person, first, now), begins(person, after, now));
            (interval, Some((first, last)))
        }
        (false, true) => {
            let mut instant = |pointer, given: &Option<String>| {
                let text = errors.required(pointer, given.as_deref())?;
                errors.check(pointer, input::bounded(text, now))
            };
            let start = instant("/start", &new.start);
            let end = instant("/end", &new.end);
            (Interval::new(start?, end?), None)
        }
        _ => {
            errors.add("", "give first_day and last_day, or start and end");
            return None;
        }
    };
    let pointer = if days.is_some() { "/last_day" } else { "/end" };
    let Some(interval) = interval else {
        errors.add(pointer, "must lie after the start");
        return None;
    };
    if input::within(interval.start(), now).is_err() || input::within(interval.end(), now).is_err()
    {
        errors.add(pointer, "must lie between 1970 and five years ahead");
        return None;
    }
    Some((interval, days))
}

/// When a day begins on somebody's clock, where they are by then.
fn begins(person: &Person, day: NaiveDate, now: Timestamp) -> Timestamp {
    let about = person.zone(now).to_instant(day.into());
    person.zone(about).to_instant(day.into())
}

/// A day whose beginning lies within the bounds of all instants.
fn read_day(text: &str, zone: &Zone, now: Timestamp) -> Result<NaiveDate, BadTime> {
    let day = input::date(text)?;
    input::within(zone.to_instant(day.into()), now).map(|_| day)
}

/// Ends time off: from now on where it has begun, all of it where it has not. Covers that were asked for in it are
/// withdrawn; what of them was taken is told, and stays.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], and [`Error::Conflict`] where it is
/// over.
pub fn cancel(
    uow: &mut UnitOfWork<'_>,
    id: TimeOffId,
) -> Result<(Person, TimeOff, EndedCovers), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let owner = people::of_time_off(uow.db(), id)?.ok_or(Error::NotFound("time off"))?;
    let mut person = person_of(uow, owner)?;
    let found = person.time_off.iter_mut().find(|off| off.id == id);
    let off = found.ok_or(Error::NotFound("time off"))?;
    let before = off.clone();
    access::own_affairs(actor, owner)?;
    uow.check_version(before.version())?;
    if before.cancelled_at.is_some() || before.interval.end() <= now {
        return Err(Error::conflict("it is over already"));
    }
    if before.calendar.is_some() {
        return Err(Error::conflict(
            "a calendar says so: change it there, or take the calendar back",
        ));
    }
    off.cancelled_at = Some(now);
    let after = off.clone();
    people::cancel_time_off(uow.db(), id, now)?;
    uow.changed(Change::Person(owner));
    let show = |off: &TimeOff| as_json(TimeOffView::of(owner, off, true));
    let (was, is) = (show(&before)?, show(&after)?);
    record_audit(
        uow,
        AuditEvent {
            action: AuditAction::TimeOffCancel,
            kind: "time_off",
            id: id.to_string(),
            before: was,
            after: is,
        },
    )?;
    let covers = swaps::no_longer_away(uow, &person, after.interval)?;
    Ok((person, after, covers))
}

/// What it does to all rotations that this is now the person's time off; of clashes, those with it where `is_new`, else
/// those that are left. `snapshot` is as it was before.
#[must_use]
pub fn preview(snapshot: &Snapshot, person: Person, off: &TimeOff, is_new: bool) -> PreviewView {
    let start = off.interval.start();
    let end = (off.interval.end() + AFTERWARDS).min(start + FARTHEST);
    Interval::new(start, end)
        .map(|window| preview::of_person(snapshot, person, window, is_new.then_some(off.id)))
        .unwrap_or_default()
}
