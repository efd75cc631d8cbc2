//! Calendar feeds, as calendar programs read them.

mod choices;
mod identity;
mod polling;
mod reader;
mod readers;
mod year;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::{Answer, send};
use reader::Feed;

/// A weekly rotation with an override in the middle of a turn, and a feed of it.
struct Subscription {
    server: Server,
    rotation: String,
    feed: Subscribed,
    people: Vec<String>,
}

/// A feed that somebody subscribed to.
#[derive(Debug, Clone)]
struct Subscribed {
    id: String,
    /// With the leading slash.
    path: String,
}

impl Subscription {
    fn new() -> Self {
        let server = Server::start();
        server.at("2026-03-02T12:00:00Z");
        let person = |name: &str, email: &str| {
            let body = json!({ "name": name, "email": email, "time_zone": "Europe/London" });
            let made = server.post("/people", &body).expect(201);
            made["id"].as_str().unwrap().to_owned()
        };
        let people = vec![
            person(
                "Zoë; O'Hara, \\ the very first of her long and winding name — ünïcödé all along",
                "zoe@example.com",
            ),
            person("Bob", "bob@example.com"),
            person("Cy", "cy@example.com"),
        ];
        let members = &people[..2];
        let team = json!({ "slug": "flags", "name": "Flags, Toggles; & more", "time_zone": "Europe/London", "members": members });
        server.post("/teams", &team).expect(201);
        let rotation = json!({
            "name": "Flags hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London", "order": members,
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" },
        });
        let rotation = server.post("/teams/flags/rotations", &rotation).expect(201);
        let rotation = rotation["id"].as_str().unwrap().to_owned();
        let feed = subscribe(&server, &json!({ "scope": { "rotation_id": rotation } }));
        let subscription = Self {
            server,
            rotation,
            feed,
            people,
        };
        subscription.cover(
            "2026-03-04T00:00:00Z",
            "2026-03-05T12:30:00Z",
            &json!(subscription.people[1]),
        );
        subscription
    }

    /// Adds an override; answers with its id.
    fn cover(&self, start: &str, end: &str, person: &Value) -> String {
        let cover = json!({ "start": start, "end": end, "person_id": person, "reason": "dentist" });
        let path = format!("/rotations/{}/overrides", self.rotation);
        let made = self.server.post(&path, &cover).expect(201);
        made["id"].as_str().unwrap().to_owned()
    }

    fn cancel(&self, cover: &str) {
        let gone = self.server.delete(&format!("/overrides/{cover}"));
        assert!((200..300).contains(&gone.status), "{}", gone.text);
    }

    fn poll(&self) -> Answer {
        poll(&self.server, &self.feed)
    }

    /// The feed as a calendar program reads it.
    fn read(&self) -> Feed {
        read(&self.server, &self.feed)
    }
}

/// Makes a feed.
fn subscribe(server: &Server, body: &Value) -> Subscribed {
    let feed = server.post("/feeds", body).expect(201);
    let url = feed["url"].as_str().unwrap();
    assert!(url.len() < 256, "{url}");
    let path = url.strip_prefix(&server.url).expect("it is here");
    Subscribed {
        id: feed["id"].as_str().unwrap().to_owned(),
        path: path.to_owned(),
    }
}

fn poll(server: &Server, feed: &Subscribed) -> Answer {
    send(server.bare(Method::GET, &feed.path))
}

fn read(server: &Server, feed: &Subscribed) -> Feed {
    let answer = poll(server, feed);
    assert_eq!(answer.status, 200, "{}", answer.text);
    reader::read(&answer.text)
}
