//! From columns to values and back.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::trouble::{self, Trouble};
use super::types::{Json, Ts};
use crate::cause::Cause;
use crate::domain::interval::{Interval, Timestamp};

/// What a row holds and no version of this program wrote.
pub(super) fn corrupt(what: impl Display) -> StoreError {
    trouble::note(Trouble::Damaged);
    StoreError::Unavailable(format!("a row holds {what}").into())
}

/// The same, where that is what a parser says.
fn unreadable(error: serde_json::Error) -> StoreError {
    trouble::note(Trouble::Damaged);
    let what = format!("a row holds {error}");
    StoreError::Unavailable(Cause::in_words(what, error))
}

/// What cannot be made a row of, which is a defect.
fn unwritable(error: serde_json::Error) -> StoreError {
    let what = format!("a value cannot be stored: {error}");
    StoreError::Internal(Cause::in_words(what, error))
}

/// An id, or whatever else is written as text.
pub(super) fn parse<T: std::str::FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| corrupt(format!("{text:?}")))
}

/// The same, where there may be none.
pub(super) fn parse_some<T: std::str::FromStr>(
    text: Option<&str>,
) -> Result<Option<T>, StoreError> {
    text.map(parse).transpose()
}

/// A document.
pub(super) fn from_json<T: DeserializeOwned>(json: Json) -> Result<T, StoreError> {
    serde_json::from_value(json.0).map_err(unreadable)
}

/// A value as a document.
pub(super) fn to_document(value: impl Serialize) -> Result<Json, StoreError> {
    serde_json::to_value(value).map(Json).map_err(unwritable)
}

/// A plain enumeration, as its one word.
pub(super) fn enum_to_text(value: impl Serialize) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(enum_to_text)) => Ok(enum_to_text),
        Ok(other) => {
            let what = format!("a value cannot be stored: {other:?}");
            Err(StoreError::Internal(what.into()))
        }
        Err(error) => Err(unwritable(error)),
    }
}

/// The plain enumeration of a word.
pub(super) fn enum_from_text<T: DeserializeOwned>(enum_to_text: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(enum_to_text)).map_err(unreadable)
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
