//! Who is in a team from when to when, and what follows from it when the day comes.

use serde_json::{Value, json};

use crate::swaps::squad::Squad;

const APRIL: &str = "2026-04-01T00:00:00Z";
const BEFORE: &str = "2026-03-31T23:59:59Z";

fn join(squad: &Squad, who: &str, body: &Value) -> crate::harness::server::Answer {
    squad.post(who, "/teams/flags/join", body)
}

fn leave(squad: &Squad, who: &str, body: &Value) -> crate::harness::server::Answer {
    squad.post(who, "/teams/flags/leave", body)
}

/// Whether somebody is in the team now, by what the server says of it.
fn is_member(squad: &Squad, name: &str) -> bool {
    let team = squad.server.get("/teams/flags").expect(200);
    let listed = squad.server.get("/people?team=flags").expect(200);
    let has = |list: &Value, id: &dyn Fn(&Value) -> Value| {
        let mut all = list.as_array().unwrap().iter();
        all.any(|one| id(one) == squad.id(name))
    };
    let is = has(&team["members"], &|one| one.clone());
    assert_eq!(is, has(&listed["items"], &|one| one["id"].clone()));
    is
}

fn suggested(squad: &Squad, start: &str, end: &str) -> Vec<String> {
    let path = format!(
        "/rotations/{}/suggestions?start={start}&end={end}",
        squad.rotation
    );
    let found = squad.server.get(&path).expect(200);
    let items = found["items"].as_array().unwrap().iter();
    items
        .map(|one| one["person"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn people_join_and_leave_when_the_day_comes() {
    let squad = Squad::with(&["Di"]);
    let sam = json!({ "person_id": squad.id("Sam"), "effective_from": APRIL });
    let di = json!({ "person_id": squad.id("Di"), "effective_from": APRIL });
    for who in ["Ana", "Sam", "Vic"] {
        join(&squad, who, &sam).problem(403);
        leave(&squad, who, &di).problem(403);
    }
    let mut manages = sam.clone();
    manages["manages"] = json!(true);
    join(&squad, "Max", &manages).problem(403);
    let joined = join(&squad, "Max", &sam).expect(200);
    let left = leave(&squad, "Max", &di).expect(200);
    assert_eq!(left["members"], joined["members"], "nobody yet");
    let planned = |name: &str| {
        let all = left["memberships"].as_array().unwrap().iter();
        let mut theirs = all.filter(|one| one["person_id"] == squad.id(name));
        theirs.next().unwrap().clone()
    };
    assert_eq!(planned("Sam")["from"], APRIL);
    assert_eq!(
        (&planned("Di")["from"], &planned("Di")["until"]),
        (&Value::Null, &json!(APRIL))
    );
    // Once is enough, and the past is not planned.
    join(&squad, "Max", &sam).problem(409);
    leave(&squad, "Max", &di).problem(409);
    let wrong = json!({ "person_id": "x", "effective_from": "2026-02-01T00:00:00Z" });
    for answer in [join(&squad, "Max", &wrong), leave(&squad, "Max", &wrong)] {
        let mut pointers = answer.pointers();
        pointers.sort();
        assert_eq!(pointers, ["/effective_from", "/person_id"]);
    }
    // A week of April is for those who are there then.
    let april = suggested(&squad, "2026-04-06T09:00:00Z", "2026-04-07T09:00:00Z");
    assert!(april.contains(&"Sam".to_owned()) && !april.contains(&"Di".to_owned()));
    let across = suggested(&squad, "2026-03-31T09:00:00Z", "2026-04-01T09:00:00Z");
    assert!(!across.contains(&"Sam".to_owned()) && !across.contains(&"Di".to_owned()));

    squad.server.at(BEFORE);
    assert_eq!(
        (is_member(&squad, "Sam"), is_member(&squad, "Di")),
        (false, true)
    );
    squad.server.at(APRIL);
    assert_eq!(
        (is_member(&squad, "Sam"), is_member(&squad, "Di")),
        (true, false)
    );
    // Whoever carried nothing is in the report of a time of which they were in the team for a part.
    let report = |from: &str, until: &str| -> Vec<String> {
        let path = format!("/reports/load?team=flags&from={from}&until={until}");
        let found = squad.server.get(&path).expect(200);
        let items = found["items"].as_array().unwrap().iter();
        let names = items.map(|one| one["person"]["name"].as_str().unwrap().to_owned());
        names.collect()
    };
    let march = report("2026-03-02T00:00:00Z", APRIL);
    assert!(march.contains(&"Di".to_owned()) && !march.contains(&"Sam".to_owned()));
    let april = report(APRIL, "2026-04-08T00:00:00Z");
    assert!(!april.contains(&"Di".to_owned()) && april.contains(&"Sam".to_owned()));
}

#[test]
fn a_cover_is_offered_to_those_who_are_in_the_team_then() {
    let squad = Squad::with(&["Di"]);
    for (who, command) in [("Sam", "join"), ("Di", "leave")] {
        let body = json!({ "person_id": squad.id(who), "effective_from": APRIL });
        squad
            .post("Max", &format!("/teams/flags/{command}"), &body)
            .expect(200);
    }
    let march = squad.open(
        "Ana",
        &squad.cover("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z", &[]),
    );
    assert_eq!(squad.told("swap.offered"), ["Bo", "Cy", "Di", "Max"]);
    let april = squad.open(
        "Bo",
        &squad.cover("2026-04-03T00:00:00Z", "2026-04-05T00:00:00Z", &[]),
    );
    let asked = squad.told("swap.offered");
    assert_eq!(asked, ["Ana", "Bo", "Cy", "Cy", "Di", "Max", "Max", "Sam"]);
    squad.answer("Sam", &march, "accept").problem(403);
    squad.answer("Di", &april, "accept").problem(403);
    squad.answer("Di", &april, "decline").problem(403);
    squad.answer("Di", &march, "accept").expect(200);
    squad
        .take(
            "Sam",
            &april,
            "2026-04-04T00:00:00Z",
            "2026-04-05T00:00:00Z",
        )
        .expect(200);
    // Of what runs across the day each can have the part in which they are there.
    let across = squad.open(
        "Bo",
        &squad.cover("2026-03-31T12:00:00Z", "2026-04-01T12:00:00Z", &[]),
    );
    squad.answer("Sam", &across, "accept").problem(403);
    squad.answer("Di", &across, "accept").problem(403);
    squad
        .take(
            "Di",
            &across,
            "2026-03-31T12:00:00Z",
            "2026-03-31T23:00:00Z",
        )
        .expect(200);
    squad
        .take(
            "Sam",
            &across,
            "2026-03-31T23:00:00Z",
            "2026-04-01T12:00:00Z",
        )
        .problem(403);
    squad
        .take("Sam", &across, APRIL, "2026-04-01T12:00:00Z")
        .expect(200);
    // So it is with what was agreed.
    let agreed = |to: &str, start: &str, end: &str| {
        let body = json!({ "start": start, "end": end, "person_id": squad.id(to) });
        let path = format!("/rotations/{}/overrides", squad.rotation);
        squad.post("Bo", &path, &body)
    };
    agreed("Di", "2026-04-02T00:00:00Z", "2026-04-02T10:00:00Z").problem(403);
    agreed("Sam", "2026-03-30T10:00:00Z", "2026-03-30T12:00:00Z").problem(403);
    agreed("Sam", "2026-04-02T00:00:00Z", "2026-04-02T10:00:00Z").expect(201);
}

#[test]
fn a_manager_manages_while_they_are_in_the_team() {
    let squad = Squad::new();
    let change = |who: &str| {
        let path = format!("/rotations/{}", squad.rotation);
        let request = squad.request(who, reqwest::Method::PATCH, &path);
        crate::harness::server::send(request.json(&json!({ "name": "hero" })))
    };
    let sam = json!({ "person_id": squad.id("Sam"), "effective_from": APRIL, "manages": true });
    join(&squad, "Ada", &sam).expect(200);
    let max = json!({ "person_id": squad.id("Max"), "effective_from": APRIL });
    leave(&squad, "Max", &max).problem(403);
    leave(&squad, "Ada", &max).expect(200);
    squad.server.at(BEFORE);
    change("Max").expect(200);
    change("Sam").problem(403);
    squad.server.at(APRIL);
    change("Max").problem(403);
    change("Sam").expect(200);
    let team = squad.server.get("/teams/flags").expect(200);
    assert_eq!(team["managers"], json!([squad.id("Sam")]));
}

#[test]
fn whoever_leaves_is_named_no_more_if_that_is_wanted() {
    let squad = Squad::new();
    let guest = squad.open(
        "Ana",
        &squad.cover("2026-04-13T10:00:00Z", "2026-04-14T10:00:00Z", &[]),
    );
    squad.answer("Bo", &guest, "accept").expect(200);
    let own = squad.open(
        "Bo",
        &squad.cover("2026-04-20T10:00:00Z", "2026-04-21T10:00:00Z", &[]),
    );
    let from = "2026-04-06T09:00:00Z";
    let body = |remove: Value| json!({ "person_id": squad.id("Bo"), "effective_from": from, "remove_from_rotations": remove });
    let order = || squad.timeline(&squad.rotation, "base");
    let before = order();
    let refused = leave(&squad, "Max", &body(Value::Null)).problem(409);
    let kinds = refused["named_by"].as_array().unwrap().iter();
    let kinds: Vec<&str> = kinds.map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["rotation", "override"]);
    // As a guest he stays where he is.
    leave(&squad, "Max", &body(json!(false))).expect(200);
    assert_eq!(order(), before);
    assert_eq!(squad.swap(&guest)["state"], "accepted");
    let back = json!({ "person_id": squad.id("Bo"), "effective_from": from });
    let team = join(&squad, "Max", &back).expect(200);
    let all = team["memberships"].as_array().unwrap().iter();
    let bo = all.clone().find(|one| one["person_id"] == squad.id("Bo"));
    assert_eq!(bo.unwrap()["until"], Value::Null, "he stays");

    leave(&squad, "Max", &body(json!(true))).expect(200);
    assert_eq!(squad.swap(&guest)["state"], "undone");
    assert_eq!(squad.swap(&own)["state"], "withdrawn");
    let weeks = squad.shifts(
        &squad.rotation,
        "2026-03-30T09:00:00Z",
        "2026-04-27T09:00:00Z",
    );
    assert_eq!(
        weeks,
        [
            "Bo 30T09:00 06T09:00",
            "Cy 06T09:00 13T09:00",
            "Ana 13T09:00 20T09:00",
            "Cy 20T09:00 27T09:00"
        ]
    );
}

#[test]
fn a_list_of_members_is_who_is_in_it_from_now_on() {
    let squad = Squad::with(&["Di"]);
    let sam = json!({ "person_id": squad.id("Sam"), "effective_from": APRIL });
    join(&squad, "Max", &sam).expect(200);
    let kept = squad.all(&["Ana", "Bo", "Cy", "Max"]);
    squad
        .server
        .patch("/teams/flags", &json!({ "members": kept }))
        .expect(200);
    assert!(!is_member(&squad, "Di"));
    squad.server.at(APRIL);
    assert!(is_member(&squad, "Sam"), "what is planned stays");
}
