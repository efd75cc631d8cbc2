//! The use cases: one function each, one transaction each. They know rights, storage and the domain, and nothing of HTTP.

pub mod access;
pub mod ahead;
pub mod app;
pub mod audit;
pub mod calendars;
pub mod chats;
pub mod error;
pub mod expected;
mod farewell;
pub mod faults;
pub mod feeds;
pub mod handovers;
pub mod import;
pub mod incidents;
pub mod input;
pub mod keeper;
pub mod links;
pub mod operator;
pub mod outbox;
pub mod overrides;
pub mod people;
mod post;
pub mod preferences;
pub mod preview;
mod quotas;
pub mod reports;
pub mod rotations;
pub mod scene;
pub mod secrets;
pub mod sessions;
pub mod suggestions;
pub mod swaps;
pub mod teams;
pub mod time_off;
pub mod tokens;
pub mod values;
pub mod views;

pub use app::App;
pub use error::Error;
pub use expected::Expected;
pub use faults::{Fault, Faults};
pub use keeper::Keeper;

pub use crate::domain::actor::{Actor, Scope};
pub use crate::storage::{Db, Tx};
