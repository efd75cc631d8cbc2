//! What is in the log, and what is not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Database;
use crate::harness::browser::Browser;
use crate::harness::program::Program;
use crate::harness::server::{client, send};

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

/// Asks for things as a program, and notes what of them is secret.
struct Asker<'a> {
    client: reqwest::blocking::Client,
    url: &'a str,
}

impl Asker<'_> {
    fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/v1{path}", self.url);
        let request = self.client.request(Method::POST, url);
        send(request.bearer_auth(BOOTSTRAP).json(body)).expect(201)
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = self.client.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request).status
    }
}

/// The link to sign in of the only mail.
fn mailed_link(database: &Database) -> String {
    let folder = database.folder.path().join("mail");
    for _ in 0..200 {
        let mail = std::fs::read_dir(&folder)
            .ok()
            .and_then(|mut all| all.next());
        let text = mail.and_then(|mail| std::fs::read_to_string(mail.unwrap().path()).ok());
        let text = text.unwrap_or_default().replace("=\r\n", "");
        if let Some((_, rest)) = text.split_once("/sign-in/") {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            return rest[..end.unwrap_or(rest.len())].to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("no link was mailed");
}

#[test]
fn secrets_that_are_made_and_used_stay_out_of_the_log() {
    let database = Database::new();
    let settings = [
        ("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP),
        ("DOGWATCH_LOG", "trace"),
        ("DOGWATCH_OUTGOING_NETWORKS", "127.0.0.0/8"),
    ];
    let program = Program::serve(&database, &settings);
    dogwatch::startup::install_tls();
    let asker = Asker {
        client: client().build().unwrap(),
        url: &program.url,
    };
    let ana = json!({ "name": "Ana", "email": "ana.private@example.org", "time_zone": "UTC" });
    let ana = asker.post("/people", &ana)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let token = json!({ "name": "cli", "scope": "write" });
    let token = asker.post(&format!("/people/{ana}/tokens"), &token)["token"].clone();
    let token = token.as_str().unwrap();
    let feed = asker.client.post(format!("{}/api/v1/feeds", program.url));
    let feed = send(
        feed.bearer_auth(token)
            .json(&json!({ "scope": { "all": true } })),
    )
    .expect(201);
    let feed = feed["url"]
        .as_str()
        .unwrap()
        .strip_prefix(&program.url)
        .unwrap()
        .to_owned();
    assert_eq!(asker.get(&feed, &[]), 200);
    // What the address of a calendar holds is a secret, too; nobody answers there.
    let calendar = json!({ "url": "http://127.0.0.1:1/a-secret-calendar.ics?key=a-secret-key" });
    let calendars = asker
        .client
        .post(format!("{}/api/v1/people/{ana}/calendars", program.url));
    send(calendars.bearer_auth(token).json(&calendar)).expect(201);

    let mut browser = Browser::at(&program.url);
    browser.get("/sign-in?next=a-secret-next").expect(200);
    browser.submit("/sign-in", &[("email", "ana.private@example.org")]);
    let link = mailed_link(&database);
    let entrance = format!("/sign-in/{link}");
    browser.get(&entrance).expect(200);
    let form_token = browser.form_token().to_owned();
    assert_eq!(browser.submit(&entrance, &[]).status, 303);
    let session = browser.cookie("dogwatch_session");
    browser.get("/").expect(200);
    for path in [
        "/links/a-secret-link",
        "/api/v1/none/a-secret-path",
        "/a-secret-page",
        "/webhooks/incidents/a-secret-id",
    ] {
        asker.get(path, &[]);
    }
    asker.get(
        "/readyz?a-secret-query=1",
        &[("cookie", "dogwatch_session=a-secret-cookie")],
    );
    asker.get(
        "/",
        &[
            ("cookie", "dogwatch_session=a-secret-cookie"),
            ("accept", "text/html"),
        ],
    );
    asker.get(
        "/api/v1/people",
        &[
            ("authorization", "Basic a-secret-basic"),
            ("idempotency-key", "a-secret-key"),
        ],
    );
    browser.post(
        "/sign-in/a-secret-form",
        &[("form_token", "a-secret-form-token")],
    );

    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let log = program.stop();
    let feed = feed.split('/').nth(2).unwrap().trim_end_matches(".ics");
    for secret in [
        BOOTSTRAP,
        token,
        feed,
        &link,
        &form_token,
        &session,
        "a-secret",
        "ana.private@",
        // Of statements, where they are bytes.
        "with parameters",
    ] {
        assert!(secret.len() >= 8, "{secret:?}");
        let found = log.lines().find(|text| text.contains(secret));
        assert_eq!(found, None, "{secret}");
    }
    assert!(
        log.contains(&format!("\"person\":\"{ana}\"")),
        "who asked is in the log"
    );
}
