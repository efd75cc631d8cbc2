//! Incidents: who may watch, who is told what and when, around the world.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::TimeDelta;
use uuid::Uuid;

use super::build::{at, away, hours, letter, ordered, p, people, person, rotation, span, sun};
use crate::ids::{IncidentId, PersonId, RotationId};
use crate::incidents::{
    Attendance, Event, Fact, HandoverState, How, Incident, IncidentError, Links, Notes, Recipient,
    Stage, WatchSettings, due,
};
use crate::people::person::{People, Person};
use crate::schedule::duty::RotationLookup;
use crate::schedule::rotation::FallbackWhen;
use crate::schedule::timeline::Timeline;
use crate::time::interval::Timestamp;

/// Support around the world, and communications with a regional backup.
pub(super) struct World {
    pub(super) people: People,
    timelines: Vec<Timeline>,
}

impl RotationLookup for World {
    fn timeline(&self, rotation: RotationId) -> Option<&Timeline> {
        self.timelines
            .iter()
            .find(|timeline| timeline.rotation().id == rotation)
    }

    fn person(&self, person: PersonId) -> Option<&Arc<Person>> {
        self.people.get(&person)
    }
}

fn id(number: u128) -> RotationId {
    RotationId::from_uuid(Uuid::from_u128(number))
}

const SUPPORT: u128 = 7;
const COMMUNICATIONS: u128 = 17;

/// M in Madrid, G in New York, K in Seattle, A in Auckland, T in Tokyo; N and P tell customers, L leads.
pub(super) fn everybody() -> Vec<Person> {
    vec![
        person('M', "Europe/Madrid", hours("09:00", "17:00")),
        person('G', "America/New_York", hours("09:00", "17:00")),
        person('K', "America/Los_Angeles", hours("08:00", "16:00")),
        person('A', "Pacific/Auckland", hours("09:00", "17:00")),
        person('T', "Asia/Tokyo", hours("10:00", "18:00")),
        person('N', "Europe/London", hours("09:00", "17:00")),
        person('P', "Asia/Kolkata", hours("09:30", "18:00")),
        person('L', "Europe/London", hours("09:00", "17:00")),
    ]
}

pub(super) fn world_of(all: Vec<Person>) -> World {
    let people = people(all);
    let from = at("2026-01-05T00:00:00Z");
    let alone = |name: &str, number: u128, fallback: Option<u128>| {
        let weekly = ordered(
            1,
            from,
            "UTC",
            "2026-01-05T00:00:00",
            "FREQ=WEEKLY",
            name,
            0,
        );
        let mut one = rotation(vec![weekly]);
        one.id = id(number);
        one.fallback = fallback.map(id);
        one.fallback_when = FallbackWhen::NotWorking;
        Timeline::new(Arc::new(one), Vec::new(), People::new())
    };
    World {
        timelines: vec![
            Timeline::new(Arc::new(sun("MGKAT", from)), Vec::new(), people.clone()),
            alone("N", COMMUNICATIONS, Some(18)),
            alone("P", 18, None),
        ],
        people,
    }
}

pub(super) fn world() -> World {
    world_of(everybody())
}

pub(super) fn declared(when: &str, severity: &str) -> Incident {
    let fact = Fact::Declared {
        reference: "INC-123".to_owned(),
        title: "Flags are late".to_owned(),
        severity: Some(severity.to_owned()),
        rotation: id(SUPPORT),
        communications: None,
        lead: Some(p('L')),
        links: Links::default(),
        to_do: WatchSettings::default().checklist(Some(severity)),
    };
    let declared = Event {
        at: at(when),
        by: Some(p('L')),
        fact,
    };
    Incident::of(IncidentId::from_uuid(Uuid::from_u128(1)), vec![declared]).unwrap()
}

pub(super) fn notes(status: &str) -> Notes {
    Notes {
        status: status.to_owned(),
        ticket_count: 12,
        key_information: "Only the European cluster".to_owned(),
        told_to_users: "That we are on it".to_owned(),
    }
}

pub(super) fn happens(incident: &mut Incident, when: Timestamp, fact: Fact) {
    incident.apply(Event {
        at: when,
        by: None,
        fact,
    });
}

fn takes(incident: &mut Incident, world: &World, name: char, when: &str) {
    let fact = incident
        .take(world, p(name), How::RaisedHand, at(when))
        .unwrap_or_else(|refusal| panic!("{name} at {when}: {refusal:?}"));
    happens(incident, at(when), fact);
}

/// What happens at an instant.
type Step<'a> = (&'a str, &'a dyn Fn(&mut Incident, &World, Timestamp));

/// What is sent from the declaration on, by somebody who looks every five minutes and remembers the keys.
fn story(incident: &mut Incident, world: &World, until: &str, steps: &[Step<'_>]) -> Vec<String> {
    let settings = WatchSettings {
        chat_webhook_url: Some("https://chat.example.org/hook".to_owned()),
        ..WatchSettings::default()
    };
    let (mut now, mut seen, mut log) = (incident.declared_at, HashSet::new(), Vec::new());
    let mut steps = steps.iter().peekable();
    while now <= at(until) {
        while let Some((_, step)) = steps.next_if(|(when, _)| at(when) <= now) {
            step(incident, world, now);
        }
        let mut new = Vec::new();
        for prompt in due(incident, world, &settings, now) {
            assert!(prompt.due_at <= now && now < prompt.not_after);
            if seen.insert(prompt.key.clone()) {
                let to = match prompt.recipient {
                    Recipient::Person(person) => letter(person),
                    Recipient::Channel => '#',
                };
                let when = now.format("%d %H:%M");
                new.push(format!("{when} {to} {}", prompt.kind.as_str()));
            }
        }
        new.sort();
        log.append(&mut new);
        now += TimeDelta::minutes(5);
    }
    log
}

fn take(name: char) -> impl Fn(&mut Incident, &World, Timestamp) {
    move |incident, world, now| {
        let fact = incident.take(world, p(name), How::RaisedHand, now).unwrap();
        happens(incident, now, fact);
    }
}

/// Offers the watch to whoever is best when the watcher leaves, who has to be this one.
fn hand_over(name: char) -> impl Fn(&mut Incident, &World, Timestamp) {
    move |incident, world, now| {
        let Attendance::Watched { until, .. } = incident.attendance(world, now) else {
            panic!("nobody is there at {now}");
        };
        let best = incident.successor(world, until.unwrap()).unwrap();
        assert_eq!(letter(best.person), name, "the best at {until:?}");
        let fact = incident.offer(world, p(name), notes("still bad"), now);
        happens(incident, now, fact.unwrap());
    }
}

fn accept(incident: &mut Incident, world: &World, now: Timestamp) {
    let open = incident.open_handover().unwrap();
    let fact = incident.accept(world, open.number, open.to, now).unwrap();
    happens(incident, now, fact);
}

fn leave(incident: &mut Incident, _: &World, now: Timestamp) {
    let fact = incident.leave(notes("longer")).unwrap();
    happens(incident, now, fact);
}

fn told(incident: &mut Incident, _: &World, now: Timestamp) {
    let fact = incident.tell("we are on it".to_owned());
    happens(incident, now, fact);
}

fn resolve(incident: &mut Incident, _: &World, now: Timestamp) {
    let to_do = WatchSettings::default().follow_ups(incident.severity.as_deref(), now);
    let fact = incident.resolve(to_do).unwrap();
    happens(incident, now, fact);
}

#[test]
fn thirty_hours_around_the_world() {
    let world = world();
    let mut incident = declared("2026-03-24T10:00:00Z", "SEV3");
    let log = story(
        &mut incident,
        &world,
        "2026-03-25T17:00:00Z",
        &[
            ("2026-03-24T10:05:00Z", &told),
            ("2026-03-24T10:10:00Z", &take('M')),
            ("2026-03-24T15:20:00Z", &hand_over('K')),
            ("2026-03-24T15:55:00Z", &accept),
            ("2026-03-24T22:30:00Z", &hand_over('A')),
            ("2026-03-24T23:00:00Z", &accept),
            ("2026-03-25T03:30:00Z", &hand_over('T')),
            ("2026-03-25T03:45:00Z", &accept),
            ("2026-03-25T08:30:00Z", &hand_over('M')),
            ("2026-03-25T08:45:00Z", &accept),
            ("2026-03-25T16:00:00Z", &resolve),
        ],
    );
    assert_eq!(
        log,
        [
            "24 10:00 # ask",
            "24 10:00 M ask",
            // Patience ends after five minutes: Madrid is the only one awake.
            "24 10:05 L nobody_yet",
            "24 10:05 M nudge",
            "24 10:10 # watched",
            "24 15:15 M hand_over",
            "24 15:20 K offered",
            "24 15:35 M unanswered",
            "24 15:55 # watched",
            "24 15:55 M accepted",
            "24 22:15 K hand_over",
            "24 22:30 A offered",
            "24 22:45 K unanswered",
            "24 23:00 # watched",
            "24 23:00 K accepted",
            "25 03:15 A hand_over",
            "25 03:30 T offered",
            "25 03:45 # watched",
            "25 03:45 A accepted",
            "25 08:15 T hand_over",
            "25 08:30 M offered",
            "25 08:45 # watched",
            "25 08:45 T accepted",
            "25 15:15 M hand_over",
            "25 16:00 # resolved",
        ]
    );
    let watched: String = incident
        .watches
        .iter()
        .map(|watch| letter(watch.person))
        .collect();
    assert_eq!(watched, "MKATM");
    assert!(
        incident
            .watches
            .windows(2)
            .all(|two| two[0].until == Some(two[1].from))
    );
}

#[test]
fn over_a_weekend_on_which_the_clocks_change_nobody_is_woken() {
    let world = world();
    let mut incident = declared("2026-03-27T20:00:00Z", "SEV3");
    let log = story(
        &mut incident,
        &world,
        "2026-03-30T16:00:00Z",
        &[
            ("2026-03-27T20:05:00Z", &take('K')),
            ("2026-03-27T20:05:00Z", &told),
            ("2026-03-27T22:50:00Z", &leave),
            ("2026-03-29T20:20:00Z", &take('A')),
            ("2026-03-30T03:20:00Z", &hand_over('T')),
            ("2026-03-30T03:25:00Z", &accept),
            ("2026-03-30T08:20:00Z", &hand_over('M')),
            ("2026-03-30T08:25:00Z", &accept),
        ],
    );
    assert_eq!(
        log,
        [
            "27 20:00 # ask",
            "27 20:00 G ask",
            "27 20:00 K ask",
            "27 20:05 # watched",
            "27 22:15 K hand_over",
            // Friday evening in Seattle: there is nobody left to ask.
            "27 22:50 # out_of_hours",
            "27 22:50 L out_of_hours",
            // Monday morning in Auckland is Sunday evening elsewhere.
            "29 20:00 A nudge",
            "29 20:20 # watched",
            "30 03:15 A hand_over",
            "30 03:20 T offered",
            "30 03:25 # watched",
            "30 03:25 A accepted",
            "30 08:15 T hand_over",
            "30 08:20 M offered",
            "30 08:25 # watched",
            "30 08:25 T accepted",
            // 17:00 in Madrid is an hour earlier than on Friday.
            "30 14:15 M hand_over",
            // The watcher left without handing over.
            "30 15:00 # ask",
            "30 15:00 G ask",
            "30 15:00 K ask",
            "30 15:05 K nudge",
            "30 15:05 L nobody_yet",
            "30 15:10 G nudge",
        ]
    );
    let left = incident
        .handovers
        .iter()
        .find(|handover| handover.to.is_none());
    assert_eq!(left.unwrap().state, HandoverState::Left);
}

#[test]
fn updates_are_due_by_severity_and_told_to_their_owner() {
    let world = world();
    let mut incident = declared("2026-03-24T11:00:00Z", "SEV1");
    happens(
        &mut incident,
        at("2026-03-24T11:00:00Z"),
        Fact::Changed {
            title: None,
            severity: None,
            stage: None,
            communications: Some(id(COMMUNICATIONS)),
            lead: None,
            links: None,
            to_do: Vec::new(),
        },
    );
    takes(&mut incident, &world, 'M', "2026-03-24T11:00:00Z");
    let log = story(
        &mut incident,
        &world,
        "2026-03-24T12:50:00Z",
        &[("2026-03-24T11:28:00Z", &told)],
    );
    let updates: Vec<&String> = log.iter().filter(|line| line.contains("update")).collect();
    // The first is told at 11:30, so the next is due at 12:00; nobody tells twice of the one that is missed.
    assert_eq!(updates, ["24 11:25 N update_due", "24 11:55 N update_due"]);
    let owner = |when: &str| incident.update_owner(&world, at(when)).map(letter);
    // London sleeps: its backup is at work; when both sleep, the last of the chain has it.
    assert_eq!(owner("2026-03-24T10:00:00Z"), Some('N'));
    assert_eq!(owner("2026-03-24T06:00:00Z"), Some('P'));
    assert_eq!(owner("2026-03-24T22:00:00Z"), Some('P'));

    let settings = WatchSettings::default();
    let mut minor = declared("2026-03-24T11:00:00Z", "sev3");
    assert_eq!(
        minor.next_update(&settings),
        Some(at("2026-03-24T11:15:00Z"))
    );
    told(&mut minor, &world, at("2026-03-24T11:10:00Z"));
    assert_eq!(minor.next_update(&settings), None);
}

#[test]
fn who_offers_the_watch_is_told_where_there_is_no_answer() {
    let world = world();
    let mut incident = declared("2026-03-24T10:00:00Z", "SEV3");
    let log = story(
        &mut incident,
        &world,
        "2026-03-24T15:40:00Z",
        &[
            ("2026-03-24T10:00:00Z", &take('M')),
            ("2026-03-24T10:05:00Z", &told),
            // K's day begins at 15:00: nobody has to answer before.
            ("2026-03-24T14:30:00Z", &hand_over('K')),
        ],
    );
    let asked: Vec<&String> = log
        .iter()
        .filter(|line| line.contains("offered") || line.contains("unanswered"))
        .collect();
    assert_eq!(asked, ["24 14:30 K offered", "24 15:15 M unanswered"]);
}

#[test]
fn a_watcher_who_left_is_not_called_back_for_an_update() {
    let world = world();
    let mut incident = declared("2026-03-24T15:50:00Z", "SEV1");
    takes(&mut incident, &world, 'M', "2026-03-24T15:50:00Z");
    let log = story(&mut incident, &world, "2026-03-24T18:00:00Z", &[]);
    assert!(!log.iter().any(|line| line.contains("update")), "{log:?}");
}

#[test]
fn the_watcher_says_when_they_leave() {
    let world = world();
    let leaves = |facts: &[(&str, &str)], now: &str| {
        let mut incident = declared("2026-03-24T10:00:00Z", "SEV2");
        takes(&mut incident, &world, 'M', "2026-03-24T10:00:00Z");
        for (when, until) in facts {
            let fact = incident.stay(at(until), at(when)).unwrap();
            happens(&mut incident, at(when), fact);
        }
        match incident.attendance(&world, at(now)) {
            Attendance::Watched { until, .. } => until.unwrap().format("until %H:%M").to_string(),
            Attendance::Unwatched { since } => since.format("nobody since %H:%M").to_string(),
        }
    };
    let early = [("2026-03-24T12:00:00Z", "2026-03-24T14:00:00Z")];
    let late = [("2026-03-24T15:30:00Z", "2026-03-24T18:00:00Z")];
    assert_eq!(leaves(&[], "2026-03-24T12:00:00Z"), "until 16:00");
    assert_eq!(leaves(&[], "2026-03-24T16:00:00Z"), "nobody since 16:00");
    assert_eq!(leaves(&early, "2026-03-24T13:00:00Z"), "until 14:00");
    assert_eq!(leaves(&early, "2026-03-24T15:00:00Z"), "nobody since 14:00");
    assert_eq!(leaves(&early, "2026-03-25T09:00:00Z"), "until 16:00");
    assert_eq!(leaves(&late, "2026-03-24T17:00:00Z"), "until 18:00");
    assert_eq!(leaves(&late, "2026-03-24T19:00:00Z"), "nobody since 18:00");
}

#[test]
fn time_off_ends_a_watch_and_who_volunteers_at_night_has_an_hour() {
    let mut all = everybody();
    all[0].time_off.push(away(
        at("2026-03-01T00:00:00Z"),
        span("2026-03-24T13:00:00Z", "2026-03-25T00:00:00Z"),
    ));
    let world = world_of(all);
    let mut incident = declared("2026-03-24T10:00:00Z", "SEV2");
    takes(&mut incident, &world, 'M', "2026-03-24T10:00:00Z");
    let until = |incident: &Incident, now| match incident.attendance(&world, at(now)) {
        Attendance::Watched { until, .. } => until,
        Attendance::Unwatched { .. } => None,
    };
    assert_eq!(
        until(&incident, "2026-03-24T12:00:00Z"),
        Some(at("2026-03-24T13:00:00Z"))
    );
    takes(&mut incident, &world, 'T', "2026-03-24T20:00:00Z");
    assert_eq!(
        until(&incident, "2026-03-24T20:30:00Z"),
        Some(at("2026-03-24T21:00:00Z"))
    );
    assert_eq!(until(&incident, "2026-03-24T21:00:00Z"), None);
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let world = world();
    let now = at("2026-03-24T14:00:00Z");
    let mut incident = declared("2026-03-24T14:00:00Z", "SEV2");
    let take = |incident: &Incident, name: char, when: &str| {
        incident
            .take(&world, p(name), How::RaisedHand, at(when))
            .err()
    };
    let offer =
        |incident: &Incident, name: char| incident.offer(&world, p(name), notes(""), now).err();
    assert_eq!(
        take(&incident, 'L', "2026-03-24T14:00:00Z"),
        Some(IncidentError::NotInTheRotation)
    );
    assert_eq!(offer(&incident, 'G'), Some(IncidentError::NobodyWatches));
    assert_eq!(
        incident.leave(notes("")).err(),
        Some(IncidentError::NobodyWatches)
    );
    takes(&mut incident, &world, 'M', "2026-03-24T14:00:00Z");
    assert_eq!(
        take(&incident, 'M', "2026-03-24T14:01:00Z"),
        Some(IncidentError::WatchesAlready)
    );
    assert_eq!(
        take(&incident, 'G', "2026-03-24T14:01:00Z"),
        Some(IncidentError::Watched { by: p('M') })
    );
    // Once Madrid has left without a word, somebody who is around just takes it.
    assert_eq!(take(&incident, 'G', "2026-03-24T16:00:00Z"), None);
    let tomorrow = at("2026-03-25T01:00:00Z");
    assert_eq!(
        offer(&incident, 'T'),
        Some(IncidentError::Away {
            until: Some(tomorrow)
        })
    );
    assert_eq!(offer(&incident, 'L'), Some(IncidentError::NotInTheRotation));
    assert_eq!(offer(&incident, 'M'), Some(IncidentError::WatchesAlready));
    assert_eq!(
        incident.accept(&world, 1, None, now).err(),
        Some(IncidentError::NoSuchHandover)
    );
    let fact = incident.offer(&world, p('G'), notes("bad"), now).unwrap();
    happens(&mut incident, now, fact);
    assert_eq!(
        incident.accept(&world, 1, Some(p('K')), now).err(),
        Some(IncidentError::OfferedToAnother { to: p('G') })
    );
    // Until it is accepted the old watcher remains; another offer takes its place.
    assert_eq!(incident.watcher(), Some(p('M')));
    let fact = incident
        .offer(&world, p('K'), notes("worse"), at("2026-03-24T15:00:00Z"))
        .unwrap();
    happens(&mut incident, at("2026-03-24T15:00:00Z"), fact);
    assert_eq!(
        incident.accept(&world, 1, None, now).err(),
        Some(IncidentError::HandoverClosed)
    );
    assert_eq!(
        incident.go_to(Stage::Resolved),
        Err(IncidentError::NotAStage)
    );
    assert_eq!(incident.stay(now, now).err(), Some(IncidentError::NotAhead));
    assert_eq!(
        incident.tick(99, true).err(),
        Some(IncidentError::NoSuchItem)
    );
    resolve(&mut incident, &world, at("2026-03-24T15:30:00Z"));
    let over = IncidentError::Resolved {
        at: at("2026-03-24T15:30:00Z"),
    };
    assert_eq!(take(&incident, 'G', "2026-03-24T15:31:00Z"), Some(over));
    assert_eq!(incident.accept(&world, 2, None, now).err(), Some(over));
    assert_eq!(incident.resolve(Vec::new()).err(), Some(over));
    assert_eq!(
        incident.handovers.last().map(|last| last.state),
        Some(HandoverState::Withdrawn)
    );
}

#[test]
fn what_is_left_afterwards_is_told_at_work_a_day_before() {
    let world = world();
    let mut incident = declared("2026-03-24T10:00:00Z", "SEV1");
    takes(&mut incident, &world, 'M', "2026-03-24T10:00:00Z");
    let tick = |incident: &mut Incident, _: &World, now: Timestamp| {
        let first = incident.items.iter().find(|item| item.is_left()).unwrap();
        let fact = incident.tick(first.number, true).unwrap();
        happens(incident, now, fact);
    };
    let log = story(
        &mut incident,
        &world,
        "2026-04-01T23:00:00Z",
        &[
            ("2026-03-24T15:55:00Z", &resolve),
            ("2026-03-24T15:55:00Z", &tick),
        ],
    );
    let left: Vec<&String> = log.iter().filter(|line| line.contains("follow")).collect();
    assert_eq!(
        left,
        [
            "24 15:55 M follow_up",
            "25 15:55 M follow_up",
            "31 07:00 M follow_up"
        ]
    );
    assert!(incident.is_live());
}
