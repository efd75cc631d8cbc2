//! The connections of a pool: how each is made, and what is said where no further one can be.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::r2d2::{HandleError, ManageConnection, R2D2Connection as _};

use super::database_url::DatabaseUrl;
use super::db::Db;
use super::error::StoreError;
use super::file::{self, DatabaseFile};
use super::postgres::Postgres;
use super::reason::reason;
use crate::cause::Cause;

/// How many connections a server keeps at most, beside the one that listens.
pub(super) const POOLED: u32 = 8;

/// How often is said that no further connection can be made.
const SAY_AGAIN: Duration = Duration::from_mins(1);

/// Makes the connections of the pool.
pub(super) struct Manager {
    pub(super) url: DatabaseUrl,
    pub(super) file: Option<Arc<DatabaseFile>>,
}

/// Says why no further connection can be made, where the present ones may do.
#[derive(Debug, Default)]
pub(super) struct NoFurther {
    said: Mutex<Option<Instant>>,
}

impl HandleError<diesel::r2d2::Error> for NoFurther {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|last| last.elapsed() >= SAY_AGAIN) {
            *said = Some(Instant::now());
            tracing::warn!(
                reason = reason(&error),
                "no further connection to the database"
            );
        }
    }
}

pub(super) fn unavailable<E: std::error::Error + Send + Sync + 'static>(error: E) -> StoreError {
    StoreError::Unavailable(Cause::in_words(reason(&error), error))
}

impl ManageConnection for Manager {
    type Connection = Db;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Db, Self::Error> {
        // A connection to another file must not be in the pool when the right one is back.
        let is_in_place = || {
            let file = self.file.as_ref();
            file.map_or(Ok(()), |file| file.must_be_in_place())
                .map_err(|error| ConnectionError::BadConnection(error.to_string()))
        };
        is_in_place()?;
        let connection = establish(&self.url)?;
        is_in_place()?;
        Ok(connection)
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

/// A connection as all of them are.
fn establish(url: &DatabaseUrl) -> Result<Db, diesel::r2d2::Error> {
    match url {
        DatabaseUrl::Sqlite(path) => establish_sqlite(path).map(Db::Sqlite),
        DatabaseUrl::Postgres(url) => {
            let mut connection = Postgres::establish(url)?;
            connection
                .batch_execute("SET TIME ZONE 'UTC'")
                .and_then(|()| connection.be_patient(false))
                .map_err(diesel::r2d2::Error::QueryError)?;
            Ok(Db::Postgres(connection))
        }
    }
}

pub(super) fn establish_sqlite(path: &Path) -> Result<SqliteConnection, diesel::r2d2::Error> {
    let mut connection = file::connect(path, "rw")?;
    connection
        .batch_execute(
            "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        )
        .map_err(diesel::r2d2::Error::QueryError)?;
    Ok(connection)
}
