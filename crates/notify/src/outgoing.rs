//! Requests to addresses that people have entered, such as webhooks: one guard and one client for all of them.
//!
//! Whoever may enter an address must not reach through this server what only the server can reach. So only public
//! addresses are asked, unless the configuration names a network besides. The guard looks at what is really connected
//! to: at the addresses that a name stands for at that moment, and at each step of a redirection.

use std::error::Error as _;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, header};
use url::{Host, Url};

use crate::cause::Cause;
use crate::config::Config;
use crate::domain::people::calendar::Validators;

/// From the first byte to the last a request takes no longer, with all redirections.
const PATIENCE: Duration = Duration::from_secs(10);

/// No longer tag of a state is kept.
const LONGEST_VALIDATOR: usize = 1000;

/// A redirection has no more steps.
const STEPS: usize = 5;

/// What is not public (RFC 6890 and the registries that go on from it).
const NOT_PUBLIC_4: [Ipv4Net; 16] = [
    net4([0, 0, 0, 0], 8),
    net4([10, 0, 0, 0], 8),
    net4([100, 64, 0, 0], 10),
    net4([127, 0, 0, 0], 8),
    net4([169, 254, 0, 0], 16),
    net4([172, 16, 0, 0], 12),
    net4([192, 0, 0, 0], 24),
    net4([192, 0, 2, 0], 24),
    net4([192, 31, 196, 0], 24),
    net4([192, 52, 193, 0], 24),
    net4([192, 88, 99, 0], 24),
    net4([192, 168, 0, 0], 16),
    net4([198, 18, 0, 0], 15),
    net4([198, 51, 100, 0], 24),
    net4([203, 0, 113, 0], 24),
    net4([224, 0, 0, 0], 3),
];

/// Where public addresses are (RFC 4291), but for what follows.
const PUBLIC_6: Ipv6Net = net6([0x2000, 0], 3);

/// Protocols, documentation, and IPv4 addresses in disguise (6to4, Teredo).
const NOT_PUBLIC_6: [Ipv6Net; 4] = [
    net6([0x2001, 0], 23),
    net6([0x2001, 0xdb8], 32),
    net6([0x2002, 0], 16),
    net6([0x3fff, 0], 20),
];

/// IPv4 addresses as they are reached from networks without IPv4 (RFC 6052).
const TRANSLATED: Ipv6Net = net6([0x64, 0xff9b], 96);

const fn net4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn net6([a, b]: [u16; 2], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

/// Why a request came to nothing. The address, which may be a secret, is not in it.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// It must not be asked, now or later.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Not this time.
    #[error("it does not answer: {0}")]
    Away(#[source] Cause),
    /// It answers, and does not want it.
    #[error("it answers {0}")]
    Refused(StatusCode),
    /// The answer has more bytes than are read.
    #[error("its answer is too large")]
    TooLarge,
}

impl OutgoingError {
    /// Whether there is no use in trying again.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::Refused(_))
    }
}

/// What was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// The bytes, as they come.
    pub body: Body,
    /// What tells this state of it from others, for the next time.
    pub validators: Validators,
}

/// The bytes of an answer, which are read as they come: no more than were allowed, and no longer. An error says in
/// words why there are no more ([`OutgoingError`]).
#[derive(Debug)]
pub struct Body {
    answer: Response,
    left: u64,
    until: Instant,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() > self.until {
            return Err(io::Error::other(OutgoingError::Away(too_slow().into())));
        }
        let count = self.answer.read(buffer).map_err(|error| {
            let words = if Instant::now() < self.until {
                error.to_string()
            } else {
                too_slow()
            };
            io::Error::other(OutgoingError::Away(Cause::in_words(words, error)))
        })?;
        let bytes = u64::try_from(count).unwrap_or(u64::MAX);
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| io::Error::other(OutgoingError::TooLarge))?;
        Ok(count)
    }
}

fn too_slow() -> String {
    format!("not all of it came within {} seconds", PATIENCE.as_secs())
}

/// Asks addresses that people have entered.
#[derive(Debug)]
pub struct Outgoing {
    guard: Guard,
    client: OnceLock<Client>,
    patience: Duration,
}

impl Outgoing {
    /// Asks public addresses, and those in networks that the configuration names.
    #[must_use]
    pub fn configured(config: &Config) -> Self {
        Self::to(config.outgoing_networks.clone())
    }

    /// Asks public addresses, and those in these networks.
    #[must_use]
    pub fn to(networks: Vec<IpNet>) -> Self {
        Self {
            guard: Guard(networks.into()),
            client: OnceLock::new(),
            patience: PATIENCE,
        }
    }

    /// Posts JSON. A redirection counts as a refusal: who has moved is told so by whoever configured it. Blocks; must
    /// not be called on an event loop.
    ///
    /// # Errors
    /// [`OutgoingError`] where it is not taken.
    pub fn post(&self, url: &str, body: &serde_json::Value) -> Result<(), OutgoingError> {
        let url = self.guard.check(parse(url)?)?;
        let answer = ask(self.client()?.post(url).json(body), self.patience)?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(OutgoingError::Refused(answer.status()))
        }
    }

    /// Fetches what is there, at most so many bytes; `None` where it is as it was when it was `known` so. Follows
    /// redirections. Blocks; must not be called on an event loop.
    ///
    /// # Errors
    /// [`OutgoingError`] where there is nothing to be had.
    pub fn get(
        &self,
        url: &str,
        known: &Validators,
        most: u64,
    ) -> Result<Option<Fetched>, OutgoingError> {
        let mut url = parse(url)?;
        let until = Instant::now() + self.patience;
        for _ in 0..=STEPS {
            url = self.guard.check(url)?;
            let mut request = self.client()?.get(url.clone());
            if let Some(etag) = &known.etag {
                request = request.header(header::IF_NONE_MATCH, etag);
            }
            if let Some(modified) = &known.modified {
                request = request.header(header::IF_MODIFIED_SINCE, modified);
            }
            let answer = ask(request, until.saturating_duration_since(Instant::now()))?;
            match answer.status() {
                StatusCode::NOT_MODIFIED if *known != Validators::default() => return Ok(None),
                status if status.is_success() => return Ok(Some(fetched(answer, most, until))),
                _ => url = next(&answer, &url)?,
            }
        }
        Err(OutgoingError::Forbidden("it redirects again and again"))
    }

    fn client(&self) -> Result<&Client, OutgoingError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .user_agent(concat!("dogwatch/", env!("CARGO_PKG_VERSION")))
            // Every step has to pass the guard, and a proxy would look names up by itself.
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(self.guard.clone()))
            .build()
            .map_err(away)?;
        Ok(self.client.get_or_init(|| client))
    }
}

fn ask(request: RequestBuilder, patience: Duration) -> Result<Response, OutgoingError> {
    let answer = request.timeout(patience).send().map_err(away)?;
    let status = answer.status();
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    if status.is_server_error() || later.contains(&status) {
        Err(OutgoingError::Away(status.to_string().into()))
    } else if status.is_client_error() {
        Err(OutgoingError::Refused(status))
    } else {
        Ok(answer)
    }
}

fn parse(url: &str) -> Result<Url, OutgoingError> {
    Url::parse(url).map_err(|_| OutgoingError::Forbidden("it is no address"))
}

/// Where a redirection leads; never from a protected connection to one that is not.
fn next(answer: &Response, url: &Url) -> Result<Url, OutgoingError> {
    let place = answer.headers().get(header::LOCATION);
    let next = place
        .and_then(|place| place.to_str().ok())
        .and_then(|place| url.join(place).ok())
        .ok_or_else(|| OutgoingError::Refused(answer.status()))?;
    if url.scheme() == "https" && next.scheme() != "https" {
        return Err(OutgoingError::Forbidden("it redirects to http"));
    }
    Ok(next)
}

fn fetched(answer: Response, most: u64, until: Instant) -> Fetched {
    let header = |name| {
        let value = answer.headers().get(name)?.to_str().ok()?;
        // It is kept: what is longer is nobody's honest tag.
        (value.len() <= LONGEST_VALIDATOR).then(|| value.to_owned())
    };
    let validators = Validators {
        etag: header(header::ETAG),
        modified: header(header::LAST_MODIFIED),
    };
    Fetched {
        body: Body {
            answer,
            left: most,
            until,
        },
        validators,
    }
}

/// What went wrong, down to its cause. Not where it was asked: addresses of calendars and chats are secrets.
fn away(error: reqwest::Error) -> OutgoingError {
    let mut words = Vec::new();
    let mut cause = error.source();
    while let Some(one) = cause {
        if one.is::<NotPublic>() {
            return OutgoingError::Forbidden(NOT_PUBLIC);
        }
        words.push(one.to_string());
        cause = one.source();
    }
    if error.is_timeout() {
        words.push(format!("nothing within {} seconds", PATIENCE.as_secs()));
    }
    OutgoingError::Away(Cause::in_words(words.join(": "), error.without_url()))
}

/// Why a private address is not asked.
const NOT_PUBLIC: &str = "its address is not public, and not in DOGWATCH_OUTGOING_NETWORKS";

/// A name stands for private addresses only.
#[derive(Debug, thiserror::Error)]
#[error("{NOT_PUBLIC}")]
struct NotPublic;

/// Which addresses are asked: public ones, and those in these networks; by default there are none.
#[derive(Debug, Clone, Default)]
pub struct Guard(Arc<[IpNet]>);

impl Guard {
    /// Permits public addresses, and those in networks that the configuration names.
    #[must_use]
    pub fn configured(config: &Config) -> Self {
        Self(config.outgoing_networks.clone().into())
    }

    /// Whether an address may be entered: what a name stands for is only seen when it is asked.
    ///
    /// # Errors
    /// [`OutgoingError::Forbidden`].
    pub fn admits(&self, url: &str) -> Result<(), OutgoingError> {
        self.check(parse(url)?).map(|_| ())
    }

    fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.0.iter().any(|network| network.contains(&address))
    }

    /// What can be told without looking a name up.
    fn check(&self, url: Url) -> Result<Url, OutgoingError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutgoingError::Forbidden("it is neither http nor https"));
        }
        let is_permitted = match url.host() {
            Some(Host::Ipv4(address)) => self.permits(address.into()),
            Some(Host::Ipv6(address)) => self.permits(address.into()),
            // It stands for this machine wherever one looks it up (RFC 6761 §6.3).
            Some(Host::Domain(name)) if is_localhost(name) => {
                self.permits(Ipv4Addr::LOCALHOST.into()) || self.permits(Ipv6Addr::LOCALHOST.into())
            }
            Some(Host::Domain(_)) => true,
            None => return Err(OutgoingError::Forbidden("it names no server")),
        };
        if is_permitted {
            Ok(url)
        } else {
            Err(OutgoingError::Forbidden(NOT_PUBLIC))
        }
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

impl Resolve for Guard {
    /// Whatever is connected to by name is what is found here.
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            // The port is the client's affair.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> = found
                .filter(|address| guard.permits(address.ip()))
                .collect();
            if permitted.is_empty() {
                return Err(NotPublic.into());
            }
            let permitted: reqwest::dns::Addrs = Box::new(permitted.into_iter());
            Ok(permitted)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) if TRANSLATED.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            is_public(Ipv4Addr::new(a, b, c, d).into())
        }
        IpAddr::V6(address) => {
            PUBLIC_6.contains(&address) && !NOT_PUBLIC_6.iter().any(|net| net.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests;
