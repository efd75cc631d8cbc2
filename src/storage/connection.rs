//! Connections: one enum over both databases, a pool that picks by the scheme of the URL, and the
//! one way to write.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::backend::Backend;
use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager};
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel::r2d2::{
    CustomizeConnection, ManageConnection, Pool, PooledConnection, R2D2Connection as _,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::changes::{self, Change};
use super::db::Db;
use super::error::StoreError;
use super::postgres::Postgres;
use super::quotas::Limited;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Replicas that start together take turns under this advisory lock.
const MIGRATION_LOCK: i64 = 727_001;

/// Writers take turns under this advisory lock, as they do on SQLite: what a change was decided on
/// (a version, the other administrators, the fallbacks) is still so when it commits.
const WRITE_LOCK: i64 = 727_003;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the URL may hold a password.
    Postgres(String),
}

/// `DATABASE_URL` is none that this program understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must begin with sqlite: or postgres://")]
pub struct UnknownScheme;

impl DatabaseUrl {
    /// Reads `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    ///
    /// [`UnknownScheme`] for anything else.
    pub fn parse(text: &str) -> Result<Self, UnknownScheme> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(UnknownScheme)
            } else {
                Ok(Self::Sqlite(path.into()))
            };
        }
        let postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        if postgres {
            Ok(Self::Postgres(text.to_owned()))
        } else {
            Err(UnknownScheme)
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

struct Manager(DatabaseUrl);

impl ManageConnection for Manager {
    type Connection = Db;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Db, Self::Error> {
        Ok(match &self.0 {
            DatabaseUrl::Sqlite(path) => {
                Db::Sqlite(SqliteConnection::establish(&path.to_string_lossy())?)
            }
            DatabaseUrl::Postgres(url) => Db::Postgres(Postgres::establish(url)?),
        })
    }

    fn is_valid(&self, connection: &mut Db) -> Result<(), Self::Error> {
        match connection {
            Db::Sqlite(_) => Ok(()),
            Db::Postgres(connection) => connection.ping().map_err(diesel::r2d2::Error::QueryError),
        }
    }

    fn has_broken(&self, connection: &mut Db) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

#[derive(Debug)]
struct Prepare;

impl CustomizeConnection<Db, diesel::r2d2::Error> for Prepare {
    fn on_acquire(&self, connection: &mut Db) -> Result<(), diesel::r2d2::Error> {
        match connection {
            Db::Sqlite(connection) => connection.batch_execute(
                "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            ),
            Db::Postgres(connection) => connection
                .batch_execute("SET TIME ZONE 'UTC'")
                .and_then(|()| connection.be_patient(false)),
        }
        .map_err(diesel::r2d2::Error::QueryError)
    }
}

/// The database.
#[derive(Clone)]
pub struct Store {
    pool: Pool<Manager>,
    url: DatabaseUrl,
}

/// A transaction that writes.
pub struct Tx<'a> {
    db: &'a mut Db,
    changes: Vec<Change>,
    limited: Vec<Limited>,
}

impl Tx<'_> {
    /// The connection, inside the transaction.
    pub fn db(&mut self) -> &mut Db {
        self.db
    }

    /// Says that answers made from this are others now.
    pub fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Notes something that somebody may only do so often.
    pub fn limit(&mut self, limited: Limited) {
        self.limited.push(limited);
    }

    /// Everything that was noted so.
    #[must_use]
    pub fn limited(&self) -> Vec<Limited> {
        self.limited.clone()
    }
}

impl Store {
    /// Opens the database, without looking at its tables.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when it cannot be reached.
    pub fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        if let DatabaseUrl::Sqlite(path) = url
            && let Some(folder) = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)
                .map_err(|e| StoreError::Unavailable(format!("{}: {e}", folder.display())))?;
        }
        // One connection first: it fails at once, and with the reason.
        let manager = Manager(url.clone());
        let mut first = manager
            .connect()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Prepare
            .on_acquire(&mut first)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        drop(first);
        let pool = Pool::builder()
            .max_size(8)
            .min_idle(Some(1))
            .connection_customizer(Box::new(Prepare))
            .connection_timeout(Duration::from_secs(3))
            .build(manager)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            pool,
            url: url.clone(),
        })
    }

    /// Where it is.
    #[must_use]
    pub const fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    fn connection(&self) -> Result<PooledConnection<Manager>, StoreError> {
        self.pool
            .get()
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Brings the tables up to date; replicas that start together take turns.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database is away or a migration fails; [`StoreError::Newer`] where a newer program has
    /// had the database, of whose tables this one knows nothing. Nothing is changed then.
    pub fn migrate(&self) -> Result<(), StoreError> {
        match &mut *self.connection()? {
            Db::Sqlite(connection) => {
                connection.immediate_transaction(|connection| {
                    bring_up_to_date(connection, SQLITE_MIGRATIONS)
                })?;
            }
            Db::Postgres(connection) => {
                let lock =
                    |action: &str| diesel::sql_query(format!("SELECT {action}({MIGRATION_LOCK})"));
                connection.be_patient(true)?;
                lock("pg_advisory_lock").execute(connection)?;
                let result = bring_up_to_date(connection, POSTGRES_MIGRATIONS);
                lock("pg_advisory_unlock").execute(connection)?;
                connection.be_patient(false)?;
                result?;
            }
        }
        Ok(())
    }

    /// Looks whether the tables, which must be there, are those of this program or of an older one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] where they are not, and [`StoreError`] when the database is away.
    pub fn must_be_known(&self) -> Result<(), StoreError> {
        match &mut *self.connection()? {
            Db::Sqlite(connection) => must_know(connection, &SQLITE_MIGRATIONS),
            Db::Postgres(connection) => must_know(connection, &POSTGRES_MIGRATIONS),
        }
    }

    /// Reads, from one state of the database.
    ///
    /// # Errors
    ///
    /// Those of `work`, and [`StoreError`] when the database is away.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection()?;
        let begin = match &*connection {
            Db::Sqlite(_) => "BEGIN",
            Db::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        transaction(&mut connection, begin, work)
    }

    /// Writes, all or nothing. What `work` says it changed is numbered in the order of the commits.
    ///
    /// # Errors
    ///
    /// Those of `work`, and [`StoreError`] when the database is away; nothing is written then.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection()?;
        let begin = match &*connection {
            Db::Sqlite(_) => "BEGIN IMMEDIATE",
            Db::Postgres(_) => "BEGIN",
        };
        transaction(&mut connection, begin, |db| {
            if matches!(db, Db::Postgres(_)) {
                diesel::sql_query(format!("SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
                    .execute(db)
                    .map_err(StoreError::from)?;
            }
            let mut tx = Tx {
                db,
                changes: Vec::new(),
                limited: Vec::new(),
            };
            let result = work(&mut tx)?;
            let changes = std::mem::take(&mut tx.changes);
            changes::record(tx.db, &changes)?;
            Ok(result)
        })
    }

    /// Makes this program the one server of an SQLite file, until the lock is dropped. PostgreSQL
    /// may have many.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when another server has the file.
    pub fn serve_alone(&self) -> Result<Option<File>, StoreError> {
        let DatabaseUrl::Sqlite(path) = &self.url else {
            return Ok(None);
        };
        let lock_path = with_suffix(path, ".lock");
        let in_use = |error: &dyn std::fmt::Display| {
            StoreError::Unavailable(format!("another server has {} ({error})", path.display()))
        };
        let lock = File::create(&lock_path).map_err(|error| in_use(&error))?;
        lock.try_lock().map_err(|error| in_use(&error))?;
        Ok(Some(lock))
    }
}

fn bring_up_to_date<DB: Backend, C: MigrationHarness<DB>>(
    connection: &mut C,
    migrations: EmbeddedMigrations,
) -> Result<(), StoreError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    must_know(connection, &migrations)?;
    connection
        .run_pending_migrations(migrations)
        .map(|_| ())
        .map_err(migration_failed)
}

/// Refuses tables that other migrations than ours have changed.
fn must_know<DB: Backend, C: MigrationHarness<DB>>(
    connection: &mut C,
    migrations: &EmbeddedMigrations,
) -> Result<(), StoreError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known = migrations.migrations().map_err(migration_failed)?;
    let applied = connection.applied_migrations().map_err(migration_failed)?;
    let is_known =
        |version: &MigrationVersion<'_>| known.iter().any(|one| one.name().version() == *version);
    // The newest comes first.
    match applied.iter().find(|version| !is_known(version)) {
        Some(unknown) => Err(StoreError::Newer(unknown.to_string())),
        None => Ok(()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "errors are handed over so")]
fn migration_failed(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Internal(error.to_string())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

type Transactions = <Db as Connection>::TransactionManager;

fn transaction<T, E: From<StoreError>>(
    db: &mut Db,
    begin: &str,
    work: impl FnOnce(&mut Db) -> Result<T, E>,
) -> Result<T, E> {
    match db {
        Db::Sqlite(connection) => AnsiTransactionManager::begin_transaction_sql(connection, begin),
        Db::Postgres(connection) => {
            AnsiTransactionManager::begin_transaction_sql(connection, begin)
        }
    }
    .map_err(StoreError::from)?;
    match work(db) {
        Ok(result) => {
            Transactions::commit_transaction(db).map_err(StoreError::from)?;
            Ok(result)
        }
        Err(error) => {
            // What went wrong first is what counts; a connection that cannot roll back is broken.
            if let Err(rollback) = Transactions::rollback_transaction(db) {
                tracing::debug!(%rollback, "a transaction could not be rolled back");
            }
            Err(error)
        }
    }
}
