//! Mail arrives, whatever happens on the way: processes that are killed, mail servers that go and come, clocks that
//! jump. These tests need `DOGWATCH_TEST_PYTHON`; `DOGWATCH_TEST_MAILS=10000` makes the first one large.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use dogwatch::clock::{Clock as _, SystemClock, new_id};
use dogwatch::domain::people::person::Role;
use dogwatch::domain::time::hours::WeeklyHours;
use dogwatch::domain::time::zone::Zone;
use dogwatch::service::people::{self, NewPerson};
use dogwatch::service::{Actor, rotations, teams};
use dogwatch::startup;
use dogwatch::storage::StoreError;
use dogwatch::storage::outbox::{self, Lane, Planned};
use dogwatch::storage::types::{Ts, UtcTs};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::program::Program;
use crate::harness::server::{config, send};
use crate::harness::sink::Sink;
use crate::harness::{Database, Server};

/// What is claimed by who is killed is sent by others after some minutes; a large run waits for that.
const PATIENCE: Duration = Duration::from_mins(10);
/// What a mail may take besides, of a program that is not optimized, on a machine that does other things too.
const EACH: Duration = Duration::from_millis(250);

/// Rotations that began an hour ago: of each, two people are to be told at once, whatever the time of the day.
fn reminders(database: &Database, count: usize) {
    startup::install_tls();
    let config = config(database, &[]);
    let store = startup::open_store(&config).unwrap();
    let clock = Arc::new(SystemClock);
    let now = clock.now();
    let app = startup::application(&config, store, clock, config.listen).unwrap();
    let began = (now - TimeDelta::hours(1)).format("%Y-%m-%dT%H:00:00");
    let began = began.to_string();
    app.change(&Actor::operator(), now, |uow| {
        let person = |name: &str| NewPerson {
            name: name.to_owned(),
            email: format!("{name}@example.com"),
            time_zone: Zone::utc(),
            working_hours: WeeklyHours(Vec::new()),
            role: Role::Member,
            holidays: None,
            external_ids: BTreeMap::new(),
        };
        let people = people::import(uow, vec![person("ana"), person("bo")])?;
        let order: Vec<String> = people.iter().map(|person| person.id.to_string()).collect();
        let team = json!({ "slug": "flags", "name": "Flags", "time_zone": "UTC", "members": order });
        teams::create(uow, &serde_json::from_value(team).unwrap())?;
        for number in 0..count / 2 {
            let rotation = json!({
                "name": "hero", "title": format!("Hero {number}"), "kind": "ordered", "time_zone": "UTC",
                "handoff": { "start": began, "rule": "FREQ=WEEKLY" }, "order": order,
            });
            let rotation = serde_json::from_value(rotation).unwrap();
            rotations::create(uow, "flags", &rotation)?;
        }
        Ok(())
    })
    .unwrap();
}

/// A header of a mail, in one line.
fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let line = mail.lines().find(|line| line.starts_with(name)).unwrap();
    line.trim_start_matches(name)
}

/// Every mail that arrived.
#[derive(Default)]
struct Arrived {
    /// By its `Message-ID`: how often, and what.
    mails: BTreeMap<String, (usize, String)>,
    /// How many files were read.
    read: usize,
}

impl Arrived {
    /// Reads what is new; says how many different mails there are.
    fn look(&mut self, sink: &Sink) -> usize {
        while sink.has(self.read + 1) {
            self.read += 1;
            let mail = std::fs::read_to_string(sink.file(self.read)).unwrap();
            let mail = mail.replace("\r\n ", " ");
            let what = format!("{} {}", header(&mail, "To: "), header(&mail, "Subject: "));
            let one = self
                .mails
                .entry(header(&mail, "Message-ID: ").to_owned())
                .or_insert((0, what.clone()));
            one.0 += 1;
            assert_eq!(one.1, what, "a message id is one mail's");
        }
        self.mails.len()
    }
}

/// As if so much time had passed that every claim has ended and every pause is over. Nobody is at work meanwhile.
fn time_passes(database: &Database) {
    let store = startup::open_store(&config(database, &[])).unwrap();
    let all =
        "UPDATE outbox SET next_attempt_at = due_at, leased_until = NULL WHERE state = 'pending'";
    store
        .write::<_, dogwatch::storage::StoreError>(|tx| {
            let query = diesel::sql_query(all);
            Ok(diesel::RunQueryDsl::execute(query, tx.db())?)
        })
        .unwrap();
}

#[test]
fn every_reminder_arrives_whatever_is_killed() {
    let many = std::env::var("DOGWATCH_TEST_MAILS").ok();
    let count: usize = many.as_ref().map_or(60, |many| many.parse().unwrap());
    let kills = if many.is_some() { 20 } else { 3 };
    let Some(mut sink) = Sink::start(&[]) else {
        return;
    };
    let database = Database::new();
    reminders(&database, count);
    let url = sink.url();
    let settings = [
        ("DOGWATCH_SMTP_URL", url.as_str()),
        ("DOGWATCH_MAIL_RATE", "1000000"),
    ];
    let start = || Program::serve(&database, &settings);
    // An SQLite file has one server; PostgreSQL has two replicas, of which one goes on.
    let replicas = if database.address().is_some() { 2 } else { 1 };
    let mut programs: Vec<Program> = (0..replicas).map(|_| start()).collect();
    let begun = Instant::now();
    let patience = PATIENCE + EACH * u32::try_from(count).unwrap();
    for kill in 0..kills {
        let wanted = count * (kill + 1) / (kills + 2);
        while !sink.has(wanted) && begun.elapsed() < patience {
            // Not each time at the same place.
            std::thread::sleep(Duration::from_millis(3 + u64::try_from(kill).unwrap() % 7));
        }
        if kill == kills / 2 {
            sink = sink.interrupted(&[], || std::thread::sleep(Duration::from_millis(500)));
        }
        // Dropping it is SIGKILL.
        drop(programs.remove(0));
        if many.is_none() {
            // Those that failed while the mail server was away would wait for a minute.
            programs.clear();
            time_passes(&database);
        }
        while programs.len() < replicas {
            programs.push(start());
        }
    }
    let mut arrived = Arrived::default();
    while arrived.look(&sink) < count {
        let left = count - arrived.mails.len();
        assert!(begun.elapsed() < patience, "{left} of {count} are missing");
        std::thread::sleep(Duration::from_millis(200));
    }
    let took = begun.elapsed();
    for program in programs {
        program.stop();
    }
    arrived.look(&sink);
    let what: BTreeSet<&String> = arrived.mails.values().map(|(_, what)| what).collect();
    assert_eq!(
        (arrived.mails.len(), what.len()),
        (count, count),
        "each reminder is one mail"
    );
    let twice = arrived.read - count;
    // Each kill, and the end of the mail server, may catch each process between the two.
    assert!(twice <= (kills + 1) * replicas, "{twice} came twice");
    eprintln!("{count} mails, {kills} kills, {replicas} at work, {twice} twice, {took:?}");
}

/// Ids of mails that somebody has claimed.
fn claimed(database: &Database) -> Vec<(String, DateTime<Utc>)> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        id: String,
        #[diesel(sql_type = UtcTs)]
        leased_until: Ts,
    }
    let store = startup::open_store(&config(database, &[])).unwrap();
    let rows: Vec<Row> = store
        .read::<_, dogwatch::storage::StoreError>(|db| {
            let query = diesel::sql_query(
                "SELECT id, leased_until FROM outbox WHERE leased_until IS NOT NULL",
            );
            Ok(diesel::RunQueryDsl::load(query, db)?)
        })
        .unwrap();
    let claims = rows.into_iter().map(|row| (row.id, row.leased_until.0));
    claims.collect()
}

#[test]
fn a_clean_stop_leaves_nothing_claimed_and_nothing_half_done() {
    const COUNT: usize = 16;
    let Some(sink) = Sink::start(&["--slow", "0.4"]) else {
        return;
    };
    let database = Database::new();
    reminders(&database, COUNT);
    let url = sink.url();
    let settings = [("DOGWATCH_SMTP_URL", url.as_str())];
    let first = Program::serve(&database, &settings);
    let soon = |count: usize| {
        let begun = Instant::now();
        while !sink.has(count) {
            assert!(begun.elapsed() < Duration::from_mins(1), "{count}");
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    soon(3);
    assert!(!claimed(&database).is_empty(), "it is in the midst of it");
    first.stop();
    let came = sink.files().len();
    assert!((3..COUNT).contains(&came), "{came}");
    assert_eq!(claimed(&database), []);
    // Nothing waits for a claim to end.
    let second = Program::serve(&database, &settings);
    soon(COUNT);
    second.stop();
    let mut arrived = Arrived::default();
    assert_eq!((arrived.look(&sink), arrived.read), (COUNT, COUNT));
    assert_eq!(claimed(&database), []);
    let ports = sink.files().into_iter().map(|file| {
        let envelope = std::fs::read(file.with_extension("json")).unwrap();
        serde_json::from_slice::<Value>(&envelope).unwrap()["port"].as_u64()
    });
    let ports: BTreeSet<_> = ports.collect();
    assert_eq!(ports.len(), 2, "each process has one connection: {ports:?}");
}

fn zoe(server: &Server) -> String {
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let people = ["Zoe", "Bo"].map(|name| {
        let body = json!({
            "name": name, "email": format!("{name}@example.com"), "time_zone": "Europe/London",
        });
        id(server.post("/people", &body).expect(201))
    });
    let team = json!({ "slug": "flags", "name": "Flags", "time_zone": "Europe/London", "members": people });
    server.post("/teams", &team).expect(201);
    let rotation = json!({
        "name": "hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people,
    });
    id(server.post("/teams/flags/rotations", &rotation).expect(201))
}

/// Whom the files say that something was sent to, and what.
fn written(server: &Server) -> Vec<String> {
    server.another_worker().pass(|| false).unwrap();
    let folder = server.database.folder.path().join("mail");
    // (Without any there is no folder.)
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let mut all: Vec<String> = files
        .map(|file| {
            let mail = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let mail = mail.replace("\r\n ", " ");
            format!("{} {}", header(&mail, "To: "), header(&mail, "Subject: "))
        })
        .collect();
    all.sort();
    all
}

#[test]
fn a_clock_that_jumps_loses_none_and_repeats_none() {
    let steady = Server::start_still(&[]);
    zoe(&steady);
    let hourly = |server: &Server, from: &str, hours: i64| {
        let from = crate::harness::server::instant(from);
        for hour in 0..hours {
            server.clock.set(from + TimeDelta::hours(hour));
            written(server);
        }
        written(server)
    };
    let expected = hourly(&steady, "2026-03-06T07:00:00Z", 8);
    let jumping = Server::start_still(&[]);
    zoe(&jumping);
    for at in [
        // It was asleep from before the reminders were due until after.
        "2026-03-02T09:30:00Z",
        "2026-03-06T14:00:00Z",
        // Somebody has set the clock, and somebody else has set it right.
        "2026-03-06T07:30:00Z",
        "2026-03-01T00:00:00Z",
        "2026-03-06T14:00:00Z",
    ] {
        jumping.at(at);
        for _ in 0..2 {
            written(&jumping);
        }
    }
    let found = written(&jumping);
    assert!(expected.len() >= 2, "{expected:?}");
    for mail in &expected {
        assert!(found.contains(mail), "{mail} in {found:?}");
    }
    let mut once = found.clone();
    once.dedup();
    // Zoe hears of her week, and at its end that it ends; a subject comes again only with another lead time.
    let pending = jumping.get("/outbox?state=pending").expect(200);
    let late = |mail: &Value| mail["next_attempt_at"].as_str().unwrap() <= "2026-03-06T14:00:00Z";
    let pending = pending["items"].as_array().unwrap();
    assert!(!pending.iter().any(late), "{pending:?}");
    let sent = jumping.get("/outbox?state=sent&limit=200").expect(200);
    assert_eq!(
        sent["items"].as_array().unwrap().len(),
        found.len(),
        "each was sent once"
    );
}

#[test]
fn what_is_dead_is_counted_and_can_be_tried_again() {
    let Some(sink) = Sink::start(&["--refuse", "zoe@example.com"]) else {
        return;
    };
    let server = Server::start_with(&[("DOGWATCH_SMTP_URL", &sink.url())]);
    zoe(&server);
    let metrics = || send(server.bare(Method::GET, "/metrics")).text;
    let dead = || server.get("/outbox?state=dead").expect(200)["items"].clone();
    let soon = |what: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !what() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{} {}",
                dead(),
                metrics()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    soon(&|| dead().as_array().unwrap().len() == 1);
    let id = dead()[0]["id"].as_str().unwrap().to_owned();
    let message_id = dead()[0]["message_id"].clone();
    // The gauges are those of a pass; of the metrics of other servers in this process there is nothing to be said.
    soon(&|| metrics().contains("dogwatch_outbox_mails{state=\"dead\"}"));
    assert!(metrics().contains("dogwatch_planning_duration_seconds_count"));
    assert!(metrics().contains("dogwatch_outbox_attempts_total{outcome=\"refused\"}"));
    let sink = sink.interrupted(&[], || ());
    let retry = |id: &str| server.post(&format!("/outbox/{id}/retry"), &json!({}));
    let revived = retry(&id).expect(200);
    assert_eq!(
        (&revived["state"], &revived["attempts"]),
        (&json!("pending"), &json!(0))
    );
    server.at("2026-03-02T09:01:00Z");
    let mails = sink.mails(1);
    let arrived = mails[0]["headers"]["Message-ID"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(arrived, format!("<{}>", message_id.as_str().unwrap()));
    soon(&|| dead().as_array().unwrap().is_empty());
    retry(&id).problem(409);
    retry("nothing").problem(404);
}

#[test]
fn a_claim_lasts_as_long_as_the_mail_server_takes() {
    let Some(sink) = Sink::start(&["--slow", "8"]) else {
        return;
    };
    let server = Server::start_with(&[("DOGWATCH_SMTP_URL", &sink.url())]);
    zoe(&server);
    let lasts_until = |at: DateTime<Utc>| {
        let begun = Instant::now();
        while claimed(&server.database)
            .iter()
            .all(|(_, until)| *until < at)
        {
            assert!(begun.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    lasts_until(server.clock_now());
    // Longer than a claim that nobody renews.
    for at in ["09:01:30", "09:03:00", "09:04:30"] {
        server.at(&format!("2026-03-02T{at}Z"));
        lasts_until(server.clock_now() + TimeDelta::minutes(2));
    }
    assert_eq!(sink.files().len(), 0, "it is in the midst of it");
    assert_eq!(server.another_worker().pass(|| false).unwrap().sent, 0);
    assert_eq!(sink.mails(1)[0]["to"]["address"], "Zoe@example.com");
}

/// Nobody else can write for some seconds, longer than is waited for that.
fn nobody_writes(database: &Database) {
    let store = startup::open_store(&config(database, &[])).unwrap();
    store
        .write::<_, dogwatch::storage::StoreError>(|tx| {
            let query = diesel::sql_query("UPDATE outbox SET kind = kind");
            diesel::RunQueryDsl::execute(query, tx.db())?;
            std::thread::sleep(Duration::from_secs(7));
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_was_sent_while_the_database_was_away_is_not_sent_again() {
    let Some(sink) = Sink::start(&["--slow", "1"]) else {
        return;
    };
    let server = Server::start_with(&[("DOGWATCH_SMTP_URL", &sink.url())]);
    zoe(&server);
    while claimed(&server.database).is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    nobody_writes(&server.database);
    sink.mails(1);
    // The claim is over.
    server.at("2026-03-02T09:10:00Z");
    let begun = Instant::now();
    let sent = || server.get("/outbox?state=sent").expect(200)["items"].clone();
    while sent().as_array().unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(sent()[0]["attempts"], 1);
    sink.mails(1);
}

#[test]
fn a_chat_that_says_nothing_keeps_no_mail_waiting() {
    let chat = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", chat.local_addr().unwrap());
    let server = Server::start_with(crate::harness::chat::LOCAL_CHAT);
    let rotation = zoe(&server);
    let settings = server.request(Method::PUT, "/teams/flags/chat");
    send(settings.json(&json!({ "webhook_url": url }))).expect(200);
    server.at("2026-03-02T09:01:00Z");
    let (waiting, _) = chat.accept().unwrap();
    let bo = server.get("/people?limit=200").expect(200)["items"].clone();
    let bo = bo.as_array().unwrap().iter();
    let bo = bo.clone().find(|one| one["name"] == "Bo").unwrap();
    let cover = json!({
        "start": "2026-03-03T00:00:00Z", "end": "2026-03-04T00:00:00Z", "person_id": bo["id"],
    });
    server
        .post(&format!("/rotations/{rotation}/overrides"), &cover)
        .expect(201);
    let of = |kind: &str| {
        let all = server.get("/outbox?limit=200").expect(200)["items"].clone();
        let all = all.as_array().unwrap().iter();
        all.clone().find(|mail| mail["kind"] == kind).cloned()
    };
    let begun = Instant::now();
    while of("override.given").is_none_or(|mail| mail["state"] != "sent") {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(of("chat.week").unwrap()["attempts"], 0);
    drop(waiting);
}

#[test]
fn what_was_withdrawn_while_it_could_not_be_sent_stays_so() {
    use dogwatch::storage::outbox::{self, Lane, Outcome, Planned, State};

    let database = Database::new();
    let store = startup::open_store(&config(&database, &[])).unwrap();
    let now = crate::harness::server::instant("2026-03-02T09:00:00Z");
    let ends = |outcome: Outcome| {
        store
            .write::<_, dogwatch::storage::StoreError>(|tx| {
                let id = dogwatch::clock::new_id().to_string();
                let planned = Planned {
                    id: id.clone(),
                    key: id.clone(),
                    kind: "chat.cover".parse().unwrap(),
                    person_id: None,
                    rotation_id: None,
                    payload: Value::Null,
                    due_at: now,
                    not_after: now + TimeDelta::days(1),
                };
                outbox::plan(tx.db(), &planned, now)?;
                assert!(outbox::claim(tx.db(), Lane::Mails, now, now, 10)?.is_empty());
                let until = now + TimeDelta::minutes(3);
                let mail = outbox::claim(tx.db(), Lane::Messages, now, until, 10)?.pop();
                let mail = mail.unwrap();
                outbox::drop_pending(tx.db(), &mail.key, "the swap is withdrawn", now)?;
                outbox::finish(tx.db(), &mail, &outcome, now)?;
                let after = outbox::find(tx.db(), &id)?.unwrap();
                Ok(after.state)
            })
            .unwrap()
    };
    let why = || "it was away".to_owned();
    assert_eq!(ends(Outcome::Failed(why())), State::Dropped);
    assert_eq!(ends(Outcome::Refused(why())), State::Dropped);
    assert_eq!(ends(Outcome::Postponed(now)), State::Dropped);
    // What has left has left.
    assert_eq!(ends(Outcome::Sent(Value::Null)), State::Sent);
}

/// However long the list of reminders is: of those that wait the oldest come first, but what somebody waits for goes
/// before them.
#[test]
fn what_somebody_waits_for_goes_before_a_backlog() {
    let database = Arc::new(Database::new());
    let store = startup::open_store(&config(&database, &[])).unwrap();
    let now = SystemClock.now();
    let claimed = store
        .write::<_, StoreError>(|tx| {
            let kinds = ["week", "incident.nudge", "digest", "sign_in", "week"];
            for (minutes, kind) in (1..).zip(kinds) {
                let planned = Planned {
                    id: new_id().to_string(),
                    key: new_id().to_string(),
                    kind: kind.parse().unwrap(),
                    person_id: None,
                    rotation_id: None,
                    payload: Value::Null,
                    due_at: now + TimeDelta::minutes(minutes),
                    not_after: now + TimeDelta::days(1),
                };
                outbox::plan(tx.db(), &planned, now)?;
            }
            let then = now + TimeDelta::hours(1);
            let mut claim = |most| -> Result<Vec<String>, StoreError> {
                let mails = outbox::claim(tx.db(), Lane::Messages, then, then, most)?;
                Ok(mails
                    .into_iter()
                    .map(|mail| mail.kind.to_string())
                    .collect())
            };
            // (What is claimed until now can be claimed at once.)
            Ok((claim(3)?, claim(9)?))
        })
        .unwrap();
    assert_eq!(claimed.0, ["sign_in", "incident.nudge", "week"]);
    let all = ["sign_in", "incident.nudge", "week", "digest", "week"];
    assert_eq!(claimed.1, all);
}
