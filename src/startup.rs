//! Builds the application from its configuration, and runs it until it is told to stop.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::Context as _;
use chrono::TimeDelta;
use jiff::tz::TimeZoneDatabase;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;

use crate::background::{BackgroundThread, Refresh, Signals, Woken};
use crate::cause::chain;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone;
use crate::files;
use crate::http::forwarding::Forwarding;
use crate::http::openapi::Document;
use crate::notify::{Guard, MAIL_FOLDER, Mailer, Outgoing};
use crate::server::listen::{Edge, server};
use crate::service::secrets::new_secret;
use crate::service::threads::turn_span;
use crate::service::{self, App, SnapshotCache, addresses, operator, sessions};
use crate::storage::{
    DatabaseUrl, ServerLock, Store, StoreError, Tables, audit, changes, file, idempotency,
    incident_webhooks, outbox, postgres,
};
use crate::telemetry;
use crate::worker::{Lane, PLANNER, READER, Reader, Worker, sender_name};

/// How often the database is asked whether it has changed: what others wrote is seen within a second, heard of or not.
const POLL: Duration = Duration::from_millis(500);

/// How often what is old is forgotten.
const HOUSEKEEPING: TimeDelta = TimeDelta::hours(1);

/// How often is written down when feeds were fetched.
const KEEP_FETCHES: TimeDelta = TimeDelta::minutes(1);

/// Chooses how TLS is done. Before anything else, and once.
pub fn install_tls() {
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("TLS was set up before");
    }
}

/// Uses the zone data of a folder, where one is configured, instead of what is compiled in.
///
/// # Errors
/// Where the folder cannot be read.
pub fn install_zones(config: &Config) -> anyhow::Result<()> {
    let Some(folder) = &config.tzdata_dir else {
        return Ok(());
    };
    let database = TimeZoneDatabase::from_dir(folder)
        .with_context(|| format!("DOGWATCH_TZDATA_DIR: {}", folder.display()))?;
    zone::install(database, zone_version(folder))?;
    // Files that cannot be read are no zones, and nobody is told.
    zone::Zone::parse("Europe/London")
        .map(|_| ())
        .with_context(|| {
            format!(
                "DOGWATCH_TZDATA_DIR: no zone can be read in {}",
                folder.display()
            )
        })
}

/// The version that a folder of zone data says it has.
fn zone_version(folder: &Path) -> String {
    let first_line = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        let line = text.lines().next()?.trim();
        let version = line.strip_prefix("# version ").unwrap_or(line);
        (!version.is_empty()).then(|| version.to_owned())
    };
    ["tzdata.zi", "+VERSION", "version"]
        .into_iter()
        .find_map(first_line)
        .unwrap_or_else(|| format!("of {}", folder.display()))
}

/// Opens the database that is configured, with its tables up to date.
///
/// # Errors
/// Where it cannot be used; the message names the setting.
pub fn open_store(config: &Config) -> anyhow::Result<Store> {
    let store = connect(config)?;
    migrate(config, &store)?;
    Ok(store)
}

fn connect(config: &Config) -> anyhow::Result<Store> {
    Store::open(&config.database).with_context(|| {
        if is_own(config) {
            format!("DOGWATCH_DATA_DIR ({})", config.data_dir.display())
        } else {
            format!("DATABASE_URL ({:?})", config.database)
        }
    })
}

/// Whether the database is in the data folder because no other was configured.
fn is_own(config: &Config) -> bool {
    matches!(&config.database, DatabaseUrl::Sqlite(path) if *path == config.data_dir.join("dogwatch.db"))
}

fn migrate(config: &Config, store: &Store) -> anyhow::Result<()> {
    store.migrate().with_context(|| {
        format!(
            "DATABASE_URL ({:?}): its tables cannot be brought up to date",
            config.database
        )
    })
}

/// The files of the database and the written mails that others than their owner may use, and their modes. Nothing is
/// changed: an operator may have meant it so.
#[must_use]
pub fn loose_files(config: &Config) -> Vec<(PathBuf, u32)> {
    let folder = files::loose_mode(&config.data_dir).map(|mode| (config.data_dir.clone(), mode));
    let database = match &config.database {
        DatabaseUrl::Sqlite(path) => file::loose_files(path),
        DatabaseUrl::Postgres(_) => Vec::new(),
    };
    let mut loose: Vec<_> = folder.into_iter().chain(database).collect();
    if config.smtp_url.is_none() {
        let mails = config.data_dir.join(MAIL_FOLDER);
        loose.extend(files::loose_mode(&mails).map(|mode| (mails, mode)));
    }
    loose
}

/// Opens the database of a server, for the commands beside it. Makes none and changes no tables: whoever stands in the
/// wrong folder, or names the wrong database, is told.
///
/// # Errors
/// Where it is not there or cannot be used; the message names the setting.
pub fn open_existing_store(config: &Config) -> anyhow::Result<Store> {
    must_exist(config)?;
    let url = || format!("DATABASE_URL ({:?})", config.database);
    let store = Store::open(&config.database).with_context(url)?;
    match store.tables().with_context(url)? {
        Tables::Current => Ok(store),
        Tables::Older => anyhow::bail!(
            "{}: its tables are those of an older version: `dogwatch migrate` brings them up to date",
            url()
        ),
        Tables::None => anyhow::bail!(
            "{}: there are no tables of Dogwatch in it: `dogwatch serve` and `dogwatch migrate` make them",
            url()
        ),
    }
}

/// Opens the database in which the first administrator is to be made, and makes it where there is none. A relative path
/// must lead to one: the folder one stands in may be the wrong one.
///
/// # Errors
/// Where it cannot be used; the message names the setting.
pub fn open_or_make_store(config: &Config) -> anyhow::Result<Store> {
    let is_new = match &config.database {
        DatabaseUrl::Sqlite(path) => path.is_absolute() && !path.exists(),
        DatabaseUrl::Postgres(_) => Store::open(&config.database)
            .and_then(|store| store.tables())
            .is_ok_and(|tables| tables == Tables::None),
    };
    if is_new {
        open_store(config)
    } else {
        open_existing_store(config)
    }
}

/// Says which file was looked for, and which setting names it.
fn must_exist(config: &Config) -> anyhow::Result<()> {
    let DatabaseUrl::Sqlite(path) = &config.database else {
        return Ok(());
    };
    if path.exists() {
        return Ok(());
    }
    let setting = if is_own(config) {
        format!("DOGWATCH_DATA_DIR is {}", config.data_dir.display())
    } else {
        "DATABASE_URL says so".to_owned()
    };
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    anyhow::bail!(
        "there is no database {} ({setting}): name that of the server, or make one with `dogwatch migrate`",
        whole.display()
    )
}

/// The application on an open database, with its roster loaded.
///
/// # Errors
/// Where the database cannot be read.
pub fn application(
    config: &Config,
    store: Store,
    clock: Arc<dyn Clock>,
    address: SocketAddr,
) -> anyhow::Result<App> {
    let secret = match &config.secret {
        Some(secret) => secret.clone(),
        None => own_secret(&store)?,
    };
    let snapshots = Arc::new(SnapshotCache::new());
    snapshots.refresh(&store, clock.now())?;
    let app = App::new(
        store,
        snapshots,
        clock,
        config.public_url(address),
        config.mail_from.email.domain().to_owned(),
        secret,
    );
    Ok(app
        .bootstrapped_with(config.bootstrap_token.clone())
        .asking(Guard::configured(config))
        .limited_to(config.hourly_limits))
}

/// The key for signatures that this installation made for itself; all replicas have the same.
fn own_secret(store: &Store) -> Result<SecretString, StoreError> {
    let kept = || store.write(|tx| audit::setting(tx.db(), "secret", || new_secret("")));
    let secret = match kept() {
        // Another replica was quicker: now it is there.
        Err(StoreError::Duplicate) => kept(),
        other => other,
    }?;
    Ok(SecretString::from(secret))
}

/// Everything that a running program needs, before it runs.
pub struct Prepared {
    /// The address that will be listened at.
    pub address: SocketAddr,
    /// The application.
    pub app: Arc<App>,
    /// The token of an administrator made on this start.
    pub first_token: Option<String>,
    /// The address at which they sign in, once.
    pub first_link: Option<String>,
    listener: TcpListener,
    edge: Edge,
    document: Document,
    mailer: Mailer,
    outgoing: Outgoing,
    reader: Reader,
    mail_kept: TimeDelta,
    alone: Option<ServerLock>,
    works: bool,
}

/// Gets everything ready; the listener first, so that a taken port is known before anything is written.
///
/// Waits for the database, so it must not be called on an event loop.
///
/// # Errors
/// Where something cannot be used; the message names the setting.
pub fn prepare(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Prepared> {
    let listener = TcpListener::bind(config.listen)
        .with_context(|| format!("DOGWATCH_LISTEN ({})", config.listen))?;
    let address = listener.local_addr()?;
    let mailer = Mailer::configured(config)?;
    if config.smtp_url.is_none() {
        let folder = config.data_dir.join(MAIL_FOLDER);
        tracing::info!(folder = %folder.display(), "no mail server: mails are written to files");
    }
    // Before the roster is loaded, which then has the memory that making this takes for a moment.
    let document = crate::api::openapi::document();
    let store = connect(config)?;
    // Before the tables are changed, which another server may be using.
    let alone = store
        .acquire_server_lock()
        .with_context(|| format!("DATABASE_URL ({:?})", config.database))?;
    migrate(config, &store)?;
    for (path, mode) in loose_files(config) {
        tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "others may use this file");
    }
    if alone.is_some() {
        // Whoever had claimed mails is gone.
        store.write::<_, StoreError>(|tx| outbox::release_all(tx.db()))?;
    }
    let app = Arc::new(application(config, store, clock, address)?);
    let first_token = if app.bootstrap_token.is_none() {
        operator::first_administrator(&app)?
    } else {
        None
    };
    let first_link = match &first_token {
        Some(_) => Some(operator::sign_in(&app, operator::FIRST_ADMINISTRATOR)?),
        None => None,
    };
    let reader = Reader::new(Arc::clone(&app), Outgoing::configured(config));
    Ok(Prepared {
        address,
        app,
        first_token,
        first_link,
        listener,
        edge: Edge {
            forwarding: Forwarding {
                trusted: config.trusted_proxies.clone(),
                header: config.forwarded_header.clone(),
            },
            keep_alive: config.keep_alive,
        },
        document,
        mailer,
        outgoing: Outgoing::configured(config),
        reader,
        mail_kept: config.mail_kept,
        alone,
        works: true,
    })
}

impl Prepared {
    /// Plans and sends nothing by itself, so that a test which does it, pass by pass, has nobody to race with.
    #[must_use]
    pub fn without_worker(self) -> Self {
        Self {
            works: false,
            ..self
        }
    }

    /// Starts the server, which is the future to await (it ends after [`Running::stop`]), and what works beside it.
    ///
    /// # Errors
    /// Where the system has no threads or sockets to give.
    pub fn start(self) -> anyhow::Result<(Running, actix_web::dev::Server)> {
        let metrics = telemetry::metrics()?;
        let app = self.app;
        let stopping = Arc::clone(&app);
        let server = server(
            self.listener,
            Arc::clone(&app),
            self.edge,
            metrics.clone(),
            self.document,
        )?;
        let listening = match app.store.url() {
            DatabaseUrl::Sqlite(_) => None,
            DatabaseUrl::Postgres(url) => Some(url.clone()),
        };
        let mut threads = if self.works {
            let worker = Worker::new(Arc::clone(&app), self.mailer, self.outgoing);
            spawn_workers(&app, worker)?
        } else {
            Vec::new()
        };
        let reader = self.reader;
        threads.push(BackgroundThread::spawn(READER, &app, move |signals| {
            reader.run(|wait| signals.is_stopped(wait));
        })?);
        let (following, mail_kept) = (Arc::clone(&app), self.mail_kept);
        let follower = BackgroundThread::spawn("follower", &app, move |signals| {
            follow(&following, &metrics, mail_kept, signals);
        })?;
        let listener =
            listening.map(|url| actix_web::rt::spawn(listen(app, url, follower.refresh())));
        threads.push(follower);
        let running = Running {
            app: stopping,
            server: server.handle(),
            listener,
            threads,
            _alone: self.alone,
        };
        Ok((running, server))
    }
}

/// What plans, and what sends: a thread for each lane, so that none waits for the others.
fn spawn_workers(app: &Arc<App>, worker: Worker) -> anyhow::Result<Vec<BackgroundThread>> {
    let worker = Arc::new(worker);
    let planner = Arc::clone(&worker);
    let mut threads = vec![BackgroundThread::spawn(PLANNER, app, move |signals| {
        planner.keep_planning(|wait| signals.is_stopped(wait));
    })?];
    for lane in Lane::ALL {
        let sender = Arc::clone(&worker);
        threads.push(BackgroundThread::spawn(
            sender_name(lane),
            app,
            move |signals| sender.keep_sending(lane, |wait| signals.is_stopped(wait)),
        )?);
    }
    Ok(threads)
}

/// A running program: the server and what works beside it.
pub struct Running {
    app: Arc<App>,
    server: ServerHandle,
    listener: Option<actix_web::rt::task::JoinHandle<()>>,
    threads: Vec<BackgroundThread>,
    _alone: Option<ServerLock>,
}

impl Running {
    /// Stops: requests under way are answered first.
    pub async fn stop(self) {
        self.server.stop(true).await;
        if let Some(listener) = self.listener {
            listener.abort();
        }
        for thread in self.threads {
            thread.stop();
        }
        // Whoever copies the file of a stopped server has all of it.
        self.app.store.checkpoint();
    }
}

/// Passes on what `PostgreSQL` says when another replica has written; the follower's own looking is the net under it.
async fn listen(app: Arc<App>, url: String, follower: Refresh) {
    let listen_again = || async {
        loop {
            let stood = Arc::new(AtomicBool::new(false));
            let (noted, told) = (Arc::clone(&stood), follower.clone());
            let threads = Arc::clone(&app);
            let heard = move || {
                threads.threads.panic_if_injected("listener");
                noted.store(true, Ordering::Release);
                told.send();
            };
            if let Err(error) = postgres::listen(&url, changes::CHANNEL, heard).await {
                tracing::debug!(%error, "not listening for changes");
            }
            // This connection ends the moment that the server does: answers say so before the next look.
            if stood.load(Ordering::Acquire) {
                app.snapshots.doubt(app.clock.now());
                follower.send();
            }
            actix_web::rt::time::sleep(POLL).await;
        }
    };
    app.threads.supervise_task("listener", listen_again).await;
}

/// Follows what other replicas and commands write, and tidies up.
fn follow(app: &App, metrics: &PrometheusHandle, mail_kept: TimeDelta, signals: &Signals) {
    let (mut tidied, mut kept, mut old_mails) = (None, None, false);
    while signals.wait(POLL) == Woken::Look {
        let _turn = turn_span("follower").entered();
        telemetry::publish();
        app.threads
            .report_panics(telemetry::LOG_THREAD, telemetry::log_panics());
        metrics.run_upkeep();
        let now = app.clock.now();
        app.store.recover();
        // Only so that it is known since when something does not work.
        let _ = app.health();
        // The keeper says itself when the database goes and comes back.
        if app.snapshots.refresh(&app.store, now).is_err() {
            continue;
        }
        // Each replica for itself, and once a minute: nobody waits for it.
        if is_time(kept, KEEP_FETCHES, now) {
            kept = Some(now);
            if let Err(error) = app.fetches.keep(&app.store, now) {
                tracing::debug!(
                    error = chain(&error),
                    "when feeds were fetched is not kept yet"
                );
            }
        }
        if is_time(tidied, HOUSEKEEPING, now) {
            tidied = Some(now);
            old_mails = true;
            tidy(app, now);
        }
        // A few at a time: following does not wait for a long list.
        if old_mails {
            let forgotten = app.write(|tx| service::outbox::forget_old(tx, mail_kept, now));
            old_mails = forgotten.unwrap_or_else(|error| {
                tracing::warn!(error = chain(&error), "old mails are still there");
                false
            });
        }
    }
}

/// Whether it is time again for what is done so often; a clock that was put back makes it so too.
fn is_time(last: Option<Timestamp>, every: TimeDelta, now: Timestamp) -> bool {
    last.is_none_or(|last| last > now || now - last >= every)
}

/// Forgets what is old.
fn tidy(app: &App, now: Timestamp) {
    if let Err(error) = app.store.write(|tx| idempotency::forget_old(tx.db(), now)) {
        tracing::warn!(
            error = chain(&error),
            "old idempotency keys are still there"
        );
    }
    if let Err(error) = app
        .store
        .write(|tx| incident_webhooks::forget_old(tx.db(), now))
    {
        tracing::warn!(
            error = chain(&error),
            "old deliveries of webhooks are still there"
        );
    }
    if let Err(error) = app.store.write(|tx| sessions::forget_old(tx, now)) {
        tracing::warn!(error = chain(&error), "old sessions are still there");
    }
    if let Err(error) = app.store.write(|tx| addresses::forget_old(tx, now)) {
        tracing::warn!(
            error = chain(&error),
            "old changes of addresses are still there"
        );
    }
}
