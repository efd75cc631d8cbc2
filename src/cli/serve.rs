//! `dogwatch serve`.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

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
    tracing::info!(
        address = %prepared.address,
        public_url = prepared.app.public_url,
        database = ?prepared.app.store.url(),
        zone_data = crate::domain::zone::version(),
        "serving"
    );
    actix_web::rt::System::new().block_on(async {
        // Before anybody is answered, who may then tell it to stop.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (running, server) = prepared.start()?;
        let mut server = actix_web::rt::spawn(server);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
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
