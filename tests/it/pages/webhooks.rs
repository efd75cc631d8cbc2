//! Webhooks by which programs declare incidents, made and revoked on a page.

use serde_json::{Value, json};

use crate::harness::browser::Browser;
use crate::incident_webhooks::{NOON, Program, created, mapping};
use crate::incidents::{World, world};

fn browser(world: &World, name: &str) -> Browser {
    Browser::signed_in(&world.server, &format!("{name}@example.com"))
}

fn all(world: &World) -> Vec<Value> {
    let path = format!("/rotations/{}/incident-webhooks", world.rotation);
    let all = world.server.get(&path).expect(200);
    all["items"].as_array().unwrap().clone()
}

#[test]
fn a_webhook_is_made_and_revoked_by_whoever_manages() {
    let world = world();
    let World { server, .. } = &world;
    let manages = json!({ "managers": [world.mara.id] });
    server.patch("/teams/support", &manages).expect(200);
    let path = format!("/rotations/{}/webhooks", world.rotation);
    let mut mara = browser(&world, "mara");
    let page = mara
        .get(&format!("/rotations/{}/settings", world.rotation))
        .expect(200);
    for tab in ["webhooks", "incidents"] {
        let tab = format!("href=\"rotations/{}/{tab}\"", world.rotation);
        assert!(page.contains(&tab), "{tab} in {page}");
    }
    let page = mara.get(&path).expect(200);
    assert!(page.contains("value=\"/status_page_url\""), "{page}");

    // What is wrong is said, and what was typed is kept.
    let bad = [
        ("name", ""),
        ("mapping.reference", "reference"),
        ("mapping.title", "/incident/name"),
        ("mapping.severities", "Critical = SEV9"),
        ("mapping.only", "/event_type ="),
    ];
    let page = mara.submit(&path, &bad).expect(200);
    for words in [
        "must not be empty",
        "must be a JSON pointer",
        "there is no severity",
        "must have 1 to 50 texts",
        "Critical = SEV9",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let mut odd = bad;
    odd[3] = ("mapping.severities", "Critical");
    let page = mara.submit(&path, &odd).expect(200);
    assert!(page.contains("there is no = in “Critical”"), "{page}");
    assert!(all(&world).is_empty());

    let good = [
        ("name", "Incident <b>tool"),
        ("mapping.reference", "/incident/reference"),
        ("mapping.title", "/incident/name"),
        ("mapping.severity", "/incident/severity/name"),
        ("mapping.severities", "Critical = SEV1\r\n\r\nMinor=SEV3"),
        (
            "mapping.only",
            "/event_type = incident.created, incident.updated",
        ),
    ];
    let page = mara.submit(&path, &good).expect(200);
    assert!(page.contains("<code class=\"secret\">whsec_"), "{page}");
    assert!(
        page.contains("Incident &#60;b&#62;tool") && !page.contains("<b>tool"),
        "{page}"
    );
    let made = all(&world);
    assert_eq!(made[0]["name"], "Incident <b>tool");
    assert_eq!(
        made[0]["mapping"],
        json!({
            "reference": "/incident/reference", "title": "/incident/name",
            "severity": "/incident/severity/name", "severities": { "Critical": "SEV1", "Minor": "SEV3" },
            "lead": null, "channel_url": null, "thread_url": null, "status_page_url": null,
            "communications_rotation_id": null,
            "only": [{ "at": "/event_type", "is": ["incident.created", "incident.updated"] }],
        })
    );
    let page = mara.get(&path).expect(200);
    assert!(
        page.contains(made[0]["url"].as_str().unwrap()) && !page.contains("whsec_"),
        "{page}"
    );
    assert!(
        page.contains("/event_type is incident.created or incident.updated"),
        "{page}"
    );

    // Nobody else sees it, or takes it away.
    let revoke = format!("{path}/{}/revoke", made[0]["id"].as_str().unwrap());
    let mut kofi = browser(&world, "kofi");
    kofi.get("/").expect(200);
    kofi.get(&path).expect(403);
    kofi.get(&revoke).expect(403);
    kofi.submit(&path, &good).expect(403);
    kofi.submit(&revoke, &[]).expect(403);
    let page = mara.get(&revoke).expect(200);
    assert!(page.contains("This cannot be taken back"), "{page}");
    assert_eq!(all(&world).len(), 1, "asking does nothing");
    assert_eq!(mara.submit(&revoke, &[]).goes_to(), path);
    assert!(all(&world).is_empty());
    mara.get(&revoke).expect(404);
}

#[test]
fn only_those_who_watch_incidents_have_settings_for_them() {
    let world = crate::browser::world::World::found();
    let mut ines = world.visitor(crate::browser::world::Who::Manager);
    let path = world.path("/rotations/{rotation:Feature Flags hero}");
    for tab in ["settings", "reminders", "chat"] {
        let page = ines.get(&format!("{path}/{tab}")).expect(200);
        assert!(
            !page.contains("/webhooks\"") && !page.contains("/incidents\""),
            "{tab}: {page}"
        );
    }
}

#[test]
fn the_log_says_that_a_program_declared_an_incident() {
    let world = world();
    let World { server, .. } = &world;
    server.at(NOON);
    let root = json!({ "name": "Rosa", "email": "rosa@example.com", "time_zone": "UTC", "role": "administrator" });
    server.post("/people", &root).expect(201);
    let program = Program::new(&world, &mapping());
    let body = created("INC-5").to_string();
    program.send(server, "msg_1", NOON, &body).expect(201);
    let mut rosa = browser(&world, "rosa");
    let page = rosa.get("/administration/audit").expect(200);
    for words in [
        "<span class=\"quiet\">a program</span>\ndeclared an incident through a webhook of <a href=\"rotations/",
        "Support watch</a>: “Incident tool”",
        "<span class=\"quiet\">a program</span>\ndeclared <a href=\"incidents/",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
}
