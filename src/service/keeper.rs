//! Keeps the present roster, and brings it up to date.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};

use crate::domain::interval::Instant;
use crate::roster::{Loaded, Roster};
use crate::storage::{
    Change, Db, Store, StoreError, changes, feeds, incidents, people, rotations, sessions, teams,
    tokens,
};

/// The present roster of this replica.
#[derive(Debug, Default)]
pub struct Keeper {
    current: ArcSwap<Roster>,
    loaded: std::sync::atomic::AtomicBool,
    stale_since: ArcSwapOption<Instant>,
    refreshing: Mutex<()>,
}

impl Keeper {
    /// A keeper with an empty roster, until the first [`Keeper::refresh`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The present roster.
    #[must_use]
    pub fn current(&self) -> Guard<Arc<Roster>> {
        self.current.load()
    }

    /// The present roster, to hold on to.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Roster> {
        self.current.load_full()
    }

    /// Whether anything was loaded yet.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.loaded.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Since when the database has been away, if it is.
    #[must_use]
    pub fn stale_since(&self) -> Option<Instant> {
        self.stale_since.load().as_deref().copied()
    }

    /// Brings the roster up to date with the database. Only what changed is loaded.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database is away: the roster stays as it was, and is stale since the
    /// first time that happened.
    pub fn refresh(&self, store: &Store, now: Instant) -> Result<(), StoreError> {
        let _one_at_a_time = self
            .refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load_full();
        let after = self.is_ready().then(|| current.version());
        match store.read(|db| load(db, after)) {
            Ok(found) => {
                if let Some((loaded, version)) = found {
                    self.current.store(Arc::new(current.with(loaded, version)));
                    self.loaded
                        .store(true, std::sync::atomic::Ordering::Release);
                }
                if self.stale_since.swap(None).is_some() {
                    tracing::info!("the database is back");
                }
                Ok(())
            }
            Err(error) => {
                if self.stale_since.load().is_none() {
                    self.stale_since.store(Some(Arc::new(now)));
                    tracing::warn!(%error, "answers come from the last known roster");
                }
                Err(error)
            }
        }
    }
}

/// What changed after `version`, or everything where that is `None` or too long ago.
fn load(db: &mut Db, after: Option<i64>) -> Result<Option<(Loaded, i64)>, StoreError> {
    let version = changes::version(db)?;
    let Some(after) = after else {
        return Ok(Some((everything(db)?, version)));
    };
    if after == version {
        return Ok(None);
    }
    let loaded = match changes::since(db, after, version)? {
        None => everything(db)?,
        Some(changed) => only(db, &changed)?,
    };
    Ok(Some((loaded, version)))
}

fn everything(db: &mut Db) -> Result<Loaded, StoreError> {
    Ok(Loaded {
        people: people::load(db, None)?,
        teams: teams::load(db, None)?,
        rotations: rotations::load(db, None)?,
        tokens: Some(tokens::load(db)?),
        feeds: Some(feeds::load(db)?),
        incidents: Some(incidents::load_live(db)?),
        watch_settings: Some(incidents::load_settings(db)?),
        sessions: Some(sessions::load(db)?),
    })
}

fn only(db: &mut Db, changed: &[Change]) -> Result<Loaded, StoreError> {
    let (mut subscriptions, mut alarms, mut visits) = (false, false, false);
    let (mut who, mut which, mut what, mut secrets) = (Vec::new(), Vec::new(), Vec::new(), false);
    for change in changed {
        match change {
            Change::Person(id) => who.push(*id),
            Change::Team(id) => which.push(*id),
            Change::Rotation(id) => what.push(*id),
            Change::Tokens => secrets = true,
            Change::Feeds => subscriptions = true,
            Change::Incidents => alarms = true,
            Change::Sessions => visits = true,
        }
    }
    if who.len() + which.len() + what.len() > 500 {
        return everything(db);
    }
    let mut loaded = Loaded::default();
    if subscriptions {
        loaded.feeds = Some(feeds::load(db)?);
    }
    if visits {
        loaded.sessions = Some(sessions::load(db)?);
    }
    if !who.is_empty() {
        loaded.people = people::load(db, Some(&who))?;
    }
    if !which.is_empty() {
        loaded.teams = teams::load(db, Some(&which))?;
    }
    if !what.is_empty() {
        loaded.rotations = rotations::load(db, Some(&what))?;
    }
    if alarms {
        loaded.incidents = Some(incidents::load_live(db)?);
        loaded.watch_settings = Some(incidents::load_settings(db)?);
    }
    if secrets {
        loaded.tokens = Some(tokens::load(db)?);
    }
    Ok(loaded)
}
