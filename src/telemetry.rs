//! The log and the metrics.

use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::LogFormat;

/// Upper ends of the buckets in which times are counted, in seconds.
const SECONDS: [f64; 10] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// How many lines of the log could not be written.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Starts the log, on standard error. Where one was started already (in tests), that stays.
pub fn log(filter: &str, format: LogFormat) {
    let filter = chosen(filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        // The library would report an error with `eprintln!`, which panics where standard error is what fails.
        .log_internal_errors(false)
        .with_writer(|| LogWriter(io::stderr()));
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "the log was started before");
    }
    log_panics();
}

/// Writes lines of the log. What cannot be written (a full disk, a closed pipe) is dropped and counted: the program
/// goes on without its log.
struct LogWriter<W: Write>(W);

/// Whether the last line was cut off, so that the next one must not continue it.
static CUT_OFF: AtomicBool = AtomicBool::new(false);

impl<W: Write> Write for LogWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let end_last = if CUT_OFF.load(Ordering::Relaxed) {
            self.0.write_all(b"\n")
        } else {
            Ok(())
        };
        let written = end_last.and_then(|()| self.0.write_all(line));
        if written.is_err() {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        CUT_OFF.store(written.is_err(), Ordering::Relaxed);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Whoever calls could do nothing about it.
        let _ = self.0.flush();
        Ok(())
    }
}

/// Puts panics into the log as any other event, instead of as text between the lines.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            let cause = panic.payload_as_str().unwrap_or("without a message");
            let place = panic.location().map(ToString::to_string);
            tracing::error!(
                thread = thread.name().unwrap_or("without a name"),
                place,
                cause,
                "a panic"
            );
        }));
    });
}

/// What is logged. To the library it is an error that a stranger sends what is no HTTP: who runs the program is told of
/// it only where they look closely, so that nobody fills the log.
fn chosen(filter: &str) -> EnvFilter {
    let chosen = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let looks_closely = chosen.max_level_hint() >= Some(LevelFilter::DEBUG);
    match "actix_http::h1=off".parse() {
        Ok(silence) if !looks_closely => chosen.add_directive(silence),
        _ => chosen,
    }
}

/// Starts the metrics, once for the whole process; the handle renders them.
///
/// # Errors
/// Where the buckets are not acceptable, which is a mistake in this file.
pub fn metrics() -> Result<PrometheusHandle, BuildError> {
    static STARTED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*started {
        return Ok(handle.clone());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("somebody else counts: /metrics stays empty");
    }
    describe();
    publish();
    *started = Some(handle.clone());
    Ok(handle)
}

/// What the metrics of faults mean.
fn describe() {
    use metrics::{describe_counter, describe_gauge};
    describe_counter!(
        "dogwatch_log_lines_dropped_total",
        "Log lines that could not be written"
    );
    describe_counter!(
        "dogwatch_thread_restarts_total",
        "Background threads started again after a panic, by thread"
    );
    describe_counter!(
        "dogwatch_panics_total",
        "Panics that were caught, by what panicked"
    );
    describe_gauge!("dogwatch_degraded", "1 while /readyz says degraded, else 0");
    for place in ["request", "blocking", "mail", "thread"] {
        metrics::counter!("dogwatch_panics_total", "place" => place).increment(0);
    }
}

/// Brings the metrics that are counted elsewhere up to date.
pub fn publish() {
    metrics::counter!("dogwatch_log_lines_dropped_total").absolute(DROPPED.load(Ordering::Relaxed));
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
            let mut writer = LogWriter(&mut disk);
            writer.write_all(line.as_bytes()).unwrap();
            writer.flush().unwrap();
        }
        assert_eq!(DROPPED.load(Ordering::Relaxed), before + 2);
        disk.room = 100;
        LogWriter(&mut disk).write_all(b"four\n").unwrap();
        assert_eq!(disk.kept, b"one\ntw\nfour\n");
    }
}
