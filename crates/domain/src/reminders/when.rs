//! When a reminder goes out, on its recipient's clock and in their working hours.

use std::cell::OnceCell;

use chrono::{NaiveTime, TimeDelta};

use super::Lead;
use crate::people::person::Person;
use crate::time::interval::{Interval, Timestamp};

/// Working hours before a handoff are looked for so far back.
pub(super) const SEARCH: TimeDelta = TimeDelta::days(28);

/// Who does not work within this time counts as always at work.
const IDLE: TimeDelta = TimeDelta::days(14);

/// No clock is moved so far, and no day lasts so long.
const A_DAY_AND_MORE: TimeDelta = TimeDelta::hours(49);

/// For so long after a handoff it is still its moment.
const IN_TIME: TimeDelta = TimeDelta::hours(1);

/// Work is looked for so far ahead to tell what is far from what is near.
const SOON: TimeDelta = TimeDelta::days(4);

/// When somebody is to be reminded of handoffs, as far as they are to be told of them by then.
pub(super) struct Clock<'a> {
    pub(super) person: &'a Person,
    pub(super) now: Timestamp,
    pub(super) until: Timestamp,
    always_at_work: OnceCell<bool>,
    work_after: OnceCell<Option<Timestamp>>,
}

impl<'a> Clock<'a> {
    pub(super) fn new(person: &'a Person, now: Timestamp, until: Timestamp) -> Self {
        Self {
            person,
            now,
            until,
            always_at_work: OnceCell::new(),
            work_after: OnceCell::new(),
        }
    }

    /// When a reminder should go out, whether or not that has passed; `None` where it is later than any that is wanted.
    pub(super) fn planned(&self, lead: Lead, handoff: Timestamp) -> Option<Timestamp> {
        let at = match lead {
            Lead::Handoff => handoff,
            _ if self.is_far(lead, handoff) => return None,
            Lead::Days(days) => self.moved_earlier(self.days_before(handoff, days.into())),
            Lead::LastWorkingDay => self
                .last_working_day(handoff)
                .unwrap_or_else(|| self.days_before(handoff, 1)),
        };
        (at <= self.until).then_some(at)
    }

    /// Whether they begin to work between what is wanted and what this lead time is about: then it is not moved as far
    /// back as to be wanted. That is all there is to most handoffs ahead.
    fn is_far(&self, lead: Lead, handoff: Timestamp) -> bool {
        let days = match lead {
            Lead::Days(days) => days,
            Lead::LastWorkingDay | Lead::Handoff => 0,
        };
        let about = handoff - TimeDelta::days(days.into()) - A_DAY_AND_MORE;
        let begin = self.work_after.get_or_init(|| {
            let from = self.until + A_DAY_AND_MORE;
            let soon = self
                .person
                .availability(Interval::from_start_and_duration(from, SOON), self.now);
            let mut starts = soon.as_slice().iter().map(Interval::start);
            starts.find(|start| *start > from)
        });
        begin.is_some_and(|begin| begin < about)
    }

    /// The same time on the recipient's clock, some days before.
    fn days_before(&self, handoff: Timestamp, days: i64) -> Timestamp {
        let zone = self.person.zone(handoff);
        zone.to_instant(zone.to_local(handoff) - TimeDelta::days(days))
    }

    fn always_at_work(&self) -> bool {
        *self
            .always_at_work
            .get_or_init(|| always_at_work(self.person, self.now))
    }

    /// `at`, or the start of the last working period before it.
    fn moved_earlier(&self, at: Timestamp) -> Timestamp {
        let past = Interval::second_at(at).widened(SEARCH, TimeDelta::zero());
        match self.person.last_available(past, self.now) {
            Some(last) if !last.contains(at) && !self.always_at_work() => last.start(),
            _ => at,
        }
    }

    /// The start of work on the last day before the handoff's on which there is any; `None` where they do not work.
    fn last_working_day(&self, handoff: Timestamp) -> Option<Timestamp> {
        let (person, now) = (self.person, self.now);
        let zone = person.zone(handoff);
        let midnight =
            |at: Timestamp| zone.to_instant(zone.to_local(at).date().and_time(NaiveTime::MIN));
        let today = midnight(handoff);
        let past = Interval::from_start_and_duration(today - SEARCH, SEARCH);
        let last = person.last_available(past, now)?;
        if self.always_at_work() {
            return None;
        }
        let day = midnight(last.end() - TimeDelta::seconds(1));
        // Who works through midnight is at work when the day begins.
        let whole_day = Interval::new(day - TimeDelta::seconds(1), today)?;
        let working = person.availability(whole_day, now);
        let mut starts = working.as_slice().iter().map(Interval::start);
        Some(starts.find(|start| *start >= day).unwrap_or(day))
    }
}

/// `at`, where it lies ahead or they are at work now; otherwise the start of their next working period, and `latest`
/// at the latest.
#[must_use]
pub fn when_at_work(
    person: &Person,
    at: Timestamp,
    latest: Timestamp,
    now: Timestamp,
) -> Timestamp {
    if at > now || latest <= now || is_at_work(person, now) {
        return at;
    }
    person
        .next_available(now, now)
        .map_or(latest, |next| next.start())
        .min(latest)
}

/// When somebody is told what was planned for `at`, of a handoff that is `known` since then, and of use for so long: as
/// [`when_at_work`], and at the handoff at the latest. What is late for that, and what would come at night to somebody
/// who does not want it, waits for their working hours all the same, as long as it is of use then.
pub(super) fn when_told(
    person: &Person,
    at: Timestamp,
    (handoff, known): (Timestamp, Timestamp),
    until: Timestamp,
    now: Timestamp,
) -> Timestamp {
    if at > now || is_at_work(person, now) {
        return at;
    }
    let in_time = now < handoff.max(known) + IN_TIME;
    let at_night = in_time && person.preferences.handoff_outside_hours;
    if at_night && handoff <= now {
        return at;
    }
    let latest = if at_night { handoff } else { until };
    let next = person.next_available(now, now).map(|next| next.start());
    let in_the_morning = next.filter(|next| *next < latest);
    in_the_morning.unwrap_or(if handoff <= now { at } else { handoff })
}

fn is_at_work(person: &Person, now: Timestamp) -> bool {
    always_at_work(person, now) || person.available_at(now, now).is_some()
}

fn always_at_work(person: &Person, now: Timestamp) -> bool {
    let ahead = Interval::from_start_and_duration(now, IDLE);
    person.first_available(ahead, now).is_none()
}
