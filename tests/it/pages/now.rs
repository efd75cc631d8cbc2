//! The first page.

use reqwest::Method;
use serde_json::json;

use super::world::{MANAGER, World};
use crate::harness::browser::Browser;

/// What the first page may weigh on its way, in bytes.
const MOST: usize = 50 * 1024;

#[test]
fn two_hundred_teams_fit_into_fifty_kilobytes() {
    let world = World::new();
    for number in 0..200 {
        let team = json!({ "slug": format!("team-{number}"), "name": format!("Team number {number}"),
            "time_zone": "Europe/London", "members": world.people });
        world.server.post("/teams", &team).expect(201);
        let rotation = json!({ "name": format!("Hero {number}"), "title": "Support Hero", "kind": "ordered",
            "time_zone": "Europe/London", "order": world.people[..4],
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" } });
        let path = format!("/teams/team-{number}/rotations");
        world.server.post(&path, &rotation).expect(201);
    }
    let browser = Browser::signed_in(&world.server, MANAGER);
    // With its styles and its script.
    let html = browser
        .request(Method::GET, "/")
        .send()
        .unwrap()
        .text()
        .unwrap();
    let assets = html.split(['"']).filter(|one| one.contains("/pages."));
    let mut paths: Vec<String> = assets.map(|one| format!("/{one}")).collect();
    assert_eq!(paths.len(), 2, "{html}");
    paths.push("/".to_owned());
    let weigh = |path: &String| {
        let request = browser
            .request(Method::GET, path)
            .header("accept-encoding", "gzip");
        let answer = request.send().unwrap();
        assert_eq!(answer.headers()["content-encoding"], "gzip");
        answer.bytes().unwrap().len()
    };
    let sent: Vec<usize> = paths.iter().map(weigh).collect();
    assert!(sent.iter().sum::<usize>() < MOST, "{sent:?} bytes");
    assert!(html.matches("Team number ").count() >= 200, "{html}");
}

#[test]
fn rotations_of_one_title_are_told_apart_and_incidents_stand_with_those_who_watch() {
    let world = crate::browser::world::World::found();
    let mut browser = world.visitor(crate::browser::world::Who::Viewer);
    let page = browser.get("/").expect(200);
    for name in ["Americas", "EMEA", "APAC"] {
        assert!(page.contains(name), "{name} in {page}");
    }
    let snapshot = world.server.app.snapshots.snapshot();
    for incident in snapshot.incidents().filter(|one| one.is_open()) {
        let link = format!("href=\"incidents/{}\"", incident.id);
        assert!(page.contains(&link), "{page}");
        assert!(page.contains(&incident.reference), "{page}");
    }
    assert!(
        page.contains("watched by") && page.contains("update due"),
        "{page}"
    );
    assert!(page.contains("href=\"incidents\">Board"), "{page}");
}
