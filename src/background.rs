//! Threads beside the server, supervised: one that panics starts again.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::service::App;

/// What a thread is told.
enum Signal {
    /// Something may have changed.
    Refresh,
    Stop,
}

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The time is over, or something may have changed: look.
    Look,
    /// Stop.
    Stop,
}

/// What a thread hears. Once told to stop it stays told, also after a panic.
pub struct Signals {
    name: &'static str,
    app: Arc<App>,
    receiver: Receiver<Signal>,
    stopped: Cell<bool>,
}

impl Signals {
    /// Waits for a signal, for so long at most. One look is enough for all signals until now.
    ///
    /// # Panics
    /// Where a test injects that.
    pub fn wait(&self, longest: Duration) -> Woken {
        self.app.threads.panic_if_injected(self.name);
        if self.hears_stop(longest) {
            return Woken::Stop;
        }
        if self
            .receiver
            .try_iter()
            .any(|one| matches!(one, Signal::Stop))
        {
            self.stopped.set(true);
            return Woken::Stop;
        }
        Woken::Look
    }

    /// Whether the thread is told to stop, within so long. Other signals do not end the wait.
    ///
    /// # Panics
    /// Where a test injects that.
    pub fn is_stopped(&self, wait: Duration) -> bool {
        self.app.threads.panic_if_injected(self.name);
        self.stops_within(wait)
    }

    fn stops_within(&self, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if self.hears_stop(left) {
                return true;
            }
            if left.is_zero() {
                return false;
            }
        }
    }

    fn hears_stop(&self, longest: Duration) -> bool {
        let stop = self.stopped.get()
            || matches!(
                self.receiver.recv_timeout(longest),
                Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected)
            );
        self.stopped.set(stop);
        stop
    }
}

/// A thread that works beside the server until it is told to stop.
pub struct BackgroundThread {
    sender: Sender<Signal>,
    thread: JoinHandle<()>,
}

/// Tells a thread that something may have changed.
#[derive(Clone)]
pub struct Refresh(Sender<Signal>);

impl Refresh {
    /// Does so.
    pub fn send(&self) {
        // The thread is gone only when everything stops.
        let _ = self.0.send(Signal::Refresh);
    }
}

impl BackgroundThread {
    /// Starts one. `work` ends when it is told to stop; where it panics before, it is called again.
    ///
    /// # Errors
    /// Where the system has no thread to give.
    pub fn spawn(
        name: &'static str,
        app: &Arc<App>,
        mut work: impl FnMut(&Signals) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (sender, receiver) = channel();
        let app = Arc::clone(app);
        let run = move || {
            let signals = Signals {
                name,
                app: Arc::clone(&app),
                receiver,
                stopped: Cell::new(false),
            };
            let stopped = |pause| signals.stops_within(pause);
            app.threads.supervise(name, stopped, || work(&signals));
        };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)?;
        Ok(Self { sender, thread })
    }

    /// Something with which to wake it.
    #[must_use]
    pub fn refresh(&self) -> Refresh {
        Refresh(self.sender.clone())
    }

    /// Tells it to stop, and waits until it has.
    pub fn stop(self) {
        // Where nobody listens any more, it has stopped.
        let _ = self.sender.send(Signal::Stop);
        if self.thread.join().is_err() {
            tracing::error!("a background thread ended in a panic");
        }
    }
}
