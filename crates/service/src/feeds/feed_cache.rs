//! Calendars as they were last published, in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::publish::Published;
use crate::domain::ids::FeedId;

/// It holds so many bytes; what was not asked for the longest leaves it.
const LARGEST: usize = 32 << 20;

/// Calendars as they were last published.
#[derive(Debug, Default)]
pub struct FeedCache(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    all: HashMap<FeedId, (u64, Arc<Published>)>,
    bytes: usize,
    asked: u64,
}

impl FeedCache {
    /// The feed as it was last published.
    pub(super) fn last(&self, feed: FeedId) -> Option<Arc<Published>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.asked += 1;
        let asked = places.asked;
        let (last_asked, found) = places.all.get_mut(&feed)?;
        *last_asked = asked;
        Some(Arc::clone(found))
    }

    /// Takes the place of what was published before.
    pub(super) fn put(&self, feed: FeedId, published: Arc<Published>) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.asked += 1;
        let asked = places.asked;
        places.bytes += published.body.len();
        if let Some((_, before)) = places.all.insert(feed, (asked, published)) {
            places.bytes -= before.body.len();
        }
        while places.bytes > LARGEST && places.all.len() > 1 {
            let oldest = places.all.iter().min_by_key(|(_, (asked, _))| *asked);
            let Some(oldest) = oldest.map(|(feed, _)| *feed) else {
                break;
            };
            if let Some((_, gone)) = places.all.remove(&oldest) {
                places.bytes -= gone.body.len();
            }
        }
    }
}
