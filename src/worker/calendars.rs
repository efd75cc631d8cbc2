//! Reads people's calendars for when they are away: a few at a time, one of each person, and those people first who
//! have had the least of it (decision 0620).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::Span;

use super::turns::Turns;
use crate::calendar::{self, BUDGET, Meter};
use crate::cause::chain;
use crate::domain::people::calendar::Calendar;
use crate::domain::time::interval::IntervalSet;
use crate::notify::{Outgoing, OutgoingError};
use crate::panics::{self, Panicked};
use crate::service::calendars::{Claimed, Reading};
use crate::service::threads::turn_span;
use crate::service::{App, Error};

/// How often is looked whether a calendar is due.
const TICK: Duration = Duration::from_secs(1);

/// How often is looked, while calendars are read, whether one is done.
const LOOK: Duration = Duration::from_millis(20);

/// So many are read at the same time.
const AT_ONCE: usize = 4;

/// A calendar has at most so many bytes on the wire.
const LARGEST: u64 = 10 << 20;

/// From the first byte asked for to the last one understood it takes no longer.
const LONGEST: Duration = Duration::from_secs(15);

/// Reads calendars. Any number of them may work on one database.
pub struct Reader {
    app: Arc<App>,
    outgoing: Arc<Outgoing>,
}

/// A calendar that is being read, on a thread of its own.
struct Running {
    calendar: Calendar,
    begun: Instant,
    thread: JoinHandle<Result<Reading, Panicked>>,
}

impl Running {
    /// What came of it.
    fn reading(self) -> Reading {
        let end = self.thread.join().unwrap_or_else(|panic| Err(panic.into()));
        end.unwrap_or_else(|panicked| {
            tracing::error!(%panicked, "a calendar was not read");
            Reading::Failed("reading it came to no end".to_owned())
        })
    }
}

/// The thread that has calendars read.
pub const READER: &str = "reader";

/// The span in which one calendar is read.
fn calendar_span(calendar: &Calendar) -> Span {
    let (calendar, person) = (calendar.id, calendar.person);
    tracing::error_span!(parent: None, "job", job = READER, %calendar, %person)
}

/// What a reader has to do with at present.
struct Desk {
    running: Vec<Running>,
    turns: Turns,
    /// Whoever still reads may stop.
    is_over: Arc<AtomicBool>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
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

    /// Reads until told to stop, also while calendars are asked for; `told` says whether that comes within the time
    /// given. What was not read by then is read by whoever claims it next. Blocks.
    pub fn run(&self, mut told: impl FnMut(Duration) -> bool) {
        let mut desk = Desk {
            running: Vec::new(),
            turns: Turns::default(),
            is_over: Arc::default(),
        };
        let mut wait = TICK;
        let mut told_of = false;
        while !told(wait) {
            let _turn = turn_span(READER).entered();
            wait = self.look(&mut desk).unwrap_or_else(|error| {
                let error = &error;
                // A database that is away is told elsewhere, and a defect comes again and again: once is enough.
                if matches!(error, Error::Internal(_)) && !std::mem::replace(&mut told_of, true) {
                    tracing::error!(cause = chain(error), "calendars wait");
                } else {
                    tracing::debug!(cause = chain(error), "calendars wait");
                }
                TICK
            });
        }
    }

    /// Takes what is done, and begins what is due. Says how long to wait.
    fn look(&self, desk: &mut Desk) -> Result<Duration, Error> {
        self.take_finished(desk)?;
        while desk.running.len() < AT_ONCE {
            let Some(claimed) = self.next(desk)? else {
                break;
            };
            desk.running.push(self.begin(claimed, &desk.is_over)?);
        }
        Ok(if desk.running.is_empty() { TICK } else { LOOK })
    }

    fn take_finished(&self, desk: &mut Desk) -> Result<(), Error> {
        let is_finished = |running: &mut Running| running.thread.is_finished();
        let finished: Vec<Running> = desk.running.extract_if(.., is_finished).collect();
        for running in finished {
            let (calendar, begun) = (running.calendar.clone(), running.begun);
            let kept =
                calendar_span(&calendar).in_scope(|| self.keep(&calendar, running.reading()));
            // What it changed has a cost as well.
            desk.turns
                .spent(calendar.person, begun.elapsed(), Instant::now());
            kept?;
        }
        Ok(())
    }

    fn keep(&self, calendar: &Calendar, reading: Reading) -> Result<(), Error> {
        let id = calendar.id;
        if let Reading::Failed(why) = &reading {
            tracing::info!(calendar = %id, why, "a calendar was not read");
        }
        let changed = self
            .app
            .keep_reading(calendar, reading, self.app.clock.now())?;
        if changed > 0 {
            tracing::info!(calendar = %id, changed, "time off follows a calendar");
        }
        Ok(())
    }

    /// Claims the calendar whose turn it is.
    fn next(&self, desk: &mut Desk) -> Result<Option<Claimed>, Error> {
        let now = self.app.clock.now();
        loop {
            let mut due = self.app.due_calendars(now)?;
            due.retain(|one| {
                let mut running = desk.running.iter();
                !running.any(|running| running.calendar.person == one.person)
            });
            let Some(calendar) = desk.turns.first(due, Instant::now()) else {
                return Ok(None);
            };
            if desk.turns.has_had_enough(calendar.person, Instant::now()) {
                self.app.postpone_calendar(&calendar, now)?;
                continue;
            }
            if let Some(claimed) = self.app.claim_calendar(calendar, now)? {
                return Ok(Some(claimed));
            }
        }
    }

    /// Reads it on a thread of its own, so that a server that keeps us waiting keeps nobody from stopping.
    fn begin(&self, claimed: Claimed, is_over: &Arc<AtomicBool>) -> Result<Running, Error> {
        let (outgoing, is_over) = (Arc::clone(&self.outgoing), Arc::clone(is_over));
        let (calendar, begun) = (claimed.calendar.clone(), Instant::now());
        let work = move || {
            let is_over = || is_over.load(Ordering::Relaxed) || begun.elapsed() > LONGEST;
            read(&outgoing, &claimed, &is_over)
        };
        let work = calendar_span(&calendar).in_scope(|| panics::carried("calendar", work));
        let thread = std::thread::Builder::new()
            .name("calendar".to_owned())
            .spawn(work)
            .map_err(|error| Error::caused("a calendar has no thread to be read on", error))?;
        Ok(Running {
            calendar,
            begun,
            thread,
        })
    }
}

fn read(outgoing: &Outgoing, claimed: &Claimed, is_over: &dyn Fn() -> bool) -> Reading {
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
    let meter = Meter::new(BUDGET, is_over);
    match calendar::events(fetched.body, &zone, *window, &meter) {
        Ok(found) => {
            let away: IntervalSet = found
                .events
                .iter()
                .filter(|event| calendar.rule.counts(event))
                .map(|event| event.interval)
                .collect();
            Reading::Whole {
                away,
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
