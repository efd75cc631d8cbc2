//! From columns to values and back.

use std::fmt::{Debug, Display};

use super::StoreError;
use super::trouble::{self, Trouble};
use super::types::{AsText, Ts};
use crate::domain::time::interval::{Interval, Timestamp};

/// An error for a row whose columns do not go together.
pub(super) fn corrupt(what: impl Display) -> StoreError {
    trouble::note(Trouble::Damaged);
    StoreError::Unavailable(format!("a row holds {what}").into())
}

/// What a nullable text column holds.
pub(super) fn inner<T: Debug>(text: Option<AsText<T>>) -> Option<T> {
    text.map(|text| text.0)
}

/// An interval of two columns.
pub(super) fn interval(start: Ts, end: Ts) -> Result<Interval, StoreError> {
    Interval::new(start.0, end.0).ok_or_else(|| corrupt("an empty interval"))
}

/// An instant that may be missing.
pub(super) fn instant(ts: Option<Ts>) -> Option<Timestamp> {
    ts.map(|ts| ts.0)
}

/// The same, the other way.
pub(super) fn ts(instant: Option<Timestamp>) -> Option<Ts> {
    instant.map(Ts)
}
