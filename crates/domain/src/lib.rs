//! The rules, pure: no clock, no IO, nothing from the layers above.

pub mod absence;
pub mod actor;
pub mod address_change;
pub mod audit;
pub mod availability;
pub mod calendar;
pub mod candidates;
pub mod chat;
pub mod clash;
pub mod digest;
pub mod duty;
pub mod email;
pub mod feed;
pub mod handover;
pub mod holidays;
pub mod hours;
pub mod ids;
pub mod incident;
pub mod interval;
pub mod link;
pub mod load;
pub mod mend;
pub mod message;
pub mod non_empty;
pub mod notice;
pub mod overrides;
pub mod pause;
pub mod person;
pub mod preferences;
pub mod preview;
pub mod publication;
pub mod reminder;
pub mod rotation;
pub mod runs;
pub mod session;
pub mod stored;
pub mod suggestion;
pub mod swap;
pub mod team;
pub mod timeline;
pub mod token;
pub mod zone;

#[cfg(test)]
mod tests;
