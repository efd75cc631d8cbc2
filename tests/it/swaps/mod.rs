//! Swaps over HTTP: who may do what in which state, what comes of it on the timeline, and what holds when many do
//! it at once.

mod answers;
mod lifecycle;
mod races;
mod squad;
mod states;
