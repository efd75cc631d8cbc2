//! Mails that are done with, and of no use any more, are forgotten; nothing else is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use dogwatch::clock::new_id;
use dogwatch::startup;
use dogwatch::storage::StoreError;
use dogwatch::storage::outbox::{self, Lane, Outcome, Planned};
use serde_json::{Value, json};

use crate::harness::mailbox::mailed;
use crate::harness::server::{MONDAY, config, instant};
use crate::harness::{Database, Server};

fn soon(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn keys(server: &Server) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = server
            .get(&format!("/outbox?limit=200{cursor}"))
            .expect(200);
        let items = page["items"].as_array().unwrap();
        keys.extend(
            items
                .iter()
                .map(|mail| mail["kind"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return keys,
        }
    }
}

#[test]
fn what_is_done_with_and_of_no_use_is_forgotten_after_the_days_that_are_set() {
    let database = Arc::new(Database::new());
    let store = startup::open_store(&config(&database, &[])).unwrap();
    let monday = instant(MONDAY);
    let put = |kind: &str, done: Option<(i64, Outcome)>, of_use_until: i64| {
        let mut outcome = done;
        store
            .write::<_, StoreError>(|tx| {
                let at = |days: i64| monday + TimeDelta::days(days);
                let planned = Planned {
                    id: new_id().to_string(),
                    key: new_id().to_string(),
                    kind: kind.parse().unwrap(),
                    person_id: None,
                    rotation_id: None,
                    payload: Value::Null,
                    due_at: outcome.as_ref().map_or(at(1), |(day, _)| at(*day)),
                    not_after: at(of_use_until),
                };
                let now = planned.due_at;
                outbox::plan(tx.db(), &planned, now)?;
                if let Some((_, outcome)) = outcome.take() {
                    let until = now + TimeDelta::minutes(3);
                    let all = outbox::claim(tx.db(), Lane::Messages, now, until, 10)?;
                    let mine = all.iter().find(|mail| mail.id == planned.id).unwrap();
                    assert!(outbox::finish(tx.db(), mine, &outcome, now)?);
                }
                Ok(())
            })
            .unwrap();
    };
    let sent = || Outcome::Sent(Value::Null);
    // More than are forgotten at once.
    for _ in 0..501 {
        put("sent.long.ago", Some((-31, sent())), -1);
    }
    put(
        "dropped.long.ago",
        Some((-31, Outcome::Dropped("gone"))),
        -1,
    );
    put(
        "dead.long.ago",
        Some((-31, Outcome::Refused("no".to_owned()))),
        -1,
    );
    put("sent.lately", Some((-29, sent())), -1);
    put("sent.and.of.use", Some((-31, sent())), 1);
    put("not.sent", None, -1);
    let server = Server::start_on(database.clone(), &[("DOGWATCH_MAIL_DAYS", "30")]);
    let left = ["not.sent", "sent.and.of.use", "sent.lately"];
    let left: BTreeSet<String> = left.map(ToOwned::to_owned).into();
    soon(|| keys(&server) == left);
    server.at("2026-03-04T08:00:00Z");
    soon(|| keys(&server).len() == 1);
    assert_eq!(keys(&server), BTreeSet::from(["not.sent".to_owned()]));
}

/// Ana for ever and ever, Ana and Bo week by week; what everybody is told in three weeks.
fn told(days: &str) -> (Vec<String>, usize) {
    let server = Server::start_still(&[("DOGWATCH_MAIL_DAYS", days)]);
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let people = ["Ana", "Bo"].map(|name| {
        let body =
            json!({ "name": name, "email": format!("{name}@example.com"), "time_zone": "UTC" });
        id(server.post("/people", &body).expect(201))
    });
    let team = json!({
        "slug": "flags", "name": "Flags", "time_zone": "UTC", "members": people, "managers": [people[1]],
    });
    server.post("/teams", &team).expect(201);
    let rotation = |title: &str, rule: &str, order: &[String]| {
        let body = json!({
            "name": title, "title": title, "kind": "ordered", "time_zone": "UTC",
            "handoff": { "start": "2026-03-02T10:00:00", "rule": rule }, "order": order,
        });
        id(server.post("/teams/flags/rotations", &body).expect(201))
    };
    rotation("Always", "FREQ=WEEKLY", &people[..1]);
    let weekly = rotation("Weekly", "FREQ=WEEKLY", &people);
    // It ends, and nobody comes after: a gap without an end.
    rotation("Ends", "FREQ=WEEKLY;COUNT=4", &people);
    let day = |start: &str, end: &str| {
        let body = json!({ "start": start, "end": end, "person_id": people[0] });
        server
            .post(&format!("/rotations/{weekly}/overrides"), &body)
            .expect(201);
    };
    for hour in 0..(21 * 4) {
        server
            .clock
            .set(instant(MONDAY) + TimeDelta::hours(6 * hour));
        match hour {
            8 => day("2026-03-11T00:00:00Z", "2026-03-12T00:00:00Z"),
            30 => day("2026-03-25T00:00:00Z", "2026-03-26T00:00:00Z"),
            _ => {}
        }
        server.another_worker().pass(|| false).unwrap();
        server.another_worker().pass(|| false).unwrap();
    }
    let mut mails: Vec<String> = mailed(&server)
        .into_iter()
        .map(|mail| format!("{} {}", mail.to, mail.subject))
        .collect();
    mails.sort();
    let page = server.get("/outbox?limit=200").expect(200);
    (mails, page["items"].as_array().unwrap().len())
}

#[test]
fn nothing_is_sent_again_because_it_was_forgotten() {
    let (kept, all) = told("400");
    let (forgotten, left) = told("1");
    assert!(kept.len() > 10, "{kept:?}");
    assert_eq!(kept, forgotten);
    assert!(left < all, "{left} of {all} are left");
}

/// A team, of which the first two take weekly turns from 2 March 10:00 on: its people, and the rotation.
fn hero(server: &Server, names: &[&str]) -> (Vec<String>, String) {
    let person = |name: &&str| {
        let email = format!("{}@example.com", name.replace(' ', ""));
        let body = json!({ "name": name, "email": email, "time_zone": "UTC" });
        id(&server.post("/people", &body).expect(201))
    };
    let people: Vec<String> = names.iter().map(person).collect();
    let team = json!({ "slug": "flags", "name": "Flags", "time_zone": "UTC", "members": people });
    server.post("/teams", &team).expect(201);
    let rotation = json!({
        "name": "Hero", "title": "Hero", "kind": "ordered", "time_zone": "UTC",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people[..2],
    });
    let rotation = id(&server.post("/teams/flags/rotations", &rotation).expect(201));
    (people, rotation)
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_mails_said_of_somebody_is_forgotten_with_them() {
    let server = Server::start();
    let (people, rotation) = hero(&server, &["Ana", "Bo", "Zebedee"]);
    let day = json!({
        "start": "2026-03-11T00:00:00Z", "end": "2026-03-12T00:00:00Z", "person_id": people[2],
        "reason": "Bo has asked Zebedee",
    });
    let made = server.post(&format!("/rotations/{rotation}/overrides"), &day);
    let made = id(&made.expect(201));
    server.delete(&format!("/overrides/{made}")).expect(200);
    server.at("2026-03-02T09:30:00Z");
    let outbox = || server.get("/outbox?limit=200").text;
    soon(|| {
        let pending = server.get("/outbox?state=pending&limit=200").text;
        !pending.contains("override.")
    });
    let told = || outbox().contains("Zebedee");
    assert!(told(), "{}", outbox());
    let path = format!("/people/{}", people[2]);
    server
        .post(&format!("{path}/deactivate"), &json!({}))
        .expect(200);
    server
        .post(&format!("{path}/erase"), &json!({}))
        .expect(200);
    assert!(!told(), "{}", outbox());
}

/// Who hears of somebody only after they are gone hears of no name.
#[test]
fn what_waits_names_nobody_who_is_erased() {
    let server = Server::start();
    let (people, rotation) = hero(&server, &["Ana", "Bo", "Zebedee", "Ann Zebedees"]);
    server.at("2026-03-03T20:00:00Z");
    // At night: it waits for the morning.
    let day = json!({
        "start": "2026-03-05T00:00:00Z", "end": "2026-03-06T00:00:00Z", "person_id": people[1],
        "reason": "Agreed with Zebedee@example.com, Zebedee and Ann Zebedees",
    });
    server
        .post(&format!("/rotations/{rotation}/overrides"), &day)
        .expect(201);
    let path = format!("/people/{}", people[2]);
    server
        .post(&format!("{path}/deactivate"), &json!({}))
        .expect(200);
    server
        .post(&format!("{path}/erase"), &json!({}))
        .expect(200);
    let waits = server.get("/outbox?state=pending&limit=200").text;
    assert!(waits.contains("override.given"), "{waits}");
    server.at("2026-03-04T09:00:00Z");
    soon(|| {
        !server
            .get("/outbox?state=pending")
            .text
            .contains("override.")
    });
    let mails = mailed(&server);
    let mail = mails.iter().find(|mail| mail.whole.contains("Agreed with"));
    let mail = &mail.expect("it was sent").whole;
    assert!(mail.contains("Erased person and Ann Zebedees"), "{mail}");
    assert!(!server.get("/outbox?limit=200").text.contains("Zebedee@"));
}
