//! Handovers: where the person changes, what is asked of them then, and what is carried over.

use crate::schedule::rotation::HandoverSide;
use chrono::TimeDelta;
use proptest::prelude::*;

use super::build::{abc, at, cover, hours, letter, ordered, p, rotation, span, sun, timeline};
use super::properties::{overrides, rotations, windows};
use crate::handovers::{
    Done, Form, Handover, HandoverId, Item, Text, Written, checklist, handovers, written,
};

use crate::schedule::overrides::Override;
use crate::schedule::timeline::{Layer, Timeline};
use crate::time::interval::Interval;

fn lines(timeline: &Timeline, from: &str, until: &str) -> Vec<String> {
    let line = |one: Handover| {
        let (from, to) = (letter(one.from), letter(one.to));
        format!(
            "{} {from} to {to} {:?}",
            one.at.format("%m-%d %H:%M"),
            one.form
        )
    };
    let found = handovers(timeline, span(from, until));
    found.into_iter().map(line).collect()
}

fn abc_with(overrides: Vec<Override>) -> Timeline {
    timeline(abc(), overrides)
}

#[test]
fn where_the_person_changes_there_is_one() {
    let march =
        |timeline: &Timeline| lines(timeline, "2026-03-01T00:00:00Z", "2026-03-24T00:00:00Z");
    // The first of all takes over from nobody.
    assert_eq!(
        march(&abc_with(Vec::new())),
        [
            "03-09 10:00 A to B Full",
            "03-16 10:00 B to C Full",
            "03-23 10:00 C to A Full"
        ]
    );
    let goes_on = cover(
        1,
        Some(p('A')),
        span("2026-03-09T10:00:00Z", "2026-03-16T10:00:00Z"),
    );
    assert_eq!(
        march(&abc_with(vec![goes_on])),
        ["03-16 10:00 A to C Full", "03-23 10:00 C to A Full"]
    );
}

#[test]
fn a_day_or_two_within_a_turn_are_handed_over_lightly() {
    let with = |start: &str, end: &str| {
        let timeline = abc_with(vec![cover(1, Some(p('C')), span(start, end))]);
        lines(&timeline, "2026-03-03T00:00:00Z", "2026-03-10T00:00:00Z")
    };
    assert_eq!(
        with("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z"),
        [
            "03-04 00:00 A to C Light",
            "03-06 00:00 C to A Light",
            "03-09 10:00 A to B Full"
        ]
    );
    // Three days are more than that.
    assert_eq!(
        with("2026-03-04T00:00:00Z", "2026-03-07T00:00:00Z"),
        [
            "03-04 00:00 A to C Full",
            "03-07 00:00 C to A Full",
            "03-09 10:00 A to B Full"
        ]
    );
    // Whoever had the last days of a turn hands over a week.
    assert_eq!(
        with("2026-03-08T10:00:00Z", "2026-03-09T10:00:00Z"),
        ["03-08 10:00 A to C Light", "03-09 10:00 C to B Full"]
    );
}

#[test]
fn a_handover_is_the_same_from_however_near_one_looks() {
    // C has four days in two pieces, and then one day.
    let days = |sequence, first: u32, last: u32| {
        let day = |day| format!("2026-03-{day:02}T00:00:00Z");
        cover(sequence, Some(p('C')), span(&day(first), &day(last)))
    };
    let timeline = abc_with(vec![days(1, 3, 5), days(2, 5, 7), days(3, 11, 12)]);
    let all = lines(&timeline, "2026-03-02T10:00:00Z", "2026-03-16T10:00:00Z");
    assert_eq!(
        all,
        [
            "03-03 00:00 A to C Full",
            "03-07 00:00 C to A Full",
            "03-09 10:00 A to B Full",
            "03-11 00:00 B to C Light",
            "03-12 00:00 C to B Light",
        ]
    );
    for line in &all {
        let minute = format!("2026-{}T{}", &line[..5], &line[6..11]);
        let alone = lines(
            &timeline,
            &format!("{minute}:00Z"),
            &format!("{minute}:01Z"),
        );
        assert_eq!(alone, [line.as_str()]);
    }
}

#[test]
fn gaps_and_duty_hours_are_not_in_the_way() {
    let mut office = abc();
    office.revisions[0].duty_hours = Some(hours("09:00", "17:00"));
    let day = cover(
        1,
        Some(p('C')),
        span("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
    );
    let nobody = cover(
        2,
        None,
        span("2026-03-06T00:00:00Z", "2026-03-11T00:00:00Z"),
    );
    assert_eq!(
        lines(
            &timeline(office, vec![day, nobody]),
            "2026-03-03T00:00:00Z",
            "2026-03-17T00:00:00Z"
        ),
        [
            "03-04 00:00 A to C Light",
            "03-05 09:00 C to A Light",
            "03-11 09:00 A to B Full",
            "03-16 10:00 B to C Full"
        ]
    );
}

#[test]
fn whoever_took_a_break_of_a_year_took_over_from_the_last_one() {
    let from = at("2024-03-04T10:00:00Z");
    let yearly = ordered(
        1,
        from,
        "Europe/London",
        "2024-03-04T10:00:00",
        "FREQ=YEARLY",
        "AB",
        0,
    );
    let away = cover(
        1,
        None,
        span("2024-03-11T10:00:00Z", "2025-03-04T10:00:00Z"),
    );
    assert_eq!(
        lines(
            &timeline(rotation(vec![yearly]), vec![away]),
            "2025-03-01T00:00:00Z",
            "2025-04-01T00:00:00Z"
        ),
        ["03-04 10:00 A to B Full"]
    );
}

#[test]
fn the_sun_is_followed_with_four_notes() {
    let pool = super::build::people([
        super::build::person('A', "Europe/London", hours("09:00", "17:00")),
        super::build::person('B', "America/New_York", hours("09:00", "17:00")),
    ]);
    let plan = std::sync::Arc::new(sun("AB", at("2026-01-05T00:00:00Z")));
    assert_eq!(
        lines(
            &Timeline::new(plan, Vec::new(), pool),
            "2026-01-13T00:00:00Z",
            "2026-01-14T00:00:00Z"
        ),
        ["01-13 09:00 B to A Watch", "01-13 17:00 A to B Watch"]
    );
}

fn monday() -> Handover {
    Handover {
        at: at("2026-03-16T10:00:00Z"),
        from: p('B'),
        to: p('C'),
        form: Form::Full,
    }
}

fn item(text: &str, since: &str, done: Option<&str>) -> Item {
    Item {
        text: text.to_owned(),
        list: HandoverSide::Outgoing,
        since: at(since),
        done: done.map(|done| Done {
            at: at(done),
            by: Some(p('B')),
        }),
    }
}

fn shown(handover: &Handover, template: &[&str], kept: &[Item]) -> Vec<String> {
    let template: Vec<String> = template.iter().map(|&text| text.to_owned()).collect();
    let before = Some(at("2026-03-09T10:00:00Z"));
    checklist(handover, before, HandoverSide::Outgoing, &template, kept)
        .iter()
        .map(|item| {
            let mark = if item.done.is_some() { "x" } else { "-" };
            let carried = if item.since < handover.at {
                " carried"
            } else {
                ""
            };
            format!("{mark} {}{carried}", item.text)
        })
        .collect()
}

#[test]
fn what_is_open_is_carried_over_until_it_is_ticked() {
    let last = "2026-03-09T10:00:00Z";
    let kept = [
        item("high", last, None),
        item("normal", last, Some("2026-03-08T12:00:00Z")),
        item("ticket 8", last, Some("2026-03-10T12:00:00Z")),
        item(
            "ticket 7",
            "2026-03-02T10:00:00Z",
            Some("2026-03-10T12:00:00Z"),
        ),
        item("ticket 7", last, None),
        item("ticket 9", "2026-03-16T10:00:00Z", None),
        item("low", "2026-03-16T10:00:00Z", Some("2026-03-15T12:00:00Z")),
        // Of a handover to come.
        item("later", "2026-03-23T10:00:00Z", None),
    ];
    assert_eq!(
        shown(&monday(), &["high", "normal", "low"], &kept),
        [
            "- high carried",
            "x ticket 8 carried",
            "- ticket 7 carried",
            // It was ticked in time last week, and is to be done again.
            "- normal",
            // What is ticked stays where it is.
            "x low",
            "- ticket 9",
        ]
    );
    let light = Handover {
        form: Form::Light,
        ..monday()
    };
    assert_eq!(
        shown(&light, &["high", "new"], &kept[..1]),
        ["- high carried"]
    );
}

#[test]
fn notes_stay_with_the_next_handover_there_is() {
    let note = |text: &str, when: &str| Written {
        at: at(when),
        notes: Text::Plain(text.to_owned()),
        by: None,
        written_at: at("2026-03-01T00:00:00Z"),
    };
    let all = [
        note("last week", "2026-03-09T10:00:00Z"),
        note("moved", "2026-03-15T10:00:00Z"),
        note("next week", "2026-03-23T10:00:00Z"),
    ];
    let before = Some(at("2026-03-09T10:00:00Z"));
    let found = |all: &[Written]| written(&monday(), before, all).map(|one| one.notes.clone());
    assert_eq!(found(&all), Some(Text::Plain("moved".to_owned())));
    let mut own = all.to_vec();
    own.push(note("own", "2026-03-16T10:00:00Z"));
    assert_eq!(found(&own), Some(Text::Plain("own".to_owned())));
    assert_eq!(found(&all[..1]), None);
}

#[test]
fn a_hero_has_checklists_and_short_turns_have_none() {
    let now = at("2026-03-16T10:00:00Z");
    let of = |list| abc().checklist(list, now).len();
    assert_eq!(
        (of(HandoverSide::Outgoing), of(HandoverSide::Incoming)),
        (5, 2)
    );
    let from = at("2026-03-02T10:00:00Z");
    let daily = ordered(
        1,
        from,
        "Europe/London",
        "2026-03-02T10:00:00",
        "FREQ=DAILY",
        "AB",
        0,
    );
    let mut daily = rotation(vec![daily]);
    assert!(daily.checklist(HandoverSide::Outgoing, now).is_empty());
    daily.reminders.checklists.outgoing = Some(vec!["sweep".to_owned()]);
    assert_eq!(daily.checklist(HandoverSide::Outgoing, now), ["sweep"]);
}

#[test]
fn ids_are_read_as_they_are_written() {
    let id = HandoverId {
        rotation: abc().id,
        at: at("2026-03-16T10:00:00Z"),
    };
    let text = id.to_string();
    assert_eq!(text.parse(), Ok(id));
    for bad in [
        "",
        "x-1",
        &text.replace("-0", "-"),
        &format!("{text}0"),
        &text[..36],
    ] {
        assert!(bad.parse::<HandoverId>().is_err(), "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each is where the final timeline says that somebody else begins, and no such place is left out; what is seen does
    /// not depend on the window.
    #[test]
    fn they_are_the_changes_of_the_final_timeline(
        rotation in rotations(), overrides in overrides(), window in windows(),
    ) {
        let timeline = timeline(rotation, overrides);
        let whole = Interval::new(at("2025-12-01T00:00:00Z"), at("2027-12-01T00:00:00Z")).unwrap();
        let shifts = timeline.shifts(Layer::Final, whole);
        let expected: Vec<_> = shifts
            .windows(2)
            .filter(|pair| pair[0].person != pair[1].person)
            .filter(|pair| window.contains(pair[1].interval.start()))
            .map(|pair| (pair[1].interval.start(), pair[0].person, pair[1].person))
            .collect();
        let found = handovers(&timeline, window);
        let plain: Vec<_> = found.iter().map(|one| (one.at, one.from, one.to)).collect();
        prop_assert_eq!(plain, expected);
        let middle = window.start() + (window.end() - window.start()) / 2;
        let middle = middle - TimeDelta::nanoseconds(i64::from(middle.timestamp_subsec_nanos()));
        if let (Some(one), Some(other)) =
            (Interval::new(window.start(), middle), Interval::new(middle, window.end()))
        {
            let mut parts = handovers(&timeline, one);
            parts.extend(handovers(&timeline, other));
            prop_assert_eq!(parts, found);
        }
    }
}
