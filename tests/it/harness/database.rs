//! A database of a test's own.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use dogwatch::clock::new_id;
use dogwatch::storage::postgres::Postgres;
use tempfile::TempDir;

/// The server on which databases are made; SQLite where there is none.
pub const POSTGRES: &str = "DOGWATCH_TEST_POSTGRES";

/// An empty database, and a folder for files; both are gone with the test.
pub struct Database {
    /// For files.
    pub folder: TempDir,
    /// For `DATABASE_URL`.
    pub url: String,
    /// Server and name, where it is on PostgreSQL.
    made: Option<(String, String)>,
}

impl Database {
    /// On the database that this run is about.
    pub fn new() -> Self {
        match std::env::var(POSTGRES) {
            Ok(server) => Self::on_postgres(&server),
            Err(_) => Self::on_sqlite(),
        }
    }

    /// Whether this run is about SQLite: what does not depend on the database is tested there only.
    pub fn is_sqlite() -> bool {
        std::env::var(POSTGRES).is_err()
    }

    /// One that is there already, at this address.
    pub fn at(url: String) -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            url,
            made: None,
        }
    }

    /// On SQLite, whatever this run is about.
    pub fn on_sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("dogwatch.db").display());
        Self {
            folder,
            url,
            made: None,
        }
    }

    fn on_postgres(server: &str) -> Self {
        let name = format!("it_{}", new_id().simple());
        connect(server)
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        let mut url = url::Url::parse(server).unwrap();
        url.set_path(&name);
        Self {
            folder: TempDir::new().unwrap(),
            url: url.into(),
            made: Some((server.to_owned(), name)),
        }
    }
}

impl Database {
    /// The same database at another address.
    pub fn through(&self, address: std::net::SocketAddr) -> Self {
        let mut url = url::Url::parse(&self.url).unwrap();
        url.set_ip_host(address.ip()).unwrap();
        url.set_port(Some(address.port())).unwrap();
        Self::at(url.into())
    }

    /// The same database with its address changed.
    pub fn with(&self, change: impl FnOnce(&mut url::Url)) -> Self {
        let mut url = url::Url::parse(&self.url).unwrap();
        change(&mut url);
        Self::at(url.into())
    }

    /// Does something as the administrator of its server; `false` on SQLite.
    pub fn administer(&self, statements: &str) -> bool {
        let is_postgres = self.made.is_some();
        if is_postgres {
            connect(&self.url).batch_execute(statements).unwrap();
        }
        is_postgres
    }

    /// Its name on its server; `None` on SQLite.
    pub fn name(&self) -> Option<&str> {
        self.made.as_ref().map(|(_, name)| name.as_str())
    }

    /// Where its server is; `None` on SQLite.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        let url = url::Url::parse(&self.url).unwrap();
        (url.scheme() != "sqlite").then(|| url.socket_addrs(|| Some(5432)).unwrap()[0])
    }

    /// Takes the database away (or gives it back) while servers run; `false` where that cannot be done.
    pub fn set_away(&self, away: bool) -> bool {
        let Some((server, name)) = &self.made else {
            return false;
        };
        let mut connection = connect(server);
        connection
            .batch_execute(&format!(
                "ALTER DATABASE {name} ALLOW_CONNECTIONS {}",
                !away
            ))
            .unwrap();
        if away {
            connection
                .batch_execute(&format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                ))
                .unwrap();
        }
        true
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.made {
            let dropped =
                connect(server).batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
            if let Err(error) = dropped {
                eprintln!("{name} is still there: {error}");
            }
        }
    }
}

fn connect(server: &str) -> Postgres {
    dogwatch::startup::install_tls();
    Postgres::establish(server).expect("the server of DOGWATCH_TEST_POSTGRES answers")
}
