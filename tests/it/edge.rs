//! Where requests come in: what is unpacked, who is believed, what every answer says, how long connections last.

mod lock;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde_json::json;

use crate::harness::Server;
use crate::harness::browser::Browser;
use crate::harness::server::{Answer, send};

const ADMINISTRATOR: &str = "administrator@localhost";
const WEBHOOK: &str = "/webhooks/incidents/01890000-0000-7000-8000-000000000000";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn packed(request: RequestBuilder, coding: &str, body: &[u8]) -> Answer {
    let request = request
        .header("content-encoding", coding)
        .header("content-type", "application/json")
        .body(body.to_vec());
    send(request)
}

/// What a server sends until it closes the connection.
fn raw(server: &Server, request: &str) -> String {
    let mut connection = connect(server);
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn connect(server: &Server) -> TcpStream {
    let address = server.url.strip_prefix("http://").unwrap();
    let connection = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(20));
    connection.set_read_timeout(patience).unwrap();
    connection
}

#[test]
fn nobody_unknown_has_anything_unpacked() {
    let server = Server::start_still(&[]);
    let bomb = gzip(&vec![0; 8 << 20]);
    let bare = |path: &str| server.bare(Method::POST, path);
    for path in ["/sign-in", "/sign-in/of-no-use", "/links/x", WEBHOOK] {
        for coding in ["gzip", "deflate", "br", "gzip, gzip"] {
            let answer = packed(bare(path), coding, &bomb);
            assert_eq!(answer.status, 415, "{path} {coding}: {}", answer.text);
            assert!(answer.text.contains("ompressed"), "{}", answer.text);
        }
    }
    let browser = Browser::signed_in(&server, ADMINISTRATOR);
    let form = browser.request(Method::POST, "/sign-out");
    assert_eq!(packed(form, "gzip", &bomb).status, 415);
    packed(bare("/api/v1/people"), "gzip", &bomb).problem(401);
}

#[test]
fn programs_may_pack_what_they_send_once_and_within_the_limit() {
    let server = Server::start_still(&[]);
    let new = || server.request(Method::POST, "/teams");
    let team = json!({ "slug": "flags", "name": "Feature flags", "time_zone": "UTC" }).to_string();
    packed(new(), "gzip", &gzip(team.as_bytes())).expect(201);
    packed(new(), "gzip", &gzip(&vec![b' '; 64 << 20])).problem(413);
    packed(new(), "gzip", team.as_bytes()).problem(400);
    for coding in ["br", "zstd", "gzip, gzip", "gzip, deflate", "aes128gcm"] {
        let refused = packed(new(), coding, &gzip(team.as_bytes()));
        assert_eq!(refused.header("accept-encoding"), "gzip, deflate");
        refused.problem(415);
    }
    let twice = new().header("content-encoding", "identity");
    packed(twice, "gzip", &gzip(team.as_bytes())).problem(415);
    send(new().body(vec![b' '; (1 << 20) + 1])).problem(413);
}

#[test]
fn strangers_send_small_forms_only() {
    let server = Server::start_still(&[]);
    let mut browser = Browser::new(&server);
    browser.get("/sign-in").expect(200);
    let long = "x".repeat(20 << 10);
    let seen = browser.submit("/sign-in", &[("email", long.as_str())]);
    assert!(seen.expect(413).contains("16384 bytes"));
    let answer = send(server.bare(Method::POST, "/links/x").body(long));
    assert_eq!(answer.status, 413, "{}", answer.text);
}

/// A header has room for thousands of signatures; each would be another look at the whole body.
#[test]
fn many_signatures_cost_no_more_than_one() {
    let server = Server::start_still(&[]);
    let request = server
        .bare(Method::POST, WEBHOOK)
        .header("webhook-id", "x")
        .header("webhook-timestamp", server.clock_now().timestamp())
        .header("webhook-signature", "v1,AAAA ".repeat(5000))
        .body(vec![b' '; 1 << 20]);
    let begun = Instant::now();
    send(request).problem(401);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_clients_own_headers_do_not_say_who_it_is() {
    let server = Server::start_with(&[("DOGWATCH_TRUSTED_PROXIES", "127.0.0.0/8")]);
    let standard = Server::start_with(&[
        ("DOGWATCH_TRUSTED_PROXIES", "127.0.0.0/8"),
        ("DOGWATCH_FORWARDED_HEADER", "Forwarded"),
    ]);
    let recorded = |server: &Server, slug: &str, headers: &[(&str, &str)]| {
        let team = json!({ "slug": slug, "name": slug, "time_zone": "UTC" });
        let mut request = server.request(Method::POST, "/teams").json(&team);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request).expect(201);
        let audit = server.get("/audit?action=team.create").expect(200);
        let deeds = audit["items"].as_array().unwrap();
        let deed = deeds.iter().find(|deed| deed["after"]["slug"] == slug);
        deed.unwrap()["address"].as_str().unwrap().to_owned()
    };
    let forged = [
        ("forwarded", "for=6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
        ("x-forwarded-for", "6.6.6.6, 192.0.2.7"),
    ];
    assert_eq!(recorded(&server, "a", &forged), "192.0.2.7");
    let forged = [
        ("x-forwarded-for", "6.6.6.6"),
        ("forwarded", "for=6.6.6.6, for=192.0.2.8"),
    ];
    assert_eq!(recorded(&standard, "b", &forged), "192.0.2.8");
    let hidden = [("x-forwarded-for", "6.6.6.6, unknown")];
    assert_eq!(recorded(&server, "c", &hidden), "127.0.0.1");
}

#[test]
fn cookies_are_secure_where_a_trusted_proxy_says_https() {
    let is_secure = |trusted: &str, proto: &str| {
        let server = Server::start_with(&[("DOGWATCH_TRUSTED_PROXIES", trusted)]);
        let request = server
            .bare(Method::GET, "/sign-in")
            .header("x-forwarded-proto", proto)
            .header("forwarded", "proto=https")
            .header("x-forwarded-host", "evil.example");
        let answer = send(request);
        assert!(!answer.text.contains("evil.example"), "{}", answer.text);
        answer.header("set-cookie").contains("Secure")
    };
    assert!(is_secure("127.0.0.1", "https"));
    assert!(!is_secure("127.0.0.1", "https, http"));
    assert!(!is_secure("10.0.0.1", "https"));
}

#[test]
fn nothing_is_kept_or_framed_unless_it_may_be() {
    let server = Server::start();
    let feed = server
        .post("/feeds", &json!({ "scope": { "all": true } }))
        .expect(201);
    let feed = feed["url"]
        .as_str()
        .unwrap()
        .strip_prefix(&server.url)
        .unwrap()
        .to_owned();
    let mut signed_in = Browser::signed_in(&server, ADMINISTRATOR);
    let mut answers = vec![
        ("an API answer", 200, server.get("/people")),
        ("invalid", 422, server.post("/people", &json!({}))),
        ("not found", 404, server.get("/nothing")),
    ];
    for (path, status) in [
        ("/api/v1/people", 401),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/api/openapi.json", 200),
        ("/sign-in", 200),
        ("/sign-in/of-no-use", 200),
        ("/links/x", 404),
        ("/feeds/x.ics", 404),
        ("/nothing", 404),
    ] {
        answers.push((path, status, send(server.bare(Method::GET, path))));
    }
    for (what, status, answer) in answers {
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert!(
            answer.header("cache-control").contains("no-store"),
            "{what}"
        );
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{what}: {policy}"
        );
        assert!(policy.contains("default-src 'none'"), "{what}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    }
    let page = signed_in.get("/");
    assert_eq!(page.header("cache-control"), "private, no-store");
    let polled = send(server.bare(Method::GET, &feed));
    let kept = "private, max-age=0, must-revalidate";
    assert_eq!(polled.header("cache-control"), kept);
}

#[test]
fn the_reference_of_the_api_runs_nothing_from_elsewhere_and_is_not_framed() {
    let server = Server::start_still(&[]);
    for path in [
        "/api/docs/",
        "/api/docs/index.html",
        "/api/docs/swagger-ui.css",
    ] {
        let answer = send(server.bare(Method::GET, path));
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
}

#[test]
fn a_tag_may_have_been_through_a_compressing_proxy() {
    let server = Server::start_still(&[]);
    let team = json!({ "slug": "flags", "name": "Feature flags", "time_zone": "UTC" });
    server.post("/teams", &team).expect(201);
    let change = |tag: &str| {
        let request = server.request(Method::PATCH, "/teams/flags");
        let request = request.header("if-match", tag);
        send(request.json(&json!({ "name": "Flags" })))
    };
    let shown = server.get("/teams/flags");
    assert_eq!(shown.header("etag"), "\"v1\"");
    for (number, form) in ["W/\"v_\"", "\"v_-gzip\"", "\"v_;gzip\"", "W/\"v_-br\"", "*"]
        .into_iter()
        .enumerate()
    {
        let tag = form.replace('_', &(number + 1).to_string());
        assert_eq!(change(&tag).status, 200, "{tag}");
        change("W/\"v0\"").problem(412);
    }
}

#[test]
fn http_1_0_gets_no_chunks() {
    let server = Server::start_still(&[]);
    for (version, is_packed) in [("1.0", false), ("1.1", true)] {
        let request = format!(
            "GET /sign-in HTTP/{version}\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
        );
        let answer = raw(&server, &request);
        let (head, _) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_lowercase();
        assert_eq!(head.contains("transfer-encoding"), is_packed, "{head}");
        assert_eq!(head.contains("content-encoding"), is_packed, "{head}");
        assert_eq!(head.contains("content-length"), !is_packed, "{head}");
    }
}

#[test]
fn connections_rest_as_long_as_is_configured() {
    let server = Server::start_with(&[("DOGWATCH_KEEP_ALIVE", "3")]);
    let mut connection = connect(&server);
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    connection.write_all(request).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    connection.write_all(request).unwrap();
    let begun = Instant::now();
    let mut answers = String::new();
    connection.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
    let rested = begun.elapsed();
    let expected = Duration::from_secs(1)..Duration::from_secs(4);
    assert!(expected.contains(&rested), "{rested:?}");
}
