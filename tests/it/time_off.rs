//! Time off, and what comes of it.

use serde_json::{Value, json};

use crate::harness::Server;

/// Ada in London and Ben in New York watch as the sun goes.
fn watchers(server: &Server) -> [String; 2] {
    let watchers = [("Ada", "Europe/London"), ("Ben", "America/New_York")].map(|(name, zone)| {
        let body = json!({"name": name, "email": format!("{name}@example.com"), "time_zone": zone});
        let person = server.post("/people", &body).expect(201);
        person["id"].as_str().unwrap().to_owned()
    });
    let team =
        json!({"slug": "support", "name": "Support", "time_zone": "UTC", "members": watchers});
    server.post("/teams", &team).expect(201);
    let watch = json!({
        "name": "Support watch", "title": "Support Watcher", "kind": "follow_the_sun", "time_zone": "UTC",
        "order": watchers, "effective_from": "2026-03-02T00:00:00Z",
    });
    server.post("/teams/support/rotations", &watch).expect(201);
    watchers
}

fn starts(shifts: &Value, person: &str) -> Vec<String> {
    let shifts = shifts.as_array().unwrap().iter();
    shifts
        .filter(|shift| shift["person"]["id"] == person)
        .map(|shift| {
            assert!(shift["rotation_id"].is_string());
            shift["start"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn a_plan_goes_round_time_off_and_the_preview_says_so() {
    let server = Server::start();
    let [ada, ben] = watchers(&server);
    let path = format!("/people/{ada}/time-off");
    let tuesday = json!({"first_day": "2026-03-03", "last_day": "2026-03-03"});
    let preview = server
        .post(&format!("{path}?dry_run=true"), &tuesday)
        .expect(200);
    assert_eq!(starts(&preview["before"], &ada)[0], "2026-03-03T09:00:00Z");
    assert_eq!(starts(&preview["after"], &ada)[0], "2026-03-04T09:00:00Z");
    let changes = preview["changes"].as_array().unwrap();
    let change_of = |person: &str| {
        changes
            .iter()
            .find(|change| change["person"]["id"] == person)
            .unwrap()
    };
    assert_eq!(
        starts(&change_of(&ada)["loses"], &ada),
        ["2026-03-03T09:00:00Z"]
    );
    assert_eq!(
        starts(&change_of(&ben)["gains"], &ben),
        ["2026-03-03T14:00:00Z"]
    );
    assert_eq!(preview["gaps_made"][0]["end"], "2026-03-03T14:00:00Z");
    assert_eq!(preview["clashes"], json!([]));
    assert_eq!(server.get(&path).expect(200)["items"], json!([]));

    let made = server.post(&path, &tuesday).expect(201);
    assert_eq!(made["clashes"], json!([]));
    let one = format!("/time-off/{}", made["id"].as_str().unwrap());
    let back = server.delete(&format!("{one}?dry_run=true")).expect(200);
    assert_eq!(starts(&back["after"], &ada)[0], "2026-03-03T09:00:00Z");
    assert_eq!(back["gaps_mended"], preview["gaps_made"]);
    assert_eq!(
        server.get(&path).expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn days_are_those_of_where_somebody_is_by_then() {
    let server = Server::start();
    let [ada, _] = watchers(&server);
    let person = format!("/people/{ada}");
    let change = |body: &Value| server.patch(&person, body).expect(200);
    change(&json!({"time_zone": "America/New_York", "effective_from": "2026-07-01T00:00:00Z"}));
    let days = |first: &str, last: &str| {
        let body = json!({"first_day": first, "last_day": last});
        let made = server.post(&format!("{person}/time-off"), &body);
        let made = made.expect(201);
        let at = |end: &str| made[end].as_str().unwrap().to_owned();
        [at("start"), at("end")]
    };
    assert_eq!(
        days("2026-06-01", "2026-06-01"),
        ["2026-05-31T23:00:00Z", "2026-06-01T23:00:00Z"]
    );
    assert_eq!(
        days("2026-08-03", "2026-08-07"),
        ["2026-08-03T04:00:00Z", "2026-08-08T04:00:00Z"]
    );
    // It begins in London and ends in New York.
    assert_eq!(
        days("2026-06-30", "2026-07-02"),
        ["2026-06-29T23:00:00Z", "2026-07-03T04:00:00Z"]
    );

    // New hours from now on are hours there, too; what is planned is listed once.
    let early = json!([{"days": ["mon"], "start": "07:00", "end": "15:00"}]);
    let changed = change(&json!({"working_hours": early}));
    assert_eq!(changed["working_hours"], early);
    let upcoming = changed["upcoming"].as_array().unwrap();
    assert_eq!(upcoming.len(), 1);
    assert_eq!(upcoming[0]["time_zone"], "America/New_York");
    assert_eq!(upcoming[0]["working_hours"], early);
}
