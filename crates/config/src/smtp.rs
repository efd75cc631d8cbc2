//! `DOGWATCH_SMTP_URL`: the mail server, and how the connection to it is protected.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

const SMTP_PORT: u16 = 25;
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;

const MALFORMED: &str = "must be smtp://HOST:PORT or smtps://HOST, with USER:PASSWORD@ before the host where needed; \
    the only option is ?tls=required, ?tls=opportunistic or ?tls=none";

/// Whoever is on the way can read the password, or take STARTTLS out of what the server offers.
const CLEAR_PASSWORD: &str = "would send the password in the clear: add ?tls=required (STARTTLS) or use smtps://, or \
    write ?tls=none to say that this is meant";

/// How a connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all.
    None,
    /// By STARTTLS where the server offers it.
    Opportunistic,
    /// By STARTTLS, or nothing is sent.
    Required,
    /// TLS from the first byte.
    Implicit,
}

/// A user name and a password.
#[derive(Debug, Clone)]
pub struct SmtpLogin {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// A mail server. Its `Debug` output does not show the password.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    /// A host name in its ASCII form, or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// How we log in, where we do.
    pub login: Option<SmtpLogin>,
    /// The name to give in EHLO, from the path of the URL.
    pub helo: Option<String>,
}

/// Reads the URL. The messages never repeat it: it may hold a password.
pub(super) fn read_smtp_url(text: &str) -> Result<SmtpServer, &'static str> {
    let url = Url::parse(text).map_err(|_| MALFORMED)?;
    let option = read_option(&url)?;
    let (tls, default_port) = match (url.scheme(), option.as_deref()) {
        ("smtp", None | Some("none")) => (SmtpTls::None, SMTP_PORT),
        ("smtp", Some("opportunistic")) => (SmtpTls::Opportunistic, SUBMISSION_PORT),
        ("smtp", Some("required")) => (SmtpTls::Required, SUBMISSION_PORT),
        ("smtps", None | Some("required")) => (SmtpTls::Implicit, SUBMISSIONS_PORT),
        _ => return Err(MALFORMED),
    };
    let host = url
        .host_str()
        .and_then(|host| Host::parse(host).ok())
        .ok_or(MALFORMED)?;
    let login = read_login(&url)?;
    let is_meant = option.as_deref() == Some("none");
    let is_encrypted = matches!(tls, SmtpTls::Required | SmtpTls::Implicit);
    if login.is_some() && !is_encrypted && !is_meant && !is_loopback(&host) {
        return Err(CLEAR_PASSWORD);
    }
    let path = url.path().trim_matches('/');
    Ok(SmtpServer {
        host: Bare(&host).to_string(),
        port: url.port().unwrap_or(default_port),
        tls,
        login,
        helo: (!path.is_empty()).then(|| path.to_owned()),
    })
}

/// The value of `?tls=`; anything else in the query is a mistake.
fn read_option(url: &Url) -> Result<Option<String>, &'static str> {
    let mut option = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" || option.is_some() {
            return Err(MALFORMED);
        }
        option = Some(value.into_owned());
    }
    Ok(option)
}

fn read_login(url: &Url) -> Result<Option<SmtpLogin>, &'static str> {
    let Some(password) = url.password() else {
        return Ok(None);
    };
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| MALFORMED)
    };
    Ok(Some(SmtpLogin {
        user: decoded(url.username())?,
        password: decoded(password)?.into(),
    }))
}

/// Whether what is sent there does not leave this machine.
fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).to_canonical().is_loopback(),
    }
}

/// A host without the brackets that IPv6 addresses have in URLs.
struct Bare<'a>(&'a Host);

impl fmt::Display for Bare<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Host::Ipv6(address) => address.fmt(f),
            other => other.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_password_needs_encryption_loopback_or_consent() {
        for refused in [
            "smtp://user:secret@mail.example.org",
            "smtp://user:secret@mail.example.org:587",
            "smtp://user:secret@mail.example.org?tls=opportunistic",
            "smtp://user:secret@192.0.2.1",
            "smtp://user:secret@[2001:db8::1]",
            "smtp://user:secret@localhost.example.org",
        ] {
            let why = read_smtp_url(refused).unwrap_err();
            assert_eq!(why, CLEAR_PASSWORD, "{refused}");
            assert!(why.contains("?tls=required") && !why.contains("secret"));
        }
        for accepted in [
            "smtp://user:secret@mail.example.org?tls=required",
            "smtps://user:secret@mail.example.org",
            "smtp://user:secret@mail.example.org?tls=none",
            "smtp://user:secret@127.0.0.2:2525",
            "smtp://user:secret@[::1]",
            "smtp://user:secret@localhost?tls=opportunistic",
            "smtp://mail.example.org",
            "smtp://mail.example.org?tls=opportunistic",
        ] {
            assert!(read_smtp_url(accepted).is_ok(), "{accepted}");
        }
    }

    #[test]
    fn every_part_is_read() {
        let read = |text: &str| {
            let server = read_smtp_url(text).unwrap();
            (server.host, server.port, server.tls, server.helo)
        };
        let of = |host: &str, port, tls| (host.to_owned(), port, tls, None);
        assert_eq!(read("smtp://a.example"), of("a.example", 25, SmtpTls::None));
        assert_eq!(
            read("smtp://a.example?tls=required"),
            of("a.example", 587, SmtpTls::Required)
        );
        assert_eq!(
            read("smtps://[2001:db8::1]"),
            of("2001:db8::1", 465, SmtpTls::Implicit)
        );
        assert_eq!(
            read("smtp://bücher.example:26"),
            of("xn--bcher-kva.example", 26, SmtpTls::None)
        );
        let named = read_smtp_url("smtp://127.0.0.1/node.example.org").unwrap();
        assert_eq!(named.helo.as_deref(), Some("node.example.org"));
        let login = read_smtp_url("smtps://a%40b:p%2Fw%C3%B6rd@a.example").unwrap();
        assert!(!format!("{login:?}").contains("wörd"));
        let login = login.login.unwrap();
        assert_eq!(
            (login.user.as_str(), login.password.expose_secret()),
            ("a@b", "p/wörd")
        );
    }

    #[test]
    fn mistakes_are_refused() {
        for bad in [
            "smtp://",
            "http://a.example",
            "smtp://a.example?tls=yes",
            "smtp://a.example?ssl=required",
            "smtp://a.example?tls=none&tls=required",
            "smtps://a.example?tls=none",
        ] {
            assert_eq!(read_smtp_url(bad).unwrap_err(), MALFORMED, "{bad}");
        }
    }
}
