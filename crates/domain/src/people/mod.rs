//! People and teams: when they work, when they are away, what mail they want.

pub mod absence;
pub mod availability;
pub mod calendar;
pub mod email;
pub mod person;
pub mod preferences;
pub mod team;
