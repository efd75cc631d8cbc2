//! The address of a PostgreSQL server: the URLs that psql takes, with the parameters that make sense here.
//!
//! A URL is taken apart by hand, as libpq does: it may name several hosts, which is no URL to other readers, and a `+`
//! in it is a plus.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

use super::reason::Failure;
use super::reason::reason;

/// The name under which we are in `pg_stat_activity`, where the URL has no other.
const APPLICATION_NAME: &str = "dogwatch";

/// How long the making of a connection may take, where the URL does not say.
const CONNECTING: Duration = Duration::from_secs(5);

/// The same for each of several hosts, so that the next one gets its turn.
const CONNECTING_IN_TURN: Duration = Duration::from_secs(2);

/// A connection whose bytes nobody confirms for so long is gone.
const UNCONFIRMED: Duration = Duration::from_secs(8);

/// Parameters about TLS, which are read here.
const TLS: [&str; 4] = ["sslmode", "sslrootcert", "sslcert", "sslkey"];

/// Parameters that say where the server is.
const WHERE: [&str; 3] = ["host", "port", "hostaddr"];

/// Parameters that are passed on.
const PASSED_ON: [&str; 15] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "fallback_application_name",
    "connect_timeout",
    "target_session_attrs",
    "load_balance_hosts",
    "channel_binding",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
];

/// Why a `DATABASE_URL` cannot be used. It never repeats a user or a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadDatabaseUrl(pub String);

impl BadDatabaseUrl {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<tokio_postgres::Error> for BadDatabaseUrl {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(reason(&error))
    }
}

/// One place where the server may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    host: Option<Host>,
    address: Option<IpAddr>,
    port: u16,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.host, self.address) {
            (Some(Host::Unix(folder)), _) => write!(f, "{}", folder.display())?,
            (Some(Host::Tcp(name)), _) => f.write_str(name)?,
            (None, Some(address)) => write!(f, "{address}")?,
            (None, None) => {}
        }
        write!(f, ":{}", self.port)
    }
}

/// A URL, read.
#[derive(Debug)]
pub(super) struct Target {
    settings: tokio_postgres::Config,
    places: Vec<Place>,
    tls: Tls,
}

#[derive(Debug, Default)]
struct Tls {
    mode: String,
    root: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// Where a part or a parameter of it is not understood.
    pub(super) fn parse(url: &str) -> Result<Self, BadDatabaseUrl> {
        let parts = Parts::split(url)?;
        let mut tls = Tls::default();
        let (mut place, mut passed) = (Vec::new(), Vec::new());
        for (key, value) in parts.parameters() {
            match key.as_str() {
                key if TLS.contains(&key) => tls.set(key, value),
                key if WHERE.contains(&key) => place.push((key.to_owned(), value)),
                key if PASSED_ON.contains(&key) => passed.push((key.to_owned(), value)),
                "gssencmode" if value != "require" => {}
                "sslnegotiation" if value == "postgres" => {}
                _ => return Err(unknown(&key)),
            }
        }
        tls.check()?;
        let places = places(parts.authority, &place)?;
        let settings = settings(&parts, passed, places.len())?;
        Ok(Self {
            settings,
            places,
            tls,
        })
    }

    /// Where to try, in this order.
    pub(super) fn places(&self) -> Vec<Place> {
        let mut places = self.places.clone();
        if self.settings.get_load_balance_hosts() == LoadBalanceHosts::Random {
            places.shuffle(&mut rand::rng());
        }
        places
    }

    /// How to connect to one place.
    pub(super) fn at(&self, place: &Place) -> tokio_postgres::Config {
        let mut config = self.settings.clone();
        config.port(place.port);
        let mode = match &place.host {
            // There is no TLS on a socket, whatever the URL says of it.
            Some(Host::Unix(folder)) => {
                config.host_path(folder);
                SslMode::Disable
            }
            Some(Host::Tcp(name)) => {
                config.host(name.as_str());
                self.tls.mode()
            }
            None => self.tls.mode(),
        };
        if let Some(address) = place.address {
            config.hostaddr(address);
        }
        config.ssl_mode(mode);
        config
    }

    /// How long connecting to one place may take.
    pub(super) fn patience(&self) -> Duration {
        let of_url = self.settings.get_connect_timeout().copied();
        of_url.unwrap_or(CONNECTING)
    }

    /// What does TLS. The files are read each time: certificates are renewed while servers run.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, Failure> {
        self.tls.connector()
    }
}

impl Tls {
    fn set(&mut self, key: &str, value: String) {
        match key {
            "sslmode" => self.mode = value,
            "sslrootcert" if value == "system" => self.root = None,
            "sslrootcert" => self.root = Some(value.into()),
            "sslcert" => self.certificate = Some(value.into()),
            _ => self.key = Some(value.into()),
        }
    }

    fn check(&self) -> Result<(), BadDatabaseUrl> {
        const MODES: &str = "disable, prefer, require, verify-ca or verify-full";
        match self.mode.as_str() {
            "" | "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full" => {}
            other => {
                let text = format!("sslmode must be {MODES}, and not {other:?}");
                return Err(BadDatabaseUrl(text));
            }
        }
        if self.certificate.is_some() == self.key.is_some() {
            Ok(())
        } else {
            Err(BadDatabaseUrl::new("sslcert and sslkey go together"))
        }
    }

    fn mode(&self) -> SslMode {
        match self.mode.as_str() {
            "disable" => SslMode::Disable,
            "require" | "verify-ca" | "verify-full" => SslMode::Require,
            _ => SslMode::Prefer,
        }
    }

    fn connector(&self) -> Result<MakeRustlsConnect, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots()?);
        let tls = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let chain = certificates("sslcert", certificate)?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| bad_file("sslkey", key, &error))?;
                builder.with_client_auth_cert(chain, key)?
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(MakeRustlsConnect::new(tls))
    }

    fn roots(&self) -> Result<rustls::RootCertStore, Failure> {
        let Some(path) = &self.root else {
            return Ok(rustls::RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            });
        };
        let mut roots = rustls::RootCertStore::empty();
        for certificate in certificates("sslrootcert", path)? {
            roots
                .add(certificate)
                .map_err(|error| bad_file("sslrootcert", path, &error))?;
        }
        Ok(roots)
    }
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(bad_file(key, path, &"it holds no certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(bad_file(key, path, &error)),
    }
}

fn bad_file(key: &str, path: &Path, error: &dyn std::fmt::Display) -> Failure {
    format!("{key} {}: {error}", path.display()).into()
}

fn unknown(key: &str) -> BadDatabaseUrl {
    let known = [&TLS[..], &WHERE, &PASSED_ON].concat().join(", ");
    BadDatabaseUrl(format!(
        "the parameter {key:?} is not supported as it is; these are: {known}"
    ))
}

/// The pieces of a URL, still encoded.
struct Parts<'a> {
    /// With the `@` after them, where there are any.
    credentials: &'a str,
    authority: &'a str,
    /// With the `/` before it, where there is one.
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn split(url: &'a str) -> Result<Self, BadDatabaseUrl> {
        let rest = url
            .strip_prefix("postgres://")
            .or_else(|| url.strip_prefix("postgresql://"))
            .ok_or_else(|| BadDatabaseUrl::new("must begin with sqlite: or postgres://"))?;
        // A password may hold what would end the host.
        let credentials = rest
            .find(['@', '/'])
            .filter(|at| rest[*at..].starts_with('@'));
        let (credentials, rest) = rest.split_at(credentials.map_or(0, |at| at + 1));
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(Self {
            credentials,
            authority,
            path,
            query,
        })
    }

    /// The parameters, decoded. A plus is a plus.
    fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        let query = self.query.replace('+', "%2B");
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        pairs.into_iter()
    }
}

/// Parameters as they stand in a URL.
fn encoded(pairs: &[(String, String)]) -> String {
    let text = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    text.replace('+', "%20")
}

/// The places of the part before the path, and of parameters.
fn places(authority: &str, parameters: &[(String, String)]) -> Result<Vec<Place>, BadDatabaseUrl> {
    let url = format!("postgres://{authority}?{}", encoded(parameters));
    let read: tokio_postgres::Config = url.parse()?;
    let (hosts, addresses, ports) = (read.get_hosts(), read.get_hostaddrs(), read.get_ports());
    let count = hosts.len().max(addresses.len());
    if count == 0 {
        return Err(BadDatabaseUrl::new(
            "names no host: postgres://USER@HOST/DATABASE, or ?host=/run/postgresql for the folder of a socket",
        ));
    }
    let goes_with = |number: usize| number == 0 || number == count;
    if !goes_with(hosts.len()) || !goes_with(addresses.len()) {
        return Err(BadDatabaseUrl::new("as many hostaddr as hosts are needed"));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(BadDatabaseUrl::new(
            "one port or as many as hosts are needed",
        ));
    }
    let place = |index: usize| Place {
        host: hosts.get(index).cloned(),
        address: addresses.get(index).copied(),
        port: ports.get(index).or(ports.first()).copied().unwrap_or(5432),
    };
    Ok((0..count).map(place).collect())
}

/// All that is not about the place or TLS.
fn settings(
    parts: &Parts<'_>,
    mut passed: Vec<(String, String)>,
    places: usize,
) -> Result<tokio_postgres::Config, BadDatabaseUrl> {
    let given = |passed: &[(String, String)], key: &str| passed.iter().any(|(name, _)| name == key);
    let named = given(&passed, "application_name");
    passed.retain(|(key, _)| !(named && key == "fallback_application_name"));
    for (key, value) in &mut passed {
        rename(key, value)?;
    }
    // An @ in the path would be read as the end of a password.
    let path = parts.path.replace('@', "%40");
    let url = format!(
        "postgres://{}{path}?{}",
        parts.credentials,
        encoded(&passed)
    );
    let mut config: tokio_postgres::Config = url.parse()?;
    if config.get_application_name().is_none() {
        config.application_name(APPLICATION_NAME);
    }
    if config.get_connect_timeout().is_none() && places > 1 {
        config.connect_timeout(CONNECTING_IN_TURN);
    }
    // Whoever pulls a cable says no goodbye.
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNCONFIRMED);
    }
    if !given(&passed, "keepalives_idle") {
        config.keepalives_idle(Duration::from_secs(30));
    }
    if !given(&passed, "keepalives_interval") {
        config.keepalives_interval(Duration::from_secs(5));
    }
    if !given(&passed, "keepalives_retries") {
        config.keepalives_retries(3);
    }
    Ok(config)
}

/// What libpq calls otherwise than the library does.
fn rename(key: &mut String, value: &mut String) -> Result<(), BadDatabaseUrl> {
    match (key.as_str(), value.as_str()) {
        ("fallback_application_name", _) => "application_name".clone_into(key),
        ("keepalives_count", _) => "keepalives_retries".clone_into(key),
        ("target_session_attrs", "primary") => "read-write".clone_into(value),
        ("target_session_attrs", "any" | "read-write") => {}
        ("target_session_attrs", _) => {
            return Err(BadDatabaseUrl::new(
                "target_session_attrs must be any, read-write or primary: Dogwatch writes",
            ));
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Target {
        Target::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    fn shown(url: &str) -> Vec<String> {
        let places = read(url).places();
        places.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn places_are_read_as_psql_reads_them() {
        for (url, expected) in [
            ("postgres://a/db", &["a:5432"][..]),
            ("postgresql://u:p@a:1/db", &["a:1"]),
            (
                "postgres://u@a:1,b:2/db?target_session_attrs=read-write",
                &["a:1", "b:2"],
            ),
            ("postgres://a,b:2/db", &["a:5432", "b:2"]),
            ("postgres://[::1]:3/db", &["::1:3"]),
            (
                "postgres:///db?host=/run/postgresql",
                &["/run/postgresql:5432"],
            ),
            (
                "postgres://%2Frun%2Fpostgresql:7/db",
                &["/run/postgresql:7"],
            ),
            ("postgres:///db?host=a&port=7&user=x@y", &["a:7"]),
            ("postgres://u:a?b%2F@a", &["a:5432"]),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn options_reach_the_server_as_they_are_written() {
        for (url, expected) in [
            (
                "postgres://a/db?options=-c%20search_path%3Dduty",
                "-c search_path=duty",
            ),
            ("postgres://a/db?options=-c%20a%3D1+2", "-c a=1+2"),
            (
                "postgres://a/db?sslmode=disable&options=-csearch_path%3Da%2Cb&sslrootcert=x",
                "-csearch_path=a,b",
            ),
        ] {
            let target = read(url);
            let config = target.at(&target.places()[0]);
            assert_eq!(config.get_options(), Some(expected), "{url}");
            assert_eq!(config.get_dbname(), Some("db"));
        }
    }

    #[test]
    fn credentials_may_hold_what_separates() {
        let target = read("postgres://u%40x:p%2F?%23@a/d@b");
        let config = target.at(&target.places()[0]);
        assert_eq!(config.get_user(), Some("u@x"));
        assert_eq!(config.get_password(), Some(&b"p/?#"[..]));
        assert_eq!(config.get_dbname(), Some("d@b"));
    }

    #[test]
    fn the_application_has_a_name_unless_the_url_gives_one() {
        for (url, expected) in [
            ("postgres://a/db", "dogwatch"),
            ("postgres://a/db?application_name=duty", "duty"),
            ("postgres://a/db?fallback_application_name=x", "x"),
            (
                "postgres://a/db?application_name=duty&fallback_application_name=x",
                "duty",
            ),
        ] {
            assert_eq!(read(url).settings.get_application_name(), Some(expected));
        }
    }

    #[test]
    fn several_hosts_share_the_time_and_the_url_may_say_how_long() {
        for (url, seconds) in [
            ("postgres://a/db", 5),
            ("postgres://a,b/db", 2),
            ("postgres://a,b/db?connect_timeout=7", 7),
            ("postgres://a/db?connect_timeout=0", 5),
        ] {
            assert_eq!(read(url).patience(), Duration::from_secs(seconds), "{url}");
        }
    }

    #[test]
    fn tls_is_as_the_url_says_but_not_on_a_socket() {
        for (url, mode) in [
            ("postgres://a/db", SslMode::Prefer),
            ("postgres://a/db?sslmode=disable", SslMode::Disable),
            ("postgres://a/db?sslmode=verify-full", SslMode::Require),
            ("postgres:///db?host=/run&sslmode=require", SslMode::Disable),
        ] {
            let target = read(url);
            assert_eq!(target.at(&target.places()[0]).get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named_without_secrets() {
        for (url, enum_to_text) in [
            ("mysql://u:hunter2@a/db", "postgres://"),
            ("postgres://u:hunter2@a/db?sslmode=bogus", "sslmode must be"),
            (
                "postgres://u:hunter2@a/db?passfile=/x",
                "\"passfile\" is not supported",
            ),
            ("postgres://u:hunter2@a/db?sslcert=/x", "sslkey"),
            ("postgres://u:hunter2@a:x/db", "port"),
            ("postgres://u:hunter2@/db", "names no host"),
            (
                "postgres://u:hunter2@a,b,c/db?hostaddr=127.0.0.1",
                "hostaddr",
            ),
            (
                "postgres://u:hunter2@a/db?target_session_attrs=standby",
                "Dogwatch writes",
            ),
            (
                "postgres://u:hunter2@a/db?connect_timeout=soon",
                "connect_timeout",
            ),
            ("postgres://u:hunter2@a/db?gssencmode=require", "gssencmode"),
        ] {
            let text = Target::parse(url).unwrap_err().to_string();
            assert!(text.contains(enum_to_text), "{url}: {text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn files_that_cannot_be_read_are_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = file.path().display();
        for (parameters, words) in [
            (
                "sslrootcert=/nowhere.pem".to_owned(),
                "sslrootcert /nowhere.pem",
            ),
            (format!("sslrootcert={empty}"), "holds no certificate"),
            (
                format!("sslcert=/nowhere.pem&sslkey={empty}"),
                "sslcert /nowhere.pem",
            ),
        ] {
            let target = read(&format!("postgres://a/db?{parameters}"));
            let text = target.tls().err().unwrap().to_string();
            assert!(text.contains(words), "{text}");
        }
    }
}
