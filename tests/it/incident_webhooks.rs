//! Incidents that programs declare: signed, taken once, understood as far as they can be.

use std::sync::Barrier;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::Server;
use crate::harness::server::{Answer, instant, send};
use crate::incidents::{World, world};

/// A program that has a webhook.
pub struct Program {
    id: String,
    path: String,
    key: Vec<u8>,
}

impl Program {
    pub fn new(world: &World, mapping: &Value) -> Self {
        let path = format!("/rotations/{}/incident-webhooks", world.rotation);
        let new = json!({ "name": "Incident tool", "mapping": mapping });
        let made = world.server.post(&path, &new).expect(201);
        let url = made["url"].as_str().unwrap();
        let secret = made["secret"]
            .as_str()
            .unwrap()
            .strip_prefix("whsec_")
            .unwrap();
        Self {
            id: made["id"].as_str().unwrap().to_owned(),
            path: url.strip_prefix(&world.server.url).unwrap().to_owned(),
            key: STANDARD.decode(secret).unwrap(),
        }
    }

    fn sign(&self, id: &str, at: &str, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).unwrap();
        mac.update(format!("{id}.{}.{body}", seconds(at)).as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    pub fn send(&self, server: &Server, id: &str, at: &str, body: &str) -> Answer {
        let signature = self.sign(id, at, body);
        deliver(server, &self.path, id, at, &signature, body)
    }
}

fn seconds(at: &str) -> String {
    instant(at).timestamp().to_string()
}

fn deliver(server: &Server, path: &str, id: &str, at: &str, signature: &str, body: &str) -> Answer {
    let request = server
        .bare(Method::POST, path)
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds(at))
        .header("webhook-signature", signature)
        .header("content-type", "application/json")
        .body(body.to_owned());
    send(request)
}

/// As an incident tool might send it.
pub fn mapping() -> Value {
    json!({
        "reference": "/incident/reference", "title": "/incident/name",
        "severity": "/incident/severity/name", "severities": { "Critical": "SEV1" },
        "lead": "/incident/lead/email", "channel_url": "/incident/chat",
        "only": [{ "at": "/event_type", "is": ["incident.created", "incident.updated"] }],
    })
}

pub fn created(reference: &str) -> Value {
    json!({
        "event_type": "incident.created",
        "incident": {
            "reference": reference, "name": "Flags are\tlate", "severity": { "name": "critical", "rank": 1 },
            "lead": { "email": "LENA@example.com" }, "chat": "https://chat.example.org/c/1",
        },
    })
}

pub const NOON: &str = "2026-03-02T12:00:00Z";

#[test]
fn a_signed_delivery_declares_an_incident_once() {
    let world = world();
    let World { server, .. } = &world;
    server.at(NOON);
    let program = Program::new(&world, &mapping());
    let body = created("INC-5").to_string();
    let taken = program.send(server, "msg_1", NOON, &body).expect(201);
    assert_eq!(
        (&taken["is_new"], &taken["ignored"]),
        (&json!(true), &json!([]))
    );
    let id = taken["incident_id"].as_str().unwrap();
    let incident = server.get(&format!("/incidents/{id}")).expect(200);
    assert_eq!(incident["title"], "Flags are late");
    assert_eq!(incident["severity"], "SEV1");
    assert_eq!(incident["lead"]["name"], "Lena");
    assert_eq!(incident["channel_url"], "https://chat.example.org/c/1");
    assert_eq!(incident["declared_by"], Value::Null);
    assert_eq!(incident["candidates"][0]["person"]["name"], "Mara");

    // The same bytes are a replay; a sender that tries again signs another time.
    program.send(server, "msg_1", NOON, &body).problem(409);
    let later = "2026-03-02T12:01:00Z";
    let again = program.send(server, "msg_1", later, &body).expect(200);
    assert_eq!(again["is_new"], false);
    assert_eq!(again["incident_id"], taken["incident_id"]);

    // What is not meant as an incident is let be.
    let mut other = created("INC-6");
    other["event_type"] = json!("incident.renamed");
    let other = program.send(server, "msg_2", NOON, &other.to_string());
    assert_eq!(other.expect(200)["incident_id"], Value::Null);
    // One that is over is not declared again.
    server
        .post(&format!("/incidents/{id}/resolve"), &json!({}))
        .expect(200);
    let over = program.send(server, "msg_3", NOON, &body).expect(200);
    assert_eq!(over["incident_id"], taken["incident_id"]);
    let all = server.get("/incidents").expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    let deeds = server.get("/audit?action=webhook.declare").expect(200);
    assert_eq!(deeds["items"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_understood_is_left_out_and_told() {
    let world = world();
    let World { server, .. } = &world;
    server.at(NOON);
    let program = Program::new(&world, &mapping());
    let mut odd = created("INC-7");
    odd["incident"]["severity"]["name"] = json!("purple");
    odd["incident"]["lead"]["email"] = json!("nobody@example.com");
    odd["incident"]["chat"] = json!("javascript:alert(1)");
    odd["incident"]["name"] = json!("x".repeat(500));
    let taken = program
        .send(server, "a", NOON, &odd.to_string())
        .expect(201);
    let ignored = taken["ignored"].as_array().unwrap().iter();
    let mut ignored: Vec<&str> = ignored
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    ignored.sort_unstable();
    assert_eq!(
        ignored,
        [
            "/incident/chat",
            "/incident/lead/email",
            "/incident/severity/name"
        ]
    );
    let nameless = json!({ "event_type": "incident.created", "incident": { "reference": {} } });
    let nameless = program.send(server, "b", NOON, &nameless.to_string());
    assert_eq!(
        nameless.pointers(),
        ["/incident/reference", "/incident/name"]
    );
    for reference in ["INC\0", "INC\n7", &"x".repeat(65)] {
        let odd = program.send(server, "d", NOON, &created(reference).to_string());
        assert_eq!(odd.pointers(), ["/incident/reference"], "{reference:?}");
    }
    program.send(server, "c", NOON, "reference=x").problem(400);
    // What was refused may come again.
    let same = created("INC-8").to_string();
    program.send(server, "b", NOON, &same).expect(201);
}

#[test]
fn whoever_cannot_sign_declares_nothing() {
    let world = world();
    let World { server, .. } = &world;
    server.at(NOON);
    let (program, other) = (
        Program::new(&world, &mapping()),
        Program::new(&world, &mapping()),
    );
    let body = created("INC-9").to_string();
    let good = program.sign("m", NOON, &body);
    let refused = |path: &str, id: &str, at: &str, signature: &str, body: &str| {
        deliver(server, path, id, at, signature, body).problem(401);
    };
    refused(
        &program.path,
        "m",
        NOON,
        &good,
        &body.replace("INC-9", "INC-1"),
    );
    refused(&program.path, "n", NOON, &good, &body);
    refused(&program.path, "m", "2026-03-02T12:00:01Z", &good, &body);
    refused(
        &program.path,
        "m",
        NOON,
        &other.sign("m", NOON, &body),
        &body,
    );
    refused(&program.path, "m", NOON, "", &body);
    refused(&program.path, "m", NOON, &good.replace("v1,", "v2,"), &body);
    refused(&program.path, "m", NOON, "v1,AAAA v1,####", &body);
    refused(
        &program.path,
        "",
        NOON,
        &program.sign("", NOON, &body),
        &body,
    );
    for at in ["2026-03-02T11:54:59Z", "2026-03-02T12:05:01Z"] {
        refused(&program.path, "m", at, &program.sign("m", at, &body), &body);
    }
    let nowhere = "/webhooks/incidents/00000000-0000-7000-8000-000000000000";
    refused(nowhere, "m", NOON, &good, &body);
    assert_eq!(server.get("/incidents").expect(200)["items"], json!([]));

    // One good signature among others is enough; a revoked webhook is gone.
    let several = format!("v1,AAAA v0,zzz {good}");
    deliver(server, &program.path, "m", NOON, &several, &body).expect(201);
    let path = format!("/incident-webhooks/{}", program.id);
    assert_eq!(server.delete(&path).status, 204);
    program.send(server, "o", NOON, &body).problem(404);
    server.delete(&path).problem(404);
    assert_eq!(send(server.bare(Method::GET, &program.path)).status, 405);
    let guesses = (0..80).map(|_| deliver(server, &other.path, "m", NOON, "v1,AAAA", &body).status);
    assert!(guesses.into_iter().any(|status| status == 429));
}

#[test]
fn of_two_deliveries_at_once_one_declares() {
    let world = world();
    let World { server, .. } = &world;
    server.at(NOON);
    let program = Program::new(&world, &mapping());
    for round in 0..5 {
        let body = created(&format!("INC-{round}")).to_string();
        let barrier = Barrier::new(2);
        let mut statuses = std::thread::scope(|scope| {
            let both = [0, 1].map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    program
                        .send(server, &format!("m{round}"), NOON, &body)
                        .status
                })
            });
            both.map(|one| one.join().unwrap())
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }
    let all = server.get("/incidents").expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 5);
}

#[test]
fn webhooks_are_the_affair_of_managers_and_their_secrets_are_shown_once() {
    let world = world();
    let World { server, .. } = &world;
    let path = format!("/rotations/{}/incident-webhooks", world.rotation);
    let new = json!({ "name": "Tool" });
    let made = send(
        server
            .request(Method::POST, &path)
            .header("idempotency-key", "k")
            .json(&new),
    );
    let first = made.expect(201);
    assert!(first["secret"].is_string());
    let again = send(
        server
            .request(Method::POST, &path)
            .header("idempotency-key", "k")
            .json(&new),
    );
    let again = again.expect(201);
    assert_eq!(
        (&again["secret"], &again["id"]),
        (&Value::Null, &first["id"])
    );
    let listed = server.get(&path).expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["secret"], Value::Null);
    assert_eq!(listed["items"][0]["mapping"]["reference"], "/reference");
    world.by(&world.mara, &path, &new).problem(403);
    let bad = json!({
        "name": "",
        "mapping": {
            "reference": "reference", "severity": "/a~2", "severities": { "x": "SEV9" },
            "communications_rotation_id": "nowhere", "only": [{ "at": "x", "is": [] }],
        },
    });
    let mut pointers = server.post(&path, &bad).pointers();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/mapping/communications_rotation_id",
            "/mapping/only/0/at",
            "/mapping/only/0/is",
            "/mapping/reference",
            "/mapping/severities",
            "/mapping/severity",
            "/name"
        ]
    );
    // What no text in PostgreSQL can have.
    let unseen = json!({
        "name": "x",
        "mapping": {
            "reference": "/a\0", "severities": { "\0": "SEV1" }, "only": [{ "at": "/x\0", "is": ["\0"] }],
        },
    });
    let mut pointers = server.post(&path, &unseen).pointers();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/mapping/only/0/at",
            "/mapping/only/0/is",
            "/mapping/reference",
            "/mapping/severities"
        ]
    );
}
