//! Calendars that cost too much: their owners are told, and others are read on time.

use super::*;

/// 60,000 events with a rule that never comes, packed into little.
fn never_comes() -> Reply {
    let event = "BEGIN:VEVENT\nDTSTART:20260309T100000Z\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\nEND:VEVENT\n";
    let body = format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", event.repeat(60_000));
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(body.as_bytes()).unwrap();
    Reply {
        body: packer.finish().unwrap(),
        ..calendar(&[])
    }
}

#[test]
fn a_calendar_beyond_its_budget_says_which_and_keeps_what_was_known() {
    let world = World::new(&[VACATION], &json!({}));
    let shown = world.reads(never_comes(), "2026-03-02T17:00:00Z");
    assert_eq!(shown["problem"], "it has more than 40000 events");
    assert_eq!(world.away(), ["2026-03-09 2026-03-10"]);
    let long = format!("UID:{}", "x".repeat(300_000));
    let shown = world.reads(calendar(&[&long]), "2026-03-03T00:00:00Z");
    assert_eq!(shown["problem"], "one of its lines is longer than 256 kB");
    let shown = world.reads(calendar(&[VACATION]), "2026-03-03T12:00:00Z");
    assert_eq!(shown["problem"], Value::Null);
}

#[test]
fn calendars_that_do_not_come_hold_up_nobody_elses() {
    let world = World::new(&[], &json!({}));
    let greedy =
        json!({ "name": "Greedy", "email": "greedy@example.com", "time_zone": "Europe/London" });
    let greedy = world.server.post("/people", &greedy).expect(201);
    let path = format!("/people/{}/calendars", greedy["id"].as_str().unwrap());
    let (url, asked) = silent();
    for _ in 0..10 {
        world.server.post(&path, &json!({ "url": url })).expect(201);
    }
    asked.recv_timeout(Duration::from_secs(20)).unwrap();
    world.host.says(calendar(&[VACATION]));
    let begun = std::time::Instant::now();
    world
        .server
        .patch(&format!("/calendars/{}", world.calendar), &json!({}))
        .expect(200);
    world.when_read();
    assert_eq!(world.away(), ["2026-03-09 2026-03-10"]);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        asked.try_recv().is_err(),
        "one of a person's calendars is asked for at a time"
    );
}
