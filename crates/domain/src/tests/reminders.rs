//! Who is told of a handoff, and when.

mod night;

use crate::schedule::rotation::Lead;
use std::collections::HashSet;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::build::{
    abc, at, away, cover, hours, letter, ordered, p, people, person, rotation, span,
};
use super::build::{sun, timeline};
use super::plans::pools;
use super::properties::{instants, overrides, rotations};
use crate::people::person::{Holidays, People};
use crate::reminders::{Kind, Reminder, SentNotice, due};
use crate::schedule::rotation::Rotation;
use crate::schedule::timeline::Timeline;
use crate::time::hours::WeeklyHours;
use crate::time::interval::{Interval, Timestamp};

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

/// What is sent between two instants by somebody who looks every half hour and remembers what they sent.
fn sent(timeline: &Timeline, people: &People, from: &str, until: &str) -> Vec<String> {
    Post::default().between(timeline, people, from, until)
}

/// Somebody who sends reminders, and remembers them.
#[derive(Default)]
struct Post {
    keys: HashSet<String>,
    told: Vec<SentNotice>,
}

impl Post {
    fn between(
        &mut self,
        timeline: &Timeline,
        people: &People,
        from: &str,
        until: &str,
    ) -> Vec<String> {
        let (mut now, mut log) = (at(from), Vec::new());
        while now <= at(until) {
            for reminder in due(timeline, people, &self.told, now, TimeDelta::zero()) {
                assert!(reminder.due_at <= now && now < reminder.not_after);
                if self.keys.insert(reminder.key.clone()) {
                    log.push(line(now, &reminder));
                    self.tell(&reminder, now);
                }
            }
            now += TimeDelta::minutes(30);
        }
        log.sort();
        log
    }

    fn tell(&mut self, reminder: &Reminder, now: Timestamp) {
        if reminder.kind != Kind::Outgoing {
            self.told.push(SentNotice {
                mail: format!("m{:03}", self.told.len()),
                person: reminder.recipient,
                at: now,
                has: reminder.has.clone(),
                lost: reminder.lost.clone(),
                open: reminder.open,
                reminds: true,
            });
        }
    }
}

fn line(now: Timestamp, reminder: &Reminder) -> String {
    let kind = match reminder.kind {
        Kind::Incoming => "from",
        Kind::Outgoing => "to",
        Kind::Changed => return changed(now, reminder),
    };
    let lead = match reminder.lead {
        Lead::Days(7) => "week".to_owned(),
        Lead::Days(days) => format!("{days} days"),
        Lead::LastWorkingDay => "day".to_owned(),
        Lead::Handoff => "now".to_owned(),
    };
    format!(
        "{} {} {kind} {} {lead}",
        now.format("%m-%d %H:%M"),
        letter(reminder.recipient),
        reminder.other.map_or('-', letter)
    )
}

fn changed(now: Timestamp, reminder: &Reminder) -> String {
    let list = |sign: &str, all: &[Interval]| {
        let day = |at: Timestamp| at.format("%m-%d").to_string();
        let one = |one: &Interval| format!(" {sign}{}..{}", day(one.start()), day(one.end()));
        all.iter().map(one).collect::<Vec<_>>().concat()
    };
    format!(
        "{} {}{}{}",
        now.format("%m-%d %H:%M"),
        letter(reminder.recipient),
        list("-", &reminder.lost),
        list("+", &reminder.has)
    )
}

/// `abc`, by people who are put into its pool by nobody.
fn weekly(overrides: Vec<crate::schedule::overrides::Override>) -> Timeline {
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
        // The night is too late for what happened in the morning.
        ["03-03 09:00 A from - now", "03-09 10:00 C from A week"]
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
            "03-03 09:00 A from - day",
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
fn holidays_and_time_off_are_no_working_hours() {
    let mut b = person('B', "Europe/London", office());
    let off = span("2026-03-05T00:00:00Z", "2026-03-07T00:00:00Z");
    b.time_off.push(away(at("2026-03-01T00:00:00Z"), off));
    b.profiles[0].holidays = Some(Holidays {
        country: "GB".to_owned(),
        region: Some("ENG".to_owned()),
        observe: true,
    });
    let mut all = londoners();
    all.extend(people([b]));
    let between = |from: &str, until: &str, line: &str| {
        let log = sent(&weekly(Vec::new()), &all, from, until);
        assert!(log.iter().any(|one| one == line), "{line} in {log:?}");
    };
    // Away on Thursday and Friday: on Wednesday.
    between(
        "2026-03-03T00:00:00Z",
        "2026-03-06T12:00:00Z",
        "03-04 09:00 B from A day",
    );
    // They hand over on Easter Monday, after Good Friday: on Thursday, in summer time.
    between(
        "2026-03-31T00:00:00Z",
        "2026-04-03T12:00:00Z",
        "04-02 08:00 B to C day",
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
    let now = due(
        &timeline,
        &londoners(),
        &[],
        at("2026-03-02T12:00:00Z"),
        week,
    );
    let keys: HashSet<&String> = now.iter().map(|reminder| &reminder.key).collect();
    assert!(keys.len() > 4 && keys.len() == now.len());
    let later = due(
        &timeline,
        &londoners(),
        &[],
        at("2026-03-02T12:30:00Z"),
        week,
    );
    assert!(later.iter().all(|reminder| keys.contains(&reminder.key)));
}

#[test]
fn who_lost_a_shift_is_told_and_who_gained_it_and_both_again_when_it_comes_back() {
    let mut post = Post::default();
    let plain = weekly(Vec::new());
    let mut between = |timeline: &Timeline, from: &str, until: &str| {
        post.between(timeline, &londoners(), from, until)
    };
    between(&plain, "2026-03-02T10:30:00Z", "2026-03-03T11:30:00Z");
    // B, who was told a week ahead, gives all of it to C, who hears of it as of a shift; then it is undone.
    let week = span("2026-03-09T10:00:00Z", "2026-03-16T10:00:00Z");
    let covered = weekly(vec![cover(1, Some(p('C')), week)]);
    assert_eq!(
        between(&covered, "2026-03-03T12:00:00Z", "2026-03-03T23:30:00Z"),
        ["03-03 12:00 B -03-09..03-16", "03-03 12:00 C from A week"]
    );
    assert_eq!(
        between(&plain, "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
        [
            "03-04 09:00 B from A week",
            "03-04 09:00 C -03-09..03-16 +03-16..03-23"
        ]
    );
    // And once more.
    assert_eq!(
        between(&covered, "2026-03-05T12:00:00Z", "2026-03-05T16:00:00Z"),
        // C, whose own week follows, has more of it again.
        ["03-05 12:00 B -03-09..03-16", "03-05 12:00 C +03-09..03-23"]
    );
    assert_eq!(
        between(&plain, "2026-03-05T16:30:00Z", "2026-03-06T12:00:00Z"),
        [
            "03-05 16:30 B from A week",
            "03-05 16:30 C -03-09..03-16 +03-16..03-23",
            "03-06 09:00 A to B day",
            "03-06 09:00 B from A day",
        ]
    );
}

#[test]
fn a_correction_follows_the_first_mail_and_takes_out_of_calendars_what_begins_otherwise() {
    let plain = weekly(Vec::new());
    let wednesday = span("2026-03-11T00:00:00Z", "2026-03-12T00:00:00Z");
    let covered = weekly(vec![cover(1, Some(p('C')), wednesday)]);
    let week = span("2026-03-09T10:00:00Z", "2026-03-16T10:00:00Z");
    let begun = span("2026-03-09T10:00:00Z", "2026-03-11T00:00:00Z");
    let rest = span("2026-03-12T00:00:00Z", "2026-03-16T10:00:00Z");
    let other = span("2026-03-30T09:00:00Z", "2026-04-06T09:00:00Z");
    let told = |mail: &str, hour: &str, has: &[Interval], lost: &[Interval]| SentNotice {
        mail: mail.to_owned(),
        person: p('B'),
        at: at(&format!("2026-03-03T{hour}:00:00Z")),
        has: has.to_vec(),
        lost: lost.to_vec(),
        open: false,
        reminds: true,
    };
    let of_b = |timeline: &Timeline, told: &[SentNotice]| {
        let now = at("2026-03-04T12:00:00Z");
        let all = due(timeline, &londoners(), told, now, TimeDelta::zero());
        let mut hers = all.into_iter().filter(|one| one.recipient == p('B'));
        let found = hers.next().unwrap();
        assert_eq!(hers.next(), None);
        (found.kind, found.follows.unwrap(), found.runs, found.gone)
    };
    let mut known = vec![
        told("other", "09", &[other], &[]),
        told("first", "10", &[week], &[]),
        told("again", "11", &[week], &[]),
    ];
    assert_eq!(
        of_b(&covered, &known),
        (
            Kind::Changed,
            "first".to_owned(),
            vec![begun, rest],
            vec![wednesday]
        )
    );
    known.push(told("less", "12", &[begun, rest], &[wednesday]));
    // Thursday's entry is a part of the week's again.
    assert_eq!(
        of_b(&plain, &known),
        (Kind::Changed, "first".to_owned(), vec![week], vec![rest])
    );
    // All of it was taken away, and comes back.
    known.push(told("none", "13", &[], &[week]));
    let (kind, follows, runs, gone) = of_b(&plain, &known);
    assert_eq!((kind, follows.as_str()), (Kind::Incoming, "first"));
    assert_eq!((runs, gone), (vec![week], vec![]));
}

#[test]
fn who_lost_some_days_is_told_which_and_of_the_rest_only_when_it_nears() {
    let mut post = Post::default();
    let plain = weekly(Vec::new());
    let mut between = |timeline: &Timeline, from: &str, until: &str| {
        post.between(timeline, &londoners(), from, until)
    };
    between(&plain, "2026-03-02T10:30:00Z", "2026-03-09T11:30:00Z");
    let days = span("2026-03-11T00:00:00Z", "2026-03-13T00:00:00Z");
    let covered = weekly(vec![cover(1, Some(p('A')), days)]);
    assert_eq!(
        between(&covered, "2026-03-09T12:00:00Z", "2026-03-12T08:30:00Z"),
        [
            "03-09 12:00 A from B week",
            "03-09 12:00 B -03-11..03-13 +03-09..03-11 +03-13..03-16",
            "03-10 09:00 A from B day",
            "03-10 09:00 B to A day",
            "03-11 00:00 A from B now",
            "03-11 00:00 B to A now",
        ]
    );
    // The days come back while they run.
    assert_eq!(
        between(&plain, "2026-03-12T09:00:00Z", "2026-03-12T16:00:00Z"),
        ["03-12 09:00 A -03-11..03-13", "03-12 09:00 B +03-09..03-16"]
    );
}

#[test]
fn a_handoff_that_moves_is_told() {
    let mut post = Post::default();
    let plain = weekly(Vec::new());
    let people = londoners();
    post.between(
        &plain,
        &people,
        "2026-03-02T10:30:00Z",
        "2026-03-03T11:30:00Z",
    );
    let a_day = span("2026-03-09T10:00:00Z", "2026-03-10T10:00:00Z");
    let later = weekly(vec![cover(1, Some(p('A')), a_day)]);
    assert_eq!(
        post.between(
            &later,
            &people,
            "2026-03-03T12:00:00Z",
            "2026-03-05T12:00:00Z"
        ),
        [
            "03-03 12:00 A +03-02..03-10",
            "03-03 12:00 B -03-09..03-10 +03-10..03-16"
        ]
    );
}

#[test]
fn whoever_goes_on_and_on_is_told_once() {
    let from = at("2026-03-02T10:00:00Z");
    let alone = rotation(vec![ordered(
        1,
        from,
        "Europe/London",
        "2026-03-02T10:00:00",
        "FREQ=WEEKLY",
        "A",
        0,
    )]);
    let log = sent(
        &timeline(alone, Vec::new()),
        &londoners(),
        "2026-03-02T10:00:00Z",
        "2026-04-20T00:00:00Z",
    );
    assert_eq!(log, ["03-02 10:00 A from - now"]);
}

#[test]
fn a_rotation_has_its_own_lead_times() {
    let mut hero = abc();
    hero.reminders.incoming = Some(vec![Lead::Handoff, Lead::Days(14), Lead::Days(3)]);
    hero.reminders.outgoing = Some(Vec::new());
    let log = sent(
        &timeline(hero, Vec::new()),
        &londoners(),
        "2026-03-02T10:30:00Z",
        "2026-03-16T12:00:00Z",
    );
    let of_c: Vec<&String> = log.iter().filter(|line| line.contains(" C from")).collect();
    assert_eq!(
        of_c,
        [
            "03-02 10:30 C from B 14 days",
            // Three days before is a Friday.
            "03-13 10:00 C from B 3 days",
            "03-16 10:00 C from B now",
        ]
    );
    assert!(log.iter().all(|line| !line.contains(" to ")), "{log:?}");
}

#[test]
fn nobody_gets_what_they_do_not_want() {
    let mut all = londoners();
    let mut b = person('B', "America/Los_Angeles", office());
    b.preferences.outgoing = false;
    b.preferences.handoff_outside_hours = false;
    all.extend(people([b]));
    let log = sent(
        &weekly(Vec::new()),
        &all,
        "2026-03-02T10:30:00Z",
        "2026-03-16T12:00:00Z",
    );
    let of_b: Vec<&String> = log
        .iter()
        .filter(|line| line[12..].starts_with("B "))
        .collect();
    // The handoff is in the night in Los Angeles.
    assert_eq!(
        of_b,
        ["03-02 17:00 B from A week", "03-06 17:00 B from A day"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Most handoffs ahead are seen to be far without being looked at: none of those is due.
    #[test]
    fn who_looks_further_ahead_finds_the_same_that_is_near(
        rotation in rotations(),
        overrides in overrides(),
        pool in pools(),
        now in instants(),
    ) {
        let timeline = timeline(rotation, overrides);
        let people = people(pool);
        let near = |horizon: i64| -> Vec<(Timestamp, String)> {
            let found = due(&timeline, &people, &[], now, TimeDelta::days(horizon));
            let found = found.into_iter().map(|one| (one.due_at, one.key));
            found.filter(|(at, _)| *at <= now + TimeDelta::days(1)).collect()
        };
        prop_assert_eq!(near(1), near(45));
    }
}
