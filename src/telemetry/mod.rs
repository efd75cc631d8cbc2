//! The log and the metrics.

mod log;

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, Once, PoisonError};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

pub use log::{LOG_THREAD, flush, inject_log_panic, log_panics};

use crate::config::LogFormat;

/// Upper ends of the buckets in which times are counted, in seconds.
const SECONDS: [f64; 10] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Starts the log, on standard error. Where one was started already (in tests), that stays.
pub fn log(filter: &str, format: LogFormat) {
    log::start();
    let filter = chosen(filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colours(
            io::stderr().is_terminal(),
            std::env::var_os("NO_COLOR").as_deref(),
        ))
        // The library would report an error with `eprintln!`, which panics where standard error is what fails.
        .log_internal_errors(false)
        .with_writer(|| log::Queued);
    let started = match format {
        LogFormat::Text => builder.try_init(),
        // Our spans do not lie in each other: the present one says everything.
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "the log was started before");
    }
    hook_panics();
}

/// Puts panics into the log as any other event, instead of as text between the lines.
fn hook_panics() {
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

/// Whether the log has colours: on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
fn has_colours(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// What is logged. To the library it is an error that a stranger sends what is no HTTP: who runs the program is told of
/// it only where they look closely, so that nobody fills the log. What the client of PostgreSQL says at `debug` holds the
/// parameters of every statement, with secrets and addresses among them: that is never logged.
fn chosen(filter: &str) -> EnvFilter {
    let chosen = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let looks_closely = chosen.max_level_hint() >= Some(LevelFilter::DEBUG);
    let silence = if looks_closely {
        "tokio_postgres=info"
    } else {
        "actix_http::h1=off"
    };
    match silence.parse() {
        Ok(silence) => chosen.add_directive(silence),
        Err(_) => chosen,
    }
}

/// How a metric is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Every metric there is, and what it says to who looks at `/metrics`.
const METRICS: [(&str, Kind, &str); 15] = [
    (
        "dogwatch_people",
        Kind::Gauge,
        "People known to this server.",
    ),
    ("dogwatch_teams", Kind::Gauge, "Teams known to this server."),
    (
        "dogwatch_rotations",
        Kind::Gauge,
        "Rotations known to this server.",
    ),
    (
        "dogwatch_database_away",
        Kind::Gauge,
        "1 while answers may be behind the database because it cannot be read, else 0.",
    ),
    (
        "dogwatch_http_request_duration_seconds",
        Kind::Histogram,
        "How long requests took, by method, route and status.",
    ),
    (
        "dogwatch_outbox_attempts_total",
        Kind::Counter,
        "Attempts to send a mail or a message, by outcome.",
    ),
    (
        "dogwatch_outbox_mails",
        Kind::Gauge,
        "Mails and messages in the outbox, by state.",
    ),
    (
        "dogwatch_outbox_waits_seconds",
        Kind::Gauge,
        "How long the oldest mail or message that is due has been waiting.",
    ),
    (
        "dogwatch_planning_duration_seconds",
        Kind::Histogram,
        "How long a look at what is due took.",
    ),
    (
        "dogwatch_mail_settings_refused",
        Kind::Gauge,
        "1 while the mail server refuses our settings rather than single mails, else 0.",
    ),
    (
        "dogwatch_log_lines_dropped_total",
        Kind::Counter,
        "Log lines that could not be written.",
    ),
    (
        "dogwatch_thread_restarts_total",
        Kind::Counter,
        "Background threads started again after a panic, by thread.",
    ),
    (
        "dogwatch_panics_total",
        Kind::Counter,
        "Panics that were caught, by what panicked.",
    ),
    (
        "dogwatch_unheard_failures_total",
        Kind::Counter,
        "Failures of work for requests that nobody waited for any more, by why.",
    ),
    (
        "dogwatch_degraded",
        Kind::Gauge,
        "1 while /readyz says degraded, else 0.",
    ),
];

/// Tells the recorder what each metric is, which becomes its HELP.
fn describe() {
    for (name, kind, help) in METRICS {
        match kind {
            Kind::Counter => metrics::describe_counter!(name, help),
            Kind::Gauge => metrics::describe_gauge!(name, help),
            Kind::Histogram => metrics::describe_histogram!(name, help),
        }
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
    for place in ["request", "blocking", "mail", "calendar", "thread"] {
        metrics::counter!("dogwatch_panics_total", "place" => place).increment(0);
    }
    for why in ["client left", "cancelled"] {
        metrics::counter!("dogwatch_unheard_failures_total", "why" => why).increment(0);
    }
    metrics::gauge!("dogwatch_mail_settings_refused").set(0.0);
    publish();
    *started = Some(handle.clone());
    Ok(handle)
}

/// Brings the metrics that are counted elsewhere up to date.
pub fn publish() {
    metrics::counter!("dogwatch_log_lines_dropped_total").absolute(log::dropped());
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn no_color_counts() {
        for (is_terminal, no_color, expected) in [
            (true, None, true),
            (true, Some(""), true),
            (true, Some("1"), false),
            (false, None, false),
        ] {
            assert_eq!(has_colours(is_terminal, no_color.map(OsStr::new)), expected);
        }
    }

    /// The names of metrics in the sources below a folder.
    fn names(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text: String = text.split_whitespace().collect();
                for begin in ["gauge!(\"", "gauge(\"", "counter!(\"", "histogram!(\""] {
                    let named = text.split(begin).skip(1);
                    found.extend(named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
                }
            }
        }
    }

    #[test]
    fn every_metric_is_described_and_named_as_prometheus_wants() {
        let mut used = Vec::new();
        for folder in ["src", "crates"] {
            names(
                &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
                &mut used,
            );
        }
        assert!(used.len() >= METRICS.len(), "{used:?}");
        for name in used {
            assert!(
                METRICS.iter().any(|(known, ..)| *known == name),
                "{name} has no HELP: describe it in METRICS"
            );
        }
        for (name, kind, help) in METRICS {
            assert!(help.ends_with('.'), "{name}");
            assert_eq!(name.ends_with("_total"), kind == Kind::Counter, "{name}");
            assert!(
                !name.contains("milli") && !name.contains("minutes"),
                "{name}"
            );
        }
    }
}
