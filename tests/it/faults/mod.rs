//! Faults of the disk, of files and of threads: nothing is lost quietly, and the program says what is wrong.

mod backup;
mod disk;
mod file;
mod log;
mod threads;

use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::browser::{Browser, Seen};
use crate::harness::server::{Answer, send};

/// The token of an administrator in a process of its own.
const BOOTSTRAP: &str = "an-administrator-for-tests";

/// Waits until something is so.
#[track_caller]
fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(15);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What `/readyz` says does not work.
fn reasons(ready: Answer) -> Vec<String> {
    let ready = ready.expect(200);
    let reasons: Vec<String> = serde_json::from_value(ready["reasons"].clone()).unwrap();
    assert_eq!(ready["degraded"], !reasons.is_empty(), "{ready}");
    assert_eq!(ready["degraded_since"].is_null(), reasons.is_empty());
    reasons
}

fn reasons_of(server: &Server) -> Vec<String> {
    reasons(send(server.bare(Method::GET, "/readyz")))
}

fn has(reasons: &[String], one: &str) -> bool {
    reasons.iter().any(|reason| reason == one)
}

fn team(number: usize) -> Value {
    json!({ "slug": format!("team-{number}"), "name": "A team", "time_zone": "UTC" })
}

/// What a process of its own is asked.
struct Remote<'a> {
    client: Client,
    url: &'a str,
}

impl<'a> Remote<'a> {
    fn new(url: &'a str) -> Self {
        dogwatch::startup::install_tls();
        let client = crate::harness::server::client().build().unwrap();
        Self { client, url }
    }

    fn ask(&self, method: Method, path: &str) -> reqwest::blocking::RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.client.request(method, url).bearer_auth(BOOTSTRAP)
    }

    fn get(&self, path: &str) -> Answer {
        send(self.ask(Method::GET, path))
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.ask(Method::POST, path).json(body))
    }

    fn reasons(&self) -> Vec<String> {
        reasons(self.get("/readyz"))
    }

    /// Asks for a link to sign in, as a browser does.
    fn ask_for_link(&self, email: &str) -> Seen {
        let mut browser = Browser::at(self.url);
        browser.get("/sign-in").expect(200);
        browser.submit("/sign-in", &[("email", email)])
    }
}
