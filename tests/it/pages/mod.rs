//! The pages, as a browser without scripts sees them.

mod editor;
mod sign_in;
