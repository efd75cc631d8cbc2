//! What is sent without being asked: plans reminders into the outbox, and sends from it.

mod broken;
mod calendars;
mod chat;
mod deliver;
mod digests;
mod handovers;
mod incidents;
mod pace;
mod plan;
mod sign_in;
mod told;
mod words;

pub use calendars::Reader;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use crate::notify::{Mailer, Outgoing};
use crate::service::App;
use crate::storage::StoreError;
use pace::Pace;
use plan::Planner;

/// How often is looked whether the roster has changed.
const TICK: Duration = Duration::from_secs(1);

/// A pass is made after so long by the clock, whatever has changed. A clock that jumps makes one due at once.
const PASS: TimeDelta = TimeDelta::seconds(30);

/// Plans and sends. Any number of them may work on one database.
pub struct Worker {
    app: Arc<App>,
    mailer: Mailer,
    outgoing: Outgoing,
    pace: Pace,
    planner: Mutex<Planner>,
}

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many mails were planned.
    pub planned: usize,
    /// How many were sent.
    pub sent: usize,
}

impl Worker {
    /// A worker of this application that sends so.
    #[must_use]
    pub fn new(app: Arc<App>, mailer: Mailer, outgoing: Outgoing) -> Self {
        Self {
            pace: Pace::per_minute(mailer.per_minute()),
            app,
            mailer,
            outgoing,
            planner: Mutex::default(),
        }
    }

    /// Works until told to stop, which may come between two mails; `told` says whether that comes within the time
    /// given. Blocks.
    pub fn run(&self, mut told: impl FnMut(Duration) -> bool) {
        let mut last = None;
        let (mut failing, mut stopped) = (false, false);
        while !stopped && !told(TICK) {
            let (now, version) = (self.app.clock.now(), self.app.keeper.current().version());
            if last.is_some_and(|(at, of)| of == version && at <= now && now - at < PASS) {
                continue;
            }
            last = Some((now, version));
            // It is said once only.
            let passed = self.pass(|| {
                stopped = stopped || told(Duration::ZERO);
                stopped
            });
            match passed {
                Ok(passed) => {
                    failing = false;
                    if passed != Passed::default() {
                        tracing::info!(
                            planned = passed.planned,
                            sent = passed.sent,
                            "sent what was due"
                        );
                    }
                }
                // Once is enough while the database is away.
                Err(error) if failing => tracing::debug!(%error, "reminders wait"),
                Err(error) => {
                    failing = true;
                    tracing::warn!(%error, "reminders wait");
                }
            }
        }
    }

    /// Plans what is due soon, and sends what is due until nothing is, or `stopped` says so. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away: nothing is lost, and the next pass goes on.
    pub fn pass(&self, stopped: impl FnMut() -> bool) -> Result<Passed, StoreError> {
        let now = self.app.clock.now();
        self.app.keeper.refresh(&self.app.store, now)?;
        let planned = self
            .planner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .plan(&self.app, now)?;
        let sent = deliver::deliver(self, stopped)?;
        deliver::count(&self.app, now)?;
        Ok(Passed { planned, sent })
    }
}
