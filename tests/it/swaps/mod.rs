//! Swaps over HTTP: who may do what in which state, what comes of it on the timeline, and what holds when many do
//! it at once.

mod absence;
mod answers;
mod leaving;
mod lifecycle;
mod mails;
mod races;
pub mod squad;
mod states;
mod year;
