//! The pages, as a browser without scripts sees them.

mod absences;
mod administration;
mod board;
mod editor;
mod handovers;
mod incidents;
mod load;
mod me;
mod now;
mod rotation;
mod security;
mod settings;
mod sign_in;
mod staff;
mod swaps;
mod webhooks;
mod world;
