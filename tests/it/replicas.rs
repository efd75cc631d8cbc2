//! Several programs on one database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use dogwatch::clock::SystemClock;
use dogwatch::startup;
use reqwest::Method;
use serde_json::json;

use crate::harness::server::{config, send};
use crate::harness::{Database, Server};

/// How soon others see what was written.
const SOON: Duration = Duration::from_secs(1);

/// Waits until it is so.
#[track_caller]
fn soon(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < SOON, "not soon enough");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_change_is_seen_at_once_here_and_soon_by_the_other_replica() {
    let database = Arc::new(Database::new());
    let one = Server::start_on(Arc::clone(&database), &[]);
    if database.url.starts_with("sqlite:") {
        let refused = startup::prepare(&config(&database, &[]), Arc::new(SystemClock));
        let error = format!("{:#}", refused.err().expect("a file has one server"));
        assert!(
            error.contains("DATABASE_URL") && error.contains("another server"),
            "{error}"
        );
        return;
    }
    let other = Server::start_on(database, &[]);
    assert_eq!(other.token, "", "there is an administrator");
    let mut waits = Vec::new();
    for number in 0..20 {
        let team =
            json!({ "slug": format!("flags-{number}"), "name": "Flags", "time_zone": "UTC" });
        one.post("/teams", &team).expect(201);
        let path = format!("/teams/flags-{number}");
        one.get(&path).expect(200);
        let written = Instant::now();
        soon(|| send(other.with_token(&one.token, Method::GET, &path)).status == 200);
        waits.push(written.elapsed());
    }
    waits.sort();
    // Half of them sooner than the other replica would have looked by itself: it was told.
    assert!(waits[10] < Duration::from_millis(200), "{waits:?}");
}

#[test]
fn a_token_made_by_command_is_known_soon() {
    let server = Server::start();
    let made = Command::cargo_bin("dogwatch")
        .unwrap()
        .env_clear()
        .env("DATABASE_URL", &server.database.url)
        .args(["token", "create", "--email", "administrator@localhost"])
        .assert()
        .success();
    let token = String::from_utf8(made.get_output().stdout.clone()).unwrap();
    let known = || send(server.with_token(token.trim(), Method::GET, "/people")).status == 200;
    soon(known);
}

#[test]
fn with_the_database_away_reads_go_on_and_writes_say_so() {
    let server = Server::start();
    let team = |slug: &str| json!({ "slug": slug, "name": "Flags", "time_zone": "UTC" });
    server.post("/teams", &team("before")).expect(201);
    if !server.database.set_away(true) {
        return;
    }
    let refused = server.post("/teams", &team("meanwhile"));
    assert!(!refused.header("retry-after").is_empty());
    let problem = refused.problem(503).to_string();
    assert!(
        !problem.contains("ALLOW") && !problem.contains("it_"),
        "{problem}"
    );

    let ready = || send(server.bare(Method::GET, "/readyz")).expect(200);
    let begun = Instant::now();
    while ready()["degraded"] == false && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(ready()["degraded_since"].is_string());
    let duties = server.get("/on-duty");
    assert!(!duties.header("dogwatch-stale-since").is_empty());
    duties.expect(200);
    server.get("/teams/before").expect(200);

    server.database.set_away(false);
    let begun = Instant::now();
    while ready()["degraded"] == true && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.get("/on-duty").header("dogwatch-stale-since"), "");
    server.get("/teams/meanwhile").problem(404);
    server.post("/teams", &team("after")).expect(201);
}
