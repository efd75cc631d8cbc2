//! Why a calendar cannot be read.

use super::budget::Exceeded;
use crate::cause::Cause;

/// What is wrong with a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A page that asks for a password, mostly.
    #[error("it is not a calendar")]
    NoCalendar,
    /// It was cut off on the way.
    #[error("it ends too early")]
    CutOff,
    /// What ends is not what began.
    #[error("its parts do not fit together")]
    Tangled,
    /// It has more of something than is read.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// Where it comes from gave no more of it, in its own words.
    #[error("{0}")]
    Source(#[source] Cause),
}
