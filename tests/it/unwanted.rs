//! What nobody wants to hear, or need hear any more, is not planned over and over.

use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::mailbox::pass;
use crate::harness::server::send;

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// Ana and Bo, who have working hours, in a team that Mia manages.
fn team(server: &Server) -> [String; 3] {
    let people = ["Ana", "Bo", "Mia"].map(|name| {
        let body =
            json!({ "name": name, "email": format!("{name}@example.com"), "time_zone": "UTC" });
        id(&server.post("/people", &body).expect(201))
    });
    let team = json!({
        "slug": "flags", "name": "Flags", "time_zone": "UTC", "members": people, "managers": [people[2]],
    });
    server.post("/teams", &team).expect(201);
    people
}

fn put(server: &Server, path: &str, body: &Value) {
    send(server.request(reqwest::Method::PUT, path).json(body)).expect(200);
}

/// Mails of a kind to somebody.
fn mails(server: &Server, kind: &str, to: &str) -> Vec<Value> {
    let page = server.get("/outbox?limit=200").expect(200);
    let all = page["items"].as_array().unwrap().iter();
    all.filter(|mail| mail["kind"] == kind && mail["person_id"] == to)
        .cloned()
        .collect()
}

#[test]
fn who_wants_no_mails_about_incidents_is_not_planned_for() {
    let server = Server::start_still(&[]);
    let [ana, bo, _] = team(&server);
    let sun = json!({
        "name": "watch", "title": "Watcher", "kind": "follow_the_sun", "time_zone": "UTC", "order": [ana, bo],
    });
    let sun = id(&server.post("/teams/flags/rotations", &sun).expect(201));
    let path = format!("/people/{ana}/preferences");
    let mut wants = server.get(&path).expect(200);
    wants["incidents"] = json!(false);
    let wants: serde_json::Map<String, Value> = wants
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| value.is_boolean())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    put(&server, &path, &json!(wants));
    let incident = json!({ "reference": "INC-1", "title": "x", "rotation_id": sun });
    server.post("/incidents", &incident).expect(201);
    pass(&server, &server.another_worker());
    assert_eq!(mails(&server, "incident.ask", &bo).len(), 1);
    assert!(mails(&server, "incident.ask", &ana).is_empty());
}

#[test]
fn what_was_done_by_then_is_not_looked_at_again_and_again() {
    let server = Server::start_still(&[]);
    let [ana, bo, mia] = team(&server);
    let rotation = json!({
        "name": "hero", "title": "Hero", "kind": "ordered", "time_zone": "UTC",
        "handoff": { "start": "2026-03-02T02:00:00", "rule": "FREQ=WEEKLY" }, "order": [ana, bo],
    });
    let rotation = id(&server.post("/teams/flags/rotations", &rotation).expect(201));
    // At night something is open, and in the morning it is not.
    server.at("2026-03-09T02:00:30Z");
    let worker = server.another_worker();
    pass(&server, &worker);
    assert_eq!(mails(&server, "handover.open", &mia)[0]["state"], "pending");
    let all = server
        .get(&format!("/rotations/{rotation}/handovers"))
        .expect(200);
    let first = all["items"].as_array().unwrap().iter();
    let first = first
        .clone()
        .find(|one| one["at"] == "2026-03-09T02:00:00Z")
        .unwrap()
        .clone();
    let done = |list: &Value| -> Value {
        let items = list.as_array().unwrap().iter();
        items
            .map(|item| json!({ "text": item["text"], "done": true }))
            .collect()
    };
    let path = format!("/handovers/{}", first["id"].as_str().unwrap());
    let notes = json!({
        "notes": "All done.", "outgoing": done(&first["outgoing"]), "incoming": done(&first["incoming"]),
    });
    put(&server, &path, &notes);
    server.at("2026-03-09T09:00:30Z");
    pass(&server, &worker);
    let dropped = mails(&server, "handover.open", &mia)[0].clone();
    assert_eq!(dropped["state"], "dropped", "{dropped}");
    server.at("2026-03-09T09:02:00Z");
    for _ in 0..2 {
        pass(&server, &worker);
    }
    assert_eq!(mails(&server, "handover.open", &mia)[0], dropped);
}
