//! The commands.

pub mod backup;
pub mod check;
pub mod demo;
mod output;
pub mod serve;
pub mod sign_in;
pub mod token;
pub mod who;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{BadConfig, Config};
use crate::{service, startup, telemetry};

/// What a command ends with where arguments or the configuration are wrong.
const WRONG: u8 = 2;

/// An argument that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadArgument(pub String);

const SETTINGS: &str = "\
Settings (environment variables, or the same keys in the TOML file of --config; the environment wins):
  DATABASE_URL              sqlite:PATH or postgres://…   [sqlite: the data folder + /dogwatch.db]
  DOGWATCH_LISTEN           address and port              [127.0.0.1:8080]
  DOGWATCH_DATA_DIR         database and written mails    [./data]
  DOGWATCH_PUBLIC_URL       what links begin with         [http:// + the listen address]
  DOGWATCH_SMTP_URL         smtp://… or smtps://…         [none: mails are written as files]
  DOGWATCH_SMTP_HELO        our name for mail servers     [the host of the public URL]
  DOGWATCH_MAIL_FROM        sender of mails               [dogwatch@localhost]
  DOGWATCH_MAIL_RATE        mails that may leave in a minute             [600]
  DOGWATCH_MAIL_DAYS        days for which mails that are done with stay [400]
  DOGWATCH_BOOTSTRAP_TOKEN  a token that counts while there is no administrator; at least 16 characters
  DOGWATCH_TZDATA_DIR       a folder of newer zone data (zoneinfo layout)
  DOGWATCH_SECRET           key for signed links          [made once, kept in the database]
  DOGWATCH_TRUSTED_PROXIES  addresses of proxies that are believed
  DOGWATCH_FORWARDED_HEADER the header in which they name the client  [X-Forwarded-For]
  DOGWATCH_KEEP_ALIVE       seconds that idle connections stay open   [75]
  DOGWATCH_OUTGOING_NETWORKS  networks that calendars and webhooks may be in, although they are not public
  DOGWATCH_INCIDENTS_PER_HOUR       incidents a person may declare  [30]
  DOGWATCH_COVER_REQUESTS_PER_HOUR  covers a person may ask for     [30]
  DOGWATCH_FEEDS_PER_HOUR           feeds a person may make         [50]
  DOGWATCH_LOG              error, warn, info, debug, trace, off, or TARGET=LEVEL, with commas  [info]
  DOGWATCH_LOG_FORMAT       text or json                  [text]

Secrets can be kept in files instead: DATABASE_URL_FILE, DOGWATCH_SMTP_URL_FILE, DOGWATCH_BOOTSTRAP_TOKEN_FILE and
DOGWATCH_SECRET_FILE name one each. NO_COLOR leaves colours out of the log.

Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration.";

/// Who has the duty: on-call rotations in which working hours decide.
#[derive(Debug, Parser)]
#[command(name = "dogwatch", version, after_long_help = SETTINGS)]
pub struct Arguments {
    /// A TOML file with settings.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the API and sends what is due, until stopped (SIGINT, SIGTERM, SIGHUP).
    ///
    /// Brings the database's tables up to date first. On a start without any administrator, one is made and their
    /// token printed once, unless `DOGWATCH_BOOTSTRAP_TOKEN` is set, which then acts as an administrator.
    #[command(after_long_help = SETTINGS)]
    Serve,
    /// Serves an example organisation from a throw-away database.
    ///
    /// Needs no settings and looks at none. Takes the next free port if 8080 is busy, and prints what to try.
    Demo(demo::Demo),
    /// Says who has the duty.
    ///
    /// Reads the database that is configured; the server need not run.
    #[command(after_help = "Example: dogwatch who --team feature-flags --at 2026-03-04T12:00:00Z")]
    Who(who::Who),
    /// Prints a link by which somebody signs in to the pages, once, within a day.
    ///
    /// Writes to the database that is configured. For whoever gets no mail yet, or lost it.
    #[command(after_help = "Example: dogwatch sign-in --email ada@example.org")]
    SignIn(sign_in::SignIn),
    /// Makes access tokens.
    Token {
        #[command(subcommand)]
        command: token::Token,
    },
    /// Brings the database's tables up to date (`serve` does so too).
    Migrate,
    /// Tries what `serve` would do: configuration, address, folders, zone data, database and mail. Changes and sends nothing.
    #[command(after_long_help = SETTINGS)]
    Check,
    /// Copies the SQLite database into a file, while the server runs or not, and checks the copy.
    ///
    /// The copy holds the key for signatures: it is made for its owner only to read.
    #[command(after_help = "Example: dogwatch backup /var/backups/dogwatch.db")]
    Backup(backup::Backup),
    /// Puts a copy in the place of the SQLite database, while no server runs.
    ///
    /// The copy is checked first. What was there before is kept under another name, which is printed.
    #[command(after_help = "Example: dogwatch restore /var/backups/dogwatch.db")]
    Restore(backup::Restore),
}

/// Does what the arguments say.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    startup::install_tls();
    let done = arguments.run();
    telemetry::flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            if is_wrong(&error) {
                ExitCode::from(WRONG)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// Whether somebody gave something that cannot be used, rather than that it did not work.
fn is_wrong(error: &anyhow::Error) -> bool {
    let invalid = matches!(error.downcast_ref(), Some(service::Error::Invalid(_)));
    error.is::<BadConfig>() || error.is::<BadArgument>() || invalid
}

fn must_be_address(email: &str) -> Result<(), BadArgument> {
    let is_address = email.parse::<lettre::Address>().is_ok() && !email.contains(char::is_control);
    if is_address {
        Ok(())
    } else {
        Err(BadArgument(format!(
            "--email: {email:?} is not a mail address"
        )))
    }
}

impl Arguments {
    fn run(self) -> anyhow::Result<()> {
        if let Command::Demo(demo) = self.command {
            return demo.run();
        }
        let config = Config::load(self.config.as_deref(), std::env::vars_os())?;
        telemetry::log(&config.log, config.log_format);
        // A check has zone data among what it tries.
        if !matches!(self.command, Command::Check) {
            startup::install_zones(&config)?;
        }
        match self.command {
            Command::Serve => serve::run(&config),
            Command::Demo(demo) => demo.run(),
            Command::Who(who) => who.run(&config),
            Command::SignIn(sign_in) => sign_in.run(&config),
            Command::Token { command } => command.run(&config),
            Command::Migrate => {
                startup::open_store(&config)?;
                output::line("The tables are up to date.")
            }
            Command::Check => check::run(&config),
            Command::Backup(backup) => backup.run(&config),
            Command::Restore(restore) => restore.run(&config),
        }
    }
}
