//! Public holidays over HTTP: of people, in working hours, with shifts.

use serde_json::{Value, json};

use crate::harness::Server;

fn ana(server: &Server, holidays: &Value) -> Value {
    let body = json!({
        "name": "Ana", "email": "ana@example.org", "time_zone": "Europe/Berlin", "holidays": holidays,
    });
    server.post("/people", &body).expect(201)
}

/// A rotation of one person, from Monday 2 March 2026, 10:00 in Berlin.
fn rotation(server: &Server, person: &Value) -> String {
    let team = json!({ "slug": "heroes", "name": "Heroes", "time_zone": "Europe/Berlin", "members": [person["id"]] });
    server.post("/teams", &team).expect(201);
    let body = json!({
        "name": "Hero", "title": "Hero", "kind": "ordered", "time_zone": "Europe/Berlin",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": [person["id"]],
    });
    let made = server.post("/teams/heroes/rotations", &body).expect(201);
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_holiday_is_no_working_day_if_the_person_says_so() {
    let server = Server::start();
    let person = ana(
        &server,
        &json!({ "country": "de", "region": "by", "observe": true }),
    );
    assert_eq!(
        person["holidays"],
        json!({ "country": "DE", "region": "BY", "observe": true })
    );
    let id = rotation(&server, &person);
    // Corpus Christi, Thursday 4 June 2026, a holiday in Bavaria.
    let duty = |at: &str| {
        server
            .get(&format!("/rotations/{id}/on-duty?at={at}"))
            .expect(200)
    };
    let feast = duty("2026-06-04T10:00:00Z");
    assert_eq!(feast["person"]["id"], person["id"]);
    assert_eq!(
        (&feast["working_now"], &feast["working_next"]),
        (&json!(false), &json!("2026-06-05T07:00:00Z"))
    );

    let path = format!("/people/{}", person["id"].as_str().unwrap());
    let prussia = json!({ "holidays": { "country": "DE", "region": "BE", "observe": true } });
    server.patch(&path, &prussia).expect(200);
    assert_eq!(duty("2026-06-04T10:00:00Z")["working_now"], true);
    server
        .patch(&path, &json!({ "holidays": null }))
        .expect(200);
    assert_eq!(duty("2026-12-25T10:00:00Z")["working_now"], true);
}

#[test]
fn shifts_show_them_whether_or_not_they_count() {
    let server = Server::start();
    let person = ana(&server, &json!({ "country": "DE", "observe": false }));
    let id = rotation(&server, &person);
    let window = "from=2026-12-23T00:00:00Z&until=2026-12-26T00:00:00Z";
    for path in [
        format!("/rotations/{id}/shifts?{window}"),
        format!("/people/{}/shifts?{window}", person["id"].as_str().unwrap()),
    ] {
        let found = server.get(&path).expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
        // The 26th begins at 23:00Z of the 25th in Berlin.
        let days = json!([
            { "date": "2026-12-25", "name": "Christmas Day", "observed": false },
            { "date": "2026-12-26", "name": "Second Day of Christmas", "observed": false },
        ]);
        assert_eq!(found["items"][0]["holidays"], days);
    }
    let none = server.get(&format!(
        "/rotations/{id}/shifts?from=2026-11-02T00:00:00Z&until=2026-11-03T00:00:00Z"
    ));
    assert_eq!(none.expect(200)["items"][0]["holidays"], json!([]));
}

#[test]
fn only_places_with_a_table_are_taken() {
    let server = Server::start();
    let new = |holidays: Value| {
        let body = json!({ "name": "Ana", "email": "ana@example.org", "time_zone": "UTC", "holidays": holidays });
        server.post("/people", &body)
    };
    for (country, region, pointer) in [
        ("XX", None, "/holidays/country"),
        ("", None, "/holidays/country"),
        ("Germany", Some("BY"), "/holidays/country"),
        ("DE", Some(""), "/holidays/region"),
        ("DE", Some("XX"), "/holidays/region"),
    ] {
        let place = json!({ "country": country, "region": region, "observe": true });
        assert_eq!(new(place).pointers(), [pointer], "{country} {region:?}");
    }
    let told = new(json!({ "country": "GB", "region": "LON", "observe": true })).problem(422);
    let detail = told["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("GB has ENG, NIR, SCT, WLS"), "{detail}");
}
