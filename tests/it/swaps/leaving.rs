//! Pausing somebody, taking them out of the order, and the end of somebody's part in everything.

use serde_json::{Value, json};

use super::squad::Squad;

/// Whose the weeks are from Monday 2 March on, by their initials.
fn weeks(squad: &Squad, layer: &str) -> String {
    let found = squad.timeline(&squad.rotation, layer);
    let shifts = found["items"].as_array().unwrap().iter();
    shifts
        .map(|shift| shift["person"]["name"].as_str().unwrap()[..1].to_owned())
        .take(9)
        .collect()
}

#[test]
fn whoever_is_paused_keeps_their_turn_and_whoever_is_taken_out_does_not() {
    let squad = Squad::new();
    let pause = format!("/rotations/{}/pause", squad.rotation);
    let out = format!("/rotations/{}/take-out", squad.rotation);
    let base = squad.timeline(&squad.rotation, "base");
    assert_eq!(weeks(&squad, "final"), "ABCABCABC");
    let months = json!({ "person_id": squad.id("Ana"), "start": "2026-03-20T00:00:00Z", "end": "2026-04-20T09:00:00Z" });
    for who in ["Ana", "Bo", "Sam", "Vic"] {
        squad.post(who, &pause, &months).problem(403);
        squad
            .post(who, &out, &json!({ "person_id": squad.id("Ana") }))
            .problem(403);
    }
    let preview = squad
        .post("Max", &format!("{pause}?dry_run=true"), &months)
        .expect(200);
    assert_eq!(preview["changes"].as_array().unwrap().len(), 3);
    assert_eq!(weeks(&squad, "final"), "ABCABCABC");
    let made = squad.post("Max", &pause, &months).expect(201);
    assert_eq!(made["items"].as_array().unwrap().len(), 2);
    assert_eq!(made["uncovered"], json!([]));
    // Bo and Cy cover in turn, nobody's turn moves, and hers come again.
    assert_eq!(weeks(&squad, "final"), "ABCBBCCBC");
    assert_eq!(squad.timeline(&squad.rotation, "base"), base);
    assert_eq!(squad.told("override.given"), ["Bo", "Cy"]);
    for one in made["items"].as_array().unwrap() {
        squad
            .delete(
                "Max",
                &format!("/overrides/{}", one["id"].as_str().unwrap()),
            )
            .expect(200);
    }
    assert_eq!(weeks(&squad, "final"), "ABCABCABC");

    squad.server.at("2026-03-03T00:00:00Z");
    let preview = squad
        .post(
            "Max",
            &format!("{out}?dry_run=true"),
            &json!({ "person_id": squad.id("Ana") }),
        )
        .expect(200);
    assert!(
        preview["warnings"].to_string().contains("announced shifts"),
        "{preview}"
    );
    assert_eq!(weeks(&squad, "base"), "ABCABCABC");
    // Her turn that is under way stays hers until the next handoff.
    let revised = squad
        .post("Max", &out, &json!({ "person_id": squad.id("Ana") }))
        .expect(200);
    assert_eq!(
        revised["revision"]["effective_from"],
        "2026-03-09T10:00:00Z"
    );
    assert_eq!(weeks(&squad, "base"), "ABCBCBCBC");
    let again = squad.post("Max", &out, &json!({ "person_id": squad.id("Ana") }));
    assert_eq!(again.pointers(), ["/person_id"]);
    squad
        .post("Max", &out, &json!({ "person_id": squad.id("Bo") }))
        .expect(200);
    squad
        .post("Max", &out, &json!({ "person_id": squad.id("Cy") }))
        .problem(409);
    assert_eq!(weeks(&squad, "base"), "ACCCCCCCC");
}

#[test]
fn a_pause_names_who_covers_and_says_where_nobody_could() {
    let squad = Squad::with(&["Di"]);
    let path = format!("/rotations/{}/pause", squad.rotation);
    let off = json!({ "first_day": "2026-03-20", "last_day": "2026-03-31" });
    squad
        .post("Di", &format!("/people/{}/time-off", squad.id("Di")), &off)
        .expect(201);
    let pause = |who: &str, covered_by: &[&str]| {
        let body = json!({
            "person_id": squad.id(who), "end": "2026-05-01T00:00:00Z", "covered_by": squad.all(covered_by),
            "reason": "parental leave",
        });
        squad.post("Max", &path, &body)
    };
    assert_eq!(pause("Ana", &["Ana"]).pointers(), ["/covered_by/0"]);
    pause("Max", &["Di"]).problem(409);
    let made = pause("Ana", &["Di"]).expect(201);
    assert_eq!(made["items"][0]["reason"], "parental leave");
    assert_eq!(
        made["uncovered"],
        json!([{ "start": "2026-03-23T10:00:00Z", "end": "2026-03-30T09:00:00Z" }])
    );
    assert_eq!(weeks(&squad, "final"), "DBCABCDBC");
    let sun = squad.rotate(
        "sun",
        json!({ "kind": "follow_the_sun", "order": squad.all(&["Ana"]), "effective_from": "2026-03-02T00:00:00Z" }),
    );
    let body = json!({ "person_id": squad.id("Ana"), "end": "2026-05-01T00:00:00Z" });
    squad
        .post("Max", &format!("/rotations/{sun}/pause"), &body)
        .problem(409);
}

#[test]
fn whoever_leaves_gives_back_what_they_took_and_is_asked_no_more() {
    let squad = Squad::new();
    let day = |who: &str, day: u32, named: &[&str]| {
        let (start, end) = (
            format!("2026-03-{day:02}T00:00:00Z"),
            format!("2026-03-{:02}T00:00:00Z", day + 1),
        );
        squad.open(who, &squad.cover(&start, &end, named))
    };
    let (covered, begun) = (day("Ana", 5, &[]), day("Ana", 3, &[]));
    let (asked, both) = (day("Ana", 6, &["Bo"]), day("Ana", 6, &["Bo", "Cy"]));
    let own = day("Bo", 11, &[]);
    let trade = squad.open(
        "Cy",
        &squad.trade(
            ["2026-03-17T00:00:00Z", "2026-03-18T00:00:00Z"],
            ["2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z"],
            "Bo",
        ),
    );
    for swap in [&covered, &begun, &trade] {
        squad.answer("Bo", swap, "accept").expect(200);
    }
    squad.server.at("2026-03-03T12:00:00Z");
    let path = format!("/people/{}/deactivate", squad.id("Bo"));
    let refused = squad.post("Ada", &path, &json!({})).problem(409);
    let kinds: Vec<&str> = refused["named_by"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["rotation", "override", "override", "override"]);
    assert_eq!(
        squad.swap(&own)["state"],
        "open",
        "a refusal changes nothing"
    );
    squad
        .post("Ada", &path, &json!({ "remove_from_rotations": true }))
        .expect(200);
    let state = |swap: &Value| squad.swap(swap)["state"].as_str().unwrap().to_owned();
    // What he took is Ana's and Cy's again, and still to be had where it was asked of the team.
    assert_eq!(state(&covered), "undone");
    assert_eq!(state(&trade), "undone");
    assert_eq!(state(&begun), "accepted", "what has begun stays, until now");
    assert_eq!(
        (state(&own), state(&asked), state(&both)),
        ("withdrawn".into(), "declined".into(), "open".into())
    );
    assert_eq!(
        squad.shifts(
            &squad.rotation,
            "2026-03-03T00:00:00Z",
            "2026-03-24T00:00:00Z"
        ),
        [
            "Bo 03T00:00 03T12:00",
            "Ana 03T12:00 09T10:00",
            "Cy 09T10:00 16T10:00",
            "Ana 16T10:00 23T10:00",
            "Cy 23T10:00 30T09:00"
        ]
    );
}

#[test]
fn a_trade_for_time_after_somebody_has_left_is_asked_for_no_more() {
    let squad = Squad::new();
    let april = ["2026-03-31T00:00:00Z", "2026-04-01T00:00:00Z"];
    let asked = squad.open(
        "Cy",
        &squad.trade(
            ["2026-03-17T00:00:00Z", "2026-03-18T00:00:00Z"],
            april,
            "Bo",
        ),
    );
    let own = squad.open(
        "Bo",
        &squad.trade(
            ["2026-03-11T00:00:00Z", "2026-03-12T00:00:00Z"],
            ["2026-04-07T00:00:00Z", "2026-04-08T00:00:00Z"],
            "Cy",
        ),
    );
    let path = format!("/people/{}/deactivate", squad.id("Bo"));
    let gone = json!({ "at": "2026-03-25T00:00:00Z", "remove_from_rotations": true });
    squad.post("Ada", &path, &gone).expect(200);
    assert_eq!(squad.swap(&asked)["state"], "declined");
    assert_eq!(squad.swap(&own)["state"], "withdrawn");
}

#[test]
fn nobody_is_in_an_order_that_goes_on_without_them() {
    let squad = Squad::with(&["Di"]);
    let leave = |who: &str, remove: bool| {
        let path = format!("/people/{}/deactivate", squad.id(who));
        let body = json!({ "at": "2026-03-25T00:00:00Z", "remove_from_rotations": remove });
        squad.post("Ada", &path, &body).expect(200);
    };
    leave("Di", false);
    let revisions = format!("/rotations/{}/revisions", squad.rotation);
    let revise =
        |names: &[&str]| squad.post("Max", &revisions, &json!({ "order": squad.all(names) }));
    assert_eq!(revise(&["Ana", "Di"]).pointers(), ["/order/1"]);
    let new = json!({
        "name": "two", "title": "Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": [squad.id("Di")],
    });
    let made = squad.post("Max", "/teams/flags/rotations", &new);
    assert_eq!(made.pointers(), ["/order/0"]);
    // What ends before they leave they can be given.
    let overrides = format!("/rotations/{}/overrides", squad.rotation);
    let given = |end: &str| {
        let body =
            json!({ "start": "2026-03-20T00:00:00Z", "end": end, "person_id": squad.id("Di") });
        squad.post("Max", &overrides, &body)
    };
    given("2026-03-25T00:00:00Z").expect(201);
    assert_eq!(given("2026-03-25T00:00:01Z").pointers(), ["/person_id"]);

    // Nor does what took somebody out go away.
    leave("Bo", true);
    squad.delete("Max", &format!("{revisions}/2")).problem(409);
    assert_eq!(weeks(&squad, "base"), "ABCACACAC");
    revise(&["Cy", "Ana"]).expect(201);
    squad.delete("Max", &format!("{revisions}/3")).expect(200);
}
