//! Mail by a real mail server, read by a mail program that is not ours.
//!
//! These tests need `DOGWATCH_TEST_PYTHON`.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use chrono::TimeDelta;
use dogwatch::clock::{Clock as _, SystemClock};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::harness::program::{Program, dogwatch};
use crate::harness::server::send;
use crate::harness::sink::{Sink, read};
use crate::harness::{Database, Server};

const FROM: (&str, &str) = (
    "DOGWATCH_MAIL_FROM",
    "Wache für alle <dogwatch@example.org>",
);

/// What a password may have in it.
const PASSWORD: &str = "p@ss/wörd";
/// The same in a URL.
const ENCODED: &str = "p%40ss%2Fw%C3%B6rd";

/// Somebody is to be told that they are hero from Monday on.
fn zoe_is_hero(server: &Server) -> String {
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let person = |name: &str, email: &str, zone: &str| {
        let body = json!({ "name": name, "email": email, "time_zone": zone });
        id(server.post("/people", &body).expect(201))
    };
    let people = [
        person("Zoë Ångström 李", "zoe@example.com", "Europe/Berlin"),
        person("Bo \"B\" <b>, O'Hara", "bo@example.com", "Europe/London"),
    ];
    let team = json!({
        "slug": "flags", "name": "Flags & Toggles", "time_zone": "Europe/London", "members": people,
    });
    server.post("/teams", &team).expect(201);
    let rotation = json!({
        "name": "Flags hero", "title": "Héros, du support", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people,
    });
    id(server.post("/teams/flags/rotations", &rotation).expect(201))
}

fn start(sink: &Sink) -> Server {
    Server::start_with(&[("DOGWATCH_SMTP_URL", &sink.url()), FROM])
}

/// The first mail in the outbox, the only one that is due, once it is as expected.
#[track_caller]
fn in_the_outbox(server: &Server, expected: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..500 {
        let all = server.get("/outbox").expect(200);
        let all = all["items"].as_array().unwrap();
        if let Some(mail) = all.first()
            && expected(mail)
        {
            return mail.clone();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{}", server.get("/outbox").text);
}

#[test]
fn a_mail_is_read_as_it_was_meant() {
    let Some(sink) = Sink::start(&[]) else {
        return;
    };
    let server = start(&sink);
    zoe_is_hero(&server);
    let mail = &sink.mails(1)[0];
    let address = |name: &str, address: &str| json!({ "name": name, "address": address });
    assert_eq!(
        mail["from"],
        address("Wache für alle", "dogwatch@example.org")
    );
    assert_eq!(mail["to"], address("Zoë Ångström 李", "zoe@example.com"));
    assert_eq!(mail["envelope"]["from"], "dogwatch@example.org");
    assert_eq!(mail["envelope"]["to"], json!(["zoe@example.com"]));
    assert_eq!(
        mail["subject"],
        "You are Héros, du support for Flags & Toggles from Mon 2 Mar 11:00"
    );
    assert_eq!(mail["date"], "2026-03-02T09:00:00+00:00");
    assert_eq!(
        mail["parts"],
        json!([
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "text/calendar"
        ])
    );
    assert_eq!(mail["text"], mail["html"], "both say the same");
    let text = mail["text"].as_str().unwrap();
    for part in [
        "Hello Zoë Ångström 李",
        "Monday 2 March 2026, 11:00",
        "Monday 9 March 2026, 11:00",
        "Europe/Berlin",
        "Get your shifts into your calendar",
        "Stop mails about shifts to come",
        &format!("{}/links/", server.url),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let kept = in_the_outbox(&server, |mail| mail["state"] == "sent");
    let id = format!("<{}>", kept["message_id"].as_str().unwrap());
    assert_eq!(mail["headers"]["Message-ID"], id);
    assert!(id.ends_with("@example.org>"), "{id}");
    assert_eq!(mail["headers"]["Auto-Submitted"], "auto-generated");
    let stop = mail["links"].as_array().unwrap().last().unwrap();
    let unsubscribe = format!("<{}>", stop.as_str().unwrap());
    assert_eq!(mail["headers"]["List-Unsubscribe"], unsubscribe);
    assert_eq!(
        mail["headers"]["List-Unsubscribe-Post"],
        "List-Unsubscribe=One-Click"
    );
    let [event] = &mail["events"].as_array().unwrap()[..] else {
        panic!("{mail}");
    };
    assert_eq!(event["start"], "2026-03-02T10:00:00+0000");
    assert_eq!(event["end"], "2026-03-09T10:00:00+0000");
    assert_eq!(event["summary"], "Héros, du support (Flags & Toggles)");
    assert_eq!(mail["methods"], json!(["PUBLISH"]));
}

#[test]
fn a_mail_waits_for_a_server_that_is_away_or_busy() {
    let Some(sink) = Sink::start(&[]) else {
        return;
    };
    let server = start(&sink);
    let sink = sink.interrupted(&["--busy", "1"], || {
        zoe_is_hero(&server);
        let mail = in_the_outbox(&server, |mail| mail["attempts"] == 1);
        assert_eq!(mail["state"], "pending");
        assert!(mail["last_error"].is_string());
    });
    server.at("2026-03-02T09:05:00Z");
    let busy = in_the_outbox(&server, |mail| mail["attempts"] == 2);
    let why = busy["last_error"].as_str().unwrap();
    assert!(why.contains("not now"), "{why}");
    server.at("2026-03-02T09:30:00Z");
    let mail = &sink.mails(1)[0];
    let id = format!("<{}>", busy["message_id"].as_str().unwrap());
    assert_eq!(mail["headers"]["Message-ID"], id);
    in_the_outbox(&server, |mail| mail["state"] == "sent");
}

#[test]
fn what_is_refused_for_good_is_not_tried_again() {
    let Some(sink) = Sink::start(&["--refuse", "zoe@example.com"]) else {
        return;
    };
    let server = start(&sink);
    zoe_is_hero(&server);
    let mail = in_the_outbox(&server, |mail| mail["state"] == "dead");
    assert_eq!(mail["attempts"], 1);
    let why = mail["last_error"].as_str().unwrap();
    assert!(why.contains("nobody of this address"), "{why}");
    sink.mails(0);
}

#[test]
fn who_is_not_let_in_waits() {
    use std::io::Read as _;

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    // It ends with the tests.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"554 5.7.1 no service for you\r\n");
            let _ = stream.read(&mut [0; 100]);
        }
    });
    let server = Server::start_with(&[("DOGWATCH_SMTP_URL", &url), FROM]);
    zoe_is_hero(&server);
    let mail = in_the_outbox(&server, |mail| mail["attempts"] == 1);
    assert_eq!(mail["state"], "pending", "{mail}");
    let why = mail["last_error"].as_str().unwrap();
    assert!(why.contains("no service for you"), "{why}");
}

#[test]
fn who_may_not_send_under_this_address_waits() {
    let refusal = "553 5.7.1 <dogwatch@example.org>: Sender address rejected: not owned by user";
    let Some(sink) = Sink::start(&["--closed", refusal]) else {
        return;
    };
    let server = start(&sink);
    zoe_is_hero(&server);
    let mail = in_the_outbox(&server, |mail| mail["attempts"] == 1);
    assert_eq!(
        mail["state"], "pending",
        "it is the setting’s fault: {mail}"
    );
    let why = mail["last_error"].as_str().unwrap();
    assert!(why.contains("Sender address rejected"), "{why}");
    let sink = sink.interrupted(&[], || ());
    server.at("2026-03-02T09:05:00Z");
    sink.mails(1);
}

/// From outside: what a calendar program does with the mails about one shift.
#[test]
fn a_shift_is_one_entry_of_a_calendar_however_often_it_changes() {
    let Some(sink) = Sink::start(&[]) else {
        return;
    };
    let server = start(&sink);
    let rotation = zoe_is_hero(&server);
    let nobody = json!({
        "start": "2026-03-02T10:00:00Z", "end": "2026-03-09T10:00:00Z", "person_id": null,
    });
    sink.mails(1);
    // Zoë's week is nobody's, and then hers again.
    server.at("2026-03-02T09:10:00Z");
    let path = format!("/rotations/{rotation}/overrides");
    let made = server.post(&path, &nobody).expect(201);
    sink.mails(2);
    server.at("2026-03-02T09:20:00Z");
    let path = format!("/overrides/{}", made["id"].as_str().unwrap());
    server.delete(&path).expect(200);
    let begun = std::time::Instant::now();
    while !sink.has(3) {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let mails = read(&[1, 2, 3].map(|number| sink.file(number)));
    let of = |name: &str| -> Vec<Value> {
        let all = mails.iter().map(|mail| {
            let [event] = &mail["events"].as_array().unwrap()[..] else {
                panic!("{mail}");
            };
            event[name].clone()
        });
        all.collect()
    };
    let first = |value: &str| of(value)[0].clone();
    for same in ["uid", "start", "end", "organizer"] {
        assert_eq!(of(same), vec![first(same); 3], "{same}");
    }
    assert_eq!(first("organizer"), "mailto:dogwatch@example.org");
    assert_eq!(of("status"), ["", "CANCELLED", ""]);
    let methods: Vec<&Value> = mails.iter().map(|mail| &mail["methods"]).collect();
    assert_eq!(
        methods,
        [&json!(["PUBLISH"]), &json!(["CANCEL"]), &json!(["PUBLISH"])]
    );
    let numbers: Vec<i64> = of("sequence").iter().map(|n| n.as_i64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let thanks_to = &mails[0]["headers"]["Message-ID"];
    assert_eq!(mails[1]["headers"]["In-Reply-To"], *thanks_to);
    assert_eq!(mails[1]["headers"]["References"], *thanks_to);
}

#[test]
fn who_does_not_know_the_password_sends_nothing_until_they_do() {
    let Some(sink) = Sink::start(&["--user", &format!("dogwatch:{PASSWORD}")]) else {
        return;
    };
    let with = |password: &str| format!("smtp://dogwatch:{password}@127.0.0.1:{}", sink.port);
    let database = std::sync::Arc::new(Database::new());
    let wrong = with("wrong%2Dpassword");
    let server = Server::start_on(database.clone(), &[("DOGWATCH_SMTP_URL", &wrong), FROM]);
    zoe_is_hero(&server);
    let mail = in_the_outbox(&server, |mail| mail["attempts"] == 1);
    assert_eq!(
        mail["state"], "pending",
        "it is not the mail's fault: {mail}"
    );
    assert!(!mail.to_string().contains("wrong"), "{mail}");
    drop(server);
    let right = with(ENCODED);
    let server = Server::start_on(database, &[("DOGWATCH_SMTP_URL", &right), FROM]);
    server.at("2026-03-02T09:30:00Z");
    assert_eq!(sink.mails(1)[0]["envelope"]["user"], "dogwatch");
}

/// A certificate authority of a company, and a certificate with key that it gave to 127.0.0.1.
fn certificates() -> [NamedTempFile; 2] {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let file = |text: String| {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    };
    [
        file(authority.pem()),
        file(format!("{}{}", server.pem(), key.serialize_pem())),
    ]
}

/// The program sends by an encrypted connection where it trusts the server, and only there; `check` says so too.
fn mail_is_encrypted(options: &[&str], url: impl Fn(u16) -> String) {
    let [authority, certificate] = certificates();
    let user = format!("dogwatch:{PASSWORD}");
    let mut all = vec!["--user", &user, "--certificate"];
    all.push(certificate.path().to_str().unwrap());
    all.extend(options);
    let Some(sink) = Sink::start(&all) else {
        return;
    };
    let url = url(sink.port);
    let trusted = authority.path().to_str().unwrap();
    let settings = |trusted| {
        [
            ("DOGWATCH_SMTP_URL", url.as_str()),
            ("DOGWATCH_LOG", "trace"),
            ("SSL_CERT_FILE", trusted),
            FROM,
        ]
    };
    let database = Database::new();
    let check = |trusted| {
        let checked = dogwatch(&database, &settings(trusted))
            .arg("check")
            .output()
            .unwrap();
        let said = [checked.stdout, checked.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(
            !said.contains(PASSWORD) && !said.contains(ENCODED),
            "{said}"
        );
        (checked.status.success(), said)
    };
    let (fine, said) = check(trusted);
    assert!(
        fine && said.contains("the mail server takes mail"),
        "{said}"
    );
    // Another authority's word is worth nothing.
    let [stranger, _] = certificates();
    let (fine, said) = check(stranger.path().to_str().unwrap());
    assert!(!fine && said.contains("DOGWATCH_SMTP_URL"), "{said}");

    let made = dogwatch(&database, &[])
        .args(["token", "create", "--email", "zoe@example.com"])
        .args(["--administrator", "Zoë Ångström", "--scope", "write"])
        .output()
        .unwrap();
    let made = String::from_utf8(made.stdout).unwrap();
    let token = made.split_whitespace().find(|word| word.starts_with("dw_"));
    let token = token.expect("a token");
    let program = Program::serve(&database, &settings(trusted));
    let client = reqwest::blocking::Client::new();
    let post = |path: &str, body: &Value| {
        let request = client.request(Method::POST, format!("{}/api/v1{path}", program.url));
        send(request.bearer_auth(token).json(body)).expect(201)
    };
    let people = client.get(format!("{}/api/v1/people", program.url));
    let people = send(people.bearer_auth(token)).expect(200);
    post(
        "/teams",
        &json!({ "slug": "flags", "name": "Flags", "time_zone": "UTC" }),
    );
    let begun = (SystemClock.now() - TimeDelta::hours(1)).format("%Y-%m-%dT%H:00:00");
    let rotation = json!({
        "name": "hero", "title": "Support Hero", "kind": "ordered", "time_zone": "UTC",
        "handoff": { "start": begun.to_string(), "rule": "FREQ=WEEKLY" },
        "order": [people["items"][0]["id"]],
    });
    post("/teams/flags/rotations", &rotation);
    let mail = &sink.mails(1)[0];
    assert_eq!(mail["to"]["address"], "zoe@example.com");
    assert_eq!(mail["envelope"]["user"], "dogwatch");
    let log = program.stop();
    let plain = BASE64.encode(format!("\0dogwatch\0{PASSWORD}"));
    for secret in [PASSWORD, ENCODED, &plain, "zoe@example.com", token] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
    assert!(log.contains("a mail was sent"), "{log}");
}

#[test]
fn mail_leaves_by_starttls() {
    mail_is_encrypted(&[], |port| {
        format!("smtp://dogwatch:{ENCODED}@127.0.0.1:{port}?tls=required")
    });
}

#[test]
fn mail_leaves_by_tls() {
    mail_is_encrypted(&["--tls"], |port| {
        format!("smtps://dogwatch:{ENCODED}@127.0.0.1:{port}")
    });
}
