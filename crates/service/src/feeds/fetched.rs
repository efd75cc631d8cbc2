//! When feeds were last fetched: noted in memory, and kept once an hour for each. A poll waits for no
//! database, and goes on without one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use crate::domain::ids::FeedId;
use crate::domain::time::interval::Timestamp;
use crate::storage::feeds::{Fetched, fetched_since, keep_fetched};
use crate::storage::{Store, StoreError};

/// What is kept is so old at most.
const STALE: TimeDelta = TimeDelta::hours(1);

/// Calendar programs by what is in their `User-Agent`, the more telling first.
const PROGRAMS: [(&str, &str); 17] = [
    ("Google-Calendar", "Google Calendar"),
    ("GoogleCalendar", "Google Calendar"),
    ("Thunderbird", "Thunderbird"),
    ("Microsoft Office", "Outlook"),
    ("Outlook", "Outlook"),
    ("Microsoft.Exchange", "Outlook"),
    ("OWA", "Outlook"),
    ("Nextcloud", "Nextcloud"),
    ("Fastmail", "Fastmail"),
    ("ICSx5", "ICSx5"),
    ("Evolution", "GNOME"),
    ("gnome", "GNOME"),
    ("dataaccessd", "Apple Calendar"),
    ("CalendarAgent", "Apple Calendar"),
    ("macOS", "Apple Calendar"),
    ("iOS", "Apple Calendar"),
    ("Home Assistant", "Home Assistant"),
];

/// The program that says this of itself. (No more of it is kept: it may tell who somebody is.)
#[must_use]
pub fn program(user_agent: &str) -> &'static str {
    let known = PROGRAMS.iter().find(|(sign, _)| user_agent.contains(sign));
    known.map_or("another program", |(_, name)| name)
}

/// When feeds were last fetched, as far as this replica knows.
#[derive(Debug, Default)]
pub struct Fetches(Mutex<HashMap<FeedId, Noted>>);

#[derive(Debug, Clone)]
struct Noted {
    at: Timestamp,
    by: String,
    kept: Option<Timestamp>,
}

impl Fetches {
    /// Notes that a feed was fetched.
    pub fn note(&self, feed: FeedId, by: &'static str, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = all.entry(feed).or_insert_with(|| Noted {
            at: now,
            by: String::new(),
            kept: None,
        });
        noted.at = now;
        by.clone_into(&mut noted.by);
    }

    /// When a feed was fetched last, and by what program.
    #[must_use]
    pub fn of(&self, feed: FeedId) -> Option<(Timestamp, String)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&feed).map(|noted| (noted.at, noted.by.clone()))
    }

    /// Keeps what was noted, and hears what other replicas noted. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database is away: it is kept the next time.
    pub fn keep(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let due = self.due();
        if !due.is_empty() {
            store.write(|tx| keep_fetched(tx.db(), &due))?;
        }
        let others = store.read(|db| fetched_since(db, now - STALE * 2))?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for one in others {
            let noted = all.entry(one.id).or_insert_with(|| Noted {
                at: one.at,
                by: one.by.clone(),
                kept: None,
            });
            noted.kept = noted.kept.max(Some(one.at));
            if one.at > noted.at {
                (noted.at, noted.by) = (one.at, one.by);
            }
        }
        Ok(())
    }

    fn due(&self) -> Vec<Fetched> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = all
            .iter()
            .filter(|(_, noted)| noted.kept.is_none_or(|kept| noted.at - kept >= STALE));
        due.map(|(id, noted)| Fetched {
            id: *id,
            at: noted.at,
            by: noted.by.clone(),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_what_they_say() {
        for (agent, name) in [
            ("Google-Calendar-Importer", "Google Calendar"),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2",
                "Thunderbird",
            ),
            ("iOS/18.1 (22B83) dataaccessd/1.0", "Apple Calendar"),
            (
                "Microsoft Office/16.0 (Microsoft Outlook 16.0; Pro)",
                "Outlook",
            ),
            ("curl/8.5.0", "another program"),
            ("", "another program"),
        ] {
            assert_eq!(program(agent), name, "{agent}");
        }
    }
}
