//! Feeds as programs read them that are not ours: rotations at random in twenty zones, shift by shift.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Subscription, poll, reader, subscribe};
use crate::harness::Server;
use crate::harness::server::{instant, send};

/// Where clocks change early, late, at midnight, by half an hour, in Ramadan, or no more.
const ZONES: [&str; 20] = [
    "UTC",
    "Europe/London",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Tehran",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/New_York",
    "America/Vancouver",
    "America/Edmonton",
    "America/St_Johns",
    "America/Santiago",
];

const RULES: [&str; 6] = [
    "FREQ=WEEKLY",
    "FREQ=DAILY",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=WEEKLY;BYDAY=MO,TH",
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=MONTHLY;BYMONTHDAY=1,15",
];

/// Half past two in the night is skipped and repeated in many places.
const TIMES: [&str; 5] = ["00:00:00", "02:30:00", "09:00:00", "10:00:00", "23:30:00"];

/// Feeds look so many days back and ahead: over all changes of the clocks of a year.
const PAST: i64 = 30;
const AHEAD: i64 = 270;

const NOW: &str = "2026-03-02T12:00:00Z";

/// What a calendar program shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Shown {
    uid: String,
    start: String,
    end: String,
    summary: String,
    sequence: i64,
}

/// A rotation made at random, with overrides and a swap.
struct Random<'a> {
    server: &'a Server,
    dice: StdRng,
    people: Vec<(String, String)>,
}

impl Random<'_> {
    fn hours_ahead(&mut self, most: i64) -> DateTime<Utc> {
        instant(NOW) + TimeDelta::hours(self.dice.random_range(1..most))
    }

    fn rotation(&mut self, zone: &str) -> String {
        self.people.shuffle(&mut self.dice);
        let count = self.dice.random_range(1..=4);
        let order: Vec<&String> = self.people[..count].iter().map(|(id, _)| id).collect();
        let rule = RULES.choose(&mut self.dice).unwrap();
        let time = TIMES.choose(&mut self.dice).unwrap();
        let day = self.dice.random_range(1..=28);
        let body = json!({
            "name": format!("Duty of {zone}"), "title": "Duty; with, \\ signs", "kind": "ordered", "time_zone": zone, "order": order,
            "handoff": { "start": format!("2026-01-{day:02}T{time}"), "rule": rule },
        });
        let made = self.server.post("/teams/all/rotations", &body).expect(201);
        let rotation = made["id"].as_str().unwrap().to_owned();
        for _ in 0..self.dice.random_range(2..8) {
            self.cover(&rotation);
        }
        self.swap(&rotation);
        rotation
    }

    fn cover(&mut self, rotation: &str) {
        let start = self.hours_ahead(24 * 260);
        let end = start + TimeDelta::minutes(self.dice.random_range(30..14 * 1440));
        let nobody = self.dice.random_bool(0.2);
        let person = self.people.choose(&mut self.dice).map(|(id, _)| id.clone());
        let cover = json!({ "start": start, "end": end, "person_id": person.filter(|_| !nobody) });
        let path = format!("/rotations/{rotation}/overrides");
        self.server.post(&path, &cover).expect(201);
    }

    /// Somebody gives half of a shift that lies ahead, and somebody else takes it.
    fn swap(&mut self, rotation: &str) {
        let window = format!(
            "from={NOW}&until={}",
            (instant(NOW) + TimeDelta::days(60))
                .to_rfc3339()
                .replace("+00:00", "Z")
        );
        let shifts = self
            .server
            .get(&format!("/rotations/{rotation}/shifts?{window}"))
            .expect(200);
        let shifts = shifts["items"].as_array().unwrap();
        let Some(shift) = shifts.iter().skip(1).find(|shift| !shift["end"].is_null()) else {
            return;
        };
        let (start, owner) = (
            shift["start"].as_str().unwrap(),
            shift["person"]["id"].as_str().unwrap(),
        );
        let end = instant(start) + (instant(shift["end"].as_str().unwrap()) - instant(start)) / 2;
        let end = DateTime::from_timestamp(end.timestamp(), 0).unwrap();
        let swap = json!({ "rotation_id": rotation, "kind": "cover", "start": start, "end": end, "person_id": owner });
        let swap = self.server.post("/swaps", &swap).expect(201);
        let (_, token) = self.people.iter().find(|(id, _)| id != owner).unwrap();
        let path = format!("/swaps/{}/accept", swap["id"].as_str().unwrap());
        let accept = self.server.with_token(token, reqwest::Method::POST, &path);
        send(accept.json(&json!({}))).expect(200);
    }
}

/// The shifts that a feed should show, as the interface has them.
fn expected(server: &Server, rotation: &str) -> Vec<(String, String, String)> {
    let day = |days: i64| {
        let midnight = instant("2026-03-02T00:00:00Z") + TimeDelta::days(days);
        midnight.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let window = format!("from={}&until={}", day(-PAST), day(AHEAD));
    let shifts = server
        .get(&format!("/rotations/{rotation}/shifts?{window}"))
        .expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let shifts = shifts["items"].as_array().unwrap().iter();
    shifts
        .map(|shift| {
            (
                text(&shift["start"]),
                text(&shift["end"]),
                text(&shift["person"]["name"]),
            )
        })
        .collect()
}

/// The programs that there are to read feeds with, each with its name. It is said which are missing.
fn programs() -> Vec<(&'static str, Command)> {
    let tool = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tools")
            .join(name)
    };
    let mut found = Vec::new();
    match std::env::var_os("DOGWATCH_TEST_PYTHON") {
        Some(python) => {
            for parser in ["icalendar", "vobject"] {
                let mut command = Command::new(&python);
                command.arg(tool("expand_feed.py")).arg(parser);
                found.push((parser, command));
            }
        }
        None => eprintln!(
            "DOGWATCH_TEST_PYTHON is not set: neither icalendar nor vobject read the feeds"
        ),
    }
    match std::env::var_os("DOGWATCH_TEST_ICAL_JS") {
        Some(modules) => {
            let mut command = Command::new("node");
            command
                .env("NODE_PATH", modules)
                .arg(tool("expand_feed.cjs"));
            found.push(("ical.js", command));
        }
        None => eprintln!("DOGWATCH_TEST_ICAL_JS is not set: ical.js did not read the feeds"),
    }
    found
}

fn run(command: &mut Command) -> Vec<u8> {
    let done = command.output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    done.stdout
}

/// Files with feeds, and the shifts that each should show.
type Feeds = BTreeMap<PathBuf, Vec<(String, String, String)>>;

/// The rotation's feed as somebody of that zone subscribes to it who wants local times.
fn in_local_times(server: &Server, rotation: &str, zone: &str) -> String {
    let email = format!("{}@example.com", zone.replace('/', "."));
    let body = json!({ "name": zone, "email": email, "time_zone": zone, "role": "viewer" });
    let person = server.post("/people", &body).expect(201);
    let tokens = format!("/people/{}/tokens", person["id"].as_str().unwrap());
    let token = server
        .post(&tokens, &json!({ "name": "t", "scope": "write" }))
        .expect(201);
    let feed = json!({
        "scope": { "rotation_id": rotation },
        "options": { "past_days": PAST, "future_days": AHEAD, "local_times": true },
    });
    let token = token["token"].as_str().unwrap();
    let made = send(
        server
            .with_token(token, reqwest::Method::POST, "/feeds")
            .json(&feed),
    )
    .expect(201);
    let path = made["url"].as_str().unwrap().strip_prefix(&server.url);
    let answer = send(server.bare(reqwest::Method::GET, path.unwrap()));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

#[test]
fn whoever_reads_a_feed_sees_the_shifts_that_there_are() {
    let server = Server::start();
    server.at(NOW);
    let people: Vec<(String, String)> = ["Ana", "Bo; \"Bo\", \\", "Cý — ünïcödé", "Dee"]
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let body = json!({ "name": name, "email": format!("p{number}@example.com"), "time_zone": "UTC" });
            let id = server.post("/people", &body).expect(201)["id"].as_str().unwrap().to_owned();
            let token = server.post(&format!("/people/{id}/tokens"), &json!({ "name": "t", "scope": "write" }));
            (id, token.expect(201)["token"].as_str().unwrap().to_owned())
        })
        .collect();
    let members: Vec<&String> = people.iter().map(|(id, _)| id).collect();
    let team = json!({ "slug": "all", "name": "All", "time_zone": "UTC", "members": members });
    server.post("/teams", &team).expect(201);
    let mut random = Random {
        server: &server,
        dice: StdRng::seed_from_u64(6),
        people,
    };
    let folder = server.database.folder.path();
    let (mut feeds, mut local) = (Feeds::new(), Feeds::new());
    for zone in ZONES {
        let rotation = random.rotation(zone);
        let options = json!({ "past_days": PAST, "future_days": AHEAD });
        let feed = subscribe(
            &server,
            &json!({ "scope": { "rotation_id": rotation }, "options": options }),
        );
        let body = poll(&server, &feed).text;
        // Ours is the strictest of the readers.
        let shifts = expected(&server, &rotation);
        assert_eq!(reader::read(&body).events.len(), shifts.len(), "{zone}");
        assert!(shifts.len() > 15, "{zone}: {}", shifts.len());
        let file = folder.join(format!("{}.ics", zone.replace('/', "-")));
        std::fs::write(&file, body).unwrap();
        feeds.insert(file, shifts.clone());
        // The same in local times, for somebody who lives there.
        let body = in_local_times(&server, &rotation, zone);
        assert_eq!(body.matches("BEGIN:VTIMEZONE").count(), 1, "{body}");
        let file = folder.join(format!("{}-local.ics", zone.replace('/', "-")));
        std::fs::write(&file, body).unwrap();
        local.insert(file, shifts);
    }
    for (name, mut command) in programs() {
        // This one goes by the zone data of the machine, however old, and not by what the feed says.
        let feeds: Feeds = match name {
            "icalendar" => feeds.clone(),
            _ => feeds
                .iter()
                .chain(&local)
                .map(|(a, b)| (a.clone(), b.clone()))
                .collect(),
        };
        let read: BTreeMap<PathBuf, Vec<Shown>> =
            serde_json::from_slice(&run(command.args(feeds.keys()))).unwrap();
        assert!(read.keys().eq(feeds.keys()), "{name}");
        for (file, shifts) in &feeds {
            let shown = &read[file];
            assert_eq!(shown.len(), shifts.len(), "{name} in {}", file.display());
            for (event, (start, end, person)) in shown.iter().zip(shifts) {
                assert_eq!(
                    (&event.start, &event.end),
                    (start, end),
                    "{name} in {}",
                    file.display()
                );
                assert_eq!(
                    event.summary,
                    format!("Duty; with, \\ signs · All: {person}"),
                    "{name}"
                );
            }
        }
    }
}

/// As `tools/check_feed.py` checks it, which people run against servers of their own.
#[test]
fn the_checker_of_feeds_is_content() {
    let Some(python) = std::env::var_os("DOGWATCH_TEST_PYTHON") else {
        eprintln!("DOGWATCH_TEST_PYTHON is not set: no feed was checked");
        return;
    };
    let subscription = Subscription::new();
    let url = format!("{}{}", subscription.server.url, subscription.feed.path);
    let checker: OsString = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/check_feed.py").into();
    let seen: Value =
        serde_json::from_slice(&run(Command::new(python).arg(checker).arg(url))).unwrap();
    assert_eq!(
        seen["events"].as_array().unwrap().len(),
        subscription.read().events.len()
    );
}
