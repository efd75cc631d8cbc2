//! When a person is available: in their working hours, less time off and the public holidays that
//! count, as it was known at an instant.

use chrono::TimeDelta;

use crate::people::person::{Person, Profile};
use crate::time::holidays::{Holiday, calendar};
use crate::time::hours::days;
use crate::time::interval::{FOREVER, Interval, IntervalSet, Timestamp};

/// Availability around an instant is looked at within this time first: most of it is over within a day.
const NEAR: TimeDelta = TimeDelta::days(1);

/// What goes on for longer is looked at in stretches of this length.
const STRETCH: TimeDelta = TimeDelta::days(15);

/// Availability that runs on for longer than this counts as endless.
const ENDLESS: TimeDelta = TimeDelta::days(366);

/// The next availability is looked for within this time.
const HORIZON: TimeDelta = TimeDelta::days(400);

/// A public holiday of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicHoliday {
    /// The day.
    pub holiday: Holiday,
    /// Midnight to midnight in their zone.
    pub interval: Interval,
    /// Whether it counts as not working.
    pub observed: bool,
}

impl Person {
    /// The profile in force at `at`, as known at `known`.
    #[must_use]
    pub fn profile_at(&self, at: Timestamp, known: Timestamp) -> Option<&Profile> {
        self.known_profiles(known)
            .filter(|profile| profile.effective_from.is_none_or(|from| from <= at))
            .max_by_key(|profile| (profile.effective_from, profile.recorded_at))
    }

    fn known_profiles(&self, known: Timestamp) -> impl Iterator<Item = &Profile> {
        self.profiles
            .iter()
            .filter(move |profile| profile.recorded_at.is_none_or(|at| at <= known))
    }

    /// The instants in `window` at which something became known that can change availability.
    pub fn recordings(&self, window: Interval) -> impl Iterator<Item = Timestamp> {
        let profiles = self
            .profiles
            .iter()
            .filter_map(|profile| profile.recorded_at);
        let away = self
            .time_off
            .iter()
            .flat_map(|off| [Some(off.recorded_at), off.cancelled_at])
            .flatten();
        let gone = self.deactivation.map(|gone| gone.recorded_at);
        profiles
            .chain(away)
            .chain(gone)
            .filter(move |at| window.contains(*at))
    }

    /// When they are away, as known at `known`.
    #[must_use]
    pub fn away(&self, known: Timestamp) -> IntervalSet {
        self.time_off
            .iter()
            .filter_map(|off| off.known_at(known))
            .collect()
    }

    /// Their availability within `window`, cut to it, as known at `known`.
    #[must_use]
    pub fn availability(&self, window: Interval, known: Timestamp) -> IntervalSet {
        let gone = self.deactivation.filter(|gone| gone.recorded_at <= known);
        let end = gone.map_or(window.end(), |gone| gone.at.min(window.end()));
        let Some(window) = Interval::new(window.start(), end) else {
            return IntervalSet::default();
        };
        let working = self
            .profiles_over(window, known)
            .into_iter()
            .flat_map(|(profile, part)| profile.working(part))
            .collect::<IntervalSet>();
        working.subtract(&self.away(known))
    }

    /// The public holidays that meet `window`, in order, by the profiles known at `known`.
    #[must_use]
    pub fn public_holidays(&self, window: Interval, known: Timestamp) -> Vec<PublicHoliday> {
        self.profiles_over(window, known)
            .into_iter()
            .flat_map(|(profile, part)| profile.public_holidays(part))
            .collect()
    }

    /// The profiles in force in `window`, each with the part of it, in order, as known at `known`.
    fn profiles_over(&self, window: Interval, known: Timestamp) -> Vec<(&Profile, Interval)> {
        let mut profiles: Vec<&Profile> = self.known_profiles(known).collect();
        profiles.sort_by_key(|profile| (profile.effective_from, profile.recorded_at));
        let ends = profiles
            .iter()
            .skip(1)
            .map(|next| next.effective_from.unwrap_or(Timestamp::MIN_UTC))
            .chain([FOREVER]);
        profiles
            .iter()
            .zip(ends)
            .filter_map(|(profile, until)| {
                let from = profile.effective_from.unwrap_or(Timestamp::MIN_UTC);
                let part = Interval::new(from, until)?.intersect(&window)?;
                Some((*profile, part))
            })
            .collect()
    }

    /// The availability that holds `at`, from its true start to its true end ([`FOREVER`] where it
    /// runs on for more than a year), as known at `known`.
    #[must_use]
    pub fn available_at(&self, at: Timestamp, known: Timestamp) -> Option<Interval> {
        let (mut first, mut last) = (at - NEAR, at + NEAR);
        let around = self.availability(Interval::new(first, last)?, known);
        let mut found = *around.covering(at)?;
        // What ends before the time that was looked at does ends there; the rest may go on.
        while found.end() == last && last < at + ENDLESS {
            last += STRETCH;
            let ahead = self.availability(Interval::new(found.end(), last)?, known);
            let Some(more) = ahead.covering(found.end()) else {
                break;
            };
            found = found.hull(more);
        }
        while found.start() == first && first > at - ENDLESS {
            first -= STRETCH;
            let before = self.availability(Interval::new(first, found.start())?, known);
            let Some(more) = before.as_slice().last() else {
                break;
            };
            if more.end() < found.start() {
                break;
            }
            found = found.hull(more);
        }
        Some(if found.end() >= at + ENDLESS {
            Interval::starting_at(found.start())
        } else {
            found
        })
    }

    /// The first availability that begins after `after`, within some 400 days; none for who never stops.
    #[must_use]
    pub fn next_available(&self, after: Timestamp, known: Timestamp) -> Option<Interval> {
        let present = self.available_at(after, known);
        self.available_from(present.map_or(after, |now| now.end()), known)
    }

    /// The availability that holds `at`, or else the first that begins after it, within some 400 days.
    #[must_use]
    pub fn available_or_next(&self, at: Timestamp, known: Timestamp) -> Option<Interval> {
        self.available_at(at, known)
            .or_else(|| self.available_from(at, known))
    }

    /// The first availability from `from` on, where they are not available just before.
    fn available_from(&self, from: Timestamp, known: Timestamp) -> Option<Interval> {
        let ahead = Interval::new(from, from.checked_add_signed(HORIZON)?)?;
        let first = self.first_available(ahead, known)?;
        self.available_at(first.start(), known)
    }

    /// The first availability within `window`; no more of it is sure than that it begins so, and not how it ends.
    #[must_use]
    pub fn first_available(&self, window: Interval, known: Timestamp) -> Option<Interval> {
        let (mut from, mut stretch) = (window.start(), NEAR);
        while from < window.end() {
            let until = (from + stretch).min(window.end());
            let found = self.availability(Interval::new(from, until)?, known);
            if let Some(first) = found.as_slice().first() {
                return Some(*first);
            }
            from = until;
            stretch = (stretch * 2).min(STRETCH);
        }
        None
    }

    /// The last availability within `window`, cut to it.
    #[must_use]
    pub fn last_available(&self, window: Interval, known: Timestamp) -> Option<Interval> {
        let (mut until, mut stretch) = (window.end(), NEAR);
        let mut last: Option<Interval> = None;
        while until > window.start() {
            let from = (until - stretch).max(window.start());
            let found = self.availability(Interval::new(from, until)?, known);
            last = match (found.as_slice().last(), last) {
                (Some(more), Some(last)) if more.end() == last.start() => Some(last.hull(more)),
                (_, Some(last)) => return Some(last),
                (found, None) => found.copied(),
            };
            // What begins where was not looked before may go on there.
            if last.is_some_and(|last| last.start() > from) {
                return last;
            }
            until = from;
            stretch = (stretch * 2).min(STRETCH);
        }
        last
    }
}

impl Profile {
    /// The working hours in `part`, cut to it, without the public holidays that count.
    fn working(&self, part: Interval) -> Vec<Interval> {
        let hours = self.working_hours.intervals(&self.time_zone, part);
        let cut = hours.as_slice().iter().filter_map(|h| h.intersect(&part));
        if !self.holidays.as_ref().is_some_and(|its| its.observe) {
            return cut.collect();
        }
        let free = self
            .public_holidays(part)
            .iter()
            .map(|day| day.interval)
            .collect();
        let working = cut.collect::<IntervalSet>().subtract(&free);
        working.as_slice().to_vec()
    }

    /// The public holidays that meet `part`; none of a place that the table does not have.
    fn public_holidays(&self, part: Interval) -> Vec<PublicHoliday> {
        let Some(its) = &self.holidays else {
            return Vec::new();
        };
        let zone = &self.time_zone;
        let first = zone.to_local(part.start()).date();
        let last = zone.to_local(part.end() - TimeDelta::seconds(1)).date();
        calendar(&its.country, its.region.as_deref())
            .map(|calendar| calendar.between(first, last))
            .unwrap_or_default()
            .iter()
            .filter_map(|holiday| {
                Some(PublicHoliday {
                    holiday: *holiday,
                    interval: days(zone, holiday.date, holiday.date)?,
                    observed: its.observe,
                })
            })
            .collect()
    }
}

impl crate::people::person::TimeOff {
    /// What of it was known at `known`: nothing before it was recorded, and what is left of it
    /// once it was cancelled.
    #[must_use]
    pub fn known_at(&self, known: Timestamp) -> Option<Interval> {
        if known < self.recorded_at {
            return None;
        }
        let end = match self.cancelled_at {
            Some(at) if at <= known => at.min(self.interval.end()),
            _ => self.interval.end(),
        };
        Interval::new(self.interval.start(), end)
    }
}
