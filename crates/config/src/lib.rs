//! The configuration: environment variables, over an optional TOML file with the same keys.
//!
//! Everything is checked at once, and everything that is wrong is named; secrets are never shown.

use dogwatch_domain as domain;
use dogwatch_storage as storage;

mod secrets;
mod smtp;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use http::header::HeaderName;
use ipnet::IpNet;
use lettre::message::Mailbox;
use secrecy::SecretString;

use crate::storage::DatabaseUrl;
use secrets::{SECRETS, read_secret};
pub use smtp::{SmtpLogin, SmtpServer, SmtpTls};
use values::{
    read_header_name, read_helo, read_log, read_mail_from, read_networks, read_number,
    read_public_url, read_token, read_zone_folder, text_of,
};

/// Every key there is.
pub const KEYS: [&str; 25] = [
    "DATABASE_URL",
    "DATABASE_URL_FILE",
    "DOGWATCH_LISTEN",
    "DOGWATCH_DATA_DIR",
    "DOGWATCH_PUBLIC_URL",
    "DOGWATCH_SMTP_URL",
    "DOGWATCH_SMTP_URL_FILE",
    "DOGWATCH_MAIL_FROM",
    "DOGWATCH_MAIL_RATE",
    "DOGWATCH_MAIL_DAYS",
    "DOGWATCH_BOOTSTRAP_TOKEN",
    "DOGWATCH_BOOTSTRAP_TOKEN_FILE",
    "DOGWATCH_TZDATA_DIR",
    "DOGWATCH_SECRET",
    "DOGWATCH_SECRET_FILE",
    "DOGWATCH_TRUSTED_PROXIES",
    "DOGWATCH_FORWARDED_HEADER",
    "DOGWATCH_KEEP_ALIVE",
    "DOGWATCH_SMTP_HELO",
    "DOGWATCH_INCIDENTS_PER_HOUR",
    "DOGWATCH_COVER_REQUESTS_PER_HOUR",
    "DOGWATCH_FEEDS_PER_HOUR",
    "DOGWATCH_OUTGOING_NETWORKS",
    "DOGWATCH_LOG",
    "DOGWATCH_LOG_FORMAT",
];

/// The shortest key for signatures and the shortest bootstrap token that are accepted.
const SHORTEST_SECRET: usize = 16;

/// The highest rate of mails that can be set, in a minute.
const LARGEST_RATE: u32 = 1_000_000;

/// The longest time for which mails can be kept, in days.
const LONGEST_KEPT: u32 = 36_500;

/// The longest time for which idle connections can be kept open, in seconds.
const LONGEST_KEEP_ALIVE: u32 = 3_600;

/// The highest number of incidents, cover requests or feeds a person can be allowed in an hour.
const LARGEST_HOURLY: u32 = 1_000_000;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// How many of each one person may make in an hour. Administrators are exempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourlyLimits {
    /// Incidents declared.
    pub incidents: u32,
    /// Requests for cover.
    pub cover_requests: u32,
    /// Calendar feeds.
    pub feeds: u32,
}

impl Default for HourlyLimits {
    fn default() -> Self {
        Self {
            incidents: 30,
            cover_requests: 30,
            feeds: 50,
        }
    }
}

/// The configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the database is.
    pub database: DatabaseUrl,
    /// Address and port to listen at.
    pub listen: SocketAddr,
    /// Where files go.
    pub data_dir: PathBuf,
    /// What links begin with, where that is configured; without a slash at the end.
    pub public_url: Option<String>,
    /// How mail is sent. Without it mails are files.
    pub smtp_url: Option<SmtpServer>,
    /// Whom mail is from.
    pub mail_from: Mailbox,
    /// How many mails may leave in a minute.
    pub mail_rate: u32,
    /// For how long the outbox keeps what is done with.
    pub mail_kept: TimeDelta,
    /// The first administrator's token.
    pub bootstrap_token: Option<SecretString>,
    /// A folder of newer zone data.
    pub tzdata_dir: Option<PathBuf>,
    /// Key of signed links, where the database's own is not to be used.
    pub secret: Option<SecretString>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The one header in which trusted proxies name the client: `X-Forwarded-For`, `Forwarded`, or another list of
    /// addresses.
    pub forwarded_header: HeaderName,
    /// How long idle client connections stay open.
    pub keep_alive: Duration,
    /// The name this server gives itself to mail servers (HELO, EHLO). Without it, the host of the public URL.
    pub smtp_helo: Option<String>,
    /// How much one person may start in an hour.
    pub hourly_limits: HourlyLimits,
    /// Networks whose addresses may be asked where people enter them, although they are not public.
    pub outgoing_networks: Vec<IpNet>,
    /// What is logged.
    pub log: String,
    /// How.
    pub log_format: LogFormat,
    /// The files that secrets were read from.
    pub secret_files: Vec<PathBuf>,
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadConfig(pub Vec<String>);

impl fmt::Display for BadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot be used:")?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BadConfig {}

impl Config {
    /// Reads the file, where there is one, and the environment, which wins.
    ///
    /// # Errors
    /// [`BadConfig`], with everything that is wrong.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, BadConfig> {
        let mut given = Given::default();
        if let Some(path) = file {
            given.add_file(path);
        }
        given.add_environment(environment);
        given.check()
    }

    /// What links begin with: as configured, or made of the address that is really listened at. Where that is every
    /// address of the machine, it is none that a browser can open.
    #[must_use]
    pub fn public_url(&self, listening: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| {
            if listening.ip().to_canonical().is_unspecified() {
                format!("http://localhost:{}", listening.port())
            } else {
                format!("http://{listening}")
            }
        })
    }
}

#[derive(Default)]
struct Given {
    values: BTreeMap<&'static str, String>,
    problems: Vec<String>,
    secret_files: Vec<PathBuf>,
}

impl Given {
    fn add_file(&mut self, path: &Path) {
        let table = std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            // The parser's own message quotes the line, which may hold a secret.
            .and_then(|text| {
                text.parse::<toml::Table>().map_err(|error| {
                    let line = error
                        .span()
                        .and_then(|span| text.get(..span.start))
                        .map_or(1, |before| before.lines().count().max(1));
                    format!("line {line}: {}", error.message())
                })
            });
        let table = match table {
            Ok(table) => table,
            Err(error) => {
                self.problems
                    .push(format!("--config {}: {error}", path.display()));
                return;
            }
        };
        let is_secret = |key: &str| {
            let value = table.get(key).and_then(toml::Value::as_str);
            value.is_some_and(|value| !value.starts_with("sqlite:"))
        };
        if SECRETS.iter().any(|(key, _)| is_secret(key)) {
            self.secret_files.push(path.to_owned());
        }
        for (key, value) in table {
            let Some(known) = known(&key) else {
                self.problems.push(format!(
                    "{key}: there is no such key (in {})",
                    path.display()
                ));
                continue;
            };
            match text_of(value) {
                Some(text) => self.set(known, text),
                None => self
                    .problems
                    .push(format!("{known}: must be a text (in {})", path.display())),
            }
        }
    }

    fn add_environment(&mut self, environment: impl IntoIterator<Item = (OsString, OsString)>) {
        for (name, value) in environment {
            let name = name.to_string_lossy();
            let Some(known) = known(&name) else {
                if name.starts_with("DOGWATCH_") && !is_of_kubernetes(&name) {
                    self.problems
                        .push(format!("{name}: there is no such setting"));
                }
                continue;
            };
            match value.into_string() {
                Ok(value) => self.set(known, value),
                Err(_) => self.problems.push(format!("{known}: must be UTF-8")),
            }
        }
    }

    /// An empty value is as good as none.
    fn set(&mut self, key: &'static str, value: String) {
        if value.is_empty() {
            self.values.remove(key);
        } else {
            self.values.insert(key, value);
        }
    }

    /// Reads the secrets that are in files.
    fn read_secrets(&mut self) {
        for (key, key_of_file) in SECRETS {
            let Some(path) = self.take(key_of_file).map(PathBuf::from) else {
                continue;
            };
            if self.take(key).is_some() {
                self.problems.push(format!(
                    "{key} and {key_of_file}: only one of them can be set"
                ));
                continue;
            }
            match read_secret(&path) {
                Ok(secret) => {
                    self.values.insert(key, secret);
                    self.secret_files.push(path);
                }
                Err(error) => {
                    let path = path.display();
                    self.problems
                        .push(format!("{key_of_file} ({path}): {error}"));
                }
            }
        }
    }

    fn take(&mut self, key: &'static str) -> Option<String> {
        self.values.remove(key)
    }

    /// The value of a key, or nothing and a problem noted.
    fn parse<T, E: fmt::Display>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(String) -> Result<T, E>,
    ) -> Option<T> {
        match read(self.take(key)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.push(format!("{key}: {error}"));
                None
            }
        }
    }

    fn parse_or<T, E: fmt::Display>(
        &mut self,
        key: &'static str,
        default: &str,
        read: impl FnOnce(String) -> Result<T, E>,
    ) -> Option<T> {
        self.values.entry(key).or_insert_with(|| default.to_owned());
        self.parse(key, read)
    }

    fn check(mut self) -> Result<Config, BadConfig> {
        self.read_secrets();
        let data_dir = PathBuf::from(
            self.take("DOGWATCH_DATA_DIR")
                .unwrap_or_else(|| "./data".to_owned()),
        );
        let own_database = DatabaseUrl::Sqlite(data_dir.join("dogwatch.db"));
        let database = if self.values.contains_key("DATABASE_URL") {
            self.parse("DATABASE_URL", |text| DatabaseUrl::parse(&text))
        } else {
            Some(own_database)
        };
        let listen = self.parse_or("DOGWATCH_LISTEN", "127.0.0.1:8080", |text| {
            text.parse()
                .map_err(|_| "must be an address and a port, like 127.0.0.1:8080")
        });
        let public_url = self.parse("DOGWATCH_PUBLIC_URL", |text| read_public_url(&text));
        let smtp_url = self.parse("DOGWATCH_SMTP_URL", |text| smtp::read_smtp_url(&text));
        let mail_from = self.parse_or("DOGWATCH_MAIL_FROM", "dogwatch@localhost", |text| {
            read_mail_from(&text)
        });
        let mail_rate = self.parse_or("DOGWATCH_MAIL_RATE", "600", |text| {
            read_number(&text, LARGEST_RATE)
        });
        let mail_kept = self.parse_or("DOGWATCH_MAIL_DAYS", "400", |text| {
            read_number(&text, LONGEST_KEPT).map(|days| TimeDelta::days(days.into()))
        });
        let bootstrap_token = self.parse("DOGWATCH_BOOTSTRAP_TOKEN", read_token);
        let tzdata_dir = self.parse("DOGWATCH_TZDATA_DIR", read_zone_folder);
        let secret = self.parse("DOGWATCH_SECRET", |text| {
            if text.len() >= SHORTEST_SECRET {
                Ok(SecretString::from(text))
            } else {
                Err(format!("must have at least {SHORTEST_SECRET} characters"))
            }
        });
        let trusted_proxies =
            self.parse_or("DOGWATCH_TRUSTED_PROXIES", "", |text| read_networks(&text));
        let forwarded_header =
            self.parse_or("DOGWATCH_FORWARDED_HEADER", "X-Forwarded-For", |text| {
                read_header_name(&text)
            });
        let keep_alive = self.parse_or("DOGWATCH_KEEP_ALIVE", "75", |text| {
            read_number(&text, LONGEST_KEEP_ALIVE)
                .map(|seconds| Duration::from_secs(seconds.into()))
        });
        let smtp_helo = self.parse("DOGWATCH_SMTP_HELO", |text| read_helo(&text));
        let hourly_limits = self.hourly_limits();
        let outgoing_networks = self.parse_or("DOGWATCH_OUTGOING_NETWORKS", "", |text| {
            read_networks(&text)
        });
        let log = self.parse_or("DOGWATCH_LOG", "info", read_log);
        let log_format = self.parse_or("DOGWATCH_LOG_FORMAT", "text", |text| match text.as_str() {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("must be text or json"),
        });
        let config = (|| {
            Some(Config {
                database: database?,
                listen: listen?,
                data_dir,
                public_url,
                smtp_url,
                mail_from: mail_from?,
                mail_rate: mail_rate?,
                mail_kept: mail_kept?,
                bootstrap_token,
                tzdata_dir,
                secret,
                trusted_proxies: trusted_proxies?,
                forwarded_header: forwarded_header?,
                keep_alive: keep_alive?,
                smtp_helo,
                hourly_limits: hourly_limits?,
                outgoing_networks: outgoing_networks?,
                log: log?,
                log_format: log_format?,
                secret_files: std::mem::take(&mut self.secret_files),
            })
        })();
        match config {
            Some(config) if self.problems.is_empty() => Ok(config),
            _ => Err(BadConfig(self.problems)),
        }
    }
}

/// Whether a variable is one that Kubernetes sets for a service called dogwatch in the same namespace.
fn is_of_kubernetes(name: &str) -> bool {
    let Some(name) = name.strip_prefix("DOGWATCH_") else {
        return false;
    };
    let of_port = |rest: &str| {
        let (port, rest) = rest.split_once("_TCP").unwrap_or_default();
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        is_port && (rest.is_empty() || rest.starts_with('_'))
    };
    matches!(name, "SERVICE_HOST" | "SERVICE_PORT" | "PORT")
        || name.starts_with("SERVICE_PORT_")
        || name.strip_prefix("PORT_").is_some_and(of_port)
}

impl Given {
    fn hourly_limits(&mut self) -> Option<HourlyLimits> {
        let defaults = HourlyLimits::default();
        let mut hourly = |key, default: u32| {
            self.parse_or(key, &default.to_string(), |text| {
                read_number(&text, LARGEST_HOURLY)
            })
        };
        let incidents = hourly("DOGWATCH_INCIDENTS_PER_HOUR", defaults.incidents);
        let cover_requests = hourly("DOGWATCH_COVER_REQUESTS_PER_HOUR", defaults.cover_requests);
        let feeds = hourly("DOGWATCH_FEEDS_PER_HOUR", defaults.feeds);
        Some(HourlyLimits {
            incidents: incidents?,
            cover_requests: cover_requests?,
            feeds: feeds?,
        })
    }
}

fn known(name: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|key| *key == name)
}

#[cfg(test)]
mod tests;
