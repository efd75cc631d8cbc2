//! Dogwatch: who has the duty, by rotations, overrides and working hours.

pub mod api;
pub mod background;
pub mod cli;
pub mod server;
pub mod startup;
pub mod telemetry;
pub mod worker;

pub use dogwatch_calendar as calendar;
pub use dogwatch_config as config;
pub use dogwatch_domain as domain;
pub use dogwatch_http as http;
pub use dogwatch_notify as notify;
pub use dogwatch_service as service;
pub use dogwatch_service::snapshot;
pub use dogwatch_storage as storage;
pub use dogwatch_system::{cause, clock, files, panics};
