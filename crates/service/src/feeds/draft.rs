//! A feed on its way from the roster to a calendar: what it shows, how that was told before, and how it
//! is written down. No part of it waits for anything.

use std::collections::HashMap;

use chrono::TimeDelta;

use super::items::{self, Entry, Origins, Source};
use crate::calendar::{self, Event, LocalTimes, Look};
use crate::domain::ids::RotationId;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::feed::{Feed, Scope, horizon, today};
use crate::domain::schedule::publication::{Edition, Item, Publication, publish};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::snapshot::Snapshot;

/// More events than this, and Google refuses a calendar.
const MOST_EVENTS: usize = 1000;

/// So many days ahead, or back, are looked at first: where that is as much as a feed shows, nothing beyond is.
const NEAR: [i64; 4] = [2, 8, 32, 128];

/// What calendars were told of some rotations.
pub type Told = HashMap<RotationId, Vec<Publication>>;

/// What they are told now, by rotation.
pub type Editions = HashMap<RotationId, Written>;

/// Entries, and how each of them is told.
#[derive(Debug)]
pub struct Written {
    entries: Vec<Entry>,
    /// How they are told.
    pub edition: Edition,
}

/// What a feed shows at an instant.
#[derive(Debug)]
pub struct Draft<'a> {
    snapshot: &'a Snapshot,
    feed: &'a Feed,
    now: Timestamp,
    window: Interval,
    rotations: Vec<(Source<'a>, Vec<Entry>)>,
}

impl<'a> Draft<'a> {
    /// What the feed shows; `None` where it looks at no day.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, feed: &'a Feed, now: Timestamp) -> Option<Self> {
        let (whole, horizon) = (feed.window(now)?, horizon(now)?);
        let timelines = || {
            snapshot
                .timelines()
                .filter(|timeline| items::shows(snapshot, feed.scope, timeline))
        };
        let source = |timeline, window| Source::new(snapshot, timeline, feed, window, horizon);
        let count = |part: Interval, counts: &dyn Fn(Interval) -> bool| {
            let each = timelines().map(|timeline| source(timeline, part).count(counts));
            each.sum()
        };
        let window = shown_part(whole, now, count);
        let rotations = timelines().map(|timeline| {
            let source = source(timeline, window).with_gaps();
            let shown = source.shown();
            (source, shown)
        });
        Some(Self {
            snapshot,
            feed,
            now,
            window,
            rotations: rotations.collect(),
        })
    }

    /// The days that it looks at.
    #[must_use]
    pub const fn window(&self) -> Interval {
        self.window
    }

    /// The instant at which it shows this.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The rotations that it looks at.
    #[must_use]
    pub fn rotations(&self) -> Vec<RotationId> {
        let sources = self.rotations.iter().map(|(source, _)| source);
        sources.map(Source::rotation).collect()
    }

    /// What its events are pieces of, each once.
    #[must_use]
    pub fn origins(&self) -> Vec<&str> {
        let entries = self.rotations.iter().flat_map(|(_, shown)| shown);
        let mut origins: Vec<&str> = entries.map(|entry| entry.item.origin.as_str()).collect();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// Its events as they are told after what was told before. What the feed does not show is told only where some
    /// calendar knows it: so much for each feed is kept, and no more.
    #[must_use]
    pub fn tell(&self, known: &Told) -> Editions {
        let editions = self.rotations.iter().map(|(source, shown)| {
            let id = source.rotation();
            let known = known.get(&id).map_or(&[][..], Vec::as_slice);
            (id, self.tell_rotation(source, shown, known))
        });
        editions.collect()
    }

    fn tell_rotation(
        &self,
        source: &Source<'_>,
        shown: &[Entry],
        known: &[Publication],
    ) -> Written {
        let options = self.feed.options;
        let told = Origins::of(options, known.iter().map(|one| one.origin.as_str()));
        let mut entries = shown.to_vec();
        entries.extend(source.others(&told));
        items::sort(&mut entries);
        let all: Vec<Item> = entries.iter().map(|entry| entry.item.clone()).collect();
        let covers = |origin: &str| items::covers(options, origin);
        let rotation = source.rotation().to_string();
        let edition = publish(known, &all, self.window, covers, &rotation, self.now);
        Written { entries, edition }
    }

    /// The calendar, where its events are told so.
    #[must_use]
    pub fn write(&self, editions: &Editions, public_url: &str) -> String {
        let look = Look {
            block_time: self.feed.options.block_time,
            alarm_minutes: self.feed.options.alarm_minutes,
        };
        let name = items::name(self.snapshot, self.feed.scope);
        let local = self.local_times();
        calendar::render(
            &name,
            look,
            local.as_ref(),
            &self.events(editions, public_url),
        )
    }

    /// The subscriber's local times, where they are wanted. The horizon has all events in it.
    fn local_times(&self) -> Option<LocalTimes> {
        let owner = self.feed.owner.filter(|_| self.feed.options.local_times)?;
        let zone = self.snapshot.person(owner)?.zone(self.now);
        Some(LocalTimes::new(zone, horizon(self.now)?))
    }

    /// Since when it has been so, at the latest: each day it looks at other days.
    #[must_use]
    pub fn modified_at(&self, editions: &Editions) -> Timestamp {
        let told = editions
            .values()
            .filter_map(|written| written.edition.modified_at);
        let chosen = self.feed.changed_at.unwrap_or(self.feed.created_at);
        told.fold(today(self.now).max(chosen), Timestamp::max)
    }

    /// In order of start. Another choice of the feed's is another version of each.
    fn events(&self, editions: &Editions, public_url: &str) -> Vec<Event> {
        let mut events = Vec::new();
        for (id, written) in editions {
            let shown = written.entries.iter().zip(&written.edition.shown);
            let url = format!("{public_url}/rotations/{id}");
            events.extend(
                shown
                    .filter(|(entry, _)| items::is_of(self.feed.scope, entry))
                    .map(|(entry, told)| self.event(entry, told, &url)),
            );
        }
        events.sort_by(|a, b| (a.interval.start(), &a.uid).cmp(&(b.interval.start(), &b.uid)));
        // What is long over is missed the least, then what is far ahead.
        let over = events
            .iter()
            .filter(|event| event.interval.end() <= self.now);
        let too_many = events.len().saturating_sub(MOST_EVENTS);
        events.drain(..too_many.min(over.count()));
        events.truncate(MOST_EVENTS);
        events
    }

    fn event(&self, entry: &Entry, told: &Publication, url: &str) -> Event {
        let summary = match self.feed.scope {
            Scope::Person(_) => &entry.own_summary,
            Scope::Rotation(_) | Scope::Team(_) | Scope::All => &entry.summary,
        };
        let chosen = self.feed.changed_at.unwrap_or(told.modified_at);
        Event {
            uid: told.uid.clone(),
            sequence: told.sequence + self.feed.version - 1,
            modified_at: told.modified_at.max(chosen),
            interval: entry.item.interval,
            summary: summary.clone(),
            description: entry.description.clone(),
            url: url.to_owned(),
        }
    }
}

/// The part of a window of which a feed shows all: what is long over is missed the least, then what is far ahead.
/// `count` says how many of the events in a part meet a condition.
fn shown_part(
    whole: Interval,
    now: Timestamp,
    count: impl Fn(Interval, &dyn Fn(Interval) -> bool) -> usize,
) -> Interval {
    let is_over = |event: Interval| event.end() <= now;
    let within = |start: Timestamp, end: Timestamp| {
        Interval::new(start, end).and_then(|part| part.intersect(&whole))
    };
    let today = today(now);
    let mut ahead = 0;
    for days in NEAR
        .into_iter()
        .map(TimeDelta::days)
        .chain([TimeDelta::MAX])
    {
        let end = today.checked_add_signed(days).unwrap_or(whole.end());
        let Some(part) = within(today, end) else {
            break;
        };
        ahead = count(part, &|event| !is_over(event));
        if ahead >= MOST_EVENTS {
            return part;
        }
        if part.end() == whole.end() {
            break;
        }
    }
    for days in NEAR.map(TimeDelta::days) {
        let start = today - days;
        if start <= whole.start() {
            break;
        }
        let over = within(start, now).map_or(0, |part| count(part, &is_over));
        if ahead + over >= MOST_EVENTS {
            return within(start, whole.end()).unwrap_or(whole);
        }
    }
    whole
}
