//! The real server, in this process, on a port of its own, with a clock that the test moves.

use std::ffi::OsString;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use dogwatch::clock::ManualClock;
use dogwatch::config::Config;
use dogwatch::notify::{Mailer, Outgoing};
use dogwatch::service::App;
use dogwatch::startup::{self, Prepared};
use dogwatch::worker::Worker;
use reqwest::Method;
use reqwest::blocking::{Client, ClientBuilder, RequestBuilder};
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Database;

/// What the clock shows at the start: a Monday.
pub const MONDAY: &str = "2026-03-02T09:00:00Z";

/// A running server.
pub struct Server {
    /// `http://127.0.0.1:…`.
    pub url: String,
    /// An administrator's token.
    pub token: String,
    /// The clock it goes by.
    pub clock: Arc<ManualClock>,
    /// The application inside, for what cannot be seen from outside.
    pub app: Arc<App>,
    /// Its database.
    pub database: Arc<Database>,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    /// A header.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The body, where the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// The problem, which must be of this status and whole.
    #[track_caller]
    pub fn problem(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        for member in ["type", "title", "detail"] {
            assert!(problem[member].is_string(), "{member} in {problem}");
        }
        assert_eq!(problem["status"], status);
        problem
    }

    /// The pointers of the problem's errors.
    #[track_caller]
    pub fn pointers(self) -> Vec<String> {
        let problem = self.problem(422);
        let errors = problem["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|error| {
                assert!(error["detail"].is_string());
                error["pointer"].as_str().unwrap().to_owned()
            })
            .collect()
    }
}

impl Server {
    /// One with the settings that a test needs, and an administrator.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One with more settings.
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_on(Arc::new(Database::new()), settings)
    }

    /// One on a database that is there.
    pub fn start_on(database: Arc<Database>, settings: &[(&str, &str)]) -> Self {
        Self::run(database, settings, |prepared| prepared)
    }

    /// One that plans and sends nothing by itself: a test does, with [`Server::another_worker`], and moves the clock
    /// while nobody is in the midst of anything.
    pub fn start_still(settings: &[(&str, &str)]) -> Self {
        Self::run(
            Arc::new(Database::new()),
            settings,
            Prepared::without_worker,
        )
    }

    /// The same on a database that is there.
    pub fn start_still_on(database: Database) -> Self {
        Self::run(Arc::new(database), &[], Prepared::without_worker)
    }

    fn run(
        database: Arc<Database>,
        settings: &[(&str, &str)],
        as_wanted: impl FnOnce(Prepared) -> Prepared,
    ) -> Self {
        startup::install_tls();
        let config = config(&database, settings);
        let clock = Arc::new(ManualClock::new(instant(MONDAY)));
        let prepared = as_wanted(startup::prepare(&config, clock.clone()).unwrap());
        let (address, app) = (prepared.address, Arc::clone(&prepared.app));
        let token = prepared.first_token.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let (running, server) = prepared.start().unwrap();
                let server = actix_web::rt::spawn(server);
                // It ends when the sender is dropped.
                let _ = stopped.await;
                running.stop().await;
                server.await.unwrap().unwrap();
            });
        });
        Self {
            url: format!("http://{address}"),
            token: token.unwrap_or_default(),
            clock,
            app,
            database,
            client: client().build().unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Moves the clock.
    pub fn at(&self, text: &str) {
        self.clock.set(instant(text));
    }

    /// What the clock shows.
    pub fn clock_now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    /// Another worker, as on another replica, that writes its mails into the same folder.
    pub fn another_worker(&self) -> Worker {
        let folder = self.database.folder.path().join("mail");
        let from = "Dogwatch <dogwatch@example.org>".parse().unwrap();
        let mailer = Mailer::to_files(from, folder);
        Worker::new(Arc::clone(&self.app), mailer, Outgoing::to(Vec::new()))
    }

    /// A request without a token.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// A request under `/api/v1` with this token.
    pub fn with_token(&self, token: &str, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, &format!("/api/v1{path}"))
            .bearer_auth(token)
    }

    /// A request under `/api/v1` by the administrator.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.with_token(&self.token, method, path)
    }

    /// `GET` by the administrator.
    pub fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path))
    }

    /// `POST` by the administrator.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body))
    }

    /// `PATCH` by the administrator.
    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).json(body))
    }

    /// `DELETE` by the administrator.
    pub fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server panicked");
        }
    }
}

/// The configuration of a server on this database.
pub fn config(database: &Database, settings: &[(&str, &str)]) -> Config {
    let folder = database.folder.path().to_str().unwrap();
    let own = [
        ("DATABASE_URL", database.url.as_str()),
        ("DOGWATCH_LISTEN", "127.0.0.1:0"),
        ("DOGWATCH_DATA_DIR", folder),
    ];
    let environment = own
        .iter()
        .chain(settings)
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::load(None, environment).unwrap()
}

/// A client. It uses no connection again that has rested for as long as a server may let it (tests set that): one that is
/// closed while a request is on its way fails, and no program can tell whether it was done.
pub fn client() -> ClientBuilder {
    Client::builder().pool_idle_timeout(Duration::from_secs(2))
}

/// Sends a request.
pub fn send(request: RequestBuilder) -> Answer {
    let response = request.send().unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().unwrap(),
    }
}

/// An instant, as the contract writes it.
pub fn instant(text: &str) -> DateTime<Utc> {
    dogwatch::service::input::instant(text).unwrap()
}
