//! A conversation with the mail server, command by command, so that each refusal is known by its stage.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use secrecy::ExposeSecret as _;
use url::{Host, Url};

use super::reply::Stage;
use crate::config::{SmtpServer, SmtpTls};

/// A connection that was idle for so long is closed: servers close theirs, and firewalls forget them.
const IDLE: Duration = Duration::from_secs(30);

/// How long an old connection has to show that it still works.
const PROBE: Duration = Duration::from_secs(3);

/// How long the server may take for each answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For each command.
    pub(super) command: Duration,
    /// For the whole mail once it is sent, which some scan before they answer. Who gives up too early sends it twice.
    pub(super) content: Duration,
}

/// The stage at which a conversation ended, and why.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) stage: Stage,
    pub(super) error: Error,
}

/// How to reach the server, and as whom.
pub(super) struct Server {
    host: String,
    port: u16,
    tls: SmtpTls,
    parameters: TlsParameters,
    login: Option<Credentials>,
    helo: ClientId,
}

impl Server {
    /// `helo` is the name to give, where the URL names none.
    pub(super) fn new(server: &SmtpServer, helo: &str) -> Result<Self, Error> {
        let login = server.login.as_ref().map(|login| {
            let password = login.password.expose_secret().to_owned();
            Credentials::new(login.user.clone(), password)
        });
        Ok(Self {
            host: server.host.clone(),
            port: server.port,
            tls: server.tls,
            parameters: TlsParameters::new(server.host.clone())?,
            login,
            helo: ClientId::Domain(helo.to_owned()),
        })
    }

    pub(super) fn helo(&self) -> String {
        self.helo.to_string()
    }

    fn connect(&self, patience: Duration) -> Result<SmtpConnection, Failure> {
        let at = |stage| move |error| Failure { stage, error };
        let wrapper = (self.tls == SmtpTls::Implicit).then_some(&self.parameters);
        let server = (self.host.as_str(), self.port);
        let mut connection =
            SmtpConnection::connect(server, Some(patience), &self.helo, wrapper, None)
                .map_err(at(Stage::Connect))?;
        let upgrades = match self.tls {
            SmtpTls::Required => true,
            SmtpTls::Opportunistic => connection.can_starttls(),
            SmtpTls::None | SmtpTls::Implicit => false,
        };
        if upgrades {
            connection
                .starttls(&self.parameters, &self.helo)
                .map_err(at(Stage::Connect))?;
        }
        if let Some(login) = &self.login {
            connection
                .auth(DEFAULT_MECHANISMS, login)
                .map_err(at(Stage::Login))?;
        }
        Ok(connection)
    }
}

/// One connection, which is kept for the next mail.
#[derive(Default)]
pub(super) struct Line {
    open: Option<Open>,
}

struct Open {
    connection: SmtpConnection,
    used_at: Instant,
}

impl Line {
    /// Sends one mail. After a refusal the connection can still be used; after anything else it is closed.
    pub(super) fn send(
        &mut self,
        server: &Server,
        patience: Patience,
        envelope: (&Address, &Address),
        content: &[u8],
    ) -> Result<(), Failure> {
        let mut connection = self.take(server, patience)?;
        let done = converse(&mut connection, patience, envelope, content);
        if done.as_ref().err().is_none_or(is_refusal) {
            self.keep(connection);
        }
        done
    }

    /// Goes as far as RCPT TO, and takes it back.
    pub(super) fn dry_run(
        &mut self,
        server: &Server,
        patience: Patience,
        envelope: (&Address, &Address),
    ) -> Result<(), Failure> {
        let mut connection = self.take(server, patience)?;
        let done = address(&mut connection, envelope, true);
        // What the server says to that and to the goodbye changes nothing.
        let _ = connection.command(Rset);
        let _ = connection.quit();
        done
    }

    /// Says goodbye where nothing was sent for a while.
    pub(super) fn rest(&mut self) {
        let is_idle = |open: &Open| open.used_at.elapsed() >= IDLE;
        if let Some(mut old) = self.open.take_if(|open| is_idle(open)) {
            // The connection is given up, whatever the server says to that.
            let _ = old.connection.set_timeout(Some(PROBE));
            let _ = old.connection.quit();
        }
    }

    /// The open connection, where the server still answers, or a new one.
    fn take(&mut self, server: &Server, patience: Patience) -> Result<SmtpConnection, Failure> {
        self.rest();
        if let Some(Open { mut connection, .. }) = self.open.take()
            && connection.set_timeout(Some(PROBE)).is_ok()
            && connection.command(Rset).is_ok()
            && connection.set_timeout(Some(patience.command)).is_ok()
        {
            return Ok(connection);
        }
        server.connect(patience.command)
    }

    fn keep(&mut self, connection: SmtpConnection) {
        self.open = Some(Open {
            connection,
            used_at: Instant::now(),
        });
    }
}

/// Whether the server said no, and the conversation goes on. With 421 it hangs up.
fn is_refusal(failure: &Failure) -> bool {
    let code = failure.error.status().map(u16::from);
    code.is_some_and(|code| code != 421)
}

fn converse(
    connection: &mut SmtpConnection,
    patience: Patience,
    envelope: (&Address, &Address),
    content: &[u8],
) -> Result<(), Failure> {
    let at = |stage| move |error| Failure { stage, error };
    address(connection, envelope, content.is_ascii())?;
    connection.command(Data).map_err(at(Stage::Data))?;
    // Where the socket takes no other time limit, the old one stays.
    let _ = connection.set_timeout(Some(patience.content));
    connection.message(content).map_err(at(Stage::Content))?;
    Ok(())
}

/// MAIL FROM and RCPT TO.
fn address(
    connection: &mut SmtpConnection,
    (from, to): (&Address, &Address),
    is_ascii: bool,
) -> Result<(), Failure> {
    let at = |stage| move |error| Failure { stage, error };
    let takes_eight = connection
        .server_info()
        .supports_feature(Extension::EightBitMime);
    let options = if !is_ascii && takes_eight {
        vec![MailParameter::Body(MailBodyParameter::EightBitMime)]
    } else {
        Vec::new()
    };
    connection
        .command(Mail::new(Some(from.clone()), options))
        .map_err(at(Stage::Sender))?;
    connection
        .command(Rcpt::new(to.clone(), Vec::new()))
        .map_err(at(Stage::Recipient))?;
    Ok(())
}

/// The name to give in EHLO where none is set: the host of the public URL. Addresses are literals (RFC 5321 §4.1.3).
pub(super) fn helo_of(public_url: &str) -> String {
    let url = Url::parse(public_url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => literal(address.into()),
        Some(Host::Ipv6(address)) => literal(address.into()),
        None => "localhost".to_owned(),
    }
}

fn literal(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_name_is_the_host_of_the_public_url() {
        for (url, name) in [
            ("https://oncall.example.org/duty", "oncall.example.org"),
            (
                "https://wache.bücher.example",
                "wache.xn--bcher-kva.example",
            ),
            ("http://192.0.2.1:8080", "[192.0.2.1]"),
            ("http://[2001:db8::1]", "[IPv6:2001:db8::1]"),
        ] {
            assert_eq!(helo_of(url), name);
        }
    }
}
