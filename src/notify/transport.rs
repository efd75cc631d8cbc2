//! How mail leaves: by SMTP, or into files where no server is configured.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{SmtpTransport, Transport as _};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::Letter;
use crate::config::Config;
use crate::domain::interval::Instant;
use crate::files;

/// A mail server that says nothing for so long is down. Some look at a mail for long before they say that they have it:
/// who gives up on them too early sends it twice.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a server says to who has not logged in (RFC 4954 §6): a matter of the settings, not of the mail.
const LOGIN: [u16; 4] = [530, 534, 535, 538];

/// The folder of written mails, in the data folder.
pub const MAIL_FOLDER: &str = "mail";

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The setting is of no use. The message does not repeat it: it may hold a password.
    #[error("DOGWATCH_SMTP_URL is not understood")]
    Url,
    /// It cannot be written.
    #[error("the message cannot be made: {0}")]
    Message(String),
    /// The server, or the disk, did not take it this time.
    #[error("the message was not taken: {0}")]
    Transport(String),
    /// The server will never take it.
    #[error("the message was refused: {0}")]
    Refused(String),
}

enum Way {
    Smtp(Box<SmtpTransport>),
    Files(PathBuf),
}

/// Sends mail.
pub struct Mailer {
    from: Mailbox,
    per_minute: u32,
    way: Way,
}

impl Mailer {
    /// As it is configured.
    ///
    /// # Errors
    /// [`MailError::Url`].
    pub fn configured(config: &Config) -> Result<Self, MailError> {
        let Some(url) = &config.smtp_url else {
            let folder = config.data_dir.join(MAIL_FOLDER);
            tracing::info!(folder = %folder.display(), "no mail server: mails are written to files");
            return Ok(Self::to_files(config.mail_from.clone(), folder));
        };
        let smtp = SmtpTransport::from_url(url.expose_secret())
            .map_err(|_| MailError::Url)?
            .timeout(Some(PATIENCE))
            .build();
        Ok(Self {
            from: config.mail_from.clone(),
            per_minute: config.mail_rate,
            way: Way::Smtp(Box::new(smtp)),
        })
    }

    /// Writes each mail to a file of its own in `folder`.
    #[must_use]
    pub const fn to_files(from: Mailbox, folder: PathBuf) -> Self {
        Self {
            from,
            per_minute: u32::MAX,
            way: Way::Files(folder),
        }
    }

    /// How many may leave in a minute.
    #[must_use]
    pub const fn per_minute(&self) -> u32 {
        self.per_minute
    }

    /// The domain of ids.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// Sends a letter. Blocks.
    ///
    /// # Errors
    /// Where it cannot be written or is not taken; the message does not have the address.
    pub fn send(&self, letter: &Letter, now: Instant) -> Result<(), MailError> {
        let message = letter.message(&self.from, now)?;
        // Servers like to repeat the address in what they say.
        let hidden = |error: &dyn fmt::Display| {
            error
                .to_string()
                .replace(&letter.email, &masked(&letter.email))
        };
        match &self.way {
            Way::Smtp(smtp) => {
                smtp.send(&message).map_err(|error| {
                    // Who does not let us in at all has nothing against this mail.
                    let lets_in = || smtp.test_connection().unwrap_or_default();
                    if self.is_refusal(&error) && lets_in() {
                        MailError::Refused(hidden(&error))
                    } else {
                        MailError::Transport(hidden(&error))
                    }
                })?;
            }
            Way::Files(folder) => {
                let file = folder.join(format!("{}.eml", Uuid::now_v7()));
                files::make_folder(folder)
                    .and_then(|()| files::write_whole(&file, &message.formatted()))
                    .map_err(|error| MailError::Transport(hidden(&error)))?;
            }
        }
        Ok(())
    }

    /// Whether a server has refused this mail for good (5xx), rather than for a while, or us.
    fn is_refusal(&self, error: &lettre::transport::smtp::Error) -> bool {
        let code = error.status().map(u16::from);
        let is_login = code.is_some_and(|code| LOGIN.contains(&code));
        error.is_permanent() && !is_login && !self.is_about_sender(&error.to_string())
    }

    /// Whether an answer is about the sender, which is a matter of the settings: then it names them, or says so by a
    /// code (RFC 3463 §3.2). Most servers give it only once they know the recipient, as they would refuse those.
    fn is_about_sender(&self, answer: &str) -> bool {
        let answer = answer.to_lowercase();
        let ours = self.from.email.to_string().to_lowercase();
        ["sender", "5.1.7", "5.1.8", ours.as_str()]
            .iter()
            .any(|word| answer.contains(word))
    }

    /// Whether mail would leave: the server answers, and lets us in. Says where mail goes. Blocks.
    ///
    /// # Errors
    /// What the server, or the disk, has against it.
    pub fn check(&self) -> Result<String, MailError> {
        let refused = |error: &dyn fmt::Display| MailError::Transport(error.to_string());
        match &self.way {
            Way::Smtp(smtp) => match smtp.test_connection() {
                Ok(true) => Ok("the mail server answers".to_owned()),
                Ok(false) => Err(refused(&"the mail server does not answer as one")),
                Err(error) => Err(refused(&error)),
            },
            Way::Files(folder) => Ok(format!(
                "no DOGWATCH_SMTP_URL: mails are written as files under {}",
                folder.display()
            )),
        }
    }
}

/// An address, for logs: its first letter and its domain.
#[must_use]
pub fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}…@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_have_no_addresses() {
        assert_eq!(masked("ana@example.com"), "a…@example.com");
        assert_eq!(masked(""), "…@");
    }
}
