//! `dogwatch check`: tries what `serve` would do.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::output;
use crate::clock::new_id;
use crate::config::Config;
use crate::domain::time::zone;
use crate::notify::{MailError, Mailer};
use crate::startup;
use crate::storage::{DatabaseUrl, Store, StoreError, Tables, changes};

/// How long a server at our address is given to say who it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is written to find out whether a folder takes files, in bytes.
const SAMPLE: [u8; 4096] = [0; 4096];

/// What a check found: what is well, or what is wrong.
type Found = Result<String, String>;

/// A check by its name.
type Check = (&'static str, fn(&Config) -> Found);

/// Every check, in the order in which `serve` would come to them.
const CHECKS: [Check; 5] = [
    ("address", address),
    ("data folder", data_folder),
    ("zone data", zone_data),
    ("database", database),
    ("mail", mail),
];

/// What is worth a word although `serve` works with it.
const WARNINGS: [fn(&Config) -> Vec<String>; 2] = [readable_secrets, readable_files];

/// Checks everything, and says what was found.
///
/// # Errors
/// Where something is wrong, after everything was looked at.
pub fn run(config: &Config) -> anyhow::Result<()> {
    output::line("configuration  ok")?;
    let mut failed = 0;
    for (what, check) in CHECKS {
        match check(config) {
            Ok(found) => output::line(&format!("{what:<14} ok ({found})"))?,
            Err(wrong) => {
                failed += 1;
                output::line(&format!("{what:<14} FAILED: {wrong}"))?;
            }
        }
    }
    for warning in WARNINGS.iter().flat_map(|look| look(config)) {
        output::line(&format!("WARNING: {warning}"))?;
    }
    match failed {
        0 => Ok(()),
        1 => anyhow::bail!("one check failed"),
        _ => anyhow::bail!("{failed} checks failed"),
    }
}

/// Whether the address can be listened at. That a server of ours does so already is fine.
fn address(config: &Config) -> Found {
    let Err(error) = TcpListener::bind(config.listen) else {
        return Ok(format!("{} is free", config.listen));
    };
    if error.kind() == ErrorKind::AddrInUse && is_dogwatch(config.listen) {
        return Ok(format!("a running Dogwatch listens at {}", config.listen));
    }
    Err(format!("DOGWATCH_LISTEN ({}): {error}", config.listen))
}

/// Whether the server that this configuration is for runs already.
fn is_running(config: &Config) -> bool {
    let bound = TcpListener::bind(config.listen);
    bound.is_err_and(|error| error.kind() == ErrorKind::AddrInUse) && is_dogwatch(config.listen)
}

/// Whether a server of this program answers at an address.
fn is_dogwatch(mut address: SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.take(64 * 1024).read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.contains("\"roster_version\""))
}

fn data_folder(config: &Config) -> Found {
    takes_files(&config.data_dir).map_err(|error| format!("DOGWATCH_DATA_DIR: {error}"))
}

/// Whether files can be made in a folder, which is made where it is not there. Only an attempt shows that: rights,
/// mounts, quotas and full disks all have a say. What is made is removed again.
fn takes_files(folder: &Path) -> Found {
    let there = nearest(folder);
    let said = |error: std::io::Error| format!("{}: {error}", there.display());
    let sample = there.join(format!(".dogwatch-check-{}", new_id()));
    if there != folder {
        fs::create_dir(&sample).map_err(said)?;
        fs::remove_dir(&sample).map_err(said)?;
        return Ok(format!("{} will be made", folder.display()));
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&sample)
        .map_err(said)?;
    let written = file.write_all(&SAMPLE).and_then(|()| file.sync_all());
    fs::remove_file(&sample).map_err(said)?;
    written.map_err(said)?;
    Ok(format!("{} can be written", folder.display()))
}

/// The folder, or the nearest one above it that is there.
fn nearest(folder: &Path) -> PathBuf {
    let above = folder
        .ancestors()
        .find(|folder| fs::symlink_metadata(folder).is_ok());
    match above {
        Some(found) => found.to_owned(),
        // Above a relative path there is the folder that one stands in.
        None => PathBuf::from("."),
    }
}

fn zone_data(config: &Config) -> Found {
    startup::install_zones(config).map_err(|error| format!("{error:#}"))?;
    Ok(format!("version {}", zone::version()))
}

fn database(config: &Config) -> Found {
    if let DatabaseUrl::Sqlite(path) = &config.database
        && !path.exists()
    {
        let folder = path.parent().unwrap_or(Path::new(""));
        takes_files(folder).map_err(|error| format!("DATABASE_URL: {error}"))?;
        return Ok(format!(
            "{} will be made on the first start",
            path.display()
        ));
    }
    look_into_database(config).map_err(|error| format!("DATABASE_URL: {error}"))
}

fn look_into_database(config: &Config) -> Result<String, StoreError> {
    let store = Store::open(&config.database)?;
    let found = look_into_store(config, &store);
    store.close();
    found
}

fn look_into_store(config: &Config, store: &Store) -> Result<String, StoreError> {
    // A server at our own address is the one that this configuration is for.
    if let Err(error) = store.must_have_no_server()
        && !is_running(config)
    {
        return Err(error);
    }
    let tables = store.tables()?;
    store.check_writable()?;
    let what = match tables {
        Tables::None => "without tables yet, which will be made on the first start".to_owned(),
        Tables::Older => {
            "with the tables of an older version, which will be changed on the next start"
                .to_owned()
        }
        Tables::Current => format!("version {} of its content", store.read(changes::version)?),
    };
    Ok(format!("{:?}, {what}", config.database))
}

fn mail(config: &Config) -> Found {
    let failed = |error: MailError| match error {
        MailError::Transport(why) => format!("DOGWATCH_SMTP_URL: {why}"),
        other => other.to_string(),
    };
    if config.smtp_url.is_none() {
        takes_files(&config.data_dir.join("mail"))
            .map_err(|error| format!("DOGWATCH_DATA_DIR: {error}"))?;
    }
    Mailer::configured(config)
        .and_then(|mailer| mailer.check())
        .map_err(failed)
}

/// The database's files and written mails that others than their owner may use.
fn readable_files(config: &Config) -> Vec<String> {
    startup::loose_files(config)
        .into_iter()
        .map(|(path, mode)| {
            let path = path.display();
            format!("{path} has mode {mode:o}, so that others may use it: chmod go= {path}")
        })
        .collect()
}

/// Files with secrets that everybody on the machine may read.
fn readable_secrets(config: &Config) -> Vec<String> {
    use std::os::unix::fs::MetadataExt as _;
    let is_open = |path: &&PathBuf| fs::metadata(path).is_ok_and(|file| file.mode() & 0o004 != 0);
    let say = |path: &PathBuf| {
        format!(
            "everybody on this machine may read {}, which holds a secret: chmod o= makes it private",
            path.display()
        )
    };
    config
        .secret_files
        .iter()
        .filter(is_open)
        .map(say)
        .collect()
}
