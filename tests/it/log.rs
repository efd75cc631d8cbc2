//! What is in the log, and what is not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::harness::Database;
use crate::harness::program::Program;
use crate::harness::server::client;

const BOOTSTRAP: &str = "a-very-secret-token-of-the-first-hour";

#[test]
fn no_secret_comes_into_the_log_and_it_stops_when_told() {
    let database = Database::new();
    let settings = [
        ("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP),
        ("DOGWATCH_LOG", "trace"),
    ];
    let program = Program::serve(&database, &settings);
    dogwatch::startup::install_tls();
    let client = client().build().unwrap();
    let get = |path: &str, token: &str| {
        let request = client.get(format!("{}{path}", program.url));
        request.bearer_auth(token).send().unwrap().status().as_u16()
    };
    assert_eq!(
        get("/api/v1/people?email=private@example.org", BOOTSTRAP),
        200
    );
    assert_eq!(get("/api/v1/people", "a-wrong-token-is-secret-too"), 401);
    get("/feeds/a-secret-feed.ics", BOOTSTRAP);
    get("/feeds/a-secret-feed/name.ics", BOOTSTRAP);
    let body = r#"{"name": "secret", "email": "not an address"}"#;
    let request = client.post(format!("{}/api/v1/people", program.url));
    let status = request
        .bearer_auth(BOOTSTRAP)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .unwrap()
        .status();
    assert_eq!(status.as_u16(), 422);

    let log = program.stop();
    assert!(log.contains("stopped"));
    assert!(
        log.contains("/api/v1/people"),
        "requests are in the log: {log}"
    );
    for secret in [
        BOOTSTRAP,
        "a-wrong-token",
        "a-secret-feed",
        "private@example.org",
        "not an address",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

#[test]
fn a_stranger_does_not_fill_the_log() {
    let database = Database::new();
    let program = Program::serve(&database, &[]);
    let address = program.url.strip_prefix("http://").unwrap();
    for nonsense in [
        "\u{16}\u{3}\u{1}\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(nonsense.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    let log = program.stop();
    assert!(!log.contains("ERROR"), "{log}");
}
