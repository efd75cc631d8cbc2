//! The rules, pure: no clock, no IO, nothing from the layers above.

pub mod availability;
pub mod hours;
pub mod ids;
pub mod interval;
pub mod overrides;
pub mod person;
pub mod rotation;
pub mod team;
pub mod timeline;
pub mod zone;
