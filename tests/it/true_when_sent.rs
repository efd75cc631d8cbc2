//! What waits to be sent is sent only where it is still so, and not at night because it could not leave by day.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::mailbox::pass;
use crate::harness::server::send;

/// Ana's and Bo's weeks from 2 March 10:00 on, and Cy, who is of their team.
struct LockedRotation {
    server: Server,
    people: Vec<String>,
    rotation: String,
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

impl LockedRotation {
    fn new() -> Self {
        Self::on(Server::start_still(&[]))
    }

    fn on(server: Server) -> Self {
        let people: Vec<String> = ["Ana", "Bo", "Cy"]
            .iter()
            .map(|name| {
                let email = format!("{name}@example.com");
                let body = json!({ "name": name, "email": email, "time_zone": "Europe/London" });
                id(&server.post("/people", &body).expect(201))
            })
            .collect();
        let team = json!({ "slug": "flags", "name": "Flags", "time_zone": "Europe/London", "members": people });
        server.post("/teams", &team).expect(201);
        let rotation = json!({
            "name": "hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people[..2],
        });
        let rotation = id(&server.post("/teams/flags/rotations", &rotation).expect(201));
        Self {
            server,
            people,
            rotation,
        }
    }

    fn given(&self, to: usize, day: u32) {
        let body = json!({
            "start": format!("2026-03-{day:02}T00:00:00Z"), "end": format!("2026-03-{:02}T00:00:00Z", day + 1),
            "person_id": self.people[to],
        });
        let path = format!("/rotations/{}/overrides", self.rotation);
        self.server.post(&path, &body).expect(201);
    }

    /// Mails of a kind to somebody.
    fn mails(&self, kind: &str, to: usize) -> Vec<Value> {
        let all = self.server.get("/outbox?limit=200").expect(200);
        let all = all["items"].as_array().unwrap().iter();
        all.filter(|mail| mail["kind"] == kind && mail["person_id"] == self.people[to].as_str())
            .cloned()
            .collect()
    }

    /// Everything that was due by then is done with.
    fn at(&self, now: &str) {
        self.server.at(now);
        pass(&self.server, &self.server.another_worker());
    }
}

#[test]
fn nobody_hears_in_the_morning_of_a_shift_that_went_on_at_night() {
    let locked_rotation = LockedRotation::new();
    locked_rotation.at("2026-03-03T03:00:00Z");
    locked_rotation.given(1, 5);
    locked_rotation.given(2, 5);
    locked_rotation.at("2026-03-03T09:00:30Z");
    let bo = &locked_rotation.mails("override.given", 1)[0];
    assert_eq!(bo["state"], "dropped", "{bo}");
    assert_eq!(bo["last_error"], "it is no longer theirs");
    assert_eq!(
        locked_rotation.mails("override.given", 2)[0]["state"],
        "sent"
    );
    // He has heard of nothing, and so of no change.
    let changed = locked_rotation.mails("reminder.changed", 1);
    assert!(
        changed.iter().all(|mail| mail["state"] != "sent"),
        "{changed:?}"
    );
}

#[test]
fn nobody_is_asked_for_what_there_is_no_more() {
    let locked_rotation = LockedRotation::new();
    locked_rotation.at("2026-03-03T03:00:00Z");
    let ask = |day: u32| {
        let body = json!({
            "rotation_id": locked_rotation.rotation, "kind": "cover", "person_id": locked_rotation.people[0],
            "start": format!("2026-03-{day:02}T00:00:00Z"), "end": format!("2026-03-{:02}T00:00:00Z", day + 1),
            "offered_to": [locked_rotation.people[1], locked_rotation.people[2]],
        });
        id(&locked_rotation.server.post("/swaps", &body).expect(201))
    };
    let thursday = ask(5);
    ask(6);
    // Cy says no at night, and Friday is given to Bo.
    let token = json!({ "name": "test", "scope": "write" });
    let path = format!("/people/{}/tokens", locked_rotation.people[2]);
    let token = locked_rotation.server.post(&path, &token).expect(201);
    let token = token["token"].as_str().unwrap();
    let no = format!("/swaps/{thursday}/decline");
    let no = locked_rotation.server.with_token(token, Method::POST, &no);
    send(no.json(&json!({}))).expect(200);
    locked_rotation.given(1, 6);
    locked_rotation.at("2026-03-03T09:00:30Z");
    let became = |to: usize| -> Vec<(Value, Value)> {
        let all = locked_rotation.mails("swap.offered", to).into_iter();
        all.map(|mail| (mail["state"].clone(), mail["last_error"].clone()))
            .collect()
    };
    let sent = (json!("sent"), Value::Null);
    let dropped = |why: &str| (json!("dropped"), json!(why));
    let nothing = "nothing of it is left to be taken";
    assert_eq!(became(1), [sent, dropped(nothing)]);
    assert_eq!(
        became(2),
        [dropped("they have said no already"), dropped(nothing)]
    );
}

#[test]
fn what_could_not_leave_by_day_does_not_arrive_at_night() {
    // Nobody listens there.
    let away = [("DOGWATCH_SMTP_URL", "smtp://127.0.0.1:9")];
    let locked_rotation = LockedRotation::on(Server::start_with(&away));
    locked_rotation.given(2, 6);
    let begun = std::time::Instant::now();
    let given =
        |locked_rotation: &LockedRotation| locked_rotation.mails("override.given", 2)[0].clone();
    while given(&locked_rotation)["attempts"] == 0 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let (database, token) = (
        locked_rotation.server.database.clone(),
        locked_rotation.server.token.clone(),
    );
    let (people, rotation) = (
        locked_rotation.people.clone(),
        locked_rotation.rotation.clone(),
    );
    drop(locked_rotation);
    let mut server = Server::start_on(database, &[]);
    server.token = token;
    let locked_rotation = LockedRotation {
        server,
        people,
        rotation,
    };
    locked_rotation.at("2026-03-03T03:00:00Z");
    let waits = given(&locked_rotation);
    assert_eq!(
        (&waits["state"], &waits["next_attempt_at"]),
        (&json!("pending"), &json!("2026-03-03T09:00:00Z"))
    );
    locked_rotation.at("2026-03-03T09:00:30Z");
    assert_eq!(given(&locked_rotation)["state"], "sent");
}

#[test]
fn what_is_dropped_says_truly_why() {
    let locked_rotation = LockedRotation::new();
    // Bo's mail of a week ahead is due at 10:00; by then he does not want it.
    let bos = || locked_rotation.mails("reminder.incoming", 1);
    locked_rotation.at("2026-03-02T09:30:00Z");
    assert_eq!(bos()[0]["state"], "pending");
    let path = format!("/people/{}/preferences", locked_rotation.people[1]);
    let none = json!({ "incoming": false });
    send(
        locked_rotation
            .server
            .request(Method::PUT, &path)
            .json(&none),
    )
    .expect(200);
    locked_rotation.at("2026-03-02T10:00:30Z");
    let mail = &bos()[0];
    assert_eq!(
        (&mail["state"], &mail["last_error"]),
        (
            &json!("dropped"),
            &json!("they do not want mails of this kind")
        )
    );
}
