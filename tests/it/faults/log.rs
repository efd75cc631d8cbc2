//! Standard error that takes nothing: a full disk, a closed pipe, one that nobody reads.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;

use reqwest::Method;
use serde_json::json;

use super::{BOOTSTRAP, Remote, soon, team};
use crate::harness::Database;
use crate::harness::program::Program;
use crate::harness::server::send;

/// A file that is always full. Only Linux has it.
const FULL: &str = "/dev/full";

fn full() -> Stdio {
    OpenOptions::new().write(true).open(FULL).unwrap().into()
}

fn goes_on_without_its_log(database: &Database, program: &Program) {
    let remote = Remote::new(&program.url);
    let ana = json!({ "name": "Ana", "email": "ana@example.com", "time_zone": "UTC" });
    remote.post("/api/v1/people", &ana).expect(201);
    for number in 0..20 {
        remote.post("/api/v1/teams", &team(number)).expect(201);
    }
    assert_eq!(remote.ask_for_link("ana@example.com").status, 200);
    let mails = database.folder.path().join("mail");
    soon("a mail leaves", || {
        std::fs::read_dir(&mails).is_ok_and(|mails| mails.count() > 0)
    });
    assert_eq!(remote.reasons(), [""; 0]);
    soon("the dropped lines are counted", || {
        let metrics = send(remote.ask(Method::GET, "/metrics")).text;
        let dropped = metrics
            .lines()
            .find_map(|line| line.strip_prefix("dogwatch_log_lines_dropped_total "));
        dropped.unwrap().parse::<u64>().unwrap() >= 20
    });
}

#[test]
fn a_full_disk_under_the_log_stops_nothing() {
    if !Path::new(FULL).exists() {
        return;
    }
    let database = Database::new();
    let settings = [("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP)];
    let program = Program::serve_unheard(&database, &settings, full(), full());
    goes_on_without_its_log(&database, &program);
}

#[test]
fn a_closed_pipe_under_the_log_stops_nothing() {
    let database = Database::new();
    let settings = [("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP)];
    let mut program = Program::serve_unheard(&database, &settings, Stdio::piped(), Stdio::piped());
    program.close_pipes();
    goes_on_without_its_log(&database, &program);
}

#[test]
fn a_pipe_that_nobody_reads_stops_nothing() {
    let database = Database::new();
    let settings = [
        ("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP),
        ("DOGWATCH_LOG", "trace"),
    ];
    let program = Program::serve_unheard(&database, &settings, Stdio::piped(), Stdio::piped());
    let remote = Remote::new(&program.url);
    for number in 0..60 {
        remote.post("/api/v1/teams", &team(number)).expect(201);
    }
    assert_eq!(remote.reasons(), [""; 0]);
}

#[test]
fn a_first_token_that_cannot_be_printed_does_not_keep_it_from_starting() {
    if Path::new(FULL).exists() {
        let database = Database::new();
        let program = Program::serve_unheard(&database, &[], full(), full());
        assert_eq!(Remote::new(&program.url).reasons(), [""; 0]);
    }
}
