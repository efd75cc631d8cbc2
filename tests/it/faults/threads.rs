//! Threads and requests that panic.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use dogwatch::config::LogFormat;
use reqwest::Method;
use serde_json::json;

use super::{has, reasons_of, soon, team};
use crate::harness::mailbox::mailed;
use crate::harness::server::send;
use crate::harness::{Database, Server};

fn metrics(server: &Server) -> String {
    send(server.bare(Method::GET, "/metrics")).text
}

/// The value of a metric with its labels. Tests run in one process and share the metrics.
fn metric(server: &Server, name: &str) -> u64 {
    let metrics = metrics(server);
    let value = metrics.lines().find_map(|line| line.strip_prefix(name));
    value.map_or(0, |value| value.trim().parse().unwrap())
}

/// Makes a thread panic, and waits until that is known.
fn panics(server: &Server, thread: &'static str) {
    let counted = format!("dogwatch_thread_restarts_total{{thread=\"{thread}\"}}");
    let before = metric(server, &counted);
    server.app.threads.inject_panic(thread);
    // The listener is woken by a change; nobody else minds.
    let number = usize::try_from(before).unwrap();
    let change =
        json!({ "slug": format!("{thread}-{number}"), "name": "Flags", "time_zone": "UTC" });
    server.post("/teams", &change).expect(201);
    soon(&counted, || metric(server, &counted) > before);
    let reason = format!("thread {thread} panicked");
    soon(&reason, || has(&reasons_of(server), &reason));
}

fn ana(server: &Server) {
    let ana = json!({ "name": "Ana", "email": "ana@example.com", "time_zone": "UTC" });
    server.post("/people", &ana).expect(201);
}

/// Has a link to sign in mailed to Ana.
fn ask_for_link(server: &Server) {
    let now = server.clock_now();
    let asked = server.app.mail_link(
        "ana@example.com",
        "",
        dogwatch::service::sessions::Links::Several,
        now,
    );
    asked.unwrap();
}

#[test]
fn every_thread_starts_again_and_is_reported() {
    let server = Server::start();
    ana(&server);
    let mut threads = vec![
        "planner",
        "sign-in-sender",
        "incident-sender",
        "sender",
        "messenger",
        "reader",
        "follower",
    ];
    if !Database::is_sqlite() {
        threads.push("listener");
    }
    for thread in &threads {
        panics(&server, thread);
    }
    // The sender sends again.
    ask_for_link(&server);
    soon("a mail leaves", || !mailed(&server).is_empty());
    // The others look again: what waits to panic there does so.
    std::thread::sleep(Duration::from_millis(1_500));
    for thread in &threads {
        panics(&server, thread);
    }
}

/// The log is one for the whole process, so this test has a process of its own: this program again, with this test only.
#[test]
fn a_log_thread_that_panics_is_reported_and_writes_on() {
    const ALONE: &str = "DOGWATCH_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return the_log_panics();
    }
    let name = "faults::threads::a_log_thread_that_panics_is_reported_and_writes_on";
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(ALONE, "yes")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{printed}");
    assert!(printed.contains("written after the panic"), "{printed}");
}

fn the_log_panics() {
    dogwatch::telemetry::log("info", LogFormat::Text);
    let server = Server::start();
    // The follower has to have looked once before.
    let counted = "dogwatch_thread_restarts_total{thread=\"log\"}";
    soon("it is watched", || metrics(&server).contains(counted));
    dogwatch::telemetry::inject_log_panic();
    soon("it is reported", || {
        has(&reasons_of(&server), "thread log panicked")
    });
    assert_eq!(metric(&server, counted), 1);
    tracing::info!("written after the panic");
    dogwatch::telemetry::flush();
}

#[test]
fn alert_rules_name_metrics_that_exist() {
    let server = Server::start();
    ana(&server);
    let rules = include_str!("../../../docs/alerts.yml");
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let names = rules.match_indices("dogwatch_").map(|(start, _)| {
        let rest = &rules[start..];
        rest.split(|letter| !is_part(letter)).next().unwrap()
    });
    for name in names {
        soon(name, || {
            metrics(&server).contains(&format!("# TYPE {name} "))
        });
    }
}

#[test]
fn a_follower_that_panicked_follows_again() {
    let server = Server::start();
    panics(&server, "follower");
    let config = crate::harness::server::config(&server.database, &[]);
    let store = dogwatch::startup::open_store(&config).unwrap();
    let version = server.app.snapshots.current().version();
    store
        .write::<_, dogwatch::storage::StoreError>(|tx| {
            tx.changed(dogwatch::storage::Change::Tokens);
            Ok(())
        })
        .unwrap();
    soon("the change is seen", || {
        server.app.snapshots.current().version() > version
    });
}

#[test]
fn the_renewal_of_a_claim_starts_again() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in silent.incoming() {
            std::thread::sleep(Duration::from_secs(1));
            drop(stream);
        }
    });
    let smtp = format!("smtp://127.0.0.1:{port}");
    let server = Server::start_with(&[("DOGWATCH_SMTP_URL", &smtp)]);
    ana(&server);
    server.app.threads.inject_panic("renewal");
    ask_for_link(&server);
    soon("it is reported", || {
        has(&reasons_of(&server), "thread renewal panicked")
    });
}

#[test]
fn a_mail_that_panics_is_tried_again_and_holds_up_nobody() {
    let server = Server::start_still(&[]);
    ana(&server);
    ask_for_link(&server);
    ask_for_link(&server);
    server.app.threads.inject_panic("mail");
    let worker = server.another_worker();
    worker.pass(|| false).unwrap();
    assert_eq!(mailed(&server).len(), 1);
    let waiting = server.get("/outbox?state=pending").expect(200);
    let error = waiting["items"][0]["last_error"].as_str().unwrap();
    assert!(error.contains("panicked"), "{waiting}");
    server.at("2026-03-02T09:10:00Z");
    worker.pass(|| false).unwrap();
    assert_eq!(mailed(&server).len(), 2);
}

#[test]
fn a_request_that_panics_is_answered() {
    let server = Server::start();
    let counted = "dogwatch_panics_total{place=\"request\"}";
    let before = metric(&server, counted);
    server.app.threads.inject_panic("request");
    let answer = server.post("/teams", &team(1));
    assert!(!answer.header("x-request-id").is_empty());
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let problem = answer.problem(500);
    assert!(!problem.to_string().contains("panic"), "{problem}");
    assert!(metric(&server, counted) > before);
    server.post("/teams", &team(1)).expect(201);
    assert_eq!(reasons_of(&server), [""; 0]);
}
