//! A year in the life of a subscriber: edits at random, and after every poll a calendar program that
//! believes only what counts up has exactly the timeline.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::reader::Event;
use super::{Subscribed, Subscription, read, subscribe};
use crate::harness::server::instant;

/// What a calendar program has of a feed.
#[derive(Default)]
struct Client {
    shown: BTreeMap<String, Event>,
    /// What it had and was left out: a program that kept it must believe it when it comes back.
    gone: BTreeMap<String, Event>,
}

impl Client {
    /// Takes over what is new: by UID, where SEQUENCE and LAST-MODIFIED have gone up.
    fn apply(&mut self, feed: Vec<Event>) {
        let mut before = std::mem::take(&mut self.shown);
        for event in feed {
            let known = before
                .remove(&event.uid)
                .or_else(|| self.gone.remove(&event.uid));
            let believed = match known {
                Some(known) if event.sequence == known.sequence => {
                    assert_eq!(event, known, "nothing changes without being counted");
                    known
                }
                Some(known) => {
                    assert!(event.sequence > known.sequence, "{event:?} after {known:?}");
                    assert!(
                        event.modified_at > known.modified_at,
                        "{event:?} after {known:?}"
                    );
                    event
                }
                None => event,
            };
            self.shown.insert(believed.uid.clone(), believed);
        }
        self.gone.extend(before);
    }

    fn timeline(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>, String)> {
        let mut all: Vec<_> = self
            .shown
            .values()
            .map(|event| {
                (
                    event.start,
                    event.end,
                    event.summary.rsplit(": ").next().unwrap().to_owned(),
                )
            })
            .collect();
        all.sort();
        all
    }
}

/// One who edits.
struct Editor {
    world: Subscription,
    dice: StdRng,
    now: DateTime<Utc>,
    overrides: Vec<String>,
}

impl Editor {
    fn edit(&mut self) {
        match self.dice.random_range(0..10) {
            0..5 => self.cover(),
            5..8 => self.cancel(),
            8 => self.revise(),
            _ => self.rename(),
        }
    }

    fn cover(&mut self) {
        let start = self.now + TimeDelta::hours(self.dice.random_range(1..24 * 90));
        let end = start + TimeDelta::hours(self.dice.random_range(1..24 * 12));
        let person = self
            .world
            .people
            .choose(&mut self.dice)
            .map_or(Value::Null, |id| json!(id));
        let person = if self.dice.random_bool(0.2) {
            Value::Null
        } else {
            person
        };
        let text = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.overrides
            .push(self.world.cover(&text(start), &text(end), &person));
    }

    fn cancel(&mut self) {
        if !self.overrides.is_empty() {
            let index = self.dice.random_range(0..self.overrides.len());
            let path = format!("/overrides/{}", self.overrides.swap_remove(index));
            // One that is over cannot be.
            let done = self.world.server.delete(&path).status;
            assert!((200..300).contains(&done) || done == 409, "{done}");
        }
    }

    fn revise(&mut self) {
        let mut order = self.world.people.clone();
        order.rotate_left(self.dice.random_range(0..3));
        order.truncate(self.dice.random_range(1..=3));
        let path = format!("/rotations/{}/revisions", self.world.rotation);
        let made = self
            .world
            .server
            .post(&path, &json!({ "order": order }))
            .status;
        assert!(made == 201 || made == 409 || made == 422, "{made}");
    }

    fn rename(&mut self) {
        let title = format!("Hero {}", self.dice.random_range(0..100));
        let path = format!("/rotations/{}", self.world.rotation);
        self.world
            .server
            .patch(&path, &json!({ "title": title }))
            .expect(200);
    }

    fn wait(&mut self, most_hours: i64) {
        // Often no time passes at all.
        if self.dice.random_bool(0.7) {
            self.now += TimeDelta::hours(self.dice.random_range(0..=most_hours));
            self.world.server.clock.set(self.now);
        }
    }

    /// The shifts of the days that a feed shows: of the rotation, or of a person.
    fn shifts(
        &self,
        past: i64,
        ahead: i64,
        person: Option<&str>,
    ) -> Vec<(DateTime<Utc>, DateTime<Utc>, String)> {
        let midnight = self
            .now
            .date_naive()
            .and_time(chrono::NaiveTime::MIN)
            .and_utc();
        let day = |days: i64| {
            (midnight + TimeDelta::days(days))
                .format("%Y-%m-%dT%H:%M:%SZ")
                .to_string()
        };
        let window = format!("from={}&until={}", day(-past), day(ahead));
        let path = format!("/rotations/{}/shifts?{window}", self.world.rotation);
        let shifts = self.world.server.get(&path).expect(200);
        let shifts = shifts["items"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        shifts
            .filter(|shift| person.is_none_or(|id| shift["person"]["id"] == id))
            .map(|shift| {
                (
                    instant(&text(&shift["start"])),
                    instant(&text(&shift["end"])),
                    text(&shift["person"]["name"]),
                )
            })
            .collect()
    }
}

#[test]
fn a_subscriber_has_the_timeline_after_every_poll_of_a_year() {
    let world = Subscription::new();
    let own = json!({ "scope": { "person_id": world.people[1] }, "options": { "past_days": 7, "future_days": 45 } });
    let own: Subscribed = subscribe(&world.server, &own);
    let bob = world.people[1].clone();
    let mut editor = Editor {
        now: world.server.clock_now(),
        world,
        dice: StdRng::seed_from_u64(2026),
        overrides: Vec::new(),
    };
    let (mut all, mut one) = (Client::default(), Client::default());
    let end = editor.now + TimeDelta::days(365);
    let mut polls = 0;
    while editor.now < end {
        for _ in 0..editor.dice.random_range(0..4) {
            editor.edit();
            editor.wait(12);
        }
        editor.wait(96);
        // They do not poll at the same time: each sees what the other made the server tell.
        if editor.dice.random_bool(0.7) {
            all.apply(editor.world.read().events);
            assert_eq!(
                all.timeline(),
                editor.shifts(60, 180, None),
                "at {}",
                editor.now
            );
            polls += 1;
        }
        if editor.dice.random_bool(0.5) {
            one.apply(read(&editor.world.server, &own).events);
            let seen: Vec<_> = one
                .timeline()
                .into_iter()
                .map(|(start, end, _)| (start, end))
                .collect();
            let real: Vec<_> = editor
                .shifts(7, 45, Some(&bob))
                .into_iter()
                .map(|(start, end, _)| (start, end))
                .collect();
            assert_eq!(seen, real, "at {}", editor.now);
        }
    }
    assert!(polls > 50, "{polls}");
    assert!(!all.gone.is_empty() && all.shown.values().any(|event| event.sequence > 2));
}
