//! What is in the log, and what is not.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use reqwest::blocking::Client;

use crate::harness::Database;

const BOOTSTRAP: &str = "a-very-secret-token-of-the-first-hour";

#[expect(
    clippy::zombie_processes,
    reason = "whoever calls it waits; where it panics, the test has failed"
)]
/// Starts the program and waits until it says where it listens.
fn start(database: &Database) -> (Child, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dogwatch"))
        .arg("serve")
        .env_clear()
        .env("DATABASE_URL", &database.url)
        .env("DOGWATCH_DATA_DIR", database.folder.path())
        .env("DOGWATCH_LISTEN", "127.0.0.1:0")
        .env("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP)
        .env("DOGWATCH_LOG", "trace")
        .env("DOGWATCH_LOG_FORMAT", "json")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap());
    let mut log = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended: {log}");
        log.push_str(&line);
        let event: serde_json::Value = serde_json::from_str(&line).expect("a JSON object a line");
        if event["message"] == "serving" {
            let address = event["address"].as_str().unwrap().to_owned();
            log.push_str(str::from_utf8(lines.buffer()).unwrap());
            return (child, address, log);
        }
    }
}

#[test]
fn no_secret_comes_into_the_log_and_it_stops_when_told() {
    let database = Database::new();
    let (mut child, address, mut log) = start(&database);
    dogwatch::startup::install_tls();
    let client = Client::new();
    let get = |path: &str, token: &str| {
        let request = client.get(format!("http://{address}{path}"));
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
    let request = client.post(format!("http://{address}/api/v1/people"));
    let status = request
        .bearer_auth(BOOTSTRAP)
        .body(body)
        .send()
        .unwrap()
        .status();
    assert_eq!(status.as_u16(), 422);

    let told = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(told.success());
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{log}");
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
