//! `dogwatch serve`.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::startup::{self, Prepared};

/// Serves until told to stop.
///
/// # Errors
/// Where something cannot be used; the message names the setting.
pub fn run(config: &Config) -> anyhow::Result<()> {
    let prepared = startup::prepare(config, Arc::new(SystemClock))?;
    if let (Some(token), Some(link)) = (&prepared.first_token, &prepared.first_link) {
        let welcome = format!(
            "There was no administrator, so one was made (administrator@localhost). Their token, shown this once:\n\n  {token}\n\nand where they sign in, once, within a day:\n\n  {link}\n"
        );
        if let Err(error) = output::secret(&welcome) {
            tracing::error!(
                %error,
                "the first administrator's token was lost: `dogwatch token create` makes another"
            );
        }
    }
    serve(prepared)
}

/// Serves what was prepared until told to stop.
///
/// # Errors
/// Where the system has no threads or sockets to give.
pub fn serve(prepared: Prepared) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        // First of all: whoever reads that it serves may tell it to stop.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = hangup()?;
        tracing::info!(
            address = %prepared.address,
            public_url = prepared.app.public_url,
            database = ?prepared.app.store.url(),
            zone_data = crate::domain::time::zone::version(),
            "serving"
        );
        let (running, server) = prepared.start()?;
        let mut server = actix_web::rt::spawn(server);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = hung_up(&mut hangup) => {}
            // A program that answers nobody is worth a restart.
            ended = &mut server => {
                ended??;
                anyhow::bail!("the server ended by itself");
            }
        }
        tracing::info!("stopping");
        running.stop().await;
        server.await??;
        tracing::info!("stopped");
        Ok(())
    })
}

/// The signal of a terminal that is closed; none where it is ignored, as `nohup` has it.
fn hangup() -> std::io::Result<Option<Signal>> {
    if is_ignored(SignalKind::hangup(), &own_status()) {
        return Ok(None);
    }
    signal(SignalKind::hangup()).map(Some)
}

async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// What Linux says of this process; nothing elsewhere, where no signal counts as ignored.
fn own_status() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap_or_default()
}

/// Whether a process of this status ignores a signal: that is a bit of `SigIgn`.
fn is_ignored(signal: SignalKind, status: &str) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    let bit = u32::try_from(signal.as_raw_value() - 1).unwrap_or(0);
    mask >> bit & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen() {
        for (status, ignored) in [
            ("Name:\tx\nSigIgn:\t0000000000000001\n", true),
            ("SigIgn:\t0000000000001000\n", false),
            ("", false),
        ] {
            assert_eq!(
                is_ignored(SignalKind::hangup(), status),
                ignored,
                "{status}"
            );
        }
    }
}
