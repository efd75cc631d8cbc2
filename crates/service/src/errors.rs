//! Collecting everything that is wrong with an input, so that the answer names it all at once.

use std::fmt::Display;

use serde::Serialize;

use super::error::Error;

/// One bad value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Fault)]
pub struct FieldError {
    /// Where: a JSON pointer into the body, or `/name` of a query parameter.
    pub pointer: String,
    /// What is wrong, for people.
    pub detail: String,
}

/// The bad values met so far.
///
/// ```
/// use dogwatch_service::ValidationErrors;
///
/// let mut errors = ValidationErrors::new();
/// let age = errors.check("/age", "old".parse::<u8>());
/// errors.add("/name", "must not be empty");
/// assert!(age.is_none());
/// assert!(errors.finish().is_err());
/// ```
#[derive(Debug, Default)]
pub struct ValidationErrors(Vec<FieldError>);

impl ValidationErrors {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes over faults that were found elsewhere.
    pub fn extend(&mut self, others: Vec<FieldError>) {
        self.0.extend(others);
    }

    /// Notes one.
    pub fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        });
    }

    /// The value, or a note that it is missing.
    pub fn required<T>(&mut self, pointer: impl Into<String>, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.add(pointer, "is missing");
        }
        value
    }

    /// The value, or a note of what is wrong with it.
    pub fn check<T, E: Display>(
        &mut self,
        pointer: impl Into<String>,
        result: Result<T, E>,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(pointer, error.to_string());
                None
            }
        }
    }

    /// The same for a value that may be left out: `Some(None)` where it was, `None` where it is bad.
    pub fn check_some<I, T, E: Display>(
        &mut self,
        pointer: impl Into<String>,
        given: Option<I>,
        parse: impl FnOnce(I) -> Result<T, E>,
    ) -> Option<Option<T>> {
        match given {
            None => Some(None),
            Some(given) => self.check(pointer, parse(given)).map(Some),
        }
    }

    /// All of them, for whoever tells of them and goes on.
    #[must_use]
    pub fn into_list(self) -> Vec<FieldError> {
        self.0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing where there are none, and all of them as an error where there are some.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault noted.
    pub fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }

    /// The value that was built while checking; it is `None` only where something was noted.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault noted.
    pub fn finish_with<T>(self, value: Option<T>) -> Result<T, Error> {
        self.finish()?;
        value.ok_or_else(|| Error::internal("a value is missing, and no fault says why"))
    }
}
