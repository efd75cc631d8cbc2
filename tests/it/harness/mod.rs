//! What the tests stand on.

pub mod browser;
pub mod chat;
pub mod chromium;
pub mod cluster;
pub mod database;
pub mod mailbox;
pub mod network;
pub mod program;
pub mod relay;
pub mod server;
pub mod sink;

pub use database::Database;
pub use server::Server;
