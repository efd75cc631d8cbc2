//! Keeps the present roster, and brings it up to date.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption, Guard};

use crate::domain::time::interval::Timestamp;
use crate::snapshot::{Loaded, Snapshot};
use crate::storage::{
    Change, Db, Store, StoreError, changes, feeds, incidents, people, rotations, sessions, teams,
    tokens,
};

/// A look at the database that is older than this is no longer the present. Looks are half a second apart.
const FRESH: Duration = Duration::from_secs(2);

/// The last look at the database that succeeded.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Timestamp,
    /// The same by a clock that nobody sets.
    measured: std::time::Instant,
}

/// The present roster of this replica.
#[derive(Debug, Default)]
pub struct SnapshotCache {
    current: ArcSwap<Snapshot>,
    loaded: AtomicBool,
    /// Whether the last look failed.
    failed: AtomicBool,
    last_look: ArcSwapOption<Look>,
    away_since: ArcSwapOption<Timestamp>,
    refreshing: Mutex<()>,
}

impl SnapshotCache {
    /// A keeper with an empty roster, until the first [`SnapshotCache::refresh`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The present roster.
    #[must_use]
    pub fn current(&self) -> Guard<Arc<Snapshot>> {
        self.current.load()
    }

    /// The present roster, to hold on to.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Whether anything was loaded yet.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.loaded.load(Ordering::Acquire)
    }

    /// Since when the roster may be behind: the database is away, or the last look at it is too old to say that it is
    /// not, as when it froze.
    #[must_use]
    pub fn stale_since(&self) -> Option<Timestamp> {
        self.away_since()
            .or_else(|| self.unseen_since(std::time::Instant::now()))
    }

    /// Since when the database has been away, if it is known to be.
    #[must_use]
    pub fn away_since(&self) -> Option<Timestamp> {
        self.away_since.load().as_deref().copied()
    }

    fn unseen_since(&self, now: std::time::Instant) -> Option<Timestamp> {
        let look = self.last_look.load();
        let look = look.as_deref()?;
        (now.saturating_duration_since(look.measured) > FRESH).then_some(look.at)
    }

    /// Counts the database as away until the next look shows that it is not: a connection that stood has ended.
    /// Answers may be behind since the last look, or since now where there was none.
    pub fn doubt(&self, now: Timestamp) {
        if self.away_since.load().is_none() {
            let last = self.last_look.load().as_deref().map_or(now, |look| look.at);
            self.away_since.store(Some(Arc::new(last)));
        }
    }

    /// Brings the roster up to date with the database. Only what changed is loaded.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database is away: the roster stays as it was, and is stale since the
    /// first time that happened.
    pub fn refresh(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let _one_at_a_time = self
            .refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load_full();
        let after = self.is_ready().then(|| current.version());
        // What commits while we look is not seen.
        let look = Look {
            at: now,
            measured: std::time::Instant::now(),
        };
        match store.read(|db| load(db, after)) {
            Ok(found) => {
                self.last_look.store(Some(Arc::new(look)));
                if let Some((loaded, version)) = found {
                    self.current.store(Arc::new(current.with(loaded, version)));
                    self.loaded.store(true, Ordering::Release);
                }
                self.away_since.store(None);
                if self.failed.swap(false, Ordering::AcqRel) {
                    tracing::info!("the database is back");
                }
                Ok(())
            }
            Err(error) => {
                self.doubt(now);
                if !self.failed.swap(true, Ordering::AcqRel) {
                    tracing::warn!(%error, "answers come from the last known roster");
                }
                Err(error)
            }
        }
    }
}

/// The snapshot of what a transaction sees, which nobody else has yet: `known`, and what changed since.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub(super) fn seen_by(db: &mut Db, known: &Arc<Snapshot>) -> Result<Arc<Snapshot>, StoreError> {
    let found = load(db, Some(known.version()))?;
    Ok(found.map_or_else(
        || Arc::clone(known),
        |(loaded, version)| Arc::new(known.with(loaded, version)),
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A keeper that looked at the database when its clocks showed the beginning.
    fn looked(at: Timestamp, measured: std::time::Instant) -> SnapshotCache {
        let snapshots = SnapshotCache::new();
        snapshots
            .last_look
            .store(Some(Arc::new(Look { at, measured })));
        snapshots
    }

    #[test]
    fn a_look_that_is_old_leaves_answers_stale_since_then() {
        let (at, measured) = (Timestamp::UNIX_EPOCH, std::time::Instant::now());
        let snapshots = looked(at, measured);
        assert_eq!(snapshots.unseen_since(measured + FRESH), None);
        let late = measured + FRESH + Duration::from_millis(1);
        assert_eq!(snapshots.unseen_since(late), Some(at));
        assert_eq!(snapshots.away_since(), None, "nobody knows yet");
    }

    #[test]
    fn a_connection_that_ends_leaves_answers_stale_since_the_last_look() {
        let at = Timestamp::UNIX_EPOCH;
        let snapshots = looked(at, std::time::Instant::now());
        assert_eq!(snapshots.stale_since(), None);
        snapshots.doubt(at + FRESH);
        assert_eq!(snapshots.stale_since(), Some(at));
    }
}
