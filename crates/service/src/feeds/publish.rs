//! Publishing: what was told before is read, what is new is remembered, and the calendar that comes of
//! it stands on the shelf until the roster, the day or the feed's choices are others; longer while the
//! database is away.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::draft::{Draft, Editions, Told};
use crate::cause::chain;
use crate::domain::schedule::feed::Feed;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::secrets::hex;
use crate::snapshot::Snapshot;
use crate::storage::{Db, StoreError, Tx, changes, publications};
use crate::{App, Error, snapshots};

/// How often is tried to publish from a roster that is not overtaken meanwhile.
const TRIES: usize = 3;

/// A calendar, as it is sent.
#[derive(Debug)]
pub struct Published {
    /// The iCalendar object.
    pub body: String,
    /// Tells bodies apart.
    pub tag: String,
    /// Since when it has been so, at the latest.
    pub modified_at: Timestamp,
    made_of: MadeOf,
    compressed: OnceLock<Vec<u8>>,
}

impl Published {
    /// The body, compressed: once, for all who ask.
    pub fn gzip(&self) -> &[u8] {
        self.compressed.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            // Memory takes all that is written to it.
            let written = encoder.write_all(self.body.as_bytes());
            written.and_then(|()| encoder.finish()).unwrap_or_default()
        })
    }
}

/// What a calendar was made of: where that is the same, so is the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MadeOf {
    snapshot: i64,
    feed: i64,
    window: Option<Interval>,
}

impl MadeOf {
    fn new(feed: &Feed, snapshot: &Snapshot, now: Timestamp) -> Self {
        Self {
            snapshot: snapshot.version(),
            feed: feed.version,
            window: feed.window(now),
        }
    }
}

impl App {
    /// The feed as it was published, where nothing can be new since. Waits for nothing.
    #[must_use]
    pub fn published(
        &self,
        feed: &Feed,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Option<Arc<Published>> {
        let last = self.feed_cache.last(feed.id)?;
        (last.made_of == MadeOf::new(feed, snapshot, now)).then_some(last)
    }

    /// The feed as it is now, or, while the database is away, as it was published last. Blocks.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it was not published by this replica since it started: without what
    /// was told before, calendars would be told that everything is new.
    pub fn publish(&self, feed: &Feed) -> Result<Arc<Published>, Error> {
        let published = if self.snapshots.away_since().is_some() {
            Err(Error::Unavailable)
        } else {
            self.publish_now(feed)
        };
        published.or_else(|error| {
            let Some(last) = self.feed_cache.last(feed.id) else {
                return Err(error);
            };
            // Nobody is answered with it, so a defect is told here.
            if matches!(error, Error::Internal(_)) {
                tracing::error!(cause = chain(&error), "a feed comes as last published");
            } else {
                tracing::debug!(%error, "a feed comes as last published");
            }
            Ok(last)
        })
    }

    fn publish_now(&self, feed: &Feed) -> Result<Arc<Published>, Error> {
        for _ in 0..TRIES {
            let now = self.clock.now();
            // Another replica may have changed what this one has not heard of yet.
            self.snapshots.refresh(&self.store, now)?;
            let snapshot = self.snapshots.snapshot();
            let draft = draft(&snapshot, feed, now)?;
            if let Some(editions) = self.tell(&draft, snapshot.version())? {
                return Ok(self.keep(feed, &snapshot, &draft, &editions));
            }
        }
        // Others write all the time: nobody does in here.
        let (now, known) = (self.clock.now(), self.snapshots.snapshot());
        self.store.write(|tx| {
            let snapshot = snapshots::seen_by(tx.db(), &known)?;
            let draft = draft(&snapshot, feed, now)?;
            let editions = remember(tx, &draft, snapshot.version())?.ok_or(Error::Unavailable)?;
            Ok(self.keep(feed, &snapshot, &draft, &editions))
        })
    }

    /// Writes the calendar down, and keeps it.
    fn keep(
        &self,
        feed: &Feed,
        snapshot: &Snapshot,
        draft: &Draft<'_>,
        editions: &Editions,
    ) -> Arc<Published> {
        let body = draft.write(editions, &self.public_url);
        let digest = hex(&Sha256::digest(body.as_bytes()));
        let published = Arc::new(Published {
            tag: digest.chars().take(32).collect(),
            body,
            modified_at: draft.modified_at(editions),
            made_of: MadeOf::new(feed, snapshot, draft.now()),
            compressed: OnceLock::new(),
        });
        self.feed_cache.put(feed.id, Arc::clone(&published));
        published
    }

    /// Compares with what was told before, and remembers what is new; where nothing is, nothing is
    /// written. `None` where the database has left the roster behind: what is old must not be told
    /// after what is new.
    fn tell(&self, draft: &Draft<'_>, version: i64) -> Result<Option<Editions>, StoreError> {
        let editions = self.store.read(|db| editions(db, draft, version))?;
        match editions {
            Some(editions) if editions.values().any(|one| !one.edition.changed.is_empty()) => {
                self.store.write(|tx| remember(tx, draft, version))
            }
            other => Ok(other),
        }
    }
}

fn draft<'a>(snapshot: &'a Snapshot, feed: &'a Feed, now: Timestamp) -> Result<Draft<'a>, Error> {
    Draft::new(snapshot, feed, now).ok_or_else(|| Error::internal("a feed of no days"))
}

fn editions(db: &mut Db, draft: &Draft<'_>, version: i64) -> Result<Option<Editions>, StoreError> {
    if changes::version(db)? != version {
        return Ok(None);
    }
    let known: Told = publications::load(db, &draft.rotations(), draft.window(), &draft.origins())?;
    Ok(Some(draft.tell(&known)))
}

/// Another replica may have been quicker: all is looked at again.
fn remember(
    tx: &mut Tx<'_>,
    draft: &Draft<'_>,
    version: i64,
) -> Result<Option<Editions>, StoreError> {
    let editions = editions(tx.db(), draft, version)?;
    for (rotation, written) in editions.iter().flatten() {
        publications::keep(tx.db(), *rotation, &written.edition.changed)?;
    }
    Ok(editions)
}
