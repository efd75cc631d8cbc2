//! What comes of swaps on the timeline.

use serde_json::{Value, json};

use super::squad::{Squad, remaining};

#[test]
fn several_people_share_an_absence_and_it_is_all_undone() {
    let squad = Squad::new();
    let rotation = squad.rotation.clone();
    let (base, before) = (
        squad.timeline(&rotation, "base"),
        squad.timeline(&rotation, "final"),
    );
    let cover = squad.cover("2026-03-04T00:00:00Z", "2026-03-09T10:00:00Z", &[]);
    let swap = squad.open("Ana", &cover);
    assert_eq!(swap["state"], "open");
    assert_eq!(swap["person"]["name"], "Ana");
    assert_eq!(remaining(&swap), ["04T00:00 09T10:00"]);
    assert_eq!(
        squad.timeline(&rotation, "final"),
        before,
        "it is only asked"
    );

    let part = squad.take("Bo", &swap, "2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z");
    let part = part.expect(200);
    assert_eq!(part["state"], "open");
    assert_eq!(remaining(&part), ["04T00:00 05T00:00", "06T00:00 09T10:00"]);
    let taken = squad.take("Max", &swap, "2026-03-05T12:00:00Z", "2026-03-07T00:00:00Z");
    taken.problem(409);
    let rest = squad.answer("Cy", &swap, "accept").expect(200);
    assert_eq!(rest["state"], "accepted");
    assert_eq!(remaining(&rest), [""; 0]);
    assert_eq!(
        squad.shifts(&rotation, "2026-03-03T00:00:00Z", "2026-03-10T00:00:00Z"),
        [
            "Ana 02T10:00 04T00:00",
            "Cy 04T00:00 05T00:00",
            "Bo 05T00:00 06T00:00",
            "Cy 06T00:00 09T10:00",
            "Bo 09T10:00 16T10:00",
        ]
    );
    let shifts = squad.timeline(&rotation, "final");
    assert_eq!(shifts["items"][1]["swap_id"], swap["id"]);
    assert_eq!(squad.timeline(&rotation, "base"), base);

    // Bo hands his part back, and it is open again; the others' stays.
    let back = squad.answer("Bo", &swap, "undo").expect(200);
    assert_eq!(back["state"], "open");
    assert_eq!(remaining(&back), ["05T00:00 06T00:00"]);
    squad.answer("Max", &swap, "accept").expect(200);
    squad.answer("Ana", &swap, "undo").expect(200);
    assert_eq!(squad.timeline(&rotation, "final"), before);
    assert_eq!(squad.timeline(&rotation, "base"), base);
}

#[test]
fn a_trade_changes_both_weeks_or_none() {
    let squad = Squad::new();
    let rotation = squad.rotation.clone();
    let before = squad.timeline(&rotation, "final");
    let given = ["2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z"];
    let returned = ["2026-03-16T10:00:00Z", "2026-03-23T10:00:00Z"];
    let swap = squad.open("Ana", &squad.trade(given, returned, "Cy"));
    squad.take("Cy", &swap, given[0], given[1]).problem(422);
    let preview = format!(
        "/swaps/{}/accept?dry_run=true",
        swap["id"].as_str().unwrap()
    );
    let preview = squad.post("Cy", &preview, &json!({})).expect(200);
    assert_eq!(preview["changes"].as_array().unwrap().len(), 2);
    assert_eq!(preview["swaps"][0]["id"], swap["id"]);
    assert_eq!(squad.timeline(&rotation, "final"), before);
    squad.answer("Cy", &swap, "accept").expect(200);
    let weeks = || squad.shifts(&rotation, "2026-03-03T00:00:00Z", "2026-03-24T00:00:00Z");
    let names =
        |weeks: Vec<String>| -> String { weeks.iter().map(|week| week[..1].to_owned()).collect() };
    assert_eq!(names(weeks()), "CBAA");
    squad.answer("Cy", &swap, "undo").expect(200);
    assert_eq!(squad.timeline(&rotation, "final"), before);

    // Where one of the weeks has become another's, nothing of it happens.
    let swap = squad.open("Ana", &squad.trade(given, returned, "Cy"));
    let agreed = json!({
        "start": "2026-03-18T00:00:00Z", "end": "2026-03-19T00:00:00Z", "person_id": squad.id("Bo"),
    });
    let path = format!("/rotations/{rotation}/overrides");
    squad.post("Cy", &path, &agreed).expect(201);
    let (between, made) = (
        squad.timeline(&rotation, "final"),
        squad.overrides(&rotation),
    );
    let refused = squad.answer("Cy", &swap, "accept").problem(409);
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("2026-03-18T00:00:00Z"), "{detail}");
    assert_eq!(squad.timeline(&rotation, "final"), between);
    assert_eq!(squad.overrides(&rotation), made);
    assert_eq!(squad.swap(&swap)["state"], "open");
}

#[test]
fn an_accepted_swap_is_not_undone_once_it_has_begun_or_is_anothers() {
    let squad = Squad::new();
    let cover = |start: &str, end: &str| squad.open("Ana", &squad.cover(start, end, &[]));
    let first = cover("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z");
    let second = cover("2026-03-06T00:00:00Z", "2026-03-08T00:00:00Z");
    for swap in [&first, &second] {
        squad.answer("Bo", swap, "accept").expect(200);
    }
    // Bo gives away a part of what he took.
    let path = format!("/rotations/{}/overrides", squad.rotation);
    let agreed = json!({
        "start": "2026-03-07T00:00:00Z", "end": "2026-03-08T00:00:00Z", "person_id": squad.id("Cy"),
    });
    let given = squad.post("Bo", &path, &agreed).expect(201);
    squad.answer("Ana", &second, "undo").problem(409);
    let back = format!("/overrides/{}", given["id"].as_str().unwrap());
    squad.delete("Cy", &back).expect(200);
    squad.answer("Ana", &second, "undo").expect(200);
    squad.server.at("2026-03-04T00:00:00Z");
    for who in ["Ana", "Bo", "Max", "Ada"] {
        squad.answer(who, &first, "undo").problem(409);
    }
    assert_eq!(squad.swap(&first)["state"], "accepted");
}

#[test]
fn managers_open_covers_for_somebody_who_is_away_also_in_mid_shift() {
    let squad = Squad::new();
    squad.server.at("2026-03-04T08:30:00Z");
    // Ill since this morning.
    let today = squad.cover("2026-03-04T06:00:00Z", "2026-03-05T00:00:00Z", &[]);
    squad.post("Cy", "/swaps", &today).problem(403);
    let swap = squad.open("Max", &today);
    assert_eq!(swap["person"]["name"], "Ana", "whoever has it");
    assert_eq!(swap["opened_by"], squad.id("Max"));
    assert_eq!(remaining(&swap), ["04T08:30 05T00:00"]);
    squad.server.at("2026-03-04T09:00:00Z");
    squad.answer("Cy", &swap, "accept").expect(200);
    assert_eq!(
        squad.shifts(
            &squad.rotation,
            "2026-03-04T00:00:00Z",
            "2026-03-06T00:00:00Z"
        ),
        [
            "Ana 02T10:00 04T09:00",
            "Cy 04T09:00 05T00:00",
            "Ana 05T00:00 09T10:00"
        ]
    );
    // Until it is over what remains can be taken.
    let tonight = squad.cover("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z", &["Bo"]);
    let swap = squad.open("Ana", &tonight);
    squad.server.at("2026-03-05T23:00:00Z");
    let late = squad.answer("Bo", &swap, "accept").expect(200);
    assert_eq!(late["taken"][0]["start"], "2026-03-05T23:00:00Z");
    // Two people have this: whose is meant must be said.
    let both = squad.cover("2026-03-08T00:00:00Z", "2026-03-10T00:00:00Z", &[]);
    squad.post("Max", "/swaps", &both).problem(409);
    let mut hers = both.clone();
    hers["person_id"] = json!(squad.id("Ana"));
    squad.post("Max", "/swaps", &hers).problem(409);
}

#[test]
fn what_was_agreed_in_chat_is_entered_and_handed_back() {
    let squad = Squad::new();
    let before = squad.timeline(&squad.rotation, "final");
    let path = format!("/rotations/{}/overrides", squad.rotation);
    let agreed = |who: &str, to: &str, day: u32| {
        let body = json!({
            "start": format!("2026-03-{day:02}T00:00:00Z"),
            "end": format!("2026-03-{:02}T00:00:00Z", day + 1),
            "person_id": squad.id(to),
        });
        squad.post(who, &path, &body)
    };
    let made = agreed("Ana", "Bo", 5).expect(201);
    assert_eq!(made["displaces"][0]["person"]["name"], "Ana");
    agreed("Ana", "Sam", 6).problem(403);
    agreed("Bo", "Cy", 6).problem(403);
    agreed("Cy", "Cy", 6).problem(403);
    agreed("Vic", "Cy", 6).problem(403);
    let back = format!("/overrides/{}", made["id"].as_str().unwrap());
    squad.delete("Cy", &back).problem(403);
    squad.delete("Bo", &back).expect(200);
    assert_eq!(squad.timeline(&squad.rotation, "final"), before);
}

#[test]
fn across_handoffs_clock_changes_closed_hours_and_the_sun() {
    let squad = Squad::new();
    // Ana has two weeks in a row, over the night in which London's clocks go forward.
    let twice = squad.weekly("twice", &["Ana", "Ana", "Bo"]);
    let mut cover = squad.cover("2026-03-27T00:00:00Z", "2026-04-01T00:00:00Z", &[]);
    cover["rotation_id"] = json!(twice);
    let swap = squad.open("Ana", &cover);
    squad.answer("Cy", &swap, "accept").expect(200);
    let around =
        |rotation: &str| squad.shifts(rotation, "2026-03-26T00:00:00Z", "2026-04-02T00:00:00Z");
    assert_eq!(
        around(&twice),
        [
            "Ana 23T10:00 27T00:00",
            "Cy 27T00:00 01T00:00",
            "Ana 01T00:00 06T09:00"
        ]
    );

    let office = squad.rotate(
        "office",
        json!({
            "kind": "ordered", "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" },
            "order": squad.all(&["Ana", "Bo"]),
            "duty_hours": [{ "days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00" }],
        }),
    );
    let sun = squad.rotate(
        "sun",
        json!({ "kind": "follow_the_sun", "order": squad.all(&["Ana"]), "effective_from": "2026-03-02T00:00:00Z" }),
    );
    for rotation in [office, sun] {
        let mut cover = squad.cover("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z", &[]);
        cover["rotation_id"] = json!(rotation);
        let before = squad.timeline(&rotation, "final");
        let swap = squad.open("Ana", &cover);
        assert_eq!(remaining(&swap), ["04T09:00 04T17:00", "05T09:00 05T17:00"]);
        squad.answer("Bo", &swap, "accept").expect(200);
        assert_eq!(
            squad.shifts(&rotation, "2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z"),
            ["Bo 04T09:00 04T17:00", "Bo 05T09:00 05T17:00"],
            "closed hours stay closed"
        );
        squad.answer("Bo", &swap, "undo").expect(200);
        assert_eq!(squad.timeline(&rotation, "final"), before);
        // Agreed in chat over several days: nobody else has any of it.
        let path = format!("/rotations/{rotation}/overrides");
        let days = json!({
            "start": "2026-03-05T09:00:00Z", "end": "2026-03-06T17:00:00Z", "person_id": squad.id("Cy"),
        });
        squad.post("Ana", &path, &days).expect(201);
    }
}

#[test]
fn whoever_is_named_takes_it_wherever_they_are() {
    let squad = Squad::new();
    let cover = squad.cover(
        "2026-03-04T00:00:00Z",
        "2026-03-05T00:00:00Z",
        &["Sam", "Bo"],
    );
    let swap = squad.open("Ana", &cover);
    assert_eq!(
        squad.answer("Bo", &swap, "decline").expect(200)["state"],
        "open"
    );
    squad.answer("Bo", &swap, "decline").problem(409);
    let taken = squad.answer("Sam", &swap, "accept").expect(200);
    assert_eq!(taken["taken"][0]["person"]["name"], "Sam");
    assert_eq!(taken["declined_by"], json!([squad.id("Bo")]));
    squad.answer("Sam", &swap, "undo").expect(200);
    let both = squad.open("Ana", &cover);
    for who in ["Bo", "Sam"] {
        squad.answer(who, &both, "decline").expect(200);
    }
    assert_eq!(squad.swap(&both)["state"], "declined");
}

#[test]
fn a_rotation_that_is_archived_ends_its_swaps() {
    let squad = Squad::new();
    let open = |start: &str, end: &str| squad.open("Ana", &squad.cover(start, end, &[]));
    let (before, beyond) = (
        open("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
        open("2026-03-06T00:00:00Z", "2026-03-08T00:00:00Z"),
    );
    let path = format!("/rotations/{}/archive", squad.rotation);
    let end = json!({ "at": "2026-03-07T00:00:00Z" });
    let preview = squad
        .post("Max", &format!("{path}?dry_run=true"), &end)
        .expect(200);
    assert_eq!(preview["swaps"][0]["id"], beyond["id"]);
    squad.post("Max", &path, &end).expect(200);
    assert_eq!(squad.swap(&before)["state"], "open");
    assert_eq!(squad.swap(&beyond)["state"], "expired");
    squad.answer("Bo", &before, "accept").expect(200);
    squad.answer("Bo", &beyond, "accept").problem(409);
}

#[test]
fn time_off_and_swaps_are_shown_together() {
    let squad = Squad::new();
    let off = json!({ "first_day": "2026-03-04", "last_day": "2026-03-05" });
    let path = format!("/people/{}/time-off", squad.id("Ana"));
    let made = squad.post("Ana", &path, &off).expect(201);
    let clash: &Value = &made["clashes"][0];
    assert_eq!(clash["start"], "2026-03-04T00:00:00Z");
    assert_eq!(clash["end"], "2026-03-06T00:00:00Z");
    let swap = squad.open(
        "Ana",
        &squad.cover("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z", &[]),
    );
    let preview = format!(
        "/swaps/{}/accept?dry_run=true",
        swap["id"].as_str().unwrap()
    );
    let preview = squad.post("Bo", &preview, &json!({})).expect(200);
    assert_eq!(preview["clashes"], json!([]));
    assert_eq!(preview["clashes_mended"][0]["time_off_id"], made["id"]);
}
