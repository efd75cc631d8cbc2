//! What every use case stands on: the database, the roster, the clock.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use super::error::Error;
use super::feeds::{FeedCache, Fetches};
use super::health::Degradation;
use super::quotas;
use super::secrets::token_hash;
use super::snapshots::SnapshotCache;
use super::threads::Threads;
use super::unit_of_work::UnitOfWork;
use crate::clock::Clock;
use crate::config::HourlyLimits;
use crate::domain::access::actor::{Actor, Scope};
use crate::domain::people::person::Role;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Timestamp;
use crate::notify::Guard;
use crate::snapshot::Snapshot;
use crate::storage::idempotency;
pub use crate::storage::idempotency::{FirstAnswer, RequestKey};
use crate::storage::{Db, Store, Tx, changes};

/// How often is tried to read from a roster that is not overtaken meanwhile.
const TRIES: usize = 5;

/// The application, as its drivers see it.
pub struct App {
    /// The database.
    pub store: Store,
    /// The read model.
    pub snapshots: Arc<SnapshotCache>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What links begin with, without a slash at the end.
    pub public_url: String,
    /// The domain of message ids.
    pub mail_domain: String,
    /// Key of signed links.
    pub secret: SecretString,
    /// The first administrator's token, where one is configured.
    pub bootstrap_token: Option<SecretString>,
    /// Which addresses that people enter are asked.
    pub guard: Guard,
    /// How much one person may do in an hour.
    pub hourly_limits: HourlyLimits,
    /// When feeds were last fetched.
    pub fetches: Fetches,
    /// What works in the background.
    pub threads: Threads,
    pub(super) degradation: Degradation,
    pub(super) feed_cache: FeedCache,
    running: Mutex<HashSet<RequestKey>>,
}

/// What came of a change that may have been made before.
#[derive(Debug)]
pub enum Once<T> {
    /// It was made now.
    Now(T),
    /// It was made before, and answered like this.
    Before(FirstAnswer),
}

impl App {
    /// An application on this database.
    #[must_use]
    pub fn new(
        store: Store,
        snapshots: Arc<SnapshotCache>,
        clock: Arc<dyn Clock>,
        public_url: String,
        mail_domain: String,
        secret: SecretString,
    ) -> Self {
        Self {
            store,
            snapshots,
            clock,
            public_url,
            mail_domain,
            secret,
            bootstrap_token: None,
            guard: Guard::default(),
            hourly_limits: HourlyLimits::default(),
            fetches: Fetches::default(),
            threads: Threads::default(),
            degradation: Degradation::default(),
            feed_cache: FeedCache::default(),
            running: Mutex::default(),
        }
    }

    /// The same with the first administrator's token.
    #[must_use]
    pub fn bootstrapped_with(self, bootstrap_token: Option<SecretString>) -> Self {
        Self {
            bootstrap_token,
            ..self
        }
    }

    /// The same where these addresses are asked; otherwise it is public ones.
    #[must_use]
    pub fn asking(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// The same with other limits on what one person may do in an hour.
    #[must_use]
    pub fn limited_to(self, hourly_limits: HourlyLimits) -> Self {
        Self {
            hourly_limits,
            ..self
        }
    }

    /// Reads from one state of the database. Blocks.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::Unavailable`].
    pub fn read<T>(&self, work: impl FnOnce(&mut Db) -> Result<T, Error>) -> Result<T, Error> {
        self.store.read(work)
    }

    /// Reads rows, and the roster that goes with them: another replica may have changed what this one's roster has not
    /// heard of yet. Blocks.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::Unavailable`].
    pub fn read_with_roster<T>(
        &self,
        work: impl Fn(&mut Db, &Snapshot) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for _ in 0..TRIES {
            let snapshot = self.snapshots.snapshot();
            let done = self.store.read(|db| {
                let is_behind = changes::version(db)? != snapshot.version();
                (!is_behind).then(|| work(db, &snapshot)).transpose()
            });
            if let Some(done) = done? {
                return Ok(done);
            }
            self.snapshots.refresh(&self.store, self.clock.now())?;
        }
        // Where changes come that fast, all that is told is old when it arrives.
        self.store.read(|db| work(db, &self.snapshots.snapshot()))
    }

    /// Checks a request against the snapshot, before anything waits for a transaction. What is refused is checked once
    /// more when the snapshot is up to date: another replica may have changed what this one has not heard of. Blocks.
    ///
    /// # Errors
    /// Those of `check`, and [`Error::Unavailable`].
    pub fn check<T>(&self, check: impl Fn(&Snapshot) -> Result<T, Error>) -> Result<T, Error> {
        let snapshot = self.snapshots.snapshot();
        match check(&snapshot) {
            Err(Error::Forbidden(_) | Error::NotFound(_) | Error::Invalid(_)) => {
                self.snapshots.refresh(&self.store, self.clock.now())?;
                check(&self.snapshots.snapshot())
            }
            other => other,
        }
    }

    /// What this request was answered before; `None` where it is new. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the key was used with another body, and [`Error::Unavailable`].
    pub fn first_answer(
        &self,
        key: &RequestKey,
        body_hash: &str,
        now: Timestamp,
    ) -> Result<Option<FirstAnswer>, Error> {
        self.read(|db| first_answer(db, key, body_hash, now))
    }

    /// Changes something for somebody, all or nothing; afterwards the roster knows. Blocks.
    ///
    /// # Errors
    /// Those of `work`, [`Error::TooMany`] and [`Error::Unavailable`].
    pub fn change<T>(
        &self,
        actor: &Actor,
        now: Timestamp,
        work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.write(|tx| work(&mut UnitOfWork::new(tx, actor, now)))
    }

    /// The same where nobody is known who asks for it, as while somebody signs in. Blocks.
    ///
    /// # Errors
    /// Those of `work`, [`Error::TooMany`] and [`Error::Unavailable`].
    pub fn write<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let done = self.store.write(|tx| {
            let done = work(tx)?;
            quotas::check(tx, &self.hourly_limits, self.clock.now())?;
            Ok::<T, Error>(done)
        })?;
        self.refresh();
        Ok(done)
    }

    /// Does what a change would do, and takes it back. Blocks.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::Unavailable`].
    pub fn dry_run<T>(
        &self,
        actor: &Actor,
        now: Timestamp,
        work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        /// Either way an error for the transaction, which is what takes it back.
        enum RolledBack<T> {
            Done(T),
            Failed(Error),
        }
        impl<T> From<crate::storage::StoreError> for RolledBack<T> {
            fn from(error: crate::storage::StoreError) -> Self {
                Self::Failed(error.into())
            }
        }
        let taken_back = self.store.write::<(), RolledBack<T>>(|tx| {
            match work(&mut UnitOfWork::dry_run(tx, actor, now)) {
                Ok(done) => Err(RolledBack::Done(done)),
                Err(error) => Err(RolledBack::Failed(error)),
            }
        });
        match taken_back {
            Err(RolledBack::Done(done)) => Ok(done),
            Err(RolledBack::Failed(error)) => Err(error),
            Ok(()) => Err(Error::internal("a rehearsal was for real")),
        }
    }

    /// Changes something unless the same request did so before; `keep` is what a repetition is told. Blocks.
    ///
    /// # Errors
    /// Those of `work`; a conflict while the first request is still running, and [`Error::Invalid`] where the key was
    /// used with another body.
    pub fn write_once<T>(
        &self,
        key: &RequestKey,
        body_hash: &str,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
        keep: impl FnOnce(&T) -> FirstAnswer,
    ) -> Result<Once<T>, Error> {
        let still_running =
            || Error::conflict("the first request with this Idempotency-Key is still running");
        let _running = Running::begin(&self.running, key).ok_or_else(still_running)?;
        let now = self.clock.now();
        self.write(|tx| {
            if !idempotency::lock(tx.db(), key)? {
                return Err(still_running());
            }
            if let Some(first) = first_answer(tx.db(), key, body_hash, now)? {
                return Ok(Once::Before(first));
            }
            let done = work(tx)?;
            idempotency::keep(tx.db(), key, &keep(&done), now)?;
            Ok(Once::Now(done))
        })
    }

    /// Who comes with this token; nobody where it is unknown, revoked, expired, or its person is gone.
    #[must_use]
    pub fn actor(&self, token: &str, address: Option<IpAddr>) -> Option<Actor> {
        let hash = token_hash(token);
        let snapshot = self.snapshots.current();
        let Some(known) = snapshot.token(&hash) else {
            let first = self.is_bootstrap(&hash) && !snapshot.has_administrator();
            return first.then(|| Actor::bootstrap(address));
        };
        let now = self.clock.now();
        let person = snapshot.person(known.person)?;
        let good = snapshot.is_token_good(known, now) && person.active_at(now);
        good.then(|| Actor {
            person: Some(person.id),
            // A token that may only look sees what a viewer sees.
            role: match known.scope {
                Scope::Read => Role::Viewer,
                Scope::Write => person.role,
            },
            scope: known.scope,
            token: Some(known.id),
            address,
            at: now,
        })
    }

    fn is_bootstrap(&self, hash: &str) -> bool {
        self.bootstrap_token.as_ref().is_some_and(|expected| {
            let expected = token_hash(expected.expose_secret());
            expected.as_bytes().ct_eq(hash.as_bytes()).into()
        })
    }

    /// Brings the roster of this replica up to date with what was just committed. Where that fails the change stands
    /// all the same, and the keeper says that the roster is stale.
    fn refresh(&self) {
        if let Err(error) = self.snapshots.refresh(&self.store, self.clock.now()) {
            tracing::warn!(%error, "the roster does not show the last change yet");
        }
    }
}

fn first_answer(
    db: &mut Db,
    key: &RequestKey,
    body_hash: &str,
    now: Timestamp,
) -> Result<Option<FirstAnswer>, Error> {
    let first = idempotency::find(db, key, now)?;
    if first
        .as_ref()
        .is_some_and(|first| first.body_hash != body_hash)
    {
        return Err(Error::invalid(
            "",
            "this Idempotency-Key was used with another body",
        ));
    }
    Ok(first)
}

/// A request that is under way in this process.
struct Running<'a> {
    all: &'a Mutex<HashSet<RequestKey>>,
    key: &'a RequestKey,
}

impl<'a> Running<'a> {
    fn begin(all: &'a Mutex<HashSet<RequestKey>>, key: &'a RequestKey) -> Option<Self> {
        let is_new = all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone());
        // Not made where it is another's: dropping it would end that one.
        is_new.then(|| Self { all, key })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(self.key);
    }
}
