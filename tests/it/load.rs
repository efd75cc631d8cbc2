//! The load report.

use serde_json::{Value, json};

use crate::harness::Server;

const HOUR: i64 = 3600;

/// Ana, Ben, Cy and Dee, of whom the first three take turns of a week from 2 March; Cy has two days of Ana's.
fn heroes(server: &Server) -> [Value; 4] {
    let people = ["Ana", "Ben", "cy", "Dee"].map(|name| {
        let email = format!("{name}@example.org");
        let body = json!({
            "name": name, "email": email, "time_zone": "Europe/London",
            "holidays": { "country": "GB", "region": "ENG", "observe": true },
        });
        server.post("/people", &body).expect(201)["id"].clone()
    });
    let team = json!({ "slug": "heroes", "name": "Heroes", "time_zone": "Europe/London", "members": people });
    server.post("/teams", &team).expect(201);
    let body = json!({
        "name": "Hero", "title": "Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people[..3],
    });
    let made = server.post("/teams/heroes/rotations", &body).expect(201);
    let path = format!("/rotations/{}/overrides", made["id"].as_str().unwrap());
    let cover = json!({ "start": "2026-03-04T00:00:00Z", "end": "2026-03-06T00:00:00Z", "person_id": people[2] });
    server.post(&path, &cover).expect(201);
    people
}

const FORTNIGHT: &str = "from=2026-03-02T10:00:00Z&until=2026-03-16T10:00:00Z";

#[test]
fn base_and_final_stand_beside_each_other() {
    let server = Server::start();
    let people = heroes(&server);
    let report = server
        .get(&format!("/reports/load?team=heroes&{FORTNIGHT}"))
        .expect(200);
    assert_eq!(
        (&report["from"], &report["team"]),
        (&json!("2026-03-02T10:00:00Z"), &json!("heroes"))
    );
    let items = report["items"].as_array().unwrap();
    let who: Vec<&Value> = items.iter().map(|one| &one["person"]["id"]).collect();
    assert_eq!(who, people.iter().collect::<Vec<_>>(), "by name");
    assert_eq!(
        items[0]["base"],
        json!({ "shifts": 1, "seconds": 168 * HOUR, "working_seconds": 40 * HOUR, "weekend_days": 2, "holiday_days": 0, "nights": 7 })
    );
    assert_eq!(
        items[0]["final"],
        json!({ "shifts": 2, "seconds": 120 * HOUR, "working_seconds": 24 * HOUR, "weekend_days": 2, "holiday_days": 0, "nights": 5 })
    );
    let covers = |given: i64, taken: i64| json!({ "given_seconds": given, "taken_seconds": taken, "balance_seconds": taken - given });
    assert_eq!(items[0]["covers"], covers(48 * HOUR, 0));
    assert_eq!(items[2]["covers"], covers(0, 48 * HOUR));
    assert_eq!(
        items[3]["final"]["seconds"], 0,
        "who carried nothing is seen"
    );
    assert_eq!(report["total"]["final"]["seconds"], 14 * 24 * HOUR);
    assert_eq!(report["total"]["covers"]["balance_seconds"], 0);

    let everything = server
        .get(&format!("/reports/load?{FORTNIGHT}"))
        .expect(200);
    assert_eq!(everything["team"], Value::Null);
    assert_eq!(everything["total"], report["total"]);
    // Easter Sunday is no bank holiday; Good Friday and Easter Monday are, in Ben's week.
    let easter = "from=2026-03-30T09:00:00Z&until=2026-04-06T09:00:00Z";
    let report = server.get(&format!("/reports/load?{easter}")).expect(200);
    assert_eq!(report["items"][0]["person"]["id"], people[1]);
    assert_eq!(report["items"][0]["final"]["holiday_days"], 2);
}

#[test]
fn spreadsheets_get_it_too() {
    let server = Server::start();
    let people = heroes(&server);
    let path = format!("/reports/load?team=heroes&{FORTNIGHT}");
    let asked = server.get(&format!("{path}&format=csv"));
    assert_eq!(asked.status, 200);
    assert!(asked.header("content-type").starts_with("text/csv"));
    assert_eq!(
        asked.header("content-disposition"),
        "attachment; filename=\"load-heroes-2026-03-02-2026-03-16.csv\""
    );
    let lines: Vec<&str> = asked.text.split("\r\n").collect();
    assert_eq!(lines.len(), 6, "a header, four people, the last line's end");
    assert!(lines[0].starts_with("person_id,name,base_shifts,base_hours"));
    let ana = people[0].as_str().unwrap();
    assert_eq!(
        lines[1],
        format!("{ana},Ana,1,168.00,40.00,2,0,7,2,120.00,24.00,2,0,5,48.00,0.00,-48.00")
    );
    let accepting = |accept: &str| {
        let request = server.request(reqwest::Method::GET, &path);
        request.header("accept", accept).send().unwrap()
    };
    assert_eq!(accepting("text/csv").text().unwrap(), asked.text);
    for json in ["*/*", "application/json, text/csv;q=0.5", "text/html"] {
        let answer = accepting(json);
        assert_eq!(
            answer.headers()["content-type"],
            "application/json",
            "{json}"
        );
        assert_eq!(answer.headers()["vary"], "Accept");
    }
}

#[test]
fn a_report_looks_back_unless_told_otherwise() {
    let server = Server::start();
    heroes(&server);
    let window = |query: &str| {
        let report = server.get(&format!("/reports/load{query}")).expect(200);
        [report["from"].clone(), report["until"].clone()]
    };
    assert_eq!(window(""), ["2025-09-01T09:00:00Z", "2026-03-02T09:00:00Z"]);
    assert_eq!(
        window("?from=2026-01-01T00:00:00Z"),
        ["2026-01-01T00:00:00Z", "2026-03-02T09:00:00Z"]
    );
    assert_eq!(
        window("?until=2026-07-01T00:00:00Z"),
        ["2025-12-31T00:00:00Z", "2026-07-01T00:00:00Z"]
    );
    for (query, pointer) in [
        ("?format=xml", "/format"),
        ("?from=x", "/from"),
        ("?from=2026-03-02T09:00:00Z", "/until"),
        ("?from=2025-01-01T00:00:00Z", "/until"),
    ] {
        let refused = server.get(&format!("/reports/load{query}"));
        assert_eq!(refused.pointers(), [pointer], "{query}");
    }
    server.get("/reports/load?team=nobody").problem(404);
}
