//! The use cases: one function each, one transaction each. They know rights, storage and the domain, and nothing of HTTP.

pub mod actor;
pub mod app;
pub mod error;
pub mod expected;
pub mod faults;
pub mod input;

pub use actor::{Actor, Scope};
pub use app::App;
pub use error::Error;
pub use expected::Expected;
pub use faults::{Fault, Faults};
