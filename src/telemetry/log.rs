//! Writes the log on a thread of its own. A full disk, a closed pipe, or a pipe that nobody reads costs lines of the log and
//! stops nothing else.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// The thread that writes.
pub const LOG_THREAD: &str = "log";

/// How many lines wait to be written at most; further ones are dropped.
const WAITING: usize = 4096;

/// How long the end of the program waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many lines could not be written.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// How often the thread that writes has panicked.
static PANICS: AtomicU64 = AtomicU64::new(0);

static QUEUE: OnceLock<SyncSender<Entry>> = OnceLock::new();

enum Entry {
    Line(Vec<u8>),
    /// Everything before it was written.
    Flush(SyncSender<()>),
    /// A test wants the thread to panic.
    Panic,
}

/// Starts the thread that writes, once.
pub(super) fn start() {
    QUEUE.get_or_init(|| {
        let (queue, entries) = sync_channel(WAITING);
        let writer = std::thread::Builder::new().name(LOG_THREAD.to_owned());
        // Without a thread every line is dropped, and counted.
        let _ = writer.spawn(move || {
            // A line that panics is lost; those after it are written.
            while catch_unwind(AssertUnwindSafe(|| write_all(&entries))).is_err() {
                DROPPED.fetch_add(1, Ordering::Relaxed);
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
        });
        queue
    });
}

fn write_all(entries: &Receiver<Entry>) {
    while let Ok(entry) = entries.recv() {
        match entry {
            Entry::Line(line) => write_line(io::stderr(), &line),
            // Whoever waited may have given up.
            Entry::Flush(done) => drop(done.try_send(())),
            Entry::Panic => panic!("a test makes the log panic"),
        }
    }
}

/// Waits for the lines that were logged until now, a second at most.
pub fn flush() {
    let (done, flushed) = sync_channel(1);
    let Some(queue) = QUEUE.get() else {
        return;
    };
    if queue.try_send(Entry::Flush(done)).is_ok() {
        // It is late anyway.
        let _ = flushed.recv_timeout(PATIENCE);
    }
}

/// How often the thread that writes the log has panicked. It goes on after that.
#[must_use]
pub fn log_panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Makes the thread that writes the log panic once. Only tests do so: nothing that comes from outside leads here.
pub fn inject_log_panic() {
    if let Some(queue) = QUEUE.get() {
        // A full queue is a test's own fault, and it notices.
        drop(queue.try_send(Entry::Panic));
    }
}

/// How many lines could not be written.
pub(super) fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Takes lines for the thread that writes them.
pub(super) struct Queued;

impl Write for Queued {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let taken = QUEUE
            .get()
            .is_some_and(|queue| queue.try_send(Entry::Line(line.to_vec())).is_ok());
        if !taken {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the last line was cut off, so that the next one must not continue it.
static CUT_OFF: AtomicBool = AtomicBool::new(false);

fn write_line(mut out: impl Write, line: &[u8]) {
    let end_last = if CUT_OFF.load(Ordering::Relaxed) {
        out.write_all(b"\n")
    } else {
        Ok(())
    };
    let written = end_last.and_then(|()| out.write_all(line));
    if written.is_err() {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
    CUT_OFF.store(written.is_err(), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that has room for so many bytes.
    struct Disk {
        room: usize,
        kept: Vec<u8>,
    }

    impl Write for &mut Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= taken;
            self.kept.extend(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn a_full_disk_costs_lines_and_nothing_else() {
        let mut disk = Disk {
            room: 6,
            kept: Vec::new(),
        };
        let before = DROPPED.load(Ordering::Relaxed);
        for line in ["one\n", "two\n", "three\n"] {
            write_line(&mut disk, line.as_bytes());
        }
        assert_eq!(DROPPED.load(Ordering::Relaxed), before + 2);
        disk.room = 100;
        write_line(&mut disk, b"four\n");
        assert_eq!(disk.kept, b"one\ntw\nfour\n");
    }
}
