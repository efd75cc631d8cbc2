//! Bad input, made at random from what people and programs send: it is always refused, with every
//! reason, and leaves nothing behind, neither in the database nor (as far as it is secret) in the log.

mod kinds;

use diesel::prelude::*;
use dogwatch::storage::{DatabaseUrl, Db, Store, StoreError, schema};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};

use self::kinds::{Kind, bad, of_another_type};
use crate::harness::Database;
use crate::harness::program::Program;
use crate::harness::server::{Answer, client, send};

const TOKEN: &str = "a-very-secret-token-of-the-first-hour";

/// A request that would do something, and what can be made bad in it.
struct Form {
    method: Method,
    path: String,
    body: Value,
    fields: Vec<(&'static str, Kind)>,
}

struct World {
    client: Client,
    program: Program,
    store: Store,
    forms: Vec<Form>,
}

impl World {
    fn new(database: &Database) -> Self {
        dogwatch::startup::install_tls();
        let settings = [
            ("DOGWATCH_BOOTSTRAP_TOKEN", TOKEN),
            ("DOGWATCH_LOG", "trace"),
        ];
        let program = Program::serve(database, &settings);
        let store = Store::open(&DatabaseUrl::parse(&database.url).unwrap()).unwrap();
        let mut world = Self {
            client: client().build().unwrap(),
            program,
            store,
            forms: Vec::new(),
        };
        world.fill();
        world
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/api/v1{path}", self.program.url))
            .bearer_auth(TOKEN)
    }

    fn made(&self, path: &str, body: &Value) -> String {
        let answer = send(self.request(Method::POST, path).json(body)).expect(201);
        answer["id"].as_str().unwrap().to_owned()
    }

    #[expect(clippy::too_many_lines, reason = "a table")]
    fn fill(&mut self) {
        use Kind::{
            Day, Email, Hours, Local, Members, Name, Order, Reason, Rotation, Rule, Timestamp,
            Titles, Url, Word, Zone,
        };
        let person = json!({ "name": "Ada", "email": "ada@example.org", "time_zone": "UTC" });
        let ada = self.made("/people", &person);
        self.made(
            "/teams",
            &json!({ "slug": "a", "name": "A", "time_zone": "UTC", "members": [ada] }),
        );
        let weekly = json!({ "name": "A", "title": "Hero", "kind": "ordered", "time_zone": "UTC", "order": [ada],
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" } });
        let rotation = self.made("/teams/a/rotations", &weekly);
        let whom =
            |name: &str| json!({ "name": name, "email": "new@example.org", "time_zone": "UTC" });
        let form =
            |method: Method, path: String, body: Value, fields: &[(&'static str, Kind)]| Form {
                method,
                path,
                body,
                fields: fields.to_vec(),
            };
        self.forms = vec![
            form(
                Method::POST,
                "/people".into(),
                whom("New"),
                &[
                    ("/name", Name),
                    ("/email", Email),
                    ("/time_zone", Zone),
                    ("/role", Word),
                    ("/working_hours", Hours),
                ],
            ),
            form(
                Method::POST,
                "/people/import".into(),
                json!([whom("New")]),
                &[
                    ("/0/name", Name),
                    ("/0/email", Email),
                    ("/0/time_zone", Zone),
                    ("/0/role", Word),
                ],
            ),
            form(
                Method::PATCH,
                format!("/people/{ada}"),
                json!({}),
                &[
                    ("/name", Name),
                    ("/email", Email),
                    ("/time_zone", Zone),
                    ("/effective_from", Timestamp),
                    ("/working_hours", Hours),
                ],
            ),
            form(
                Method::POST,
                format!("/people/{ada}/tokens"),
                json!({ "name": "x", "scope": "read" }),
                &[
                    ("/name", Name),
                    ("/scope", Word),
                    ("/expires_at", Timestamp),
                ],
            ),
            form(
                Method::POST,
                format!("/people/{ada}/time-off"),
                json!({ "first_day": "2027-01-01", "last_day": "2027-01-02" }),
                &[("/first_day", Day), ("/last_day", Day), ("/reason", Reason)],
            ),
            form(
                Method::POST,
                format!("/people/{ada}/calendars"),
                json!({ "url": "https://calendar.example.org/secret.ics", "rule": {} }),
                &[
                    ("/url", Url),
                    ("/name", Name),
                    ("/rule/titles", Titles),
                    ("/rule/only_with", Name),
                ],
            ),
            form(
                Method::POST,
                "/teams".into(),
                json!({ "slug": "b", "name": "B", "time_zone": "UTC" }),
                &[("/name", Name), ("/time_zone", Zone), ("/members", Members)],
            ),
            form(
                Method::PATCH,
                "/teams/a".into(),
                json!({}),
                &[("/name", Name), ("/time_zone", Zone)],
            ),
            form(
                Method::POST,
                "/teams/a/rotations".into(),
                weekly,
                &[
                    ("/name", Name),
                    ("/title", Name),
                    ("/kind", Word),
                    ("/time_zone", Zone),
                    ("/order", Order),
                    ("/handoff/start", Local),
                    ("/handoff/rule", Rule),
                    ("/fallback_rotation_id", Rotation),
                    ("/fallback_when", Word),
                    ("/effective_from", Timestamp),
                    ("/duty_hours", Hours),
                    ("/first", Kind::Person),
                ],
            ),
            form(
                Method::PATCH,
                format!("/rotations/{rotation}"),
                json!({}),
                &[
                    ("/name", Name),
                    ("/title", Name),
                    ("/fallback_rotation_id", Rotation),
                    ("/fallback_when", Word),
                ],
            ),
            form(
                Method::POST,
                format!("/rotations/{rotation}/revisions"),
                json!({}),
                &[
                    ("/effective_from", Timestamp),
                    ("/time_zone", Zone),
                    ("/order", Order),
                    ("/duty_hours", Hours),
                ],
            ),
            form(
                Method::POST,
                format!("/rotations/{rotation}/archive"),
                json!({}),
                &[("/at", Timestamp)],
            ),
            form(
                Method::POST,
                format!("/rotations/{rotation}/overrides"),
                json!({ "end": "2027-01-01T00:00:00Z", "person_id": null }),
                &[
                    ("/start", Timestamp),
                    ("/end", Timestamp),
                    ("/person_id", Kind::Person),
                    ("/reason", Reason),
                ],
            ),
            form(
                Method::POST,
                "/feeds".into(),
                json!({ "scope": { "person_id": ada }, "options": {} }),
                &[
                    ("/scope/person_id", Kind::Person),
                    ("/options/alarm_minutes", Kind::Number),
                    ("/options/past_days", Kind::Number),
                    ("/options/future_days", Kind::Number),
                ],
            ),
        ];
    }

    /// The form that makes what is at the end of such a path.
    fn creates(&self, end: &str) -> &Form {
        let is = |form: &&Form| form.method == Method::POST && form.path.ends_with(end);
        self.forms.iter().find(is).unwrap()
    }

    /// The form that changes what is at such a path.
    fn changes(&self, start: &str) -> &Form {
        let is = |form: &&Form| form.method == Method::PATCH && form.path.starts_with(start);
        self.forms.iter().find(is).unwrap()
    }

    /// How many rows each table has, and which version the roster is of.
    fn state(&self) -> Vec<i64> {
        let count = |db: &mut Db| -> Result<Vec<i64>, StoreError> {
            Ok(vec![
                schema::people::table.count().get_result(db)?,
                schema::profiles::table.count().get_result(db)?,
                schema::time_off::table.count().get_result(db)?,
                schema::teams::table.count().get_result(db)?,
                schema::rotations::table.count().get_result(db)?,
                schema::revisions::table.count().get_result(db)?,
                schema::overrides::table.count().get_result(db)?,
                schema::tokens::table.count().get_result(db)?,
                schema::feeds::table.count().get_result(db)?,
                schema::calendars::table.count().get_result(db)?,
                schema::audit::table.count().get_result(db)?,
                schema::idempotency::table.count().get_result(db)?,
                schema::roster_version::table
                    .select(schema::roster_version::version)
                    .first(db)?,
            ])
        };
        self.store.read(count).unwrap()
    }
}

/// The answer, which must be a refusal in the form of all problems.
fn refused(request: RequestBuilder, what: &str) -> Answer {
    let answer = send(request);
    assert!(
        (400..500).contains(&answer.status),
        "{what}: {} {}",
        answer.status,
        answer.text
    );
    assert_ne!(answer.status, 429, "{what}");
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{what}"
    );
    answer
}

/// Puts a value where a pointer points; what is on the way is made.
fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut at = body;
    for part in pointer.split('/').skip(1) {
        at = match part.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[part],
        };
    }
    *at = value;
}

#[test]
fn bad_input_is_refused_with_every_reason_and_leaves_nothing() {
    let database = Database::new();
    let world = World::new(&database);
    let before = world.state();
    for form in &world.forms {
        let ask = || world.request(form.method.clone(), &form.path);
        let what = format!("{} {}", form.method, form.path);
        // Each bad value by itself, and as another type.
        for (pointer, kind) in &form.fields {
            for value in bad(*kind) {
                let mut body = form.body.clone();
                put(&mut body, pointer, value.clone());
                let what = format!("{what}: {pointer} is {value}");
                let answer = refused(ask().json(&body), &what);
                let named = answer.pointers();
                assert!(
                    named.iter().any(|one| one.starts_with(pointer)),
                    "{what}: {named:?}"
                );
            }
            for value in of_another_type() {
                let mut body = form.body.clone();
                put(&mut body, pointer, value.clone());
                refused(ask().json(&body), &format!("{what}: {pointer} is {value}")).problem(422);
            }
        }
        let text = |body: Vec<u8>| ask().header("content-type", "application/json").body(body);
        for (body, status) in [
            (b"{".to_vec(), 400),
            (b"name=x".to_vec(), 400),
            (b"{\"name\": \"\xff\xfe\"}".to_vec(), 400),
            (b"\xef\xbb\xbf{}".to_vec(), 400),
            ("[".repeat(100_000).into_bytes(), 400),
            (br#"{"unknown": 1}"#.to_vec(), 422),
            (br#""text""#.to_vec(), 422),
            (vec![b' '; 2 << 20], 413),
        ] {
            let start = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
            let answer = refused(text(body), &format!("{what}: {start}"));
            assert_eq!(answer.status, status, "{what}: {start}: {}", answer.text);
        }
        refused(ask().header("content-type", "text/xml").body("{}"), &what).problem(415);
    }
    assert_eq!(world.state(), before, "something was stored");

    // Several at once: each is named.
    let several = (any::<Index>(), any::<[Index; 4]>()).prop_flat_map(|(form, values)| {
        let fields = world.forms[form.index(world.forms.len())].fields.len();
        let some = subsequence((0..fields).collect::<Vec<_>>(), 1..=fields.min(4));
        (Just(form), some, Just(values))
    });
    let mut runner = TestRunner::new(Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    });
    let found = runner.run(&several, |(form, fields, values)| {
        let form = &world.forms[form.index(world.forms.len())];
        let mut body = form.body.clone();
        let mut pointers = Vec::new();
        for (field, value) in fields.iter().zip(values) {
            let (pointer, kind) = form.fields[*field];
            let all = bad(kind);
            put(&mut body, pointer, all[value.index(all.len())].clone());
            pointers.push(pointer);
        }
        let what = format!("{} {} {body}", form.method, form.path);
        let request = world.request(form.method.clone(), &form.path).json(&body);
        let named = refused(request, &what).pointers();
        for pointer in &pointers {
            // Who is not there is named once, in the order.
            if *pointer == "/first" && pointers.contains(&"/order") {
                continue;
            }
            prop_assert!(
                named.iter().any(|one| one.starts_with(*pointer)),
                "{what}: {pointer} is not in {named:?}"
            );
        }
        Ok(())
    });
    found.unwrap();
    assert_eq!(world.state(), before, "something was stored");

    let log = world.program.stop();
    for secret in [TOKEN, "ada@example.org", "new@example.org"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn what_belongs_together_is_looked_at_together() {
    let database = Database::new();
    let world = World::new(&database);
    let before = world.state();
    let rotation = world.changes("/rotations/").path.clone();
    let overrides = format!("{rotation}/overrides");
    let time_off = world.creates("/time-off").path.clone();
    let cases = [
        (
            &overrides,
            json!({ "start": "2027-01-02T00:00:00Z", "end": "2027-01-01T00:00:00Z", "person_id": null }),
            "/end",
        ),
        (
            &overrides,
            json!({ "start": "2027-01-02T00:00:00Z", "end": "2027-01-02T00:00:00Z", "person_id": null }),
            "/end",
        ),
        (
            &overrides,
            json!({ "start": "2027-01-02T00:00:00Z", "end": "2028-03-01T00:00:00Z", "person_id": null }),
            "/end",
        ),
        (
            &time_off,
            json!({ "first_day": "2027-01-02", "last_day": "2027-01-01" }),
            "/last_day",
        ),
        (
            &time_off,
            json!({ "start": "2027-01-02T00:00:00Z", "end": "2027-01-01T00:00:00Z" }),
            "/end",
        ),
        (
            &time_off,
            json!({ "first_day": "2027-01-02", "end": "2027-01-05T00:00:00Z" }),
            "",
        ),
    ];
    for (path, body, pointer) in cases {
        let answer = refused(world.request(Method::POST, path).json(&body), path);
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
    for query in [
        "from=2026-01-01T00:00:00Z&until=2027-06-01T00:00:00Z",
        "from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "from=0001-01-01T00:00:00Z",
        "until=9999-12-31T23:59:59Z",
        "from=%ff",
        "from=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z",
        "limit=99999999999999999999",
        "unknown=1",
    ] {
        for path in [
            format!("{rotation}/shifts"),
            format!("{rotation}/overrides"),
            "/gaps".into(),
            "/clashes".into(),
            "/audit".into(),
        ] {
            let path = format!("{path}?{query}");
            refused(world.request(Method::GET, &path), &path);
        }
    }
    // A fallback to itself, and by way of another.
    let own = rotation.rsplit('/').next().unwrap();
    let itself = json!({ "fallback_rotation_id": own });
    let answer = refused(
        world.request(Method::PATCH, &rotation).json(&itself),
        "itself",
    );
    assert_eq!(answer.pointers(), ["/fallback_rotation_id"]);
    assert_eq!(world.state(), before, "something was stored");
    let mut other = world.creates("/teams/a/rotations").body.clone();
    put(&mut other, "/fallback_rotation_id", json!(own));
    let other = world.made("/teams/a/rotations", &other);
    let between = world.state();
    let circle = json!({ "fallback_rotation_id": other });
    let answer = refused(
        world.request(Method::PATCH, &rotation).json(&circle),
        "a circle",
    );
    assert_eq!(answer.pointers(), ["/fallback_rotation_id"]);
    assert_eq!(world.state(), between, "something was stored");
}
