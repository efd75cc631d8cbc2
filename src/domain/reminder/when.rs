//! When a reminder goes out, on its recipient's clock and in their working hours.

use chrono::{NaiveTime, TimeDelta};

use super::Lead;
use crate::domain::interval::{Instant, Interval};
use crate::domain::person::Person;

/// Working hours before a handoff are looked for so far back.
pub(super) const SEARCH: TimeDelta = TimeDelta::days(28);

/// Who does not work within this time counts as always at work.
const IDLE: TimeDelta = TimeDelta::days(14);

/// When a reminder should go out, whether or not that has passed.
pub(super) fn planned(person: &Person, lead: Lead, handoff: Instant, now: Instant) -> Instant {
    match lead {
        Lead::Handoff => handoff,
        Lead::Days(days) => {
            let at = days_before(person, handoff, TimeDelta::days(days.into()));
            moved_earlier(person, at, now)
        }
        Lead::LastWorkingDay => last_working_day(person, handoff, now)
            .unwrap_or_else(|| days_before(person, handoff, TimeDelta::days(1))),
    }
}

/// `at`, where it lies ahead or they are at work now; otherwise the start of their next working period, and `latest`
/// at the latest.
#[must_use]
pub fn when_at_work(person: &Person, at: Instant, latest: Instant, now: Instant) -> Instant {
    if at > now
        || latest <= now
        || always_at_work(person, now)
        || person.available_at(now, now).is_some()
    {
        return at;
    }
    person
        .next_available(now, now)
        .map_or(latest, |next| next.start())
        .min(latest)
}

/// The same time on the recipient's clock, some days before.
fn days_before(person: &Person, handoff: Instant, days: TimeDelta) -> Instant {
    let zone = person.zone(handoff);
    zone.to_instant(zone.to_local(handoff) - days)
}

fn always_at_work(person: &Person, now: Instant) -> bool {
    let ahead = Interval::new(now, now + IDLE);
    ahead.is_none_or(|ahead| person.first_available(ahead, now).is_none())
}

/// `at`, or the start of the last working period before it.
fn moved_earlier(person: &Person, at: Instant, now: Instant) -> Instant {
    let Some(past) = Interval::new(at - SEARCH, at + TimeDelta::seconds(1)) else {
        return at;
    };
    match person.last_available(past, now) {
        Some(last) if !last.contains(at) && !always_at_work(person, now) => last.start(),
        _ => at,
    }
}

/// The start of work on the last day before the handoff's on which there is any; `None` where they do not work.
fn last_working_day(person: &Person, handoff: Instant, now: Instant) -> Option<Instant> {
    let zone = person.zone(handoff);
    let midnight = |at: Instant| zone.to_instant(zone.to_local(at).date().and_time(NaiveTime::MIN));
    let today = midnight(handoff);
    let last = person.last_available(Interval::new(today - SEARCH, today)?, now)?;
    if always_at_work(person, now) {
        return None;
    }
    let day = midnight(last.end() - TimeDelta::seconds(1));
    // Who works through midnight is at work when the day begins.
    let whole_day = Interval::new(day - TimeDelta::seconds(1), today)?;
    let working = person.availability(whole_day, now);
    let mut starts = working.as_slice().iter().map(Interval::start);
    Some(starts.find(|start| *start >= day).unwrap_or(day))
}
