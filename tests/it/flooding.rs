//! What one person may do in an hour.

use chrono::TimeDelta;
use dogwatch::domain::access::link::{Link, Step};
use dogwatch::service::App;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::browser::Browser;
use crate::harness::server::{Answer, send};
use crate::incident_webhooks::Program;
use crate::incidents::{Somebody, World, world_with};

const LIMITS: [(&str, &str); 3] = [
    ("DOGWATCH_INCIDENTS_PER_HOUR", "3"),
    ("DOGWATCH_COVER_REQUESTS_PER_HOUR", "3"),
    ("DOGWATCH_FEEDS_PER_HOUR", "3"),
];

fn incident(world: &World, reference: &str) -> Value {
    json!({ "reference": reference, "title": "Flags are late", "rotation_id": world.rotation })
}

fn declare(world: &World, who: &Somebody, reference: &str) -> Answer {
    world.by(who, "/incidents", &incident(world, reference))
}

/// The refusal, which must say how long to wait.
#[track_caller]
fn too_often(answer: Answer, what: &str) -> u32 {
    let seconds = answer.header("retry-after").parse().unwrap();
    let problem = answer.problem(429);
    assert!(
        problem["detail"].as_str().unwrap().contains(what),
        "{problem}"
    );
    seconds
}

#[test]
fn one_person_declares_only_so_many_incidents_in_an_hour() {
    let world = world_with(&LIMITS);
    let World {
        server, lena, kofi, ..
    } = &world;
    declare(&world, lena, "INC-1").expect(201);
    // None of these counts: what is wrong, what is there already, and what is asked again.
    declare(&world, lena, "").problem(422);
    declare(&world, lena, "INC-1").expect(200);
    for _ in 0..3 {
        let request = server
            .with_token(&lena.token, Method::POST, "/incidents")
            .header("idempotency-key", "once")
            .json(&incident(&world, "INC-2"));
        send(request).expect(201);
    }
    server.at("2026-03-02T09:20:00Z");
    declare(&world, lena, "INC-3").expect(201);
    let wait = too_often(declare(&world, lena, "INC-4"), "incidents");
    assert_eq!(wait, 40 * 60, "until the first one is an hour old");
    // Everybody has their own hour, and administrators have none.
    declare(&world, kofi, "INC-5").expect(201);
    for number in 10..20 {
        server
            .post("/incidents", &incident(&world, &format!("INC-{number}")))
            .expect(201);
    }
    let mut browser = Browser::signed_in(server, "lena@example.com");
    browser.get("/incidents/new").expect(200);
    let typed = [
        ("reference", "INC-6"),
        ("title", "What I typed"),
        ("rotation_id", world.rotation.as_str()),
        ("watch", ""),
    ];
    let seen = browser.submit("/incidents/new", &typed);
    assert_eq!((seen.status, seen.header("retry-after")), (429, "2400"));
    assert!(
        seen.html.contains("Too many incidents in an hour"),
        "{}",
        seen.html
    );
    assert!(seen.html.contains("What I typed"), "the form is kept");
    server.at("2026-03-02T10:00:01Z");
    declare(&world, lena, "INC-4").expect(201);
    declare(&world, lena, "INC-6").expect(201);
    declare(&world, lena, "INC-7").problem(429);
}

#[test]
fn a_program_declares_more_than_a_person_and_not_without_end() {
    let world = world_with(&LIMITS);
    let mapping = json!({ "reference": "/id", "title": "/title" });
    let (one, other) = (
        Program::new(&world, &mapping),
        Program::new(&world, &mapping),
    );
    let at = "2026-03-02T09:00:00Z";
    let send = |program: &Program, number: usize| {
        let body = json!({ "id": format!("P-{number}"), "title": "Slow" }).to_string();
        program.send(&world.server, &format!("d{number}"), at, &body)
    };
    for number in 0..12 {
        send(&one, number).expect(201);
    }
    too_often(send(&one, 12), "webhook");
    send(&one, 3).problem(409);
    send(&other, 13).expect(201);
    world.server.at("2026-03-02T10:00:01Z");
    let body = json!({ "id": "P-12", "title": "Slow" }).to_string();
    one.send(&world.server, "d12", "2026-03-02T10:00:00Z", &body)
        .expect(201);
}

/// Asks for a cover of an hour of Lena's duty.
fn cover(world: &World, hour: u32) -> Value {
    let hero = world.server.get("/rotations?team=support").expect(200);
    let hero = hero["items"].as_array().unwrap().iter();
    let hero = hero.clone().find(|one| one["kind"] == "ordered").unwrap();
    json!({
        "rotation_id": hero["id"], "kind": "cover",
        "start": format!("2026-03-04T{hour:02}:00:00Z"),
        "end": format!("2026-03-04T{:02}:00:00Z", hour + 1),
    })
}

#[test]
fn one_person_asks_for_only_so_many_covers_in_an_hour() {
    let world = world_with(&LIMITS);
    let World { server, lena, .. } = &world;
    let ask = |hour, path: &str| world.by(lena, path, &cover(&world, hour));
    for hour in 0..2 {
        ask(hour, "/swaps").expect(201);
        ask(hour + 10, "/swaps?dry_run=true").expect(200);
    }
    // One call asks for all of an absence, even if that is more than is left.
    let absence = |day: &str| {
        let off = json!({ "first_day": day, "last_day": day });
        let off = world
            .by(lena, &format!("/people/{}/time-off", lena.id), &off)
            .expect(201);
        let path = format!("/time-off/{}/covers", off["id"].as_str().unwrap());
        world.by(lena, &path, &json!({}))
    };
    let covers = absence("2026-03-04").expect(201);
    assert!(covers["items"].as_array().unwrap().len() > 1, "{covers}");
    too_often(ask(20, "/swaps"), "requests for cover");
    too_often(absence("2026-03-06"), "requests for cover");
    server.at("2026-03-02T10:00:01Z");
    ask(20, "/swaps").expect(201);
}

#[test]
fn one_person_makes_only_so_many_calendars_in_an_hour_however_they_do_it() {
    let world = world_with(&LIMITS);
    let World { server, lena, .. } = &world;
    let feed = json!({ "scope": { "all": true } });
    world.by(lena, "/feeds", &feed).expect(201);
    let link = |app: &App| {
        let link = Link {
            step: Step::Subscribe,
            person: lena.id.parse().unwrap(),
            expires: app.clock.now() + TimeDelta::days(1),
        };
        app.link(&link).unwrap()
    };
    let link = link(&server.app);
    let path = link.strip_prefix(&server.url).unwrap();
    for _ in 0..2 {
        assert_eq!(send(server.bare(Method::POST, path)).status, 200);
    }
    let refused = send(server.bare(Method::POST, path));
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, "3600")
    );
    assert!(
        refused.text.contains("too many calendars"),
        "{}",
        refused.text
    );
    too_often(world.by(lena, "/feeds", &feed), "calendars");
    let mut browser = Browser::signed_in(server, "lena@example.com");
    browser.get("/me/calendars").expect(200);
    let seen = browser.submit("/me/calendars", &[("scope", "me")]);
    assert_eq!((seen.status, seen.header("retry-after")), (429, "3600"));
    assert!(seen.html.contains("Too many calendars"), "{}", seen.html);
}

/// Handing a watch to and fro mails somebody each time.
#[test]
fn nobody_changes_incidents_without_end() {
    let world = world_with(&LIMITS);
    let World { server, lena, .. } = &world;
    let made = declare(&world, lena, "INC-1").expect(201);
    let path = format!("/incidents/{}", made["id"].as_str().unwrap());
    let retitle = |number: usize| {
        let request = server.with_token(&lena.token, Method::PATCH, &path);
        send(request.json(&json!({ "title": format!("Title {number}") })))
    };
    for number in 0..29 {
        retitle(number).expect(200);
    }
    too_often(retitle(29), "changes of incidents");
}

#[test]
fn the_board_is_paged() {
    let world = world_with(&[]);
    let World { server, .. } = &world;
    for number in 0..60 {
        let reference = format!("INC-{number:03}");
        server
            .post("/incidents", &incident(&world, &reference))
            .expect(201);
    }
    let mut browser = Browser::signed_in(server, "lena@example.com");
    let mut seen = Vec::new();
    for (page, count) in [
        ("/incidents", 25),
        ("/incidents?page=2", 25),
        ("/incidents?page=3", 10),
    ] {
        let html = browser.get(page).expect(200);
        assert!(html.len() < 300_000, "{} bytes", html.len());
        let found = (0..60).filter(|number| html.contains(&format!("INC-{number:03}")));
        let found: Vec<i32> = found.collect();
        assert_eq!(found.len(), count, "{page}");
        seen.extend(found);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
    assert!(
        !browser
            .get("/incidents?page=3")
            .expect(200)
            .contains("page=4")
    );
    for (page, shown) in [("abc", "INC-0"), ("", "INC-0"), ("99", "page=2")] {
        let html = browser.get(&format!("/incidents?page={page}")).expect(200);
        assert!(html.contains(shown) && html.contains("INC-"), "{page}");
    }
    let now = browser.get("/").expect(200);
    assert!(now.contains("and 50 more"), "{now}");
}
