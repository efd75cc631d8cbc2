//! One-step links in mails: who has one can do what it says, once they say so, and nothing else.

use chrono::TimeDelta;
use dogwatch::domain::access::link::{Link, Step};
use dogwatch::domain::ids::{OverrideId, PersonId, RotationId};
use dogwatch::domain::people::preferences::Topic;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::{Answer, MONDAY, instant, send};

struct Team {
    server: Server,
    people: [String; 2],
    rotation: String,
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

fn team() -> Team {
    let server = Server::start();
    let people = ["Ana", "Bo"].map(|name| {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email, "time_zone": "Europe/London" });
        id(&server.post("/people", &body).expect(201))
    });
    let team = json!({ "slug": "flags", "name": "Flags", "time_zone": "UTC", "members": people });
    server.post("/teams", &team).expect(201);
    let rotation = json!({
        "name": "hero", "title": "Support <Hero>", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people,
    });
    let rotation = id(&server.post("/teams/flags/rotations", &rotation).expect(201));
    Team {
        server,
        people,
        rotation,
    }
}

impl Team {
    /// A link for Bo, good for a day: the part of its address behind the server's.
    fn link(&self, step: Step) -> String {
        let link = Link {
            step,
            person: self.people[1].parse::<PersonId>().unwrap(),
            expires: instant(MONDAY) + TimeDelta::days(1),
        };
        let address = self.server.app.link(&link).unwrap();
        address.strip_prefix(&self.server.url).unwrap().to_owned()
    }

    fn open(&self, path: &str) -> Answer {
        send(self.server.bare(Method::GET, path))
    }

    fn press(&self, path: &str) -> Answer {
        send(self.server.bare(Method::POST, path))
    }

    fn preferences(&self) -> Value {
        let path = format!("/people/{}/preferences", self.people[1]);
        self.server.get(&path).expect(200)
    }
}

#[test]
fn opening_a_link_does_nothing_and_pressing_its_button_does_it() {
    let team = team();
    let path = team.link(Step::Stop(Topic::Outgoing));
    for _ in 0..2 {
        let page = team.open(&path);
        assert_eq!(page.status, 200);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(
            page.text.contains("<form method=\"post\">"),
            "{}",
            page.text
        );
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(team.preferences()["outgoing"], true);
    }
    // As mail programs do it by themselves (RFC 8058).
    let one_click = team.server.bare(Method::POST, &path);
    let one_click = one_click
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("List-Unsubscribe=One-Click");
    assert_eq!(send(one_click).status, 200);
    assert_eq!(team.preferences()["outgoing"], false);
    assert_eq!(team.preferences()["incoming"], true);
    assert_eq!(team.press(&path).status, 200, "twice is as good as once");
}

#[test]
fn a_link_that_was_not_made_here_or_is_over_is_of_no_use() {
    let team = team();
    let path = team.link(Step::Stop(Topic::Incoming));
    let other = team.link(Step::Stop(Topic::Outgoing));
    let (text, _) = path.split_once('.').unwrap();
    let (_, signature) = other.split_once('.').unwrap();
    for bad in [
        "/links/x",
        "/links/.",
        &path[..path.len() - 1],
        &format!("{text}.{signature}"),
        &format!("{text}."),
    ] {
        assert_eq!(team.open(bad).status, 404, "{bad}");
        assert_eq!(team.press(bad).status, 404, "{bad}");
    }
    team.server.at("2026-03-03T08:59:59Z");
    assert_eq!(team.open(&path).status, 200);
    team.server.at("2026-03-03T09:00:00Z");
    assert_eq!(team.open(&path).status, 410);
    assert_eq!(team.press(&path).status, 410);
    assert_eq!(team.preferences()["incoming"], true);
}

#[test]
fn whoever_was_given_a_shift_hands_it_back_until_it_starts() {
    let team = team();
    let cover = |day: u32| {
        let body = json!({
            "start": format!("2026-03-0{day}T00:00:00Z"), "end": format!("2026-03-0{}T00:00:00Z", day + 1),
            "person_id": team.people[1],
        });
        let path = format!("/rotations/{}/overrides", team.rotation);
        let made = id(&team.server.post(&path, &body).expect(201));
        team.link(Step::HandBack(made.parse::<OverrideId>().unwrap()))
    };
    let (soon, later) = (cover(3), cover(4));
    let page = team.open(&later);
    assert!(
        page.text.contains("Support &#60;Hero&#62;"),
        "{}",
        page.text
    );
    assert!(page.text.contains("Wednesday 4 March 2026, 00:00"));
    assert_eq!(team.press(&later).status, 200);
    let duty = |at: &str| {
        let path = format!("/rotations/{}/on-duty?at={at}", team.rotation);
        team.server.get(&path).expect(200)["person"]["name"].clone()
    };
    assert_eq!(duty("2026-03-04T12:00:00Z"), "Ana");
    assert_eq!(duty("2026-03-03T12:00:00Z"), "Bo");
    let again = team.press(&later);
    assert_eq!(again.status, 409, "{}", again.text);
    let page = team.open(&later);
    assert!(
        page.text.contains("It is not yours any more"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<form"), "{}", page.text);
    // It is in Bo's name, by no token.
    let noted = team.server.get("/audit?action=override.cancel").expect(200);
    assert_eq!(noted["items"][0]["actor_id"], team.people[1].as_str());
    assert_eq!(noted["items"][0]["token_id"], Value::Null);
    team.server.at("2026-03-03T00:00:00Z");
    assert_eq!(team.press(&soon).status, 403, "it has begun");
    let page = team.open(&soon);
    assert!(page.text.contains("It has begun"), "{}", page.text);
    assert!(!page.text.contains("<form"), "{}", page.text);
}

#[test]
fn the_team_is_asked_for_a_cover_in_one_step() {
    let team = team();
    let rotation = team.rotation.parse::<RotationId>().unwrap();
    let link =
        |start: &str, end: &str| team.link(Step::Cover(rotation, instant(start), instant(end)));
    let week = link("2026-03-09T10:00:00Z", "2026-03-16T10:00:00Z");
    let page = team.open(&week);
    assert!(page.text.contains("Ask them"), "{}", page.text);
    let open = || team.server.get("/swaps?state=open").expect(200)["items"].clone();
    assert_eq!(open(), json!([]), "looking does nothing");
    for _ in 0..2 {
        let done = team.press(&week);
        assert_eq!(done.status, 200, "{}", done.text);
        let open = open();
        assert_eq!(
            open.as_array().unwrap().len(),
            1,
            "who presses twice asks once"
        );
        assert_eq!(open[0]["person"]["id"], team.people[1].as_str());
        assert_eq!(
            (&open[0]["kind"], &open[0]["start"], &open[0]["end"]),
            (
                &json!("cover"),
                &json!("2026-03-09T10:00:00Z"),
                &json!("2026-03-16T10:00:00Z")
            )
        );
    }
    let again = team.open(&week);
    assert!(again.text.contains("asked already") && !again.text.contains("Ask them"));
    // What is another's is not asked for.
    let anas = link("2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z");
    assert!(team.open(&anas).text.contains("not yours any more"));
    assert_eq!(team.press(&anas).status, 403);
}

#[test]
fn a_feed_is_a_step_away() {
    let team = team();
    let done = team.press(&team.link(Step::Subscribe));
    assert_eq!(done.status, 200);
    let (_, address) = done.text.split_once("<code>").unwrap();
    let (address, _) = address.split_once("</code>").unwrap();
    let path = address.strip_prefix(&team.server.url).unwrap();
    let feed = send(team.server.bare(Method::GET, path));
    assert!(feed.text.starts_with("BEGIN:VCALENDAR"), "{}", feed.text);
}

#[test]
fn whoever_is_gone_has_links_no_more() {
    let team = team();
    let path = team.link(Step::Stop(Topic::Incoming));
    let gone = json!({ "remove_from_rotations": true });
    let deactivate = format!("/people/{}/deactivate", team.people[1]);
    team.server.post(&deactivate, &gone).expect(200);
    assert_eq!(team.press(&path).status, 403);
}

#[test]
fn preferences_are_written_whole_and_strictly() {
    let team = team();
    let path = format!("/people/{}/preferences", team.people[0]);
    let all = team.server.get(&path);
    let tag = all.header("etag").to_owned();
    for (_, wanted) in all.expect(200).as_object().unwrap() {
        assert_eq!(*wanted, true, "all mails are wanted at first");
    }
    let put = |body: &Value| {
        let request = team.server.request(Method::PUT, &path).json(body);
        send(request.header("If-Match", &tag))
    };
    assert_eq!(
        put(&json!({ "incomming": false })).pointers(),
        ["/incomming"]
    );
    let changed = put(&json!({ "incoming": false })).expect(200);
    assert_eq!(changed["incoming"], false);
    assert_eq!(changed["digests"], true);
    put(&json!({})).problem(412);
    assert_eq!(team.server.get(&path).expect(200), changed);
}

/// Links as they were sent in November 2026, one for each step, until the year 2100. People keep old mails.
const SENT_EARLIER: [&str; 12] = [
    "eyJzIjp7ImhhbmRfYmFjayI6IjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTAwMDAwMDAwMDAwMSJ9LCJwIjoiMDFhMWZmM2YtNzNiZS03NDdiLTk4NWEtN2UyY2JlYzhkYWM1IiwiZSI6NDEwMjQ0NDgwMH0.J7hwVSQXSbDsc7wg3OqEAPUWwDwo2SphHxoV9T7lpwM",
    "eyJzIjoic3Vic2NyaWJlIiwicCI6IjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTdlMmNiZWM4ZGFjNSIsImUiOjQxMDI0NDQ4MDB9.nwDgLmt3_NIUtQRVjUOHlKPK3RfCsdqkpxO4gbW3tGE",
    "eyJzIjp7InN0b3AiOiJvdXRnb2luZyJ9LCJwIjoiMDFhMWZmM2YtNzNiZS03NDdiLTk4NWEtN2UyY2JlYzhkYWM1IiwiZSI6NDEwMjQ0NDgwMH0.lYL5BYxRAGQtNdtENgw8AtN5KvUGvGeYiEbeL57x9Yw",
    "eyJzIjp7ImNvdmVyIjpbIjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTAwMDAwMDAwMDAwMSIsIjIwMjYtMDMtMDlUMTA6MDA6MDBaIiwiMjAyNi0wMy0xNlQxMDowMDowMFoiXX0sInAiOiIwMWExZmYzZi03M2JlLTc0N2ItOTg1YS03ZTJjYmVjOGRhYzUiLCJlIjo0MTAyNDQ0ODAwfQ.BHmRRhMClBwfv4JqN1NxqGaQUj_HU19RCtW72otcf4Y",
    "eyJzIjp7InN3YXAiOlsiMDFhMWZmM2YtNzNiZS03NDdiLTk4NWEtMDAwMDAwMDAwMDAxIiwiYWNjZXB0Il19LCJwIjoiMDFhMWZmM2YtNzNiZS03NDdiLTk4NWEtN2UyY2JlYzhkYWM1IiwiZSI6NDEwMjQ0NDgwMH0.3t5jjNtwuDap_3JC2Q5eeOjOEcjLqPiPu5AbYIqz4NI",
    "eyJzIjp7InN3YXAiOlsiMDFhMWZmM2YtNzNiZS03NDdiLTk4NWEtMDAwMDAwMDAwMDAxIiwiZGVjbGluZSJdfSwicCI6IjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTdlMmNiZWM4ZGFjNSIsImUiOjQxMDI0NDQ4MDB9.m_NjGQaIKpMFwCkFUo9gGlVi6y8hh9S-K1ioIIlxMs0",
    "eyJzIjp7InN3YXAiOlsiMDFhMWZmM2YtNzNiZS03NDdiLTk4NWEtMDAwMDAwMDAwMDAxIiwidW5kbyJdfSwicCI6IjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTdlMmNiZWM4ZGFjNSIsImUiOjQxMDI0NDQ4MDB9.s8rpil_fGUV4gNx4w9bZED3R9caLNAl-laUX8Idj0so",
    "eyJzIjp7ImluY2lkZW50IjpbIjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTAwMDAwMDAwMDAwMSIsInJhaXNlX2hhbmQiXX0sInAiOiIwMWExZmYzZi03M2JlLTc0N2ItOTg1YS03ZTJjYmVjOGRhYzUiLCJlIjo0MTAyNDQ0ODAwfQ.LWWI21a6wVoLSm-SgYTRxP2ouqJN0R0klAwqeQa7PXw",
    "eyJzIjp7ImluY2lkZW50IjpbIjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTAwMDAwMDAwMDAwMSIseyJhY2NlcHQiOjF9XX0sInAiOiIwMWExZmYzZi03M2JlLTc0N2ItOTg1YS03ZTJjYmVjOGRhYzUiLCJlIjo0MTAyNDQ0ODAwfQ.T-rEuAf-vXYRIU6aj-_xooRqRaQRH3V5pKcSYEe8ZZI",
    "eyJzIjp7ImluY2lkZW50IjpbIjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTAwMDAwMDAwMDAwMSIseyJkZWNsaW5lIjoyfV19LCJwIjoiMDFhMWZmM2YtNzNiZS03NDdiLTk4NWEtN2UyY2JlYzhkYWM1IiwiZSI6NDEwMjQ0NDgwMH0.dK9UNdih7yniOnTxWwnSZw7Gaqk-Go8P6tzAO8nODzk",
    "eyJzIjp7ImluY2lkZW50IjpbIjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTAwMDAwMDAwMDAwMSIseyJ0aWNrIjozfV19LCJwIjoiMDFhMWZmM2YtNzNiZS03NDdiLTk4NWEtN2UyY2JlYzhkYWM1IiwiZSI6NDEwMjQ0NDgwMH0.U3mrzy17SI3U6KsoiRY2Ab0BRUTIq9W91Z0vNk6M-fE",
    "eyJzIjp7InVuZG9fYWRkcmVzcyI6IjAxYTFmZjNmLTczYmUtNzQ3Yi05ODVhLTAwMDAwMDAwMDAwMSJ9LCJwIjoiMDFhMWZmM2YtNzNiZS03NDdiLTk4NWEtN2UyY2JlYzhkYWM1IiwiZSI6NDEwMjQ0NDgwMH0.hh3Nt-FwUcq4-W2ZRmCBAz361nQw8W2Z3TN0Hzkq1W4",
];

#[test]
fn links_that_were_sent_earlier_are_still_read() {
    let secret = ("DOGWATCH_SECRET", "links of years ago stay good");
    let server = Server::start_still(&[secret]);
    for token in SENT_EARLIER {
        let path = format!("/links/{token}");
        let page = send(server.bare(Method::GET, &path));
        // What they are about is not there, but the link is good.
        assert!(
            !page.text.contains("This link is not"),
            "{token}: {}",
            page.text
        );
        let other = path.replacen("eyJzIj", "eyJ0Ij", 1);
        let page = send(server.bare(Method::GET, &other));
        assert!(
            page.text.contains("This link is not complete"),
            "{}",
            page.text
        );
    }
}
