//! Requests to addresses that people have entered, such as webhooks: one guard and one client for all of them.
//!
//! Whoever may enter an address must not reach through this server what only the server can reach. So only public
//! addresses are asked, unless the configuration names a network besides. The guard looks at what is really connected
//! to: at the addresses that a name stands for at that moment, and at each step of a redirection.

use std::error::Error as _;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, header};
use url::{Host, Url};

use crate::config::Config;
use crate::domain::calendar::Validators;

/// From the first byte to the last a request takes no longer.
const PATIENCE: Duration = Duration::from_secs(10);

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
    Away(String),
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The bytes.
    pub body: Vec<u8>,
    /// What tells this state of it from others, for the next time.
    pub validators: Validators,
}

/// Asks addresses that people have entered.
#[derive(Debug)]
pub struct Outgoing {
    guard: Guard,
    client: OnceLock<Client>,
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
        }
    }

    /// Posts JSON. A redirection counts as a refusal: who has moved is told so by whoever configured it. Blocks; must
    /// not be called on an event loop.
    ///
    /// # Errors
    /// [`OutgoingError`] where it is not taken.
    pub fn post(&self, url: &str, body: &serde_json::Value) -> Result<(), OutgoingError> {
        let url = self.guard.check(parse(url)?)?;
        let answer = ask(self.client()?.post(url).json(body))?;
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
        most: usize,
    ) -> Result<Option<Fetched>, OutgoingError> {
        let mut url = parse(url)?;
        for _ in 0..=STEPS {
            url = self.guard.check(url)?;
            let mut request = self.client()?.get(url.clone());
            if let Some(etag) = &known.etag {
                request = request.header(header::IF_NONE_MATCH, etag);
            }
            if let Some(modified) = &known.modified {
                request = request.header(header::IF_MODIFIED_SINCE, modified);
            }
            let answer = ask(request)?;
            match answer.status() {
                StatusCode::NOT_MODIFIED if *known != Validators::default() => return Ok(None),
                status if status.is_success() => return read(answer, most).map(Some),
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
            .map_err(|error| away(&error))?;
        Ok(self.client.get_or_init(|| client))
    }
}

fn ask(request: RequestBuilder) -> Result<Response, OutgoingError> {
    let answer = request.timeout(PATIENCE).send().map_err(|e| away(&e))?;
    let status = answer.status();
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    if status.is_server_error() || later.contains(&status) {
        Err(OutgoingError::Away(status.to_string()))
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

fn read(answer: Response, most: usize) -> Result<Fetched, OutgoingError> {
    let header = |name| {
        let value = answer.headers().get(name)?;
        value.to_str().ok().map(ToOwned::to_owned)
    };
    let validators = Validators {
        etag: header(header::ETAG),
        modified: header(header::LAST_MODIFIED),
    };
    let mut body = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    answer
        .take(limit)
        .read_to_end(&mut body)
        .map_err(|error| OutgoingError::Away(error.to_string()))?;
    if body.len() > most {
        return Err(OutgoingError::TooLarge);
    }
    Ok(Fetched { body, validators })
}

/// What went wrong, down to its cause.
fn away(error: &reqwest::Error) -> OutgoingError {
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
    OutgoingError::Away(words.join(": "))
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
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn install_tls() {
        // Another test may have been quicker.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }

    /// A server that gives the same answer to everybody, and counts them; it ends with the tests.
    fn server(answer: &str) -> (u16, Arc<AtomicUsize>) {
        install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let count: Arc<AtomicUsize> = Arc::default();
        let (counted, answer) = (
            Arc::clone(&count),
            answer.replace("PORT", &port.to_string()),
        );
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                counted.fetch_add(1, Ordering::SeqCst);
                let mut line = String::new();
                while stream.read_line(&mut line).unwrap_or(0) > 2 {
                    line.clear();
                }
                // Whoever has had enough is gone.
                let _ = stream.get_mut().write_all(answer.as_bytes());
            }
        });
        (port, count)
    }

    const NEW: Validators = Validators {
        etag: None,
        modified: None,
    };

    fn local() -> Outgoing {
        Outgoing::to(vec!["127.0.0.0/8".parse().unwrap()])
    }

    fn said<T: std::fmt::Debug>(done: Result<T, OutgoingError>) -> String {
        let error = done.unwrap_err();
        format!("{} {error}", error.is_final())
    }

    #[test]
    fn only_public_addresses_are_public() {
        for public in [
            "1.1.1.1",
            "9.9.9.9",
            "172.15.0.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::9.9.9.9",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "100::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn whoever_names_a_private_address_is_refused_however_it_is_written() {
        let open = Outgoing::to(Vec::new());
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://017700000001/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data",
            "http://0/",
            "http://LOCALHOST./",
            "http://a.localhost:8080/",
            "file:///etc/passwd",
            "ftp://example.org/",
            "gopher://127.0.0.1/",
            "nonsense",
            "http:///",
        ] {
            let refused = said(open.get(url, &NEW, 10));
            assert!(refused.starts_with("true it"), "{url}: {refused}");
            assert_eq!(
                said(open.post(url, &serde_json::json!({}))),
                refused,
                "{url}"
            );
        }
    }

    #[test]
    fn a_name_that_stands_for_a_private_address_is_not_asked() {
        let (port, count) =
            server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi");
        let url = format!("http://localhost:{port}/secret");
        let refused = said(Outgoing::to(Vec::new()).get(&url, &NEW, 10));
        assert_eq!(refused, format!("true {NOT_PUBLIC}"));
        assert_eq!(count.load(Ordering::SeqCst), 0);
        let fetched = local().get(&url, &NEW, 10).unwrap().unwrap();
        assert_eq!(
            (fetched.body.as_slice(), fetched.validators),
            (&b"hi"[..], NEW)
        );
        assert_eq!(
            said(local().get(&url, &NEW, 1)),
            "false its answer is too large"
        );
    }

    #[test]
    fn redirections_are_followed_to_where_one_may_go_and_not_for_ever() {
        let (port, _) = server(
            "HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
        let url = format!("http://127.0.0.1:{port}/");
        assert_eq!(
            said(local().get(&url, &NEW, 10)),
            format!("true {NOT_PUBLIC}")
        );
        assert_eq!(
            said(local().post(&url, &serde_json::json!({}))),
            "true it answers 302 Found"
        );

        let (port, count) = server(
            "HTTP/1.1 301 Moved\r\nlocation: /again\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
        let url = format!("http://127.0.0.1:{port}/");
        assert_eq!(
            said(local().get(&url, &NEW, 10)),
            "true it redirects again and again"
        );
        assert_eq!(count.load(Ordering::SeqCst), STEPS + 1);

        let secure = Url::parse("https://example.org/").unwrap();
        let plain = http_response("http://example.org/");
        assert_eq!(said(next(&plain, &secure)), "true it redirects to http");
    }

    fn http_response(location: &str) -> Response {
        let answer = format!(
            "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let (port, _) = server(&answer);
        let local = local();
        let client = local.client().unwrap();
        ask(client.get(format!("http://127.0.0.1:{port}/"))).unwrap()
    }

    #[test]
    fn what_has_not_changed_is_not_sent_again() {
        let date = || Some("Mon, 02 Mar 2026 10:00:00 GMT".to_owned());
        let (port, _) = server("HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n");
        let url = format!("http://127.0.0.1:{port}/");
        for known in [
            Validators {
                etag: Some("\"a\"".to_owned()),
                modified: None,
            },
            Validators {
                etag: None,
                modified: date(),
            },
        ] {
            assert_eq!(local().get(&url, &known, 10).unwrap(), None);
        }
        assert!(local().get(&url, &NEW, 10).is_err(), "nobody asked whether");
        let (port, _) = server(
            "HTTP/1.1 200 OK\r\netag: \"b\"\r\nlast-modified: Mon, 02 Mar 2026 10:00:00 GMT\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx",
        );
        let url = format!("http://127.0.0.1:{port}/");
        let fetched = local().get(&url, &NEW, 10).unwrap().unwrap();
        let validators = Validators {
            etag: Some("\"b\"".to_owned()),
            modified: date(),
        };
        assert_eq!(fetched.validators, validators);
    }

    #[test]
    fn the_address_is_not_in_what_went_wrong() {
        install_tls();
        let away = said(local().post("http://127.0.0.1:9/secret", &serde_json::json!({})));
        assert!(away.starts_with("false it does not answer: "), "{away}");
        assert!(!away.contains("secret"), "{away}");
    }
}
