//! Nothing made with a token exceeds the token.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::browser::Browser;
use crate::harness::server::{Answer, send};
use crate::swaps::squad::Squad;

const SOON: &str = "2026-03-03T09:00:00Z";
const LATER: &str = "2026-03-04T09:00:00Z";

/// A token that was made: its id, and itself.
struct Made {
    id: String,
    token: String,
}

fn ask(squad: &Squad, with: &str, owner: &str, body: &Value) -> Answer {
    let path = format!("/people/{}/tokens", squad.id(owner));
    send(
        squad
            .server
            .with_token(with, Method::POST, &path)
            .json(body),
    )
}

fn make(squad: &Squad, with: &str, owner: &str, expires_at: Option<&str>) -> Made {
    let body = json!({ "name": "made", "scope": "write", "expires_at": expires_at });
    let made = ask(squad, with, owner, &body).expect(201);
    Made {
        id: made["id"].as_str().unwrap().to_owned(),
        token: made["token"].as_str().unwrap().to_owned(),
    }
}

/// What somebody is told who comes with this token.
fn status(squad: &Squad, token: &str) -> u16 {
    send(squad.server.with_token(token, Method::GET, "/teams")).status
}

/// Makes a feed; the path of its address.
fn feed(squad: &Squad, with: &str) -> (Value, String) {
    let request = squad.server.with_token(with, Method::POST, "/feeds");
    let made = send(request.json(&json!({ "scope": { "all": true } }))).expect(201);
    let url = made["url"].as_str().unwrap();
    let path = url.strip_prefix(&squad.server.url).unwrap().to_owned();
    (made, path)
}

fn polled(squad: &Squad, path: &str) -> u16 {
    send(squad.server.bare(Method::GET, path)).status
}

fn revoke(squad: &Squad, id: &str) {
    squad.server.delete(&format!("/tokens/{id}")).expect(204);
}

#[test]
fn a_token_that_ends_makes_none_that_ends_later() {
    let squad = Squad::new();
    let root = squad.token_of("Ana").to_owned();
    let short = make(&squad, &root, "Ana", Some(SOON));
    for bad in [json!(null), json!(LATER), json!("2026-03-03T09:00:01Z")] {
        let body = json!({ "name": "x", "scope": "read", "expires_at": bad });
        let refused = ask(&squad, &short.token, "Ana", &body);
        assert_eq!(refused.pointers(), ["/expires_at"], "{bad}");
    }
    let never = json!({ "name": "x", "scope": "read" });
    assert_eq!(
        ask(&squad, &short.token, "Ana", &never).pointers(),
        ["/expires_at"]
    );
    let same = make(&squad, &short.token, "Ana", Some(SOON));
    let deeper = make(&squad, &same.token, "Ana", Some("2026-03-02T10:00:00Z"));
    squad.server.at("2026-03-02T10:00:00Z");
    assert_eq!(status(&squad, &deeper.token), 401);
    assert_eq!(status(&squad, &same.token), 200);
    // The same holds of what an administrator makes for somebody else.
    let admins = make(&squad, squad.token_of("Ada"), "Ada", Some(SOON));
    assert_eq!(
        ask(&squad, &admins.token, "Bo", &never).pointers(),
        ["/expires_at"]
    );
    make(&squad, &admins.token, "Bo", Some(SOON));
    // What has no end may make what has none.
    make(&squad, &root, "Ana", None);
}

#[test]
fn a_token_that_reads_makes_nothing() {
    let squad = Squad::new();
    let reading = squad.reading_token("Ana");
    let body = json!({ "name": "x", "scope": "read" });
    ask(&squad, &reading, "Ana", &body).problem(403);
    let request = squad.server.with_token(&reading, Method::POST, "/feeds");
    send(request.json(&json!({ "scope": { "all": true } }))).problem(403);
}

#[test]
fn revoking_a_token_ends_what_it_made_for_its_own_person() {
    let squad = Squad::new();
    let first = make(&squad, squad.token_of("Ada"), "Ada", None);
    let second = make(&squad, &first.token, "Ada", None);
    let third = make(&squad, &second.token, "Ada", None);
    let others = make(&squad, &first.token, "Bo", None);
    let (_, own_feed) = feed(&squad, &first.token);
    let (_, deep_feed) = feed(&squad, &third.token);
    let (_, others_feed) = feed(&squad, &others.token);
    assert_eq!(polled(&squad, &deep_feed), 200);

    revoke(&squad, &first.id);
    for dead in [&first, &second, &third] {
        assert_eq!(status(&squad, &dead.token), 401);
    }
    assert_eq!(
        [polled(&squad, &own_feed), polled(&squad, &deep_feed)],
        [410; 2]
    );
    // What was made for somebody else is theirs.
    assert_eq!(status(&squad, &others.token), 200);
    assert_eq!(polled(&squad, &others_feed), 200);
    assert_eq!(status(&squad, squad.token_of("Ada")), 200);
    // It is written down, and shown.
    let path = format!("/people/{}/tokens", squad.id("Ada"));
    let listed = squad.server.get(&path).expect(200);
    let third_is = listed["items"].as_array().unwrap().iter();
    let third_is = third_is.clone().find(|one| one["id"] == third.id).unwrap();
    assert!(third_is["revoked_at"].is_string(), "{third_is}");
    assert_eq!(third_is["made_by"], second.id);
    let audit = squad.server.get("/audit?action=token.revoke").expect(200);
    assert_eq!(audit["items"].as_array().unwrap().len(), 3);
}

#[test]
fn a_token_that_expires_ends_its_feeds() {
    let squad = Squad::new();
    let short = make(&squad, squad.token_of("Ana"), "Ana", Some(SOON));
    let (made, path) = feed(&squad, &short.token);
    assert_eq!(made["expires_at"], SOON);
    let (lasting, lasting_path) = feed(&squad, squad.token_of("Ana"));
    assert_eq!(lasting["expires_at"], Value::Null);
    squad.server.at("2026-03-03T08:59:59Z");
    assert_eq!(polled(&squad, &path), 200);
    squad.server.at(SOON);
    assert_eq!(polled(&squad, &path), 410);
    assert_eq!(polled(&squad, &lasting_path), 200);
}

#[test]
fn what_the_bootstrap_token_and_sessions_make_stays() {
    let bootstrap = "a-bootstrap-token-of-some-length";
    let server = Server::start_with(&[("DOGWATCH_BOOTSTRAP_TOKEN", bootstrap)]);
    assert_eq!(server.token, "", "there is no other administrator");
    let person = json!({ "name": "Ada", "email": "ada@example.com", "time_zone": "UTC", "role": "administrator" });
    let request = server.with_token(bootstrap, Method::POST, "/people");
    let ada = send(request.json(&person)).expect(201);
    let id = ada["id"].as_str().unwrap();
    let mut browser = Browser::signed_in(&server, "ada@example.com");
    browser.get("/me/access").expect(200);
    let page = browser
        .submit(
            "/me/tokens",
            &[("name", "mine"), ("scope", "write"), ("expires_at", "")],
        )
        .expect(200);
    let token = page.split("class=\"secret\">").nth(1).unwrap();
    let token = token.split('<').next().unwrap().to_owned();
    // Whoever signs in is the root of what they make: signing out ends none of it.
    browser.get("/").expect(200);
    browser.submit("/sign-out", &[]);
    let tokens = server.with_token(&token, Method::GET, &format!("/people/{id}/tokens"));
    let found = send(tokens).expect(200);
    assert_eq!(found["items"][0]["made_by"], Value::Null);
}
