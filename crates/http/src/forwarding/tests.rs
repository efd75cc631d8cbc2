use proptest::prelude::*;

use super::*;

/// A client, a proxy in front of us, and one in front of that.
const CLIENT: &str = "192.0.2.7";
const PROXY: &str = "10.0.0.1";
const OUTER: &str = "10.0.0.2";

fn forwarding(header: &'static str) -> Forwarding {
    Forwarding {
        trusted: vec!["10.0.0.0/8".parse().unwrap()],
        header: HeaderName::from_static(header),
    }
}

fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

fn client(header: &'static str, peer: &str, lines: &[(&'static str, &str)]) -> String {
    let lines: Vec<_> = lines
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let found = forwarding(header).client(peer.parse().unwrap(), &headers(&lines));
    found.address.to_string()
}

#[test]
fn addresses_are_read_from_the_right_past_trusted_proxies() {
    let name = "x-forwarded-for";
    for (lines, expected) in [
        (&[][..], PROXY),
        (&["192.0.2.7"], CLIENT),
        (&["6.6.6.6, 192.0.2.7"], CLIENT),
        (&["6.6.6.6", "192.0.2.7"], CLIENT),
        (&["192.0.2.7, 10.0.0.2"], CLIENT),
        (&["6.6.6.6,192.0.2.7 ,\t10.0.0.2"], CLIENT),
        (&["192.0.2.7", "10.0.0.2"], CLIENT),
        (&["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        (&["192.0.2.7:4711"], CLIENT),
        (&["::ffff:192.0.2.7"], CLIENT),
        (&["2001:db8::1"], "2001:db8::1"),
        (&["[2001:db8::1]"], "2001:db8::1"),
        (&["[2001:db8::1]:80"], "2001:db8::1"),
        // What is no address ends the search at the last trusted proxy.
        (&["6.6.6.6, unknown"], PROXY),
        (&["6.6.6.6, unknown, 10.0.0.2"], OUTER),
        (&["6.6.6.6, _hidden, 10.0.0.2"], OUTER),
        (&["6.6.6.6, 192.0.2.256"], PROXY),
        (&["6.6.6.6,"], PROXY),
        (&["6.6.6.6, ,10.0.0.2"], OUTER),
        (&["6.6.6.6", ""], PROXY),
        (&["\"192.0.2.7"], PROXY),
    ] {
        let lines: Vec<_> = lines.iter().map(|line| (name, *line)).collect();
        assert_eq!(client(name, PROXY, &lines), expected, "{lines:?}");
    }
}

#[test]
fn the_standard_header_is_read_where_it_is_chosen() {
    let name = "forwarded";
    for (line, expected) in [
        ("for=192.0.2.7", CLIENT),
        ("For=\"192.0.2.7:80\"; proto=https;by=10.0.0.1", CLIENT),
        ("proto=http;for=\"[2001:db8::1]:80\"", "2001:db8::1"),
        ("for=6.6.6.6, for=192.0.2.7", CLIENT),
        ("for=192.0.2.7, for=10.0.0.2", CLIENT),
        ("for=\"6.6.6.6, for=192.0.2.7", CLIENT),
        ("for=6.6.6.6;host=\"a, for=192.0.2.7\"", "6.6.6.6"),
        ("for=192.0.2.7;host=\"x;for=6.6.6.6\"", CLIENT),
        ("for=192.0.2.7;host=\"x\\\";for=6.6.6.6\"", CLIENT),
        ("for=6.6.6.6, for=unknown", PROXY),
        ("for=6.6.6.6, for=_hidden", PROXY),
        ("for=6.6.6.6, proto=https", PROXY),
        ("for=6.6.6.6, for=192.0.2.7;for=6.6.6.7", PROXY),
        ("for=6.6.6.6, for=\"192.0.2.7\" x", PROXY),
        ("for=6.6.6.6, 192.0.2.7", PROXY),
        ("for=6.6.6.6, for=\"192.0.2.7", PROXY),
    ] {
        assert_eq!(client(name, PROXY, &[(name, line)]), expected, "{line}");
    }
}

#[test]
fn only_the_chosen_header_of_a_trusted_peer_counts() {
    let all = [
        ("x-forwarded-for", "192.0.2.7"),
        ("forwarded", "for=192.0.2.8"),
        ("x-real-ip", "192.0.2.9"),
    ];
    assert_eq!(client("x-forwarded-for", PROXY, &all), "192.0.2.7");
    assert_eq!(client("forwarded", PROXY, &all), "192.0.2.8");
    assert_eq!(client("x-real-ip", PROXY, &all), "192.0.2.9");
    assert_eq!(client("cf-connecting-ip", PROXY, &all), PROXY);
    assert_eq!(client("x-forwarded-for", "192.0.2.1", &all), "192.0.2.1");
    let mapped = client("x-forwarded-for", "::ffff:10.0.0.1", &all);
    assert_eq!(mapped, "192.0.2.7");
}

#[test]
fn the_scheme_is_what_the_nearest_trusted_proxy_says() {
    let is_https = |header: &'static str, peer: &str, lines: &[(&'static str, &[u8])]| {
        let peer = peer.parse().unwrap();
        forwarding(header).client(peer, &headers(lines)).is_https
    };
    let (usual, proto) = ("x-forwarded-for", "x-forwarded-proto");
    assert!(is_https(usual, PROXY, &[(proto, b"https")]));
    assert!(is_https(usual, PROXY, &[(proto, b"http, HTTPS")]));
    assert!(!is_https(usual, PROXY, &[(proto, b"https, http")]));
    assert!(!is_https(
        usual,
        PROXY,
        &[(proto, b"https"), (proto, b"http")]
    ));
    assert!(!is_https(usual, PROXY, &[("forwarded", b"proto=https")]));
    assert!(!is_https(usual, PROXY, &[]));
    assert!(!is_https(usual, CLIENT, &[(proto, b"https")]));
    let standard = "forwarded";
    assert!(is_https(
        standard,
        PROXY,
        &[(standard, b"for=x;proto=https")]
    ));
    assert!(!is_https(standard, PROXY, &[(proto, b"https")]));
}

/// Whatever a client can put into a header.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let interesting = proptest::sample::select(&b"\",\\;=: \t[]forprothst10.926_\x80\xff"[..]);
    proptest::collection::vec(interesting, 0..40)
}

fn names() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "x-forwarded-for",
        "forwarded",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-real-ip",
    ])
}

proptest! {
    /// A client's own bytes change nothing where one trusted proxy appends, to the last line or with one of its own.
    #[test]
    fn clients_cannot_choose_who_they_are(
        own in proptest::collection::vec((names(), bytes()), 0..4),
        to_line in any::<bool>(),
        standard in any::<bool>(),
        ip in any::<u32>(),
    ) {
        let address = std::net::Ipv4Addr::from(ip);
        prop_assume!(address.octets()[0] != 10);
        let (name, element, proto) = if standard {
            ("forwarded", format!("for={address};proto=https;host=\"x\""), None)
        } else {
            ("x-forwarded-for", address.to_string(), Some(("x-forwarded-proto", &b"https"[..])))
        };
        let mut lines: Vec<(&'static str, Vec<u8>)> = own;
        let last = lines.iter_mut().rev().find(|(own, _)| *own == name);
        match last {
            Some((_, line)) if to_line => line.extend_from_slice(format!(", {element}").as_bytes()),
            _ => lines.push((name, element.into_bytes())),
        }
        let mut lines: Vec<_> = lines.iter().map(|(name, line)| (*name, line.as_slice())).collect();
        lines.extend(proto);
        let found = forwarding(name).client(PROXY.parse().unwrap(), &headers(&lines));
        prop_assert_eq!(found.address, IpAddr::from(address));
        prop_assert!(found.is_https);
    }
}
