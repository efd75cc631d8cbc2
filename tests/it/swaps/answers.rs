//! How swaps are asked about, refused and found.

use reqwest::Method;
use serde_json::{Value, json};

use super::squad::Squad;
use crate::harness::server::send;

fn ids(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap().iter();
    items
        .map(|swap| swap["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_fault_is_named() {
    let squad = Squad::new();
    let good = squad.cover("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z", &[]);
    let with = |changes: Value| {
        let mut body = good.clone();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        squad.post("Ana", "/swaps", &body)
    };
    let nobody = "00000000-0000-0000-0000-000000000000";
    let cases: [(Value, &[&str]); 14] = [
        (json!({ "rotation_id": nobody }), &["/rotation_id"]),
        (
            json!({ "rotation_id": "x", "kind": "y", "start": "z" }),
            &["/kind", "/rotation_id", "/start"],
        ),
        (json!({ "kind": "gift" }), &["/kind"]),
        (json!({ "end": "2026-03-04T00:00:00Z" }), &["/end"]),
        (
            json!({ "start": "2026-03-01T00:00:00Z", "end": "2026-03-02T09:00:00Z" }),
            &["/end"],
        ),
        (json!({ "end": "2027-04-09T00:00:00Z" }), &["/end"]),
        (
            json!({ "offered_to": [nobody, "x"] }),
            &["/offered_to/0", "/offered_to/1"],
        ),
        (
            json!({ "offered_to": [squad.id("Bo"), squad.id("Bo")] }),
            &["/offered_to/1"],
        ),
        (
            json!({ "offered_to": [squad.id("Ana")] }),
            &["/offered_to/0"],
        ),
        (json!({ "person_id": "x" }), &["/person_id"]),
        (json!({ "note": "x\u{0}y" }), &["/note"]),
        (
            json!({ "in_return": { "start": "2026-03-10T00:00:00Z", "end": "2026-03-11T00:00:00Z" } }),
            &["/in_return"],
        ),
        (
            json!({ "kind": "trade", "offered_to": [squad.id("Bo")] }),
            &["/in_return"],
        ),
        (json!({ "colour": "blue" }), &["/colour"]),
    ];
    for (changes, pointers) in cases {
        let answer = with(changes.clone());
        let text = answer.text.clone();
        let mut found = answer.pointers();
        found.sort();
        assert_eq!(found, pointers, "{changes}: {text}");
    }
    let swap = squad.open("Ana", &good);
    for part in [
        ["2026-03-04T00:00:00Z", "2026-03-05T00:00:01Z"],
        ["2026-03-03T00:00:00Z", "2026-03-05T00:00:00Z"],
        ["2026-03-05T00:00:00Z", "2026-03-05T00:00:00Z"],
    ] {
        squad.take("Bo", &swap, part[0], part[1]).problem(422);
    }
    assert_eq!(squad.overrides(&squad.rotation), [Value::Null; 0]);
}

#[test]
fn a_trade_is_with_one_person_about_two_times() {
    let squad = Squad::new();
    let (mine, bos) = (
        ["2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"],
        ["2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"],
    );
    let trade = squad.trade(mine, bos, "Bo");
    let with = |changes: Value| {
        let mut body = trade.clone();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        squad.post("Ana", "/swaps", &body)
    };
    assert_eq!(
        with(json!({ "offered_to": squad.all(&["Bo", "Cy"]) })).pointers(),
        ["/offered_to"]
    );
    assert_eq!(
        with(json!({ "offered_to": [] })).pointers(),
        ["/offered_to"]
    );
    let overlapping = json!({ "in_return": { "start": mine[0], "end": mine[1] } });
    assert_eq!(with(overlapping).pointers(), ["/in_return"]);
    // It is Cy's, not Bo's.
    let other =
        json!({ "in_return": { "start": "2026-03-17T00:00:00Z", "end": "2026-03-18T00:00:00Z" } });
    with(other).problem(409);
}

#[test]
fn a_stale_version_and_a_repeated_request_change_nothing() {
    let squad = Squad::new();
    let cover = squad.cover("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z", &[]);
    let keyed = || {
        let request = squad.request("Ana", Method::POST, "/swaps").json(&cover);
        send(request.header("Idempotency-Key", "once"))
    };
    let first = keyed();
    let tag = first.header("etag").to_owned();
    let swap = first.expect(201);
    assert_eq!(keyed().expect(201)["id"], swap["id"]);
    assert_eq!(ids(&squad.get("Ana", "/swaps").expect(200)).len(), 1);

    let path = format!("/swaps/{}", swap["id"].as_str().unwrap());
    assert_eq!(squad.get("Vic", &path).header("etag"), tag);
    squad
        .take("Bo", &swap, "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z")
        .expect(200);
    let stale = squad.request("Cy", Method::POST, &format!("{path}/accept"));
    send(stale.header("If-Match", &tag)).problem(412);
    let again = || {
        let request = squad.request("Cy", Method::POST, &format!("{path}/accept"));
        send(request.header("Idempotency-Key", "accept"))
    };
    let (one, two) = (again().expect(200), again().expect(200));
    assert_eq!(one, two);
    assert_eq!(squad.overrides(&squad.rotation).len(), 2);
    let noted = squad.server.get("/audit?action=swap.accept").expect(200);
    assert_eq!(noted["items"].as_array().unwrap().len(), 2);
}

#[test]
fn swaps_are_found_by_state_team_and_person() {
    let squad = Squad::new();
    let day = |day: u32, named: &[&str]| {
        let (start, end) = (
            format!("2026-03-{day:02}T00:00:00Z"),
            format!("2026-03-{:02}T00:00:00Z", day + 1),
        );
        squad.open("Ana", &squad.cover(&start, &end, named))
    };
    let (open, named, taken, withdrawn) = (day(3, &[]), day(4, &["Bo"]), day(5, &[]), day(6, &[]));
    squad.answer("Cy", &taken, "accept").expect(200);
    squad.answer("Ana", &withdrawn, "withdraw").expect(200);
    let found = |query: &str| ids(&squad.get("Vic", &format!("/swaps?{query}")).expect(200));
    let id = |swap: &Value| swap["id"].as_str().unwrap().to_owned();
    assert_eq!(found(""), [&open, &named, &taken, &withdrawn].map(id));
    assert_eq!(found("state=open"), [&open, &named].map(id));
    assert_eq!(found("state=accepted"), [id(&taken)]);
    assert_eq!(found("team=flags&state=withdrawn"), [id(&withdrawn)]);
    let of = |name: &str| found(&format!("person={}", squad.id(name)));
    assert_eq!(of("Ana"), [&open, &named, &taken, &withdrawn].map(id));
    assert_eq!(of("Bo"), [&open, &named].map(id));
    assert_eq!(of("Cy"), [&open, &taken].map(id));
    assert_eq!(of("Sam"), [""; 0]);
    squad.server.at("2026-03-04T00:00:00Z");
    assert_eq!(found("state=expired"), [id(&open)]);
    assert_eq!(found("state=open"), [id(&named)]);
    squad.get("Vic", "/swaps?team=none").problem(404);
    let mut wrong = squad
        .get("Vic", "/swaps?state=new&person=x&limit=0")
        .pointers();
    wrong.sort();
    assert_eq!(wrong, ["/limit", "/person", "/state"]);
    let page = squad.get("Vic", "/swaps?limit=3").expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = squad
        .get("Vic", &format!("/swaps?limit=3&cursor={cursor}"))
        .expect(200);
    assert_eq!((ids(&page).len(), ids(&rest)), (3, vec![id(&withdrawn)]));
}
