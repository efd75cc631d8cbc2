//! Readers of single values. Their messages never repeat a value that may be a secret.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr as _;

use http::header::HeaderName;
use ipnet::IpNet;
use lettre::message::Mailbox;
use secrecy::SecretString;
use tracing_subscriber::filter::LevelFilter;
use url::Url;

use super::SHORTEST_SECRET;
use crate::domain::people::email;

/// A text, or a list of texts, which is the same with commas.
pub(super) fn text_of(value: toml::Value) -> Option<String> {
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

/// What can stand in a header, and cannot be guessed.
pub(super) fn read_token(text: String) -> Result<SecretString, String> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err("must have visible ASCII characters only".to_owned())
    } else if text.len() < SHORTEST_SECRET {
        Err(format!("must have at least {SHORTEST_SECRET} characters"))
    } else {
        Ok(SecretString::from(text))
    }
}

/// From one to so many.
pub(super) fn read_number(text: &str, largest: u32) -> Result<u32, String> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..=largest).contains(number))
        .ok_or_else(|| format!("must be a number from 1 to {largest}"))
}

/// Addresses and networks, with commas between them.
pub(super) fn read_networks(text: &str) -> Result<Vec<IpNet>, String> {
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

pub(super) fn read_public_url(text: &str) -> Result<String, &'static str> {
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

/// Whom mail is from, with the ASCII form of the domain, which is what mail servers take.
pub(super) fn read_mail_from(text: &str) -> Result<Mailbox, &'static str> {
    let bad = "must be a mail address, like Dogwatch <dogwatch@example.org>, with ASCII characters before the @";
    let mailbox: Mailbox = text.parse().map_err(|_| bad)?;
    let ascii = email::to_ascii(mailbox.email.as_ref()).ok_or(bad)?;
    let address = ascii.parse().map_err(|_| bad)?;
    Ok(Mailbox::new(mailbox.name, address))
}

/// Levels, alone or for one target each. A word that is no level would count as the name of a target, and silence
/// everything.
pub(super) fn read_log(text: String) -> Result<String, String> {
    let is_level = |level: &str| LevelFilter::from_str(level).is_ok() && !level.is_empty();
    let is_target = |target: &str| {
        let allowed = |c: char| c.is_alphanumeric() || "_:-.".contains(c);
        !target.is_empty() && target.chars().all(allowed)
    };
    let is_directive = |directive: &str| match directive.split_once('=') {
        Some((target, level)) => is_target(target) && is_level(level),
        None => is_level(directive),
    };
    match text
        .split(',')
        .map(str::trim)
        .find(|one| !is_directive(one))
    {
        None => Ok(text),
        Some(wrong) => Err(format!(
            "{wrong:?} is none of error, warn, info, debug, trace and off, nor TARGET=LEVEL with one of these; several go \
             with commas between them"
        )),
    }
}

/// A folder of zone data.
pub(super) fn read_zone_folder(text: String) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    if path.join("Europe/London").is_file() {
        Ok(path)
    } else {
        Err("must be a folder of zone data (with Europe/London in it)")
    }
}

/// The name of a request header.
pub(super) fn read_header_name(text: &str) -> Result<HeaderName, &'static str> {
    HeaderName::try_from(text).map_err(|_| "must be the name of a header, like X-Forwarded-For")
}

/// A host name with a domain, or an address literal (RFC 5321 §4.1.3).
pub(super) fn read_helo(text: &str) -> Result<String, &'static str> {
    let literal = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|inner| {
            let address = inner.strip_prefix("IPv6:").unwrap_or(inner);
            address.parse::<IpAddr>().is_ok()
        });
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let host = text.len() <= 253 && text.split('.').all(is_label);
    if literal || host {
        Ok(text.to_owned())
    } else {
        Err("must be a host name like mail.example.org, or an address literal like [192.0.2.1]")
    }
}
