//! Background threads: they start again after a panic, and readiness knows which of them are in trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{Instrument as _, Span};

use crate::panics::{self, Panicked};

/// How long a thread rests after its first panic.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest it rests.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// After running for so long a thread counts as well again.
const WELL_AFTER: Duration = Duration::from_mins(1);

/// The span of a background thread, where it is in none of its turns.
fn thread_span(job: &'static str) -> Span {
    tracing::error_span!(parent: None, "job", job)
}

/// The span of one turn of a background thread, with a number that no other turn of this process has.
#[must_use]
pub fn turn_span(job: &'static str) -> Span {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let turn = NEXT.fetch_add(1, Ordering::Relaxed);
    tracing::error_span!(parent: None, "job", job, turn)
}

/// The pause after each panic: twice the last one, until the thread has run well for a while.
#[derive(Debug, Default)]
pub struct Backoff {
    last: Option<Duration>,
}

impl Backoff {
    /// The next pause, after a run that lasted so long.
    pub fn next(&mut self, ran: Duration) -> Duration {
        let last = self.last.filter(|_| ran < WELL_AFTER);
        let next = last.map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        self.last = Some(next);
        next
    }
}

/// The background threads of a process.
#[derive(Debug, Default)]
pub struct Threads {
    /// When each thread that panicked is to run again.
    panicked: Mutex<BTreeMap<&'static str, Instant>>,
    /// How often each thread that counts its panics itself had panicked at the last report.
    reported: Mutex<BTreeMap<&'static str, u64>>,
    /// Whether `failing` has any.
    armed: AtomicBool,
    failing: Mutex<BTreeSet<&'static str>>,
}

impl Threads {
    /// Calls `work` until it returns, and again after every panic. `stopped` waits for the time given, and says whether
    /// to stop instead.
    pub fn supervise(
        &self,
        name: &'static str,
        mut stopped: impl FnMut(Duration) -> bool,
        mut work: impl FnMut(),
    ) {
        let _span = thread_span(name).entered();
        let mut backoff = watch(name);
        loop {
            let begun = Instant::now();
            let Err(panicked) = panics::catch(&mut work) else {
                return;
            };
            let pause = backoff.next(begun.elapsed());
            self.note_panic(name, &panicked, pause);
            if stopped(pause) {
                return;
            }
        }
    }

    /// The same for a task of an event loop.
    pub async fn supervise_task<F: Future<Output = ()>>(
        &self,
        name: &'static str,
        mut work: impl FnMut() -> F,
    ) {
        let mut backoff = watch(name);
        let supervised = async {
            loop {
                let begun = Instant::now();
                let done = panics::catch_async(Box::pin(async { work().await })).await;
                let Err(panicked) = done else {
                    return;
                };
                let pause = backoff.next(begun.elapsed());
                self.note_panic(name, &panicked, pause);
                tokio::time::sleep(pause).await;
            }
        };
        supervised.instrument(thread_span(name)).await;
    }

    fn note_panic(&self, name: &'static str, panicked: &Panicked, pause: Duration) {
        let pause_seconds = pause.as_secs();
        tracing::error!(thread = name, %panicked, pause_seconds, "a thread starts again");
        panics::count("thread");
        metrics::counter!("dogwatch_thread_restarts_total", "thread" => name).increment(1);
        lock(&self.panicked).insert(name, Instant::now() + pause);
    }

    /// Reports a thread that is not supervised here and goes on by itself, where it has panicked: so often in all, as it
    /// counts. What it had counted when it was first reported of is known to nobody, and not new.
    pub fn report_panics(&self, name: &'static str, count: u64) {
        let mut reported = lock(&self.reported);
        let known = reported.insert(name, count);
        let restarts = metrics::counter!("dogwatch_thread_restarts_total", "thread" => name);
        restarts.absolute(count);
        if known.is_some_and(|known| known < count) {
            lock(&self.panicked).insert(name, Instant::now());
        }
    }

    /// The threads that panicked and have not run well for a while since.
    #[must_use]
    pub fn in_trouble(&self) -> Vec<&'static str> {
        let mut panicked = lock(&self.panicked);
        panicked.retain(|_, again| again.elapsed() < WELL_AFTER);
        panicked.keys().copied().collect()
    }

    /// Makes a thread, or the next request (`request`), panic once. Only tests do so: nothing that comes from outside
    /// leads here.
    pub fn inject_panic(&self, name: &'static str) {
        lock(&self.failing).insert(name);
        self.armed.store(true, Ordering::Release);
    }

    /// Panics where a test wants it so.
    ///
    /// # Panics
    /// After [`Threads::inject_panic`], once.
    pub fn panic_if_injected(&self, name: &str) {
        if self.armed.load(Ordering::Acquire) {
            let injected = lock(&self.failing).remove(name);
            assert!(!injected, "a test makes {name} panic");
        }
    }
}

/// The metric is there from the beginning, so that the first restart is an increase.
fn watch(name: &'static str) -> Backoff {
    metrics::counter!("dogwatch_thread_restarts_total", "thread" => name).increment(0);
    Backoff::default()
}

/// What these locks protect is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_a_thread_has_run_well() {
        let mut backoff = Backoff::default();
        let mut after = |seconds| backoff.next(Duration::from_secs(seconds)).as_secs();
        let pauses: Vec<u64> = (0..8).map(|_| after(5)).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(after(59), 60);
        assert_eq!(after(60), 1);
        assert_eq!(after(0), 2);
    }

    #[test]
    fn work_that_panics_is_called_again_until_it_returns() {
        let threads = Threads::default();
        let (mut pauses, mut calls) = (Vec::new(), 0);
        let stopped = |pause: Duration| {
            pauses.push(pause.as_secs());
            false
        };
        threads.supervise("tested", stopped, || {
            calls += 1;
            assert!(calls > 3, "call {calls}");
        });
        assert_eq!((calls, pauses), (4, vec![1, 2, 4]));
        assert_eq!(threads.in_trouble(), ["tested"]);
    }

    #[test]
    fn who_is_told_to_stop_in_a_pause_stops() {
        let mut calls = 0;
        let work = || {
            calls += 1;
            panic!("always");
        };
        Threads::default().supervise("tested", |_| true, work);
        assert_eq!(calls, 1);
    }

    #[tokio::test]
    async fn a_task_that_panics_is_awaited_again() {
        let threads = Threads::default();
        let calls = std::cell::Cell::new(0);
        let work = || async {
            calls.set(calls.get() + 1);
            tokio::task::yield_now().await;
            assert!(calls.get() > 1, "call {}", calls.get());
        };
        threads.supervise_task("tested", work).await;
        assert_eq!(calls.get(), 2);
    }

    #[test]
    fn a_panic_of_a_thread_that_counts_its_own_is_reported_once_it_is_new() {
        let threads = Threads::default();
        for (count, expected) in [(3, &[][..]), (3, &[]), (4, &["tested"])] {
            threads.report_panics("tested", count);
            assert_eq!(threads.in_trouble(), expected, "{count}");
        }
    }

    #[test]
    fn an_injected_panic_happens_once() {
        let threads = Threads::default();
        threads.panic_if_injected("one");
        threads.inject_panic("one");
        threads.panic_if_injected("other");
        assert!(panics::catch(|| threads.panic_if_injected("one")).is_err());
        threads.panic_if_injected("one");
    }
}
