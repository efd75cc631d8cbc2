//! `dogwatch serve`.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::startup::{self, Running};

/// Serves until told to stop.
///
/// # Errors
/// Where something cannot be used; the message names the setting.
pub fn run(config: &Config) -> anyhow::Result<()> {
    serve(config, Arc::new(SystemClock), |running| {
        if let Some(token) = &running.first_token {
            println!(
                "There was no administrator, so one was made (administrator@localhost). Their token, shown this once:\n\n  {token}\n"
            );
        }
        Ok(())
    })
}

/// Serves until told to stop; `ready` is called once the address is known and the roster loaded.
///
/// # Errors
/// Where something cannot be used, and those of `ready`.
pub fn serve(
    config: &Config,
    clock: Arc<dyn Clock>,
    ready: impl FnOnce(&Running) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let (running, server) = startup::start(config, clock)?;
        ready(&running)?;
        tracing::info!(
            address = %running.address,
            public_url = running.app.public_url,
            database = ?running.app.store.url(),
            zone_data = crate::domain::zone::version(),
            "serving"
        );
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let server = actix_web::rt::spawn(server);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        running.stop().await;
        server.await??;
        tracing::info!("stopped");
        Ok(())
    })
}
