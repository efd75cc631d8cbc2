//! Calendar feeds, as calendar programs read them.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::send;

struct Subscription {
    server: Server,
    rotation: String,
    feed: String,
    url: String,
    people: Vec<String>,
}

/// A weekly rotation with an override in the middle of a turn, and a feed of it.
fn subscribe() -> Subscription {
    let server = Server::start();
    server.at("2026-03-02T12:00:00Z");
    let person = |name: &str, email: &str| {
        let body = json!({ "name": name, "email": email, "time_zone": "Europe/London" });
        server.post("/people", &body).expect(201)["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let people = vec![
        person(
            "Zoë; O'Hara, \\ the very first of her long and winding name — ünïcödé all along",
            "zoe@example.com",
        ),
        person("Bob", "bob@example.com"),
    ];
    let team = json!({ "slug": "flags", "name": "Flags, Toggles; & more", "time_zone": "Europe/London", "members": people });
    server.post("/teams", &team).expect(201);
    let rotation = json!({
        "name": "Flags hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London", "order": people,
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" },
    });
    let rotation = server.post("/teams/flags/rotations", &rotation).expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let cover = json!({ "start": "2026-03-04T00:00:00Z", "end": "2026-03-05T12:30:00Z", "person_id": people[1], "reason": "dentist" });
    server
        .post(&format!("/rotations/{rotation}/overrides"), &cover)
        .expect(201);
    let feed = server
        .post("/feeds", &json!({ "scope": { "rotation_id": rotation } }))
        .expect(201);
    let (url, feed) = (
        feed["url"].as_str().unwrap().to_owned(),
        feed["id"].as_str().unwrap().to_owned(),
    );
    let path = url.rsplit_once("/feeds/").unwrap().1;
    let url = format!("/feeds/{path}");
    Subscription {
        server,
        rotation,
        feed,
        url,
        people,
    }
}

impl Subscription {
    fn poll(&self) -> crate::harness::server::Answer {
        send(self.server.bare(Method::GET, &self.url))
    }

    /// UID and start of every event.
    fn events(&self) -> Vec<(String, String)> {
        let body = self.poll().text.replace("\r\n ", "");
        let line = |event: &str, name: &str| {
            event
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap()
                .to_owned()
        };
        body.split("BEGIN:VEVENT")
            .skip(1)
            .map(|event| (line(event, "UID:"), line(event, "DTSTART:")))
            .collect()
    }
}

#[test]
fn a_feed_is_proper_and_stays_the_same() {
    let subscription = subscribe();
    let first = subscription.poll();
    assert_eq!(first.status, 200);
    assert_eq!(first.header("content-type"), "text/calendar; charset=utf-8");
    assert!(first.text.ends_with("END:VCALENDAR\r\n"));
    assert!(
        first
            .text
            .split("\r\n")
            .all(|line| line.len() <= 75 && !line.contains('\n'))
    );
    subscription.server.at("2026-03-02T23:59:59Z");
    assert_eq!(subscription.poll().text, first.text);
    let known = subscription
        .server
        .bare(Method::GET, &subscription.url)
        .header("If-None-Match", first.header("etag"));
    assert_eq!(send(known).status, 304);
    let head = send(subscription.server.bare(Method::HEAD, &subscription.url));
    assert_eq!(
        (head.status, head.header("etag")),
        (200, first.header("etag"))
    );
    let named = subscription.url.replace(".ics", "/hero.ics");
    assert_eq!(
        send(subscription.server.bare(Method::GET, &named)).text,
        first.text
    );
}

#[test]
fn identities_are_unique_and_outlive_changes_of_others() {
    let subscription = subscribe();
    let before = subscription.events();
    let unique: std::collections::HashSet<&String> = before.iter().map(|(uid, _)| uid).collect();
    assert_eq!(unique.len(), before.len());
    let cover = json!({ "start": "2026-03-20T00:00:00Z", "end": "2026-03-21T00:00:00Z", "person_id": subscription.people[0] });
    subscription
        .server
        .post(
            &format!("/rotations/{}/overrides", subscription.rotation),
            &cover,
        )
        .expect(201);
    let after = subscription.events();
    assert_eq!(
        after.len(),
        before.len() + 2,
        "a shift was split, and one came between"
    );
    assert!(
        before.iter().all(|event| after.contains(event)),
        "nothing else is another event now"
    );
}

#[test]
fn whoever_has_no_feed_is_told_in_plain_text() {
    let subscription = subscribe();
    let unknown = send(
        subscription
            .server
            .bare(Method::GET, "/feeds/nobody-knows-this.ics"),
    );
    assert_eq!(
        (unknown.status, unknown.header("content-type")),
        (404, "text/plain; charset=utf-8")
    );
    subscription
        .server
        .delete(&format!("/feeds/{}", subscription.feed))
        .expect(204);
    assert_eq!(subscription.poll().status, 410);
}

/// Read by a parser that is not ours, where `DOGWATCH_TEST_PYTHON` names a Python that has it.
#[test]
fn others_read_what_the_interface_says() {
    let Some(python) = std::env::var_os("DOGWATCH_TEST_PYTHON") else {
        eprintln!("DOGWATCH_TEST_PYTHON is not set: no other parser read the feed");
        return;
    };
    let subscription = subscribe();
    let file = subscription.server.database.folder.path().join("feed.ics");
    std::fs::write(&file, subscription.poll().text).unwrap();
    let read = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/check_feed.py"))
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let seen: Value = serde_json::from_slice(&read.stdout).unwrap();
    let window = "from=2026-01-01T00:00:00Z&until=2026-08-29T00:00:00Z";
    let shifts = subscription
        .server
        .get(&format!(
            "/rotations/{}/shifts?{window}",
            subscription.rotation
        ))
        .expect(200);
    let (events, shifts) = (
        seen["events"].as_array().unwrap(),
        shifts["items"].as_array().unwrap(),
    );
    assert_eq!(events.len(), shifts.len());
    for (event, shift) in events.iter().zip(shifts) {
        assert_eq!(
            (&event["start"], &event["end"]),
            (&shift["start"], &shift["end"])
        );
        let name = shift["person"]["name"].as_str().unwrap();
        assert!(
            event["summary"].as_str().unwrap().ends_with(name),
            "{event} {name}"
        );
    }
}
