//! Who is told about an incident: each once, by several workers, across restarts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dogwatch::notify::{Mailer, Outgoing};
use dogwatch::worker::Worker;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::chat::{Chat, LOCAL_CHAT};
use crate::harness::server::{instant, send};
use crate::incidents::world;

/// A worker of another replica, whose mails go to the same folder.
fn worker(server: &Server) -> Worker {
    let folder = server.database.folder.path().join("mail");
    let from = "Dogwatch <dogwatch@example.org>".parse().unwrap();
    let outgoing = Outgoing::to(vec!["127.0.0.1/32".parse().unwrap()]);
    Worker::new(
        Arc::clone(&server.app),
        Mailer::to_files(from, folder),
        outgoing,
    )
}

/// A mail: the header, unfolded.
fn header(text: &str, name: &str) -> String {
    let unfolded = text.replace("\r\n ", " ");
    let line = unfolded.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_default().trim().to_owned()
}

fn texts(server: &Server) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(server.database.folder.path().join("mail")) else {
        return Vec::new();
    };
    folder
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

/// The subject of a mail, without what the incident is called, which comes last.
fn subject(text: &str) -> String {
    let whole = header(text, "Subject:");
    let Some(start) = whole.find("INC-") else {
        return whole;
    };
    let (subject, title) = whole.rsplit_once(" (").unwrap();
    assert_eq!(start, 0);
    assert!(["Flags are late)", "x)"].contains(&title), "{title}");
    subject.to_owned()
}

/// How often each was sent, as `Name: subject`.
fn mails(server: &Server) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for text in texts(server) {
        let to = header(&text, "To:");
        let name = to.split(' ').next().unwrap().trim_matches('"').to_owned();
        let mail = format!("{name}: {}", subject(&text));
        *found.entry(mail).or_default() += 1;
    }
    found
}

/// Both workers at once, until nothing that is due waits.
fn pass(server: &Server, workers: &[Worker]) {
    std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| worker.pass(|| false).unwrap());
        }
    });
    let now = server.app.clock.now();
    for _ in 0..200 {
        let pending = server.get("/outbox?state=pending&limit=200").expect(200);
        let waits = |mail: &Value| instant(mail["next_attempt_at"].as_str().unwrap()) <= now;
        if !pending["items"].as_array().unwrap().iter().any(waits) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("mails that are due are not sent");
}

/// Mara in Madrid, Kofi in Seattle and Aroha in Auckland watch; Lena leads.
fn found(server: &Server, chat: &Chat) -> (BTreeMap<&'static str, String>, String) {
    let mut people = BTreeMap::new();
    for (name, zone) in [
        ("Mara", "Europe/Madrid"),
        ("Kofi", "America/Los_Angeles"),
        ("Aroha", "Pacific/Auckland"),
        ("Lena", "Europe/Vienna"),
    ] {
        let email = format!("{}@example.com", name.to_lowercase());
        let body = json!({ "name": name, "email": email, "time_zone": zone });
        let made = server.post("/people", &body).expect(201);
        people.insert(name, made["id"].as_str().unwrap().to_owned());
    }
    let members: Vec<&String> = people.values().collect();
    let team =
        json!({ "slug": "support", "name": "Support", "time_zone": "UTC", "members": members });
    server.post("/teams", &team).expect(201);
    let sun = json!({
        "name": "Support watch", "title": "Support Watcher", "kind": "follow_the_sun",
        "time_zone": "UTC", "order": [people["Mara"], people["Kofi"], people["Aroha"]],
    });
    let sun = server.post("/teams/support/rotations", &sun).expect(201);
    let sun = sun["id"].as_str().unwrap().to_owned();
    let settings = server
        .request(Method::PUT, &format!("/rotations/{sun}/incident-settings"))
        .json(&json!({ "chat_webhook_url": chat.url }));
    send(settings).expect(200);
    (people, sun)
}

/// The mail of this subject to somebody.
fn mail(server: &Server, to: &str, subject: &str) -> String {
    texts(server)
        .into_iter()
        .find(|text| header(text, "To:").contains(to) && self::subject(text) == subject)
        .unwrap_or_else(|| panic!("no mail to {to} says {subject:?}"))
}

/// What it says in plain text: without the soft line breaks of quoted-printable, and with `=` for `=3D`.
fn plain(server: &Server, to: &str, subject: &str) -> String {
    let mail = mail(server, to, subject);
    mail.replace("=\r\n", "").replace("=3D", "=")
}

/// The path of the link of this label in it.
fn link(server: &Server, to: &str, subject: &str, label: &str) -> String {
    let plain = plain(server, to, subject);
    let after = plain.split_once(label).unwrap().1;
    let start = after.find("/links/").unwrap();
    let path = &after[start..];
    let end = path
        .find(|c: char| c.is_whitespace() || "\"<)".contains(c))
        .unwrap();
    path[..end].to_owned()
}

/// What somebody does.
enum Act {
    Nothing,
    /// Presses the button of a link: whose mail, its subject, the link.
    Press(&'static str, &'static str, &'static str),
    /// Logs what customers were told.
    Tell,
    /// Logs off, and leaves notes.
    Leave,
}

/// When somebody does something, and who gets which mail then.
const STORY: [(&str, Act, &[&str]); 11] = [
    (
        "2026-03-27T20:00:00Z",
        Act::Nothing,
        &["Kofi: INC-7: who watches it?"],
    ),
    (
        "2026-03-27T20:05:00Z",
        Act::Nothing,
        &[
            "Kofi: INC-7: would you watch it?",
            "Lena: INC-7: nobody of support watches yet",
        ],
    ),
    (
        "2026-03-27T20:08:00Z",
        Act::Press("Kofi", "INC-7: would you watch it?", "Raise my hand"),
        &[],
    ),
    (
        "2026-03-27T20:10:00Z",
        Act::Nothing,
        &["Kofi: INC-7: customers are to be told by 13:15"],
    ),
    ("2026-03-27T20:14:00Z", Act::Tell, &[]),
    (
        "2026-03-27T23:15:00Z",
        Act::Nothing,
        &["Kofi: INC-7: hand over before 17:00"],
    ),
    (
        "2026-03-27T23:40:00Z",
        Act::Leave,
        &["Lena: INC-7: support is not at work"],
    ),
    ("2026-03-28T12:00:00Z", Act::Nothing, &[]),
    // Clocks change in Europe; in Auckland it is Monday.
    (
        "2026-03-29T20:00:00Z",
        Act::Nothing,
        &["Aroha: INC-7: would you watch it?"],
    ),
    (
        "2026-03-29T20:10:00Z",
        Act::Press("Aroha", "INC-7: would you watch it?", "Raise my hand"),
        &[],
    ),
    (
        "2026-03-30T03:15:00Z",
        Act::Nothing,
        &["Aroha: INC-7: hand over before 17:00"],
    ),
];

/// Everything is in the database: another server goes on.
fn restarted(server: Server) -> Server {
    let database = Arc::clone(&server.database);
    let token = server.token.clone();
    drop(server);
    let mut server = Server::start_on(database, LOCAL_CHAT);
    server.token = token;
    server
}

fn does(server: &Server, incident: &str, act: &Act) {
    match act {
        Act::Nothing => {}
        Act::Press(to, subject, label) => {
            let path = link(server, to, subject, label);
            assert_eq!(send(server.bare(Method::GET, &path)).status, 200);
            let done = send(server.bare(Method::POST, &path));
            assert_eq!(done.status, 200, "{}", done.text);
        }
        Act::Tell => {
            let path = format!("/incidents/{incident}/updates");
            let text = json!({ "text": "we are on it" });
            server.post(&path, &text).expect(201);
        }
        Act::Leave => {
            let notes = json!({
                "to": null, "status": "still bad", "ticket_count": 12,
                "key_information": "only in Europe", "told_to_users": "that we are on it",
            });
            let path = format!("/incidents/{incident}/handovers");
            server.post(&path, &notes).expect(201);
        }
    }
}

#[test]
fn everybody_is_told_once_over_a_weekend_across_restarts() {
    let chat = Chat::start();
    let mut server = Server::start_with(LOCAL_CHAT);
    let (people, rotation) = found(&server, &chat);
    // Friday, 13:00 in Seattle.
    server.at("2026-03-27T20:00:00Z");
    let incident = json!({
        "reference": "INC-7", "title": "Flags are late", "severity": "SEV3",
        "rotation_id": rotation, "lead": people["Lena"],
    });
    let incident = server.post("/incidents", &incident).expect(201);
    let id = incident["id"].as_str().unwrap();
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for (at, act, new) in STORY {
        // It goes down before each step, and between what somebody does and what follows from it.
        server = restarted(server);
        server.at(at);
        does(&server, id, &act);
        server = restarted(server);
        server.at(at);
        for mail in new {
            *expected.entry((*mail).to_owned()).or_default() += 1;
        }
        let workers = [worker(&server), worker(&server)];
        for _ in 0..2 {
            pass(&server, &workers);
            assert_eq!(mails(&server), expected, "at {at}");
        }
    }
    assert_eq!(
        chat.headlines(),
        [
            "INC-7: who watches it? (Flags are late, SEV3)",
            "INC-7: Kofi watches it (Flags are late, SEV3)",
            "INC-7: support is not at work (Flags are late, SEV3)",
            "INC-7: Aroha watches it (Flags are late, SEV3)",
        ]
    );
    let first = chat.told()[0].clone();
    assert!(first.contains("• Kofi, 4 h left, until 00:00"), "{first}");
    assert!(first.ends_with(&format!("/incidents/{id}")), "{first}");
    // The notes of Friday reached Monday's first.
    let nudge = mail(&server, "Aroha", "INC-7: would you watch it?");
    assert!(nudge.contains("only in Europe"), "{nudge}");
}

#[test]
fn the_second_hand_by_mail_is_told_who_was_first() {
    let chat = Chat::start();
    let server = Server::start_with(LOCAL_CHAT);
    let (people, rotation) = found(&server, &chat);
    // Mara's last half hour is Kofi's first.
    server.at("2026-03-27T15:30:00Z");
    let incident = json!({ "reference": "INC-8", "title": "x", "rotation_id": rotation });
    let incident = server.post("/incidents", &incident).expect(201);
    let workers = [worker(&server)];
    pass(&server, &workers);
    let path = link(&server, "Mara", "INC-8: who watches it?", "Raise my hand");
    let at = |rest: &str| format!("/incidents/{}{rest}", incident["id"].as_str().unwrap());
    let named = json!({ "person_id": people["Kofi"] });
    server.post(&at("/raise-hand"), &named).expect(200);
    let late = send(server.bare(Method::POST, &path));
    assert_eq!(late.status, 409);
    assert!(late.text.contains("watch"), "{}", late.text);

    // An offer: accepted by one press, and the other is told.
    server.at("2026-03-27T15:40:00Z");
    let offer = json!({
        "to": people["Mara"], "status": "a", "ticket_count": 1, "key_information": "b", "told_to_users": "c",
    });
    server.post(&at("/handovers"), &offer).expect(201);
    pass(&server, &workers);
    let path = link(
        &server,
        "Mara",
        "INC-8: Kofi hands over to you",
        "Accept the watch",
    );
    assert_eq!(send(server.bare(Method::POST, &path)).status, 200);
    assert_eq!(send(server.bare(Method::POST, &path)).status, 409);
    let seen = server.get(&at("")).expect(200);
    assert_eq!(seen["watcher"]["person"]["name"], "Mara");
    pass(&server, &workers);
    let sent = mails(&server);
    assert_eq!(sent["Kofi: INC-8: Mara watches it now"], 1, "{sent:?}");
    assert_eq!(sent["Kofi: INC-8: you watch it"], 1, "{sent:?}");
}

/// Everything that the mail says: its lines may be broken anywhere.
fn says(server: &Server, to: &str, subject: &str, words: &str) {
    let plain = plain(server, to, subject).replace("\r\n", " ");
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains(words), "{words:?} in {plain}");
}

#[test]
fn mails_say_who_is_best_then_and_when_support_is_back() {
    let world = world();
    let server = &world.server;
    let workers = [worker(server)];
    let settings = server
        .request(
            Method::PUT,
            &format!("/rotations/{}/incident-settings", world.rotation),
        )
        .json(&json!({ "handover_minutes": 60 }));
    send(settings).expect(200);
    // Everybody's night.
    server.at("2026-03-03T02:00:00Z");
    let body = json!({
        "reference": "INC-9", "title": "x", "rotation_id": world.rotation, "lead": world.lena.id,
    });
    let incident = server.post("/incidents", &body).expect(201);
    let at = |rest: &str| format!("/incidents/{}{rest}", incident["id"].as_str().unwrap());
    pass(server, &workers);
    let closed = "INC-9: support is not at work";
    says(
        server,
        "lena@",
        closed,
        "Support watches in business hours only, and nobody is woken.",
    );
    says(
        server,
        "lena@",
        closed,
        "Mara is back first: Tuesday 3 March 2026, 09:00 (Europe/Vienna).",
    );
    says(
        server,
        "lena@",
        closed,
        "Until then ask Lena (Global on-call).",
    );

    // An hour before Mara leaves, Kofi has the whole day ahead, and Grace less of hers.
    server.at("2026-03-03T08:30:00Z");
    world
        .by(&world.mara, &at("/raise-hand"), &json!({}))
        .expect(200);
    let reminders = |name: &str| {
        let sent = mails(server).into_keys();
        sent.filter(|mail| mail.starts_with(&format!("{name}: INC-9: hand over")))
            .count()
    };
    server.at("2026-03-03T14:59:00Z");
    pass(server, &workers);
    assert_eq!(reminders("Mara"), 0);
    server.at("2026-03-03T15:00:00Z");
    pass(server, &workers);
    let before = "INC-9: hand over before 17:00";
    says(
        server,
        "mara@",
        before,
        "The best to take over then is Kofi, with 8 h ahead.",
    );
    let offer = json!({
        "to": world.kofi.id, "status": "a", "ticket_count": 1, "key_information": "b", "told_to_users": "c",
    });
    world.by(&world.mara, &at("/handovers"), &offer).expect(201);
    world
        .by(&world.kofi, &at("/handovers/1/accept"), &json!(null))
        .expect(200);

    // Nobody is ahead of Kofi: the notes are for tomorrow.
    server.at("2026-03-04T00:00:00Z");
    pass(server, &workers);
    says(
        server,
        "kofi@",
        before,
        "nobody is at work then. Please leave longer notes than usual",
    );
    says(
        server,
        "kofi@",
        before,
        "They reach the first person of the next day.",
    );
}
