//! The communications manager on call: whoever has it if at work, else the backup of the region that is.

use std::sync::Arc;

use dogwatch::cli::demo::organisation;
use dogwatch::notify::{Mailer, Outgoing};
use dogwatch::worker::Worker;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::incidents::{World, somebody, world};

/// The owner is in London, the backups in New York, London and Bengaluru.
fn communications(world: &World) -> String {
    let World { server, .. } = world;
    let noor = somebody(server, "Noor", "Europe/London").id;
    let clara = somebody(server, "Clara", "America/New_York").id;
    let priya = somebody(server, "Priya", "Asia/Kolkata").id;
    let mut fallback = Value::Null;
    for (name, who) in [
        ("Backup, APAC", &priya),
        ("Backup, EMEA", &noor),
        ("Backup, Americas", &clara),
        ("Communications", &noor),
    ] {
        let body = json!({
            "name": name, "title": "Communications manager on call", "kind": "ordered", "time_zone": "UTC",
            "handoff": { "start": "2026-03-02T00:00:00", "rule": "FREQ=WEEKLY" }, "order": [who],
            "fallback_rotation_id": fallback, "fallback_when": "not_working",
        });
        fallback = server.post("/teams/support/rotations", &body).expect(201)["id"].clone();
    }
    fallback.as_str().unwrap().to_owned()
}

#[test]
fn customers_are_told_by_the_owner_or_by_the_region_that_is_at_work() {
    let world = world();
    let World { server, .. } = &world;
    let communications = communications(&world);
    server.at("2026-03-03T00:00:00Z");
    let incident = json!({
        "reference": "INC-1", "title": "x", "severity": "SEV1", "rotation_id": world.rotation,
        "communications_rotation_id": communications,
    });
    let incident = server.post("/incidents", &incident).expect(201);
    let path = format!("/incidents/{}", incident["id"].as_str().unwrap());
    let owner = |at: &str| {
        server.at(at);
        let seen = server.get(&path).expect(200);
        seen["next_update"]["owner"]["name"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (at, name) in [
        ("2026-03-03T05:00:00Z", "Priya"),
        // Both are at work: the owner comes first.
        ("2026-03-03T09:30:00Z", "Noor"),
        ("2026-03-03T15:00:00Z", "Noor"),
        ("2026-03-03T18:00:00Z", "Clara"),
        ("2026-03-04T04:30:00Z", "Priya"),
    ] {
        assert_eq!(owner(at), name, "at {at}");
    }

    // In the night of all three the last of them has it still: that is what being on call means.
    assert_eq!(owner("2026-03-03T23:00:00Z"), "Priya");

    // And the owner at that moment is who is told, five minutes before.
    server.at("2026-03-03T18:00:00Z");
    server
        .post(
            &format!("{path}/updates"),
            &json!({ "text": "We are on it" }),
        )
        .expect(201);
    server.at("2026-03-03T18:25:00Z");
    let folder = server.database.folder.path().join("mail");
    let mailer = Mailer::to_files("d@example.org".parse().unwrap(), folder);
    let worker = Worker::new(Arc::clone(&server.app), mailer, Outgoing::to(Vec::new()));
    worker.pass(|| false).unwrap();
    let mails = server.get("/outbox?limit=200").expect(200);
    let mails = mails["items"].as_array().unwrap().iter();
    let told: Vec<&Value> = mails
        .filter(|mail| {
            mail["kind"] == "incident.update_due"
                && mail["payload"]["about"] == "2026-03-03T18:30:00Z"
        })
        .collect();
    assert_eq!(told.len(), 1);
    let clara = server.get("/people?email=clara@example.com").expect(200)["items"][0]["id"].clone();
    assert_eq!(told[0]["person_id"], clara);
}

#[test]
fn the_example_has_a_backup_in_each_region() {
    let server = Server::start();
    organisation::found(&server.app, server.app.clock.now()).unwrap();
    let duty = |at: &str| {
        let title = "title=Communications%20manager%20on%20call";
        let found = server.get(&format!("/on-duty?{title}&at={at}")).expect(200);
        let duty = found["items"][0].clone();
        let answered = duty["answered_by"].as_str().unwrap();
        let rotation = server.get(&format!("/rotations/{answered}")).expect(200);
        let name = rotation["name"].as_str().unwrap().to_owned();
        (name, duty["working_now"] == true)
    };
    for (at, name) in [
        ("2026-03-03T06:00:00Z", "Communications backup, APAC"),
        ("2026-03-03T20:00:00Z", "Communications backup, Americas"),
    ] {
        assert_eq!(duty(at), (name.to_owned(), true), "at {at}");
    }
    assert!(duty("2026-03-03T12:00:00Z").1);
}
