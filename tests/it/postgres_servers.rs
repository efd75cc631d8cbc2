//! PostgreSQL servers as they are run: with roles, schemas, limits, certificates, stand-ins and poolers in between. What
//! does not work says why, and what to set.
//!
//! These tests need PostgreSQL.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use dogwatch::clock::new_id;
use dogwatch::storage::postgres::Postgres;
use dogwatch::storage::{DatabaseUrl, Store, StoreError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};

use crate::harness::cluster::{Cluster, Stop};
use crate::harness::program::dogwatch;
use crate::harness::server::send;
use crate::harness::{Database, Server};

/// What `dogwatch migrate` says against this database, of which it must not make use.
#[track_caller]
fn refusal(database: &Database) -> String {
    let ended = dogwatch(database, &[]).arg("migrate").output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}", database.url);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("DATABASE_URL"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    said
}

fn is_migrated(database: &Database) {
    let ended = dogwatch(database, &[]).arg("migrate").output().unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// The answer to a question of the form `SELECT count(…) AS count …`.
fn count(database: &Database, question: &str) -> i64 {
    let mut connection = Postgres::establish(&database.url).unwrap();
    let found: Count = diesel::sql_query(question)
        .get_result(&mut connection)
        .unwrap();
    found.count
}

#[test]
fn what_is_missing_is_named_as_the_server_names_it() {
    let database = Database::new();
    if database.name().is_none() {
        return;
    }
    let role = database.with(|url| {
        url.set_username("nobody_of_this_name").unwrap();
        url.set_password(Some("hunter2")).unwrap();
    });
    let missing = database.with(|url| url.set_path("no_such_database"));
    let schema = database.with(|url| url.set_query(Some("options=-csearch_path%3Dno_such_schema")));
    for (database, words) in [
        (role, "role \"nobody_of_this_name\" does not exist (28000)"),
        (
            missing,
            "database \"no_such_database\" does not exist (3D000)",
        ),
        (schema, "no schema has been selected"),
    ] {
        let said = refusal(&database);
        assert_eq!(said.matches(words).count(), 1, "{said}");
        assert!(
            !said.contains("db error") && !said.contains("away"),
            "{said}"
        );
        let check = dogwatch(&database, &[]).arg("check").output().unwrap();
        let said = String::from_utf8(check.stdout).unwrap();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_server_that_takes_nobody_says_where_and_why() {
    let database = Database::at("postgres://ada:hunter2@127.0.0.1:1/dogwatch".to_owned());
    let said = refusal(&database);
    assert!(
        said.contains("127.0.0.1:1: ") && said.contains("Connection refused"),
        "{said}"
    );
    let database = Database::at("postgres://ada:hunter2@127.0.0.1:1,[::1]:2/dogwatch".to_owned());
    let said = refusal(&database);
    assert!(
        said.contains("127.0.0.1:1: ") && said.contains("::1:2: "),
        "{said}"
    );
}

#[test]
fn options_name_the_schema_and_the_server_names_itself() {
    let database = Database::new();
    if !database.administer("CREATE SCHEMA duty") {
        return;
    }
    let name = database.name().unwrap();
    let inside = database.with(|url| url.set_query(Some("options=-c%20search_path%3Dduty")));
    let server = Server::start_on(Arc::new(inside), &[]);
    server.post("/teams", &team("flags")).expect(201);
    assert_eq!(
        count(&database, "SELECT count(*) AS count FROM duty.teams"),
        1
    );
    assert_eq!(
        count(
            &database,
            "SELECT count(to_regclass('public.teams')) AS count"
        ),
        0
    );
    let ours = format!(
        "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'dogwatch'"
    );
    // Eight of the pool, and the one that listens; the one that asks is ours, too.
    let open = count(&database, &ours);
    assert!((2..=10).contains(&open), "{open}");
}

#[test]
fn the_first_of_several_hosts_that_takes_us_is_used() {
    let database = Database::new();
    let Some(address) = database.address() else {
        return;
    };
    let place = address.to_string();
    for hosts in [
        format!("127.0.0.1:1,{place}"),
        format!("{place},127.0.0.1:1"),
    ] {
        let url = database.url.replace(&place, &hosts) + "?target_session_attrs=read-write";
        is_migrated(&Database::at(url));
    }
}

#[test]
fn a_first_host_that_is_frozen_does_not_keep_from_the_second() {
    let database = Database::new();
    let Some(address) = database.address() else {
        return;
    };
    // It takes connections and says nothing.
    let frozen = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hosts = format!("{},{address}", frozen.local_addr().unwrap());
    let url = database.url.replace(&address.to_string(), &hosts) + "?connect_timeout=1";
    let begun = Instant::now();
    let store = Store::open(&DatabaseUrl::parse(&url).unwrap()).unwrap();
    store.tables().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}

/// A role of a test's own, which must be made before the database that it owns.
struct Role(String, Option<Database>);

impl Drop for Role {
    fn drop(&mut self) {
        if let Some(server) = &self.1 {
            server.administer(&format!("DROP ROLE {}", self.0));
        }
    }
}

fn team(slug: &str) -> Value {
    json!({ "slug": slug, "name": "Flags", "time_zone": "UTC" })
}

#[test]
fn a_role_with_few_connections_is_served_by_few() {
    let mut role = Role(format!("r_{}", new_id().simple()), None);
    let name = role.0.clone();
    let home = Database::new();
    if !home.administer(&format!("CREATE ROLE {name} LOGIN CONNECTION LIMIT 3")) {
        return;
    }
    role.1 = Some(home);
    let database = Database::new();
    database.administer(&format!(
        "ALTER DATABASE {} OWNER TO {name}",
        database.name().unwrap()
    ));
    let limited = database.with(|url| url.set_username(&name).unwrap());
    let server = Server::start_on(Arc::new(limited), &[]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..12)
            .map(|asker| {
                let server = &server;
                scope.spawn(move || {
                    let made = server.post("/teams", &team(&format!("t{asker}"))).status;
                    [made, server.get("/audit").status]
                })
            })
            .collect();
        askers
            .into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    });
    assert!(
        statuses
            .iter()
            .all(|status| [200, 201, 503].contains(status)),
        "{statuses:?}"
    );
    let answered = statuses.iter().filter(|status| **status != 503).count();
    assert!(answered >= 12, "{statuses:?}");
    // A program that finds no room says so, and what to raise.
    let taken: Vec<_> = (0..3)
        .filter_map(|_| Postgres::establish(&server.database.url).ok())
        .collect();
    let said = refusal(&server.database);
    assert!(
        said.contains("too many connections for role") && said.contains("CONNECTION LIMIT"),
        "{said}"
    );
    drop(taken);
    drop(server);
}

#[test]
fn a_connection_to_a_server_that_turned_read_only_is_left() {
    let database = Database::new();
    if database.name().is_none() {
        return;
    }
    let server = Server::start_still_on(database);
    let turn = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
    server
        .app
        .store
        .write::<_, StoreError>(|tx| Ok(diesel::sql_query(turn).execute(tx.db())?))
        .unwrap();
    let statuses: Vec<u16> = (0..20)
        .map(|number| server.post("/teams", &team(&format!("t{number}"))).status)
        .collect();
    assert!(
        statuses.iter().all(|status| [201, 503].contains(status)),
        "{statuses:?}"
    );
    let refused = statuses.iter().filter(|status| **status == 503).count();
    assert!(refused <= 1, "{statuses:?}");
}

/// An authority that nobody knows, and a certificate with its key for 127.0.0.1.
fn certificates() -> [String; 3] {
    let mut of_authority = CertificateParams::new(Vec::new()).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(of_authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    [authority.pem(), certificate.pem(), key.serialize_pem()]
}

#[test]
fn a_private_certificate_says_what_to_set_and_works_when_it_is() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let [authority, certificate, key] = certificates();
    cluster.stop(Stop::Fast);
    cluster.secure(&certificate, &key);
    cluster.restart();
    let said = refusal(&Database::at(cluster.url()));
    assert!(
        said.contains("sslrootcert=FILE") && said.contains("sslmode=disable"),
        "{said}"
    );
    assert!(said.contains("UnknownIssuer"), "{said}");
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority).unwrap();
    for parameters in [
        "sslmode=disable".to_owned(),
        format!("sslrootcert={}", file.path().display()),
        format!("sslmode=verify-full&sslrootcert={}", file.path().display()),
    ] {
        is_migrated(&Database::at(format!("{}?{parameters}", cluster.url())));
    }
    let other_name = cluster.url().replace("127.0.0.1", "localhost");
    let trusted = format!("{other_name}?sslrootcert={}", file.path().display());
    let said = refusal(&Database::at(trusted));
    assert!(said.contains("hostaddr="), "{said}");
}

/// A pgbouncer in front of a server, which ends with the test.
struct Pooler {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Pooler {
    /// One in this mode; `None` where the machine has none.
    fn start(server: std::net::SocketAddr, mode: &str) -> Option<Self> {
        let program = [
            "/usr/sbin/pgbouncer",
            "/usr/bin/pgbouncer",
            "/opt/homebrew/bin/pgbouncer",
        ]
        .into_iter()
        .find(|program| Path::new(program).exists())?;
        let folder = TempDir::new().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let settings = folder.path().join("pgbouncer.ini");
        std::fs::write(
            &settings,
            format!(
                "[databases]\n* = host={} port={} user=dogwatch\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\n\
                 auth_type=any\npool_mode={mode}\nunix_socket_dir=\nmax_client_conn=100\ndefault_pool_size=20\n\
                 ignore_startup_parameters=extra_float_digits,options\n",
                server.ip(),
                server.port()
            ),
        )
        .unwrap();
        let mut command = Command::new(program);
        command
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        crate::harness::cluster::as_ordinary_user(&mut command, &[folder.path(), &settings]);
        let child = command.spawn().unwrap();
        let pooler = Self {
            child,
            port,
            _folder: folder,
        };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "pgbouncer does not listen"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(pooler)
    }

    fn before(&self, database: &Database) -> Database {
        database.with(|url| url.set_port(Some(self.port)).unwrap())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_pooler_that_shares_sessions_is_refused_and_one_that_does_not_works() {
    let database = Database::new();
    let Some(address) = database.address() else {
        return;
    };
    for mode in ["transaction", "statement", "session"] {
        let Some(pooler) = Pooler::start(address, mode) else {
            eprintln!("LEFT OUT: there is no pgbouncer");
            return;
        };
        let through = pooler.before(&database);
        match mode {
            "session" => {
                let server = Server::start_on(Arc::new(through), &[]);
                server.post("/teams", &team("flags")).expect(201);
                assert_eq!(
                    send(server.bare(Method::GET, "/readyz")).expect(200)["degraded"],
                    false
                );
            }
            "statement" => assert!(refusal(&through).contains("pool")),
            _ => assert!(refusal(&through).contains("pool_mode=session")),
        }
    }
}
