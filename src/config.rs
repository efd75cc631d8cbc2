//! The configuration: environment variables, over an optional TOML file with the same keys.
//!
//! Everything is checked at once, and everything that is wrong is named; secrets are never shown.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use ipnet::IpNet;
use lettre::message::Mailbox;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::storage::DatabaseUrl;

/// Every key there is.
pub const KEYS: [&str; 15] = [
    "DATABASE_URL",
    "DOGWATCH_LISTEN",
    "DOGWATCH_DATA_DIR",
    "DOGWATCH_PUBLIC_URL",
    "DOGWATCH_SMTP_URL",
    "DOGWATCH_MAIL_FROM",
    "DOGWATCH_MAIL_RATE",
    "DOGWATCH_MAIL_DAYS",
    "DOGWATCH_BOOTSTRAP_TOKEN",
    "DOGWATCH_TZDATA_DIR",
    "DOGWATCH_SECRET",
    "DOGWATCH_TRUSTED_PROXIES",
    "DOGWATCH_OUTGOING_NETWORKS",
    "DOGWATCH_LOG",
    "DOGWATCH_LOG_FORMAT",
];

/// The shortest key for signatures that is accepted.
const SHORTEST_SECRET: usize = 16;

/// The highest rate of mails that can be set, in a minute.
const LARGEST_RATE: u32 = 1_000_000;

/// The longest time for which mails can be kept, in days.
const LONGEST_KEPT: u32 = 36_500;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
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
    /// How mail is sent; it holds a password. Without it mails are files.
    pub smtp_url: Option<SecretString>,
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
    /// Whose `Forwarded` and `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks whose addresses may be asked where people enter them, although they are not public.
    pub outgoing_networks: Vec<IpNet>,
    /// What is logged.
    pub log: String,
    /// How.
    pub log_format: LogFormat,
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

    /// What links begin with: as configured, or made of the address that is really listened at.
    #[must_use]
    pub fn public_url(&self, listening: SocketAddr) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://{listening}"))
    }
}

#[derive(Default)]
struct Given {
    values: BTreeMap<&'static str, String>,
    problems: Vec<String>,
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
                if name.starts_with("DOGWATCH_") {
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
        let smtp_url = self.parse("DOGWATCH_SMTP_URL", read_smtp_url);
        let mail_from = self.parse_or("DOGWATCH_MAIL_FROM", "dogwatch@localhost", |text| {
            text.parse()
                .map_err(|_| "must be a mail address, like Dogwatch <dogwatch@example.org>")
        });
        let mail_rate = self.parse_or("DOGWATCH_MAIL_RATE", "600", |text| {
            read_number(&text, LARGEST_RATE)
        });
        let mail_kept = self.parse_or("DOGWATCH_MAIL_DAYS", "400", |text| {
            read_number(&text, LONGEST_KEPT).map(|days| TimeDelta::days(days.into()))
        });
        let bootstrap_token = self.parse("DOGWATCH_BOOTSTRAP_TOKEN", read_token);
        let tzdata_dir = self.parse("DOGWATCH_TZDATA_DIR", |text| {
            let path = PathBuf::from(text);
            if path.join("Europe/London").is_file() {
                Ok(path)
            } else {
                Err("must be a folder of zone data (with Europe/London in it)")
            }
        });
        let secret = self.parse("DOGWATCH_SECRET", |text| {
            if text.len() >= SHORTEST_SECRET {
                Ok(SecretString::from(text))
            } else {
                Err(format!("must have at least {SHORTEST_SECRET} characters"))
            }
        });
        let trusted_proxies =
            self.parse_or("DOGWATCH_TRUSTED_PROXIES", "", |text| read_networks(&text));
        let outgoing_networks = self.parse_or("DOGWATCH_OUTGOING_NETWORKS", "", |text| {
            read_networks(&text)
        });
        let log = self.parse_or("DOGWATCH_LOG", "info", |text| {
            EnvFilter::try_new(&text).map(|_| text)
        });
        let log_format = self.parse_or("DOGWATCH_LOG_FORMAT", "text", |text| match text.as_str() {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("must be text or json"),
        });
        match (
            database,
            listen,
            mail_from,
            mail_rate,
            mail_kept,
            trusted_proxies,
            outgoing_networks,
            log,
            log_format,
        ) {
            (
                Some(database),
                Some(listen),
                Some(mail_from),
                Some(mail_rate),
                Some(mail_kept),
                Some(trusted_proxies),
                Some(outgoing_networks),
                Some(log),
                Some(log_format),
            ) if self.problems.is_empty() => Ok(Config {
                database,
                listen,
                data_dir,
                public_url,
                smtp_url,
                mail_from,
                mail_rate,
                mail_kept,
                bootstrap_token,
                tzdata_dir,
                secret,
                trusted_proxies,
                outgoing_networks,
                log,
                log_format,
            }),
            _ => Err(BadConfig(self.problems)),
        }
    }
}

fn known(name: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|key| *key == name)
}

/// A text, or a list of texts, which is the same with commas.
fn text_of(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Array(values) => values
            .into_iter()
            .map(|value| value.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.join(",")),
        _ => None,
    }
}

/// What can stand in a header.
fn read_token(text: String) -> Result<SecretString, &'static str> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(SecretString::from(text))
    } else {
        Err("must have visible ASCII characters only")
    }
}

/// From one to so many.
fn read_number(text: &str, largest: u32) -> Result<u32, String> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..=largest).contains(number))
        .ok_or_else(|| format!("must be a number from 1 to {largest}"))
}

/// Addresses and networks, with commas between them.
fn read_networks(text: &str) -> Result<Vec<IpNet>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|address| !address.is_empty())
        .map(|text| {
            read_network(text).ok_or_else(|| {
                format!("{text:?} is neither an IP address nor a network like 10.0.0.0/8")
            })
        })
        .collect()
}

/// An address is a network of one.
fn read_network(text: &str) -> Option<IpNet> {
    let alone = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().or_else(alone)
}

fn read_public_url(text: &str) -> Result<String, &'static str> {
    let bad = "must be an address that begins with http:// or https://, without ? and #";
    let url = Url::parse(text).map_err(|_| bad)?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(bad)
    }
}

/// The message does not repeat the value: it may hold a password.
fn read_smtp_url(text: String) -> Result<SecretString, &'static str> {
    let bad = "must be smtp://HOST:PORT or smtps://HOST, with USER:PASSWORD@ before the host where needed";
    let url = Url::parse(&text).map_err(|_| bad)?;
    if matches!(url.scheme(), "smtp" | "smtps") && url.host().is_some() {
        Ok(SecretString::from(text))
    } else {
        Err(bad)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    #[test]
    fn everything_has_a_default() {
        let config = Config::load(
            None,
            environment(&[("PATH", "/bin"), ("DOGWATCH_SMTP_URL", "")]),
        )
        .unwrap();
        assert_eq!(
            config.database,
            DatabaseUrl::Sqlite("./data/dogwatch.db".into())
        );
        assert_eq!(config.public_url(config.listen), "http://127.0.0.1:8080");
        assert!(config.smtp_url.is_none());
        assert_eq!(config.mail_kept, TimeDelta::days(400));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(
            file,
            "DOGWATCH_LISTEN = \"0.0.0.0:1\"\nDOGWATCH_PUBLIC_URL = \"https://duty.example.org/x/\"\nDOGWATCH_TRUSTED_PROXIES = [\"10.0.0.1\", \"fd00::/8\"]\n"
        )
        .unwrap();
        let config = Config::load(
            Some(file.path()),
            environment(&[("DOGWATCH_LISTEN", "127.0.0.1:2")]),
        )
        .unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(
            config.public_url.as_deref(),
            Some("https://duty.example.org/x")
        );
        let proxies: Vec<String> = config
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(proxies, ["10.0.0.1/32", "fd00::/8"]);
    }

    #[test]
    fn every_problem_is_named_and_no_secret_shown() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "DOGWATCH_LISTENN = \"x\"\nDOGWATCH_LOG_FORMAT = 1\n").unwrap();
        let pairs = [
            ("DATABASE_URL", "mysql://root:hunter2@localhost"),
            ("DOGWATCH_LISTEN", "localhost"),
            ("DOGWATCH_PUBLIC_URL", "ftp://example.org"),
            ("DOGWATCH_SMTP_URL", "http://user:hunter2@example.org"),
            ("DOGWATCH_MAIL_FROM", "nobody"),
            ("DOGWATCH_MAIL_RATE", "0"),
            ("DOGWATCH_MAIL_DAYS", "0"),
            ("DOGWATCH_BOOTSTRAP_TOKEN", "hunter2 hunter2"),
            ("DOGWATCH_TZDATA_DIR", "/nowhere"),
            ("DOGWATCH_SECRET", "hunter2"),
            ("DOGWATCH_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.0/33"),
            ("DOGWATCH_OUTGOING_NETWORKS", "localhost"),
            ("DOGWATCH_LOG", "dogwatch=loud"),
            ("DOGWATCH_LOG_FORMAT", "xml"),
            ("DOGWATCH_COLOUR", "red"),
        ];
        let problems = Config::load(Some(file.path()), environment(&pairs)).unwrap_err();
        let text = problems.to_string();
        for (name, _) in pairs {
            assert!(text.contains(name), "{name} in {text}");
        }
        assert!(text.contains("DOGWATCH_LISTENN"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_broken_file_is_named_without_being_quoted() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(
            file,
            "DOGWATCH_LISTEN = \"x\"\nDOGWATCH_SECRET = \"hunter2\n"
        )
        .unwrap();
        let text = Config::load(Some(file.path()), []).unwrap_err().to_string();
        assert!(
            text.contains("line 2") && !text.contains("hunter2"),
            "{text}"
        );
        assert!(Config::load(Some(Path::new("/nowhere.toml")), []).is_err());
    }
}
