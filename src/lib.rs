//! Dogwatch: who has the duty, by rotations, overrides and working hours.

pub mod background;
pub mod calendar;
pub mod cause;
pub mod cli;
pub mod clock;
pub mod config;
pub use dogwatch_domain as domain;
pub mod files;
pub mod http;
#[cfg(test)]
mod layers;
pub mod notify;
pub mod panics;
pub mod service;
pub mod snapshot;
pub mod startup;
pub mod storage;
pub mod telemetry;
pub mod worker;
