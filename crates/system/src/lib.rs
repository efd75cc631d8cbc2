//! What every room needs of the machine: the time, files that only their owner may read, and what happens on a panic.

use dogwatch_domain as domain;

pub mod cause;
pub mod clock;
pub mod files;
pub mod panics;
