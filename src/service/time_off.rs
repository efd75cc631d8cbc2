//! Time off: entering it, and ending it.

use serde::Deserialize;
use utoipa::ToSchema;

use super::scene::{as_json, note, person_of};
use super::values;
use super::views::TimeOffView;
use super::{Actor, Error, Faults, access, input};
use crate::clock::new_id;
use crate::domain::hours;
use crate::domain::ids::{PersonId, TimeOffId};
use crate::domain::interval::{Instant, Interval};
use crate::domain::person::{Person, TimeOff};
use crate::storage::audit::Deed;
use crate::storage::{Change, Tx, people};

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
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: PersonId,
    new: &NewTimeOff,
    now: Instant,
) -> Result<(Person, TimeOff), Error> {
    let mut person = person_of(tx, id)?;
    access::own_affairs(actor, id)?;
    let mut faults = Faults::new();
    let reason = values::text(&mut faults, "/reason", new.reason.as_deref());
    let when = read(&mut faults, &person, new, now);
    let off = when.zip(reason).map(|((interval, days), reason)| TimeOff {
        id: TimeOffId::from_uuid(new_id()),
        interval,
        days,
        reason,
        recorded_at: now,
        cancelled_at: None,
    });
    let off = faults.finish_with(off)?;
    people::add_time_off(tx.db(), id, &off)?;
    person.time_off.push(off.clone());
    tx.changed(Change::Person(id));
    let after = as_json(TimeOffView::of(id, &off, true))?;
    let deed = Deed {
        action: "time_off.create",
        kind: "time_off",
        id: off.id.to_string(),
        before: serde_json::Value::Null,
        after,
    };
    note(tx, actor, now, deed)?;
    Ok((person, off))
}

type Days = Option<(chrono::NaiveDate, chrono::NaiveDate)>;

fn read(
    faults: &mut Faults,
    person: &Person,
    new: &NewTimeOff,
    now: Instant,
) -> Option<(Interval, Days)> {
    let (interval, days) = match (&new.first_day, &new.last_day, &new.start, &new.end) {
        (Some(first), Some(last), None, None) => {
            let first = faults.check("/first_day", input::date(first));
            let last = faults.check("/last_day", input::date(last));
            let (first, last) = (first?, last?);
            if last < first {
                faults.add("/last_day", "must not lie before first_day");
                return None;
            }
            (
                hours::days(&person.zone(now), first, last),
                Some((first, last)),
            )
        }
        (None, None, Some(start), Some(end)) => {
            let start = faults.check("/start", input::bounded(start, now));
            let end = faults.check("/end", input::bounded(end, now));
            (Interval::new(start?, end?), None)
        }
        _ => {
            faults.add("", "give first_day and last_day, or start and end");
            return None;
        }
    };
    let pointer = if days.is_some() { "/last_day" } else { "/end" };
    let Some(interval) = interval else {
        faults.add(pointer, "must lie after the start");
        return None;
    };
    if input::within(interval.start(), now).is_err() || input::within(interval.end(), now).is_err()
    {
        faults.add(pointer, "must lie between 1970 and five years ahead");
        return None;
    }
    Some((interval, days))
}

/// Ends time off: from now on where it has begun, all of it where it has not.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`], and [`Error::Conflict`] where it is over.
pub fn cancel(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: TimeOffId,
    now: Instant,
) -> Result<(PersonId, TimeOff), Error> {
    let everybody = people::load(tx.db(), None)?;
    let found = everybody.iter().find_map(|person| {
        let off = person.time_off.iter().find(|off| off.id == id)?;
        Some((person.id, off.clone()))
    });
    let (person, before) = found.ok_or(Error::NotFound("time off"))?;
    access::own_affairs(actor, person)?;
    if before.cancelled_at.is_some() || before.interval.end() <= now {
        return Err(Error::conflict("it is over already"));
    }
    let after = TimeOff {
        cancelled_at: Some(now),
        ..before.clone()
    };
    people::cancel_time_off(tx.db(), id, now)?;
    tx.changed(Change::Person(person));
    let show = |off: &TimeOff| as_json(TimeOffView::of(person, off, true));
    let (was, is) = (show(&before)?, show(&after)?);
    note(
        tx,
        actor,
        now,
        Deed {
            action: "time_off.cancel",
            kind: "time_off",
            id: id.to_string(),
            before: was,
            after: is,
        },
    )?;
    Ok((person, after))
}
