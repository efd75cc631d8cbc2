//! Reads people's calendars for when they are away, one after the other.

use std::sync::Arc;
use std::time::Duration;

use crate::calendar;
use crate::notify::{Outgoing, OutgoingError};
use crate::service::calendars::{Claimed, Reading};
use crate::service::{App, Error};

/// How often is looked whether a calendar is due.
const TICK: Duration = Duration::from_secs(1);

/// A calendar has at most so many bytes.
const LARGEST: usize = 10 << 20;

/// Reads calendars. Any number of them may work on one database.
pub struct Reader {
    app: Arc<App>,
    outgoing: Outgoing,
}

impl Reader {
    /// A reader of this application's calendars that asks so.
    #[must_use]
    pub const fn new(app: Arc<App>, outgoing: Outgoing) -> Self {
        Self { app, outgoing }
    }

    /// Reads until told to stop, which may come between two calendars; `told` says whether that comes
    /// within the time given. Blocks.
    pub fn run(&self, mut told: impl FnMut(Duration) -> bool) {
        let mut wait = TICK;
        while !told(wait) {
            wait = match self.read_one() {
                Ok(true) => Duration::ZERO,
                Ok(false) => TICK,
                Err(error) => {
                    tracing::debug!(%error, "calendars wait");
                    TICK
                }
            };
        }
    }

    /// Reads the calendar that has waited longest, if one is due. Blocks.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the database is away.
    pub fn read_one(&self) -> Result<bool, Error> {
        let now = self.app.clock.now();
        let Some(claimed) = self.app.claim_calendar(now)? else {
            return Ok(false);
        };
        let reading = self.read(&claimed);
        let id = claimed.calendar.id;
        match &reading {
            Reading::Failed(why) => tracing::info!(calendar = %id, why, "a calendar was not read"),
            Reading::Same | Reading::Whole { .. } => {}
        }
        let changed = self.app.keep_reading(&claimed.calendar, reading, now)?;
        if changed > 0 {
            tracing::info!(calendar = %id, changed, "time off follows a calendar");
        }
        Ok(true)
    }

    fn read(&self, claimed: &Claimed) -> Reading {
        let Claimed {
            calendar,
            owner,
            validators,
            window,
        } = claimed;
        let fetched = match self.outgoing.get(&calendar.url, validators, LARGEST) {
            Ok(Some(fetched)) => fetched,
            Ok(None) => return Reading::Same,
            Err(error) => return Reading::Failed(explain(&error)),
        };
        let zone = owner.zone(window.start());
        match calendar::events(&fetched.body, &zone, *window) {
            Ok(found) => {
                let away = found
                    .events
                    .iter()
                    .filter(|event| calendar.rule.counts(event));
                Reading::Whole {
                    away: away.map(|event| event.interval).collect(),
                    validators: fetched.validators,
                    skipped: found.skipped,
                }
            }
            Err(broken) => Reading::Failed(broken.to_string()),
        }
    }
}

/// In words for its owner, who can do something about most of it.
fn explain(error: &OutgoingError) -> String {
    let what = error.to_string();
    match error {
        OutgoingError::Refused(status) if matches!(status.as_u16(), 401 | 403 | 404 | 410) => {
            format!("{what}: its address has changed, or it is not shared any more")
        }
        _ => what,
    }
}
