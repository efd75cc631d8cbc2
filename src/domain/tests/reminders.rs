//! Who is told of a handoff, and when.

use std::collections::HashSet;

use chrono::TimeDelta;

use super::build::{
    abc, at, away, cover, hours, letter, ordered, p, people, person, rotation, span,
};
use super::build::{sun, timeline};
use crate::domain::hours::WeeklyHours;
use crate::domain::interval::Instant;
use crate::domain::person::People;
use crate::domain::reminder::{Kind, Lead, due};
use crate::domain::rotation::Rotation;
use crate::domain::timeline::Timeline;

fn office() -> WeeklyHours {
    hours("09:00", "17:00")
}

fn londoners() -> People {
    people(
        "ABC"
            .chars()
            .map(|name| person(name, "Europe/London", office())),
    )
}

/// What is sent between two instants by somebody who looks every half hour and remembers the keys.
fn sent(timeline: &Timeline, people: &People, from: &str, until: &str) -> Vec<String> {
    let (mut now, mut seen, mut log) = (at(from), HashSet::new(), Vec::new());
    while now <= at(until) {
        for reminder in due(timeline, people, now, TimeDelta::zero()) {
            assert!(reminder.due_at <= now && now < reminder.not_after);
            if seen.insert(reminder.key.clone()) {
                log.push(line(now, &reminder));
            }
        }
        now += TimeDelta::minutes(30);
    }
    log.sort();
    log
}

fn line(now: Instant, reminder: &crate::domain::reminder::Reminder) -> String {
    let kind = match reminder.kind {
        Kind::Incoming => "from",
        Kind::Outgoing => "to",
    };
    let lead = match reminder.lead {
        Lead::WeekAhead => "week",
        Lead::LastWorkingDay => "day",
        Lead::Handoff => "now",
    };
    format!(
        "{} {} {kind} {} {lead}",
        now.format("%m-%d %H:%M"),
        letter(reminder.recipient),
        reminder.other.map_or('-', letter)
    )
}

/// `abc`, by people who are put into its pool by nobody.
fn weekly(overrides: Vec<crate::domain::overrides::Override>) -> Timeline {
    timeline(abc(), overrides)
}

#[test]
fn a_week_ahead_on_the_last_working_day_and_at_the_handoff() {
    let log = sent(
        &weekly(Vec::new()),
        &londoners(),
        "2026-03-02T10:30:00Z",
        "2026-03-15T00:00:00Z",
    );
    assert_eq!(
        log,
        [
            // The shift that is under way is announced once, and B's week ahead is half an hour late.
            "03-02 10:30 A from - now",
            "03-02 10:30 B from A week",
            "03-06 09:00 A to B day",
            "03-06 09:00 B from A day",
            "03-09 10:00 A to B now",
            "03-09 10:00 B from A now",
            "03-09 10:00 C from B week",
            "03-13 09:00 B to C day",
            "03-13 09:00 C from B day",
        ]
    );
}

#[test]
fn it_is_moved_earlier_into_working_hours() {
    // The handoff, Monday 10:00 in London, is 21:00 in Sydney (in summer).
    let mut all = londoners();
    all.extend(people([person('B', "Australia/Sydney", office())]));
    let log = sent(
        &weekly(Vec::new()),
        &all,
        "2026-03-01T12:00:00Z",
        "2026-03-09T10:00:00Z",
    );
    let of_b: Vec<&String> = log.iter().filter(|line| line.contains(" B from")).collect();
    assert_eq!(
        of_b,
        [
            "03-01 22:00 B from A week",
            "03-05 22:00 B from A day",
            "03-09 10:00 B from A now",
        ]
    );
}

#[test]
fn who_goes_on_hears_nothing_in_between() {
    let log = sent(
        &weekly(vec![cover(
            1,
            Some(p('A')),
            span("2026-03-09T10:00:00Z", "2026-03-16T10:00:00Z"),
        )]),
        &londoners(),
        "2026-03-03T00:00:00Z",
        "2026-03-12T00:00:00Z",
    );
    assert_eq!(
        log,
        ["03-03 00:00 A from - now", "03-09 10:00 C from A week"]
    );
}

#[test]
fn short_turns_are_announced_on_the_last_working_day_only() {
    let from = at("2026-03-02T10:00:00Z");
    let daily: Rotation = rotation(vec![ordered(
        1,
        from,
        "Europe/London",
        "2026-03-02T10:00:00",
        "FREQ=DAILY",
        "ABC",
        0,
    )]);
    let log = sent(
        &timeline(daily, Vec::new()),
        &londoners(),
        "2026-03-03T00:00:00Z",
        "2026-03-06T12:00:00Z",
    );
    assert_eq!(
        log,
        [
            // Already on duty when somebody first looks, in the night.
            "03-03 00:00 A from - day",
            "03-03 09:00 B from A day",
            "03-03 09:00 C from B day",
            "03-04 09:00 A from C day",
            "03-05 09:00 B from A day",
            // Of the three handoffs from Saturday to Monday this is the last working day before.
            "03-06 09:00 A from C day",
            "03-06 09:00 B from A day",
            "03-06 09:00 C from B day",
        ]
    );
}

#[test]
fn what_was_only_just_given_goes_out_at_work_or_at_the_handoff() {
    let given = |start: &str, end: &str| weekly(vec![cover(1, Some(p('C')), span(start, end))]);
    let first = |timeline: &Timeline, from: &str| {
        sent(timeline, &londoners(), from, "2026-03-06T00:00:00Z")
            .into_iter()
            .find(|line| line.contains(" C from A"))
            .unwrap()
    };
    let thursday = given("2026-03-05T12:00:00Z", "2026-03-06T00:00:00Z");
    // At work: at once. At night: when work begins. Before work: at the handoff.
    assert_eq!(
        first(&thursday, "2026-03-04T15:00:00Z"),
        "03-04 15:00 C from A day"
    );
    assert_eq!(
        first(&thursday, "2026-03-04T20:00:00Z"),
        "03-05 09:00 C from A day"
    );
    let early = given("2026-03-05T06:00:00Z", "2026-03-05T08:00:00Z");
    assert_eq!(
        first(&early, "2026-03-04T20:00:00Z"),
        "03-05 06:00 C from A now"
    );
}

#[test]
fn who_does_not_work_for_two_weeks_is_always_at_work() {
    let mut all = londoners();
    let mut b = person('B', "Europe/London", office());
    let off = span("2026-02-01T00:00:00Z", "2026-04-30T00:00:00Z");
    b.time_off.push(away(at("2026-01-01T00:00:00Z"), off));
    all.extend(people([b]));
    let log = sent(
        &weekly(Vec::new()),
        &all,
        "2026-03-02T10:00:00Z",
        "2026-03-09T09:00:00Z",
    );
    let of_b: Vec<&String> = log.iter().filter(|line| line.contains(" B from")).collect();
    assert_eq!(
        of_b,
        ["03-02 10:00 B from A week", "03-08 10:00 B from A day"]
    );
}

#[test]
fn following_the_sun_announces_overrides_only() {
    let pool = people([person('A', "Europe/London", office())]);
    let plan = std::sync::Arc::new(sun("A", at("2026-01-05T00:00:00Z")));
    let none = Timeline::new(plan.clone(), Vec::new(), pool.clone());
    let from = "2026-03-02T00:00:00Z";
    assert!(sent(&none, &londoners(), from, "2026-03-06T00:00:00Z").is_empty());
    let evening = span("2026-03-04T17:00:00Z", "2026-03-04T20:00:00Z");
    let late = Timeline::new(plan, vec![cover(1, Some(p('B')), evening)], pool);
    assert_eq!(
        sent(&late, &londoners(), from, "2026-03-06T00:00:00Z"),
        ["03-03 09:00 B from A day"]
    );
}

#[test]
fn keys_are_stable_and_unique() {
    let timeline = weekly(vec![cover(
        1,
        Some(p('C')),
        span("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
    )]);
    let week = TimeDelta::days(7);
    let now = due(&timeline, &londoners(), at("2026-03-02T12:00:00Z"), week);
    let keys: HashSet<&String> = now.iter().map(|reminder| &reminder.key).collect();
    assert!(keys.len() > 4 && keys.len() == now.len());
    let later = due(&timeline, &londoners(), at("2026-03-02T12:30:00Z"), week);
    assert!(later.iter().all(|reminder| keys.contains(&reminder.key)));
}
