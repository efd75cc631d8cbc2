//! Who made something has no right to it that they would not have now.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::browser::Browser;
use crate::harness::server::send;
use crate::swaps::squad::Squad;

/// What somebody made before they lost their role.
struct Made {
    /// An override of somebody else's time.
    others: String,
    /// An override by a pause of somebody else.
    pause: String,
    /// A request in the name of somebody else.
    swap: String,
    /// A webhook of the rotation that watches.
    webhook: String,
    /// The number of a revision that lies ahead, as the end of a path.
    revision: String,
    /// An incident.
    incident: String,
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

fn day(day: u32) -> String {
    format!("2026-03-{day:02}T12:00:00Z")
}

/// A rotation that watches incidents.
fn sun(squad: &Squad) -> String {
    let sun =
        json!({ "kind": "follow_the_sun", "time_zone": "UTC", "order": squad.all(&["Bo", "Cy"]) });
    squad.rotate("sun", sun)
}

fn overrides_of(squad: &Squad) -> String {
    format!("/rotations/{}/overrides", squad.rotation)
}

/// What somebody makes for others, of days that begin with `first` and of Bo's week.
fn made_by(squad: &Squad, who: &str, sun: &str, first: u32) -> Made {
    let given =
        json!({ "start": day(first + 14), "end": day(first + 15), "person_id": squad.id("Cy") });
    let pause = json!({
        "person_id": squad.id("Bo"), "start": day(first), "end": day(first + 1),
        "covered_by": squad.all(&["Cy"]),
    });
    let pause_path = format!("/rotations/{}/pause", squad.rotation);
    let covers = squad.post(who, &pause_path, &pause).expect(201);
    let mut cover = squad.cover(&day(first + 1), &day(first + 2), &["Cy"]);
    cover["person_id"] = json!(squad.id("Bo"));
    let turns = squad.weekly(&format!("turns of {who}"), &["Ana", "Bo"]);
    let order = json!({ "order": squad.all(&["Bo"]), "effective_from": day(20) });
    let revisions = format!("/rotations/{turns}/revisions");
    squad.post(who, &revisions, &order).expect(201);
    let webhooks = format!("/rotations/{sun}/incident-webhooks");
    let incident =
        json!({ "reference": format!("INC-{who}"), "title": "Down", "rotation_id": sun });
    Made {
        others: id(&squad.post(who, &overrides_of(squad), &given).expect(201)),
        pause: id(&covers["items"][0]),
        swap: id(&squad.open(who, &cover)),
        webhook: id(&squad
            .post(who, &webhooks, &json!({ "name": who }))
            .expect(201)),
        revision: format!("{revisions}/2"),
        incident: id(&squad.post(who, "/incidents", &incident).expect(201)),
    }
}

/// What can be done to what was made: what it is called, the request, and what comes of it for whoever has lost the role
/// in which they made it.
fn actions(
    made: &Made,
    sun: &str,
    squad: &Squad,
) -> Vec<(&'static str, Method, String, Value, u16)> {
    let post = |path: String| (Method::POST, path);
    let delete = |path: String| (Method::DELETE, path);
    let row = |what, (method, path), body, status| (what, method, path, body, status);
    let incident = &made.incident;
    vec![
        row(
            "end the override",
            delete(format!("/overrides/{}", made.others)),
            Value::Null,
            403,
        ),
        row(
            "end the pause",
            delete(format!("/overrides/{}", made.pause)),
            Value::Null,
            403,
        ),
        row(
            "withdraw the request",
            post(format!("/swaps/{}/withdraw", made.swap)),
            Value::Null,
            403,
        ),
        row(
            "revoke the webhook",
            delete(format!("/incident-webhooks/{}", made.webhook)),
            Value::Null,
            403,
        ),
        row(
            "list webhooks",
            (Method::GET, format!("/rotations/{sun}/incident-webhooks")),
            Value::Null,
            403,
        ),
        row(
            "take back the revision",
            delete(made.revision.clone()),
            Value::Null,
            403,
        ),
        row(
            "name a watcher",
            post(format!("/incidents/{incident}/raise-hand")),
            json!({ "person_id": squad.id("Bo") }),
            403,
        ),
        // Who declared an incident works on it, whatever else they are.
        row(
            "work on the incident",
            (Method::PATCH, format!("/incidents/{incident}")),
            json!({ "stage": "identified" }),
            200,
        ),
    ]
}

fn walk(squad: &Squad, who: &str, lost: &str, made: &Made, sun: &str) {
    for (what, method, path, body, status) in actions(made, sun, squad) {
        let mut request = squad.request(who, method, &path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = send(request);
        assert_eq!(answer.status, status, "{lost}: {what}: {}", answer.text);
    }
}

#[test]
fn a_former_manager_and_a_former_administrator_end_nothing_that_they_made() {
    let squad = Squad::new();
    let sun = sun(&squad);
    let managers = made_by(&squad, "Max", &sun, 10);
    let administrators = made_by(&squad, "Ada", &sun, 12);
    let nobody = json!({ "managers": [] });
    squad.server.patch("/teams/flags", &nobody).expect(200);
    walk(&squad, "Max", "a member who was a manager", &managers, &sun);
    let leave = json!({ "person_id": squad.id("Max") });
    squad.server.post("/teams/flags/leave", &leave).expect(200);
    walk(
        &squad,
        "Max",
        "a manager who left the team",
        &managers,
        &sun,
    );
    let member = json!({ "role": "member" });
    let path = format!("/people/{}", squad.id("Ada"));
    squad.server.patch(&path, &member).expect(200);
    walk(
        &squad,
        "Ada",
        "a former administrator",
        &administrators,
        &sun,
    );
    // The page offers no more than that.
    let page = format!("/rotations/{}", squad.rotation);
    let mut browser = Browser::signed_in(&squad.server, "max@example.com");
    let shown = browser.get(&page).expect(200);
    assert!(
        !shown.contains(&format!("overrides/{}/end", managers.others)),
        "{shown}"
    );
}

#[test]
fn whoever_gave_their_own_time_takes_it_back_until_they_only_look() {
    let squad = Squad::new();
    let give = |who: &str, from: u32, to: &str| {
        let body = json!({ "start": day(from), "end": day(from + 1), "person_id": squad.id(to) });
        id(&squad.post(who, &overrides_of(&squad), &body).expect(201))
    };
    let end = |who: &str, made: &str| squad.delete(who, &format!("/overrides/{made}")).status;
    // A member takes back what they gave, also where a manager gave a part of it on.
    let plain = give("Bo", 10, "Cy");
    give("Max", 10, "Ana");
    assert_eq!(end("Bo", &plain), 200);
    // Of the team or not: it is their time.
    let guests = give("Bo", 12, "Cy");
    let leave = json!({ "person_id": squad.id("Bo"), "remove_from_rotations": false });
    squad.server.post("/teams/flags/leave", &leave).expect(200);
    assert_eq!(end("Bo", &guests), 200);
    // A viewer does not, nor does a token that reads.
    let viewers = give("Cy", 17, "Ana");
    let reading = squad.reading_token("Cy");
    let path = format!("/overrides/{viewers}");
    let request = squad.server.with_token(&reading, Method::DELETE, &path);
    assert_eq!(send(request).status, 403);
    let viewer = json!({ "role": "viewer" });
    let cy = format!("/people/{}", squad.id("Cy"));
    squad.server.patch(&cy, &viewer).expect(200);
    assert_eq!(end("Cy", &viewers), 403);
    // Whoever has no turn any more gives none back to themselves.
    squad
        .server
        .patch(&cy, &json!({ "role": "member" }))
        .expect(200);
    let order = json!({ "order": squad.all(&["Ana", "Bo"]), "effective_from": day(16) });
    let revisions = format!("/rotations/{}/revisions", squad.rotation);
    squad.server.post(&revisions, &order).expect(201);
    assert_eq!(end("Cy", &viewers), 403);
    assert_eq!(end("Max", &viewers), 200);
    assert_eq!(end("Max", &viewers), 409);
}
