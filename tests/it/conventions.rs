//! What holds for every address.

use reqwest::Method;

use crate::harness::Server;
use crate::harness::server::send;

#[test]
fn unknown_addresses_are_problems() {
    let server = Server::start();
    for path in ["/api/v1/nothing", "/api/v2/people", "/api", "/nothing", "/"] {
        send(server.bare(Method::GET, path)).problem(404);
    }
    let feed = send(server.bare(Method::GET, "/feeds/nothing.ics"));
    assert_eq!(feed.status, 404);
    assert!(feed.header("content-type").starts_with("text/plain"));
}

#[test]
fn every_answer_has_a_request_id() {
    let server = Server::start();
    let own = send(server.bare(Method::GET, "/healthz"));
    assert!(!own.header("x-request-id").is_empty());
    let with = |id: &str| {
        let request = server
            .bare(Method::GET, "/healthz")
            .header("x-request-id", id);
        send(request).header("x-request-id").to_owned()
    };
    assert_eq!(with("abc-1"), "abc-1");
    assert_ne!(with("a b"), "a b");
}
