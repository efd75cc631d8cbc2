//! Where requests come from: the peer, or whom it names where it is a trusted proxy.
//!
//! Exactly one header is read, and from the right: each proxy appends whom it got the request from, so that what a client
//! wrote itself is further left than what the last trusted proxy wrote about it. The host is never taken from a request;
//! links begin with `DOGWATCH_PUBLIC_URL`.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, web};
use ipnet::IpNet;

/// Which proxies are believed, and in what header they name the client.
#[derive(Debug, Clone)]
pub struct Forwarding {
    /// Addresses of trusted proxies.
    pub trusted: Vec<IpNet>,
    /// The header: `Forwarded` (RFC 7239), or a list of addresses like `X-Forwarded-For`.
    pub header: HeaderName,
}

/// Who really asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Their address.
    pub address: IpAddr,
    /// Whether they came to the nearest proxy by HTTPS.
    pub is_https: bool,
}

/// The client of a request; `None` where the server does not know its peer.
#[must_use]
pub fn client(request: &HttpRequest) -> Option<Client> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place for it")]
    let peer = request.peer_addr()?.ip();
    let forwarding = request.app_data::<web::Data<Forwarding>>()?;
    Some(forwarding.client(peer, request.headers()))
}

/// The address of a request's client.
#[must_use]
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    client(request).map(|client| client.address)
}

impl Forwarding {
    /// The client of a request that `peer` sent.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return Client {
                address: peer,
                is_https: false,
            };
        }
        Client {
            address: self.address(peer, headers),
            is_https: self.is_https(headers),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }

    fn is_standard(&self) -> bool {
        self.header == header::FORWARDED
    }

    /// The first address from the right that is no trusted proxy. What is no address ends the search: whatever is
    /// further left was not written by a proxy that is known to be one.
    fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer;
        for element in elements(headers, &self.header) {
            let Some(address) = self.node(element) else {
                break;
            };
            nearest = address;
            if !self.trusts(address) {
                break;
            }
        }
        nearest
    }

    fn node(&self, element: &[u8]) -> Option<IpAddr> {
        let element = str::from_utf8(element).ok()?;
        if self.is_standard() {
            node_address(&parameter(element, "for")?)
        } else {
            node_address(element.trim_matches(BLANKS))
        }
    }

    /// What the nearest proxy, which wrote last, says about the scheme.
    fn is_https(&self, headers: &HeaderMap) -> bool {
        let name = if self.is_standard() {
            &self.header
        } else {
            &header::X_FORWARDED_PROTO
        };
        let last = elements(headers, name).next();
        let last = last.and_then(|element| str::from_utf8(element).ok());
        let scheme = if self.is_standard() {
            last.and_then(|element| parameter(element, "proto"))
        } else {
            last.map(|element| element.trim_matches(BLANKS).to_owned())
        };
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }
}

/// What may stand around the elements of a list.
const BLANKS: [char; 2] = [' ', '\t'];

/// The elements of a list, last first. Several lines of one name are one list.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines: Vec<&[u8]> = headers.get_all(name).map(HeaderValue::as_bytes).collect();
    lines.into_iter().rev().flat_map(FromTheRight::of)
}

/// The elements of one line, last first. A comma between quotes ends no element; quotes are looked for from the right,
/// too, so that one that a client leaves open swallows nothing that a proxy wrote behind it.
struct FromTheRight<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> FromTheRight<'a> {
    const fn of(line: &'a [u8]) -> Self {
        Self { rest: Some(line) }
    }
}

impl<'a> Iterator for FromTheRight<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut quoted = false;
        for (index, byte) in rest.iter().enumerate().rev() {
            let (before, after) = rest.split_at(index);
            match byte {
                b'"' if !is_escaped(before) => quoted = !quoted,
                b',' if !quoted => {
                    self.rest = Some(before);
                    return after.get(1..);
                }
                _ => {}
            }
        }
        self.rest = None;
        Some(rest)
    }
}

/// Whether what follows is escaped by an odd number of backslashes.
fn is_escaped(before: &[u8]) -> bool {
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    backslashes.count() % 2 == 1
}

/// A parameter of an element of `Forwarded`; `None` where the element is malformed or has it twice.
fn parameter(element: &str, wanted: &str) -> Option<String> {
    let mut found = None;
    let mut rest = element.trim_matches(BLANKS);
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        if name.trim_matches(BLANKS).eq_ignore_ascii_case(wanted) && found.replace(value).is_some()
        {
            return None;
        }
        let after = after.trim_start_matches(BLANKS);
        rest = match after.strip_prefix(';') {
            Some(next) => next.trim_start_matches(BLANKS),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    found
}

/// A token or a quoted text, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ' ', '\t', '"']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return Some((token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(index + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node_address(node: &str) -> Option<IpAddr> {
    let bare = || node.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address: Option<IpAddr> = node
        .parse()
        .ok()
        .or_else(|| node.parse().ok().map(|address: SocketAddr| address.ip()))
        .or_else(bare);
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
