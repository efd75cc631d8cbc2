//! Rotations and what follows from them: timelines, duty, gaps, clashes, load.

pub mod clash;
pub mod duty;
pub mod feed;
pub mod issue;
pub mod load;
pub mod overrides;
pub mod pause;
pub mod preview;
pub mod publication;
pub mod rotation;
pub mod runs;
pub mod timeline;
