//! Who could take over: the order, and the reasons it has.

use uuid::Uuid;

use super::build::*;
use super::teams::team;
use crate::ids::RotationId;
use crate::people::person::{Deactivation, Holidays, People, Person, Role};
use crate::people::team::{Consent, Team};
use crate::schedule::clash::clashes;
use crate::schedule::issue::{Remedy, of_clash, of_gap};
use crate::schedule::overrides::Override;
use crate::schedule::timeline::{Gap, GapReason, Layer, Timeline};
use crate::swaps::suggestion::{Colleagues, Suggestion};
use crate::time::interval::{FOREVER, Interval};

const HOUR: i64 = 3600;
const WEEK: i64 = 7 * 24 * HOUR;

fn londoner(name: char) -> Person {
    person(name, "Europe/London", hours("09:00", "17:00"))
}

/// Who is suggested for A's Wednesday and Thursday, 4 and 5 March.
fn suggested(lines: &[&Timeline], everybody: &People, members: &str) -> Vec<Suggestion> {
    let colleagues = Colleagues::new(everybody, lines.iter().copied());
    colleagues.suggest(lines[0], &team(members), days())
}

fn days() -> Interval {
    span("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z")
}

fn letters(found: &[Suggestion]) -> String {
    found.iter().map(|one| letter(one.person)).collect()
}

fn of(found: &[Suggestion], name: char) -> Suggestion {
    found
        .iter()
        .find(|one| one.person == p(name))
        .cloned()
        .unwrap()
}

/// Another rotation, of a week each, with this order.
fn other(order: &str) -> Timeline {
    let from = at("2026-03-02T10:00:00Z");
    let mut other = rotation(vec![ordered(
        1,
        from,
        "Europe/London",
        "2026-03-02T10:00:00",
        "FREQ=WEEKLY",
        order,
        0,
    )]);
    other.id = RotationId::from_uuid(Uuid::from_u128(70));
    timeline(other, Vec::new())
}

#[test]
fn who_is_free_and_at_work_comes_first() {
    let line = timeline(abc(), Vec::new());
    let mut everybody = people("ABCD".chars().map(londoner));
    // E is in Sydney: their evenings and nights; F is away for a day; G has another duty.
    everybody.extend(people([
        person('E', "Australia/Sydney", hours("00:00", "06:00")),
        londoner('F'),
        londoner('G'),
    ]));
    let mut away_today = londoner('F');
    away_today.time_off.push(away(
        at("2026-03-01T00:00:00Z"),
        span("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z"),
    ));
    everybody.extend(people([away_today]));
    let elsewhere = other("GD");
    let found = suggested(&[&line, &elsewhere], &everybody, "ABCDEFG");
    // B and C have weeks of their own around; D has fewer of the other rotation's than they.
    assert_eq!(letters(&found).chars().last(), Some('F'), "{found:?}");
    assert_eq!(letters(&found), "CBDEGF");
    let (b, f, g) = (of(&found, 'B'), of(&found, 'F'), of(&found, 'G'));
    assert_eq!(
        (b.away_seconds, b.working_seconds, b.busy.len()),
        (0, 16 * HOUR, 0)
    );
    assert_eq!((f.away_seconds, f.working_seconds), (24 * HOUR, 8 * HOUR));
    assert_eq!(g.busy, [(elsewhere.rotation().id, days())]);
    assert!(!letters(&found).contains('A'), "it is A's own");
}

#[test]
fn the_load_before_and_after_counts_over_all_rotations() {
    let line = timeline(abc(), Vec::new());
    let everybody = people("ABCD".chars().map(londoner));
    let found = suggested(&[&line], &everybody, "ABCD");
    assert_eq!(letters(&found), "DCB");
    // From 6 March to 1 May: of the turns of B that of 9 March, that of 30 March, that of 20 April.
    let b = of(&found, 'B');
    assert_eq!((b.load_before, b.load_after), (0, 3 * WEEK));
    let twice = of(
        &suggested(&[&line, &other("BBBB")], &everybody, "ABCD"),
        'B',
    );
    assert!(twice.load_after > b.load_after && !twice.busy.is_empty());
    assert_eq!(of(&found, 'D').load_after, 0);
}

#[test]
fn half_an_hour_at_work_does_not_outweigh_weeks_of_duty() {
    let line = timeline(abc(), Vec::new());
    let mut everybody = people("ABC".chars().map(londoner));
    everybody.extend(people([person(
        'D',
        "Europe/London",
        hours("09:00", "16:30"),
    )]));
    assert_eq!(letters(&suggested(&[&line], &everybody, "ABCD")), "DCB");
}

#[test]
fn covers_owed_decide_between_equals() {
    let year_ago = span("2025-06-02T10:00:00Z", "2025-06-03T10:00:00Z");
    let from = at("2025-01-06T10:00:00Z");
    let daily = |overrides: Vec<Override>| {
        let start = "2025-01-06T10:00:00";
        timeline(
            rotation(vec![ordered(
                1,
                from,
                "Europe/London",
                start,
                "FREQ=WEEKLY;INTERVAL=8",
                "A",
                0,
            )]),
            overrides,
        )
    };
    let everybody = people("ABCD".chars().map(londoner));
    assert_eq!(
        letters(&suggested(&[&daily(Vec::new())], &everybody, "ABCD")),
        "BCD"
    );
    let line = daily(vec![cover(1, Some(p('B')), year_ago)]);
    let found = suggested(&[&line], &everybody, "ABCD");
    assert_eq!(letters(&found), "CDB", "B has done one already");
    assert_eq!(of(&found, 'B').owed_seconds, -24 * HOUR);
}

#[test]
fn whoever_asks_hears_the_same() {
    let (line, other) = (timeline(abc(), Vec::new()), other("BDEF"));
    let everybody = people("ABCDEFGH".chars().map(londoner));
    let first = suggested(&[&line, &other], &everybody, "ABCDEFGH");
    // G and H are equals: as the team lists them.
    assert!(letters(&first).starts_with("GH"), "{}", letters(&first));
    // Another map has another order inside, and so may whoever loads the rotations.
    for _ in 0..8 {
        let again = people("HCADGFBE".chars().map(londoner));
        let colleagues = Colleagues::new(&again, [&other, &line]);
        assert_eq!(colleagues.suggest(&line, &team("ABCDEFGH"), days()), first);
    }
}

#[test]
fn a_team_is_asked_as_it_is_then() {
    let line = timeline(abc(), Vec::new());
    let everybody = people("ABCXY".chars().map(londoner));
    let mut team = team("ABCX");
    team.join(p('Y'), days().start(), Consent::NotNeeded);
    team.leave(p('X'), days().end());
    let colleagues = Colleagues::new(&everybody, [&line]);
    let asked = |team: &Team| {
        let mut names: Vec<char> = letters(&colleagues.suggest(&line, team, days()))
            .chars()
            .collect();
        names.sort_unstable();
        names.into_iter().collect::<String>()
    };
    assert_eq!(asked(&team), "BCXY");
    team.leave(p('X'), at("2026-03-05T23:59:59Z"));
    assert_eq!(asked(&team), "BCY");
    team.leave(p('Y'), days().start());
    team.join(p('Y'), at("2026-03-04T00:00:01Z"), Consent::NotNeeded);
    assert_eq!(asked(&team), "BC");
    // Whoever is in the order is asked, of the team or not.
    team.leave(p('B'), days().start());
    assert_eq!(asked(&team), "BC");
}

#[test]
fn who_cannot_take_it_is_not_asked() {
    let line = timeline(abc(), Vec::new());
    let mut looks_on = londoner('V');
    looks_on.role = Role::Viewer;
    let mut gone = londoner('B');
    let at = at("2026-03-05T12:00:00Z");
    gone.deactivation = Some(Deactivation {
        at,
        recorded_at: at,
    });
    let mut everybody = people("ACX".chars().map(londoner));
    everybody.extend(people([looks_on, gone]));
    // C is in the order and not in the team; X in neither.
    assert_eq!(letters(&suggested(&[&line], &everybody, "AVB")), "C");
    // Of an interval that two share, each can take the other's.
    let both = span("2026-03-08T00:00:00Z", "2026-03-10T00:00:00Z");
    let everybody = people("ABC".chars().map(londoner));
    let found = Colleagues::new(&everybody, [&line]).suggest(&line, &team("ABC"), both);
    assert_eq!(letters(&found).chars().next(), Some('C'));
    assert_eq!(found.len(), 3);
    assert!(!of(&found, 'A').busy.is_empty());
}

#[test]
fn holidays_are_told_with_the_reasons() {
    let line = timeline(abc(), Vec::new());
    let mut everybody = people("AC".chars().map(londoner));
    let mut paid = person('B', "Europe/Berlin", hours("09:00", "17:00"));
    paid.profiles[0].holidays = Some(Holidays {
        country: "DE".to_owned(),
        region: None,
        observe: true,
    });
    everybody.extend(people([paid]));
    let friday = span("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z");
    let found = Colleagues::new(&everybody, [&line]).suggest(&line, &team("ABC"), friday);
    let b = of(&found, 'B');
    assert_eq!(
        (b.working_seconds, b.holidays[0].holiday.name),
        (0, "Labor Day")
    );
    assert!(of(&found, 'A').holidays.is_empty());
}

#[test]
fn clash_and_gap_have_remedies() {
    let mut everybody = people("BC".chars().map(londoner));
    let mut ill = londoner('A');
    ill.time_off.push(away(at("2026-03-03T00:00:00Z"), days()));
    everybody.extend(people([ill]));
    let line = timeline(abc(), Vec::new());
    let week = span("2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z");
    let found = clashes(
        line.rotation().id,
        &line.shifts(Layer::Final, week),
        &everybody,
    );
    let colleagues = Colleagues::new(&everybody, [&line]);
    let remedy = |now: &str| of_clash(&found[0], &line, &team("ABC"), &colleagues, at(now));
    let Some(Remedy::SomebodyElse(whole, people)) = remedy("2026-03-03T00:00:00Z") else {
        panic!("a cover fills it");
    };
    assert_eq!((whole, letters(&people).as_str()), (days(), "CB"));
    let Some(Remedy::SomebodyElse(rest, _)) = remedy("2026-03-05T00:00:00Z") else {
        panic!("a cover fills what is left");
    };
    assert_eq!(rest, span("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z"));
    assert_eq!(remedy("2026-03-06T00:00:00Z"), None);

    let now = at("2026-03-01T00:00:00Z");
    let backup = Book::default().with(70, |_| {}, Vec::new());
    let remedy_of = |gap: &Gap, line: &Timeline| {
        of_gap(
            gap,
            line,
            &backup,
            &team("ABC"),
            &Colleagues::new(&everybody, [line]),
            now,
        )
    };
    let remedy_for_gap = |line: &Timeline| remedy_of(&line.gaps(Layer::Final, week)[0], line);
    let nobody = timeline(abc(), vec![cover(1, None, days())]);
    let Some(Remedy::SomebodyElse(interval, people)) = remedy_for_gap(&nobody) else {
        panic!("an override fills it");
    };
    // A is away just then, so is the last of the three.
    assert_eq!((interval, letters(&people).as_str()), (days(), "CBA"));
    let mut closed = abc();
    closed.revisions[0].duty_hours = Some(hours("09:00", "17:00"));
    assert_eq!(
        remedy_for_gap(&timeline(closed.clone(), Vec::new())),
        Some(Remedy::Fallback)
    );
    closed.fallback = Some(r(70));
    let answered = timeline(closed.clone(), Vec::new());
    assert_eq!(remedy_for_gap(&answered), None);
    let for_ever = Gap {
        interval: Interval::new(now, FOREVER).unwrap(),
        reason: GapReason::Ended,
    };
    let from_then = Gap {
        interval: Interval::new(week.start(), FOREVER).unwrap(),
        ..for_ever
    };
    assert_eq!(remedy_of(&for_ever, &answered), Some(Remedy::Revision));
    assert_eq!(remedy_of(&from_then, &answered), None);
    // One that is not there answers nothing.
    closed.fallback = Some(r(71));
    assert_eq!(
        remedy_for_gap(&timeline(closed, Vec::new())),
        Some(Remedy::Fallback)
    );
    let start = at("2026-03-02T10:00:00Z");
    let once = ordered(
        1,
        start,
        "Europe/London",
        "2026-03-02T10:00:00",
        "FREQ=DAILY;COUNT=2",
        "AB",
        0,
    );
    assert_eq!(
        remedy_for_gap(&timeline(rotation(vec![once.clone()]), Vec::new())),
        Some(Remedy::Revision)
    );
    let mut archived = rotation(vec![once]);
    archived.archived_at = Some(at("2026-03-03T10:00:00Z"));
    assert_eq!(remedy_for_gap(&timeline(archived, Vec::new())), None);
}

/// Suggestions that are asked for together share what they look at, and are those that each gets alone.
#[test]
fn suggestions_asked_for_together_are_those_asked_for_alone() {
    let line = timeline(abc(), Vec::new());
    let other = other("CAB");
    let everybody = people("ABC".chars().map(londoner));
    let together = Colleagues::new(&everybody, [&line, &other]);
    for days in (0..29).rev().map(|week| week * 7).chain([1, 90, 3]) {
        let start = at("2026-03-04T00:00:00Z") + chrono::TimeDelta::days(days);
        let interval = Interval::new(start, start + chrono::TimeDelta::hours(30)).unwrap();
        let alone = Colleagues::new(&everybody, [&line, &other]);
        assert_eq!(
            together.suggest(&line, &team("ABC"), interval),
            alone.suggest(&line, &team("ABC"), interval)
        );
    }
}
