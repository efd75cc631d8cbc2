//! What subscribers choose.

use serde_json::json;

use super::{Subscription, read, subscribe};

#[test]
fn feeds_are_of_a_person_a_rotation_a_team_or_everybody() {
    let subscription = Subscription::new();
    let server = &subscription.server;
    let of = |scope| read(server, &subscribe(server, &json!({ "scope": scope })));
    let rotation = subscription.read();
    assert_eq!(rotation.name, "Support Hero · Flags, Toggles; & more");
    let cover = rotation
        .events
        .iter()
        .find(|event| event.description.contains("covers"))
        .unwrap();
    assert_eq!(cover.summary, "Support Hero · Flags, Toggles; & more: Bob");
    assert!(
        cover
            .description
            .starts_with("Flags hero: covers for Zoë; O'Hara, \\"),
        "{cover:?}"
    );
    assert!(cover.description.ends_with("(dentist)"), "{cover:?}");
    assert_eq!(
        cover.raw["URL"],
        format!("{}/rotations/{}", server.url, subscription.rotation)
    );
    assert_eq!(
        (
            cover.raw["TRANSP"].as_str(),
            cover.raw["X-MICROSOFT-CDO-BUSYSTATUS"].as_str()
        ),
        ("TRANSPARENT", "FREE")
    );
    for scope in [json!({ "team": "flags" }), json!({ "all": true })] {
        assert_eq!(of(scope).events, rotation.events);
    }
    let bob = of(json!({ "person_id": subscription.people[1] }));
    assert_eq!(bob.name, "Bob on duty");
    // It reaches farther ahead, and names him nowhere.
    let his = rotation
        .events
        .iter()
        .filter(|event| event.summary.ends_with(": Bob"));
    let seen: Vec<_> = his
        .map(|event| (&event.uid, event.start, event.end))
        .collect();
    let shown: Vec<_> = bob
        .events
        .iter()
        .map(|event| (&event.uid, event.start, event.end))
        .collect();
    assert_eq!(seen, shown[..seen.len()]);
    assert!(
        bob.events
            .iter()
            .all(|event| event.summary == "Support Hero · Flags, Toggles; & more")
    );
    assert!(
        of(json!({ "person_id": subscription.people[2] }))
            .events
            .is_empty()
    );
}

#[test]
fn choices_are_changed_without_another_address() {
    let subscription = Subscription::new();
    let server = &subscription.server;
    let path = format!("/feeds/{}", subscription.feed.id);
    let usual = json!({ "block_time": false, "alarm_minutes": null, "gaps": false, "working_days": false, "local_times": false, "past_days": 60, "future_days": 180 });
    let all = server.get("/feeds").expect(200);
    assert_eq!(all["items"][0]["options"], usual);
    let before = subscription.read();
    server.at("2026-03-02T13:00:00Z");
    let chosen = json!({ "options": { "block_time": true, "alarm_minutes": 90, "past_days": 0, "future_days": 14 } });
    let changed = server.patch(&path, &chosen).expect(200);
    assert_eq!(
        (&changed["version"], &changed["url"]),
        (&json!(2), &json!(null))
    );
    assert_eq!(changed["options"]["future_days"], 14);
    let after = subscription.read();
    assert_eq!(after.events.len(), 4, "two weeks, one of them in pieces");
    for event in &after.events {
        assert_eq!(event.raw["TRANSP"], "OPAQUE");
        assert_eq!(event.raw["X-MICROSOFT-CDO-BUSYSTATUS"], "BUSY");
        assert!(event.raw["TRIGGER"].contains("-PT"), "{event:?}");
        let same = before
            .events
            .iter()
            .find(|other| other.uid == event.uid)
            .unwrap();
        assert!(
            event.sequence > same.sequence && event.modified_at > same.modified_at,
            "{event:?}"
        );
    }
    // What is left out stays, null is the default again.
    let back = server.patch(
        &path,
        &json!({ "options": { "alarm_minutes": null, "future_days": null } }),
    );
    let back = back.expect(200)["options"].clone();
    assert_eq!(
        (
            &back["alarm_minutes"],
            &back["future_days"],
            &back["block_time"]
        ),
        (&json!(null), &json!(180), &json!(true))
    );
    // Nothing to change is no change.
    let nothing = server
        .patch(&path, &json!({ "options": { "block_time": true } }))
        .expect(200);
    assert_eq!(nothing["version"], 3);
    let stale = server
        .request(reqwest::Method::PATCH, &path)
        .header("If-Match", "\"v1\"")
        .json(&chosen);
    crate::harness::server::send(stale).problem(412);
    let bad = json!({ "scope": {}, "options": { "alarm_minutes": 10081, "past_days": -1, "future_days": 0 } });
    let named = server.post("/feeds", &bad).pointers();
    assert_eq!(
        named,
        [
            "/scope",
            "/options/alarm_minutes",
            "/options/past_days",
            "/options/future_days"
        ]
    );
}

#[test]
fn gaps_are_shown_with_whoever_answers() {
    let subscription = Subscription::new();
    let server = &subscription.server;
    let backup = json!({
        "name": "Backup", "title": "Second Line", "kind": "ordered", "time_zone": "UTC", "order": [subscription.people[2]],
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" },
    });
    let backup = server.post("/teams/flags/rotations", &backup).expect(201)["id"].clone();
    let gap = ("2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z");
    subscription.cover(gap.0, gap.1, &json!(null));
    let scope = json!({ "rotation_id": subscription.rotation });
    let feed = subscribe(
        server,
        &json!({ "scope": scope, "options": { "gaps": true } }),
    );
    let gaps = || -> Vec<_> {
        let all = read(server, &feed).events;
        all.into_iter()
            .filter(|event| event.summary.ends_with(": nobody"))
            .collect()
    };
    let alone = gaps();
    assert_eq!(alone.len(), 1, "{alone:?}");
    assert_eq!(
        (alone[0].start.to_rfc3339(), alone[0].end.to_rfc3339()),
        (gap.0.replace('Z', "+00:00"), gap.1.replace('Z', "+00:00"))
    );
    assert_eq!(
        alone[0].description,
        "An override by nobody. Nobody answers."
    );
    let path = format!("/rotations/{}", subscription.rotation);
    server
        .patch(&path, &json!({ "fallback_rotation_id": backup }))
        .expect(200);
    let answered = gaps();
    assert_eq!(answered[0].uid, alone[0].uid);
    assert_eq!(answered[0].sequence, 1);
    assert_eq!(
        answered[0].description,
        "An override by nobody. Second Line · Flags, Toggles; & more answers: Cy"
    );
    assert!(
        subscription
            .read()
            .events
            .iter()
            .all(|event| !event.summary.ends_with(": nobody"))
    );
}

#[test]
fn a_shift_can_be_shown_as_the_days_on_which_it_is_worked() {
    let subscription = Subscription::new();
    let server = &subscription.server;
    let options = json!({ "working_days": true, "past_days": 0, "future_days": 14 });
    let scope = json!({ "person_id": subscription.people[0] });
    let feed = subscribe(server, &json!({ "scope": scope, "options": options }));
    let days = || -> Vec<String> {
        let events = read(server, &feed).events;
        let day = |event: &super::reader::Event| {
            format!(
                "{} {}-{}",
                event.start.format("%a %d"),
                event.start.format("%H:%M"),
                event.end.format("%H:%M")
            )
        };
        events.iter().map(day).collect()
    };
    // Handed over on Monday at 10, covered from Wednesday midnight to Thursday half past twelve.
    let expected = [
        "Mon 02 10:00-17:00",
        "Tue 03 09:00-17:00",
        "Thu 05 12:30-17:00",
        "Fri 06 09:00-17:00",
        "Mon 09 09:00-10:00",
    ];
    assert_eq!(days(), expected);
    let off = json!({ "first_day": "2026-03-06", "last_day": "2026-03-06" });
    server
        .post(
            &format!("/people/{}/time-off", subscription.people[0]),
            &off,
        )
        .expect(201);
    assert_eq!(
        days(),
        [
            "Mon 02 10:00-17:00",
            "Tue 03 09:00-17:00",
            "Thu 05 12:30-17:00",
            "Mon 09 09:00-10:00"
        ]
    );
}
