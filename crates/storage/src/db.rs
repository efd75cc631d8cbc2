//! One connection type over both databases.

#![expect(missing_docs, reason = "the derive makes items without any")]
#![expect(
    clippy::large_enum_variant,
    reason = "there are a handful of connections, each in its pool"
)]

use diesel::sqlite::SqliteConnection;

use super::postgres::Postgres;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Db {
    /// SQLite.
    Sqlite(SqliteConnection),
    /// PostgreSQL.
    Postgres(Postgres),
}
