//! What is wrong ahead, a remedy for it, and who could.

use serde_json::{Value, json};

use crate::harness::Server;

/// Ana, Ben and Cy of London; Ana's week begins on 2 March, 10:00, and she is away on the 4th and 5th.
struct Team<'a> {
    server: &'a Server,
    people: [Value; 3],
    rotation: String,
}

impl<'a> Team<'a> {
    fn of(server: &'a Server) -> Self {
        let people = ["Ana", "Ben", "Cy"].map(|name| {
            let email = format!("{name}@example.org");
            let body = json!({ "name": name, "email": email, "time_zone": "Europe/London" });
            server.post("/people", &body).expect(201)["id"].clone()
        });
        let team = json!({ "slug": "heroes", "name": "Heroes", "time_zone": "Europe/London", "members": people });
        server.post("/teams", &team).expect(201);
        let body = json!({
            "name": "Hero", "title": "Hero", "kind": "ordered", "time_zone": "Europe/London",
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people,
        });
        let made = server.post("/teams/heroes/rotations", &body).expect(201);
        let rotation = made["id"].as_str().unwrap().to_owned();
        let away =
            json!({ "first_day": "2026-03-04", "last_day": "2026-03-05", "reason": "a secret" });
        let ana = people[0].as_str().unwrap();
        server
            .post(&format!("/people/{ana}/time-off"), &away)
            .expect(201);
        Self {
            server,
            people,
            rotation,
        }
    }

    fn cover(&self, start: &str, end: &str, person: &Value) {
        let body = json!({ "start": start, "end": end, "person_id": person });
        let path = format!("/rotations/{}/overrides", self.rotation);
        self.server.post(&path, &body).expect(201);
    }

    fn suggestions(&self, query: &str) -> Value {
        let path = format!("/rotations/{}/suggestions?{query}", self.rotation);
        self.server.get(&path).expect(200)
    }
}

const AWAY: &str = "start=2026-03-04T00:00:00Z&end=2026-03-06T00:00:00Z";

fn ids(people: &Value) -> Vec<&Value> {
    let people = people.as_array().unwrap().iter();
    people.map(|one| &one["person"]["id"]).collect()
}

#[test]
fn who_could_cover_is_said_with_reasons_a_page_at_a_time() {
    let server = Server::start();
    let team = Team::of(&server);
    let [ana, ben, cy] = &team.people;
    let found = team.suggestions(AWAY);
    assert_eq!(ids(&found["items"]), [cy, ben]);
    let first = &found["items"][0];
    assert_eq!(
        first["reasons"],
        json!([
            "at work for 16 h of it",
            "on duty for 0 h in the eight weeks before, 423 h in the eight after"
        ])
    );
    assert_eq!(first["working_seconds"], 16 * 3600);
    assert_eq!(first["load_after_seconds"], 423 * 3600);
    assert_eq!(
        (&first["busy"], &first["holidays"]),
        (&json!([]), &json!([]))
    );

    // Cy covers it: then it is Ana and Ben who could take it back.
    team.cover("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z", cy);
    let found = team.suggestions(AWAY);
    assert_eq!(ids(&found["items"]), [ben, ana]);
    let last = &found["items"][1];
    assert_eq!(last["reasons"][0], "away for all of it");
    let later = team.suggestions("start=2026-03-12T00:00:00Z&end=2026-03-13T00:00:00Z");
    let reasons = |person: &Value| {
        let items = later["items"].as_array().unwrap();
        let one = items.iter().find(|one| one["person"]["id"] == *person);
        one.unwrap()["reasons"].to_string()
    };
    assert!(reasons(ana).contains("owes covers of 48 h"), "{later}");
    assert!(reasons(cy).contains("has done covers of 48 h for others"));
    assert!(!found.to_string().contains("secret"));

    let one = team.suggestions(&format!("{AWAY}&limit=1"));
    let cursor = one["next_cursor"].as_str().unwrap();
    let rest = team.suggestions(&format!("{AWAY}&limit=1&cursor={cursor}"));
    assert_eq!(
        (ids(&one["items"]), ids(&rest["items"])),
        (vec![ben], vec![ana])
    );
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[test]
fn what_suggestions_need_is_said() {
    let server = Server::start();
    let team = Team::of(&server);
    let path = format!("/rotations/{}/suggestions", team.rotation);
    for (query, pointers) in [
        ("", vec!["/start", "/end"]),
        ("?start=x&limit=0", vec!["/start", "/limit", "/end"]),
        (
            "?start=2026-03-04T00:00:00Z&end=2026-03-04T00:00:00Z",
            vec!["/end"],
        ),
        (
            "?start=2026-03-04T00:00:00Z&end=2027-06-04T00:00:00Z",
            vec!["/end"],
        ),
    ] {
        assert_eq!(server.get(&format!("{path}{query}")).pointers(), pointers);
    }
    let nowhere = "/rotations/01940000-0000-7000-8000-000000000000/suggestions";
    server.get(&format!("{nowhere}?{AWAY}")).problem(404);
}

#[test]
fn a_clash_comes_with_what_mends_it_until_it_is_mended() {
    let server = Server::start();
    let team = Team::of(&server);
    let [_, ben, cy] = &team.people;
    let clashes = || server.get("/clashes?team=heroes").expect(200)["items"].clone();
    let found = clashes();
    assert_eq!(found.as_array().unwrap().len(), 1);
    let remedy = &found[0]["remedy"];
    assert_eq!(remedy["kind"], "somebody_else");
    assert_eq!(
        (&remedy["start"], &remedy["end"]),
        (
            &json!("2026-03-04T00:00:00Z"),
            &json!("2026-03-06T00:00:00Z")
        )
    );
    assert_eq!(ids(&remedy["people"]), [cy, ben]);
    server.at("2026-03-05T00:00:00Z");
    assert_eq!(clashes()[0]["remedy"]["start"], "2026-03-05T00:00:00Z");
    server.at("2026-03-03T00:00:00Z");
    team.cover("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z", ben);
    assert_eq!(clashes(), json!([]));
    server.get("/clashes?team=nobody").problem(404);
}

#[test]
fn a_gap_comes_with_what_mends_it() {
    let server = Server::start();
    let team = Team::of(&server);
    team.cover("2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z", &Value::Null);
    let closed = json!({
        "name": "Office", "title": "Office", "kind": "ordered", "time_zone": "UTC", "order": [team.people[0]],
        "handoff": { "start": "2026-03-02T00:00:00", "rule": "FREQ=DAILY;COUNT=2" },
        "duty_hours": [{ "days": ["mon", "tue"], "start": "00:00", "end": "12:00" }],
    });
    server.post("/teams/heroes/rotations", &closed).expect(201);
    let found = server.get("/gaps?team=heroes").expect(200);
    let kinds: Vec<(&str, &str)> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| {
            let kind = gap["remedy"]["kind"].as_str().unwrap_or("nothing");
            (gap["reason"].as_str().unwrap(), kind)
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("not_started", "nothing"),
            ("duty_hours", "fallback"),
            ("duty_hours", "fallback"),
            ("ended", "revision"),
            ("override", "somebody_else"),
        ]
    );
    let people = &found["items"][4]["remedy"]["people"];
    assert_eq!(people.as_array().unwrap().len(), 3);
}

#[test]
fn a_fallback_mends_gaps_as_long_as_it_goes_on() {
    let server = Server::start();
    let team = Team::of(&server);
    team.cover("2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z", &Value::Null);
    let backup = json!({
        "name": "Backup", "title": "Backup", "kind": "ordered", "time_zone": "UTC", "order": [team.people[2]],
        "handoff": { "start": "2026-03-02T00:00:00", "rule": "FREQ=WEEKLY" },
    });
    let backup = server.post("/teams/heroes/rotations", &backup).expect(201)["id"].clone();
    let hero = format!("/rotations/{}", team.rotation);
    let falls_back = json!({ "fallback_rotation_id": backup });
    server.patch(&hero, &falls_back).expect(200);
    let remedy = || {
        let gaps = server.get("/gaps?team=heroes").expect(200);
        let mut gaps = gaps["items"].as_array().unwrap().iter();
        gaps.find(|gap| gap["reason"] == "override").unwrap()["remedy"]["kind"].clone()
    };
    assert_eq!(remedy(), Value::Null);
    let archive = format!("/rotations/{}/archive", backup.as_str().unwrap());
    let half_way = json!({ "at": "2026-03-10T12:00:00Z" });
    let dry_run = format!("{archive}?dry_run=true");
    let preview = server.post(&dry_run, &half_way).expect(200);
    assert_eq!(
        preview["warnings"],
        json!(["other rotations fall back to it, where nobody answers from then on: Hero"])
    );
    server.post(&archive, &half_way).expect(200);
    assert_eq!(remedy(), "somebody_else");
    // Nobody falls back to the one that is left.
    let preview = server.post(&format!("{hero}/archive?dry_run=true"), &json!({}));
    assert_eq!(preview.expect(200)["warnings"], json!([]));
}
