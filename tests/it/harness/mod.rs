//! What the tests stand on.

pub mod database;
pub mod server;

pub use database::Database;
pub use server::Server;
