//! Why something was not done.

use serde_json::{Map, Value};

use super::errors::FieldError;
use crate::cause::{Cause, chain};
use crate::storage::StoreError;

/// Why something was not done, in words that a client may read (but for [`Error::Internal`], which is for the log).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Bad values, all of them.
    #[error("{}", list(.0))]
    Invalid(Vec<FieldError>),
    /// The actor may not.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing (`a person`, `a rotation`), or none that the actor may see.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It does not go with the present state.
    #[error("{detail}")]
    Conflict {
        /// Why.
        detail: String,
        /// What else the answer says.
        extra: Map<String, Value>,
    },
    /// The version that the client had in mind is not the present one.
    #[error("it has been changed since: read it again")]
    Stale,
    /// Somebody has done that as often within the last hour as they may.
    #[error("too many {what} in an hour: try again in {}", duration(*.seconds))]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How long to wait.
        seconds: u32,
    },
    /// The database is away.
    #[error("the database is away; try again later")]
    Unavailable,
    /// Something that should not happen. Only the log says what.
    #[error(transparent)]
    Internal(Cause),
}

impl Error {
    /// For how many seconds to wait, where trying again later is all it takes.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooMany { seconds, .. } => Some(*seconds),
            _ => None,
        }
    }

    /// One bad value.
    #[must_use]
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        }])
    }

    /// Something that should not happen, with nothing beneath it.
    #[must_use]
    pub fn internal(what: impl Into<Cause>) -> Self {
        Self::Internal(what.into())
    }

    /// Something that should not happen: `what` failed because of `source`.
    #[must_use]
    pub fn caused(
        what: &'static str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Internal(Cause::new(what).because(source))
    }

    /// The actor may not.
    #[must_use]
    pub fn forbidden(reason: impl Into<String>) -> Self {
        Self::Forbidden(reason.into())
    }

    /// A conflict with nothing more to say.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict {
            detail: detail.into(),
            extra: Map::new(),
        }
    }

    /// A conflict, with one more member in the answer.
    #[must_use]
    pub fn conflict_with(detail: impl Into<String>, name: &str, value: Value) -> Self {
        Self::Conflict {
            detail: detail.into(),
            extra: Map::from_iter([(name.to_owned(), value)]),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => {
                // Told here: what is answered is the same for every reason, and many who ask hear of it.
                tracing::warn!(reason = chain(&cause), "the database is away");
                Self::Unavailable
            }
            StoreError::Duplicate => Self::conflict("there is one already"),
            error @ (StoreError::Newer(_) | StoreError::Internal(_)) => {
                Self::Internal(Cause::of(error))
            }
        }
    }
}

/// In minutes, where it is more than one.
fn duration(seconds: u32) -> String {
    match seconds.div_ceil(60) {
        0 | 1 => format!("{seconds} seconds"),
        minutes => format!("{minutes} minutes"),
    }
}

/// All faults on one line, for commands.
fn list(errors: &[FieldError]) -> String {
    errors
        .iter()
        .map(|fault| format!("{}: {}", fault.pointer, fault.detail))
        .collect::<Vec<_>>()
        .join("; ")
}
