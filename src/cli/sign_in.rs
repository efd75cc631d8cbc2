//! `dogwatch sign-in`.

use std::sync::Arc;

use clap::Args;

use super::output;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::service::operator;
use crate::startup;

/// Arguments of `sign-in`.
#[derive(Debug, Args)]
pub struct SignIn {
    /// The person's mail address.
    #[arg(long)]
    email: String,
}

impl SignIn {
    /// Prints the link.
    ///
    /// # Errors
    /// Where there is no such person, or the database cannot be used.
    pub fn run(self, config: &Config) -> anyhow::Result<()> {
        super::must_be_address(&self.email)?;
        let store = startup::open_existing_store(config)?;
        let app = startup::application(config, store, Arc::new(SystemClock), config.listen)?;
        output::secret(&operator::sign_in(&app, &self.email)?)
    }
}
