//! Every line of the log says which request or which job it is about, and a failure is told once, with all its causes.

use diesel::prelude::*;
use dogwatch::startup::open_store;
use dogwatch::storage::StoreError;
use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::harness::Database;
use crate::harness::browser::Browser;
use crate::harness::program::Program;
use crate::harness::server::{Answer, client, config, send};

const BOOTSTRAP: &str = "an-administrator-for-tests";

/// Nobody listens there.
const NO_MAIL_SERVER: &str = "smtp://127.0.0.1:1";

struct Remote {
    client: Client,
    program: Program,
}

impl Remote {
    fn start(database: &Database, settings: &[(&str, &str)]) -> Self {
        dogwatch::startup::install_tls();
        let mut all = vec![("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP)];
        all.extend(settings);
        Self {
            client: client().build().unwrap(),
            program: Program::serve(database, &all),
        }
    }

    fn post(&self, path: &str, id: &str, body: &Value) -> Answer {
        let url = format!("{}/api/v1{path}", self.program.url);
        let request = self.client.request(Method::POST, url);
        let request = request
            .bearer_auth(BOOTSTRAP)
            .header("x-request-id", id)
            .header("idempotency-key", id);
        send(request.json(body))
    }

    /// What was logged until `is_there` was true of a line, and the end.
    fn log_with(self, is_there: impl Fn(&Value) -> bool) -> Vec<Value> {
        for _ in 0..200 {
            if lines(&self.program.log_so_far()).iter().any(&is_there) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        lines(&self.program.stop())
    }
}

fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn team() -> Value {
    json!({ "slug": "flags", "name": "Flags", "time_zone": "UTC" })
}

/// Whether a line is about one of these rooms' work. The pool makes its connections for nobody in particular.
fn is_of_work(line: &Value) -> bool {
    let target = line["target"].as_str().unwrap();
    let rooms = ["service", "storage", "worker", "notify", "http"];
    let is_of_pool = target == "dogwatch::storage::pool";
    !is_of_pool
        && rooms
            .iter()
            .any(|room| target.starts_with(&format!("dogwatch::{room}")))
}

#[test]
fn a_failure_in_storage_is_told_once_with_its_request_and_all_its_causes() {
    let database = Database::new();
    let remote = Remote::start(&database, &[]);
    let store = open_store(&config(&database, &[])).unwrap();
    let dropped = store.write::<_, StoreError>(|tx| {
        diesel::sql_query("DROP TABLE idempotency").execute(tx.db())?;
        Ok(())
    });
    dropped.unwrap();
    let failed = remote.post("/teams", "the-one-that-fails", &team());
    let problem = failed.problem(500);
    assert!(!problem.to_string().contains("idempotency"), "{problem}");
    let log = remote.program.stop();
    let told: Vec<Value> = lines(&log)
        .into_iter()
        .filter(|line| line["span"]["request_id"] == "the-one-that-fails")
        .collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    let (line, span) = (&told[0], &told[0]["span"]);
    let cause = line["cause"].as_str().unwrap();
    assert!(cause.starts_with("the database refused: "), "{cause}");
    assert_eq!(cause.matches("idempotency").count(), 1, "{cause}");
    assert_eq!(line["level"], "ERROR");
    assert_eq!(
        (&line["status"], &line["id"]),
        (&json!(500), &span["request_id"])
    );
    assert_eq!(
        (&span["method"], &span["route"], &span["token"]),
        (&json!("POST"), &json!("/api/v1/teams"), &json!("bootstrap"))
    );
}

#[test]
fn a_database_that_is_away_is_told_with_the_request_and_the_job_that_met_it() {
    let database = Database::new();
    let remote = Remote::start(&database, &[]);
    if !database.set_away(true) {
        let path = database.folder.path().join("dogwatch.db");
        std::fs::rename(&path, path.with_extension("away")).unwrap();
    }
    remote
        .post("/teams", "the-one-that-waits", &team())
        .problem(503);
    let lines = remote.log_with(|line| line["span"]["job"] == "follower");
    database.set_away(false);
    let away: Vec<&Value> = lines
        .iter()
        .filter(|line| line["message"] == "the database is away")
        .collect();
    assert!(!away.is_empty(), "{lines:#?}");
    let of_request = |line: &&&Value| line["span"]["request_id"] == "the-one-that-waits";
    assert_eq!(away.iter().filter(of_request).count(), 1, "{away:#?}");
    let serving = lines.iter().skip_while(|line| line["message"] != "serving");
    for line in serving.filter(|line| is_of_work(line)) {
        let span = &line["span"];
        assert!(
            span["request_id"].is_string() || span["job"].is_string(),
            "{line:#}"
        );
    }
}

#[test]
fn a_mail_that_cannot_be_sent_is_told_with_its_job() {
    let database = Database::new();
    let remote = Remote::start(&database, &[("DOGWATCH_SMTP_URL", NO_MAIL_SERVER)]);
    let ana = json!({ "name": "Ana", "email": "ana@example.com", "time_zone": "UTC" });
    remote.post("/people", "ana", &ana).expect(201);
    let mut browser = Browser::at(&remote.program.url);
    browser.get("/sign-in").expect(200);
    browser.submit("/sign-in", &[("email", "ana@example.com")]);
    let message = "a mail could not be sent";
    let lines = remote.log_with(|line| line["message"] == message);
    let failed = lines.iter().find(|line| line["message"] == message);
    let (line, span) = (failed.unwrap(), &failed.unwrap()["span"]);
    assert_eq!(span["job"], "sign-in-sender", "{line:#}");
    assert_eq!(span["mail"], line["mail"], "{line:#}");
    assert!(span["mail"].is_string(), "{line:#}");
}
