//! Texts that are HTML, in every field that people write into: on no page and in no mail does an element or a script
//! come of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::browser::Browser;
use crate::harness::chromium::Chromium;
use crate::harness::mailbox::mailed;
use crate::harness::server::send;
use crate::incidents::{Somebody, somebody};

/// Written where a text may have 64 characters; what it was written into is its mark.
fn short(mark: &str) -> String {
    format!("\"'><x-hit id={mark}><script>hit()</script>")
}

/// Written into everything else.
fn evil(mark: &str) -> String {
    format!("\"'><x-hit id={mark}><img src=x onerror=hit()><script>hit()</script>")
}

/// An address, as far as it is one.
fn address(mark: &str) -> String {
    format!("https://example.org/?q=\"'><x-hit id={mark}>#javascript:hit()")
}

/// What is an element, a script or an attribute that must not be one; and which marks stand in the document.
const LOOK: &str = r"
    const look = (document) => {
        const wrong = [];
        for (const e of document.querySelectorAll('*')) {
            const is = (...names) => names.includes(e.localName);
            if (is('x-hit', 'img', 'iframe', 'object', 'embed') || (is('script') && !e.getAttribute('src')))
                wrong.push(e.outerHTML.slice(0, 200));
            for (const { name, value } of e.attributes) {
                const leads = ['href', 'src', 'action', 'formaction', 'xlink:href'].includes(name);
                if (name.startsWith('on') || (leads && /^\s*(javascript|data|vbscript):/i.test(value)))
                    wrong.push(`${e.localName} ${name}=${value}`);
            }
        }
        const marks = [...document.documentElement.outerHTML.matchAll(/x-hit(?: |%20)id=([a-z-]+)/g)].map((one) => one[1]);
        return { wrong, marks: [...new Set(marks)] };
    };";

/// What was found on pages and in mails.
#[derive(Default)]
struct Found {
    wrong: Vec<String>,
    /// What was seen, and where first.
    marks: BTreeMap<String, String>,
}

impl Found {
    fn add(&mut self, place: &str, seen: &Value) {
        let texts =
            |name: &str| -> Vec<String> { serde_json::from_value(seen[name].clone()).unwrap() };
        let wrong = texts("wrong").into_iter();
        self.wrong
            .extend(wrong.map(|one| format!("{place}: {one}")));
        for mark in texts("marks") {
            self.marks.entry(mark).or_insert_with(|| place.to_owned());
        }
    }
}

/// People, a team, rotations, incidents: all of them with names like that.
struct World {
    server: Server,
    eva: Somebody,
    mia: Somebody,
    hero: String,
    watch: String,
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

impl World {
    fn found() -> Self {
        let server = Server::start();
        let (eva, mia) = (
            somebody(&server, "eva", "Europe/London"),
            somebody(&server, "mia", "Europe/London"),
        );
        for (who, mark) in [(&eva, "person"), (&mia, "manager")] {
            let change =
                json!({ "name": evil(mark), "external_ids": { "chat": evil("external") } });
            server
                .patch(&format!("/people/{}", who.id), &change)
                .expect(200);
        }
        let team = json!({
            "slug": "evil", "name": evil("team"), "time_zone": "Europe/London",
            "members": [eva.id, mia.id], "managers": [mia.id],
        });
        server.post("/teams", &team).expect(201);
        let hero = json!({
            "name": evil("rotation"), "title": evil("title"), "kind": "ordered", "time_zone": "Europe/London",
            "order": [eva.id, mia.id], "handoff": { "start": "2026-02-23T10:00:00", "rule": "FREQ=WEEKLY" },
        });
        let hero = id(&server.post("/teams/evil/rotations", &hero).expect(201));
        let watch = json!({
            "name": evil("watch"), "title": evil("role"), "kind": "follow_the_sun", "time_zone": "UTC",
            "order": [eva.id, mia.id], "fallback_rotation_id": hero, "effective_from": "2026-02-23T00:00:00Z",
        });
        let watch = id(&server.post("/teams/evil/rotations", &watch).expect(201));
        let world = Self {
            server,
            eva,
            mia,
            hero,
            watch,
        };
        world.duties();
        world.own_affairs();
        world.incidents();
        world
    }

    fn by(&self, who: &Somebody, path: &str, body: &Value) -> Value {
        let request = self.server.with_token(&who.token, Method::POST, path);
        send(request.json(body)).expect(201)
    }

    fn put(&self, path: &str, body: &Value) {
        send(self.server.request(Method::PUT, path).json(body)).expect(200);
    }

    fn duties(&self) {
        let Self {
            server,
            eva,
            mia,
            hero,
            ..
        } = self;
        let checklists = json!({ "incoming": [evil("incoming")], "outgoing": [evil("outgoing")] });
        self.put(
            &format!("/rotations/{hero}/reminders"),
            &json!({ "checklists": checklists }),
        );
        let cover = json!({
            "start": "2026-03-04T00:00:00Z", "end": "2026-03-05T00:00:00Z", "person_id": eva.id, "reason": evil("reason"),
        });
        server
            .post(&format!("/rotations/{hero}/overrides"), &cover)
            .expect(201);
        let away =
            json!({ "first_day": "2026-03-10", "last_day": "2026-03-11", "reason": evil("away") });
        self.by(eva, &format!("/people/{}/time-off", eva.id), &away);
        let swap = json!({
            "rotation_id": hero, "kind": "cover", "note": evil("note"),
            "start": "2026-03-12T00:00:00Z", "end": "2026-03-13T00:00:00Z",
        });
        self.by(eva, "/swaps", &swap);
        let taken = json!({
            "rotation_id": hero, "kind": "cover", "note": evil("taken"),
            "start": "2026-03-06T00:00:00Z", "end": "2026-03-07T00:00:00Z",
        });
        let taken = self.by(mia, "/swaps", &taken);
        let path = format!("/swaps/{}/accept", id(&taken));
        let accept = server.with_token(&eva.token, Method::POST, &path);
        send(accept.json(&json!({}))).expect(200);
        let handovers = format!(
            "/rotations/{hero}/handovers?from=2026-03-08T00:00:00Z&until=2026-03-11T00:00:00Z"
        );
        let handovers = server.get(&handovers).expect(200);
        let written = json!({
            "notes": evil("handover"),
            "outgoing": [{ "text": evil("open"), "done": false }],
        });
        self.put(
            &format!("/handovers/{}", id(&handovers["items"][0])),
            &written,
        );
    }

    fn own_affairs(&self) {
        let Self { server, eva, .. } = self;
        let token = json!({ "name": evil("token"), "scope": "read" });
        self.by(eva, &format!("/people/{}/tokens", eva.id), &token);
        let calendar = json!({
            "url": address("calendar-url"), "name": evil("calendar"),
            "rule": { "titles": [evil("word")], "only_with": evil("only") },
        });
        self.by(eva, &format!("/people/{}/calendars", eva.id), &calendar);
        self.by(
            eva,
            "/feeds",
            &json!({ "scope": { "rotation_id": self.hero } }),
        );
        // A browser that calls itself like that.
        let link = dogwatch::service::operator::sign_in(&server.app, "eva@example.com").unwrap();
        let path = link.strip_prefix(&server.url).unwrap();
        let mut browser = Browser::new(server);
        browser.get(path).expect(200);
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("form_token", &browser.form_token)
            .finish();
        let request = browser
            .request(Method::POST, path)
            .header("user-agent", evil("agent"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        assert_eq!(browser.send(request).goes_to(), "/");
    }

    fn incidents(&self) {
        let Self {
            server,
            eva,
            mia,
            watch,
            ..
        } = self;
        let stages = json!({
            "investigating": evil("stage"), "identified": evil("stage"), "monitoring": evil("stage"),
            "resolved": evil("stage"),
        });
        let severity = json!({ "name": short("severity"), "meaning": evil("meaning"), "first_update_minutes": 10 });
        let settings = json!({
            "stages": stages, "severities": [severity],
            "checklist": [{ "text": evil("task") }], "follow_ups": [{ "text": evil("follow"), "due_hours": 1 }],
        });
        self.put(&format!("/rotations/{watch}/incident-settings"), &settings);
        let hook =
            json!({ "name": short("hook"), "mapping": { "reference": "/a", "title": "/b" } });
        server
            .post(&format!("/rotations/{watch}/incident-webhooks"), &hook)
            .expect(201);
        let declare = |mark: &str, who: &Somebody| {
            let body = json!({
                "reference": short(mark), "title": evil("incident"), "severity": short("severity"),
                "rotation_id": watch, "lead": eva.id, "watch": "self", "channel_url": address("channel"),
                "thread_url": address("thread"), "status_page_url": address("status-page"),
            });
            id(&self.by(who, "/incidents", &body))
        };
        let (open, over) = (declare("open-ref", mia), declare("over-ref", mia));
        let told = json!({ "text": evil("update") });
        self.by(mia, &format!("/incidents/{open}/updates"), &told);
        let offer = json!({
            "to": eva.id, "status": evil("status"), "ticket_count": 1, "key_information": evil("key"),
            "told_to_users": evil("told"),
        });
        self.by(mia, &format!("/incidents/{open}/handovers"), &offer);
        let end = json!({ "text": evil("end") });
        server
            .post(&format!("/incidents/{over}/resolve"), &end)
            .expect(200);
    }

    /// What answers with something that was asked for.
    fn echoes(&self) -> Vec<String> {
        let said: String = url::form_urlencoded::byte_serialize(evil("echo").as_bytes()).collect();
        let hero = &self.hero;
        [
            "/administration/audit?action=Q&subject=Q&actor=Q&before=Q",
            "/administration/outbox?state=Q&before=Q",
            "/ahead?team=Q&until=Q",
            "/incidents/past?before=Q",
            "/incidents/Q",
            "/me/calendars?scope=Q",
            "/me?month=Q",
            "/people/Q",
            "/people?q=Q",
            "/reports/load?team=Q&by=Q&from=Q&until=Q",
            "/rotations/HERO/change?start=Q&end=Q&first=Q&last=Q&zone=Q",
            "/rotations/HERO?span=Q&from=Q&zone=Q",
            "/sign-in/Q",
            "/sign-in?next=/Q",
            "/swaps/Q",
            "/swaps?team=Q",
            "/teams/Q",
            "/teams/evil/rotations/new?kind=Q",
            "/zone?back=/Q",
            "/Q",
        ]
        .map(|path| path.replace('Q', &said).replace("HERO", hero))
        .to_vec()
    }
}

/// Every page that there is a way to, and what they link to.
fn walk(chromium: &Chromium, found: &mut Found, more: Vec<String>) -> usize {
    let script = format!(
        "{LOOK} return {{ ...look(document), links: [...document.links]
            .map((link) => link.href).filter((url) => url.startsWith(document.baseURI))
            .map((url) => '/' + url.slice(document.baseURI.length).split('#')[0]) }}"
    );
    let mut ahead = VecDeque::from(more);
    ahead.push_front("/".to_owned());
    let mut seen = BTreeSet::new();
    while let Some(path) = ahead.pop_front() {
        let page = path.split('?').next().unwrap().to_owned();
        let is_file = [
            "/api/",
            "/assets/",
            "/feeds/",
            "/healthz",
            "/reports/load.csv",
        ];
        let is_file = is_file.iter().any(|start| path.starts_with(start));
        if is_file || (!path.contains("echo") && !seen.insert(page)) {
            continue;
        }
        chromium.open(&path);
        let looked = chromium.run(&script, &json!([]));
        found.add(&path, &looked);
        // What the policy refused to run would be said here.
        let complaints = chromium.complaints().into_iter();
        let complaints =
            complaints.filter(|one| one.contains("Security Policy") || one.contains("Uncaught"));
        found
            .wrong
            .extend(complaints.map(|one| format!("{path}: {one}")));
        let links: Vec<String> = serde_json::from_value(looked["links"].clone()).unwrap();
        // What was said comes again in links; once is enough.
        ahead.extend(links.into_iter().filter(|link| !link.contains("echo")));
    }
    seen.len()
}

/// All mails so far, and the steps that they offer.
fn read_mails(server: &Server, chromium: &Chromium, found: &mut Found) -> (usize, Vec<String>) {
    let script = format!(
        "{LOOK} const mail = new DOMParser().parseFromString(arguments[0], 'text/html');
        return {{ ...look(mail), links: [...mail.links].map((link) => link.getAttribute('href')) }}"
    );
    let (mut count, mut steps) = (0, Vec::new());
    for mail in mailed(server) {
        let Some(html) = mail.html else { continue };
        let looked = chromium.run(&script, &json!([html]));
        found.add(&mail.subject, &looked);
        count += 1;
        let links: Vec<String> = serde_json::from_value(looked["links"].clone()).unwrap();
        let ours = links
            .iter()
            .filter_map(|link| link.strip_prefix(&server.url));
        steps.extend(
            ours.filter(|path| path.starts_with("/links/"))
                .map(str::to_owned),
        );
    }
    (count, steps)
}

#[test]
fn no_text_becomes_an_element_or_a_script() {
    let world = World::found();
    let server = &world.server;
    let Some(chromium) = Chromium::signed_in(server, "administrator@localhost") else {
        return;
    };
    let mut found = Found::default();
    let pages = walk(&chromium, &mut found, world.echoes());
    for email in ["eva@example.com", "mia@example.com"] {
        chromium.enter(server, email);
        walk(&chromium, &mut found, world.echoes());
    }
    assert!(pages > 20, "{pages}");

    // What is told until the next handoff is over.
    let worker = server.another_worker();
    for at in [
        "2026-03-02T09:10:00Z",
        "2026-03-06T09:00:00Z",
        "2026-03-09T10:00:00Z",
        "2026-03-09T11:00:00Z",
    ] {
        server.at(at);
        worker.pass(|| false).unwrap();
    }
    let (mails, steps) = read_mails(server, &chromium, &mut found);
    assert!(mails > 8, "{mails}");
    for step in steps.iter().take(20) {
        chromium.open(step);
        let looked = chromium.run(&format!("{LOOK} return look(document)"), &json!([]));
        found.add("a step of a mail", &looked);
    }
    assert!(found.wrong.is_empty(), "{}", found.wrong.join("\n"));
    // Where a text is shown nowhere, nothing was tested.
    let shown: Vec<&str> = found.marks.keys().map(String::as_str).collect();
    for mark in [
        "agent",
        "away",
        "calendar",
        "channel",
        "echo",
        "end",
        "external",
        "follow",
        "handover",
        "hook",
        "incident",
        "incoming",
        "key",
        "manager",
        "meaning",
        "note",
        "only",
        "open",
        "open-ref",
        "outgoing",
        "over-ref",
        "person",
        "reason",
        "role",
        "rotation",
        "severity",
        "stage",
        "status",
        "status-page",
        "taken",
        "task",
        "team",
        "thread",
        "title",
        "token",
        "told",
        "update",
        "watch",
        "word",
    ] {
        assert!(shown.contains(&mark), "{mark} is not in {shown:?}");
    }
}
