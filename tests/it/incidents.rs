//! Incidents: declared, watched, handed over around the world, resolved.

use std::sync::Barrier;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::{Answer, send};

/// Support in three zones, its fallback, and who else there is.
pub struct World {
    pub server: Server,
    pub rotation: String,
    pub mara: Somebody,
    pub grace: Somebody,
    pub kofi: Somebody,
    /// Of the team, not of the rotation.
    pub lena: Somebody,
}

/// A person, and a token of theirs.
pub struct Somebody {
    pub id: String,
    pub token: String,
}

pub fn somebody(server: &Server, name: &str, zone: &str) -> Somebody {
    let body = json!({
        "name": name, "email": format!("{}@example.com", name.to_lowercase()), "time_zone": zone,
    });
    let id = server.post("/people", &body).expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let token = server
        .post(
            &format!("/people/{id}/tokens"),
            &json!({ "name": "it", "scope": "write" }),
        )
        .expect(201);
    let token = token["token"].as_str().unwrap().to_owned();
    Somebody { id, token }
}

pub fn world() -> World {
    world_with(&[])
}

/// The same with more settings.
pub fn world_with(settings: &[(&str, &str)]) -> World {
    let server = Server::start_with(settings);
    let mara = somebody(&server, "Mara", "Europe/Madrid");
    let grace = somebody(&server, "Grace", "America/New_York");
    let kofi = somebody(&server, "Kofi", "America/Los_Angeles");
    let lena = somebody(&server, "Lena", "Europe/Vienna");
    let team = json!({
        "slug": "support", "name": "Support", "time_zone": "UTC",
        "members": [mara.id, grace.id, kofi.id, lena.id],
    });
    server.post("/teams", &team).expect(201);
    let hero = json!({
        "name": "Global", "title": "Global on-call", "kind": "ordered", "time_zone": "UTC",
        "handoff": { "start": "2026-03-02T00:00:00", "rule": "FREQ=WEEKLY" }, "order": [lena.id],
    });
    let hero = server.post("/teams/support/rotations", &hero).expect(201);
    let sun = json!({
        "name": "Support watch", "title": "Support Watcher", "kind": "follow_the_sun",
        "time_zone": "UTC", "order": [mara.id, grace.id, kofi.id],
        "fallback_rotation_id": hero["id"],
    });
    let sun = server.post("/teams/support/rotations", &sun).expect(201);
    World {
        rotation: sun["id"].as_str().unwrap().to_owned(),
        server,
        mara,
        grace,
        kofi,
        lena,
    }
}

impl World {
    fn declare(&self, reference: &str) -> Value {
        let body = json!({ "reference": reference, "title": "Flags are late", "severity": "sev2", "rotation_id": self.rotation });
        self.server.post("/incidents", &body).expect(201)
    }

    pub fn by(&self, who: &Somebody, path: &str, body: &Value) -> Answer {
        send(
            self.server
                .with_token(&who.token, Method::POST, path)
                .json(body),
        )
    }
}

fn notes(to: Option<&Somebody>) -> Value {
    json!({
        "to": to.map(|to| &to.id), "status": "still bad", "ticket_count": 12,
        "key_information": "only in Europe", "told_to_users": "that we are on it",
    })
}

fn path(incident: &Value, rest: &str) -> String {
    format!("/incidents/{}{rest}", incident["id"].as_str().unwrap())
}

#[test]
fn the_watch_goes_round_the_world() {
    let world = world();
    let World { server, .. } = &world;
    // A Monday: Madrid is at work, New York is not yet.
    server.at("2026-03-02T12:00:00Z");
    let incident = world.declare("INC-1");
    assert_eq!(incident["severity"], "SEV2");
    assert_eq!(incident["stage"], "investigating");
    assert_eq!(incident["watcher"], Value::Null);
    let first = &incident["candidates"][0];
    assert_eq!(first["person"]["name"], "Mara");
    assert_eq!(first["working_seconds_left"], 4 * 3600);
    let at = |rest: &str| path(&incident, rest);

    let hand = world.by(&world.mara, &at("/raise-hand"), &json!({}));
    assert_eq!(hand.header("etag"), "\"v2\"");
    let watched = hand.expect(200);
    assert_eq!(watched["watcher"]["person"]["name"], "Mara");
    assert_eq!(watched["watcher"]["leaves_at"], "2026-03-02T16:00:00Z");
    // In Seattle the day has just begun when Madrid's ends.
    assert_eq!(watched["successor"]["person"]["name"], "Kofi");
    assert_eq!(watched["next_update"]["due_at"], "2026-03-02T13:00:00Z");
    assert_eq!(watched["next_update"]["owner"]["name"], "Mara");

    server.at("2026-03-02T12:50:00Z");
    let update = world.by(&world.mara, &at("/updates"), &json!({ "text": "On it" }));
    assert_eq!(
        update.expect(201)["next_update"]["due_at"],
        "2026-03-02T13:50:00Z"
    );
    let stage = json!({ "stage": "identified", "severity": "SEV1", "status_page_url": "https://status.example.org/1" });
    let stage = server.patch(&at(""), &stage).expect(200);
    assert_eq!(stage["stage"], "identified");
    assert_eq!(stage["next_update"]["due_at"], "2026-03-02T13:20:00Z");
    assert_eq!(stage["status_page_url"], "https://status.example.org/1");

    server.at("2026-03-02T15:30:00Z");
    let offered = world.by(&world.mara, &at("/handovers"), &notes(Some(&world.kofi)));
    let offered = offered.expect(201);
    assert_eq!(offered["watcher"]["person"]["name"], "Mara");
    assert_eq!(offered["handovers"][0]["state"], "open");
    world
        .by(&world.grace, &at("/handovers/1/accept"), &json!(null))
        .problem(403);
    let accepted = world.by(&world.kofi, &at("/handovers/1/accept"), &json!(null));
    assert_eq!(accepted.expect(200)["watcher"]["person"]["name"], "Kofi");
    world
        .by(&world.kofi, &at("/handovers/1/accept"), &json!(null))
        .problem(409);

    // Late in Seattle nobody is ahead: the notes wait for the morning in Madrid.
    server.at("2026-03-03T00:30:00Z");
    let left = world
        .by(&world.kofi, &at("/handovers"), &notes(None))
        .expect(201);
    assert_eq!(left["watcher"], Value::Null);
    assert_eq!(left["handovers"][1]["state"], "left");
    assert_eq!(left["unwatched"]["since"], "2026-03-03T00:30:00Z");
    let night = {
        server.at("2026-03-03T02:00:00Z");
        server.get(&at("")).expect(200)
    };
    assert_eq!(night["unwatched"]["resumes_at"], "2026-03-03T08:00:00Z");
    assert_eq!(night["unwatched"]["fallback"]["name"], "Lena");

    server.at("2026-03-03T08:05:00Z");
    world
        .by(&world.mara, &at("/raise-hand"), &json!({}))
        .expect(200);
    ends(&world, &incident);
}

/// Mara resolves it; what happened stays.
fn ends(world: &World, incident: &Value) {
    let server = &world.server;
    let at = |rest: &str| path(incident, rest);
    let last = json!({ "text": "It is over" });
    let over = world.by(&world.mara, &at("/resolve"), &last);
    let over = over.expect(200);
    assert_eq!(over["stage"], "resolved");
    assert_eq!(over["updates"].as_array().unwrap().len(), 2);
    assert_eq!(over["next_update"], Value::Null);
    assert_eq!(over["watches"].as_array().unwrap().len(), 3);
    let write_up = over["items"].as_array().unwrap().iter();
    let write_up = write_up
        .filter(|item| item["text"] == "The write-up is out")
        .map(|item| item["due_at"].as_str().unwrap());
    assert_eq!(write_up.collect::<Vec<_>>(), ["2026-03-05T08:05:00Z"]);
    let kinds: Vec<&str> = over["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "declared",
            "watched",
            "told",
            "changed",
            "offered",
            "accepted",
            "left_notes",
            "watched",
            "told",
            "resolved"
        ]
    );

    // What is over stays, and is looked at by state.
    let again = server.get(&at("")).expect(200);
    assert_eq!(again["history"], over["history"]);
    let count = |state: &str| {
        let page = server.get(&format!("/incidents?state={state}")).expect(200);
        page["items"].as_array().unwrap().len()
    };
    assert_eq!((count("open"), count("resolved")), (0, 1));
    let done = server
        .request(Method::PUT, &at("/items/1"))
        .json(&json!({ "done": true }));
    assert_eq!(
        send(done).expect(200)["items"][0]["done_at"],
        "2026-03-03T08:05:00Z"
    );
    let audit = server
        .get(&format!("/audit?subject={}", over["id"].as_str().unwrap()))
        .expect(200);
    assert_eq!(audit["items"].as_array().unwrap().len(), 10);
}

#[test]
fn of_two_hands_at_once_one_watches_and_the_other_is_told() {
    let world = world();
    world.server.at("2026-03-02T15:00:00Z");
    for round in 0..5 {
        let incident = world.declare(&format!("INC-{round}"));
        let barrier = Barrier::new(2);
        let raise = |who: &Somebody| {
            let request =
                world
                    .server
                    .with_token(&who.token, Method::POST, &path(&incident, "/raise-hand"));
            barrier.wait();
            send(request)
        };
        let answers = std::thread::scope(|scope| {
            let both = [&world.mara, &world.grace].map(|who| scope.spawn(move || raise(who)));
            both.map(|one| one.join().unwrap())
        });
        let (won, lost): (Vec<Answer>, Vec<Answer>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 1));
        let watcher = won[0].json()["watcher"]["person"]["name"].clone();
        for lost in lost {
            let problem = lost.problem(409);
            assert_eq!(problem["watcher"]["name"], watcher);
        }
        let seen = world.server.get(&path(&incident, "")).expect(200);
        assert_eq!(seen["watches"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn the_same_incident_declared_twice_is_one() {
    let world = world();
    let first = world.declare("INC-1");
    let again = json!({ "reference": " inc-1", "title": "Again", "rotation_id": world.rotation, "watch": "self" });
    let again = world.by(&world.mara, "/incidents", &again).expect(200);
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["title"], "Flags are late");
    world
        .server
        .post(&path(&first, "/resolve"), &json!({}))
        .expect(200);
    let late = json!({ "reference": "INC-1", "title": "Again", "rotation_id": world.rotation });
    let late = world.server.post("/incidents", &late).problem(409);
    assert!(late["detail"].as_str().unwrap().contains("resolved"));

    let taken = json!({ "reference": "INC-2", "title": "Taken", "rotation_id": world.rotation, "watch": "self" });
    let taken = world.by(&world.mara, "/incidents", &taken).expect(201);
    assert_eq!(taken["watcher"]["person"]["name"], "Mara");
    let named = json!({ "reference": "INC-3", "title": "Named", "rotation_id": world.rotation, "watch": world.grace.id });
    let named = world.by(&world.lena, "/incidents", &named).expect(201);
    assert_eq!(named["watcher"]["person"]["name"], "Grace");
}

#[test]
fn what_cannot_be_is_said_clearly() {
    let world = world();
    let World { server, .. } = &world;
    server.at("2026-03-02T12:00:00Z");
    let nobody = "00000000-0000-7000-8000-000000000000";
    let bad = json!({
        "reference": "", "title": "", "severity": "SEV9", "rotation_id": nobody, "lead": nobody,
        "communications_rotation_id": nobody, "channel_url": "chat", "thread_url": "ftp://x/",
        "status_page_url": "javascript:alert(1)", "watch": "somebody",
    });
    let mut pointers = server.post("/incidents", &bad).pointers();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/channel_url",
            "/communications_rotation_id",
            "/lead",
            "/reference",
            "/rotation_id",
            "/severity",
            "/status_page_url",
            "/thread_url",
            "/title",
            "/watch"
        ]
    );
    server.get(&format!("/incidents/{nobody}")).problem(404);
    server
        .post(&format!("/incidents/{nobody}/raise-hand"), &json!({}))
        .problem(404);
    assert_eq!(server.get("/incidents?state=lost").pointers(), ["/state"]);
}

#[test]
fn who_cannot_watch_and_what_is_over_is_said_clearly() {
    let world = world();
    let World { server, .. } = &world;
    server.at("2026-03-02T12:00:00Z");
    let incident = world.declare("INC-1");
    let at = |rest: &str| path(&incident, rest);
    let hand = world.by(&world.lena, &at("/raise-hand"), &json!({}));
    assert!(
        hand.problem(403)["detail"]
            .as_str()
            .unwrap()
            .contains("watcher rotation")
    );
    let named = server.post(&at("/raise-hand"), &json!({ "person_id": world.lena.id }));
    assert_eq!(named.pointers(), ["/person_id"]);
    assert!(
        world
            .by(&world.mara, &at("/handovers"), &notes(Some(&world.kofi)))
            .problem(409)["detail"]
            .as_str()
            .unwrap()
            .contains("nobody watches")
    );
    world
        .by(&world.mara, &at("/raise-hand"), &json!({}))
        .expect(200);
    // Kofi sleeps still, and Lena does not watch.
    server.at("2026-03-02T13:00:00Z");
    let early = json!({ "until": "2026-03-02T14:00:00Z" });
    let early = world.by(&world.mara, &at("/stay"), &early).expect(200);
    assert_eq!(early["watcher"]["leaves_at"], "2026-03-02T14:00:00Z");
    let away = world.by(&world.mara, &at("/handovers"), &notes(Some(&world.kofi)));
    assert_eq!(away.pointers(), ["/to"]);
    let stranger = world.by(&world.mara, &at("/handovers"), &notes(Some(&world.lena)));
    assert_eq!(stranger.pointers(), ["/to"]);
    let empty = json!({ "to": null, "status": " ", "ticket_count": 0, "key_information": "", "told_to_users": "" });
    let mut empty = world.by(&world.mara, &at("/handovers"), &empty).pointers();
    empty.sort();
    assert_eq!(empty, ["/key_information", "/status", "/told_to_users"]);
    let many = json!({ "to": null, "status": "x", "ticket_count": -1, "key_information": "x", "told_to_users": "x" });
    assert_eq!(
        world.by(&world.mara, &at("/handovers"), &many).pointers(),
        ["/ticket_count"]
    );
    assert_eq!(
        server
            .patch(&at(""), &json!({ "stage": "resolved" }))
            .pointers(),
        ["/stage"]
    );
    server
        .post(&at("/handovers/7/accept"), &json!(null))
        .problem(404);
    let stale = server
        .request(Method::PATCH, &at(""))
        .header("if-match", "\"v1\"")
        .json(&json!({ "title": "Late" }));
    send(stale).problem(412);
    let stale = server
        .request(Method::POST, &at("/resolve"))
        .header("if-match", "\"v1\"");
    send(stale).problem(412);
    server.post(&at("/resolve"), &json!({})).expect(200);
    for (rest, body) in [
        ("/raise-hand", json!({})),
        ("/resolve", json!({})),
        ("/handovers", notes(Some(&world.grace))),
        ("/stay", json!({ "until": "2026-03-02T18:00:00Z" })),
    ] {
        let over = world.by(&world.grace, &at(rest), &body).problem(409);
        assert!(
            over["detail"]
                .as_str()
                .unwrap()
                .contains("INC-1 was resolved at"),
            "{rest}"
        );
    }
}

#[test]
fn how_a_rotation_works_on_incidents_is_its_own_affair() {
    let world = world();
    let World { server, .. } = &world;
    let at = format!("/rotations/{}/incident-settings", world.rotation);
    let before = server.get(&at);
    assert_eq!(before.header("etag"), "\"v0\"");
    let mut settings = before.expect(200);
    assert_eq!(settings["patience_minutes"], 5);
    settings.as_object_mut().unwrap().remove("version");
    settings["severities"] = json!([{ "name": "Major", "meaning": "All is lost", "first_update_minutes": 10, "update_every_minutes": 20 }]);
    settings["checklist"] = json!([{ "text": "Breathe", "severities": ["major"] }]);
    settings["follow_ups"] = json!([]);
    settings["chat_webhook_url"] = json!("https://chat.example.org/hooks/secret");
    let put = |body: &Value| send(server.request(Method::PUT, &at).json(body));
    assert_eq!(put(&settings).expect(200)["version"], 1);
    let seen = send(server.with_token(&world.mara.token, Method::GET, &at)).expect(200);
    assert_eq!(seen["chat_webhook_url"], Value::Null);
    let incident = json!({ "reference": "INC-1", "title": "x", "severity": "major", "rotation_id": world.rotation });
    let incident = server.post("/incidents", &incident).expect(201);
    assert_eq!(incident["next_update"]["due_at"], "2026-03-02T09:10:00Z");
    assert_eq!(incident["items"][0]["text"], "Breathe");

    let bad = json!({
        "patience_minutes": 0,
        "severities": [{ "name": "A" }, { "name": "a", "update_every_minutes": 0 }],
        "checklist": [{ "text": "", "severities": ["B"] }],
        "follow_ups": [{ "text": "x", "due_hours": 1_000_000 }],
        "chat_webhook_url": "chat",
    });
    let mut pointers = put(&bad).pointers();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/chat_webhook_url",
            "/checklist/0/severities/0",
            "/checklist/0/text",
            "/follow_ups/0/due_hours",
            "/patience_minutes",
            "/severities/1/name",
            "/severities/1/update_every_minutes"
        ]
    );
    assert_eq!(put(&json!({ "patience": 5 })).pointers(), ["/patience"]);
}
