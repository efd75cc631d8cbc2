//! The board and an incident's page without scripts: every step is a form.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::browser::Browser;
use crate::harness::server::send;
use crate::incidents::{Somebody, World, world};

fn browser(world: &World, name: &str) -> Browser {
    Browser::signed_in(&world.server, &format!("{name}@example.com"))
}

fn declared(world: &World, reference: &str) -> String {
    let body = json!({
        "reference": reference, "title": "Flags <b>late</b>", "severity": "SEV2", "rotation_id": world.rotation,
    });
    let made = world.server.post("/incidents", &body).expect(201);
    made["id"].as_str().unwrap().to_owned()
}

fn seen(world: &World, id: &str) -> Value {
    world.server.get(&format!("/incidents/{id}")).expect(200)
}

const BACK: (&str, &str) = ("back", "/incidents");

#[test]
fn a_watch_goes_from_hand_to_hand_by_forms() {
    let world = world();
    let World { server, .. } = &world;
    // Mara's last hour; Kofi's day begins when hers ends.
    server.at("2026-03-02T15:30:00Z");
    let id = declared(&world, "INC-1");
    let at = |step: &str| format!("/incidents/{id}/{step}");
    let (mut mara, mut kofi) = (browser(&world, "mara"), browser(&world, "kofi"));
    let board = mara.get("/incidents").expect(200);
    for words in [
        "INC-1",
        "Flags &#60;b&#62;late",
        "Nobody watches",
        "Raise my hand",
        "16:30 Madrid",
    ] {
        assert!(board.contains(words), "{words} in {board}");
    }
    assert!(!board.contains("<b>late"), "{board}");
    assert_eq!(
        mara.submit(&at("raise-hand"), &[BACK]).goes_to(),
        "/incidents"
    );
    let board = mara.get("/incidents").expect(200);
    assert!(board.contains("You watch it now."), "{board}");
    assert!(board.contains("30 min left"), "{board}");
    assert!(!board.contains("Raise my hand"), "{board}");

    // Who is second is told who was first, on the incident's page.
    kofi.get("/incidents").expect(200);
    let late = kofi.submit(&at("raise-hand"), &[BACK]).expect(200);
    assert!(late.contains("Mara watches INC-1 already."), "{late}");

    // What is missing is said, and what was typed is kept.
    let notes = [
        BACK,
        ("to", world.kofi.id.as_str()),
        ("status", "still bad"),
        ("ticket_count", "a dozen"),
        ("key_information", "only in Europe"),
        ("told_to_users", "that we are on it"),
    ];
    mara.get("/incidents").expect(200);
    let again = mara.submit(&at("hand-over"), &notes).expect(200);
    assert!(again.contains("must be a number"), "{again}");
    assert!(again.contains("only in Europe"), "{again}");
    let mut notes = notes;
    notes[3] = ("ticket_count", "12");
    mara.submit(&at("hand-over"), &notes).goes_to();
    let offered = mara.get("/incidents").expect(200);
    assert!(
        offered.contains("You watch until it is accepted."),
        "{offered}"
    );
    assert!(!offered.contains("Accept the watch"), "{offered}");
    let offered = kofi.get("/incidents").expect(200);
    assert!(offered.contains("Accept the watch") && offered.contains("only in Europe"));
    kofi.submit(&at("handovers/1/accept"), &[BACK]).goes_to();
    assert_eq!(seen(&world, &id)["watcher"]["person"]["name"], "Kofi");
    kofi.submit(&at("handovers/1/shrug"), &[BACK]).expect(404);

    kofi.get("/incidents").expect(200);
    kofi.submit(&at("update"), &[BACK, ("text", "We are\r\non it")])
        .goes_to();
    kofi.submit(
        &at("change"),
        &[BACK, ("stage", "identified"), ("severity", "SEV1")],
    )
    .goes_to();
    kofi.submit(&at("stay"), &[BACK, ("until", "17:30")])
        .goes_to();
    let one = format!("/incidents/{id}");
    kofi.submit(&at("items/1"), &[("back", &one), ("done", "yes")])
        .goes_to();
    let now = seen(&world, &id);
    assert_eq!(now["updates"][0]["text"], "We are\non it");
    assert_eq!(
        (&now["stage"], &now["severity"]),
        (&json!("identified"), &json!("SEV1"))
    );
    // 17:30 in Seattle.
    assert_eq!(now["watcher"]["leaves_at"], "2026-03-03T01:30:00Z");
    assert!(now["items"][0]["done_at"].is_string());
    kofi.submit(&at("resolve"), &[("back", &one), ("text", "")])
        .goes_to();
    let page = kofi.get(&one).expect(200);
    for words in [
        "It is over since",
        "What follows it",
        "offers the watch to Kofi",
        "accepts, and watches",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let board = kofi.get("/incidents").expect(200);
    assert!(board.contains("Over, with something left to do"), "{board}");
    let past = kofi.get("/incidents/past").expect(200);
    assert!(
        past.contains("INC-1") && past.contains("watched by"),
        "{past}"
    );
    let before = kofi
        .get(&format!("/incidents/past?before={id}"))
        .expect(200);
    assert!(before.contains("None yet."), "{before}");
}

#[test]
fn an_offered_watch_is_seen_at_once_and_answered_by_whom_it_is_offered_to() {
    let world = world();
    let World { server, .. } = &world;
    let manages = json!({ "managers": [world.mara.id, world.lena.id] });
    server.patch("/teams/support", &manages).expect(200);
    server.at("2026-03-02T15:30:00Z");
    let id = declared(&world, "INC-1");
    let (mut mara, mut kofi) = (browser(&world, "mara"), browser(&world, "kofi"));
    mara.get("/incidents").expect(200);
    mara.submit(&format!("/incidents/{id}/raise-hand"), &[BACK])
        .goes_to();
    let notes = [
        BACK,
        ("to", world.kofi.id.as_str()),
        ("status", "still bad"),
        ("ticket_count", "12"),
        ("key_information", "only in Europe"),
        ("told_to_users", "that we are on it"),
    ];
    mara.submit(&format!("/incidents/{id}/hand-over"), &notes)
        .goes_to();
    // She manages the team, too; but this is not offered to her.
    let board = mara.get("/incidents").expect(200);
    assert!(
        board.contains("offers the watch to") && !board.contains("Accept the watch"),
        "{board}"
    );
    let now = kofi.get("/").expect(200);
    assert!(now.contains("offers you the watch of"), "{now}");
    let mut lena = browser(&world, "lena");
    let now = lena.get("/").expect(200);
    assert!(!now.contains("offers you the watch of"), "{now}");
    let board = lena.get("/incidents").expect(200);
    for button in ["Accept the watch for Kofi<", "Decline for Kofi<"] {
        assert!(board.contains(button), "{button} in {board}");
    }
    kofi.submit(&format!("/incidents/{id}/handovers/1/accept"), &[BACK])
        .goes_to();
    assert_eq!(seen(&world, &id)["watcher"]["person"]["name"], "Kofi");
    let now = kofi.get("/").expect(200);
    assert!(!now.contains("offers you the watch of"), "{now}");
}

#[test]
fn only_what_was_chosen_anew_is_changed() {
    let world = world();
    let World { server, .. } = &world;
    server.at("2026-03-02T12:00:00Z");
    let id = declared(&world, "INC-1");
    let (path, change) = (
        format!("/incidents/{id}"),
        format!("/incidents/{id}/change"),
    );
    let mut mara = browser(&world, "mara");
    let page = mara.get(&path).expect(200);
    for shown in [
        "name=\"stage.was\" value=\"investigating\"",
        "name=\"severity.was\" value=\"SEV2\"",
    ] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    let was = [("stage.was", "investigating"), ("severity.was", "SEV2")];
    let same = [
        was[0],
        was[1],
        ("stage", "investigating"),
        ("severity", "SEV2"),
        ("back", &path),
    ];
    assert_eq!(mara.submit(&change, &same).goes_to(), path);
    assert_eq!(seen(&world, &id)["version"], 1);
    let page = mara.get(&path).expect(200);
    assert!(page.contains("It stays as it is."), "{page}");
    // Meanwhile somebody says that it is worse than she sees.
    let worse = json!({ "severity": "SEV1" });
    server.patch(&path, &worse).expect(200);
    server.patch(&path, &worse).expect(200);
    let mut stage = same;
    stage[2] = ("stage", "identified");
    mara.submit(&change, &stage).goes_to();
    let now = seen(&world, &id);
    assert_eq!(
        (&now["stage"], &now["severity"]),
        (&json!("identified"), &json!("SEV1"))
    );
    let page = mara.get(&path).expect(200);
    assert_eq!(page.matches("the severity to").count(), 1, "{page}");
    assert!(
        page.contains("Mara changes the stage to identified"),
        "{page}"
    );
}

#[test]
fn a_day_on_which_nobody_works_is_no_drawing_without_words() {
    let world = world();
    // A Saturday.
    world.server.at("2026-03-07T12:00:00Z");
    declared(&world, "INC-1");
    let board = browser(&world, "mara").get("/incidents").expect(200);
    assert!(board.contains("class=\"hours\" aria-hidden"), "{board}");
    assert!(!board.contains("aria-label=\"\""), "{board}");
}

#[test]
fn an_incident_is_declared_on_a_page() {
    let world = world();
    let World { server, .. } = &world;
    server.at("2026-03-02T12:00:00Z");
    let mut lena = browser(&world, "lena");
    let page = lena.get("/incidents/new").expect(200);
    assert!(page.contains("SEV1: Most customers cannot work."), "{page}");
    let bad = [
        ("reference", ""),
        ("title", "x"),
        ("rotation_id", world.rotation.as_str()),
        ("watch", "named"),
        ("channel_url", "javascript:alert(1)"),
    ];
    let page = lena.submit("/incidents/new", &bad).expect(200);
    for words in [
        "must not be empty",
        "must be an address",
        "Named: there is no such person",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let good = [
        ("reference", "INC-9"),
        ("title", "Flags are late"),
        ("severity", "SEV1"),
        ("rotation_id", world.rotation.as_str()),
        ("watch", "named"),
        ("named", world.mara.id.as_str()),
        ("lead", world.lena.id.as_str()),
    ];
    let path = lena.submit("/incidents/new", &good).goes_to().to_owned();
    let page = lena.get(&path).expect(200);
    assert!(
        page.contains("It is declared.") && page.contains("led by"),
        "{page}"
    );
    let incident = seen(&world, path.rsplit('/').next().unwrap());
    assert_eq!(incident["watcher"]["person"]["name"], "Mara");
    lena.get("/incidents/new").expect(200);
    assert_eq!(lena.submit("/incidents/new", &good).goes_to(), path);
}

#[test]
fn who_keeps_looking_is_told_at_once_and_only_what_is_new() {
    let world = world();
    let World { server, .. } = &world;
    server.at("2026-03-02T12:00:00Z");
    let id = declared(&world, "INC-1");
    let mut kofi = browser(&world, "kofi");
    for path in ["/incidents".to_owned(), format!("/incidents/{id}")] {
        let first = kofi.get(&path);
        let tag = first.header("etag").to_owned();
        first.expect(200);
        let look = |browser: &mut Browser, tag: &str| {
            let request = browser
                .request(Method::GET, &path)
                .header("if-none-match", tag);
            browser.send(request)
        };
        let nothing = look(&mut kofi, &tag);
        assert_eq!((nothing.status, nothing.html.as_str()), (304, ""));
        // Somebody does something; so does time.
        server
            .post(
                &format!("/incidents/{id}/updates"),
                &json!({ "text": path }),
            )
            .expect(201);
        let news = look(&mut kofi, &tag);
        let fresh = news.header("etag").to_owned();
        assert!(news.expect(200).contains(&path));
        assert_eq!(look(&mut kofi, &fresh).status, 304);
        server
            .clock
            .set(server.app.clock.now() + chrono::TimeDelta::minutes(1));
        assert_eq!(look(&mut kofi, &fresh).status, 200);
    }
    // A tag is one's own.
    let mut mara = browser(&world, "mara");
    let tag = kofi.get("/incidents").header("etag").to_owned();
    let request = mara
        .request(Method::GET, "/incidents")
        .header("if-none-match", tag);
    assert_eq!(mara.send(request).status, 200);
}

#[test]
fn whoever_only_looks_has_no_buttons_and_cannot_press_them() {
    let world = world();
    let World { server, .. } = &world;
    server.at("2026-03-02T12:00:00Z");
    let id = declared(&world, "INC-1");
    let viewer = json!({ "name": "Vera", "email": "vera@example.com", "time_zone": "UTC", "role": "viewer" });
    server.post("/people", &viewer).expect(201);
    let mut vera = browser(&world, "vera");
    let board = vera.get("/incidents").expect(200);
    for button in ["Raise my hand", "Log an update", "Hand over", "Resolve"] {
        assert!(!board.contains(button), "{button} in {board}");
    }
    for (step, fields) in [
        ("raise-hand", &[][..]),
        ("update", &[("text", "x")]),
        ("resolve", &[]),
        ("change", &[("stage", "identified")]),
        ("stay", &[("until", "17:00")]),
        ("items/1", &[("done", "yes")]),
    ] {
        vera.submit(&format!("/incidents/{id}/{step}"), fields)
            .expect(403);
    }
    assert_eq!(seen(&world, &id)["version"], 1);
    let nobody = "00000000-0000-7000-8000-000000000000";
    vera.get(&format!("/incidents/{nobody}")).expect(404);
    vera.get("/incidents/x").expect(404);
    // Lena is of the team, not of the rotation.
    let Somebody { token, .. } = &world.lena;
    let hand = server.with_token(token, Method::POST, &format!("/incidents/{id}/raise-hand"));
    send(hand).problem(403);
    assert!(
        !browser(&world, "lena")
            .get("/incidents")
            .expect(200)
            .contains("Raise my hand")
    );
}
