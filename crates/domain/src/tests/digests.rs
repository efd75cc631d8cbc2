//! Digests: what managers are told of trouble ahead, when, and how often.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::build::*;
use crate::ids::TeamId;
use crate::people::person::{Deactivation, Person};
use crate::people::team::{Membership, Team};
use crate::reminders::digest::Nearness::{Days, Later, Week};
use crate::reminders::digest::{Digest, Nearness, Trouble, digest, to_bring_up, troubles, window};
use crate::schedule::rotation::Rotation;
use crate::schedule::timeline::Timeline;
use crate::time::interval::Interval;
use crate::time::zone::Zone;

fn londoner(name: char) -> Person {
    person(name, "Europe/London", hours("09:00", "17:00"))
}

fn days() -> Interval {
    span("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z")
}

fn team() -> Team {
    Team {
        id: TeamId::from_uuid(Uuid::from_u128(8)),
        slug: "heroes".to_owned(),
        name: "Heroes".to_owned(),
        time_zone: Zone::utc(),
        memberships: vec![Membership {
            manages: true,
            ..Membership::of(p('M'))
        }],
        version: 1,
    }
}

#[test]
fn what_nobody_has_mended_is_brought_up_again_as_it_nears() {
    let mut ill = londoner('A');
    ill.time_off.push(away(at("2026-02-01T00:00:00Z"), days()));
    let everybody = people([ill, londoner('B'), londoner('C')]);
    let nobody = span("2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z");
    let line = timeline(abc(), vec![cover(1, None, nobody)]);
    let quarter = span("2026-02-01T00:00:00Z", "2026-05-01T00:00:00Z");
    let found = troubles(&line, &Book::default(), &everybody, quarter);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((found[0].interval(), found[1].interval()), (days(), nobody));

    let mut told = BTreeMap::new();
    let mut raised = |now: &str| {
        let raised = to_bring_up(&found, &told, at(now));
        told.extend(raised.iter().map(|one| (one.trouble.key(), one.nearness)));
        let shown = raised.iter().map(|one| {
            let which = if one.trouble == found[0] {
                "clash"
            } else {
                "gap"
            };
            (which, one.nearness)
        });
        shown.collect::<Vec<_>>()
    };
    assert_eq!(
        raised("2026-02-20T00:00:00Z"),
        [("clash", Later), ("gap", Later)]
    );
    assert_eq!(raised("2026-02-24T23:59:59Z"), []);
    assert_eq!(raised("2026-02-25T00:00:00Z"), [("clash", Week)]);
    assert_eq!(raised("2026-03-02T00:00:00Z"), [("clash", Days)]);
    // Nobody looked for a week: what has come nearer is said once, and the clash is over.
    assert_eq!(raised("2026-03-11T00:00:00Z"), [("gap", Days)]);
    assert_eq!(raised("2026-03-12T12:00:00Z"), []);
    let earlier = span("2026-02-20T00:00:00Z", "2026-03-12T12:00:00Z");
    assert_eq!(
        troubles(&line, &Book::default(), &everybody, earlier)[1].key(),
        found[1].key()
    );
    // What is left of a time off that was covered in part is another clash.
    let part = span("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z");
    let line = timeline(abc(), vec![cover(1, Some(p('B')), part)]);
    let left = troubles(&line, &Book::default(), &everybody, quarter);
    assert_ne!(left[0].key(), found[0].key());
    let mended = timeline(abc(), vec![cover(1, Some(p('B')), days())]);
    assert_eq!(troubles(&mended, &Book::default(), &everybody, quarter), []);
}

#[test]
fn closed_hours_are_no_trouble() {
    let week = span("2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z");
    let everybody = people("ABC".chars().map(londoner));
    let mut closed = abc();
    closed.revisions[0].duty_hours = Some(hours("09:00", "17:00"));
    assert_eq!(
        troubles(
            &timeline(closed, Vec::new()),
            &Book::default(),
            &everybody,
            week
        ),
        []
    );
}

#[test]
fn a_gap_is_trouble_unless_fallbacks_answer_all_of_it() {
    let week = span("2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z");
    let everybody = people("ABC".chars().map(londoner));
    let noon = "2026-03-05T12:00:00Z";
    let gap = |start, end| vec![cover(1, None, span(start, end))];
    let (before, after) = (
        gap("2026-03-01T00:00:00Z", noon),
        gap(noon, "2026-03-20T00:00:00Z"),
    );
    let archived =
        |when: &'static str| move |rotation: &mut Rotation| rotation.archived_at = Some(at(when));
    let falls_back = |rotation: &mut Rotation| rotation.fallback = Some(r(3));
    let back_again = |rotation: &mut Rotation| rotation.fallback = Some(r(1));
    let fine = |_: &mut Rotation| {};
    let book = Book::default;
    for (name, book, is_trouble) in [
        ("it answers", book().with(2, fine, Vec::new()), false),
        ("there is none", book(), true),
        (
            "archived before",
            book().with(2, archived("2026-03-01T00:00:00Z"), Vec::new()),
            true,
        ),
        (
            "archived meanwhile",
            book().with(2, archived(noon), Vec::new()),
            true,
        ),
        (
            "archived afterwards",
            book().with(2, archived("2026-03-06T00:00:00Z"), Vec::new()),
            false,
        ),
        (
            "nobody at first",
            book().with(2, fine, before.clone()),
            true,
        ),
        (
            "nobody in the end",
            book().with(2, fine, after.clone()),
            true,
        ),
        (
            "its fallback answers",
            book()
                .with(2, falls_back, after.clone())
                .with(3, fine, Vec::new()),
            false,
        ),
        (
            "one after the other",
            book()
                .with(2, falls_back, after.clone())
                .with(3, fine, before),
            false,
        ),
        (
            "neither",
            book()
                .with(2, falls_back, after.clone())
                .with(3, fine, after.clone()),
            true,
        ),
        (
            "a circle",
            book()
                .with(2, back_again, after.clone())
                .with(1, fine, after),
            true,
        ),
    ] {
        let mut hero = abc();
        hero.id = r(1);
        hero.fallback = Some(r(2));
        let line = timeline(hero, vec![cover(1, None, days())]);
        let found = troubles(&line, &book, &everybody, week);
        let found: Vec<Interval> = found.iter().map(Trouble::interval).collect();
        let expected = if is_trouble { vec![days()] } else { Vec::new() };
        assert_eq!(found, expected, "{name}");
    }
}

/// A week without anybody, 16 to 23 March.
fn nobody() -> Timeline {
    let week = span("2026-03-16T10:00:00Z", "2026-03-23T10:00:00Z");
    timeline(abc(), vec![cover(1, None, week)])
}

/// What the manager is told at `now`, where nobody told them before.
fn told(manager: &Person, told: &BTreeMap<String, Nearness>, now: &str) -> Option<Digest> {
    let everybody = people("ABC".chars().map(londoner));
    let found = troubles(&nobody(), &Book::default(), &everybody, window(at(now)));
    digest(&team(), manager, &found, told, at(now))
}

#[test]
fn managers_are_told_at_work() {
    let manager = londoner('M');
    let mut away_until_friday = londoner('M');
    away_until_friday.time_off.push(away(
        at("2026-03-01T00:00:00Z"),
        span("2026-03-02T00:00:00Z", "2026-03-06T00:00:00Z"),
    ));
    let idle = person('M', "Europe/London", hours("09:00", "17:00"));
    let mut idle = Person { ..idle };
    idle.profiles[0].working_hours = serde_json::from_str("[]").unwrap();
    for (who, now, due) in [
        (&manager, "2026-03-03T10:00:00Z", "2026-03-03T10:00:00Z"),
        (&manager, "2026-03-03T03:00:00Z", "2026-03-03T09:00:00Z"),
        (&manager, "2026-03-06T17:30:00Z", "2026-03-09T09:00:00Z"),
        // Also where it has begun: nobody is woken by a digest.
        (&manager, "2026-03-17T02:00:00Z", "2026-03-17T09:00:00Z"),
        (
            &away_until_friday,
            "2026-03-03T10:00:00Z",
            "2026-03-06T09:00:00Z",
        ),
        (&idle, "2026-03-03T03:00:00Z", "2026-03-03T03:00:00Z"),
    ] {
        let digest = told(who, &BTreeMap::new(), now).unwrap();
        assert_eq!(digest.due_at, at(due), "{now}");
        assert_eq!(digest.not_after, at("2026-03-23T10:00:00Z"));
    }
    let mut unwilling = londoner('M');
    unwilling.preferences.digests = false;
    let mut gone = londoner('M');
    gone.deactivation = Some(Deactivation {
        at: at("2026-03-01T00:00:00Z"),
        recorded_at: at("2026-03-01T00:00:00Z"),
    });
    for who in [&unwilling, &gone] {
        assert_eq!(told(who, &BTreeMap::new(), "2026-03-03T10:00:00Z"), None);
    }
}

#[test]
fn a_digest_is_the_same_as_long_as_it_says_the_same() {
    let manager = londoner('M');
    let nothing = BTreeMap::new();
    let key = |now| told(&manager, &nothing, now).unwrap().key;
    let first = key("2026-03-03T10:00:00Z");
    assert_eq!(key("2026-03-05T03:00:00Z"), first);
    let nearer = key("2026-03-09T10:00:00Z");
    assert_ne!(nearer, first, "it is a week ahead now");
    assert_eq!(key("2026-03-12T10:00:00Z"), nearer);
    // Whatever comes after the last day is not seen yet, at whatever hour one looks.
    assert_eq!(told(&manager, &nothing, "2026-01-19T00:00:00Z"), None);
    assert_eq!(told(&manager, &nothing, "2026-01-19T23:00:00Z"), None);
    assert!(told(&manager, &nothing, "2026-01-20T00:00:00Z").is_some());
}
