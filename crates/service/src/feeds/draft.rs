//! A feed on its way from the roster to a calendar: what it shows, how that was told before, and how it
//! is written down. No part of it waits for anything.

use std::collections::HashMap;

use super::items::{self, Entry};
use crate::calendar::{self, Event, LocalTimes, Look};
use crate::domain::duty::RotationLookup as _;
use crate::domain::feed::{Feed, Scope, horizon, today};
use crate::domain::ids::RotationId;
use crate::domain::interval::{Interval, Timestamp};
use crate::domain::publication::{Edition, Item, Publication, publish};
use crate::snapshot::Snapshot;

/// More events than this, and Google refuses a calendar.
const MOST_EVENTS: usize = 1000;

/// What calendars were told of some rotations.
pub type Told = HashMap<RotationId, Vec<Publication>>;

/// What they are told now.
pub type Editions = HashMap<RotationId, Edition>;

/// What a feed shows at an instant.
#[derive(Debug)]
pub struct Draft<'a> {
    snapshot: &'a Snapshot,
    feed: &'a Feed,
    now: Timestamp,
    window: Interval,
    rotations: Vec<(RotationId, Vec<Entry>)>,
}

impl<'a> Draft<'a> {
    /// What the feed shows; `None` where it looks at no day.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, feed: &'a Feed, now: Timestamp) -> Option<Self> {
        let (window, horizon) = (feed.window(now)?, horizon(now)?);
        let rotations = snapshot
            .timelines()
            .filter(|timeline| items::shows(snapshot, feed.scope, timeline))
            .map(|timeline| {
                let entries = items::of(snapshot, timeline, feed.options, window, horizon);
                (timeline.rotation().id, entries)
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

    /// The rotations that it looks at.
    #[must_use]
    pub fn rotations(&self) -> Vec<RotationId> {
        self.rotations.iter().map(|(id, _)| *id).collect()
    }

    /// What its events are pieces of, each once.
    #[must_use]
    pub fn origins(&self) -> Vec<&str> {
        let entries = self.rotations.iter().flat_map(|(_, entries)| entries);
        let mut origins: Vec<&str> = entries.map(|entry| entry.item.origin.as_str()).collect();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// Its events as they are told after what was told before.
    #[must_use]
    pub fn tell(&self, known: &Told) -> Editions {
        let nothing = Vec::new();
        let editions = self.rotations.iter().map(|(id, entries)| {
            let items: Vec<Item> = entries.iter().map(|entry| entry.item.clone()).collect();
            let known = known.get(id).unwrap_or(&nothing);
            let covers = |origin: &str| items::covers(self.feed.options, origin);
            let rotation = id.to_string();
            let edition = publish(known, &items, self.window, covers, &rotation, self.now);
            (*id, edition)
        });
        editions.collect()
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
        let told = editions.values().filter_map(|edition| edition.modified_at);
        let chosen = self.feed.changed_at.unwrap_or(self.feed.created_at);
        told.fold(today(self.now).max(chosen), Timestamp::max)
    }

    /// In order of start. Another choice of the feed's is another version of each.
    fn events(&self, editions: &Editions, public_url: &str) -> Vec<Event> {
        let mut events = Vec::new();
        for (id, entries) in &self.rotations {
            let told = editions
                .get(id)
                .into_iter()
                .flat_map(|edition| &edition.shown);
            let shown = entries.iter().zip(told);
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
