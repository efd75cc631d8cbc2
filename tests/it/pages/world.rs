//! Whom the pages are tested with.

use serde_json::{Value, json};

use crate::harness::Server;

/// A team with a manager, two engineers, a rotation that hands over on Mondays at ten in London, and people outside.
pub struct World {
    pub server: Server,
    pub rotation: String,
    pub people: Vec<String>,
}

pub const MANAGER: &str = "mia@example.com";
pub const ENGINEER: &str = "eve@example.com";
pub const OTHER: &str = "bob@example.com";
pub const ELSEWHERE: &str = "max@example.com";
pub const VIEWER: &str = "vic@example.com";

impl World {
    pub fn new() -> Self {
        let server = Server::start();
        let person = |name: &str, email: &str, role: &str| -> String {
            let body =
                json!({ "name": name, "email": email, "role": role, "time_zone": "Europe/London" });
            let made = server.post("/people", &body).expect(201);
            made["id"].as_str().unwrap().to_owned()
        };
        let people = vec![
            person("Mia", MANAGER, "member"),
            person("Eve <script>alert(1)</script>", ENGINEER, "member"),
            person("Bob", OTHER, "member"),
            person("Max", ELSEWHERE, "member"),
            person("Vic", VIEWER, "viewer"),
        ];
        let team = json!({ "slug": "flags", "name": "Flags", "time_zone": "Europe/London",
            "members": people[..3], "managers": [people[0]] });
        server.post("/teams", &team).expect(201);
        let other = json!({ "slug": "infra", "name": "Infra", "time_zone": "UTC",
            "members": [people[3]], "managers": [people[3]] });
        server.post("/teams", &other).expect(201);
        let rotation = json!({ "name": "Flags hero", "title": "Support Hero", "kind": "ordered",
            "time_zone": "Europe/London", "order": [people[1], people[2]],
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" } });
        let made = server.post("/teams/flags/rotations", &rotation).expect(201);
        let rotation = made["id"].as_str().unwrap().to_owned();
        // Half past ten: the first turn has begun.
        server.at("2026-03-02T10:30:00Z");
        Self {
            server,
            rotation,
            people,
        }
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/rotations/{}{rest}", self.rotation)
    }

    pub fn on_duty(&self, at: &str) -> Value {
        let path = self.path(&format!("/on-duty?at={at}"));
        self.server.get(&path).expect(200)["person"]["id"].clone()
    }
}
