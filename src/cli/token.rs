//! `dogwatch token`.

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};

use super::{BadArgument, output};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::service::Scope;
use crate::service::operator::{NewToken, create_token};
use crate::startup;

/// Commands on tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Makes a token for a person and prints it, once.
    ///
    /// Writes to the database that is configured; a running server knows the token within a second.
    #[command(
        after_help = "Example: dogwatch token create --email ada@example.org --name laptop --scope write"
    )]
    Create {
        /// The person's mail address.
        #[arg(long)]
        email: String,
        /// What the token is called in lists.
        #[arg(long, default_value = "made by command")]
        name: String,
        /// What it allows.
        #[arg(long, value_enum, default_value_t = Allowed::Read)]
        scope: Allowed,
        /// Where there is nobody of this address, make an administrator: called this, or else by the address.
        #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
        administrator: Option<String>,
    },
}

/// What a token allows.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Allowed {
    /// Looking.
    Read,
    /// Looking and changing.
    Write,
}

impl Token {
    /// Does it.
    ///
    /// # Errors
    /// Where there is no such person, or the database cannot be used.
    pub fn run(self, config: &Config) -> anyhow::Result<()> {
        let Self::Create {
            email,
            name,
            scope,
            administrator,
        } = self;
        super::must_be_address(&email)?;
        if name.trim().is_empty() {
            return Err(BadArgument("--name must not be empty".to_owned()).into());
        }
        let store = if administrator.is_some() {
            startup::open_or_make_store(config)?
        } else {
            startup::open_existing_store(config)?
        };
        let app = startup::application(config, store, Arc::new(SystemClock), config.listen)?;
        let administrator = administrator.map(|called| {
            if called.is_empty() {
                email.clone()
            } else {
                called
            }
        });
        let wanted = NewToken {
            email,
            name,
            scope: match scope {
                Allowed::Read => Scope::Read,
                Allowed::Write => Scope::Write,
            },
            administrator,
        };
        let token = create_token(&app, &wanted)?;
        output::secret(&token)
    }
}
