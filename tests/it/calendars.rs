//! Calendars of people, read from servers that behave as real ones do, and as they should not.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::mailbox::{mailed, pass};

mod budgets;
mod host;

use host::{Host, Reply};

/// A calendar of these events, each of lines with `|` between.
fn calendar(events: &[&str]) -> Reply {
    let part = |lines: &&str| {
        format!(
            "BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n",
            lines.replace('|', "\r\n")
        )
    };
    let events = events.iter().map(part).collect::<Vec<_>>().concat();
    let body = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
    Reply {
        status: "200 OK",
        headers: Vec::new(),
        body: body.into_bytes(),
    }
}

fn page(status: &'static str) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: b"<!DOCTYPE html><title>Sign in</title>".to_vec(),
    }
}

/// A person of New York with a calendar, who is always on duty.
struct World {
    server: Server,
    host: Host,
    person: String,
    calendar: String,
}

const VACATION: &str =
    "UID:v|SUMMARY:Vacation in Rome|DTSTART;VALUE=DATE:20260309|DTEND;VALUE=DATE:20260311";

impl World {
    fn new(events: &[&str], rule: &Value) -> Self {
        let server = Server::start_with(&[("DOGWATCH_OUTGOING_NETWORKS", "127.0.0.0/8")]);
        let ann =
            json!({ "name": "Ann", "email": "ann@example.com", "time_zone": "America/New_York" });
        let person = server.post("/people", &ann).expect(201)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let team = json!({ "slug": "t", "name": "T", "time_zone": "UTC", "members": [person] });
        server.post("/teams", &team).expect(201);
        let rotation = json!({ "name": "R", "title": "R", "kind": "ordered", "time_zone": "UTC", "order": [person],
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" } });
        server.post("/teams/t/rotations", &rotation).expect(201);
        let host = Host::new();
        host.says(calendar(events));
        let made = server.post(
            &format!("/people/{person}/calendars"),
            &json!({ "url": host.url, "rule": rule }),
        );
        let made = made.expect(201);
        assert_eq!(
            (&made["host"], &made["read_at"]),
            (&json!("127.0.0.1"), &json!(null))
        );
        assert!(!made.to_string().contains("secret"), "{made}");
        let world = Self {
            server,
            host,
            person,
            calendar: made["id"].as_str().unwrap().to_owned(),
        };
        world.when_read();
        world
    }

    /// The calendar as the API shows it, once it was read at the time of the clock.
    fn when_read(&self) -> Value {
        let now = self.server.clock_now();
        let mut shown = Value::Null;
        for _ in 0..200 {
            let all = self
                .server
                .get(&format!("/people/{}/calendars", self.person))
                .expect(200);
            shown = all["items"][0].clone();
            let next: chrono::DateTime<chrono::Utc> =
                shown["next_read_at"].as_str().unwrap().parse().unwrap();
            let tried: Option<chrono::DateTime<chrono::Utc>> =
                shown["tried_at"].as_str().map(|at| at.parse().unwrap());
            if tried.is_some() && next > now && (next - now).num_minutes() > 10 {
                // What was written is known to the roster a moment later.
                let app = &self.server.app;
                app.snapshots.refresh(&app.store, now).unwrap();
                return shown;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the calendar was not read: {shown}");
    }

    /// The next reading, of this.
    fn reads(&self, reply: Reply, at: &str) -> Value {
        self.host.says(reply);
        self.server.at(at);
        self.when_read()
    }

    /// Time off that is not cancelled: first and last day where it is days, else the instants.
    fn away(&self) -> Vec<String> {
        let all = self
            .server
            .get(&format!("/people/{}/time-off", self.person))
            .expect(200);
        let mut shown: Vec<String> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|off| off["cancelled_at"].is_null())
            .map(|off| {
                assert_eq!(off["calendar_id"], self.calendar.as_str());
                assert_eq!(
                    off["reason"],
                    Value::Null,
                    "the kind of leave is nobody's business"
                );
                let text = |name: &str| off[name].as_str().unwrap_or_default().to_owned();
                if off["first_day"].is_null() {
                    format!("{} {}", text("start"), text("end"))
                } else {
                    format!("{} {}", text("first_day"), text("last_day"))
                }
            })
            .collect();
        shown.sort();
        shown
    }

    fn clashes(&self) -> usize {
        let all = self
            .server
            .get("/clashes?from=2026-03-02T00:00:00Z&until=2026-05-01T00:00:00Z")
            .expect(200);
        all["items"].as_array().unwrap().len()
    }
}

#[test]
fn a_vacation_in_ones_calendar_is_time_off_and_clashes() {
    let world = World::new(
        &[
            VACATION,
            "UID:m|SUMMARY:Stand-up|DTSTART:20260310T150000Z|DTEND:20260310T153000Z",
        ],
        &json!({}),
    );
    assert_eq!(world.away(), ["2026-03-09 2026-03-10"]);
    assert_eq!(
        world.clashes(),
        2,
        "a day before the handover at ten, and after it"
    );
    // Midnight in New York, which has summer time since the day before.
    let off = world
        .server
        .get(&format!("/people/{}/time-off", world.person))
        .expect(200);
    assert_eq!(off["items"][0]["start"], "2026-03-09T04:00:00Z");
    let id = off["items"][0]["id"].as_str().unwrap();
    world.server.delete(&format!("/time-off/{id}")).problem(409);
    let request = world.host.asked().concat();
    assert!(
        request.starts_with("GET /secret/basic.ics HTTP/1.1"),
        "{request}"
    );
    assert!(!request.to_lowercase().contains("cookie"), "{request}");

    // It moves, and another comes.
    let moved = VACATION.replace("0309", "0316").replace("0311", "0317");
    let recurring = "UID:f|SUMMARY:OOO|DTSTART;TZID=America/New_York:20260306T130000|DURATION:PT4H|RRULE:FREQ=WEEKLY;COUNT=2";
    world.reads(calendar(&[&moved, recurring]), "2026-03-02T10:00:00Z");
    assert_eq!(
        world.away(),
        [
            "2026-03-06T18:00:00Z 2026-03-06T22:00:00Z",
            "2026-03-13T17:00:00Z 2026-03-13T21:00:00Z",
            "2026-03-16 2026-03-16"
        ]
    );
    // Taken back: what is past stays, what is ahead goes.
    world.server.at("2026-03-06T20:00:00Z");
    world
        .server
        .delete(&format!("/calendars/{}", world.calendar))
        .expect(204);
    assert!(world.away().is_empty());
    let off = world
        .server
        .get(&format!("/people/{}/clashes", world.person));
    assert_eq!(off.status, 404);
    let kept = world
        .server
        .get("/clashes?from=2026-03-06T00:00:00Z&until=2026-03-07T00:00:00Z")
        .expect(200);
    assert_eq!(kept["items"][0]["end"], "2026-03-06T20:00:00Z", "{kept}");
}

#[test]
fn a_calendar_that_breaks_keeps_the_last_good_state_and_says_so() {
    let world = World::new(&[VACATION], &json!({}));
    let cut_off = Reply {
        body: b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n".to_vec(),
        ..calendar(&[])
    };
    let elsewhere = |place: &str| Reply {
        headers: vec![("location", place.to_owned())],
        ..page("302 Found")
    };
    let large = Reply {
        body: vec![b' '; 11 << 20],
        ..calendar(&[])
    };
    let mut hour = 10;
    for (reply, why) in [
        (page("200 OK"), "it is not a calendar"),
        (cut_off, "it ends too early"),
        (
            page("404 Not Found"),
            "it answers 404 Not Found: its address has changed, or it is not shared any more",
        ),
        (
            page("403 Forbidden"),
            "it answers 403 Forbidden: its address has changed, or it is not shared any more",
        ),
        (
            page("503 Service Unavailable"),
            "it does not answer: 503 Service Unavailable",
        ),
        (large, "its answer is too large"),
        (
            elsewhere("http://10.0.0.1/"),
            "its address is not public, and not in DOGWATCH_OUTGOING_NETWORKS",
        ),
        (
            elsewhere("http://169.254.169.254/latest"),
            "its address is not public, and not in DOGWATCH_OUTGOING_NETWORKS",
        ),
        (
            elsewhere("file:///etc/passwd"),
            "it is neither http nor https",
        ),
        (
            elsewhere("/secret/basic.ics"),
            "it redirects again and again",
        ),
    ] {
        // Longer than the longest pause between two tries.
        hour += 7;
        let at = chrono::DateTime::parse_from_rfc3339("2026-03-02T00:00:00Z").unwrap()
            + chrono::TimeDelta::hours(hour);
        let shown = world.reads(reply, &at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        assert_eq!(
            (&shown["problem"], &shown["read_at"]),
            (&json!(why), &json!("2026-03-02T09:00:00Z"))
        );
        assert_eq!(shown["failing_since"], "2026-03-02T17:00:00Z");
        assert_eq!(world.away(), ["2026-03-09 2026-03-10"], "{why}");
        assert!(!shown.to_string().contains("secret"), "{shown}");
    }
    // Where nothing is to be changed, a change asks for a reading now.
    world.host.says(calendar(&[]));
    world
        .server
        .patch(&format!("/calendars/{}", world.calendar), &json!({}))
        .expect(200);
    let well = world.when_read();
    assert_eq!(
        (&well["problem"], &well["failing_since"]),
        (&Value::Null, &Value::Null)
    );
    assert!(world.away().is_empty());
}

#[test]
fn what_has_not_changed_is_asked_for_and_not_sent() {
    let world = World::new(&[], &json!({}));
    let with_tag = |events: &[&str]| Reply {
        headers: vec![
            ("etag", "\"one\"".to_owned()),
            ("last-modified", "Mon, 02 Mar 2026 09:00:00 GMT".to_owned()),
        ],
        ..calendar(events)
    };
    world.reads(with_tag(&[VACATION]), "2026-03-02T10:00:00Z");
    assert_eq!(world.away(), ["2026-03-09 2026-03-10"]);
    let nothing_new = || Reply {
        status: "304 Not Modified",
        headers: Vec::new(),
        body: Vec::new(),
    };
    let shown = world.reads(nothing_new(), "2026-03-02T11:00:00Z");
    assert_eq!(
        (&shown["problem"], &shown["read_at"]),
        (&Value::Null, &json!("2026-03-02T11:00:00Z"))
    );
    assert_eq!(world.away(), ["2026-03-09 2026-03-10"]);
    let conditional = world.host.asked().pop().unwrap().to_lowercase();
    assert!(
        conditional.contains("if-none-match: \"one\""),
        "{conditional}"
    );
    assert!(
        conditional.contains("if-modified-since: mon, 02 mar 2026 09:00:00 gmt"),
        "{conditional}"
    );
    // Somebody moves: their days are other times, so all of it is needed again.
    let moved = json!({ "time_zone": "Asia/Tokyo" });
    world
        .server
        .patch(&format!("/people/{}", world.person), &moved)
        .expect(200);
    world.reads(with_tag(&[VACATION]), "2026-03-02T12:00:00Z");
    assert!(
        !world
            .host
            .asked()
            .pop()
            .unwrap()
            .to_lowercase()
            .contains("if-none-match")
    );
    let off = world
        .server
        .get(&format!("/people/{}/time-off?limit=200", world.person))
        .expect(200);
    let live = off["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|off| off["cancelled_at"].is_null())
        .unwrap();
    assert_eq!(
        (&live["start"], &live["first_day"]),
        (&json!("2026-03-08T15:00:00Z"), &json!("2026-03-09"))
    );
}

#[test]
fn what_counts_as_away_is_by_rule() {
    let events = [
        "UID:1|SUMMARY:[Vacation] Ann Lee|DTSTART;VALUE=DATE:20260310",
        "UID:2|SUMMARY:[Vacation] Bob|DTSTART;VALUE=DATE:20260311",
        "UID:3|SUMMARY:Ann Lee: workshop|DTSTART;VALUE=DATE:20260312",
        "UID:4|SUMMARY:Ann Lee busy|X-MICROSOFT-CDO-BUSYSTATUS:OOF|DTSTART;VALUE=DATE:20260316",
        "UID:5|SUMMARY:Vacation Ann Lee|STATUS:CANCELLED|DTSTART;VALUE=DATE:20260317",
        "UID:6|SUMMARY:Vacation Ann Lee|TRANSP:TRANSPARENT|DTSTART;VALUE=DATE:20260318",
        "UID:7|SUMMARY:Vacation Ann Lee|STATUS:TENTATIVE|DTSTART;VALUE=DATE:20260319",
        "UID:8|SUMMARY:nonsense|DTSTART:whenever",
    ];
    let world = World::new(&events, &json!({ "only_with": "ann lee" }));
    let days = || -> Vec<String> {
        world
            .away()
            .iter()
            .map(|off| off.split(' ').next().unwrap()[8..].to_owned())
            .collect()
    };
    assert_eq!(days(), ["10", "16"]);
    assert_eq!(world.when_read()["skipped_events"], 1);
    for (rule, expected) in [
        (json!({ "titles": ["Workshop"] }), vec!["10", "12", "16"]),
        (json!({ "tentative": true }), vec!["10", "12", "16", "19"]),
        (
            json!({ "only_with": null, "titles": [] }),
            vec!["10", "11", "16", "19"],
        ),
        (
            json!({ "everything": true, "tentative": false }),
            vec!["10", "16"],
        ),
    ] {
        let changed = world.server.patch(
            &format!("/calendars/{}", world.calendar),
            &json!({ "rule": rule }),
        );
        changed.expect(200);
        world.when_read();
        if rule.get("everything").is_some() {
            assert_eq!(
                world.away(),
                ["2026-03-10 2026-03-12", "2026-03-16 2026-03-16"],
                "days that touch are one stretch"
            );
        } else if rule.get("titles") == Some(&json!([])) {
            assert_eq!(
                world.away(),
                [
                    "2026-03-10 2026-03-11",
                    "2026-03-16 2026-03-16",
                    "2026-03-19 2026-03-19"
                ]
            );
        } else {
            assert_eq!(days(), expected, "{rule}");
        }
    }
}

/// The address is a secret: it is in no answer, no log of changes, and gone with its person.
#[test]
fn addresses_of_calendars_are_kept_to_oneself() {
    let world = World::new(&[VACATION], &json!({}));
    let audit = world.server.get("/audit?limit=200").expect(200).to_string();
    assert!(
        audit.contains("calendar.create") && audit.contains("calendar.read"),
        "{audit}"
    );
    for secret in ["secret", "Rome"] {
        assert!(!audit.contains(secret), "{secret} in {audit}");
    }
    let webcal = json!({ "url": "webcal://127.0.0.1:9/x.ics", "name": "Other" });
    let made = world
        .server
        .post(&format!("/people/{}/calendars", world.person), &webcal)
        .expect(201);
    assert_eq!(
        (&made["name"], &made["host"]),
        (&json!("Other"), &json!("127.0.0.1"))
    );
    let rotation = world.server.get("/rotations").expect(200)["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    world
        .server
        .post(&format!("/rotations/{rotation}/archive"), &json!({}))
        .expect(200);
    world
        .server
        .post(&format!("/people/{}/deactivate", world.person), &json!({}))
        .expect(200);
    world
        .server
        .post(&format!("/people/{}/erase", world.person), &json!({}))
        .expect(200);
    let left = world
        .server
        .get(&format!("/people/{}/calendars", world.person))
        .expect(200);
    assert_eq!(left["items"], json!([]));
}

/// A server that takes requests, and answers none.
fn silent() -> (String, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/basic.ics", listener.local_addr().unwrap());
    let (tell, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            kept.push(stream);
            if tell.send(()).is_err() {
                return;
            }
        }
    });
    (url, asked)
}

#[test]
fn a_stop_does_not_wait_for_a_calendar_that_does_not_come() {
    let server = Server::start_with(&[("DOGWATCH_OUTGOING_NETWORKS", "127.0.0.0/8")]);
    let ann = json!({ "name": "Ann", "email": "ann@example.com", "time_zone": "UTC" });
    let ann = server.post("/people", &ann).expect(201);
    let (url, asked) = silent();
    let path = format!("/people/{}/calendars", ann["id"].as_str().unwrap());
    server.post(&path, &json!({ "url": url })).expect(201);
    asked.recv_timeout(Duration::from_secs(20)).unwrap();
    let told = std::time::Instant::now();
    drop(server);
    let waited = told.elapsed();
    assert!(waited < Duration::from_secs(5), "{waited:?}");
}

#[test]
fn a_calendar_that_stays_broken_is_told_to_its_owner_once() {
    let world = World::new(&[VACATION], &json!({}));
    let told = || {
        let worker = world.server.another_worker();
        for _ in 0..2 {
            pass(&world.server, &worker);
        }
        let mut all = mailed(&world.server);
        all.retain(|mail| mail.whole.contains("Dogwatch reads a calendar of yours"));
        all
    };
    world.reads(page("404 Not Found"), "2026-03-02T18:00:00Z");
    world.reads(page("404 Not Found"), "2026-03-03T10:00:00Z");
    assert!(told().is_empty(), "it may come back");
    // A day later it is evening in New York, then the next morning.
    world.reads(page("404 Not Found"), "2026-03-04T02:00:00Z");
    assert!(told().is_empty(), "nobody is woken");
    world.server.at("2026-03-04T14:00:00Z");
    let all = told();
    let [one] = all.as_slice() else {
        panic!("{all:?}");
    };
    assert!(one.to.contains("Ann"), "{}", one.to);
    // (The name has quotation marks, which mail encodes.)
    assert!(
        one.whole.contains("Monday 2 March 2026, 13:00"),
        "{}",
        one.whole
    );
    let why = "it answers 404 Not Found: its address has changed, or it is not shared any more";
    assert!(one.whole.contains(why), "{}", one.whole);
    assert!(!one.whole.contains("secret"), "{}", one.whole);
    world.reads(page("404 Not Found"), "2026-03-06T15:00:00Z");
    assert_eq!(told().len(), 1);
    // It works, and breaks again, which is another matter; one that is mended in time is none.
    world.reads(calendar(&[]), "2026-03-07T15:00:00Z");
    world.reads(page("404 Not Found"), "2026-03-08T15:00:00Z");
    world.reads(page("404 Not Found"), "2026-03-09T16:00:00Z");
    assert_eq!(told().len(), 2);
    world.reads(calendar(&[]), "2026-03-10T15:00:00Z");
    world.reads(page("404 Not Found"), "2026-03-12T23:00:00Z");
    world.reads(page("404 Not Found"), "2026-03-14T00:00:00Z");
    assert_eq!(told().len(), 2, "it waits for Monday");
    world.reads(calendar(&[]), "2026-03-15T12:00:00Z");
    world.server.at("2026-03-16T15:00:00Z");
    assert_eq!(told().len(), 2);
}
