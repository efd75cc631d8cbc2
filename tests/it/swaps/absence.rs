//! Time off over several rotations: what clashes, and one call that asks for covers of all of it.

use serde_json::{Value, json};

use super::squad::Squad;

/// Ana is on duty in four rotations in the week of 2 March: all hours, office hours, the afternoons that she took over,
/// and as the sun goes.
struct Absence {
    squad: Squad,
    office: String,
    sun: String,
    second: String,
}

fn absence() -> Absence {
    let squad = Squad::new();
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
        json!({ "kind": "follow_the_sun", "order": squad.all(&["Ana", "Bo"]), "effective_from": "2026-03-02T00:00:00Z" }),
    );
    let second = squad.weekly("second", &["Bo", "Cy"]);
    let body = json!({ "start": "2026-03-05T12:00:00Z", "end": "2026-03-05T18:00:00Z", "person_id": squad.id("Ana") });
    squad
        .post("Max", &format!("/rotations/{second}/overrides"), &body)
        .expect(201);
    Absence {
        squad,
        office,
        sun,
        second,
    }
}

impl Absence {
    fn away(&self, who: &str, whose: &str, first: &str, last: &str) -> Value {
        let body = json!({ "first_day": first, "last_day": last, "reason": "skiing" });
        let path = format!("/people/{}/time-off", self.squad.id(whose));
        self.squad.post(who, &path, &body).expect(201)
    }

    fn path(off: &Value) -> String {
        format!("/time-off/{}/covers", off["id"].as_str().unwrap())
    }

    /// Rotation and time of each, as `hero 04T00:00 06T00:00`.
    fn told(&self, items: &Value) -> Vec<String> {
        let names = [
            (&self.squad.rotation, "hero"),
            (&self.office, "office"),
            (&self.sun, "sun"),
            (&self.second, "second"),
        ];
        let items = items.as_array().unwrap().iter();
        items
            .map(|item| {
                let rotation = names
                    .iter()
                    .find(|(id, _)| item["rotation_id"] == id.as_str());
                let at = |end: &str| item[end].as_str().unwrap()[8..16].to_owned();
                format!("{} {} {}", rotation.unwrap().1, at("start"), at("end"))
            })
            .collect()
    }
}

#[test]
fn time_off_answers_with_every_clash_and_one_call_asks_for_covers_of_all() {
    let world = absence();
    let squad = &world.squad;
    let off = world.away("Ana", "Ana", "2026-03-04", "2026-03-05");
    let mut clashes = world.told(&off["clashes"]);
    clashes.sort();
    assert_eq!(
        clashes,
        [
            "hero 04T00:00 06T00:00",
            "office 04T09:00 04T17:00",
            "office 05T09:00 05T17:00",
            "second 05T12:00 05T18:00",
        ]
    );
    // The plan goes round it at once.
    assert_eq!(
        squad.shifts(&world.sun, "2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z"),
        ["Bo 04T09:00 04T17:00", "Bo 05T09:00 05T17:00"]
    );
    let path = Absence::path(&off);
    for who in ["Bo", "Cy", "Sam", "Vic"] {
        squad.post(who, &path, &json!({})).problem(403);
    }
    let preview = squad
        .post("Ana", &format!("{path}?dry_run=true"), &json!({}))
        .expect(200);
    assert_eq!(preview["swaps"].as_array().unwrap().len(), 3);
    assert_eq!(squad.get("Ana", "/swaps").expect(200)["items"], json!([]));

    // One of the days is asked for already.
    let own = squad.open(
        "Ana",
        &squad.cover("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z", &["Bo"]),
    );
    let made = squad
        .post("Ana", &path, &json!({ "note": "Skiing!" }))
        .expect(201);
    let asked = [
        "hero 04T00:00 05T00:00",
        "office 04T09:00 05T17:00",
        "second 05T12:00 05T18:00",
    ];
    assert_eq!(world.told(&made["items"]), asked);
    for swap in made["items"].as_array().unwrap() {
        assert_eq!(
            (&swap["state"], &swap["note"]),
            (&json!("open"), &json!("Skiing!"))
        );
        assert_eq!(swap["offered_to"], json!([]));
    }
    assert_eq!(
        squad.post("Max", &path, &json!({})).expect(201)["items"],
        json!([]),
        "once is enough"
    );

    squad.answer("Bo", &own, "accept").expect(200);
    for swap in made["items"].as_array().unwrap() {
        squad.answer("Cy", swap, "accept").expect(200);
    }
    let still = squad
        .server
        .get("/clashes?from=2026-03-02T00:00:00Z&until=2026-03-09T00:00:00Z")
        .expect(200);
    assert_eq!(still["items"], json!([]), "all of it is covered");
}

#[test]
fn managers_ask_for_somebody_who_is_away_and_may_name_whom() {
    let world = absence();
    let squad = &world.squad;
    squad.server.at("2026-03-05T10:00:00Z");
    // Ill since this morning.
    let body = json!({ "start": "2026-03-05T08:00:00Z", "end": "2026-03-06T00:00:00Z" });
    let path = format!("/people/{}/time-off", squad.id("Ana"));
    let off = squad.post("Ada", &path, &body).expect(201);
    let path = Absence::path(&off);
    let named = json!({ "offered_to": squad.all(&["Cy", "Max"]) });
    let made = squad.post("Max", &path, &named).expect(201);
    assert_eq!(
        world.told(&made["items"]),
        [
            "hero 05T10:00 06T00:00",
            "office 05T10:00 05T17:00",
            "second 05T12:00 05T18:00"
        ]
    );
    assert_eq!(made["items"][0]["opened_by"], squad.id("Max"));
    assert_eq!(made["items"][0]["person"]["name"], "Ana");
    let wrong = json!({ "offered_to": [squad.id("Ana"), "x"], "note": "a\u{0}b" });
    let mut pointers = squad.post("Max", &path, &wrong).pointers();
    pointers.sort();
    assert_eq!(pointers, ["/note", "/offered_to/0", "/offered_to/1"]);
    squad
        .post(
            "Max",
            "/time-off/00000000-0000-0000-0000-000000000000/covers",
            &json!({}),
        )
        .problem(404);
    squad.server.at("2026-03-06T00:00:00Z");
    squad.post("Max", &path, &json!({})).problem(409);
}

#[test]
fn ending_or_cancelling_time_off_keeps_the_past() {
    let world = absence();
    let squad = &world.squad;
    let duty = |at: &str| {
        let path = format!("/rotations/{}/on-duty?at={at}", world.sun);
        squad.server.get(&path).expect(200)["person"]["name"].clone()
    };
    assert_eq!(duty("2026-03-03T10:00:00Z"), "Ana");
    let off = world.away("Ana", "Ana", "2026-03-03", "2026-03-07");
    let path = format!("/time-off/{}", off["id"].as_str().unwrap());
    assert_eq!(duty("2026-03-03T10:00:00Z"), "Bo");
    squad.server.at("2026-03-05T07:00:00Z");
    let ended = squad.delete("Ana", &path).expect(200);
    assert_eq!(ended["cancelled_at"], "2026-03-05T07:00:00Z");
    // What was, was so; from now on she is back.
    assert_eq!(duty("2026-03-03T10:00:00Z"), "Bo");
    assert_eq!(duty("2026-03-05T10:00:00Z"), "Ana");
    squad.delete("Ana", &path).problem(409);
    squad
        .post("Ana", &Absence::path(&off), &json!({}))
        .problem(409);
    let later = world.away("Ana", "Ana", "2026-03-09", "2026-03-10");
    squad
        .delete(
            "Ana",
            &format!("/time-off/{}", later["id"].as_str().unwrap()),
        )
        .expect(200);
    squad
        .post("Ana", &Absence::path(&later), &json!({}))
        .problem(409);
}

#[test]
fn whoever_is_not_away_after_all_asks_nobody_any_longer() {
    let world = absence();
    let squad = &world.squad;
    let off = world.away("Ana", "Ana", "2026-03-04", "2026-03-05");
    let other = world.away("Ana", "Ana", "2026-03-04", "2026-03-04");
    // One is asked for by hand, for the time of one rotation; one for more than the absence; all others by one call.
    let by_hand = squad.open(
        "Ana",
        &squad.cover("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z", &["Bo"]),
    );
    let longer = squad.open(
        "Ana",
        &squad.cover("2026-03-05T00:00:00Z", "2026-03-07T00:00:00Z", &["Bo"]),
    );
    let made = squad
        .post("Ana", &Absence::path(&off), &json!({}))
        .expect(201);
    let asked = [
        "hero 04T00:00 05T00:00",
        "office 04T09:00 05T17:00",
        "second 05T12:00 05T18:00",
    ];
    assert_eq!(world.told(&made["items"]), asked);
    let swaps = made["items"].as_array().unwrap();
    squad.answer("Cy", &swaps[2], "accept").expect(200);
    // Of the office Bo takes a day.
    squad
        .take(
            "Bo",
            &swaps[1],
            "2026-03-05T09:00:00Z",
            "2026-03-05T17:00:00Z",
        )
        .expect(200);
    let path = |off: &Value| format!("/time-off/{}", off["id"].as_str().unwrap());
    let preview = squad
        .delete("Ana", &format!("{}?dry_run=true", path(&off)))
        .expect(200);
    assert_eq!(world.told(&preview["swaps"]), ["hero 05T00:00 06T00:00"]);
    assert_eq!(squad.swap(&by_hand)["state"], "open");

    // On the 4th she is away all the same.
    let ended = squad.delete("Ana", &path(&off)).expect(200);
    assert_eq!(
        world.told(&ended["covers"]["withdrawn"]),
        ["hero 05T00:00 06T00:00"]
    );
    assert_eq!(
        world.told(&ended["covers"]["taken"]),
        ["office 04T09:00 05T17:00", "second 05T12:00 05T18:00"]
    );
    let state = |swap: &Value| squad.swap(swap)["state"].clone();
    assert_eq!(
        (
            state(&by_hand),
            state(&longer),
            state(&swaps[0]),
            state(&swaps[1])
        ),
        (
            json!("withdrawn"),
            json!("open"),
            json!("open"),
            json!("open")
        )
    );
    squad.answer("Bo", &by_hand, "accept").problem(409);

    // Then that is over as well: what is left is taken back, and what Bo has is told.
    let last = squad.delete("Ana", &path(&other)).expect(200);
    assert_eq!(
        world.told(&last["covers"]["withdrawn"]),
        ["hero 04T00:00 05T00:00"]
    );
    assert_eq!(last["covers"]["taken"], json!([]));
    // (That of the office reaches beyond what was left of the absence.)
    assert_eq!(state(&swaps[1]), "open");
    // Cy keeps what they took, until somebody undoes it.
    assert_eq!(state(&swaps[2]), "accepted");
    squad.answer("Ana", &swaps[2], "undo").expect(200);
}

#[test]
fn coming_back_early_ends_what_is_still_asked_for() {
    let world = absence();
    let squad = &world.squad;
    let off = world.away("Ana", "Ana", "2026-03-03", "2026-03-06");
    let made = squad
        .post("Ana", &Absence::path(&off), &json!({}))
        .expect(201);
    let hero = &made["items"][0];
    squad
        .take("Bo", hero, "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z")
        .expect(200);
    squad
        .take("Cy", hero, "2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z")
        .expect(200);
    squad.server.at("2026-03-04T12:00:00Z");
    let path = format!("/time-off/{}", off["id"].as_str().unwrap());
    let ended = squad.delete("Ana", &path).expect(200);
    assert_eq!(ended["covers"]["withdrawn"].as_array().unwrap().len(), 3);
    let taken = ended["covers"]["taken"].as_array().unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(squad.swap(hero)["state"], "withdrawn");
    assert_eq!(
        squad.shifts(
            &squad.rotation,
            "2026-03-03T00:00:00Z",
            "2026-03-07T00:00:00Z"
        ),
        [
            "Bo 03T00:00 04T00:00",
            "Ana 04T00:00 05T00:00",
            "Cy 05T00:00 06T00:00",
            "Ana 06T00:00 09T10:00"
        ]
    );
}
