//! Every mail that the program sends, as its recipient reads it: `tests/it/mails/*.snap` are read by people before they
//! change. `INSTA_UPDATE=always cargo test --test it mails::` writes them anew.
//!
//! These tests need `DOGWATCH_TEST_PYTHON`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dogwatch::domain::access::link::{Link, Step};
use dogwatch::domain::incidents::PromptKind;
use dogwatch::domain::notifications::message::MessageKind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::browser::Browser;
use crate::harness::mailbox::pass;
use crate::harness::server::send;
use crate::harness::sink;

/// Which story has the mails of a kind; `None` for what only chats are told, which `chat::` and
/// `service::messages::incident` test.
fn story_of(kind: MessageKind) -> Option<Tale> {
    match kind {
        MessageKind::SignIn
        | MessageKind::AddressLeft
        | MessageKind::AddressTaken
        | MessageKind::AddressUndone
        | MessageKind::Reminder(_)
        | MessageKind::HandoverOpen
        | MessageKind::Digest
        | MessageKind::CalendarBroken
        | MessageKind::OverrideGiven
        | MessageKind::OverrideEnded => Some(Tale::Shifts),
        MessageKind::SwapOffered
        | MessageKind::SwapAccepted
        | MessageKind::SwapDeclined
        | MessageKind::SwapUndone => Some(Tale::Swaps),
        MessageKind::Incident(PromptKind::Watched | PromptKind::Resolved)
        | MessageKind::ChatHandoff
        | MessageKind::ChatCover
        | MessageKind::ChatWeek => None,
        MessageKind::Incident(_) => Some(Tale::Incidents),
    }
}

/// What a story is about.
#[derive(PartialEq)]
enum Tale {
    Shifts,
    Swaps,
    Incidents,
}

/// A server with a fixed address, and what was sent from it.
struct Story {
    server: Server,
    ids: BTreeMap<&'static str, String>,
    kept: BTreeSet<String>,
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

impl Story {
    fn new(people: &[(&'static str, &str, &str)]) -> Option<Self> {
        sink::python()?;
        let server = Server::start_still(&[
            ("DOGWATCH_PUBLIC_URL", "https://dogwatch.example.org"),
            ("DOGWATCH_MAIL_FROM", "Dogwatch <dogwatch@example.org>"),
        ]);
        let mut ids = BTreeMap::new();
        for (short, name, zone) in people {
            let email = format!("{}@example.com", short.to_lowercase());
            let body = json!({ "name": name, "email": email, "time_zone": zone });
            ids.insert(*short, id(&server.post("/people", &body).expect(201)));
        }
        Some(Self {
            server,
            ids,
            kept: BTreeSet::new(),
        })
    }

    fn at(&self, now: &str) {
        self.server.at(now);
        pass(&self.server, &self.server.another_worker());
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.server.post(path, body);
        assert!(
            matches!(answer.status, 200 | 201),
            "{path}: {}",
            answer.text
        );
        pass(&self.server, &self.server.another_worker());
        answer.json()
    }

    fn put(&self, path: &str, body: &Value) -> Value {
        send(self.server.request(Method::PUT, path).json(body)).expect(200)
    }

    /// Everything that was sent, the last one last, by the outbox.
    fn sent(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = format!("/outbox?state=sent&limit=200{cursor}");
            let page = self.server.get(&page).expect(200);
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let sent = |mail: &Value| mail["finished_at"].as_str().unwrap().to_owned();
        all.sort_by_key(sent);
        all
    }

    /// The last mail of a kind to somebody, which must be as it was when it was last looked at.
    #[track_caller]
    fn keeps(&mut self, name: &str, kind: &str, to: &str) {
        let all = self.sent();
        let theirs =
            |mail: &&Value| mail["kind"] == kind && mail["person_id"] == self.ids[to].as_str();
        let mail = all.iter().rfind(theirs);
        let mail = mail.unwrap_or_else(|| panic!("no {kind} to {to}"));
        let mail = self.read(&[mail]).pop().unwrap();
        insta::with_settings!({
            snapshot_path => "mails", prepend_module_to_snapshot => false, omit_expression => true,
        }, {
            insta::assert_snapshot!(name, self.shown(&mail, name == "reminder-a-week-ahead"));
        });
        self.kept.insert(kind.to_owned());
    }

    /// Mails, as a mail program reads them.
    fn read(&self, mails: &[&Value]) -> Vec<Value> {
        let folder = self.server.database.folder.path().join("mail");
        let files = std::fs::read_dir(folder).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|kind| kind == "eml"));
        let texts: Vec<_> = files
            .map(|path| (std::fs::read_to_string(&path).unwrap(), path))
            .collect();
        let of = |mail: &&Value| {
            let message_id = format!("Message-ID: <{}>", mail["message_id"].as_str().unwrap());
            let found = texts.iter().find(|(text, _)| text.contains(&message_id));
            found.unwrap().1.clone()
        };
        sink::read(&mails.iter().map(of).collect::<Vec<_>>())
    }

    /// A mail without what is another in each run.
    fn shown(&self, mail: &Value, with_page: bool) -> String {
        let text = |value: &Value| value.as_str().unwrap().replace("\r\n", "\n");
        let mut lines = vec![
            format!(
                "From: {} <{}>",
                text(&mail["from"]["name"]),
                text(&mail["from"]["address"])
            ),
            format!(
                "To: {} <{}>",
                text(&mail["to"]["name"]),
                text(&mail["to"]["address"])
            ),
            format!("Subject: {}", text(&mail["subject"])),
            format!("Date: {}", text(&mail["date"])),
        ];
        for (name, value) in mail["headers"].as_object().unwrap() {
            lines.push(format!("{name}: {}", text(value)));
        }
        lines.push(format!("Parts: {}", mail["parts"]));
        let mut shown = format!("{}\n\n{}", lines.join("\n"), text(&mail["plain"]));
        if with_page {
            write!(shown, "\n=== HTML\n{}", text(&mail["page"])).unwrap();
        }
        for calendar in mail["calendars"].as_array().unwrap() {
            let calendar = text(calendar).replace("\n ", "");
            let lines = calendar.lines().filter(|line| !line.starts_with("PRODID"));
            let lines = lines.collect::<Vec<_>>().join("\n");
            write!(shown, "\n=== Calendar\n{lines}").unwrap();
        }
        self.settled(&steps(&shown))
    }

    /// Ids have names instead.
    fn settled(&self, text: &str) -> String {
        let mut settled = text.to_owned();
        for (name, id) in &self.ids {
            settled = settled.replace(id.as_str(), &format!("‹{}›", name.to_lowercase()));
        }
        let mut found = 0;
        while let Some(start) = first_id(&settled) {
            found += 1;
            let id = settled[start..start + 36].to_owned();
            settled = settled.replace(&id, &format!("‹{found}›"));
        }
        settled
    }

    /// Both parts of every mail that was sent say the same, and no kind was left out.
    fn ends(self, tale: &Tale) {
        let all = self.sent();
        let mails = all.iter().collect::<Vec<_>>();
        for mail in self.read(&mails) {
            assert_eq!(mail["text"], mail["html"]);
        }
        let kinds = MessageKind::ALL.iter().copied();
        let kinds = kinds.filter(|kind| story_of(*kind).as_ref() == Some(tale));
        let kinds: BTreeSet<String> = kinds.map(|kind| kind.to_string()).collect();
        assert_eq!(self.kept, kinds);
    }
}

#[track_caller]
fn soon(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Where the first identifier in a text begins.
fn first_id(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(35)).find(|start| {
        bytes[*start..start + 36]
            .iter()
            .enumerate()
            .all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => *byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    })
}

/// One-step links say what they do, and secrets nothing.
fn steps(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("/links/") {
        let end = link
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
            .unwrap_or(link.len());
        let signed = link[..end].split('.').next().unwrap();
        let signed = BASE64_URL_SAFE_NO_PAD.decode(signed).unwrap();
        let signed: Value = serde_json::from_slice(&signed).unwrap();
        let until = chrono::DateTime::from_timestamp(signed["e"].as_i64().unwrap(), 0).unwrap();
        let until = until.format("%Y-%m-%dT%H:%MZ");
        write!(shown, "{before}/links/‹{}, until {until}›", signed["s"]).unwrap();
        rest = &link[end..];
    }
    shown.push_str(rest);
    match shown.split_once("/sign-in/") {
        None => shown,
        Some((before, after)) => {
            let end = after.find(char::is_whitespace).unwrap();
            let secret = &after[..end];
            format!("{before}/sign-in/{after}").replace(secret, "‹secret›")
        }
    }
}

#[test]
fn mails_about_shifts() {
    let people = [
        ("Zoe", "Zoë Ångström 李", "Europe/Berlin"),
        ("Bo", "Bo \"B\" O’Hara <b>", "Europe/London"),
        ("Mia", "Mia", "America/New_York"),
    ];
    let Some(mut story) = Story::new(&people) else {
        return;
    };
    let [zoe, bo, mia] = ["Zoe", "Bo", "Mia"].map(|name| story.ids[name].clone());
    let team = json!({
        "slug": "flags", "name": "Flags & Toggles", "time_zone": "Europe/London",
        "members": [zoe, bo, mia], "managers": [mia],
    });
    story.post("/teams", &team);
    let rotation = json!({
        "name": "Flags hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": [zoe, bo],
    });
    let rotation = id(&story.post("/teams/flags/rotations", &rotation));
    story.keeps("reminder-just-given", "reminder.incoming", "Zoe");
    story.at("2026-03-02T10:00:00Z");
    story.keeps("reminder-a-week-ahead", "reminder.incoming", "Bo");

    // A day of Bo's week goes to Zoë, and comes back.
    story.at("2026-03-04T11:00:00Z");
    let overrides = format!("/rotations/{rotation}/overrides");
    let wednesday = json!({
        "start": "2026-03-11T00:00:00Z", "end": "2026-03-12T00:00:00Z", "person_id": zoe,
        "reason": "Bo is at the dentist’s",
    });
    let made = id(&story.post(&overrides, &wednesday));
    story.at("2026-03-04T11:01:00Z");
    story.keeps("override-given", "override.given", "Zoe");
    story.keeps("change-a-day-less", "reminder.changed", "Bo");
    story.at("2026-03-04T12:00:00Z");
    story.server.delete(&format!("/overrides/{made}"));
    story.at("2026-03-04T12:01:00Z");
    story.keeps("override-ended", "override.ended", "Zoe");
    story.keeps("override-ended-and-yours-again", "override.ended", "Bo");

    // The handover, with notes, and things left open.
    story.at("2026-03-05T15:00:00Z");
    let handovers = format!("/rotations/{rotation}/handovers");
    let first = story.server.get(&handovers).expect(200)["items"][0].clone();
    let done = |list: &Value| -> Value {
        let items = list.as_array().unwrap().iter().skip(1);
        items
            .map(|item| json!({ "text": item["text"], "done": true }))
            .collect()
    };
    let notes = json!({
        "notes": "The flag service restarts at night.\n\nAsk <support> about INC-7.",
        "outgoing": done(&first["outgoing"]), "incoming": [],
    });
    story.put(
        &format!("/handovers/{}", first["id"].as_str().unwrap()),
        &notes,
    );
    story.at("2026-03-06T09:00:00Z");
    story.keeps("reminder-last-working-day", "reminder.incoming", "Bo");
    story.keeps("reminder-to-hand-over", "reminder.outgoing", "Zoe");
    story.at("2026-03-09T10:00:00Z");
    story.keeps("reminder-at-the-handoff", "reminder.incoming", "Bo");
    story.keeps("reminder-handed-over", "reminder.outgoing", "Zoe");

    // Two people are away, and on a day there is nobody.
    for (person, first, last) in [
        (&bo, "2026-03-24", "2026-03-25"),
        (&zoe, "2026-03-31", "2026-03-31"),
    ] {
        let off = json!({ "first_day": first, "last_day": last });
        story
            .server
            .post(&format!("/people/{person}/time-off"), &off)
            .expect(201);
    }
    let nobody = json!({ "start": "2026-03-13T00:00:00Z", "end": "2026-03-14T00:00:00Z", "person_id": null });
    story.post(&overrides, &nobody);
    story.at("2026-03-09T14:00:00Z");
    story.keeps("handover-left-open", "handover.open", "Mia");
    story.keeps("digest", "digest", "Mia");
    story.at("2026-03-11T13:00:00Z");
    story.keeps("digest-of-one", "digest", "Mia");

    let calendar = json!({ "url": "http://10.1.2.3/bo/secret.ics", "name": "Bo’s absences" });
    story.post(&format!("/people/{bo}/calendars"), &calendar);
    let path = format!("/people/{bo}/calendars");
    soon(|| story.server.get(&path).expect(200)["items"][0]["failing_since"].is_string());
    story.at("2026-03-12T14:00:00Z");
    story.keeps("calendar-broken", "calendar.broken", "Bo");

    let mut browser = Browser::new(&story.server);
    browser.get("/sign-in").expect(200);
    browser
        .submit("/sign-in", &[("email", "zoe@example.com")])
        .expect(200);
    // It is queued beside the answer, so that nobody sees in the time it takes whether there is somebody.
    soon(|| {
        pass(&story.server, &story.server.another_worker());
        story.sent().iter().any(|mail| mail["kind"] == "sign_in")
    });
    story.keeps("sign-in", "sign_in", "Zoe");
    addresses(&mut story);
    story.ends(&Tale::Shifts);
}

/// An address is changed, and that is undone.
fn addresses(story: &mut Story) {
    let zoe = story.ids["Zoe"].clone();
    let change = json!({ "email": "zoe.a@example.org" });
    let changed = story.server.patch(&format!("/people/{zoe}"), &change);
    changed.expect(200);
    pass(&story.server, &story.server.another_worker());
    story.keeps("address-left", "sign_in.address_left", "Zoe");
    story.keeps("address-taken", "sign_in.address_taken", "Zoe");
    let sent = story.sent();
    let left = sent
        .iter()
        .find(|mail| mail["kind"] == "sign_in.address_left");
    let change = left.unwrap()["payload"]["address_change_id"].as_str();
    let link = Link {
        step: Step::UndoAddress(change.unwrap().parse().unwrap()),
        person: zoe.parse().unwrap(),
        expires: story.server.clock_now() + chrono::TimeDelta::days(1),
    };
    story.server.app.follow(&link, None).unwrap();
    pass(&story.server, &story.server.another_worker());
    story.keeps("address-undone", "sign_in.address_undone", "Zoe");
}

#[test]
fn mails_about_swaps() {
    let people = [
        ("Ana", "Ana", "Europe/London"),
        ("Bo", "Bo", "Europe/London"),
        ("Cy", "Cy", "America/New_York"),
    ];
    let Some(mut story) = Story::new(&people) else {
        return;
    };
    let [ana, bo, cy] = ["Ana", "Bo", "Cy"].map(|name| story.ids[name].clone());
    let team = json!({ "slug": "flags", "name": "Flags", "time_zone": "Europe/London", "members": [ana, bo, cy] });
    story.post("/teams", &team);
    let rotation = json!({
        "name": "Flags hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": [ana, bo, cy],
    });
    let rotation = id(&story.post("/teams/flags/rotations", &rotation));
    story.at("2026-03-02T15:00:00Z");
    let swap = |kind: &str, start: &str, end: &str, to: Value| {
        json!({
            "rotation_id": rotation, "kind": kind, "person_id": ana, "start": start, "end": end,
            "offered_to": to, "note": "My sister marries.",
        })
    };
    let token = |person: &str| {
        let body = json!({ "name": "test", "scope": "write" });
        let made = story
            .server
            .post(&format!("/people/{person}/tokens"), &body)
            .expect(201);
        made["token"].as_str().unwrap().to_owned()
    };
    let (bos, cys) = (token(&bo), token(&cy));
    let answer = |token: &str, swap: &Value, what: &str| {
        let path = format!("/swaps/{}/{what}", id(swap));
        let answer = send(
            story
                .server
                .with_token(token, Method::POST, &path)
                .json(&json!({})),
        );
        assert_eq!(answer.status, 200, "{}", answer.text);
        pass(&story.server, &story.server.another_worker());
    };
    let (start, end) = ("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z");
    let named = story.post("/swaps", &swap("cover", start, end, json!([cy])));
    answer(&cys, &named, "decline");
    let cover = story.post("/swaps", &swap("cover", start, end, json!([])));
    answer(&bos, &cover, "accept");
    answer(&bos, &cover, "undo");
    let mut trade = swap("trade", start, end, json!([bo]));
    trade["in_return"] = json!({ "start": "2026-03-11T00:00:00Z", "end": "2026-03-12T00:00:00Z" });
    story.post("/swaps", &trade);
    story.keeps("swap-nobody", "swap.declined", "Ana");
    story.keeps("swap-cover-asked", "swap.offered", "Cy");
    story.keeps("swap-cover-taken", "swap.accepted", "Ana");
    story.keeps("swap-undone", "swap.undone", "Ana");
    story.keeps("swap-trade-asked", "swap.offered", "Bo");
    story.ends(&Tale::Swaps);
}

#[test]
fn mails_about_incidents() {
    let people = [
        ("Mara", "Mara", "Europe/Madrid"),
        ("Kofi", "Kofi", "America/Los_Angeles"),
        ("Lena", "Lena", "Europe/Vienna"),
    ];
    let Some(mut story) = Story::new(&people) else {
        return;
    };
    let [mara, kofi, lena] = ["Mara", "Kofi", "Lena"].map(|name| story.ids[name].clone());
    let team = json!({ "slug": "support", "name": "Support", "time_zone": "UTC", "members": [mara, kofi, lena] });
    story.post("/teams", &team);
    let sun = json!({
        "name": "Support watch", "title": "Support Watcher", "kind": "follow_the_sun",
        "time_zone": "UTC", "order": [mara, kofi],
    });
    let sun = id(&story.post("/teams/support/rotations", &sun));
    story.at("2026-03-27T14:00:00Z");
    let incident = json!({
        "reference": "INC-7", "title": "Flags are late", "severity": "SEV1", "rotation_id": sun,
        "lead": lena, "channel_url": "https://chat.example.org/inc-7",
    });
    let incident = id(&story.post("/incidents", &incident));
    let path = |rest: &str| format!("/incidents/{incident}{rest}");
    story.at("2026-03-27T14:01:00Z");
    story.keeps("incident-ask", "incident.ask", "Mara");
    story.at("2026-03-27T14:06:00Z");
    story.keeps("incident-nudge", "incident.nudge", "Mara");
    story.keeps("incident-nobody-yet", "incident.nobody_yet", "Lena");
    story.post(&path("/raise-hand"), &json!({ "person_id": mara }));
    story.at("2026-03-27T14:07:00Z");
    story.keeps("incident-named", "incident.named", "Mara");
    story.post(
        &path("/updates"),
        &json!({ "text": "We are looking into it." }),
    );
    story.at("2026-03-27T14:30:00Z");
    story.at("2026-03-27T15:16:00Z");
    story.keeps("incident-update-due", "incident.update_due", "Mara");
    story.keeps("incident-hand-over", "incident.hand_over", "Mara");
    let offer = |to: &Value| {
        json!({
            "to": to, "status": "Flags arrive ten minutes late.", "ticket_count": 12,
            "key_information": "Only Europe.\nINC-6 was alike.", "told_to_users": "That we are on it.",
        })
    };
    // (Before nine in Seattle; he is there from 16:00 on.)
    story.at("2026-03-27T15:40:00Z");
    story.post(&path("/handovers"), &offer(&json!(kofi)));
    story.keeps("incident-offered", "incident.offered", "Kofi");
    story.at("2026-03-27T16:20:00Z");
    story.keeps("incident-unanswered", "incident.unanswered", "Mara");
    story.post(&path("/handovers/1/decline"), &json!({}));
    story.keeps("incident-declined", "incident.declined", "Mara");
    story.post(&path("/handovers"), &offer(&json!(kofi)));
    story.post(&path("/handovers/2/accept"), &json!({}));
    story.keeps("incident-accepted", "incident.accepted", "Mara");
    story.post(&path("/handovers"), &offer(&Value::Null));
    story.at("2026-03-27T23:59:00Z");
    story.at("2026-03-28T01:00:00Z");
    story.keeps("incident-out-of-hours", "incident.out_of_hours", "Lena");
    story.post(&path("/resolve"), &json!({}));
    for day in 28..=31 {
        story.at(&format!("2026-03-{day}T16:00:00Z"));
    }
    for day in 1..=9 {
        story.at(&format!("2026-04-0{day}T16:00:00Z"));
    }
    story.keeps("incident-follow-up", "incident.follow_up", "Kofi");
    story.ends(&Tale::Incidents);
}
