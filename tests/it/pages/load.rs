//! The page of the load report.

use serde_json::json;

use crate::harness::Server;
use crate::harness::browser::Browser;

/// Ana and Bo of the Heroes, who take turns of a week from 2 March on; Bo has two days of Ana's.
fn heroes(server: &Server) {
    let people = [("Ana", "ana"), ("Bo <b>", "bo")].map(|(name, email)| {
        let email = format!("{email}@example.org");
        let body = json!({ "name": name, "email": email, "time_zone": "Europe/London" });
        server.post("/people", &body).expect(201)["id"].clone()
    });
    let team = json!({ "slug": "heroes", "name": "Heroes & Co", "time_zone": "Europe/London", "members": people });
    server.post("/teams", &team).expect(201);
    let idle = json!({ "slug": "idle", "name": "Idle", "time_zone": "UTC", "members": [] });
    server.post("/teams", &idle).expect(201);
    let body = json!({
        "name": "Hero", "title": "Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people,
    });
    let made = server.post("/teams/heroes/rotations", &body).expect(201);
    let path = format!("/rotations/{}/overrides", made["id"].as_str().unwrap());
    let cover = json!({ "start": "2026-03-04T00:00:00Z", "end": "2026-03-06T00:00:00Z", "person_id": people[1] });
    server.post(&path, &cover).expect(201);
}

#[test]
fn charts_and_a_table_say_the_same() {
    let server = Server::start();
    heroes(&server);
    let mut browser = Browser::signed_in(&server, "ana@example.org");
    let days = "first=2026-03-02&last=2026-03-15";
    // Without a team it is one's own.
    let page = browser.get(&format!("/reports/load?{days}")).expect(200);
    assert!(page.contains("Heroes &#38; Co"), "{page}");
    let ana = "Ana: 120 h in the end, 168 h by the order";
    assert!(page.contains(ana), "{page}");
    assert!(page.contains("gave 48 h to others and took 0 h from others"));
    assert!(page.contains("<td class=\"number quiet\">168<td class=\"number\">120"));
    assert!(page.contains("Bo &#60;b&#62;") && !page.contains("Bo <b>"));
    let link = format!(
        "reports/load.csv?team=heroes&#38;{}",
        days.replace('&', "&#38;")
    );
    assert!(page.contains(&link), "{page}");

    let nights = browser
        .get(&format!("/reports/load?team=&{days}&by=nights"))
        .expect(200);
    assert!(
        nights.contains("Ana: 5 in the end, 7 by the order"),
        "{nights}"
    );
    let idle = browser
        .get(&format!("/reports/load?team=idle&{days}"))
        .expect(200);
    assert!(idle.contains("Nobody carried anything"), "{idle}");
}

#[test]
fn the_file_is_the_one_of_the_interface() {
    let server = Server::start();
    heroes(&server);
    let mut browser = Browser::signed_in(&server, "ana@example.org");
    let file = browser.get("/reports/load.csv?team=heroes&first=2026-03-02&last=2026-03-15");
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"load-heroes-2026-03-02-2026-03-16.csv\""
    );
    let window = "from=2026-03-02T00:00:00Z&until=2026-03-16T00:00:00Z";
    let asked = server.get(&format!("/reports/load?team=heroes&{window}&format=csv"));
    assert_eq!(file.expect(200), asked.text);
    assert!(Browser::new(&server).get("/reports/load.csv").status == 303);
}

#[test]
fn what_is_wrong_with_the_days_stands_beside_them() {
    let server = Server::start();
    heroes(&server);
    let mut browser = Browser::signed_in(&server, "ana@example.org");
    for (days, words) in [
        (
            "first=2026-03-02&last=2026-03-01",
            "must not lie before the first day",
        ),
        (
            "first=2024-03-02&last=2026-03-01",
            "at most 400 days after it",
        ),
        ("first=yesterday&last=2026-03-01", "is not a date"),
    ] {
        let page = browser.get(&format!("/reports/load?{days}")).expect(200);
        assert!(page.contains(words), "{page}");
        assert!(page.contains("aria-invalid"), "{page}");
        let file = browser.get(&format!("/reports/load.csv?{days}"));
        assert_eq!(file.status, 404);
    }
    browser.get("/reports/load?team=nobody").expect(404);
}
