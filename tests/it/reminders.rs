//! Reminders: planned into the outbox, and sent from it, once.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::mailbox::pass;
use crate::harness::server::send;

/// Every mail there is: how often each subject was sent to each person.
fn mails(server: &Server) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let Ok(folder) = std::fs::read_dir(server.database.folder.path().join("mail")) else {
        return found;
    };
    for file in folder {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        // Long headers go on in the next line.
        let text = text.replace("\r\n ", " ");
        let header = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.trim_start_matches(name).to_owned()
        };
        let mail = format!("{}: {}", header("To: "), header("Subject: "));
        *found.entry(mail).or_default() += 1;
    }
    found
}

fn person(server: &Server, name: &str) -> String {
    let body = json!({
        "name": name,
        "email": format!("{}@example.com", name.to_lowercase()),
        "time_zone": "Europe/London",
    });
    let made = server.post("/people", &body).expect(201);
    made["id"].as_str().unwrap().to_owned()
}

fn team(server: &Server) -> [String; 2] {
    let people = ["Ana", "Bo"].map(|name| person(server, name));
    let body = json!({
        "slug": "feature-flags", "name": "Feature Flags", "time_zone": "Europe/London",
        "members": people,
    });
    server.post("/teams", &body).expect(201);
    people
}

fn rotation(server: &Server, name: &str, order: &[String]) -> String {
    let body = json!({
        "name": name, "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" },
        "order": order,
    });
    let made = server
        .post("/teams/feature-flags/rotations", &body)
        .expect(201);
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn every_reminder_is_sent_once() {
    let server = Server::start_still(&[]);
    let [ana, bo] = team(&server);
    let rotation = rotation(&server, "hero", &[ana, bo.clone()]);
    let worker = server.another_worker();
    let hero = "Support Hero for Feature Flags";
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    let steps: [(&str, &[(&str, &str)]); 4] = [
        // Made an hour before it begins: what was missed is said once.
        (
            "2026-03-02T09:00:00Z",
            &[("Ana", "You are {} from Mon 2 Mar 10:00")],
        ),
        (
            "2026-03-02T10:00:00Z",
            &[
                ("Ana", "You are {} from Mon 2 Mar 10:00"),
                ("Bo", "You are {} from Mon 9 Mar 10:00"),
            ],
        ),
        (
            "2026-03-06T09:00:00Z",
            &[
                ("Ana", "You hand over {} on Mon 9 Mar 10:00"),
                ("Bo", "You are {} from Mon 9 Mar 10:00"),
            ],
        ),
        (
            "2026-03-09T10:00:00Z",
            &[
                ("Ana", "You hand over {} on Mon 9 Mar 10:00"),
                ("Bo", "You are {} from Mon 9 Mar 10:00"),
                ("Ana", "You are {} from Mon 16 Mar 10:00"),
            ],
        ),
    ];
    for (at, new) in steps {
        server.at(at);
        for (name, subject) in new {
            let to = format!("{name} <{}@example.com>", name.to_lowercase());
            let mail = format!("{to}: {}", subject.replace("{}", hero));
            *expected.entry(mail).or_default() += 1;
        }
        for _ in 0..2 {
            pass(&server, &worker);
            assert_eq!(mails(&server), expected, "at {at}");
        }
    }
    // Bo gives the week after next away again, just when the reminder of it waits in the outbox.
    server.at("2026-03-15T12:00:00Z");
    pass(&server, &worker);
    let cover =
        json!({ "start": "2026-03-16T10:00:00Z", "end": "2026-03-23T10:00:00Z", "person_id": bo });
    server
        .post(&format!("/rotations/{rotation}/overrides"), &cover)
        .expect(201);
    server.at("2026-03-16T10:00:00Z");
    let before = mails(&server);
    pass(&server, &worker);
    let after = mails(&server);
    let taken_over = format!("You are {hero} from Mon 16 Mar 10:00");
    let count = |all: &BTreeMap<String, usize>| -> usize {
        all.iter()
            .filter(|(mail, _)| mail.contains(&taken_over))
            .map(|(_, count)| count)
            .sum()
    };
    assert_eq!(
        count(&before),
        count(&after),
        "the shift is no longer Ana's"
    );
    let dropped = server.get("/outbox?state=dropped").expect(200);
    assert!(!dropped["items"].as_array().unwrap().is_empty());
    assert_eq!(server.get("/outbox?state=lost").pointers(), ["/state"]);
}

#[test]
fn workers_that_race_send_each_once() {
    const ROTATIONS: usize = 20;
    let server = Server::start_still(&[]);
    let people = team(&server);
    for number in 0..ROTATIONS {
        rotation(&server, &format!("hero {number}"), &people);
    }
    let workers = [server.another_worker(), server.another_worker()];
    std::thread::scope(|scope| {
        for worker in &workers {
            scope.spawn(|| worker.pass(|| false).unwrap());
        }
    });
    pass(&server, &workers[0]);
    let sent: usize = mails(&server).values().sum();
    assert_eq!(sent, ROTATIONS);
    let page = server.get("/outbox?state=sent&limit=15").expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 15);
    assert!(page["next_cursor"].is_string());
}

#[test]
fn a_rotation_has_its_own_lead_times() {
    let server = Server::start_still(&[]);
    let people = team(&server);
    let rotation = rotation(&server, "hero", &people);
    let path = format!("/rotations/{rotation}/reminders");
    let at_first = server.get(&path).expect(200);
    assert_eq!(at_first["incoming"], Value::Null);
    let usual = json!([7, "last_working_day", "handoff"]);
    assert_eq!(at_first["in_force"]["incoming"], usual);
    let put = |body: &Value| send(server.request(Method::PUT, &path).json(body));
    let bad = json!({ "incoming": [0, 61, "handof", "handoff", "handoff"], "outgoing": [1.5],
        "checklists": { "outgoing": [""] } });
    assert_eq!(
        put(&bad).pointers(),
        [
            "/incoming/0",
            "/incoming/1",
            "/incoming/2",
            "/incoming/4",
            "/outgoing/0",
            "/checklists/outgoing/0"
        ]
    );
    let own = json!({ "incoming": [3, "handoff"], "outgoing": [] });
    let set = put(&own).expect(200);
    assert_eq!(set["in_force"], own);
    assert_eq!(server.get(&path).expect(200), set);
    let change = json!({ "reminders": { "outgoing": ["handoff"] } });
    server
        .patch(&format!("/rotations/{rotation}"), &change)
        .expect(200);
    let after = server.get(&path).expect(200);
    assert_eq!(after["outgoing"], json!(["handoff"]));
    assert_eq!(after["in_force"]["incoming"], usual);
}

#[test]
fn whoever_loses_a_shift_is_told_and_told_again_when_it_comes_back() {
    let server = Server::start_still(&[]);
    let [ana, bo] = team(&server);
    let cy = person(&server, "Cy");
    let rotation = rotation(&server, "hero", &[ana.clone(), bo, cy]);
    let worker = server.another_worker();
    server.at("2026-03-02T10:00:00Z");
    pass(&server, &worker);
    let count = |subject: &str| -> usize {
        let all = mails(&server);
        let these = all.iter().filter(|(mail, _)| mail.contains(subject));
        these.map(|(_, count)| count).sum()
    };
    let gone = "You are no longer Support Hero for Feature Flags from Mon 9 Mar 10:00";
    let given =
        "Ana <ana@example.com>: You take over Support Hero for Feature Flags from Mon 9 Mar";
    let ended = "You no longer take over Support Hero for Feature Flags from Mon 9 Mar";
    let theirs = "Bo <bo@example.com>: You are Support Hero for Feature Flags from Mon 9 Mar 10:00";
    let back =
        "Bo <bo@example.com>: You are Support Hero for Feature Flags again from Mon 9 Mar 10:00";
    let changed = "has changed";
    let counts = || [gone, given, ended, theirs, back, changed].map(count);
    assert_eq!(counts(), [0, 0, 0, 1, 0, 0]);
    let cover =
        json!({ "start": "2026-03-09T10:00:00Z", "end": "2026-03-16T10:00:00Z", "person_id": ana });
    let made = server
        .post(&format!("/rotations/{rotation}/overrides"), &cover)
        .expect(201);
    server.at("2026-03-02T11:00:00Z");
    for _ in 0..2 {
        pass(&server, &worker);
        // Bo hears that it is no longer his, Ana that it is hers: each once.
        assert_eq!(counts(), [1, 1, 0, 1, 0, 0]);
    }
    let id = made["id"].as_str().unwrap();
    server.delete(&format!("/overrides/{id}"));
    server.at("2026-03-02T12:00:00Z");
    for _ in 0..2 {
        pass(&server, &worker);
        // And the other way round; Bo's shift is announced again.
        assert_eq!(counts(), [1, 1, 1, 2, 1, 0]);
    }
}

/// How often the subjects of mails to somebody have these words.
fn counted(server: &Server, to: &str, words: &str) -> usize {
    let all = mails(server);
    let these = all
        .iter()
        .filter(|(mail, _)| mail.starts_with(to) && mail.contains(words));
    these.map(|(_, count)| count).sum()
}

#[test]
fn whoever_is_told_of_a_swap_is_not_told_the_same_again() {
    let server = Server::start_still(&[]);
    let [ana, bo] = team(&server);
    let rotation = rotation(&server, "hero", &[ana.clone(), bo.clone()]);
    let worker = server.another_worker();
    let token = |id: &str| {
        let body = json!({ "name": "test", "scope": "write" });
        let made = server
            .post(&format!("/people/{id}/tokens"), &body)
            .expect(201);
        made["token"].as_str().unwrap().to_owned()
    };
    let (anas, bos) = (token(&ana), token(&bo));
    let post = |token: &str, path: &str, body: &serde_json::Value| {
        let request = server.with_token(token, reqwest::Method::POST, path);
        crate::harness::server::send(request.json(body))
    };
    // Bo is told of his week of the 9th.
    server.at("2026-03-02T10:00:00Z");
    pass(&server, &worker);
    let to = |who: &str, words: &str| counted(&server, who, words);
    assert_eq!(to("Bo", "You are Support Hero"), 1);
    let week = json!({
        "rotation_id": rotation, "kind": "cover",
        "start": "2026-03-09T10:00:00Z", "end": "2026-03-16T10:00:00Z",
    });
    let swap = post(&bos, "/swaps", &week).expect(201);
    let path = format!("/swaps/{}", swap["id"].as_str().unwrap());
    server.at("2026-03-02T11:00:00Z");
    post(&anas, &format!("{path}/accept"), &json!({})).expect(200);
    // By night nothing is sent: what waits counts as well.
    for at in [
        "2026-03-02T11:30:00Z",
        "2026-03-02T12:00:00Z",
        "2026-03-03T12:00:00Z",
    ] {
        server.at(at);
        pass(&server, &worker);
        pass(&server, &worker);
        assert_eq!(to("Bo", "Ana takes over"), 1);
        assert_eq!(to("Bo", "no longer"), 0, "{:?}", mails(&server));
        assert_eq!(to("Bo", "has changed"), 0, "{:?}", mails(&server));
        // Ana took it herself: her own week goes on into it, and that is new to what she was told.
        assert_eq!(to("Ana", "has changed"), 1, "{:?}", mails(&server));
    }
    // Ana hands it back: Bo is told so, and his week is announced again, once.
    post(&anas, &format!("{path}/undo"), &json!({})).expect(200);
    for at in ["2026-03-03T13:00:00Z", "2026-03-04T12:00:00Z"] {
        server.at(at);
        pass(&server, &worker);
        pass(&server, &worker);
        assert_eq!(to("Bo", "has undone a swap"), 1);
        assert_eq!(to("Bo", "You are Support Hero"), 2);
        assert_eq!(to("Bo", "has changed"), 0, "{:?}", mails(&server));
        assert_eq!(to("Ana", "has changed") + to("Ana", "no longer"), 2);
    }
    // A part of it goes, and comes back: one mail each time, to each who did not do it themselves.
    let day = json!({
        "rotation_id": rotation, "kind": "cover",
        "start": "2026-03-11T00:00:00Z", "end": "2026-03-12T00:00:00Z",
    });
    let swap = post(&bos, "/swaps", &day).expect(201);
    let path = format!("/swaps/{}", swap["id"].as_str().unwrap());
    post(&anas, &format!("{path}/accept"), &json!({})).expect(200);
    server.at("2026-03-04T13:00:00Z");
    pass(&server, &worker);
    pass(&server, &worker);
    assert_eq!(to("Bo", "Ana takes over"), 2);
    post(&anas, &format!("{path}/undo"), &json!({})).expect(200);
    server.at("2026-03-04T14:00:00Z");
    pass(&server, &worker);
    pass(&server, &worker);
    assert_eq!(to("Bo", "has undone a swap"), 2);
    assert_eq!(
        to("Bo", "has changed") + to("Bo", "no longer"),
        0,
        "{:?}",
        mails(&server)
    );
}
