//! What every change carries through the services.

use std::ops::{Deref, DerefMut};

use super::{Actor, Error, Expected};
use crate::domain::time::interval::Timestamp;
use crate::storage::Tx;

/// A transaction, who asked for it, and when: the first argument of every function that writes.
///
/// It is a [`Tx`] as well: `uow.db()` is the connection, and `uow.changed(…)` says which answers are no longer current.
/// `App::change` and `App::dry_run` make one.
pub struct UnitOfWork<'a> {
    tx: Tx<'a>,
    /// Who asked.
    pub actor: &'a Actor,
    /// When: the same time for everything in this transaction.
    pub now: Timestamp,
    expected: Expected,
    is_dry_run: bool,
}

impl<'a> UnitOfWork<'a> {
    /// A unit of work in this transaction, for whatever version there is.
    #[must_use]
    pub fn new(tx: &'a mut Tx<'_>, actor: &'a Actor, now: Timestamp) -> Self {
        Self {
            tx: tx.reborrow(),
            actor,
            now,
            expected: Expected::any(),
            is_dry_run: false,
        }
    }

    /// The same where everything is rolled back afterwards.
    pub(super) fn dry_run(tx: &'a mut Tx<'_>, actor: &'a Actor, now: Timestamp) -> Self {
        Self {
            is_dry_run: true,
            ..Self::new(tx, actor, now)
        }
    }

    /// Whether everything is rolled back afterwards: then it is to be said what the change would do.
    #[must_use]
    pub const fn is_dry_run(&self) -> bool {
        self.is_dry_run
    }

    /// Says which versions the request is meant for.
    pub fn expecting(&mut self, expected: Expected) -> &mut Self {
        self.expected = expected;
        self
    }

    /// Compares the version that the request is meant for with the present one.
    ///
    /// # Errors
    /// [`Error::Stale`] where it is another.
    pub fn check_version(&self, current: i64) -> Result<(), Error> {
        self.expected.check(current)
    }
}

impl<'a> Deref for UnitOfWork<'a> {
    type Target = Tx<'a>;

    fn deref(&self) -> &Tx<'a> {
        &self.tx
    }
}

impl<'a> DerefMut for UnitOfWork<'a> {
    fn deref_mut(&mut self) -> &mut Tx<'a> {
        &mut self.tx
    }
}
