//! How calendar programs poll.

use std::io::Read as _;

use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Subscription, poll, subscribe};
use crate::harness::browser::Browser;
use crate::harness::server::{Answer, send};

#[test]
fn a_poll_is_answered_as_pollers_want_it() {
    let subscription = Subscription::new();
    let first = subscription.poll();
    assert_eq!(first.status, 200);
    for (name, value) in [
        ("content-type", "text/calendar; charset=utf-8"),
        ("cache-control", "private, max-age=0, must-revalidate"),
        ("last-modified", "Mon, 02 Mar 2026 12:00:00 GMT"),
        ("vary", "Accept-Encoding"),
        ("x-robots-tag", "noindex"),
        ("set-cookie", ""),
    ] {
        assert_eq!(first.header(name), value, "{name}");
    }
    let ask = |method: Method, headers: &[(&str, &str)]| {
        let request = subscription.server.bare(method, &subscription.feed.path);
        let with = |request: reqwest::blocking::RequestBuilder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        send(headers.iter().fold(request, with))
    };
    let tag = first.header("etag");
    let strong = tag.strip_prefix("W/").unwrap();
    let modified = first.header("last-modified");
    let known: [&[(&str, &str)]; 6] = [
        &[("If-None-Match", tag)],
        &[("If-None-Match", strong)],
        &[("If-None-Match", "*")],
        &[("If-None-Match", &format!("\"other\", {tag}"))],
        &[("If-Modified-Since", modified)],
        &[("If-Modified-Since", "Tue, 03 Mar 2026 00:00:00 GMT")],
    ];
    for headers in known {
        let answer = ask(Method::GET, headers);
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (304, ""),
            "{headers:?}"
        );
        assert_eq!(
            (answer.header("etag"), answer.header("last-modified")),
            (tag, modified)
        );
    }
    let unknown: [&[(&str, &str)]; 5] = [
        &[("If-None-Match", "\"other\"")],
        // The tag has the last word.
        &[
            ("If-None-Match", "\"other\""),
            ("If-Modified-Since", modified),
        ],
        &[("If-Modified-Since", "Mon, 02 Mar 2026 11:59:59 GMT")],
        &[("If-Modified-Since", "yesterday")],
        // Outlook sends these unasked.
        &[
            ("Authorization", "Basic eDp5"),
            ("Cookie", "a=b"),
            ("Accept", "text/html"),
        ],
    ];
    for headers in unknown {
        let answer = ask(Method::GET, headers);
        assert_eq!(
            (answer.status, &answer.text),
            (200, &first.text),
            "{headers:?}"
        );
    }
    let head = ask(Method::HEAD, &[]);
    assert_eq!(
        (head.status, head.header("etag"), head.text.as_str()),
        (200, tag, "")
    );
    assert_eq!(head.header("content-length"), first.text.len().to_string());
    let (place, _) = subscription.feed.path.rsplit_once('/').unwrap();
    for path in [
        format!("{place}.ics"),
        place.to_owned(),
        format!("{place}/x%20y.ics?a=b"),
    ] {
        assert_eq!(
            send(subscription.server.bare(Method::GET, &path)).text,
            first.text,
            "{path}"
        );
    }
    assert!(
        subscription
            .feed
            .path
            .ends_with("/support-hero-flags-toggles-more.ics")
    );
    assert_eq!(ask(Method::POST, &[]).status, 405);
}

#[test]
fn a_feed_is_compressed_for_those_who_ask() {
    let subscription = Subscription::new();
    let plain = subscription.poll().text;
    for (wanted, compressed) in [
        ("gzip", true),
        ("br, gzip;q=0.5", true),
        ("gzip;q=0", false),
        ("br", false),
    ] {
        let answer = subscription
            .server
            .bare(Method::GET, &subscription.feed.path)
            .header("Accept-Encoding", wanted)
            .send()
            .unwrap();
        assert_eq!(
            answer.headers().contains_key("content-encoding"),
            compressed,
            "{wanted}"
        );
        let body = answer.bytes().unwrap();
        let mut text = String::new();
        if compressed {
            assert!(
                body.len() * 3 < plain.len(),
                "{} of {}",
                body.len(),
                plain.len()
            );
            GzDecoder::new(&*body).read_to_string(&mut text).unwrap();
        } else {
            text.push_str(std::str::from_utf8(&body).unwrap());
        }
        assert_eq!(text, plain, "{wanted}");
    }
}

/// DTSTAMP says when an event changed, not when it was asked for.
#[test]
fn a_feed_is_the_same_until_something_changes() {
    let subscription = Subscription::new();
    let first = subscription.poll();
    subscription.server.at("2026-03-02T23:59:59Z");
    assert_eq!(subscription.poll().text, first.text);
    // Something else changes, and so does the version of the roster.
    let other = json!({ "name": "Dee", "email": "dee@example.com", "time_zone": "UTC" });
    subscription.server.post("/people", &other).expect(201);
    let again = subscription.poll();
    assert_eq!(
        (&again.text, again.header("etag")),
        (&first.text, first.header("etag"))
    );
    assert_eq!(again.header("last-modified"), first.header("last-modified"));
    // Another day is another window, which happens to show the same.
    subscription.server.at("2026-03-03T00:00:00Z");
    let next_day = subscription.poll();
    assert_eq!(next_day.header("etag"), first.header("etag"));
    assert_eq!(
        next_day.header("last-modified"),
        "Tue, 03 Mar 2026 00:00:00 GMT"
    );
}

#[test]
fn whoever_has_no_feed_is_told_in_plain_text() {
    let subscription = Subscription::new();
    let says = |answer: &Answer, status: u16| {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    };
    let nobody = send(
        subscription
            .server
            .bare(Method::GET, "/feeds/nobody-knows-this.ics"),
    );
    says(&nobody, 404);
    let path = format!("/feeds/{}", subscription.feed.id);
    subscription.server.delete(&path).expect(204);
    says(&subscription.poll(), 410);
    let changed = subscription
        .server
        .patch(&path, &json!({ "options": { "gaps": true } }));
    changed.problem(409);
}

/// Whoever leaves loses their feeds with their tokens.
#[test]
fn a_feed_ends_with_its_owner() {
    let subscription = Subscription::new();
    let (server, owner) = (&subscription.server, &subscription.people[2]);
    let token = server
        .post(
            &format!("/people/{owner}/tokens"),
            &json!({ "name": "own", "scope": "write" }),
        )
        .expect(201);
    let token = token["token"].as_str().unwrap();
    let made = send(
        server
            .with_token(token, Method::POST, "/feeds")
            .json(&json!({ "scope": { "all": true } })),
    );
    let url = made.expect(201)["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&server.url).unwrap();
    assert_eq!(send(server.bare(Method::GET, path)).status, 200);
    server
        .post(&format!("/people/{owner}/deactivate"), &json!({}))
        .expect(200);
    assert_eq!(send(server.bare(Method::GET, path)).status, 410);
}

/// "Google fetched this 7 hours ago", which survives a restart.
#[test]
fn it_is_known_who_fetched_a_feed_last() {
    let subscription = Subscription::new();
    let server = &subscription.server;
    let fetched = || -> (Value, Value) {
        let all = server.get("/feeds").expect(200);
        let own = all["items"].as_array().unwrap().iter();
        let feed = own
            .clone()
            .find(|feed| feed["id"] == subscription.feed.id.as_str())
            .unwrap();
        (
            feed["last_fetched_at"].clone(),
            feed["last_fetched_by"].clone(),
        )
    };
    assert_eq!(fetched(), (Value::Null, Value::Null));
    let by = |agent: &str| {
        let request = server.bare(Method::GET, &subscription.feed.path);
        assert_eq!(send(request.header("User-Agent", agent)).status, 200);
    };
    by("Google-Calendar-Importer");
    assert_eq!(
        fetched(),
        (json!("2026-03-02T12:00:00Z"), json!("Google Calendar"))
    );
    // The page says the same at once.
    let page = Browser::signed_in(server, "administrator@localhost")
        .get("/me/calendars")
        .expect(200);
    assert!(!page.contains("never"), "{page}");
    server.at("2026-03-02T14:30:00Z");
    by("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2");
    assert_eq!(
        fetched(),
        (json!("2026-03-02T14:30:00Z"), json!("Thunderbird"))
    );
    server
        .app
        .fetches
        .keep(&server.app.store, server.clock_now())
        .unwrap();
    let kept = server
        .app
        .store
        .read(dogwatch::storage::feeds::load)
        .unwrap();
    let kept = kept
        .iter()
        .find(|feed| feed.id.to_string() == subscription.feed.id)
        .unwrap();
    assert_eq!(kept.last_fetched_by.as_deref(), Some("Thunderbird"));
    assert_eq!(kept.version, 1, "that is no change of the feed");
}

/// Whoever guesses does not stand in the way of those who know.
#[test]
fn a_right_address_is_never_locked_out() {
    let subscription = Subscription::new();
    let server = &subscription.server;
    let guess = || send(server.bare(Method::GET, "/feeds/a-guess.ics")).status;
    let statuses: Vec<u16> = (0..70).map(|_| guess()).collect();
    assert!(
        statuses.contains(&404) && statuses.ends_with(&[429]),
        "{statuses:?}"
    );
    for _ in 0..100 {
        assert_eq!(subscription.poll().status, 200);
    }
}

/// On PostgreSQL: the database goes away, and calendars stay as they were.
#[test]
fn feeds_come_as_last_published_while_the_database_is_away() {
    let subscription = Subscription::new();
    let before = subscription.poll();
    let never_polled = subscribe(&subscription.server, &json!({ "scope": { "all": true } }));
    if !subscription.server.database.set_away(true) {
        return;
    }
    // The next day: what there is was made for another window.
    subscription.server.at("2026-03-03T12:00:00Z");
    let meanwhile = subscription.poll();
    assert_eq!((meanwhile.status, &meanwhile.text), (200, &before.text));
    let unknown = poll(&subscription.server, &never_polled);
    assert_eq!(unknown.status, 503, "{}", unknown.text);
    assert_eq!(unknown.header("content-type"), "text/plain; charset=utf-8");
    subscription.server.database.set_away(false);
    let back = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        poll(&subscription.server, &never_polled).status == 200
    });
    assert!(back, "the database is back, and so are the feeds");
}
