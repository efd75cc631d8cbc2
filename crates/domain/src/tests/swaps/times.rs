//! Swaps of time that is not one plain shift.

use super::*;

#[test]
fn closed_hours_are_nobodys_and_stay_so() {
    let mut rotation = abc();
    rotation.revisions[0].duty_hours = Some(hours("09:00", "17:00"));
    let mut world = World::new(rotation, Vec::new());
    let swap = world
        .open('A', Terms::Cover(week()), Offer::Team, before())
        .unwrap();
    let until_friday = span("2026-03-02T10:00:00Z", "2026-03-06T00:00:00Z");
    let done = world
        .act(
            swap,
            member('B'),
            Action::Accept(Some(until_friday)),
            before(),
        )
        .unwrap();
    assert_eq!(done.made.len(), 4);
    assert_eq!(done.state, State::Open);
    let timeline = world.timeline();
    assert_eq!(
        who(&timeline, Layer::Final, at("2026-03-04T12:00:00Z")),
        'B'
    );
    assert_eq!(
        who(&timeline, Layer::Final, at("2026-03-04T20:00:00Z")),
        '-'
    );
    // The weekend that is left is closed: with Friday and Monday morning all is taken.
    let done = world
        .act(swap, member('C'), Action::Accept(None), before())
        .unwrap();
    assert_eq!((done.made.len(), done.state), (2, State::Accepted));
    // The acceptance of four days is undone as a whole, or not at all.
    let tuesday = at("2026-03-03T00:00:00Z");
    assert_eq!(
        world.act(swap, member('B'), Action::Undo, tuesday),
        Err(SwapError::Begun)
    );
    world.act(swap, member('C'), Action::Undo, tuesday).unwrap();
}

#[test]
fn an_absence_is_asked_for_in_stretches_of_ones_own_time() {
    let absence = span("2026-03-01T00:00:00Z", "2026-03-26T00:00:00Z");
    let world = World::new(abc(), Vec::new());
    let found = stretches(&world.timeline(), p('A'), absence);
    assert_eq!(
        found,
        [week(), span("2026-03-23T10:00:00Z", "2026-03-26T00:00:00Z")]
    );
    let mut open = abc();
    open.revisions[0].duty_hours = Some(hours("09:00", "17:00"));
    let world = World::new(open, vec![cover(1, Some(p('C')), days(4, 5))]);
    let found = stretches(&world.timeline(), p('A'), week());
    let expected = [
        span("2026-03-02T10:00:00Z", "2026-03-04T10:00:00Z"),
        span("2026-03-05T10:00:00Z", "2026-03-09T10:00:00Z"),
    ];
    assert_eq!(found, expected);
    assert_eq!(stretches(&world.timeline(), p('X'), absence), []);
}

#[test]
fn watches_that_follow_the_sun_are_swapped_too() {
    let from = at("2026-01-05T00:00:00Z");
    let mut world = World::new(sun("AB", from), Vec::new());
    let pool: [(char, &str); 2] = [('A', "Europe/London"), ('B', "America/Los_Angeles")];
    world.people = crate::tests::build::people(
        pool.map(|(name, zone)| person(name, zone, hours("09:00", "17:00"))),
    );
    let now = at("2026-01-06T00:00:00Z");
    let window = span("2026-01-07T00:00:00Z", "2026-01-08T00:00:00Z");
    let mine: Vec<Interval> = stretches(&world.timeline(), p('A'), window);
    assert_eq!(mine, [span("2026-01-07T09:00:00Z", "2026-01-07T17:00:00Z")]);
    let swap = world
        .open('A', Terms::Cover(mine[0]), Offer::Team, now)
        .unwrap();
    world
        .act(swap, member('C'), Action::Accept(None), now)
        .unwrap();
    let timeline = world.timeline();
    for (instant, expected) in [
        ("2026-01-07T08:59:59Z", '-'),
        ("2026-01-07T09:00:00Z", 'C'),
        ("2026-01-07T17:00:00Z", 'B'),
    ] {
        assert_eq!(
            who(&timeline, Layer::Final, at(instant)),
            expected,
            "{instant}"
        );
    }
}

#[test]
fn across_a_handoff_and_a_clock_change() {
    // A has two turns in a row; on 29 March the clocks go forward in London.
    let mut rotation = abc();
    rotation.revisions[0].order = "AAB".chars().map(p).collect();
    let mut world = World::new(rotation, Vec::new());
    let asked = span("2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z");
    let now = at("2026-03-20T00:00:00Z");
    let swap = world
        .open('A', Terms::Cover(asked), Offer::Team, now)
        .unwrap();
    let done = world
        .act(swap, member('B'), Action::Accept(None), now)
        .unwrap();
    assert_eq!(done.made, [(asked, p('B'))]);
    let names: Vec<(PersonId, i64)> = world
        .timeline()
        .shifts(
            Layer::Final,
            span("2026-03-23T10:00:00Z", "2026-04-06T09:00:00Z"),
        )
        .iter()
        .map(|shift| (shift.person, shift.interval.seconds() / 3600))
        .collect();
    // 167 hours of the first turn and 168 of the second, of which B has 72.
    assert_eq!(names, [(p('A'), 110), (p('B'), 72), (p('A'), 153)]);
}

#[test]
fn a_watch_over_a_clock_change_is_swapped_whole_or_in_parts() {
    // In Jerusalem the clocks go forward on Friday 27 March, from two to three: that watch lasts seven hours.
    let mut world = World::new(sun("A", at("2026-01-05T00:00:00Z")), Vec::new());
    let early = person('A', "Asia/Jerusalem", hours("00:00", "08:00"));
    world.people = crate::tests::build::people([early]);
    let now = at("2026-03-20T00:00:00Z");
    let asked = span("2026-03-26T12:00:00Z", "2026-03-27T12:00:00Z");
    let watch = span("2026-03-26T22:00:00Z", "2026-03-27T05:00:00Z");
    assert_eq!(stretches(&world.timeline(), p('A'), asked), [watch]);
    let swap = world
        .open('A', Terms::Cover(watch), Offer::Team, now)
        .unwrap();
    let part = span("2026-03-26T23:30:00Z", "2026-03-27T00:30:00Z");
    world
        .act(swap, member('B'), Action::Accept(Some(part)), now)
        .unwrap();
    world
        .act(swap, member('C'), Action::Accept(None), now)
        .unwrap();
    let timeline = world.timeline();
    let hours = |name: char| time_of(&timeline, p(name), asked).seconds() / 3600;
    assert_eq!((hours('A'), hours('B'), hours('C')), (0, 1, 6));
}
