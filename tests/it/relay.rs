//! Relays that object to our settings, say nothing, or know nobody.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use dogwatch::clock::new_id;
use dogwatch::startup;
use dogwatch::storage::outbox::{self, Lane, Outcome, Planned, State};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::browser::Browser;
use crate::harness::program::dogwatch;
use crate::harness::relay::{Relay, SILENCE};
use crate::harness::server::{config, instant, send};
use crate::harness::{Database, Server};

const FROM: (&str, &str) = ("DOGWATCH_MAIL_FROM", "Dogwatch <dogwatch@example.org>");

fn start(relay: &Relay, more: &[(&str, &str)]) -> Server {
    let url = relay.url();
    let mut settings = vec![("DOGWATCH_SMTP_URL", url.as_str()), FROM];
    settings.extend(more);
    Server::start_with(&settings)
}

/// Somebody of this address is on duty from now on, and hears of it.
fn on_duty(server: &Server, slug: &str, email: &str) -> Value {
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let person = json!({ "name": slug, "email": email, "time_zone": "Europe/London" });
    let person = server.post("/people", &person).expect(201);
    let people = [person["id"].as_str().unwrap()];
    let team =
        json!({ "slug": slug, "name": slug, "time_zone": "Europe/London", "members": people });
    id(server.post("/teams", &team).expect(201));
    let rotation = json!({
        "name": "hero", "title": "Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people,
    });
    let path = format!("/teams/{slug}/rotations");
    id(server.post(&path, &rotation).expect(201));
    person
}

/// The mail to this person, once it is as expected.
#[track_caller]
fn mail(server: &Server, person: &Value, expected: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let all = server.get("/outbox?limit=200").expect(200);
        let mut all = all["items"].as_array().unwrap().iter();
        let found = all.find(|mail| mail["person_id"] == person["id"] && expected(mail));
        if let Some(mail) = found {
            return mail.clone();
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{}",
            server.get("/outbox").text
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn refused_settings_make_no_mail_dead_and_are_named() {
    let relay = Relay::start(|_| None);
    let server = start(&relay, &[]);
    let answers = [
        (
            "RCPT",
            "504 5.5.2 <node1>: Helo command rejected: need fully-qualified hostname",
            "DOGWATCH_SMTP_HELO",
        ),
        ("RCPT", "550 relay not permitted", "DOGWATCH_SMTP_URL"),
        (
            "RCPT",
            "454 4.7.1 <x@example.com>: Relay access denied",
            "DOGWATCH_SMTP_URL",
        ),
        (
            "EHLO",
            "501 Syntactically invalid EHLO argument(s)",
            "DOGWATCH_SMTP_HELO",
        ),
        ("", "554 5.7.1 no service for you", "DOGWATCH_SMTP_URL"),
        (
            "MAIL",
            "530 5.7.0 Authentication required",
            "DOGWATCH_SMTP_URL",
        ),
        ("MAIL", "550 5.1.8 not you", "DOGWATCH_MAIL_FROM"),
        (
            "DATA",
            "554 5.5.1 Error: no valid recipients",
            "DOGWATCH_SMTP_URL",
        ),
        (
            ".",
            "554 Message rejected: Email address is not verified.",
            "DOGWATCH_SMTP_URL",
        ),
    ];
    for (number, (command, answer, setting)) in answers.into_iter().enumerate() {
        let verb = command.to_owned();
        relay.answer(move |sent| match sent {
            // So that the client comes again from the beginning.
            "RSET" => Some("421 4.3.2 closing".to_owned()),
            _ if sent == verb || !verb.is_empty() && sent.starts_with(&verb) => {
                Some(answer.to_owned())
            }
            _ => None,
        });
        let email = format!("person{number}@example.com");
        let person = on_duty(&server, &format!("team{number}"), &email);
        let mail = mail(&server, &person, |mail| mail["attempts"] == 1);
        assert_eq!(mail["state"], "pending", "{mail}");
        let why = mail["last_error"].as_str().unwrap();
        assert!(
            why.contains(setting) && why.contains(&answer[4..10]),
            "{why}"
        );
        // The pause after three failures in a row ends with one that is taken.
        relay.answer(|_| None);
        let taken = on_duty(
            &server,
            &format!("taken{number}"),
            &format!("t{number}@example.com"),
        );
        self::mail(&server, &taken, |mail| mail["state"] == "sent");
    }
    let metrics = send(server.bare(Method::GET, "/metrics")).text;
    let counted = "dogwatch_outbox_attempts_total{outcome=\"settings_refused\"}";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(
        metrics.contains("dogwatch_mail_settings_refused"),
        "{metrics}"
    );
}

#[test]
fn a_recipient_that_is_unknown_here_is_given_up_once_the_server_has_taken_mail() {
    let invalid = |sent: &str| {
        let is_bo = sent.starts_with("RCPT TO:<bo@");
        is_bo.then(|| "550 Invalid recipient: <bo@example.com>".to_owned())
    };
    let relay = Relay::start(invalid);
    let server = start(&relay, &[]);
    let bo = on_duty(&server, "bo", "bo@example.com");
    let waits = mail(&server, &bo, |mail| mail["attempts"] == 1);
    assert_eq!(waits["state"], "pending", "it may be about relaying");
    let zoe = on_duty(&server, "zoe", "zoe@example.com");
    mail(&server, &zoe, |mail| mail["state"] == "sent");
    server.at("2026-03-02T09:05:00Z");
    let dead = mail(&server, &bo, |mail| mail["state"] == "dead");
    assert!(!dead["last_error"].to_string().contains("bo@"), "{dead}");
}

#[test]
fn a_mail_outlives_any_number_of_refused_settings() {
    let database = Database::new();
    let store = startup::open_store(&config(&database, &[])).unwrap();
    let mut now = instant("2026-03-02T09:00:00Z");
    let id = new_id().to_string();
    let planned = Planned {
        id: id.clone(),
        key: id.clone(),
        kind: "reminder.incoming".parse().unwrap(),
        person_id: None,
        rotation_id: None,
        payload: Value::Null,
        due_at: now,
        not_after: now + TimeDelta::days(60),
    };
    let state = store
        .write::<_, dogwatch::storage::StoreError>(|tx| {
            outbox::plan(tx.db(), &planned, now)?;
            for attempt in 0..300 {
                now += TimeDelta::hours(2);
                let until = now + TimeDelta::minutes(3);
                let mails = outbox::claim(tx.db(), Lane::Messages, now, until, 1)?;
                let mail = &mails[0];
                let outcome = if attempt % 10 == 0 {
                    Outcome::Failed("away".to_owned())
                } else {
                    Outcome::SettingsRefused("not you".to_owned())
                };
                outbox::finish(tx.db(), mail, &outcome, now)?;
            }
            Ok(outbox::find(tx.db(), &id)?.unwrap().state)
        })
        .unwrap();
    assert_eq!(state, State::Pending);
}

#[test]
fn we_are_called_as_the_public_url_or_as_it_is_set() {
    let public = ("DOGWATCH_PUBLIC_URL", "https://oncall.example.org/x");
    let named = ("DOGWATCH_SMTP_HELO", "node.example.net");
    for (settings, name) in [
        (&[public][..], "oncall.example.org"),
        (&[public, named][..], "node.example.net"),
        (&[][..], "[127.0.0.1]"),
    ] {
        let relay = Relay::start(|_| None);
        let server = start(&relay, settings);
        let person = on_duty(&server, "flags", "zoe@example.com");
        mail(&server, &person, |mail| mail["state"] == "sent");
        assert_eq!(relay.commands()[0], format!("EHLO {name}"));
    }
}

/// The thread of reminders waits for a minute for this server; who wants to sign in does not.
#[test]
fn a_server_that_hangs_holds_up_no_link_to_sign_in() {
    let relay = Relay::start(|sent| {
        let hangs = sent.starts_with("RCPT TO:<zoe@");
        hangs.then(|| SILENCE.to_owned())
    });
    let server = start(&relay, &[]);
    on_duty(&server, "zoe", "zoe@example.com");
    relay.wait_for("RCPT TO:<zoe@", Duration::from_secs(10));
    let person = json!({ "name": "Bo", "email": "bo@example.com", "time_zone": "Europe/London" });
    server.post("/people", &person).expect(201);
    let begun = Instant::now();
    let mut browser = Browser::new(&server);
    browser.get("/sign-in").expect(200);
    browser
        .submit("/sign-in", &[("email", "bo@example.com")])
        .expect(200);
    relay.wait_for("RCPT TO:<bo@example.com>", Duration::from_secs(8));
    relay.wait_for(".", Duration::from_secs(2));
    assert!(begun.elapsed() < Duration::from_secs(8));
    relay.answer(|_| None);
    relay.hang_up();
}

#[test]
fn addresses_go_out_in_ascii_and_stay_as_they_were_typed() {
    let relay = Relay::start(|_| None);
    let from = ("DOGWATCH_MAIL_FROM", "Wache <wache@bücher.example>");
    let server = start(&relay, &[from]);
    let person = on_duty(&server, "zoe", "Zoe@例え.jp");
    assert_eq!(person["email"], "Zoe@例え.jp");
    let sent = mail(&server, &person, |mail| mail["state"] == "sent");
    let id = sent["message_id"].as_str().unwrap();
    assert!(id.ends_with("@xn--bcher-kva.example"), "{id}");
    let commands = relay.commands();
    for expected in [
        "MAIL FROM:<wache@xn--bcher-kva.example>",
        "RCPT TO:<Zoe@xn--r8jz45g.jp>",
    ] {
        assert!(commands.iter().any(|one| one == expected), "{commands:?}");
    }
    // Browsers send the ASCII form of what is typed.
    let mut browser = Browser::new(&server);
    browser.get("/sign-in").expect(200);
    browser
        .submit("/sign-in", &[("email", "zoe@xn--r8jz45g.jp")])
        .expect(200);
    mail(&server, &person, |mail| mail["kind"] == "sign_in");
    let same = json!({ "name": "Z", "email": "zoe@XN--r8jz45g.jp", "time_zone": "Europe/London" });
    assert_eq!(server.post("/people", &same).pointers(), ["/email"]);
    let local = json!({ "name": "Z", "email": "zoë@example.com", "time_zone": "Europe/London" });
    let refused = server.post("/people", &local).problem(422);
    assert!(refused.to_string().contains("ASCII"), "{refused}");
}

/// What `check` says of a server that answers like this.
fn check(reply: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> (bool, String, Relay) {
    let relay = Relay::start(reply);
    let url = relay.url();
    let settings = [
        ("DOGWATCH_SMTP_URL", url.as_str()),
        ("DOGWATCH_MAIL_FROM", "dogwatch@example.org"),
        ("DOGWATCH_PUBLIC_URL", "https://oncall.example.org"),
    ];
    let done = dogwatch(&Database::new(), &settings)
        .arg("check")
        .output()
        .unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    (done.status.success(), said, relay)
}

#[test]
fn a_check_goes_as_far_as_the_recipient_and_sends_nothing() {
    let (fine, said, relay) = check(|_| None);
    assert!(fine, "{said}");
    let expected = [
        "EHLO oncall.example.org",
        "MAIL FROM:<dogwatch@example.org>",
        "RCPT TO:<dogwatch@example.org>",
        "RSET",
        "QUIT",
    ];
    assert_eq!(relay.commands(), expected);
    for (command, answer, setting) in [
        (
            "RCPT",
            "504 5.5.2 <node1>: Helo command rejected: need fully-qualified hostname",
            "DOGWATCH_SMTP_HELO",
        ),
        (
            "RCPT",
            "554 5.7.1 <dogwatch@example.org>: Relay access denied",
            "DOGWATCH_SMTP_URL",
        ),
        (
            "MAIL",
            "550 5.1.8 <dogwatch@example.org>: not you",
            "DOGWATCH_MAIL_FROM",
        ),
    ] {
        let (fine, said, _) =
            check(move |sent| sent.starts_with(command).then(|| answer.to_owned()));
        let words = answer.rsplit(": ").next().unwrap();
        assert!(
            !fine && said.contains(setting) && said.contains(words),
            "{said}"
        );
    }
    let (fine, said, _) = check(|sent| {
        let known = sent.starts_with("RCPT");
        known.then(|| "550 5.1.1 <dogwatch@example.org>: User unknown".to_owned())
    });
    assert!(fine && said.contains("no mailbox"), "{said}");
}
