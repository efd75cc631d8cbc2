//! The database: SQLite or PostgreSQL, one schema.

pub mod changes;
pub mod connection;
pub mod postgres;
pub mod schema;
pub mod types;

pub use changes::Change;
pub use connection::{DatabaseUrl, Db, Store, StoreError, Tx};
