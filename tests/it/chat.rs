//! What the chats of teams and rotations are told: each thing once, and only what is still so.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::chat::{Chat, LOCAL_CHAT};
use crate::harness::server::send;

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// Ana and Bo take weekly turns from 2 March 10:00 on.
fn team(server: &Server) -> (Vec<String>, String) {
    let people: Vec<String> = ["Ana", "Bo <!channel>"]
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let body = json!({
                "name": name, "email": format!("{number}@example.com"), "time_zone": "Europe/London",
            });
            id(&server.post("/people", &body).expect(201))
        })
        .collect();
    let team = json!({ "slug": "flags", "name": "Flags", "time_zone": "Europe/London", "members": people });
    server.post("/teams", &team).expect(201);
    let rotation = json!({
        "name": "hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people,
    });
    let rotation = id(&server.post("/teams/flags/rotations", &rotation).expect(201));
    (people, rotation)
}

fn put(server: &Server, path: &str, body: &Value) -> Value {
    send(server.request(Method::PUT, path).json(body)).expect(200)
}

/// Once the server's own worker has said so much.
#[track_caller]
fn told(chat: &Chat, count: usize) -> Vec<String> {
    let begun = Instant::now();
    while chat.told().len() < count {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            chat.told()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    chat.told()
}

#[test]
fn a_team_is_told_of_the_week_its_handoffs_and_covers() {
    let server = Server::start_with(LOCAL_CHAT);
    let (people, rotation) = team(&server);
    let chat = Chat::start();
    let at_first = server.get("/teams/flags/chat").expect(200);
    assert_eq!(at_first["webhook_url"], Value::Null);
    let set = put(
        &server,
        "/teams/flags/chat",
        &json!({ "webhook_url": chat.url }),
    );
    assert_eq!(
        (&set["handoffs"], &set["version"]),
        (&json!(true), &json!(2))
    );
    // It is Monday, nine o'clock, and time for everything to be looked at again.
    server.at("2026-03-02T09:01:00Z");
    assert_eq!(
        told(&chat, 1),
        ["The week ahead (times are Europe/London):\n• Support Hero for Flags: Ana until Mon 9 Mar 10:00"
            .replace(" until Mon 9 Mar 10:00", "")]
    );
    let cover = json!({
        "rotation_id": rotation, "kind": "cover", "person_id": people[0], "note": "Dentist <now>",
        "start": "2026-03-04T00:00:00Z", "end": "2026-03-05T00:00:00Z",
    });
    let cover = id(&server.post("/swaps", &cover).expect(201));
    server.at("2026-03-02T10:01:00Z");
    assert_eq!(
        told(&chat, 2)[1],
        format!(
            "Support Hero for Flags: Ana is looking for somebody to take over from Wed 4 Mar 00:00 until Thu 5 Mar 00:00 (Europe/London).\nDentist &lt;now&gt;\n{}/swaps/{cover}",
            server.url
        )
    );
    server
        .post(&format!("/swaps/{cover}/withdraw"), &json!({}))
        .expect(200);
    server.at("2026-03-09T10:00:30Z");
    let all = told(&chat, 4);
    assert!(
        all.contains(&"Support Hero for Flags: Ana hands over to Bo &lt;!channel&gt;.".to_owned()),
        "{all:?}"
    );
    assert!(
        all[2..]
            .iter()
            .any(|text| text.starts_with("The week ahead")),
        "{all:?}"
    );
    server.at("2026-03-09T10:20:00Z");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(chat.told().len(), 4, "each is said once: {:?}", chat.told());
}

#[test]
fn a_rotation_is_told_what_it_wants_and_its_address_is_a_secret() {
    let server = Server::start_with(LOCAL_CHAT);
    let (people, rotation) = team(&server);
    let chat = Chat::start();
    let path = format!("/rotations/{rotation}/chat");
    let wants = json!({ "webhook_url": chat.url, "week_ahead": false, "covers": false });
    put(&server, &path, &wants);
    let token = json!({ "name": "test", "scope": "write" });
    let token = server
        .post(&format!("/people/{}/tokens", people[0]), &token)
        .expect(201);
    let token = token["token"].as_str().unwrap();
    let seen = send(server.with_token(token, Method::GET, &path)).expect(200);
    assert_eq!(
        (&seen["webhook_url"], &seen["covers"]),
        (&Value::Null, &json!(false))
    );
    let audit = server.get("/audit?limit=200").expect(200).to_string();
    assert!(!audit.contains(&chat.url));
    let bad = json!({ "webhook_url": "ftp://example.org", "handoff": true });
    send(server.request(Method::PUT, &path).json(&bad)).problem(422);
    server.at("2026-03-09T10:00:30Z");
    assert_eq!(told(&chat, 1).len(), 1);
}

#[test]
fn addresses_inside_the_network_are_refused_at_once() {
    let open = Server::start();
    let (_, rotation) = team(&open);
    let paths = [
        "/teams/flags/chat".to_owned(),
        format!("/rotations/{rotation}/chat"),
    ];
    for inside in [
        "http://127.0.0.1:9/hook",
        "http://[::1]/hook",
        "http://10.0.0.1/hook",
        "http://2130706433/hook",
        "https://169.254.169.254/latest",
        "http://[::ffff:10.0.0.1]/hook",
        "http://localhost/hook",
        "http://chat.localhost./hook",
    ] {
        for path in &paths {
            let put = open.request(Method::PUT, path);
            let refused = send(put.json(&json!({ "webhook_url": inside })));
            assert_eq!(refused.pointers(), ["/webhook_url"], "{inside}");
        }
        let settings = format!("/rotations/{rotation}/incident-settings");
        let put = open.request(Method::PUT, &settings);
        let refused = send(put.json(&json!({ "chat_webhook_url": inside })));
        assert_eq!(refused.pointers(), ["/chat_webhook_url"], "{inside}");
    }
    // What a name stands for is seen when it is asked.
    put(
        &open,
        &paths[0],
        &json!({ "webhook_url": "https://chat.example.org/hook" }),
    );
    let allowing = Server::start_with(LOCAL_CHAT);
    team(&allowing);
    let path = "/teams/flags/chat";
    put(
        &allowing,
        path,
        &json!({ "webhook_url": "http://127.0.0.1:9/hook" }),
    );
    put(
        &allowing,
        path,
        &json!({ "webhook_url": "http://localhost:9/hook" }),
    );
}

#[test]
fn addresses_inside_the_network_are_not_asked() {
    let database = std::sync::Arc::new(crate::harness::Database::new());
    let chat = Chat::start();
    // It was allowed, and is no longer.
    let allowing = Server::start_on(database.clone(), LOCAL_CHAT);
    team(&allowing);
    // (On a Sunday there is nothing to be said.)
    allowing.at("2026-03-01T09:00:00Z");
    put(
        &allowing,
        "/teams/flags/chat",
        &json!({ "webhook_url": chat.url }),
    );
    let token = allowing.token.clone();
    drop(allowing);
    let mut server = Server::start_on(database, &[]);
    server.token = token;
    server.at("2026-03-02T09:01:00Z");
    let begun = Instant::now();
    let dead = || server.get("/outbox?state=dead").expect(200)["items"].clone();
    while dead().as_array().unwrap().is_empty() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{}",
            server.get("/outbox").text
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(dead()[0]["kind"], "chat.week");
    assert!(chat.told().is_empty(), "{:?}", chat.told());
}

#[test]
fn of_a_cover_of_which_a_part_is_taken_the_rest_is_looked_for() {
    let server = Server::start_with(LOCAL_CHAT);
    let (people, rotation) = team(&server);
    let cover = json!({
        "rotation_id": rotation, "kind": "cover", "person_id": people[0],
        "start": "2026-03-04T00:00:00Z", "end": "2026-03-06T00:00:00Z",
    });
    let cover = id(&server.post("/swaps", &cover).expect(201));
    let token = json!({ "name": "test", "scope": "write" });
    let token = server
        .post(&format!("/people/{}/tokens", people[1]), &token)
        .expect(201);
    let accept = server.with_token(
        token["token"].as_str().unwrap(),
        Method::POST,
        &format!("/swaps/{cover}/accept"),
    );
    let first = json!({ "start": "2026-03-04T00:00:00Z", "end": "2026-03-05T00:00:00Z" });
    send(accept.json(&first)).expect(200);
    let chat = Chat::start();
    let only_covers = json!({ "webhook_url": chat.url, "week_ahead": false, "handoffs": false });
    put(&server, "/teams/flags/chat", &only_covers);
    // Time for everything to be looked at again.
    server.at("2026-03-02T09:01:00Z");
    let told = told(&chat, 1);
    assert!(
        told[0].contains("from Thu 5 Mar 00:00 until Fri 6 Mar 00:00"),
        "{told:?}"
    );
}

#[test]
fn of_a_week_in_which_nobody_has_anything_nothing_is_said() {
    let server = Server::start_still(LOCAL_CHAT);
    let (_, rotation) = team(&server);
    let chat = Chat::start();
    let archive = format!("/rotations/{rotation}/archive");
    server
        .post(&archive, &json!({ "at": "2026-03-09T08:00:00Z" }))
        .expect(200);
    put(
        &server,
        "/teams/flags/chat",
        &json!({ "webhook_url": chat.url }),
    );
    let weeks = |of: &str| {
        server.at(of);
        crate::harness::mailbox::pass(&server, &server.another_worker());
        let all = server.get("/outbox?limit=200").expect(200);
        let all = all["items"].as_array().unwrap().iter();
        all.filter(|one| one["kind"] == "chat.week").count()
    };
    assert_eq!(weeks("2026-03-02T09:00:01Z"), 1);
    assert_eq!(weeks("2026-03-09T09:00:01Z"), 1, "the second week is empty");
}
