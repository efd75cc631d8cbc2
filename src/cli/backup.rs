//! `dogwatch backup` and `dogwatch restore`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::output;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::storage::{DatabaseUrl, backup};

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Where the copy goes.
    file: PathBuf,
    /// Replace FILE where it exists.
    #[arg(long)]
    force: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The copy, which stays as it is.
    file: PathBuf,
}

impl Backup {
    /// Makes the copy.
    ///
    /// # Errors
    /// Where it cannot be made, or the database is PostgreSQL.
    pub fn run(&self, config: &Config) -> anyhow::Result<()> {
        let database = sqlite(
            config,
            "pg_dump --format=custom --file=FILE \"$DATABASE_URL\"",
        )?;
        backup::backup(database, &self.file, self.force).context("nothing was backed up")?;
        output::line(&format!("{} is a checked copy.", self.file.display()))
    }
}

impl Restore {
    /// Puts the copy in the place of the database.
    ///
    /// # Errors
    /// Where that cannot be done, or the database is PostgreSQL.
    pub fn run(&self, config: &Config) -> anyhow::Result<()> {
        let database = sqlite(
            config,
            "pg_restore --clean --if-exists --no-owner --exit-on-error --single-transaction --dbname=\"$DATABASE_URL\" FILE, \
             while no server runs",
        )?;
        let now = SystemClock.now().format("%Y%m%dT%H%M%SZ");
        let kept = backup::restore(&self.file, database, &format!(".before-{now}"))
            .context("nothing was restored")?;
        output::line(&format!("{} is restored and checked.", database.display()))?;
        match kept {
            Some(kept) => output::line(&format!(
                "What was there before is kept as {}.",
                kept.display()
            )),
            None => Ok(()),
        }
    }
}

/// The path of the database; where it is PostgreSQL, what to use there.
fn sqlite<'a>(config: &'a Config, instead: &str) -> anyhow::Result<&'a Path> {
    match &config.database {
        DatabaseUrl::Sqlite(path) => Ok(path),
        DatabaseUrl::Postgres(_) => {
            anyhow::bail!("this is for SQLite; PostgreSQL has its own: {instead}")
        }
    }
}
