//! What is told at night, and what waits for the morning.

use super::*;

/// What is on the clock of somebody who hands over at midnight, and was told nothing before.
fn over_midnight(recorded: &str, from: &str) -> Vec<String> {
    let mut revision = ordered(
        1,
        at("2026-03-02T00:00:00Z"),
        "Europe/London",
        "2026-03-02T00:00:00",
        "FREQ=DAILY",
        "AB",
        0,
    );
    revision.recorded_at = at(recorded);
    let mut daily = rotation(vec![revision]);
    daily.reminders.incoming = Some(vec![Lead::Handoff]);
    daily.reminders.outgoing = Some(vec![Lead::Handoff]);
    sent(
        &timeline(daily, Vec::new()),
        &londoners(),
        from,
        "2026-03-03T12:00:00Z",
    )
}

#[test]
fn what_is_late_for_the_handoff_waits_for_the_morning() {
    let known = "2026-02-01T00:00:00Z";
    let at_midnight = ["03-03 00:00 A to B now", "03-03 00:00 B from A now"];
    assert_eq!(
        over_midnight(known, "2026-03-02T23:30:00Z")[1..],
        at_midnight
    );
    // The server was off until three.
    assert_eq!(
        over_midnight(known, "2026-03-03T03:00:00Z"),
        ["03-03 09:00 A to B now", "03-03 09:00 B from A now"]
    );
    // What was only entered at three begins then for whoever has it.
    assert_eq!(
        over_midnight("2026-03-03T02:50:00Z", "2026-03-03T03:00:00Z"),
        ["03-03 03:00 B from A now", "03-03 09:00 A to B now"]
    );
}

#[test]
fn who_wants_no_mail_at_night_gets_none_unless_the_morning_is_too_late() {
    let mut all = londoners();
    let mut c = person('C', "Europe/London", office());
    c.preferences.handoff_outside_hours = false;
    all.extend(people([c]));
    let given = |start: &str, end: &str| {
        let timeline = weekly(vec![cover(1, Some(p('C')), span(start, end))]);
        let log = sent(
            &timeline,
            &all,
            "2026-03-04T20:00:00Z",
            "2026-03-06T00:00:00Z",
        );
        let mut of_c = log.into_iter().filter(|line| line.contains(" C from A"));
        of_c.next().unwrap()
    };
    // Given in the evening, for the night.
    assert_eq!(
        given("2026-03-05T01:00:00Z", "2026-03-06T00:00:00Z"),
        "03-05 09:00 C from A day"
    );
    assert_eq!(
        given("2026-03-05T01:00:00Z", "2026-03-05T08:00:00Z"),
        "03-05 01:00 C from A day"
    );
}
