//! How mail leaves: by SMTP, or into files where no server is configured.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::message::Mailbox;
use uuid::Uuid;

use super::Letter;
use super::reply::{Reply, Subject};
use super::smtp::{Failure, Line, Patience, Server, helo_of};
use crate::cause::Cause;
use crate::config::Config;
use crate::domain::time::interval::Timestamp;
use crate::files;

/// How soon a mail is to leave. Each urgency has a connection of its own, so that none waits behind another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody looks at their mailbox right now, as for a link to sign in.
    Now,
    /// As soon as possible.
    Soon,
    /// When its turn comes.
    Usual,
}

/// A server that says nothing for so long is down, where somebody waits.
const URGENT: Patience = Patience {
    command: Duration::from_secs(10),
    content: Duration::from_secs(30),
};

/// The same where nobody waits.
const USUAL: Patience = Patience {
    command: Duration::from_mins(1),
    content: Duration::from_mins(1),
};

impl Urgency {
    const fn patience(self) -> Patience {
        match self {
            Self::Now | Self::Soon => URGENT,
            Self::Usual => USUAL,
        }
    }
}

/// The folder of written mails, in the data folder.
pub const MAIL_FOLDER: &str = "mail";

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It cannot be written.
    #[error("the message cannot be made: {0}")]
    Message(#[source] Cause),
    /// The server, or the disk, did not take it this time.
    #[error("the message was not taken: {0}")]
    Transport(#[source] Cause),
    /// The server takes no mail from us until somebody changes a setting, here or there.
    #[error("the mail server refuses our settings (see {setting}): {answer}")]
    Settings {
        /// The setting that it is about.
        setting: &'static str,
        /// What the server said.
        #[source]
        answer: Cause,
    },
    /// The server will never take it.
    #[error("the message was refused: {0}")]
    Refused(#[source] Cause),
}

enum Way {
    Smtp(Box<Smtp>),
    Files(PathBuf),
}

/// A server, and what is known of it.
struct Smtp {
    server: Server,
    now: Mutex<Line>,
    soon: Mutex<Line>,
    usual: Mutex<Line>,
    /// Whether it has taken mail for anybody since the start: then it lets us relay.
    takes_mail: AtomicBool,
}

impl Smtp {
    fn new(server: Server) -> Self {
        Self {
            server,
            now: Mutex::default(),
            soon: Mutex::default(),
            usual: Mutex::default(),
            takes_mail: AtomicBool::new(false),
        }
    }

    const fn line(&self, urgency: Urgency) -> &Mutex<Line> {
        match urgency {
            Urgency::Now => &self.now,
            Urgency::Soon => &self.soon,
            Urgency::Usual => &self.usual,
        }
    }
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
    /// [`MailError::Transport`] where TLS cannot be set up.
    pub fn configured(config: &Config) -> Result<Self, MailError> {
        let Some(smtp) = &config.smtp_url else {
            let folder = config.data_dir.join(MAIL_FOLDER);
            return Ok(Self::to_files(config.mail_from.clone(), folder));
        };
        let helo = config
            .smtp_helo
            .clone()
            .or_else(|| smtp.helo.clone())
            .unwrap_or_else(|| helo_of(&config.public_url(config.listen)));
        let server = Server::new(smtp, &helo).map_err(transport)?;
        Ok(Self {
            from: config.mail_from.clone(),
            per_minute: config.mail_rate,
            way: Way::Smtp(Box::new(Smtp::new(server))),
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

    /// Sends a letter. Blocks.
    ///
    /// # Errors
    /// Where it cannot be written or is not taken; the message does not have the address.
    pub fn send(&self, letter: &Letter, urgency: Urgency, now: Timestamp) -> Result<(), MailError> {
        let message = letter.message(&self.from, now)?;
        match &self.way {
            Way::Smtp(smtp) => {
                let to = letter.address()?;
                let mut line = lock(smtp.line(urgency));
                let envelope = (&self.from.email, &to);
                let sent = line.send(
                    &smtp.server,
                    urgency.patience(),
                    envelope,
                    &message.formatted(),
                );
                if sent.is_ok() {
                    smtp.takes_mail.store(true, Ordering::Relaxed);
                }
                sent.map_err(|failure| self.error(smtp, failure, to.as_ref()))
            }
            Way::Files(folder) => {
                let file = folder.join(format!("{}.eml", Uuid::now_v7()));
                files::make_folder(folder)
                    .and_then(|()| files::write_whole(&file, &message.formatted()))
                    .map_err(transport)
            }
        }
    }

    /// Closes the connection of this urgency where it is idle. To be called now and then.
    pub fn rest(&self, urgency: Urgency) {
        if let Way::Smtp(smtp) = &self.way {
            lock(smtp.line(urgency)).rest();
        }
    }

    /// What a failure means for the mail. Servers like to repeat the recipient's address, which is masked.
    fn error(&self, smtp: &Smtp, failure: Failure, recipient: &str) -> MailError {
        let answer = failure
            .error
            .to_string()
            .replace(recipient, &masked(recipient));
        let text = reason(&failure);
        let reply = self.reply(&failure, &text, recipient);
        let about = reply.map(|reply| (reply.subject(), reply.setting()));
        let answer = Cause::in_words(answer, failure.error);
        let Some((subject, setting)) = about else {
            return MailError::Transport(answer);
        };
        match subject {
            Subject::Mail => MailError::Refused(answer),
            Subject::Unclear if smtp.takes_mail.load(Ordering::Relaxed) => {
                MailError::Refused(answer)
            }
            Subject::Settings | Subject::Unclear => MailError::Settings { setting, answer },
            Subject::Moment => MailError::Transport(answer),
        }
    }

    /// What the server said; `None` where it said nothing.
    fn reply<'a>(
        &'a self,
        failure: &Failure,
        text: &'a str,
        recipient: &'a str,
    ) -> Option<Reply<'a>> {
        failure.error.status().map(|code| Reply {
            stage: failure.stage,
            code: code.into(),
            text,
            sender: self.from.email.as_ref(),
            recipient,
        })
    }

    /// Whether mail would leave: goes as far as naming a recipient, the sender's own address, and sends nothing. Says
    /// where mail goes. Blocks.
    ///
    /// # Errors
    /// What the server, or the disk, has against it.
    pub fn check(&self) -> Result<String, MailError> {
        let smtp = match &self.way {
            Way::Smtp(smtp) => smtp,
            Way::Files(folder) => {
                return Ok(format!(
                    "no DOGWATCH_SMTP_URL: mails are written as files under {}",
                    folder.display()
                ));
            }
        };
        let (own, helo) = (&self.from.email, smtp.server.helo());
        let tried = Line::default().dry_run(&smtp.server, URGENT, (own, own));
        let Err(failure) = tried else {
            return Ok(format!(
                "the mail server takes mail from {own}, called {helo}"
            ));
        };
        let text = reason(&failure);
        match self.reply(&failure, &text, own.as_ref()) {
            // Many senders have no mailbox. The server believed all the rest.
            Some(reply) if reply.subject() == Subject::Mail => Ok(format!(
                "the mail server takes mail from {own}, called {helo}, but has no mailbox of that address"
            )),
            Some(reply) if reply.subject() != Subject::Moment => Err(MailError::Settings {
                setting: reply.setting(),
                answer: Cause::in_words(
                    format!("{} (we are called {helo})", failure.error),
                    failure.error,
                ),
            }),
            _ => Err(transport(failure.error)),
        }
    }
}

fn lock(line: &Mutex<Line>) -> std::sync::MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

fn transport(error: impl std::error::Error + Send + Sync + 'static) -> MailError {
    MailError::Transport(Cause::of(error))
}

/// The text of a reply, without its code.
fn reason(failure: &Failure) -> String {
    let source = std::error::Error::source(&failure.error);
    source.map(ToString::to_string).unwrap_or_default()
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
