//! Connections: one enum over both databases, a pool that picks by the scheme of the URL, and the
//! one way to write.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diesel::backend::Backend;
use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager};
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel::r2d2::{Pool, PooledConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::audit;
use super::changes::{self, Change};
use super::db::Db;
use super::error::StoreError;
use super::file::{self, DatabaseFile, Handle, ServerLock};
use super::pool::{Manager, NoFurther, POOLED, establish_sqlite, unavailable};
use super::pooler;
use super::postgres_url::{BadDatabaseUrl, Target};
use super::quotas::Limited;
use super::reason::reason;
use super::trouble::{Trouble, Troubles, watch};
use crate::files;

pub(super) const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
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

impl DatabaseUrl {
    /// Reads `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    ///
    /// An error for anything else, and for parameters that are not understood.
    pub fn parse(text: &str) -> Result<Self, BadDatabaseUrl> {
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Target::parse(text).map(|_| Self::Postgres(text.to_owned()));
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(BadDatabaseUrl("names no file: sqlite:PATH".to_owned()));
        }
        Ok(Self::Sqlite(path.into()))
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

/// How the tables of a database are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// There are none of ours.
    None,
    /// They are those of an older version of this program.
    Older,
    /// They are those of this version.
    Current,
}

/// The database.
#[derive(Clone)]
pub struct Store {
    // Before the file: its own descriptor must be closed after SQLite's.
    pool: Pool<Manager>,
    url: DatabaseUrl,
    file: Option<Arc<DatabaseFile>>,
    troubles: Arc<Troubles>,
}

/// A transaction that writes.
pub struct Tx<'a> {
    db: &'a mut Db,
    changes: &'a mut Vec<Change>,
    limited: &'a mut Vec<Limited>,
}

impl Tx<'_> {
    /// The same transaction, for as long as this one is borrowed.
    pub fn reborrow(&mut self) -> Tx<'_> {
        Tx {
            db: self.db,
            changes: self.changes,
            limited: self.limited,
        }
    }

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
        // One connection first: it fails at once, and with the reason.
        let file = match url {
            DatabaseUrl::Sqlite(path) => {
                let handle = open_file(path)?;
                let first = establish_sqlite(path).map_err(unavailable)?;
                Some(Arc::new(DatabaseFile::new(path, handle, first)?))
            }
            DatabaseUrl::Postgres(url) => {
                pooler::refuse_shared_sessions(url)
                    .map_err(|error| StoreError::Unavailable(reason(&*error)))?;
                None
            }
        };
        let manager = Manager {
            url: url.clone(),
            file: file.clone(),
        };
        let pool = Pool::builder()
            .max_size(POOLED)
            .min_idle(Some(1))
            .connection_timeout(Duration::from_secs(3))
            .error_handler(Box::new(NoFurther::default()))
            .build(manager)
            .map_err(unavailable)?;
        Ok(Self {
            pool,
            url: url.clone(),
            file,
            troubles: Arc::default(),
        })
    }

    /// What is wrong with the disk or the file, where something is.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let is_moved = self.file.as_ref().is_some_and(|file| !file.is_in_place());
        is_moved
            .then_some(Trouble::Moved)
            .or_else(|| self.troubles.present())
    }

    /// Tries from time to time whether a trouble is over, so that also a program that has nothing to write finds out.
    /// Blocks.
    pub fn recover(&self) {
        match self.troubles.to_try() {
            Some(Trouble::Damaged) => self.check(),
            Some(_) => self.try_to_write(),
            None => {}
        }
    }

    /// Ends the trouble of a damaged database in which a check finds nothing.
    fn check(&self) {
        if self.is_sound() {
            self.troubles.is_sound();
        }
    }

    /// Writes something and removes it. [`Store::write`] notes where that fails.
    fn try_to_write(&self) {
        let tried = self
            .write(|tx| audit::write_probe(tx.db(), true))
            .and_then(|()| self.write(|tx| audit::write_probe(tx.db(), false)));
        match tried {
            Ok(()) => self.troubles.probe_worked(),
            Err(error) => tracing::debug!(%error, "writing does not work yet"),
        }
    }

    /// Whether a whole check finds nothing. (PostgreSQL has none: there reading has to show it.)
    fn is_sound(&self) -> bool {
        let Ok(mut connection) = self.connection() else {
            return false;
        };
        match &mut *connection {
            Db::Sqlite(connection) => match file::check(connection) {
                Ok(()) => true,
                Err(found) => {
                    tracing::error!(found, "the database is damaged");
                    false
                }
            },
            Db::Postgres(_) => true,
        }
    }

    fn must_be_in_place(&self) -> Result<(), StoreError> {
        self.file
            .as_ref()
            .map_or(Ok(()), |file| file.must_be_in_place())
    }

    /// Where it is.
    #[must_use]
    pub const fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    fn connection(&self) -> Result<PooledConnection<Manager>, StoreError> {
        self.pool.get().map_err(unavailable)
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

    /// How the tables are. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] where a newer program has had them, and [`StoreError`] when the database is away.
    pub fn tables(&self) -> Result<Tables, StoreError> {
        let mut connection = self.connection()?;
        if !has_tables(&mut connection)? {
            return Ok(Tables::None);
        }
        match &mut *connection {
            Db::Sqlite(connection) => compare(connection, SQLITE_MIGRATIONS),
            Db::Postgres(connection) => compare(connection, POSTGRES_MIGRATIONS),
        }
    }

    /// Looks whether the tables, which must be there, are those of this program or of an older one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] where they are not, and [`StoreError`] when the database is away.
    pub fn ensure_schema_known(&self) -> Result<(), StoreError> {
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
        let (done, met) = watch(|| self.read_watched(work));
        self.troubles.read(met);
        done
    }

    fn read_watched<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, E>,
    ) -> Result<T, E> {
        self.must_be_in_place()?;
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
        let (done, met) = watch(|| self.write_watched(work));
        self.troubles.wrote(met);
        done
    }

    fn write_watched<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.must_be_in_place()?;
        let mut connection = self.connection()?;
        let begin = match &*connection {
            Db::Sqlite(_) => "BEGIN IMMEDIATE",
            Db::Postgres(_) => "BEGIN",
        };
        let result = transaction(&mut connection, begin, |db| -> Result<T, E> {
            if matches!(db, Db::Postgres(_)) {
                diesel::sql_query(format!("SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
                    .execute(db)
                    .map_err(StoreError::from)?;
            }
            let (mut changes, mut limited) = (Vec::new(), Vec::new());
            let result = work(&mut Tx {
                db,
                changes: &mut changes,
                limited: &mut limited,
            })?;
            changes::record(db, &changes)?;
            Ok(result)
        })?;
        // What went into a file that is gone meanwhile is not acknowledged.
        self.must_be_in_place()?;
        Ok(result)
    }

    /// Tries what a start and a change do, and takes it back.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where a table cannot be made or the present ones cannot be written.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        /// An error for the transaction, which is what takes it back.
        enum Tried {
            Fine,
            Failed(StoreError),
        }
        impl From<StoreError> for Tried {
            fn from(error: StoreError) -> Self {
                Self::Failed(error)
            }
        }
        let tried = self.write::<(), Tried>(|tx| {
            let mut run = |text: &str| {
                diesel::sql_query(text)
                    .execute(tx.db())
                    .map_err(StoreError::from)
            };
            run("CREATE TABLE dogwatch_check (tried INTEGER)")?;
            run("INSERT INTO dogwatch_check (tried) VALUES (1)")?;
            if has_tables(tx.db())? {
                diesel::sql_query("UPDATE roster_version SET version = version")
                    .execute(tx.db())
                    .map_err(StoreError::from)?;
            }
            Err(Tried::Fine)
        });
        match tried {
            Err(Tried::Failed(error)) => Err(error),
            Ok(()) | Err(Tried::Fine) => Ok(()),
        }
    }

    /// Writes all that is in the `-wal` into the file of an SQLite database, so that the file alone is the whole database.
    pub fn checkpoint(&self) {
        let done = self.connection().and_then(|mut connection| {
            if let Db::Sqlite(connection) = &mut *connection {
                connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
            }
            Ok(())
        });
        if let Err(error) = done {
            tracing::debug!(%error, "what is in the -wal stays there");
        }
    }

    /// Closes all connections, and waits a second at most until they are closed: the pool may be making one just now, and
    /// a program that ended meanwhile would leave SQLite's `-wal` and `-shm` behind.
    pub fn close(self) {
        let file = self.file.as_ref().map(Arc::downgrade);
        drop(self);
        let is_open = || file.as_ref().is_some_and(|file| file.strong_count() > 0);
        for _ in 0..50 {
            if !is_open() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Looks whether another program serves an SQLite file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when one does.
    pub fn must_have_no_server(&self) -> Result<(), StoreError> {
        self.file
            .as_ref()
            .map_or(Ok(()), |file| file.must_have_no_server())
    }

    /// Makes this program the one server of an SQLite file, until the lock is dropped. PostgreSQL
    /// may have many.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when another server has the file.
    pub fn acquire_server_lock(&self) -> Result<Option<ServerLock>, StoreError> {
        self.file
            .as_ref()
            .map(|file| file.acquire_server_lock())
            .transpose()
    }
}

/// Opens, or makes, the file of an SQLite database, before SQLite does.
fn open_file(path: &Path) -> Result<Arc<Handle>, StoreError> {
    let failed =
        |path: &Path, error| StoreError::Unavailable(format!("{}: {error}", path.display()));
    let folder = path.parent();
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        files::make_folder(folder).map_err(|error| failed(folder, error))?;
    }
    let handle = Handle::open(path).map_err(|error| failed(path, error))?;
    file::check_leftover_wal(path, &handle)?;
    Ok(handle)
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

fn compare<DB: Backend, C: MigrationHarness<DB>>(
    connection: &mut C,
    migrations: EmbeddedMigrations,
) -> Result<Tables, StoreError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    must_know(connection, &migrations)?;
    let pending = connection
        .has_pending_migration(migrations)
        .map_err(migration_failed)?;
    Ok(if pending {
        Tables::Older
    } else {
        Tables::Current
    })
}

/// Whether there are tables of any version.
fn has_tables(db: &mut Db) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let look = match db {
        Db::Sqlite(_) => {
            "SELECT count(*) AS count FROM sqlite_master WHERE name = 'roster_version'"
        }
        Db::Postgres(_) => "SELECT count(to_regclass('roster_version')) AS count",
    };
    let found: Count = diesel::sql_query(look).get_result(db)?;
    Ok(found.count > 0)
}

/// Refuses tables that other migrations than ours have changed.
pub(super) fn must_know<DB: Backend, C: MigrationHarness<DB>>(
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
    StoreError::Internal(reason(&*error))
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
