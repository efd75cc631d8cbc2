//! What one address or one person may do how often, and that nobody who is right is ever locked out.

use reqwest::Method;
use serde_json::json;

use crate::harness::Server;
use crate::harness::server::{Answer, send};

/// Asks for a list with this token, as a proxy does for somebody at this address.
fn ask(server: &Server, token: &str, from: &str) -> Answer {
    let request = server.with_token(token, Method::GET, "/people");
    send(request.header("x-forwarded-for", from))
}

/// How often it can be asked until it is too often, and the answer then.
fn until_refused(mut ask: impl FnMut() -> Answer) -> (usize, Answer) {
    for count in 0..10_000 {
        let answer = ask();
        if answer.status == 429 {
            return (count, answer);
        }
    }
    panic!("it is never too often");
}

#[test]
fn whoever_guesses_tokens_has_to_wait() {
    let server = Server::start_with(&[("DOGWATCH_TRUSTED_PROXIES", "127.0.0.0/8")]);
    let (count, refused) = until_refused(|| ask(&server, "dw_wrong", "192.0.2.1"));
    assert!(count >= 30, "{count} mistakes are not many");
    assert_eq!(refused.header("retry-after"), "2");
    refused.problem(429);

    ask(&server, &server.token, "192.0.2.1").expect(200);
    ask(&server, "dw_wrong", "192.0.2.2").problem(401);
    // Who names no token guesses none.
    send(
        server
            .bare(Method::GET, "/api/v1/people")
            .header("x-forwarded-for", "192.0.2.1"),
    )
    .problem(401);
    server.at("2026-03-02T09:00:02Z");
    ask(&server, "dw_wrong", "192.0.2.1").problem(401);
    ask(&server, "dw_wrong", "192.0.2.1").problem(429);
}

#[test]
fn nobody_names_themselves_another_address() {
    let server = Server::start_with(&[("DOGWATCH_TRUSTED_PROXIES", "10.0.0.0/8, ::1")]);
    let mut number = 0;
    until_refused(|| {
        number += 1;
        ask(&server, "dw_wrong", &format!("192.0.2.{number}"))
    });
}

#[test]
fn whoever_guesses_calendars_has_to_wait() {
    let server = Server::start();
    let feed = server
        .post("/feeds", &json!({ "scope": { "all": true } }))
        .expect(201);
    let path = feed["url"]
        .as_str()
        .unwrap()
        .rsplit_once("/feeds/")
        .unwrap()
        .1
        .to_owned();
    let poll = |name: &str| send(server.bare(Method::GET, &format!("/feeds/{name}")));
    let (count, refused) = until_refused(|| poll("nothing.ics"));
    assert!(count >= 30, "{count} mistakes are not many");
    assert_eq!(refused.header("retry-after"), "2");
    assert!(refused.header("content-type").starts_with("text/plain"));
    assert_eq!(
        poll(&path).status,
        200,
        "who has a calendar goes on reading it"
    );
}

#[test]
fn one_person_makes_no_end_of_tokens() {
    let server = Server::start();
    let me = server.get("/people").expect(200)["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    // What cannot be made counts too: it costs a transaction.
    let bad = json!({ "name": "", "scope": "read" });
    let (count, refused) = until_refused(|| server.post(&format!("/people/{me}/tokens"), &bad));
    assert!(count >= 100, "{count} tokens are not many");
    assert_eq!(refused.header("retry-after"), "6");
    refused.problem(429);
    server
        .post("/feeds", &json!({ "scope": { "all": true } }))
        .problem(429);
    server.get("/people").expect(200);
}
