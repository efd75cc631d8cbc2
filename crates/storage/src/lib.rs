//! The database: SQLite or PostgreSQL, one schema.

use dogwatch_domain as domain;
use dogwatch_system::cause;
use dogwatch_system::clock;
use dogwatch_system::files;

pub mod address_changes;
pub mod audit;
pub mod backup;
pub mod calendars;
pub mod changes;
pub mod chats;
pub mod connection;
mod database_url;
pub mod db;
mod error;
pub mod feeds;
pub mod file;
pub mod handovers;
pub mod idempotency;
pub mod incident_webhooks;
pub mod incidents;
pub mod outbox;
pub mod people;
mod pool;
mod pooler;
pub mod postgres;
mod postgres_url;
pub mod publications;
pub mod quotas;
mod reason;
pub mod rotations;
mod rows;
pub mod schema;
pub mod sessions;
pub mod swaps;
pub mod teams;
pub mod tokens;
mod trouble;
pub mod types;

pub use changes::Change;
pub use connection::{Store, Tables, Tx};
pub use database_url::DatabaseUrl;
pub use db::Db;
pub use error::StoreError;
pub use file::ServerLock;
pub use trouble::Trouble;
