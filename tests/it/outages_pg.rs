//! PostgreSQL that stops, a network that goes down or falls silent, and what happens then: duties are answered,
//! changes say that they cannot be made and are not made by halves, and afterwards all is as if nothing had been.
//!
//! These tests need PostgreSQL; on SQLite there is nothing to lose.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dogwatch::clock::SystemClock;
use dogwatch::startup;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::cluster::{Cluster, Stop};
use crate::harness::network::{Network, State};
use crate::harness::server::{Answer, config, send};
use crate::harness::{Database, Server};

/// How long a caller waits at most for the word that the database is away.
const BOUND: Duration = Duration::from_secs(12);

/// How long it takes until the database is known to be away, or back.
const KNOWN: Duration = Duration::from_secs(20);

fn team(slug: &str) -> Value {
    json!({ "slug": slug, "name": "Flags", "time_zone": "UTC" })
}

/// Somebody who has the duty, and where it is asked: the duty and a feed.
fn hero(server: &Server) -> (String, String) {
    let text = |made: &Value, member: &str| made[member].as_str().unwrap().to_owned();
    let ana = json!({ "name": "Ana", "email": "ana@example.com", "time_zone": "Europe/London" });
    let ana = text(&server.post("/people", &ana).expect(201), "id");
    server.post("/teams", &team("flags")).expect(201);
    let rotation = json!({
        "name": "hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-02-23T10:00:00", "rule": "FREQ=WEEKLY" }, "order": [ana],
    });
    let made = server.post("/teams/flags/rotations", &rotation).expect(201);
    let hero = text(&made, "id");
    let feed = json!({ "scope": { "rotation_id": hero } });
    let url = text(&server.post("/feeds", &feed).expect(201), "url");
    let feed = format!("/feeds/{}", url.rsplit_once("/feeds/").unwrap().1);
    (format!("/rotations/{hero}/on-duty"), feed)
}

/// What calendars are told in an outage is what they were told before it.
fn publish(server: &Server, feed: &str) {
    assert_eq!(send(server.bare(Method::GET, feed)).status, 200);
}

/// An answer that must come at once.
#[track_caller]
fn quickly(ask: impl FnOnce() -> Answer) -> Answer {
    let begun = Instant::now();
    let answer = ask();
    assert!(begun.elapsed() < Duration::from_secs(1));
    answer
}

/// What is refused while the database is away, in a bounded time.
#[track_caller]
fn is_refused(ask: impl FnOnce() -> Answer) {
    let begun = Instant::now();
    let refused = ask();
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    assert!(!refused.header("retry-after").is_empty());
    refused.problem(503);
}

#[track_caller]
fn until_degraded_is(server: &Server, expected: bool) -> Value {
    let begun = Instant::now();
    loop {
        let ready = send(server.bare(Method::GET, "/readyz")).expect(200);
        if ready["degraded"] == expected {
            return ready;
        }
        assert!(begun.elapsed() < KNOWN, "degraded is not {expected}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// With the database away duties and feeds are answered, and say since when they are stale.
fn answers_go_on(server: &Server, duty: &str, feed: &str) {
    let since = until_degraded_is(server, true)["degraded_since"].clone();
    assert_eq!(since, "2026-03-02T09:00:00Z");
    assert_eq!(send(server.bare(Method::GET, "/healthz")).status, 200);
    let answer = quickly(|| server.get(duty));
    assert_eq!(answer.header("dogwatch-stale-since"), since);
    let answer = answer.expect(200);
    assert_eq!(answer["person"]["name"], "Ana");
    assert_eq!(answer["stale_since"], since);
    let all = quickly(|| server.get("/on-duty")).expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    let feed = quickly(|| send(server.bare(Method::GET, feed)));
    assert_eq!(feed.status, 200, "{}", feed.text);
    assert!(feed.text.contains("Support Hero"));
}

/// Afterwards nothing is stale, and changes are made again.
fn all_is_well(server: &Server, duty: &str, slug: &str) {
    until_degraded_is(server, false);
    let answer = server.get(duty);
    assert_eq!(answer.header("dogwatch-stale-since"), "");
    assert_eq!(answer.expect(200)["stale_since"], Value::Null);
    server.post("/teams", &team(slug)).expect(201);
    server.get(&format!("/teams/{slug}")).expect(200);
}

/// The slugs of all teams, and those of which the audit log says that they were made: these must be the same.
fn made_and_logged(server: &Server) -> [BTreeSet<String>; 2] {
    let ids = |path: &str, member: &str| {
        let (mut found, mut cursor) = (BTreeSet::new(), String::new());
        loop {
            let page = server.get(&format!("{path}limit=200{cursor}")).expect(200);
            for item in page["items"].as_array().unwrap() {
                found.insert(item[member].as_str().unwrap().to_owned());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    };
    [
        ids("/teams?", "id"),
        ids("/audit?action=team.create&", "subject_id"),
    ]
}

fn duties_go_on_while_postgres_is_stopped(how: Stop) {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let database = Arc::new(Database::at(cluster.url()));
    let server = Server::start_on(Arc::clone(&database), &[]);
    let (duty, feed) = hero(&server);
    publish(&server, &feed);
    // It is stopped in the midst of changes.
    let (made, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done: Vec<(String, u16)> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (server, made, stopped) = (&server, &made, &stopped);
                scope.spawn(move || {
                    let mut done = Vec::new();
                    while !stopped.load(Ordering::SeqCst) {
                        let slug = format!("w{writer}-{}", done.len());
                        let status = server.post("/teams", &team(&slug)).status;
                        made.fetch_add(usize::from(status == 201), Ordering::SeqCst);
                        done.push((slug, status));
                    }
                    done
                })
            })
            .collect();
        while made.load(Ordering::SeqCst) < 6 {
            std::thread::sleep(Duration::from_millis(1));
        }
        cluster.stop(how);
        stopped.store(true, Ordering::SeqCst);
        writers
            .into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    });
    assert!(
        done.iter().all(|(_, status)| matches!(status, 201 | 503)),
        "{done:?}"
    );
    answers_go_on(&server, &duty, &feed);
    is_refused(|| server.post("/teams", &team("meanwhile")));
    is_refused(|| server.get("/audit"));
    let refused = startup::prepare(&config(&database, &[]), Arc::new(SystemClock));
    let error = format!("{:#}", refused.err().expect("no start without a roster"));
    assert!(error.contains("DATABASE_URL"), "{error}");

    cluster.restart();
    all_is_well(&server, &duty, "after");
    for (slug, status) in &done {
        let found = server.get(&format!("/teams/{slug}")).status;
        assert!(
            *status != 201 || found == 200,
            "{slug} was made, and is gone"
        );
    }
    server.get("/teams/meanwhile").problem(404);
    let [made, logged] = made_and_logged(&server);
    assert_eq!(made, logged, "nothing is half done");
}

/// The header of one answer that does not need the database.
fn stale_since(server: &Server) -> String {
    server
        .get("/on-duty")
        .header("dogwatch-stale-since")
        .to_owned()
}

/// How long it takes until answers say that they are stale.
fn until_stale(server: &Server) -> Duration {
    let begun = Instant::now();
    while stale_since(server).is_empty() {
        assert!(begun.elapsed() < KNOWN, "nothing is stale");
        std::thread::sleep(Duration::from_millis(5));
    }
    begun.elapsed()
}

#[test]
fn the_first_answer_after_postgres_stopped_says_that_it_is_stale() {
    for how in [Stop::Fast, Stop::Immediate] {
        let Some(cluster) = Cluster::start() else {
            return;
        };
        let server = Server::start_on(Arc::new(Database::at(cluster.url())), &[]);
        until_it_listens(&cluster);
        assert_eq!(stale_since(&server), "");
        cluster.stop(how);
        // The end of a connection arrives in no time, but its thread has to be woken.
        let took = until_stale(&server);
        assert!(took < Duration::from_millis(500), "{how:?}: {took:?}");
    }
}

/// Waits until the connection stands on which a server hears of changes.
fn until_it_listens(cluster: &Cluster) {
    let begun = Instant::now();
    while !cluster.is_listened_to() {
        assert!(begun.elapsed() < KNOWN, "nobody listens");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn answers_say_within_seconds_that_a_frozen_postgres_left_them_stale() {
    let database = Arc::new(Database::new());
    let Some(address) = database.address() else {
        return;
    };
    let network = Network::before(address);
    let server = Server::start_on(Arc::new(database.through(network.address())), &[]);
    assert_eq!(stale_since(&server), "");
    network.is(State::Silent);
    let took = until_stale(&server);
    assert!(took < Duration::from_secs(4), "{took:?}");
    network.is(State::Open);
    until_degraded_is(&server, false);
    assert_eq!(stale_since(&server), "");
}

#[test]
fn duties_go_on_while_postgres_is_stopped_in_good_order() {
    duties_go_on_while_postgres_is_stopped(Stop::Fast);
}

#[test]
fn duties_go_on_while_postgres_has_crashed() {
    duties_go_on_while_postgres_is_stopped(Stop::Immediate);
}

/// One replica loses its database, while another goes on and writes.
fn duties_go_on_while_the_network_is(trouble: State) {
    let database = Arc::new(Database::new());
    let Some(address) = database.address() else {
        return;
    };
    let other = Server::start_on(Arc::clone(&database), &[]);
    let (duty, feed) = hero(&other);
    let network = Network::before(address);
    let far = Arc::new(database.through(network.address()));
    let mut server = Server::start_on(far, &[]);
    server.token.clone_from(&other.token);
    server.get(&duty).expect(200);
    publish(&server, &feed);

    network.is(trouble);
    is_refused(|| server.post("/teams", &team("refused")));
    answers_go_on(&server, &duty, &feed);
    is_refused(|| server.post("/teams", &team("refused")));
    // Whoever fell silent in the midst of a change holds up nobody for long.
    other.post("/teams", &team("meanwhile")).expect(201);
    let missed = json!({ "name": "Ana Meanwhile" });
    let ana = other.get(&duty).expect(200)["person"]["id"].clone();
    let path = format!("/people/{}", ana.as_str().unwrap());
    other.patch(&path, &missed).expect(200);

    network.is(State::Open);
    all_is_well(&server, &duty, "after");
    server.get("/teams/meanwhile").expect(200);
    server.get("/teams/refused").problem(404);
    assert_eq!(
        server.get(&duty).expect(200)["person"]["name"],
        "Ana Meanwhile"
    );

    // It can be stopped whatever the network does.
    network.is(trouble);
    let begun = Instant::now();
    drop(server);
    assert!(begun.elapsed() < KNOWN, "{:?}", begun.elapsed());
}

#[test]
fn duties_go_on_while_the_network_is_down() {
    duties_go_on_while_the_network_is(State::Down);
}

#[test]
fn duties_go_on_while_the_network_is_silent() {
    duties_go_on_while_the_network_is(State::Silent);
}
