//! A team with a weekly rotation, and everybody else who could meddle with it.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::{Answer, send};

/// In this order they are on duty, a week each, from Monday 2 March 2026, 10:00 in London.
pub const ORDER: [&str; 3] = ["Ana", "Bo", "Cy"];

/// A team of Ana, Bo and Cy, managed by Max, in which Vic only looks; Sam is of no team, Ada an administrator.
pub struct Squad {
    pub server: Server,
    /// The rotation of the three.
    pub rotation: String,
    ids: BTreeMap<String, String>,
    tokens: BTreeMap<String, String>,
}

impl Squad {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// With more members, who are not in the rotation.
    pub fn with(more: &[&str]) -> Self {
        let mut squad = Self {
            server: Server::start_with(&[("DOGWATCH_COVER_REQUESTS_PER_HOUR", "1000")]),
            rotation: String::new(),
            ids: BTreeMap::new(),
            tokens: BTreeMap::new(),
        };
        for name in ORDER.iter().chain(more).chain(&["Max", "Sam"]) {
            squad.hire(name, "Europe/London", "member");
        }
        squad.hire("Vic", "Europe/London", "viewer");
        squad.hire("Ada", "Europe/London", "administrator");
        let members: Vec<&str> = ORDER.iter().chain(more).chain(&["Vic"]).copied().collect();
        let team = json!({
            "slug": "flags", "name": "Flags", "time_zone": "Europe/London",
            "members": squad.all(&members), "managers": squad.all(&["Max"]),
        });
        squad.server.post("/teams", &team).expect(201);
        squad.rotation = squad.weekly("hero", &ORDER);
        squad
    }

    /// Adds a person, with a token.
    pub fn hire(&mut self, name: &str, zone: &str, role: &str) {
        let email = format!("{}@example.com", name.to_lowercase());
        let body = json!({ "name": name, "email": email, "time_zone": zone, "role": role });
        let made = self.server.post("/people", &body).expect(201);
        let id = made["id"].as_str().unwrap().to_owned();
        self.tokens
            .insert(name.to_owned(), self.token(&id, "write"));
        self.ids.insert(name.to_owned(), id);
    }

    fn token(&self, id: &str, scope: &str) -> String {
        let body = json!({ "name": "test", "scope": scope });
        let path = format!("/people/{id}/tokens");
        let made = self.server.post(&path, &body).expect(201);
        made["token"].as_str().unwrap().to_owned()
    }

    /// Another weekly rotation of the team, handed over on Mondays at 10:00 in London; its id.
    pub fn weekly(&self, name: &str, order: &[&str]) -> String {
        let handoff = json!({ "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" });
        let own = json!({ "kind": "ordered", "handoff": handoff, "order": self.all(order) });
        self.rotate(name, own)
    }

    /// Another rotation of the team; its id.
    pub fn rotate(&self, name: &str, mut own: Value) -> String {
        own["name"] = json!(name);
        own["title"] = json!("Support Hero");
        if own["time_zone"].is_null() {
            own["time_zone"] = json!("Europe/London");
        }
        let made = self.server.post("/teams/flags/rotations", &own).expect(201);
        made["id"].as_str().unwrap().to_owned()
    }

    pub fn id(&self, name: &str) -> &str {
        &self.ids[name]
    }

    pub fn all(&self, names: &[&str]) -> Vec<&str> {
        names.iter().map(|name| self.id(name)).collect()
    }

    /// A token of theirs that only reads.
    pub fn reading_token(&self, name: &str) -> String {
        self.token(self.id(name), "read")
    }

    /// A token of theirs that writes.
    pub fn token_of(&self, name: &str) -> &str {
        &self.tokens[name]
    }

    /// A request in the name of somebody.
    pub fn request(&self, who: &str, method: Method, path: &str) -> RequestBuilder {
        self.server.with_token(self.token_of(who), method, path)
    }

    pub fn post(&self, who: &str, path: &str, body: &Value) -> Answer {
        send(self.request(who, Method::POST, path).json(body))
    }

    pub fn get(&self, who: &str, path: &str) -> Answer {
        send(self.request(who, Method::GET, path))
    }

    pub fn delete(&self, who: &str, path: &str) -> Answer {
        send(self.request(who, Method::DELETE, path))
    }

    /// A cover of the team's rotation, offered to the named people, or to the team.
    pub fn cover(&self, start: &str, end: &str, named: &[&str]) -> Value {
        json!({
            "rotation_id": self.rotation, "kind": "cover", "start": start, "end": end,
            "offered_to": self.all(named),
        })
    }

    /// A trade with one person.
    pub fn trade(&self, given: [&str; 2], returned: [&str; 2], with: &str) -> Value {
        json!({
            "rotation_id": self.rotation, "kind": "trade", "start": given[0], "end": given[1],
            "in_return": { "start": returned[0], "end": returned[1] }, "offered_to": [self.id(with)],
        })
    }

    /// Opens a swap.
    pub fn open(&self, who: &str, body: &Value) -> Value {
        self.post(who, "/swaps", body).expect(201)
    }

    /// Answers a swap.
    pub fn answer(&self, who: &str, swap: &Value, action: &str) -> Answer {
        let path = format!("/swaps/{}/{action}", swap["id"].as_str().unwrap());
        send(self.request(who, Method::POST, &path))
    }

    /// Accepts a part of a cover.
    pub fn take(&self, who: &str, swap: &Value, start: &str, end: &str) -> Answer {
        let path = format!("/swaps/{}/accept", swap["id"].as_str().unwrap());
        self.post(who, &path, &json!({ "start": start, "end": end }))
    }

    /// A swap as it is now.
    pub fn swap(&self, swap: &Value) -> Value {
        let path = format!("/swaps/{}", swap["id"].as_str().unwrap());
        self.server.get(&path).expect(200)
    }

    /// All shifts and gaps of a rotation until the end of May.
    pub fn timeline(&self, rotation: &str, layer: &str) -> Value {
        let window = "from=2026-03-01T00:00:00Z&until=2026-06-01T00:00:00Z";
        let path = format!("/rotations/{rotation}/shifts?{window}&layer={layer}");
        self.server.get(&path).expect(200)
    }

    /// Who has the duty when, between two instants, as `Ana 02T10:00 09T10:00`.
    pub fn shifts(&self, rotation: &str, from: &str, until: &str) -> Vec<String> {
        let path = format!("/rotations/{rotation}/shifts?from={from}&until={until}");
        let found = self.server.get(&path).expect(200);
        let shifts = found["items"].as_array().unwrap().iter();
        shifts
            .map(|shift| {
                let at = |end: &str| shift[end].as_str().unwrap()[8..16].to_owned();
                let who = shift["person"]["name"].as_str().unwrap();
                format!("{who} {} {}", at("start"), at("end"))
            })
            .collect()
    }

    /// What is in the outbox of this kind, in the order in which it was put there: whom it is to, and the mail.
    pub fn mails(&self, kind: &str) -> Vec<(String, Value)> {
        let all = self.server.get("/outbox?limit=200").expect(200);
        let mut found = Vec::new();
        for mail in all["items"].as_array().unwrap() {
            let to = self
                .ids
                .iter()
                .find(|(_, id)| mail["person_id"] == id.as_str());
            if mail["kind"] == kind {
                found.push((to.unwrap().0.clone(), mail.clone()));
            }
        }
        found
    }

    /// Whom mails of this kind are to.
    pub fn told(&self, kind: &str) -> Vec<String> {
        let mut names: Vec<String> = self.mails(kind).into_iter().map(|(to, _)| to).collect();
        names.sort();
        names
    }

    /// Every override of a rotation, cancelled ones too.
    pub fn overrides(&self, rotation: &str) -> Vec<Value> {
        let path = format!("/rotations/{rotation}/overrides?limit=200");
        let found = self.server.get(&path).expect(200);
        found["items"].as_array().unwrap().clone()
    }
}

/// What of a swap can still be taken, as `04T00:00 06T00:00`.
pub fn remaining(swap: &Value) -> Vec<String> {
    let left = swap["remaining"].as_array().unwrap().iter();
    left.map(|time| {
        let at = |end: &str| time[end].as_str().unwrap()[8..16].to_owned();
        format!("{} {}", at("start"), at("end"))
    })
    .collect()
}
