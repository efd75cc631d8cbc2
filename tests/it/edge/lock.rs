//! While another program holds the lock of those who write, whatever need not be written is answered at once: pages and
//! other GETs, and changes that are bad or that the caller may not make.
//!
//! A new request is a line in [`REFUSED`] or [`REFUSED_FORMS`]. GETs are those of the OpenAPI document and the pages that
//! the browser walks through.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dogwatch::cli::demo::organisation;
use dogwatch::startup;
use dogwatch::storage::StoreError;
use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::walk::{PAGES, furnish};
use crate::browser::world::Who::{self, Administrator, Engineer};
use crate::browser::world::World;
use crate::harness::Server;
use crate::harness::browser::Browser;
use crate::harness::server::{config, send};

/// What is not kept waiting takes less; who waits does so for seconds.
const AT_ONCE: Duration = Duration::from_secs(1);

const NOBODY: &str = "/people/01890000-0000-7000-8000-000000000000";

/// Requests that are refused, a line each: who asks, how, where, with what body, and the status.
#[rustfmt::skip]
const REFUSED: &[(Who, Method, &str, &str, u16)] = &[
    (Administrator, Method::POST, "/people", "{}", 422),
    (Administrator, Method::POST, "/people", r#"{"name": "", "email": "x", "time_zone": "y"}"#, 422),
    (Administrator, Method::POST, "/people", r#"{"name": "Al", "email": "tom@example.com", "time_zone": "UTC"}"#, 422),
    (Engineer, Method::POST, "/people", "{}", 403),
    (Administrator, Method::POST, "/people/import", r#"[{"name": "Al"}]"#, 422),
    (Engineer, Method::POST, "/people/import", "[]", 403),
    (Administrator, Method::PATCH, "/people/{person:Tom}", r#"{"time_zone": "x"}"#, 422),
    (Engineer, Method::PATCH, "/people/{person:Tom}", r#"{"effective_from": "2020-01-01T00:00:00Z"}"#, 422),
    (Engineer, Method::PATCH, "/people/{person:Tom}", r#"{"role": "administrator"}"#, 403),
    (Engineer, Method::PATCH, "/people/{person:Ada}", r#"{"name": "Al"}"#, 403),
    (Administrator, Method::PATCH, NOBODY, r#"{"name": "Al"}"#, 404),
    (Administrator, Method::POST, "/people/{person:Tom}/deactivate", r#"{"at": "soon"}"#, 422),
    (Administrator, Method::POST, "/people/{person:Tom}/deactivate", r#"{"at": "2020-01-01T00:00:00Z"}"#, 422),
    (Engineer, Method::POST, "/people/{person:Tom}/deactivate", "", 403),
    (Engineer, Method::POST, "/people/{person:Tom}/erase", "", 403),
];

type Fields = &'static [(&'static str, &'static str)];

/// Forms that are refused, a line each: who sends it, where, its fields, and the status (200: it is shown again).
#[rustfmt::skip]
const REFUSED_FORMS: &[(Who, &str, Fields, u16)] = &[
    (Administrator, "/people/new", &[("name", ""), ("email", "x")], 200),
    (Engineer, "/people/new", &[("name", "Al")], 403),
    (Administrator, "/people/import", &[("people", "name,email,time_zone\nAl,x,y\n"), ("do", "save")], 200),
    (Administrator, "/people/{person:Tom}/edit", &[("name", ""), ("email", "x")], 200),
    (Engineer, "/people/{person:Ada}/edit", &[("name", "Al")], 403),
    (Engineer, "/people/{person:Ada}/deactivate", &[], 403),
    (Engineer, "/people/{person:Ada}/erase", &[], 403),
    (Engineer, "/me/settings", &[("name", ""), ("email", "")], 200),
];

/// The lock of those who write, held by another program than the server.
struct Lock {
    release: mpsc::Sender<()>,
    holder: thread::JoinHandle<()>,
}

impl Lock {
    fn hold(server: &Server) -> Self {
        let store = startup::open_store(&config(&server.database, &[])).unwrap();
        let (release, released) = mpsc::channel();
        let (held, holds) = mpsc::channel();
        let holder = thread::spawn(move || {
            let waited = store.write::<(), StoreError>(|_| {
                held.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            });
            waited.unwrap();
        });
        holds.recv().unwrap();
        Self { release, holder }
    }

    fn release(self) {
        self.release.send(()).unwrap();
        self.holder.join().unwrap();
    }
}

/// What `ask` answers with, and notes in `late` where that took long.
fn timed<T>(late: &mut Vec<String>, what: &str, ask: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let answer = ask();
    let took = begun.elapsed();
    if took > AT_ONCE {
        late.push(format!("{what} took {took:?}"));
    }
    answer
}

fn founded() -> World {
    let server = Server::start_still(&[]);
    organisation::found(&server.app, server.app.clock.now()).unwrap();
    let world = World { server };
    furnish(&world);
    world
}

/// A token of theirs.
fn token(world: &World, who: Who) -> String {
    if who == Administrator {
        return world.server.token.clone();
    }
    let path = world.path("/people/{person:Tom}/tokens");
    let new = json!({ "name": "lock", "scope": "write" });
    let made = world.server.post(&path, &new).expect(201);
    made["token"].as_str().unwrap().to_owned()
}

fn browser(world: &World, who: Who) -> Browser {
    match who {
        Who::Stranger => Browser::new(&world.server),
        other => world.visitor(other),
    }
}

#[test]
fn bad_and_forbidden_changes_are_refused_while_others_write() {
    let world = founded();
    let [administrator, engineer] = [Administrator, Engineer].map(|who| token(&world, who));
    let mut late = Vec::new();
    let lock = Lock::hold(&world.server);
    for (who, method, path, body, status) in REFUSED {
        let token = match who {
            Administrator => &administrator,
            _ => &engineer,
        };
        let what = format!("{who:?} {method} {path} {body}");
        let request = world
            .server
            .with_token(token, method.clone(), &world.path(path));
        let request = match *body {
            "" => request,
            body => request.json(&serde_json::from_str::<Value>(body).unwrap()),
        };
        let answer = timed(&mut late, &what, || send(request));
        assert_eq!(answer.status, *status, "{what}: {}", answer.text);
    }
    // What can be done does wait.
    let new = json!({ "name": "Al", "email": "al@example.com", "time_zone": "UTC" });
    let request = world.server.request(Method::POST, "/people").json(&new);
    let waiting = thread::spawn(move || send(request));
    thread::sleep(Duration::from_millis(300));
    assert!(!waiting.is_finished(), "the lock is not held");
    lock.release();
    waiting.join().unwrap().expect(201);
    assert!(late.is_empty(), "{late:#?}");
}

#[test]
fn bad_and_forbidden_forms_are_refused_while_others_write() {
    let world = founded();
    let mut browsers = [Administrator, Engineer].map(|who| browser(&world, who));
    for browser in &mut browsers {
        browser.get("/me/settings").expect(200);
    }
    let [administrator, engineer] = &mut browsers;
    let mut late = Vec::new();
    let lock = Lock::hold(&world.server);
    for (who, path, fields, status) in REFUSED_FORMS {
        let browser = match who {
            Administrator => &mut *administrator,
            _ => &mut *engineer,
        };
        let path = world.path(path);
        let what = format!("{who:?} {path} {fields:?}");
        let seen = timed(&mut late, &what, || browser.submit(&path, fields));
        assert_eq!(seen.status, *status, "{what}: {}", seen.html);
    }
    lock.release();
    assert!(late.is_empty(), "{late:#?}");
}

#[test]
fn every_page_is_shown_while_others_write() {
    let world = founded();
    let mut browsers: Vec<(Who, Browser)> = Vec::new();
    for (who, ..) in PAGES {
        if browsers.iter().all(|(one, _)| one != who) {
            browsers.push((*who, browser(&world, *who)));
        }
    }
    let mut late = Vec::new();
    let lock = Lock::hold(&world.server);
    for (who, name, path) in PAGES {
        let (_, browser) = browsers.iter_mut().find(|(one, _)| one == who).unwrap();
        let path = world.path(path);
        let seen = timed(&mut late, name, || browser.get(&path));
        assert!(seen.status < 500, "{name}: {}", seen.html);
    }
    lock.release();
    assert!(late.is_empty(), "{late:#?}");
}

/// What stands for an id in a path of the OpenAPI document, by what stands before it.
const IDS: &[(&str, &str)] = &[
    ("people", "{person:Tom}"),
    ("teams", "feature-flags"),
    ("rotations", "{rotation:Feature Flags hero}"),
    ("handovers", "{handover:Feature Flags hero}"),
    ("incidents", "{incident:INC-123}"),
];

/// The path, with ids in the place of parameters.
fn with_ids(world: &World, path: &str) -> String {
    let mut whole = String::new();
    let mut before = "";
    for segment in path.split('/').skip(1) {
        let id = IDS.iter().find(|(of, _)| *of == before);
        let segment_or_id = match id {
            Some((_, id)) if segment.starts_with('{') => *id,
            _ if segment.starts_with('{') => "01890000-0000-7000-8000-000000000000",
            _ => segment,
        };
        whole = format!("{whole}/{segment_or_id}");
        before = segment;
    }
    world.path(&whole)
}

#[test]
fn every_get_is_answered_while_others_write() {
    let world = founded();
    let server = &world.server;
    let document = send(server.bare(Method::GET, "/api/openapi.json")).expect(200);
    let paths = document["paths"].as_object().unwrap();
    let mut late = Vec::new();
    let mut answered = 0;
    let lock = Lock::hold(server);
    for (path, operations) in paths {
        if operations.get("get").is_none() {
            continue;
        }
        let path = with_ids(&world, path);
        let request = server.bare(Method::GET, &path).bearer_auth(&server.token);
        let answer = timed(&mut late, &path, || send(request));
        assert!(answer.status < 500, "{path}: {}", answer.text);
        answered += u32::from(answer.status == 200);
    }
    lock.release();
    assert!(answered > 20, "only {answered} are there");
    assert!(late.is_empty(), "{late:#?}");
}
