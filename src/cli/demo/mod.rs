//! `dogwatch demo`: an example organisation on a throw-away database.

mod incidents;
pub mod organisation;

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use super::{output, serve};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::service::secrets::new_token;
use crate::{startup, telemetry};

/// Ports tried after the first.
const PORTS: u16 = 100;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The first port to try.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

impl Demo {
    /// Serves the example until told to stop.
    ///
    /// # Errors
    /// Where something cannot be used.
    pub fn run(self) -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("dogwatch-demo-{}", crate::clock::new_id()));
        let result = self.serve(&folder);
        if let Err(error) = std::fs::remove_dir_all(&folder) {
            tracing::debug!(%error, "the demo's folder stays");
        }
        result
    }

    fn serve(&self, folder: &Path) -> anyhow::Result<()> {
        let port = free_port(self.port).context("no port is free")?;
        let settings = [
            ("DOGWATCH_DATA_DIR", folder.to_string_lossy().into_owned()),
            ("DOGWATCH_LISTEN", format!("127.0.0.1:{port}")),
            // So that no administrator is made beside those of the example.
            ("DOGWATCH_BOOTSTRAP_TOKEN", new_token()),
            ("DOGWATCH_LOG", "warn".to_owned()),
        ];
        let settings = settings.map(|(key, value)| (key.into(), value.into()));
        let config = Config::load(None, settings)?;
        telemetry::log(&config.log, config.log_format);
        let clock = SystemClock;
        let prepared = startup::prepare(&config, Arc::new(clock))?;
        let welcome = organisation::found(&prepared.app, clock.now())?;
        output::line(&text(&welcome, &prepared.app.public_url))?;
        serve::serve(prepared)
    }
}

fn free_port(first: u16) -> Option<u16> {
    let last = first.saturating_add(PORTS);
    (first..=last).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

fn text(welcome: &organisation::Welcome, url: &str) -> String {
    let organisation::Welcome {
        links,
        manager,
        engineer,
        feed,
        rotation,
    } = welcome;
    let mut doors = String::new();
    for (what, name, link) in links {
        let who = format!("{name}, {what}:");
        // Writing into a text does not fail.
        let _ = writeln!(doors, "  {who:<33} {link}");
    }
    format!(
        "Dogwatch serves an example organisation at {url}, until you press Ctrl-C.

Look around as one of these; each link signs you in once:

{doors}
Ask as a program, with a token:

  A manager of Feature Flags, {}:  {}
  An engineer of that team, {}:    {}

Who is Support Hero of Feature Flags?

  curl -H 'Authorization: Bearer {}' {url}/api/v1/rotations/{rotation}/on-duty

Who has any duty, right now?

  curl -H 'Authorization: Bearer {}' {url}/api/v1/on-duty

Subscribe in a calendar:

  {feed}

All that can be asked: {url}/api/docs/",
        manager.0, manager.1, engineer.0, engineer.1, engineer.1, engineer.1
    )
}
