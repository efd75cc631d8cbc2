//! Answers whose size a client can choose are bounded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use dogwatch::storage::{Change, StoreError};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::send;

/// More would be kept for a day under an idempotency key.
const LARGEST: usize = 256 << 10;

/// Ann and Ben take turns in rotations of hours.
struct World {
    server: Server,
    ann: String,
    rotations: Vec<String>,
}

impl World {
    fn new(rotations: usize) -> Self {
        let server = Server::start_still(&[]);
        let people = ["Ann", "Ben"].map(|name| {
            let email = format!("{name}@example.com");
            let body = json!({ "name": name, "email": email, "time_zone": "UTC" });
            id(&server.post("/people", &body).expect(201))
        });
        let team = json!({ "slug": "t", "name": "T", "time_zone": "UTC", "members": people });
        server.post("/teams", &team).expect(201);
        let rotation = |n: usize| {
            let body = json!({
                "name": format!("R{n}"), "title": "R", "kind": "ordered", "time_zone": "UTC", "order": people,
                "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=HOURLY" },
            });
            id(&server.post("/teams/t/rotations", &body).expect(201))
        };
        let rotations = (0..rotations).map(rotation).collect();
        let [ann, _] = people;
        Self {
            server,
            ann,
            rotations,
        }
    }
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

fn count(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[test]
fn time_off_over_many_shifts_is_answered_with_the_first_of_them() {
    let world = World::new(3);
    let path = format!("/people/{}/time-off", world.ann);
    // Thirty days, of which every second hour is hers, three times.
    let body = json!({ "start": "2026-03-03T00:00:00Z", "end": "2026-04-02T00:00:00Z" });
    let dry = world
        .server
        .post(&format!("{path}?dry_run=true"), &body)
        .expect(200);
    assert_eq!(dry["truncated"], true);
    for (list, total) in [("before", 2664), ("after", 2664), ("clashes", 1080)] {
        assert_eq!(count(&dry[list]), 200, "{list}");
        assert_eq!(dry["totals"][list], total, "{list}");
    }
    let starts: Vec<&str> = dry["clashes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["start"].as_str().unwrap())
        .collect();
    assert!(starts.is_sorted(), "the first of all rotations");
    assert!(dry.to_string().len() < 2 * LARGEST);

    let made = world.server.post(&path, &body).expect(201);
    assert_eq!(
        (count(&made["clashes"]), &made["clashes_total"]),
        (200, &json!(1080))
    );
    assert_eq!(made["truncated"], true);
    assert!(made.to_string().len() < LARGEST);
    // The rest is where lists are paged.
    let all = world
        .server
        .get("/clashes?from=2026-03-03T00:00:00Z&until=2026-04-02T00:00:00Z&limit=200")
        .expect(200);
    assert_eq!(count(&all["items"]), 200);
    assert!(all["next_cursor"].is_string());

    let path = format!("/time-off/{}", id(&made));
    let covers = |remaining: usize| {
        let asked = world
            .server
            .post(&format!("{path}/covers"), &json!({}))
            .expect(201);
        assert_eq!(
            (count(&asked["items"]), &asked["remaining"]),
            (200, &json!(remaining))
        );
    };
    covers(880);
    covers(680);
    let ended = world.server.delete(&path).expect(200);
    assert_eq!(count(&ended["covers"]["withdrawn"]), 200);
    assert_eq!(ended["covers"]["withdrawn_total"], 400);
    assert_eq!(ended["covers"]["truncated"], true);
    assert!(ended.to_string().len() < LARGEST);
}

#[test]
fn a_little_time_off_is_answered_whole() {
    let world = World::new(1);
    let body = json!({ "start": "2026-03-03T00:00:00Z", "end": "2026-03-03T04:00:00Z" });
    let path = format!("/people/{}/time-off", world.ann);
    let made = world.server.post(&path, &body).expect(201);
    assert_eq!(
        (
            count(&made["clashes"]),
            &made["clashes_total"],
            &made["truncated"]
        ),
        (2, &json!(2), &json!(false))
    );
}

#[test]
fn previews_of_rotations_are_bounded() {
    let world = World::new(1);
    let path = format!("/rotations/{}", world.rotations[0]);
    let body = json!({ "effective_from": "2026-03-03T00:00:00Z", "order": [world.ann] });
    let dry = world
        .server
        .post(&format!("{path}/revisions?dry_run=true"), &body)
        .expect(200);
    assert_eq!(dry["truncated"], true);
    for list in ["before", "after"] {
        assert_eq!(count(&dry[list]), 200, "{list}");
        assert_eq!(dry["totals"][list], 2880, "{list}");
    }
    let gains = dry["changes"].as_array().unwrap();
    let gains: usize = gains.iter().map(|one| count(&one["gains"])).sum();
    assert_eq!((gains, &dry["totals"]["gains"]), (200, &json!(1440)));
    assert!(dry.to_string().len() < 2 * LARGEST);
}

#[test]
fn a_window_with_too_much_in_it_is_refused_with_the_number() {
    let world = World::new(3);
    let window = "from=2026-03-02T10:00:00Z&until=2027-04-06T10:00:00Z";
    let one = format!("/rotations/{}/shifts?{window}", world.rotations[0]);
    assert_eq!(count(&world.server.get(&one).expect(200)["items"]), 9600);
    let mine = format!("/people/{}/shifts?{window}", world.ann);
    let refused = world.server.get(&mine).problem(422);
    assert_eq!(refused["errors"][0]["pointer"], "/until");
    let detail = refused["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("more than 10000 shifts"), "{detail}");
    let shorter = mine.replace("2027-04-06", "2026-04-06");
    assert_eq!(
        count(&world.server.get(&shorter).expect(200)["items"]),
        1260
    );
    let people = world
        .server
        .get(&format!(
            "/rotations/{}/suggestions?start=2026-03-03T00:00:00Z&end=2026-04-02T00:00:00Z",
            world.rotations[0]
        ))
        .expect(200);
    for one in people["items"].as_array().unwrap() {
        assert_eq!(
            (count(&one["busy"]), &one["busy_total"]),
            (20, &json!(1080))
        );
        assert!(count(&one["reasons"]) < 20, "{one}");
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl World {
    /// A new feed of Ann's shifts, as it is fetched the first time.
    fn first_fetch(&self) -> String {
        let scope = json!({ "scope": { "person_id": self.ann } });
        let feed = self.server.post("/feeds", &scope).expect(201);
        let url = feed["url"].as_str().unwrap();
        let path = url.strip_prefix(&self.server.url).unwrap();
        let fetched = send(self.server.bare(Method::GET, path));
        assert_eq!(fetched.status, 200, "{}", fetched.text);
        fetched.text
    }

    /// How many events the database remembers that calendars were told.
    fn remembered(&self) -> i64 {
        let query = "SELECT count(*) AS count FROM publications";
        let read = self
            .server
            .app
            .store
            .read::<_, StoreError>(|db| Ok(diesel::sql_query(query).get_result::<Count>(db)?));
        read.unwrap().count
    }
}

#[test]
fn a_feed_of_many_shifts_shows_the_next_thousand_and_remembers_no_more() {
    let world = World::new(3);
    world.server.at("2026-06-01T12:30:00Z");
    let feed = world.first_fetch();
    assert_eq!(feed.matches("BEGIN:VEVENT").count(), 1000);
    let mut starts: Vec<&str> = feed
        .lines()
        .filter_map(|line| line.strip_prefix("DTSTART:"))
        .collect();
    starts.sort_unstable();
    // Twelve a day in each of three rotations.
    assert!(starts[0] >= "20260601T120000Z", "{}", starts[0]);
    assert!(starts[999] <= "20260629T180000Z", "{}", starts[999]);
    // Of the days it looks at: some more of her shifts, and none of Ben's.
    assert!(world.remembered() < 1300, "{}", world.remembered());
    world.first_fetch();
    assert!(world.remembered() < 1300, "{}", world.remembered());
}

#[test]
fn a_feed_is_published_while_others_write_all_the_time() {
    let world = World::new(3);
    let app = &world.server.app;
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                let written = app.store.write::<_, StoreError>(|tx| {
                    tx.changed(Change::Tokens);
                    Ok(())
                });
                written.unwrap();
                thread::sleep(Duration::from_millis(2));
            }
        });
        let feed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.first_fetch()));
        is_done.store(true, Ordering::Relaxed);
        assert_eq!(feed.unwrap().matches("BEGIN:VEVENT").count(), 1000);
    });
}
