//! The rules, pure: no clock, no IO, nothing from the layers above.

pub mod access;
pub mod handovers;
pub mod ids;
pub mod incidents;
pub mod non_empty;
pub mod notifications;
pub mod people;
pub mod reminders;
pub mod schedule;
pub mod stored;
pub mod swaps;
pub mod time;

#[cfg(test)]
mod tests;
