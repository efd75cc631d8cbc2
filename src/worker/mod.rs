//! What is sent without being asked: plans reminders into the outbox, and sends from it.

mod addresses;
mod broken_calendar_notice;
mod calendars;
mod change_notice;
mod chat;
mod claim;
mod deliver;
mod digests;
mod handovers;
mod incidents;
mod plan;
mod rate_limit;
mod sent_notices;
mod sign_in;
mod turns;

pub use crate::storage::outbox::Lane;
pub use calendars::{READER, Reader};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use crate::notify::{Mailer, Outgoing};
use crate::panics;
use crate::service::App;
use crate::service::threads::turn_span;
use crate::storage::{StoreError, outbox};
use claim::PendingOutcome;
use plan::Planner;
use rate_limit::RateLimit;

/// How often is looked whether there is anything to do.
const TICK: Duration = Duration::from_secs(1);

/// Everything is planned after so long by the clock, whatever has changed. A clock that jumps makes that due at once.
const PASS: TimeDelta = TimeDelta::seconds(30);

/// The thread that plans.
pub const PLANNER: &str = "planner";

/// The thread that sends what is in a lane.
#[must_use]
pub const fn sender_name(lane: Lane) -> &'static str {
    match lane {
        Lane::SignIns => "sign-in-sender",
        Lane::Incidents => "incident-sender",
        Lane::Mails => "sender",
        Lane::Messages => "messenger",
    }
}

/// Plans and sends. Any number of them may work on one database.
pub struct Worker {
    app: Arc<App>,
    mailer: Mailer,
    outgoing: Outgoing,
    pace: RateLimit,
    planner: Mutex<Planner>,
    /// What was sent while the database was away: it must know of it before anything is sent again.
    unwritten: Mutex<Vec<PendingOutcome>>,
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
            pace: RateLimit::per_minute(mailer.per_minute()),
            app,
            mailer,
            outgoing,
            planner: Mutex::default(),
            unwritten: Mutex::default(),
        }
    }

    /// Plans until told to stop; `told` says whether that comes within the time given. Blocks. It goes beside
    /// [`Worker::keep_sending`] of each lane, so that neither a long list, nor a slow mail server, nor a chat that says
    /// nothing keeps the others waiting.
    pub fn keep_planning(&self, mut told: impl FnMut(Duration) -> bool) {
        let mut last = None;
        let mut trouble = ErrorThrottle::default();
        while !told(TICK) {
            let (now, version) = (self.app.clock.now(), self.app.snapshots.current().version());
            if last.is_some_and(|(at, of)| of == version && at <= now && now - at < PASS) {
                continue;
            }
            last = Some((now, version));
            let _turn = turn_span(PLANNER).entered();
            if let Some(planned) = trouble.heard(self.plan()).filter(|planned| *planned > 0) {
                tracing::info!(planned, "planned what is due soon");
            }
        }
    }

    /// Sends what is in a lane until told to stop, which may come between two mails; `told` says whether that comes within the time
    /// given. Blocks.
    pub fn keep_sending(&self, lane: Lane, mut told: impl FnMut(Duration) -> bool) {
        let mut stopped = false;
        let mut trouble = ErrorThrottle::default();
        while !stopped && !told(TICK) {
            let _turn = turn_span(sender_name(lane)).entered();
            self.mailer.rest(deliver::urgency(lane));
            // It is said once only.
            let sent = self.send(lane, || {
                stopped = stopped || told(Duration::ZERO);
                stopped
            });
            if let Some(sent) = trouble.heard(sent).filter(|sent| *sent > 0) {
                tracing::info!(sent, "sent what was due");
            }
        }
    }

    /// Plans what is due soon, and sends what is due until nothing is, or `stopped` says so. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away: nothing is lost, and the next pass goes on.
    pub fn pass(&self, mut stopped: impl FnMut() -> bool) -> Result<Passed, StoreError> {
        let _turn = turn_span("pass").entered();
        Ok(Passed {
            planned: self.plan()?,
            sent: self.send_all(&mut stopped)?,
        })
    }

    fn plan(&self) -> Result<usize, StoreError> {
        let now = self.app.clock.now();
        self.app.snapshots.refresh(&self.app.store, now)?;
        let planned = self.planner().plan(&self.app, now)?;
        deliver::count(&self.app, now)?;
        Ok(planned)
    }

    /// What a panic left of the planner's memory may be half-changed: then it begins with an empty one.
    fn planner(&self) -> MutexGuard<'_, Planner> {
        panics::lock_or_reset(&self.planner)
    }

    fn send_all(&self, mut stopped: impl FnMut() -> bool) -> Result<usize, StoreError> {
        let mut sent = 0;
        for lane in Lane::ALL {
            sent += self.send(lane, &mut stopped)?;
        }
        Ok(sent)
    }

    fn send(&self, lane: Lane, stopped: impl FnMut() -> bool) -> Result<usize, StoreError> {
        self.write_down()?;
        let now = self.app.clock.now();
        if !self.app.store.read(|db| outbox::is_due(db, lane, now))? {
            return Ok(0);
        }
        let sent = deliver::deliver(self, lane, stopped)?;
        deliver::count(&self.app, self.app.clock.now())?;
        Ok(sent)
    }

    fn remember(&self, unwritten: PendingOutcome) {
        self.unwritten().push(unwritten);
    }

    /// Writes down what could not be written before.
    fn write_down(&self) -> Result<(), StoreError> {
        let mut unwritten = self.unwritten();
        while let Some(last) = unwritten.pop() {
            match last.write(&self.app) {
                Err(error @ StoreError::Unavailable(_)) => {
                    unwritten.push(last);
                    return Err(error);
                }
                // What the database does not take is no reason to send nothing any more.
                Err(error) => tracing::error!(%error, "what became of a mail is not known"),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn unwritten(&self) -> MutexGuard<'_, Vec<PendingOutcome>> {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it went wrong last time: while the database is away it is enough to say so once.
#[derive(Default)]
struct ErrorThrottle(bool);

impl ErrorThrottle {
    fn heard<T>(&mut self, done: Result<T, StoreError>) -> Option<T> {
        match done {
            Ok(done) => {
                self.0 = false;
                Some(done)
            }
            Err(error) => {
                if std::mem::replace(&mut self.0, true) {
                    tracing::debug!(%error, "mails wait");
                } else {
                    tracing::warn!(%error, "mails wait");
                }
                None
            }
        }
    }
}
