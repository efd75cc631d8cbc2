//! The same request again, by its `Idempotency-Key`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::conventions::person;
use crate::harness::Server;
use crate::harness::server::send;

#[test]
fn the_same_request_twice_counts_once() {
    let server = Server::start();
    let send_once = |key: &str, body: &Value| {
        let request = server
            .request(Method::POST, "/people")
            .header("idempotency-key", key);
        send(request.json(body))
    };
    let first = send_once("one", &person(1));
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = send_once("one", &person(1));
    assert_eq!(again.header("idempotency-replayed"), "true");
    for header in ["etag", "location", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!((again.status, &again.text), (201, &first.text));

    send_once("one", &person(2)).problem(422);
    send_once("two", &person(2)).expect(201);
    send_once("", &person(3)).problem(422);
    send_once(&"x".repeat(256), &person(3)).problem(422);

    // What failed was not done, so its key is still free.
    send_once("three", &json!({ "name": "" })).problem(422);
    send_once("three", &person(3)).expect(201);

    // After a day the key is forgotten, and the request is a new one.
    server.at("2026-03-03T09:00:01Z");
    assert_eq!(send_once("one", &person(1)).pointers(), ["/email"]);
    send_once("one", &person(4)).expect(201);
}

#[test]
fn a_key_belongs_to_an_actor_and_a_route() {
    let server = Server::start();
    let other = dogwatch::service::operator::create_token(
        &server.app,
        &dogwatch::service::operator::NewToken {
            email: "grace@example.org".to_owned(),
            name: "test".to_owned(),
            scope: dogwatch::service::Scope::Write,
            administrator: Some("Grace".to_owned()),
        },
    )
    .unwrap();
    for (number, token) in [&server.token, &other].into_iter().enumerate() {
        let request = server
            .with_token(token, Method::POST, "/people")
            .header("idempotency-key", "same");
        send(request.json(&person(number))).expect(201);
    }
    let team = json!({ "slug": "a", "name": "A", "time_zone": "UTC" });
    let request = server
        .request(Method::POST, "/teams")
        .header("idempotency-key", "same");
    send(request.json(&team)).expect(201);
}

#[test]
fn a_repeated_answer_has_no_secret() {
    let server = Server::start();
    let id = server.get("/people").expect(200)["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let make = || {
        let request = server
            .request(Method::POST, &format!("/people/{id}/tokens"))
            .header("idempotency-key", "one");
        send(request.json(&json!({ "name": "laptop", "scope": "read" }))).expect(201)
    };
    let (first, again) = (make(), make());
    assert!(first["token"].is_string());
    assert!(again["token"].is_null());
    assert_eq!(first["id"], again["id"]);

    let token = first["token"].as_str().unwrap();
    send(server.with_token(token, Method::GET, "/people")).expect(200);
    send(
        server
            .with_token(token, Method::POST, "/people")
            .json(&person(1)),
    )
    .problem(403);

    server
        .delete(&format!("/tokens/{}", first["id"].as_str().unwrap()))
        .expect(204);
    send(server.with_token(token, Method::GET, "/people")).problem(401);
}

#[test]
fn of_many_at_once_one_is_done() {
    let server = Server::start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let request = server
                        .request(Method::POST, "/people")
                        .header("idempotency-key", "at once");
                    send(request.json(&person(1))).status
                })
            })
            .collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(
        statuses.iter().all(|status| [201, 409].contains(status)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&201));
    assert_eq!(
        server.get("/people").expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
