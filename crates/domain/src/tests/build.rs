//! Short ways to write people, rotations and overrides.

use crate::schedule::rotation::ReminderSettings;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta};
use uuid::Uuid;

use crate::ids::{OverrideId, PersonId, RotationId, TeamId, TimeOffId};
use crate::non_empty::NonEmpty;
use crate::people::person::{People, Person, Profile, Role, TimeOff};
use crate::people::preferences::Preferences;

use crate::schedule::duty::RotationLookup;
use crate::schedule::overrides::Override;
use crate::schedule::rotation::{FallbackWhen, Handoff, Kind, Plan, Revision, Rotation};
use crate::schedule::timeline::{Entry, Layer, Timeline};
use crate::time::hours::WeeklyHours;
use crate::time::interval::{Interval, Timestamp};
use crate::time::zone::Zone;

pub fn at(text: &str) -> Timestamp {
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is not an instant"))
}

pub fn local(text: &str) -> NaiveDateTime {
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is not a local time"))
}

pub fn span(start: &str, end: &str) -> Interval {
    Interval::new(at(start), at(end)).unwrap()
}

/// Person `A`, `B`, …
pub fn p(name: char) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(u128::from(u32::from(name))))
}

pub fn hours(start: &str, end: &str) -> WeeklyHours {
    let json = serde_json::json!([{"days": ["mon", "tue", "wed", "thu", "fri"], "start": start, "end": end}]);
    serde_json::from_value(json).unwrap()
}

pub fn person(name: char, zone: &str, hours: WeeklyHours) -> Person {
    Person {
        id: p(name),
        name: name.to_string(),
        email: format!("{name}@example.com"),
        role: Role::Member,
        profiles: vec![Profile {
            effective_from: None,
            recorded_at: None,
            time_zone: Zone::parse(zone).unwrap(),
            working_hours: hours,
            holidays: None,
        }],
        time_off: Vec::new(),
        external_ids: std::collections::BTreeMap::new(),
        preferences: Preferences::default(),
        deactivation: None,
        version: 1,
    }
}

pub fn away(recorded_at: Timestamp, interval: Interval) -> TimeOff {
    TimeOff {
        id: TimeOffId::from_uuid(Uuid::from_u128(1)),
        interval,
        days: None,
        reason: None,
        calendar: None,
        recorded_at,
        cancelled_at: None,
    }
}

pub fn people(all: impl IntoIterator<Item = Person>) -> People {
    all.into_iter()
        .map(|person| (person.id, Arc::new(person)))
        .collect()
}

#[expect(
    clippy::too_many_arguments,
    reason = "a revision in one call reads best in tables"
)]
pub fn ordered(
    number: u32,
    from: Timestamp,
    zone: &str,
    start: &str,
    rule: &str,
    order: &str,
    first: usize,
) -> Revision {
    let time_zone = Zone::parse(zone).unwrap();
    let handoff =
        Handoff::parse(local(start), rule, &time_zone).unwrap_or_else(|e| panic!("{rule}: {e}"));
    Revision {
        number,
        effective_from: from,
        recorded_at: from,
        time_zone,
        order: order.chars().map(p).collect(),
        duty_hours: None,
        plan: Plan::Ordered { handoff, first },
    }
}

pub fn rotation(revisions: Vec<Revision>) -> Rotation {
    let kind = match revisions[0].plan {
        Plan::Ordered { .. } => Kind::Ordered,
        Plan::FollowTheSun => Kind::FollowTheSun,
    };
    Rotation {
        id: RotationId::from_uuid(Uuid::from_u128(7)),
        team: TeamId::from_uuid(Uuid::from_u128(8)),
        name: "Feature Flags hero".to_owned(),
        title: "Support Hero".to_owned(),
        kind,
        revisions: NonEmpty::from_vec(revisions).unwrap(),
        archived_at: None,
        fallback: None,
        fallback_when: FallbackWhen::Gap,
        reminders: ReminderSettings::default(),
        version: 1,
    }
}

/// Order A, B, C; weekly from 2026-03-02T10:00 in London.
pub fn abc() -> Rotation {
    let from = at("2026-03-02T10:00:00Z");
    rotation(vec![ordered(
        1,
        from,
        "Europe/London",
        "2026-03-02T10:00:00",
        "FREQ=WEEKLY",
        "ABC",
        0,
    )])
}

pub fn sun(pool: &str, from: Timestamp) -> Rotation {
    rotation(vec![Revision {
        number: 1,
        effective_from: from,
        recorded_at: from,
        time_zone: Zone::utc(),
        order: pool.chars().map(p).collect(),
        duty_hours: None,
        plan: Plan::FollowTheSun,
    }])
}

pub fn cover(sequence: i64, person: Option<PersonId>, interval: Interval) -> Override {
    Override {
        id: OverrideId::from_uuid(Uuid::from_u128(1000 + u128::try_from(sequence).unwrap())),
        sequence,
        interval,
        person,
        reason: None,
        swap: None,
        created_by: None,
        created_at: interval.start() - TimeDelta::days(1),
        cancelled_at: None,
        cancelled_by: None,
    }
}

pub fn timeline(rotation: Rotation, overrides: Vec<Override>) -> Timeline {
    Timeline::new(Arc::new(rotation), overrides, People::new())
}

/// Who has it, as a letter; `-` for nobody.
pub fn who(timeline: &Timeline, layer: Layer, at: Timestamp) -> char {
    match timeline.entry_at(layer, at) {
        Entry::Shift(shift) => letter(shift.person),
        Entry::Gap(_) => '-',
    }
}

pub fn letter(person: PersonId) -> char {
    u32::try_from(person.as_uuid().as_u128())
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('?')
}

/// Rotations and people to be asked.
#[derive(Default)]
pub struct Book {
    pub timelines: HashMap<RotationId, Timeline>,
    pub people: People,
}

impl RotationLookup for Book {
    fn timeline(&self, rotation: RotationId) -> Option<&Timeline> {
        self.timelines.get(&rotation)
    }

    fn person(&self, person: PersonId) -> Option<&Arc<Person>> {
        self.people.get(&person)
    }
}

/// Rotation 1, 2, …
pub fn r(number: u128) -> RotationId {
    RotationId::from_uuid(Uuid::from_u128(number))
}

impl Book {
    pub fn with(
        mut self,
        number: u128,
        change: impl FnOnce(&mut Rotation),
        overrides: Vec<Override>,
    ) -> Self {
        let mut rotation = abc();
        rotation.id = r(number);
        change(&mut rotation);
        self.timelines
            .insert(rotation.id, timeline(rotation, overrides));
        self
    }

    pub fn hiring(mut self, person: Person) -> Self {
        self.people.insert(person.id, Arc::new(person));
        self
    }
}
