//! `dogwatch check`.

use super::output;
use crate::config::Config;
use crate::domain::zone;
use crate::notify::{MailError, Mailer};
use crate::startup;
use crate::storage::{DatabaseUrl, Store, StoreError, changes};

/// Checks everything, and says what was found.
///
/// # Errors
/// Where something is wrong, after everything was looked at.
pub fn run(config: &Config) -> anyhow::Result<()> {
    output::line(&format!(
        "configuration  ok (listening at {}, zone data {})",
        config.listen,
        zone::version()
    ))?;
    let results = [("database", database(config)), ("mail", mail(config))];
    let mut failed = 0;
    for (what, result) in results {
        match result {
            Ok(found) => output::line(&format!("{what:<14} ok ({found})"))?,
            Err(wrong) => {
                failed += 1;
                output::line(&format!("{what:<14} FAILED: {wrong}"))?;
            }
        }
    }
    for (path, mode) in startup::loose_files(config) {
        let path = path.display();
        output::line(&format!(
            "files          warning: {path} has mode {mode:o}, so that others may use it: chmod go= {path}"
        ))?;
    }
    match failed {
        0 => Ok(()),
        1 => anyhow::bail!("one check failed"),
        _ => anyhow::bail!("{failed} checks failed"),
    }
}

fn database(config: &Config) -> Result<String, String> {
    if let DatabaseUrl::Sqlite(path) = &config.database
        && !path.exists()
    {
        return Ok(format!(
            "{} will be made on the first start",
            path.display()
        ));
    }
    let failed = |error: StoreError| format!("DATABASE_URL: {error}");
    let store = Store::open(&config.database).map_err(failed)?;
    let version = store.read(changes::version);
    Ok(match version {
        Ok(version) => {
            store.must_be_known().map_err(failed)?;
            format!("{:?}, version {version} of its content", config.database)
        }
        // It answers, so what is missing is tables.
        Err(StoreError::Internal(_)) => format!("{:?}, without tables yet", config.database),
        Err(error) => return Err(failed(error)),
    })
}

fn mail(config: &Config) -> Result<String, String> {
    let failed = |error: MailError| match error {
        MailError::Transport(why) => format!("DOGWATCH_SMTP_URL: {why}"),
        other => other.to_string(),
    };
    Mailer::configured(config)
        .and_then(|mailer| mailer.check())
        .map_err(failed)
}
