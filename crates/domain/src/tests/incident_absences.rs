//! Incidents on days on which somebody is not at work: holidays, time off, and the end of the day as they chose it.

use super::build::{at, away, letter, p, span};
use super::incidents::{World, declared, everybody, happens, world_of};
use crate::incidents::{
    Attendance, How, Incident, Prompt, PromptKind, Recipient, WatchSettings, due,
};
use crate::people::person::{Holidays, Person};

/// The people of the world, where M keeps the holidays of Spain.
fn with_holidays() -> Vec<Person> {
    let mut all = everybody();
    all[0].profiles[0].holidays = Some(Holidays {
        country: "ES".to_owned(),
        region: None,
        observe: true,
    });
    all
}

fn takes(incident: &mut Incident, world: &World, name: char, when: &str) {
    let fact = incident.take(world, p(name), How::RaisedHand, at(when));
    happens(incident, at(when), fact.unwrap());
}

fn attendance(incident: &Incident, world: &World, now: &str) -> String {
    match incident.attendance(world, at(now)) {
        Attendance::Watched { until, .. } => until.unwrap().format("until %d %H:%M").to_string(),
        Attendance::Unwatched { since } => since.format("nobody since %d %H:%M").to_string(),
    }
}

/// Who could watch, and who of them could at once.
fn candidates(incident: &Incident, world: &World, now: &str) -> String {
    let found = incident.candidates(world, at(now));
    let name = |from: Option<_>, person| match from {
        None => letter(person).to_string(),
        Some(_) => letter(person).to_lowercase().to_string(),
    };
    found
        .into_iter()
        .map(|one| name(one.available_from, one.person))
        .collect()
}

#[test]
fn nobody_watches_on_their_public_holiday() {
    // Good Friday: Madrid and Auckland are closed, as far as their people keep it. M does.
    let world = world_of(with_holidays());
    let mut incident = declared("2026-04-02T08:00:00Z", "SEV3");
    assert_eq!(
        candidates(&incident, &world, "2026-04-02T08:00:00Z"),
        "MTgka"
    );
    takes(&mut incident, &world, 'M', "2026-04-02T08:00:00Z");
    let thursday = attendance(&incident, &world, "2026-04-02T12:00:00Z");
    assert_eq!(thursday, "until 02 15:00");
    let friday = attendance(&incident, &world, "2026-04-03T08:00:00Z");
    assert_eq!(friday, "nobody since 02 15:00");
    assert_eq!(
        candidates(&incident, &world, "2026-04-03T09:30:00Z"),
        "gkat"
    );
    // Who keeps no holidays is asked; M is back on Monday at nine, and not before.
    let mut idle = declared("2026-04-03T09:30:00Z", "SEV3");
    assert_eq!(candidates(&idle, &world, "2026-04-03T09:30:00Z"), "gkatm");
    let fact = idle.leave(super::incidents::notes("x"));
    assert!(fact.is_err(), "nobody watches it");
    takes(&mut idle, &world, 'G', "2026-04-03T13:30:00Z");
    let offer = idle.offer(
        &world,
        p('M'),
        super::incidents::notes("x"),
        at("2026-04-03T14:00:00Z"),
    );
    assert!(offer.is_err(), "M is away until Monday");
}

#[test]
fn nobody_is_a_candidate_in_their_time_off() {
    let mut all = everybody();
    all[0].time_off.push(away(
        at("2026-03-01T00:00:00Z"),
        span("2026-03-24T00:00:00Z", "2026-03-26T00:00:00Z"),
    ));
    let world = world_of(all);
    let incident = declared("2026-03-24T10:00:00Z", "SEV3");
    // Else M would be the only one at work.
    assert_eq!(
        candidates(&incident, &world, "2026-03-24T10:00:00Z"),
        "gkatm"
    );
    let settings = WatchSettings::default();
    let prompts = due(&incident, &world, &settings, at("2026-03-24T12:00:00Z"));
    let kinds: Vec<PromptKind> = prompts.iter().map(|prompt| prompt.kind).collect();
    assert_eq!(kinds, [PromptKind::OutOfHours]);
    assert_eq!(prompts[0].recipient, Recipient::Person(p('L')));
}

/// The world of which M records, at an instant, that they are away all of 24 March.
fn ill_on_tuesday(recorded_at: &str) -> World {
    let mut all = everybody();
    let tuesday = span("2026-03-23T23:00:00Z", "2026-03-24T23:00:00Z");
    all[0].time_off.push(away(at(recorded_at), tuesday));
    world_of(all)
}

/// Everything that is due, and who is told, since when nobody attends to it.
fn told(incident: &Incident, world: &World, now: &str) -> Vec<String> {
    let found = due(incident, world, &WatchSettings::default(), at(now));
    let shown = found.iter().map(|prompt| {
        let who = match prompt.recipient {
            Recipient::Person(person) => letter(person),
            Recipient::Channel => '#',
        };
        let (kind, about) = (prompt.kind.as_str(), prompt.about.format("%d %H:%M"));
        format!("{kind} {who} {about}")
    });
    shown.collect()
}

#[test]
fn who_falls_ill_in_the_middle_of_a_watch_has_left_from_then_on() {
    let world = ill_on_tuesday("2026-03-24T15:20:00Z");
    let mut incident = declared("2026-03-24T14:00:00Z", "SEV3");
    takes(&mut incident, &world, 'M', "2026-03-24T14:30:00Z");
    let before = attendance(&incident, &world, "2026-03-24T15:19:59Z");
    assert_eq!(before, "until 24 16:00");
    let after = attendance(&incident, &world, "2026-03-24T15:20:00Z");
    assert_eq!(after, "nobody since 24 15:20");
    // Who is at work is asked, and has five minutes to answer.
    assert_eq!(
        told(&incident, &world, "2026-03-24T15:24:00Z"),
        ["ask G 24 15:20", "ask K 24 15:20"]
    );
    assert_eq!(
        told(&incident, &world, "2026-03-24T15:26:00Z")[2..],
        ["nobody_yet L 24 15:20", "nudge K 24 15:20"]
    );
}

#[test]
fn who_has_left_for_weeks_left_when_they_did() {
    let mut all = everybody();
    all[0].time_off.push(away(
        at("2026-03-01T00:00:00Z"),
        span("2026-03-24T23:00:00Z", "2026-04-30T00:00:00Z"),
    ));
    let world = world_of(all);
    let mut incident = declared("2026-03-24T10:00:00Z", "SEV4");
    takes(&mut incident, &world, 'M', "2026-03-24T10:00:00Z");
    for now in ["03-25T12:00:00Z", "04-02T12:00:00Z", "04-20T03:00:00Z"] {
        let since = attendance(&incident, &world, &format!("2026-{now}"));
        assert_eq!(since, "nobody since 24 16:00", "{now}");
    }
    // Nor is anybody asked again then.
    let first = told(&incident, &world, "2026-03-26T12:00:00Z");
    assert_eq!(told(&incident, &world, "2026-04-20T03:00:00Z"), first);
}

#[test]
fn what_is_recorded_later_asks_nobody_again() {
    let mut incident = declared("2026-03-24T10:00:00Z", "SEV3");
    takes(
        &mut incident,
        &world_of(everybody()),
        'M',
        "2026-03-24T10:00:00Z",
    );
    let now = "2026-03-24T22:00:00Z";
    let expected = told(&incident, &world_of(everybody()), now);
    assert!(
        expected.contains(&"nudge G 24 16:00".to_owned()),
        "{expected:?}"
    );
    // M left at the end of the day, and says in the evening that it was a day off.
    let later = ill_on_tuesday("2026-03-24T21:00:00Z");
    assert_eq!(told(&incident, &later, now), expected);
    assert_eq!(attendance(&incident, &later, now), "nobody since 24 16:00");
}

#[test]
fn patience_and_notice_are_the_rotations_choice() {
    let world = world_of(everybody());
    let settings = WatchSettings {
        patience_minutes: 20,
        handover_minutes: 90,
        update_notice_minutes: 10,
        ..WatchSettings::default()
    };
    let mut incident = declared("2026-03-24T10:00:00Z", "SEV1");
    let first = |incident: &Incident, kind: PromptKind, now: &str| {
        let found = due(incident, &world, &settings, at(now));
        let of_kind = |prompt: &&Prompt| prompt.kind == kind;
        found.iter().find(of_kind).map(|prompt| prompt.due_at)
    };
    let noon = "2026-03-24T15:00:00Z";
    assert_eq!(
        first(&incident, PromptKind::Nudge, noon),
        Some(at("2026-03-24T10:20:00Z"))
    );
    takes(&mut incident, &world, 'M', "2026-03-24T10:21:00Z");
    assert_eq!(
        first(&incident, PromptKind::HandOver, noon),
        Some(at("2026-03-24T14:30:00Z"))
    );
    assert_eq!(
        first(&incident, PromptKind::UpdateDue, noon),
        Some(at("2026-03-24T10:20:00Z"))
    );
}
