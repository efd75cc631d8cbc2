//! Handovers over HTTP: notes, checklists, and what is carried over.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::{Answer, send};

/// A team of a manager and two engineers, who take weekly turns from 2 March 10:00 on.
struct LockedRotation {
    server: Server,
    people: Vec<String>,
    rotation: String,
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

impl LockedRotation {
    fn new() -> Self {
        let server = Server::start_still(&[]);
        let people: Vec<String> = ["Mia", "Ana", "Bo", "Cy"]
            .iter()
            .map(|name| {
                let body = json!({
                    "name": name, "email": format!("{name}@example.com"), "time_zone": "Europe/London",
                });
                id(&server.post("/people", &body).expect(201))
            })
            .collect();
        let team = json!({
            "slug": "flags", "name": "Flags", "time_zone": "Europe/London",
            "members": people, "managers": [people[0]],
        });
        server.post("/teams", &team).expect(201);
        let rotation = json!({
            "name": "hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" },
            "order": [people[1], people[2]],
        });
        let rotation = id(&server.post("/teams/flags/rotations", &rotation).expect(201));
        Self {
            server,
            people,
            rotation,
        }
    }

    fn list(&self) -> Vec<Value> {
        let path = format!("/rotations/{}/handovers", self.rotation);
        let all = self.server.get(&path).expect(200);
        all["items"].as_array().unwrap().clone()
    }

    fn token(&self, person: usize) -> String {
        let path = format!("/people/{}/tokens", self.people[person]);
        let body = json!({ "name": "test", "scope": "write" });
        let made = self.server.post(&path, &body).expect(201);
        made["token"].as_str().unwrap().to_owned()
    }

    fn put(&self, token: &str, handover: &Value, body: &Value) -> Answer {
        let path = format!("/handovers/{}", handover["id"].as_str().unwrap());
        send(self.server.with_token(token, Method::PUT, &path).json(body))
    }

    /// Every mail that was sent after a pass: to whom, and its text.
    fn mails(&self) -> Vec<(String, String)> {
        let folder = self.server.database.folder.path().join("mail");
        self.server.another_worker().pass(|| false).unwrap();
        let read = |file: std::io::Result<std::fs::DirEntry>| {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let text = text.replace("\r\n ", " ").replace("=\r\n", "");
            let to = text.lines().find(|line| line.starts_with("To: ")).unwrap();
            (to.to_owned(), text)
        };
        std::fs::read_dir(folder).unwrap().map(read).collect()
    }
}

fn texts(items: &Value) -> Vec<(&str, bool)> {
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| {
            (
                item["text"].as_str().unwrap(),
                item["done"].as_bool().unwrap(),
            )
        })
        .collect()
}

#[test]
fn notes_and_lists_are_kept_and_what_is_open_is_carried_over() {
    let locked_rotation = LockedRotation::new();
    let first = locked_rotation.list().remove(0);
    assert_eq!(first["at"], "2026-03-09T10:00:00Z");
    assert_eq!(first["form"], "full");
    assert_eq!(first["from"]["name"], "Ana");
    assert_eq!(first["to"]["name"], "Bo");
    assert_eq!(first["notes"], Value::Null);
    let outgoing = texts(&first["outgoing"]);
    assert_eq!((outgoing.len(), first["version"].clone()), (5, json!(1)));
    let template: Vec<&str> = outgoing.iter().map(|(text, _)| *text).collect();
    let [ana, bo, cy] = [1, 2, 3].map(|person| locked_rotation.token(person));
    let change = json!({
        "notes": "  The flag service restarts at night.\n\nSee INC-7. ",
        "outgoing": [
            { "text": template[0], "done": true },
            { "text": "Ticket 4711", "done": false },
        ],
    });
    locked_rotation.put(&cy, &first, &change).problem(403);
    let changed = locked_rotation.put(&ana, &first, &change).expect(200);
    assert_eq!(
        changed["notes"],
        "The flag service restarts at night.\n\nSee INC-7."
    );
    assert_eq!(changed["written_by"]["name"], "Ana");
    assert_eq!(changed["version"], 2);
    let done = &changed["outgoing"][0];
    assert_eq!(
        (&done["text"], &done["done"], &done["done_by"]["name"]),
        (&json!(template[0]), &json!(true), &json!("Ana"))
    );
    // What is ticked stays in its place, and what is new comes last.
    let now: Vec<&str> = texts(&changed["outgoing"])
        .iter()
        .map(|(text, _)| *text)
        .collect();
    assert_eq!(now, [&template[..], &["Ticket 4711"]].concat());
    let path = format!("/handovers/{}", first["id"].as_str().unwrap());
    assert_eq!(locked_rotation.server.get(&path).expect(200), changed);
    // What was written stays where only something else is changed, and goes where it is taken back.
    let ticked = json!({ "incoming": [{ "text": "Said hello", "done": true }] });
    let ticked = locked_rotation.put(&bo, &first, &ticked).expect(200);
    assert_eq!(ticked["notes"], changed["notes"]);
    let stale = locked_rotation
        .server
        .with_token(&bo, Method::PUT, &path)
        .header("If-Match", "\"v2\"")
        .json(&json!({ "notes": null }));
    send(stale).problem(412);

    // A week later four of the list and the ticket are open; they are the next handover's.
    locked_rotation.server.at("2026-03-09T10:00:00Z");
    locked_rotation.mails();
    locked_rotation.server.at("2026-03-10T12:00:00Z");
    let second = locked_rotation.list().remove(1);
    assert_eq!(second["from"]["name"], "Bo");
    let since = |text: &str| {
        let items = second["outgoing"].as_array().unwrap();
        let item = items.iter().find(|item| item["text"] == text).unwrap();
        item["open_since"].clone()
    };
    assert_eq!(since("Ticket 4711"), "2026-03-09T10:00:00Z");
    assert_eq!(since(template[1]), "2026-03-09T10:00:00Z");
    assert_eq!(since(template[0]), Value::Null, "that was done in time");
    assert_eq!(texts(&second["outgoing"]).len(), 6);
    let tick = json!({ "outgoing": [{ "text": "Ticket 4711", "done": true }] });
    let ticked = locked_rotation.put(&bo, &second, &tick).expect(200);
    assert!(texts(&ticked["outgoing"]).contains(&("Ticket 4711", true)));
    let origin = locked_rotation.server.get(&path).expect(200);
    assert!(texts(&origin["outgoing"]).contains(&("Ticket 4711", true)));
    let third = locked_rotation.list().remove(2);
    assert!(
        texts(&third["outgoing"])
            .iter()
            .all(|(text, _)| *text != "Ticket 4711")
    );
}

#[test]
fn what_is_open_at_the_handoff_is_told() {
    let locked_rotation = LockedRotation::new();
    let first = locked_rotation.list().remove(0);
    let outgoing = first["outgoing"].as_array().unwrap();
    let incoming = first["incoming"].as_array().unwrap();
    let all_but_one = |items: &[Value]| -> Vec<Value> {
        let done = |item: &Value| json!({ "text": item["text"], "done": true });
        items.iter().skip(1).map(done).collect()
    };
    let change = json!({
        "notes": "Watch the <queue>,\nit is long.",
        "outgoing": all_but_one(outgoing), "incoming": all_but_one(incoming),
    });
    let administrator = locked_rotation.server.token.clone();
    locked_rotation
        .put(&administrator, &first, &change)
        .expect(200);
    locked_rotation.server.at("2026-03-09T10:00:00Z");
    for _ in 0..2 {
        let mails = locked_rotation.mails();
        let told: Vec<_> = mails
            .iter()
            .filter(|(_, text)| text.contains("left open at the handover to Bo"))
            .collect();
        let [(to, text)] = &told[..] else {
            panic!("{told:?}");
        };
        assert!(to.contains("Mia"), "{to}");
        let left = outgoing[0]["text"].as_str().unwrap();
        assert!(text.contains(left) && !text.contains(outgoing[1]["text"].as_str().unwrap()));
        let hers = mails.iter().find(|(to, text)| {
            to.contains("Bo")
                && text.contains("You are Support Hero for Flags from Mon 9 Mar 10:00")
                && text.contains("Left open by Ana")
        });
        let (_, text) = hers.expect("Bo's reminder at the handoff");
        assert!(text.contains(left), "{text}");
        assert!(text.contains("  Watch the <queue>,  it is long."), "{text}");
        assert!(text.contains("Watch the &#60;queue&#62;"), "{text}");
    }
}

/// The server was off, or asleep, from before the handoff until three days after it.
#[test]
fn what_was_open_at_a_handoff_that_nobody_saw_is_told_and_carried_over() {
    let locked_rotation = LockedRotation::new();
    let first = locked_rotation.list().remove(0);
    assert_eq!(first["at"], "2026-03-09T10:00:00Z");
    locked_rotation.server.at("2026-03-12T11:00:00Z");
    let told = locked_rotation.mails();
    let of_mia = |text: &str| text.contains("left open at the handover to Bo");
    let count = told.iter().filter(|(_, text)| of_mia(text)).count();
    assert_eq!(count, 1, "{told:?}");
    let next = &locked_rotation.list()[1];
    assert_eq!(next["at"], "2026-03-16T10:00:00Z");
    let since: Vec<&Value> = next["outgoing"].as_array().unwrap().iter().collect();
    let carried = since
        .iter()
        .filter(|item| item["open_since"] == first["at"]);
    assert_eq!(
        carried.count(),
        first["outgoing"].as_array().unwrap().len(),
        "{next}"
    );
}

/// Handoffs before anybody entered the rotation are nobody's affair.
#[test]
fn what_was_handed_over_before_the_rotation_was_entered_is_not_told() {
    let locked_rotation = LockedRotation::new();
    locked_rotation.server.at("2026-03-05T12:00:00Z");
    let began = json!({
        "name": "other", "title": "Other Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-02-19T10:00:00", "rule": "FREQ=WEEKLY" },
        "order": [locked_rotation.people[2], locked_rotation.people[1]],
    });
    let made = locked_rotation
        .server
        .post("/teams/flags/rotations", &began);
    made.expect(201);
    let told = locked_rotation.mails();
    let of_other = |text: &str| text.contains("Other Hero") && text.contains("left open at");
    assert!(!told.iter().any(|(_, text)| of_other(text)), "{told:?}");
}

#[test]
fn nothing_is_told_where_everything_is_done() {
    let locked_rotation = LockedRotation::new();
    let path = format!("/rotations/{}/reminders", locked_rotation.rotation);
    let none = json!({ "checklists": { "outgoing": ["Sweep"], "incoming": [] } });
    send(
        locked_rotation
            .server
            .request(Method::PUT, &path)
            .json(&none),
    )
    .expect(200);
    let first = locked_rotation.list().remove(0);
    assert_eq!(texts(&first["outgoing"]), [("Sweep", false)]);
    let done = json!({ "outgoing": [{ "text": "Sweep", "done": true }] });
    let administrator = locked_rotation.server.token.clone();
    locked_rotation
        .put(&administrator, &first, &done)
        .expect(200);
    locked_rotation.server.at("2026-03-09T10:00:00Z");
    let mails = locked_rotation.mails();
    assert!(mails.iter().all(|(_, text)| !text.contains("left open")));
}

#[test]
fn a_day_has_notes_only_and_a_watch_has_four() {
    let locked_rotation = LockedRotation::new();
    let administrator = locked_rotation.server.token.clone();
    let day = json!({
        "start": "2026-03-04T00:00:00Z", "end": "2026-03-05T00:00:00Z", "person_id": locked_rotation.people[3],
    });
    let overrides = format!("/rotations/{}/overrides", locked_rotation.rotation);
    locked_rotation.server.post(&overrides, &day).expect(201);
    let light = locked_rotation.list().remove(0);
    assert_eq!(
        (&light["form"], &light["outgoing"]),
        (&json!("light"), &json!([]))
    );
    let four = json!({
        "status": "slow", "ticket_count": 7, "key_information": "the cache", "told_to_users": "soon",
    });
    let refused = locked_rotation.put(&administrator, &light, &json!({ "watch_notes": four }));
    assert_eq!(refused.pointers(), ["/watch_notes"]);

    let watch = json!({
        "name": "watch", "title": "Support Watcher", "kind": "follow_the_sun", "time_zone": "UTC",
        "order": [locked_rotation.people[1], locked_rotation.people[2]], "effective_from": "2026-01-05T00:00:00Z",
    });
    let watch = id(&locked_rotation
        .server
        .post("/teams/flags/rotations", &watch)
        .expect(201));
    let path = format!("/rotations/{watch}/handovers");
    let all = locked_rotation.server.get(&path).expect(200);
    let next = &all["items"][0];
    assert_eq!(next["form"], "watch");
    let refused = locked_rotation.put(&administrator, next, &json!({ "notes": "hello" }));
    assert_eq!(refused.pointers(), ["/notes"]);
    let change = json!({ "watch_notes": four });
    let changed = locked_rotation
        .put(&administrator, next, &change)
        .expect(200);
    assert_eq!(changed["watch_notes"], four);
    assert_eq!(changed["written_by"]["name"], "Administrator");
}

#[test]
fn what_is_wrong_is_named_and_what_is_not_there_is_not_found() {
    let locked_rotation = LockedRotation::new();
    let administrator = locked_rotation.server.token.clone();
    let first = locked_rotation.list().remove(0);
    let long = "x".repeat(201);
    let bad = json!({
        "notes": "", "outgoing": [{ "text": long, "done": true }],
        "incoming": [{ "text": "twice", "done": true }, { "text": "twice", "done": false }],
    });
    assert_eq!(
        locked_rotation.put(&administrator, &first, &bad).pointers(),
        ["/notes", "/outgoing/0/text", "/incoming/1/text"]
    );
    let misspelt = json!({ "note": "x" });
    assert_eq!(
        locked_rotation
            .put(&administrator, &first, &misspelt)
            .pointers(),
        ["/note"]
    );
    let of = |id: &str| locked_rotation.server.get(&format!("/handovers/{id}"));
    of("x").problem(404);
    let text = first["id"].as_str().unwrap();
    let (rotation, _) = text.rsplit_once('-').unwrap();
    // Nobody takes over then.
    of(&format!("{rotation}-01772445600")).problem(404);
    let stranger = text.replacen(&rotation[..4], "ffff", 1);
    of(&stranger).problem(404);
    let query = format!(
        "/rotations/{}/handovers?from=2026-03-02T10:00:00Z&until=2026-05-01T00:00:00Z&limit=3",
        locked_rotation.rotation
    );
    let page = locked_rotation.server.get(&query).expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    let next = format!("{query}&cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = locked_rotation.server.get(&next).expect(200);
    assert_eq!(rest["items"][0]["at"], "2026-03-30T09:00:00Z");
}
