//! Mails that are claimed, for as long as they are worked at: however slow the mail server is, nobody else begins them.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::time::interval::Timestamp;
use crate::service::App;
use crate::storage::StoreError;
use crate::storage::outbox::{self, Lane, Mail, Outcome};

/// How many mails are claimed at once.
const BATCH: i64 = 10;

/// How long a claim lasts where nobody renews it: what a process that was killed had claimed is sent by others after
/// that.
const LEASE: TimeDelta = TimeDelta::minutes(3);

/// With so much of it left it is renewed.
const RENEWED: TimeDelta = TimeDelta::minutes(2);

/// With so little of it left, which means that it could not be renewed, nothing more is begun.
const MARGIN: TimeDelta = TimeDelta::minutes(1);

/// How often is looked whether it is time to renew it.
const LOOK: Duration = Duration::from_millis(200);

/// The thread that renews a claim.
const RENEWAL: &str = "renewal";

/// Mails that nobody else sends meanwhile.
pub(super) struct Claim<'a> {
    app: &'a App,
    mails: Vec<Mail>,
    /// Until when; it is held while the database is told.
    until: Mutex<Timestamp>,
}

/// How an attempt ended that the database could not be told of.
pub(super) struct PendingOutcome {
    mail: Mail,
    outcome: Outcome,
    at: Timestamp,
}

impl PendingOutcome {
    /// Tells the database.
    pub(super) fn write(&self, app: &App) -> Result<(), StoreError> {
        app.store.write::<_, StoreError>(|tx| {
            outbox::finish(tx.db(), &self.mail, &self.outcome, self.at)?;
            Ok(())
        })
    }
}

impl<'a> Claim<'a> {
    /// Claims some of what is due.
    pub(super) fn take(app: &'a App, lane: Lane) -> Result<Self, StoreError> {
        let now = app.clock.now();
        let until = now + LEASE;
        let mails = app
            .store
            .write(|tx| outbox::claim(tx.db(), lane, now, until, BATCH))?;
        Ok(Self {
            app,
            mails,
            until: Mutex::new(until),
        })
    }

    pub(super) fn mails(&self) -> &[Mail] {
        &self.mails
    }

    /// Whether it lasts long enough to begin another mail.
    pub(super) fn lasts(&self) -> bool {
        self.app.clock.now() < *self.until() - MARGIN
    }

    /// Does something while the claim is renewed, however long that takes.
    pub(super) fn hold<T>(&self, work: impl FnOnce() -> T) -> T {
        let (working, told) = channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let is_done = |wait| told.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
                self.app.threads.supervise(RENEWAL, is_done, || {
                    while !is_done(LOOK) {
                        self.app.threads.panic_if_injected(RENEWAL);
                        self.renew();
                    }
                });
            });
            let done = work();
            drop(working);
            done
        })
    }

    fn renew(&self) {
        let mut until = self.until();
        let now = self.app.clock.now();
        // Where it lies further ahead than claims do, the clock was set back: to others it is none.
        if (RENEWED..=LEASE).contains(&(*until - now)) {
            return;
        }
        let next = now + LEASE;
        let renewed = self
            .app
            .store
            .write(|tx| outbox::renew(tx.db(), &self.mails, *until, next));
        match renewed {
            Ok(()) => *until = next,
            Err(error) => tracing::debug!(%error, "a claim is not renewed yet"),
        }
    }

    /// Writes down how an attempt ended; `late` is given what could not be written, to be written later.
    pub(super) fn finish(
        &self,
        mail: &Mail,
        outcome: Outcome,
        at: Timestamp,
        late: impl FnOnce(PendingOutcome),
    ) -> Result<(), StoreError> {
        let until = self.until();
        let unwritten = PendingOutcome {
            mail: as_claimed(mail, *until),
            outcome,
            at,
        };
        let written = unwritten.write(self.app);
        if written.is_err() {
            late(unwritten);
        }
        written
    }

    /// Gives back what was not tried: all from the one of this index on.
    pub(super) fn release(&self, from: usize) -> Result<(), StoreError> {
        let until = self.until();
        let rest = self.mails.iter().skip(from);
        let rest: Vec<Mail> = rest.map(|mail| as_claimed(mail, *until)).collect();
        self.app
            .store
            .write::<_, StoreError>(|tx| outbox::release(tx.db(), &rest))
    }

    fn until(&self) -> MutexGuard<'_, Timestamp> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn as_claimed(mail: &Mail, until: Timestamp) -> Mail {
    Mail {
        leased_until: Some(until),
        ..mail.clone()
    }
}
