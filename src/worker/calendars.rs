//! Reads people's calendars for when they are away, one after the other.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::calendar;
use crate::notify::{Outgoing, OutgoingError};
use crate::service::calendars::{Claimed, Reading};
use crate::service::{App, Error};

/// How often is looked whether a calendar is due.
const TICK: Duration = Duration::from_secs(1);

/// How often is looked, while a calendar is asked for, whether there is still use for it.
const LOOK: Duration = Duration::from_millis(50);

/// A calendar has at most so many bytes.
const LARGEST: usize = 10 << 20;

/// Reads calendars. Any number of them may work on one database.
pub struct Reader {
    app: Arc<App>,
    outgoing: Arc<Outgoing>,
}

/// What came of a look.
enum Looked {
    /// A calendar was read.
    Read,
    /// None was due.
    Idle,
    /// It was told to stop meanwhile.
    Stopped,
}

impl Reader {
    /// A reader of this application's calendars that asks so.
    #[must_use]
    pub fn new(app: Arc<App>, outgoing: Outgoing) -> Self {
        Self {
            app,
            outgoing: Arc::new(outgoing),
        }
    }

    /// Reads until told to stop, also while a calendar is asked for; `told` says whether that comes
    /// within the time given. Blocks.
    pub fn run(&self, mut told: impl FnMut(Duration) -> bool) {
        let mut wait = TICK;
        while !told(wait) {
            wait = match self.read_one(&mut told) {
                Ok(Looked::Read) => Duration::ZERO,
                Ok(Looked::Idle) => TICK,
                Ok(Looked::Stopped) => return,
                Err(error) => {
                    tracing::debug!(%error, "calendars wait");
                    TICK
                }
            };
        }
    }

    /// Reads the calendar that has waited longest, if one is due. Blocks.
    fn read_one(&self, told: &mut impl FnMut(Duration) -> bool) -> Result<Looked, Error> {
        let now = self.app.clock.now();
        let Some(claimed) = self.app.claim_calendar(now)? else {
            return Ok(Looked::Idle);
        };
        let calendar = claimed.calendar.clone();
        let Some(reading) = self.read(claimed, told) else {
            // Whoever claims it next reads it.
            return Ok(Looked::Stopped);
        };
        let id = calendar.id;
        if let Reading::Failed(why) = &reading {
            tracing::info!(calendar = %id, why, "a calendar was not read");
        }
        let changed = self.app.keep_reading(&calendar, reading, now)?;
        if changed > 0 {
            tracing::info!(calendar = %id, changed, "time off follows a calendar");
        }
        Ok(Looked::Read)
    }

    /// Reads it on a thread of its own, so that a server that keeps us waiting keeps nobody from stopping; `None`
    /// where that came first.
    fn read(&self, claimed: Claimed, told: &mut impl FnMut(Duration) -> bool) -> Option<Reading> {
        let (tell, came) = channel();
        let outgoing = Arc::clone(&self.outgoing);
        let asked = std::thread::Builder::new()
            .name("calendar".to_owned())
            .spawn(move || {
                // Nobody waits for it any more: then it is of no use.
                let _ = tell.send(read(&outgoing, &claimed));
            });
        if let Err(error) = asked {
            return Some(Reading::Failed(error.to_string()));
        }
        loop {
            match came.recv_timeout(LOOK) {
                Ok(reading) => return Some(reading),
                Err(RecvTimeoutError::Timeout) if told(Duration::ZERO) => return None,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Some(Reading::Failed("reading it came to no end".to_owned()));
                }
            }
        }
    }
}

fn read(outgoing: &Outgoing, claimed: &Claimed) -> Reading {
    let Claimed {
        calendar,
        owner,
        validators,
        window,
    } = claimed;
    let fetched = match outgoing.get(&calendar.url, validators, LARGEST) {
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
