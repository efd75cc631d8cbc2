//! The database: SQLite or PostgreSQL, one schema.

pub mod audit;
pub mod calendars;
pub mod changes;
pub mod chats;
pub mod connection;
pub mod db;
mod error;
pub mod feeds;
pub mod handovers;
pub mod idempotency;
pub mod incident_webhooks;
pub mod incidents;
pub mod outbox;
pub mod people;
pub mod postgres;
pub mod publications;
pub mod quotas;
pub mod rotations;
mod rows;
pub mod schema;
pub mod sessions;
pub mod swaps;
pub mod teams;
pub mod tokens;
pub mod types;

pub use changes::Change;
pub use connection::{DatabaseUrl, Store, Tx};
pub use db::Db;
pub use error::StoreError;
