//! Pausing: who covers, and that nobody's turn moves.

use super::build::*;
use crate::schedule::pause::{covers, others};
use crate::schedule::timeline::Timeline;
use crate::time::interval::Interval;

fn weeks(order: &str, duty_hours: bool) -> Timeline {
    let start = at("2026-03-02T10:00:00Z");
    let mut revision = ordered(
        1,
        start,
        "UTC",
        "2026-03-02T10:00:00",
        "FREQ=WEEKLY",
        order,
        0,
    );
    revision.duty_hours = duty_hours.then(|| hours("09:00", "17:00"));
    timeline(rotation(vec![revision]), Vec::new())
}

fn told(
    timeline: &Timeline,
    window: Interval,
    pool: &str,
    busy: &[(char, Interval)],
) -> Vec<String> {
    let pool: Vec<_> = pool.chars().map(p).collect();
    let free = |who, piece: Interval| {
        !busy
            .iter()
            .any(|(b, when)| p(*b) == who && when.overlaps(&piece))
    };
    covers(timeline, p('A'), window, &pool, free)
        .into_iter()
        .map(|(piece, by)| {
            let by = by.map_or('-', letter);
            format!("{} {by}", piece.start().format("%m-%d %H"))
        })
        .collect()
}

#[test]
fn others_take_turns_and_one_turn_stays_with_one_of_them() {
    let window = span("2026-03-04T00:00:00Z", "2026-05-01T00:00:00Z");
    let plain = weeks("ABC", false);
    assert_eq!(
        told(&plain, window, "BC", &[]),
        ["03-04 00 B", "03-23 10 C", "04-13 10 B"]
    );
    let days = weeks("ABC", true);
    let first: Vec<String> = told(&days, window, "BC", &[]).into_iter().take(5).collect();
    assert_eq!(
        first,
        [
            "03-04 09 B",
            "03-05 09 B",
            "03-06 09 B",
            "03-09 09 B",
            "03-23 10 C"
        ]
    );
}

#[test]
fn who_is_not_free_is_passed_over_and_nobody_may_be() {
    let window = span("2026-03-04T00:00:00Z", "2026-04-01T00:00:00Z");
    let march = span("2026-03-01T00:00:00Z", "2026-03-20T00:00:00Z");
    let plain = weeks("ABC", false);
    assert_eq!(
        told(&plain, window, "BC", &[('B', march)]),
        ["03-04 00 C", "03-23 10 B"]
    );
    assert_eq!(
        told(&plain, window, "BC", &[('B', march), ('C', march)]),
        ["03-04 00 -", "03-23 10 B"]
    );
    assert_eq!(told(&plain, window, "", &[]), ["03-04 00 -", "03-23 10 -"]);
}

#[test]
fn the_others_of_an_order_begin_after_the_person() {
    let order = |names: &str| -> Vec<_> { names.chars().map(p).collect() };
    assert_eq!(others(&order("ABCD"), p('B')), order("CDA"));
    assert_eq!(others(&order("ABAC"), p('A')), order("BC"));
    assert_eq!(others(&order("BCB"), p('A')), order("BC"));
    assert_eq!(others(&order("A"), p('A')), order(""));
}
