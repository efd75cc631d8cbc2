//! The pages in a real browser, on the example organisation: each of them looked at, and what people do there.
//!
//! A new page is a line in [`walk::PAGES`].

mod handover;
mod people;
mod stored;
mod stories;
pub mod walk;
pub mod world;
