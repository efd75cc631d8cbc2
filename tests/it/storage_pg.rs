//! Transactions that race, the log of what they changed, and the rosters that follow it: where
//! SQLite has one writer at a time, PostgreSQL has many. These tests run on the database of the run.

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use dogwatch::clock::new_id;
use dogwatch::domain::ids::TeamId;
use dogwatch::domain::people::team::Team;
use dogwatch::domain::time::zone::Zone;
use dogwatch::service::SnapshotCache;
use dogwatch::storage::{Change, DatabaseUrl, Store, StoreError, changes, postgres, teams};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::server::{MONDAY, instant, send};
use crate::harness::{Database, Server};

fn open(database: &Database) -> Store {
    dogwatch::startup::install_tls();
    Store::open(&DatabaseUrl::parse(&database.url).unwrap()).unwrap()
}

fn migrated(database: &Database) -> Store {
    let store = open(database);
    store.migrate().unwrap();
    store
}

fn version(store: &Store) -> i64 {
    store.read(changes::version).unwrap()
}

/// Adds a team, and fails after that where it is told to.
fn add_team(store: &Store, slug: &str, fail: bool) -> Result<TeamId, StoreError> {
    let id = TeamId::from_uuid(new_id());
    let team = Team {
        id,
        slug: slug.to_owned(),
        name: slug.to_owned(),
        time_zone: Zone::parse("UTC").unwrap(),
        memberships: Vec::new(),
        version: 1,
    };
    store.write(|tx| {
        teams::insert(tx.db(), &team, instant(MONDAY))?;
        tx.changed(Change::Team(id));
        if fail {
            return Err(StoreError::Internal("told to fail".into()));
        }
        Ok(id)
    })
}

#[test]
fn replicas_that_start_together_do_not_collide() {
    let database = Database::new();
    let together = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                together.wait();
                migrated(&database);
            });
        }
    });
    let store = migrated(&database);
    add_team(&store, "one", false).unwrap();
}

#[test]
fn what_fails_leaves_nothing() {
    let database = Database::new();
    let store = migrated(&database);
    add_team(&store, "kept", false).unwrap();
    let before = version(&store);
    let failed = add_team(&store, "lost", true);
    assert!(matches!(failed, Err(StoreError::Internal(_))), "{failed:?}");
    let twice = add_team(&store, "kept", false);
    assert!(matches!(twice, Err(StoreError::Duplicate)), "{twice:?}");
    assert_eq!(version(&store), before);
    let logged = store.read(|db| changes::since(db, 0, before)).unwrap();
    assert_eq!(logged.unwrap().len(), 1);
    let slugs: Vec<String> = store
        .read(|db| teams::load(db, None))
        .unwrap()
        .into_iter()
        .map(|team| team.slug)
        .collect();
    assert_eq!(slugs, ["kept"]);
    // The connection is of use again.
    add_team(&store, "after", false).unwrap();
}

#[test]
fn a_roster_never_skips_a_commit() {
    const THREADS: usize = 8;
    const EACH: usize = 25;
    let database = Database::new();
    let store = migrated(&database);
    let first = version(&store);
    let done = AtomicBool::new(false);
    let snapshots = SnapshotCache::new();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let store = &store;
                scope.spawn(move || {
                    for number in 0..EACH {
                        add_team(store, &format!("t{thread}-{number}"), false).unwrap();
                    }
                })
            })
            .collect();
        let follower = scope.spawn(|| {
            let mut last = first;
            while !done.load(Ordering::Acquire) {
                snapshots.refresh(&store, instant(MONDAY)).unwrap();
                let snapshot = snapshots.snapshot();
                assert!(snapshot.version() >= last, "it went back");
                last = snapshot.version();
                // Each commit adds a team and counts one up: at any version there are just so many.
                let shown = i64::try_from(snapshot.teams().count()).unwrap();
                assert_eq!(shown, last - first, "at version {last}");
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Release);
        follower.join().unwrap();
    });
    snapshots.refresh(&store, instant(MONDAY)).unwrap();
    assert_eq!(snapshots.current().teams().count(), THREADS * EACH);
}

#[test]
fn a_roster_shows_one_state_of_the_database() {
    let database = Database::new();
    let store = migrated(&database);
    let seen = store.read(|db| {
        let before = (changes::version(db)?, teams::load(db, None)?.len());
        add_team(&store, "meanwhile", false)?;
        let after = (changes::version(db)?, teams::load(db, None)?.len());
        Ok::<_, StoreError>((before, after))
    });
    let (before, after) = seen.unwrap();
    assert_eq!(before, after);
    assert_eq!(store.read(|db| teams::load(db, None)).unwrap().len(), 1);
}

#[test]
fn who_listens_hears_of_a_commit_within_a_second() {
    let database = Database::new();
    let store = migrated(&database);
    let DatabaseUrl::Postgres(url) = store.url().clone() else {
        return;
    };
    let (tell, told) = channel();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.spawn(async move {
        let heard = move || {
            // The test may be over.
            let _ = tell.send(Instant::now());
        };
        postgres::listen(&url, changes::CHANNEL, heard).await
    });
    // Until it listens, what is written is not heard of.
    let mut tries = 0;
    while told.recv_timeout(Duration::from_millis(200)).is_err() {
        tries += 1;
        assert!(tries < 50, "nothing is heard");
        add_team(&store, &format!("try-{tries}"), false).unwrap();
    }
    while told.recv_timeout(Duration::from_millis(500)).is_ok() {}
    add_team(&store, "lost", true).unwrap_err();
    assert!(
        told.recv_timeout(Duration::from_millis(500)).is_err(),
        "what was taken back is not told"
    );
    add_team(&store, "told", false).unwrap();
    let committed = Instant::now();
    let heard = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(heard.saturating_duration_since(committed) < Duration::from_secs(1));
    listener.abort();
}

/// Sends the same request from several threads at once; the statuses of the answers, in order.
fn at_once(count: usize, ask: impl Fn(usize) -> u16 + Sync) -> Vec<u16> {
    let together = Barrier::new(count);
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let (together, ask) = (&together, &ask);
                scope.spawn(move || {
                    together.wait();
                    ask(number)
                })
            })
            .collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    statuses
}

/// Of several who change the same version of a thing, one does.
fn one_of_many_wins(server: &Server, path: &str) {
    for round in 0..5 {
        let tag = server.get(path).header("etag").to_owned();
        assert!(!tag.is_empty(), "{path} has no ETag");
        let statuses = at_once(6, |number| {
            let change = json!({ "name": format!("Name {round}-{number}") });
            let request = server.request(Method::PATCH, path).json(&change);
            send(request.header("If-Match", &tag)).status
        });
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412], "{path}");
    }
}

fn person(server: &Server, name: &str) -> String {
    let body = json!({
        "name": name, "email": format!("{name}@example.org"), "time_zone": "Europe/London",
    });
    id(&server.post("/people", &body).expect(201))
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

fn team(server: &Server, members: &[String]) {
    let body = json!({ "slug": "flags", "name": "Flags", "time_zone": "UTC", "members": members });
    server.post("/teams", &body).expect(201);
}

fn rotation(server: &Server, order: &[String]) -> String {
    let body = json!({
        "name": format!("hero {}", new_id()), "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": order,
    });
    id(&server.post("/teams/flags/rotations", &body).expect(201))
}

#[test]
fn of_racing_changes_of_a_person_one_wins() {
    let server = Server::start();
    let ana = person(&server, "ana");
    one_of_many_wins(&server, &format!("/people/{ana}"));
}

#[test]
fn of_racing_changes_of_a_team_one_wins() {
    let server = Server::start();
    team(&server, &[]);
    one_of_many_wins(&server, "/teams/flags");
}

#[test]
fn of_racing_changes_of_a_rotation_one_wins() {
    let server = Server::start();
    let people = ["ana", "bo"].map(|name| person(&server, name));
    team(&server, &people);
    let hero = rotation(&server, &people);
    one_of_many_wins(&server, &format!("/rotations/{hero}"));
}

#[test]
fn racing_time_off_is_all_kept() {
    const COUNT: usize = 6;
    let server = Server::start();
    let ana = person(&server, "ana");
    let statuses = at_once(COUNT, |number| {
        let day = format!("2026-04-{:02}", number + 1);
        let away = json!({ "first_day": day, "last_day": day });
        server
            .post(&format!("/people/{ana}/time-off"), &away)
            .status
    });
    assert_eq!(statuses, [201; COUNT]);
    let kept = server.get(&format!("/people/{ana}/time-off")).expect(200);
    assert_eq!(kept["items"].as_array().unwrap().len(), COUNT);
}

#[test]
fn racing_overrides_are_all_kept_and_the_last_one_counts() {
    const COUNT: usize = 12;
    let server = Server::start();
    let people = ["ana", "bo", "cy"].map(|name| person(&server, name));
    team(&server, &people);
    let hero = rotation(&server, &people);
    let statuses = at_once(COUNT, |number| {
        let cover = json!({
            "start": "2026-03-04T00:00:00Z", "end": "2026-03-06T00:00:00Z",
            "person_id": people[number % 3], "reason": number.to_string(),
        });
        server
            .post(&format!("/rotations/{hero}/overrides"), &cover)
            .status
    });
    assert_eq!(statuses, [201; COUNT]);
    let overrides = format!(
        "/rotations/{hero}/overrides?from=2026-03-01T00:00:00Z&until=2026-04-01T00:00:00Z&limit=200"
    );
    let kept = server.get(&overrides).expect(200);
    let kept = kept["items"].as_array().unwrap();
    let ids: HashSet<_> = kept.iter().map(id).collect();
    assert_eq!((kept.len(), ids.len()), (COUNT, COUNT));
    // Cancelling whichever is on top brings back what lay under it, down to the core order.
    let on_duty = format!("/rotations/{hero}/on-duty?at=2026-03-05T00:00:00Z");
    let mut tops = HashSet::new();
    for _ in 0..COUNT {
        let duty = server.get(&on_duty).expect(200);
        assert_eq!(duty["source"], "override");
        let top = duty["override_id"].as_str().unwrap().to_owned();
        let cancelled = server.delete(&format!("/overrides/{top}")).status;
        assert!(cancelled == 200 || cancelled == 204, "{cancelled}");
        assert!(tops.insert(top), "it was cancelled before");
    }
    assert_eq!(tops, ids);
    assert_eq!(server.get(&on_duty).expect(200)["source"], "rotation");
}

#[test]
fn two_administrators_who_deactivate_each_other_leave_one() {
    for _ in 0..3 {
        let server = Server::start();
        let first = server
            .get("/people?email=administrator@localhost")
            .expect(200);
        let first = id(&first["items"][0]);
        let body = json!({
            "name": "Second", "email": "second@example.org", "time_zone": "UTC",
            "role": "administrator",
        });
        let second = id(&server.post("/people", &body).expect(201));
        let who = [first, second];
        let statuses = at_once(2, |number| {
            let path = format!("/people/{}/deactivate", who[number]);
            server.post(&path, &json!({})).status
        });
        // Whoever was quicker may have taken the other's token away with it.
        assert!(matches!(statuses[..], [200, 401 | 409]), "{statuses:?}");
        assert!(server.app.snapshots.current().has_administrator());
    }
}

#[test]
fn racing_fallbacks_make_no_circle() {
    let server = Server::start();
    let people = ["ana", "bo"].map(|name| person(&server, name));
    team(&server, &people);
    for _ in 0..5 {
        let pair = [rotation(&server, &people), rotation(&server, &people)];
        let statuses = at_once(2, |number| {
            let change = json!({ "fallback_rotation_id": pair[1 - number] });
            let path = format!("/rotations/{}", pair[number]);
            server.patch(&path, &change).status
        });
        assert!(matches!(statuses[..], [200, 409 | 422]), "{statuses:?}");
    }
}
