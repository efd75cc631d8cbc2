//! `dogwatch demo`: an example organisation on a throw-away database.

use clap::Args;

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
        anyhow::bail!("the example is not there yet (port {})", self.port)
    }
}
