//! The first administrator.

use reqwest::Method;

use crate::harness::Server;
use crate::harness::server::send;

const BOOTSTRAP: &str = "let-me-in-for-the-first-time";

#[test]
fn the_first_start_makes_an_administrator_whose_token_is_shown_once() {
    let server = Server::start();
    assert!(server.token.starts_with("dw_"));
    assert!(server.app.actor(&server.token, None).is_some_and(|actor| {
        actor.is_administrator() && actor.may_write() && actor.person.is_some()
    }));
    assert!(server.app.actor("dw_other", None).is_none());
}

#[test]
fn the_bootstrap_token_counts_while_there_is_no_administrator() {
    let server = Server::start_with(&[("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP)]);
    assert_eq!(server.token, "", "nobody is made");
    let actor = server.app.actor(BOOTSTRAP, None).unwrap();
    assert!(actor.is_administrator() && actor.person.is_none());
    assert!(server.app.actor("let-me-in", None).is_none());
    dogwatch::service::operator::first_administrator(&server.app)
        .unwrap()
        .expect("there was none");
    assert!(server.app.actor(BOOTSTRAP, None).is_none());
}

#[test]
fn a_second_start_makes_nobody() {
    let server = Server::start();
    let again = dogwatch::service::operator::first_administrator(&server.app).unwrap();
    assert_eq!(again, None);
}

#[test]
fn it_is_alive_and_ready_and_says_how_it_does() {
    let server = Server::start();
    for path in ["/healthz", "/readyz", "/metrics", "/api/openapi.json"] {
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(send(server.bare(method, path)).status, 200, "{path}");
        }
        let wrong = send(server.bare(Method::POST, path));
        assert_eq!(wrong.header("allow"), "GET, HEAD");
        wrong.problem(405);
    }
    let ready = send(server.bare(Method::GET, "/readyz")).expect(200);
    assert_eq!(ready["degraded"], false);
    assert!(ready["degraded_since"].is_null());
    assert!(ready["zone_data"].is_string());
    let metrics = send(server.bare(Method::GET, "/metrics")).text;
    assert!(metrics.contains("dogwatch_http_request_duration_seconds_count"));
    let docs = send(server.bare(Method::GET, "/api/docs"));
    assert!(docs.text.contains("Swagger"));
    assert!(
        !docs.text.contains("https://"),
        "works without the internet"
    );
}

#[test]
fn every_metric_says_what_it_is() {
    let server = Server::start();
    send(server.bare(Method::GET, "/healthz"));
    let metrics = send(server.bare(Method::GET, "/metrics")).text;
    let family = |line: &str| {
        let name = line.split(['{', ' ']).next().unwrap();
        let suffixes = ["_bucket", "_sum", "_count"];
        let whole = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
        whole.unwrap_or(name).to_owned()
    };
    let samples: Vec<&str> = metrics
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert!(samples.len() > 5, "{metrics}");
    for sample in samples {
        for what in ["HELP", "TYPE"] {
            let said = format!("# {what} {} ", family(sample));
            assert!(metrics.contains(&said), "no {said}");
        }
    }
}
