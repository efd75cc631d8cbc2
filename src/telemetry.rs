//! The log and the metrics.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::LogFormat;

/// Upper ends of the buckets in which times are counted, in seconds.
const SECONDS: [f64; 10] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Starts the log, on standard error. Where one was started already (in tests), that stays.
pub fn log(filter: &str, format: LogFormat) {
    let filter = chosen(filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "the log was started before");
    }
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
    *started = Some(handle.clone());
    Ok(handle)
}
