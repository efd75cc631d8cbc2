//! The version that a client thinks it is changing.

use super::error::Error;

/// The versions of a resource that a change is meant for; by default any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected(Option<Vec<i64>>);

impl Expected {
    /// Whatever the version is.
    #[must_use]
    pub const fn any() -> Self {
        Self(None)
    }

    /// One of these only.
    #[must_use]
    pub const fn one_of(versions: Vec<i64>) -> Self {
        Self(Some(versions))
    }

    /// Compares with the present version.
    ///
    /// # Errors
    /// [`Error::Stale`] where it is another.
    pub fn check(&self, version: i64) -> Result<(), Error> {
        match &self.0 {
            Some(versions) if !versions.contains(&version) => Err(Error::Stale),
            _ => Ok(()),
        }
    }
}
