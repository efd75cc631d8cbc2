//! The load report.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::{MONDAY, instant, send};

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

/// Numbers that look like chance, and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Eight people who take turns of a week from 2 March 2026 on.
struct Eight<'a> {
    server: &'a Server,
    /// Ids and tokens.
    people: Vec<(String, String)>,
    rotation: String,
    now: DateTime<Utc>,
    dice: Dice,
}

impl<'a> Eight<'a> {
    fn of(server: &'a Server) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let people: Vec<(String, String)> = (0..8)
            .map(|number| {
                let body = json!({ "name": format!("P{number}"), "email": format!("p{number}@example.org"), "time_zone": "Europe/London" });
                let id = text(&server.post("/people", &body).expect(201)["id"]);
                let token = json!({ "name": "a year", "scope": "write" });
                let token = server.post(&format!("/people/{id}/tokens"), &token).expect(201);
                (id, text(&token["token"]))
            })
            .collect();
        let ids: Vec<&String> = people.iter().map(|(id, _)| id).collect();
        let team = json!({ "slug": "eight", "name": "Eight", "time_zone": "Europe/London", "members": ids });
        server.post("/teams", &team).expect(201);
        let body = json!({
            "name": "Hero", "title": "Hero", "kind": "ordered", "time_zone": "Europe/London",
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": ids,
        });
        let made = server.post("/teams/eight/rotations", &body).expect(201);
        Self {
            rotation: text(&made["id"]),
            server,
            people,
            now: instant(MONDAY),
            dice: Dice(8),
        }
    }

    fn token(&self, id: &str) -> &str {
        let (_, token) = self.people.iter().find(|(one, _)| one == id).unwrap();
        token
    }

    fn post(&self, who: &str, path: &str, body: &Value) -> Value {
        let request = self
            .server
            .with_token(self.token(who), reqwest::Method::POST, path);
        let answer = send(request.json(body));
        assert!(answer.status < 300, "{path} {body}: {}", answer.text);
        answer.json()
    }

    /// A shift that begins within the next weeks: whose, from when, until when.
    fn shift(&mut self) -> [String; 3] {
        let text = |at: TimeDelta| (self.now + at).to_rfc3339_opts(SecondsFormat::Secs, true);
        let (from, until) = (text(TimeDelta::days(1)), text(TimeDelta::days(36)));
        let path = format!(
            "/rotations/{}/shifts?from={from}&until={until}",
            self.rotation
        );
        let found = self.server.get(&path).expect(200);
        let ahead: Vec<&Value> = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|shift| shift["start"].as_str().unwrap() >= from.as_str())
            .collect();
        let chosen = ahead[self.dice.below(ahead.len())];
        [&chosen["person"]["id"], &chosen["start"], &chosen["end"]]
            .map(|value| value.as_str().unwrap().to_owned())
    }

    fn other_than(&mut self, person: &str) -> String {
        let place = self.people.iter().position(|(id, _)| id == person).unwrap();
        let step = 1 + self.dice.below(self.people.len() - 1);
        self.people[(place + step) % self.people.len()].0.clone()
    }

    /// Somebody asks for cover, and somebody else takes it, or a day of it, or gives it back again.
    fn cover(&mut self, what: usize) {
        let [giver, start, end] = self.shift();
        let taker = self.other_than(&giver);
        let wanted =
            json!({ "rotation_id": self.rotation, "kind": "cover", "start": start, "end": end });
        let swap = self.post(&giver, "/swaps", &wanted);
        let path = format!("/swaps/{}", swap["id"].as_str().unwrap());
        let accept = format!("{path}/accept");
        if what == 0 {
            let day = instant(&start) + TimeDelta::days(1);
            let day = day
                .min(instant(&end))
                .to_rfc3339_opts(SecondsFormat::Secs, true);
            self.post(&taker, &accept, &json!({ "start": start, "end": day }));
        } else {
            self.post(&taker, &accept, &json!({}));
        }
        if what == 1 {
            self.post(&giver, &format!("{path}/undo"), &json!({}));
        }
    }

    fn trade(&mut self) {
        let ([giver, start, end], [other, from, until]) = (self.shift(), self.shift());
        if giver == other {
            return;
        }
        let wanted = json!({
            "rotation_id": self.rotation, "kind": "trade", "start": start, "end": end,
            "in_return": { "start": from, "end": until }, "offered_to": [other],
        });
        let swap = self.post(&giver, "/swaps", &wanted);
        let path = format!("/swaps/{}/accept", swap["id"].as_str().unwrap());
        self.post(&other, &path, &json!({}));
    }

    fn week(&mut self, week: i64) {
        self.now = instant(MONDAY) + TimeDelta::weeks(week);
        self.server.clock.set(self.now);
        match self.dice.below(6) {
            what @ 0..=2 => self.cover(what),
            3 | 4 => self.trade(),
            _ => {
                let (away, _) = self.people[self.dice.below(8)].clone();
                let first = (self.now + TimeDelta::days(10)).date_naive();
                let off = json!({ "first_day": first, "last_day": first + TimeDelta::days(4) });
                self.post(&away, &format!("/people/{away}/time-off"), &off);
            }
        }
        if week % 17 == 16 {
            let turned = self.dice.below(8);
            self.people.rotate_left(turned);
            let order: Vec<&String> = self.people.iter().skip(1).map(|(id, _)| id).collect();
            let path = format!("/rotations/{}/revisions", self.rotation);
            self.server
                .post(&path, &json!({ "order": order }))
                .expect(201);
        }
    }
}

#[test]
fn the_hours_of_a_year_of_eight_people_add_up() {
    let server = Server::start();
    let mut eight = Eight::of(&server);
    (0..52).for_each(|week| eight.week(week));
    let window = "from=2026-03-02T10:00:00Z&until=2027-03-01T10:00:00Z";
    let year = 364 * 24 * HOUR;
    let report = server
        .get(&format!("/reports/load?team=eight&{window}"))
        .expect(200);
    let total = &report["total"];
    assert_eq!(
        (&total["base"]["seconds"], &total["final"]["seconds"]),
        (&json!(year), &json!(year))
    );
    assert_eq!(total["covers"]["balance_seconds"], 0);
    assert!(
        total["covers"]["taken_seconds"].as_i64().unwrap() > 30 * 24 * HOUR,
        "{total}"
    );
    let (from, until) = (
        instant("2026-03-02T10:00:00Z"),
        instant("2027-03-01T10:00:00Z"),
    );
    for item in report["items"].as_array().unwrap() {
        let id = item["person"]["id"].as_str().unwrap();
        for layer in ["base", "final"] {
            let found = server
                .get(&format!("/people/{id}/shifts?{window}&layer={layer}"))
                .expect(200);
            let seconds: i64 = found["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|shift| {
                    let at = |name: &str| instant(shift[name].as_str().unwrap());
                    (at("end").min(until) - at("start").max(from)).num_seconds()
                })
                .sum();
            assert_eq!(item[layer]["seconds"], seconds, "{layer} of {item}");
        }
    }
}
