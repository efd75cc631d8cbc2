//! How long the engine takes for an answer: `cargo bench --bench engine`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up has to stop"
)]

use std::cell::Cell;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta};
use divan::Bencher;
use dogwatch::domain::ids::{FeedId, OverrideId, PersonId, RotationId, TeamId};
use dogwatch::domain::non_empty::NonEmpty;
use dogwatch::domain::people::person::{Holidays, People, Person, Profile, Role};
use dogwatch::domain::people::preferences::Preferences;
use dogwatch::domain::people::team::Team;
use dogwatch::domain::reminders;
use dogwatch::domain::schedule::duty::{self, RotationLookup};
use dogwatch::domain::schedule::feed::{Feed, Options, Scope};
use dogwatch::domain::schedule::load;
use dogwatch::domain::schedule::overrides::Override;
use dogwatch::domain::schedule::rotation::ReminderSettings;
use dogwatch::domain::schedule::rotation::{FallbackWhen, Handoff, Kind, Plan, Revision, Rotation};
use dogwatch::domain::schedule::timeline::{Layer, Timeline};
use dogwatch::domain::time::interval::{Interval, Timestamp};
use dogwatch::domain::time::zone::Zone;
use dogwatch::service::feeds::draft::{Draft, Told};
use dogwatch::snapshot::{Loaded, Snapshot};
use uuid::Uuid;

fn main() {
    divan::main();
}

/// 2026-11-02 12:00 UTC.
fn now() -> Timestamp {
    DateTime::from_timestamp(1_793_620_800, 0).unwrap()
}

fn person_id(number: u128) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(number))
}

fn person(number: u128) -> Person {
    let hours = serde_json::json!([{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}]);
    Person {
        id: person_id(number),
        name: format!("Person {number}"),
        email: format!("{number}@example.com"),
        role: Role::Member,
        profiles: vec![Profile {
            effective_from: None,
            recorded_at: None,
            time_zone: Zone::parse("Europe/London").unwrap(),
            working_hours: serde_json::from_value(hours).unwrap(),
            holidays: None,
        }],
        time_off: Vec::new(),
        external_ids: std::collections::BTreeMap::new(),
        preferences: Preferences::default(),
        deactivation: None,
        version: 1,
    }
}

/// A rotation of eight people that began ten years ago, in UTC or wherever.
fn rotation(number: u128, rule: &str) -> Rotation {
    let zone = Zone::parse("Europe/London").unwrap();
    let start = NaiveDate::from_ymd_opt(2016, 11, 7)
        .and_then(|date| date.and_hms_opt(10, 0, 0))
        .unwrap();
    let from = zone.to_instant(start);
    Rotation {
        id: RotationId::from_uuid(Uuid::from_u128(number)),
        team: TeamId::from_uuid(Uuid::from_u128(number)),
        name: "Hero".to_owned(),
        title: "Support Hero".to_owned(),
        kind: Kind::Ordered,
        revisions: NonEmpty::new(Revision {
            number: 1,
            effective_from: from,
            recorded_at: from,
            time_zone: zone.clone(),
            order: (0..8).map(person_id).collect(),
            duty_hours: None,
            plan: Plan::Ordered {
                handoff: Handoff::parse(start, rule, &zone).unwrap(),
                first: 0,
            },
        }),
        archived_at: None,
        fallback: None,
        fallback_when: FallbackWhen::Gap,
        reminders: ReminderSettings::default(),
        version: 1,
    }
}

/// `count` overrides of a day each, evenly from `from` on.
fn overrides(count: i64, from: Timestamp, every: TimeDelta) -> Vec<Override> {
    let mut start = from;
    (1..=count)
        .map(|sequence| {
            let interval = Interval::new(start, start + TimeDelta::days(1)).unwrap();
            start += every;
            Override {
                id: OverrideId::from_uuid(Uuid::from_u128(sequence.unsigned_abs().into())),
                sequence,
                interval,
                person: Some(person_id(9)),
                reason: None,
                swap: None,
                created_by: None,
                created_at: interval.start(),
                cancelled_at: None,
                cancelled_by: None,
            }
        })
        .collect()
}

struct Fleet {
    timelines: HashMap<RotationId, Timeline>,
    people: People,
    answers: duty::Answers,
}

impl Fleet {
    /// `teams` rotations of ten years with `each` overrides, spread over those years.
    fn new(teams: u128, each: i64) -> Self {
        let every = TimeDelta::days(3_650 / each.max(1));
        let timelines = (1..=teams).map(|number| {
            let rotation = rotation(number, "FREQ=WEEKLY");
            let from = now() - TimeDelta::days(3_640);
            let overrides = overrides(each, from, every);
            (
                rotation.id,
                Timeline::new(Arc::new(rotation), overrides, People::new()),
            )
        });
        Self {
            timelines: timelines.collect(),
            people: (0..10)
                .map(|n| (person_id(n), Arc::new(person(n))))
                .collect(),
            answers: duty::Answers::default(),
        }
    }
}

impl RotationLookup for Fleet {
    fn timeline(&self, rotation: RotationId) -> Option<&Timeline> {
        self.timelines.get(&rotation)
    }

    fn person(&self, person: PersonId) -> Option<&Arc<Person>> {
        self.people.get(&person)
    }
}

/// What has the duty now, by the timeline alone.
#[divan::bench]
fn entry_of_one_team(bencher: Bencher<'_, '_>) {
    let timeline = Timeline::new(
        Arc::new(rotation(1, "FREQ=WEEKLY")),
        Vec::new(),
        People::new(),
    );
    bencher.bench(|| timeline.entry_at(Layer::Final, black_box(now())));
}

/// The whole answer, as it is asked again and again: person, shift, working hours, next.
#[divan::bench(args = [1, 1_000])]
fn duty_of_teams(bencher: Bencher<'_, '_>, teams: u128) {
    let fleet = Fleet::new(teams, 50);
    let ids: Vec<RotationId> = fleet.timelines.keys().copied().collect();
    let turn = Cell::new(0_usize);
    for id in &ids {
        black_box(fleet.answers.answer(&fleet, *id, now()));
    }
    bencher.bench_local(|| {
        turn.set((turn.get() + 1) % ids.len());
        let id = ids.get(turn.get()).copied().unwrap();
        fleet.answers.answer(&fleet, black_box(id), now())
    });
}

/// The same where nothing is remembered: instants anywhere in ten years, of rotations with 50 overrides each.
#[divan::bench(args = [1, 1_000])]
fn duty_at_any_instant(bencher: Bencher<'_, '_>, teams: u128) {
    let fleet = Fleet::new(teams, 50);
    let ids: Vec<RotationId> = fleet.timelines.keys().copied().collect();
    let turn = Cell::new(0_usize);
    bencher.bench_local(|| {
        turn.set(turn.get() + 1);
        let id = ids.get(turn.get() % ids.len()).copied().unwrap();
        let hours = i64::try_from(turn.get() * 7_919 % 87_600).unwrap();
        duty::answer(&fleet, black_box(id), now() - TimeDelta::hours(hours))
    });
}

/// Twelve weeks with twenty overrides, handoffs known, nothing else.
#[divan::bench(args = ["FREQ=WEEKLY", "FREQ=DAILY"])]
fn twelve_weeks(bencher: Bencher<'_, '_>, rule: &str) {
    let overrides = overrides(20, now(), TimeDelta::days(4));
    let timeline = Timeline::new(Arc::new(rotation(1, rule)), overrides, People::new());
    let window = Interval::new(now(), now() + TimeDelta::weeks(12)).unwrap();
    bencher.bench(|| timeline.shifts(Layer::Final, black_box(window)));
}

/// Twelve weeks of follow-the-sun among thirty people in five zones, of whom nothing is known yet.
#[divan::bench]
fn follow_the_sun(bencher: Bencher<'_, '_>) {
    const ZONES: [&str; 5] = [
        "Europe/London",
        "America/New_York",
        "America/Los_Angeles",
        "Asia/Tokyo",
        "Australia/Sydney",
    ];
    let pool: People = (0_u32..30)
        .zip(ZONES.into_iter().cycle())
        .map(|(number, zone)| {
            let mut one = person(number.into());
            one.profiles
                .iter_mut()
                .for_each(|profile| profile.time_zone = Zone::parse(zone).unwrap());
            (one.id, Arc::new(one))
        })
        .collect();
    let mut rotation = rotation(1, "FREQ=WEEKLY");
    rotation.kind = Kind::FollowTheSun;
    for revision in &mut rotation.revisions {
        revision.order = (0..30).map(person_id).collect();
        revision.plan = Plan::FollowTheSun;
    }
    let timeline = Timeline::new(Arc::new(rotation), Vec::new(), pool);
    let window = Interval::new(now(), now() + TimeDelta::weeks(12)).unwrap();
    bencher.bench(|| timeline.shifts(Layer::Final, black_box(window)));
}

/// The load report of a year, for teams in which somebody covers a day every fortnight.
#[divan::bench(args = [1, 1_000], sample_count = 10)]
fn load_of_a_year(bencher: Bencher<'_, '_>, teams: u128) {
    let fleet = Fleet::new(teams, 260);
    let people: People = (0..10)
        .map(|number| {
            let mut one = person(number);
            for profile in &mut one.profiles {
                profile.holidays = Some(Holidays {
                    country: "GB".to_owned(),
                    region: Some("ENG".to_owned()),
                    observe: true,
                });
            }
            (one.id, Arc::new(one))
        })
        .collect();
    let year = Interval::new(now() - TimeDelta::days(365), now()).unwrap();
    bencher.bench(|| {
        let loads = fleet
            .timelines
            .values()
            .map(|timeline| load::of(timeline, &people, black_box(year)).len());
        loads.sum::<usize>()
    });
}

/// What is due of all rotations, computed anew: at work a pass does so for some of them only, unless they have changed.
#[divan::bench(args = [1, 1_000])]
fn reminders_of_teams(bencher: Bencher<'_, '_>, teams: u128) {
    let fleet = Fleet::new(teams, 50);
    let day = TimeDelta::days(1);
    bencher.bench(|| {
        let due = |timeline| reminders::due(timeline, &fleet.people, &[], black_box(now()), day);
        fleet
            .timelines
            .values()
            .map(due)
            .map(|due| due.len())
            .sum::<usize>()
    });
}

/// A calendar of the fifteen months that a person's feed shows, with an override every fortnight.
#[divan::bench]
fn feed_of_fifteen_months(bencher: Bencher<'_, '_>) {
    let from = now() - TimeDelta::days(60);
    let mut rotation = rotation(1, "FREQ=WEEKLY");
    for revision in &mut rotation.revisions {
        revision.order = vec![person_id(1)];
    }
    let loaded = Loaded {
        people: (0..10).map(person).collect(),
        teams: vec![Team {
            id: rotation.team,
            slug: "hero".to_owned(),
            name: "Heroes".to_owned(),
            time_zone: Zone::utc(),
            memberships: Vec::new(),
            version: 1,
        }],
        rotations: vec![(rotation, overrides(32, from, TimeDelta::days(14)))],
        ..Loaded::default()
    };
    let snapshot = Snapshot::default().with(loaded, 1);
    let feed = Feed {
        id: FeedId::from_uuid(Uuid::from_u128(1)),
        owner: None,
        hash: String::new(),
        scope: Scope::Person(person_id(1)),
        options: Options::default(),
        made_by: None,
        created_at: from,
        changed_at: None,
        revoked_at: None,
        last_fetched_at: None,
        last_fetched_by: None,
        version: 1,
    };
    let told: Told = Draft::new(&snapshot, &feed, now())
        .unwrap()
        .tell(&Told::new())
        .into_iter()
        .map(|(rotation, written)| (rotation, written.edition.shown))
        .collect();
    bencher.bench(|| {
        let draft = Draft::new(&snapshot, &feed, black_box(now())).unwrap();
        let editions = draft.tell(&told);
        draft.write(&editions, "https://dogwatch.example.org")
    });
}

/// The first answer of a rotation ten years old: nothing is known yet.
#[divan::bench(args = ["FREQ=WEEKLY", "FREQ=DAILY", "FREQ=HOURLY"])]
fn first_answer(bencher: Bencher<'_, '_>, rule: &str) {
    bencher
        .with_inputs(|| Timeline::new(Arc::new(rotation(1, rule)), Vec::new(), People::new()))
        .bench_refs(|timeline| timeline.entry_at(Layer::Final, black_box(now())));
}
