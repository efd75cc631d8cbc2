//! A disk that is really full: a small one in memory, which only root can mount.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use dogwatch::notify::{Mailer, Outgoing};
use dogwatch::service::sessions;
use dogwatch::worker::Worker;
use serde_json::json;
use tempfile::TempDir;

use super::{BOOTSTRAP, Remote, has, soon, team};
use crate::harness::program::Program;
use crate::harness::{Database, Server};

/// A disk of some megabytes, which ends with the test.
struct Disk(TempDir);

impl Disk {
    /// `None` where it cannot be mounted.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(folder.path())
            .output();
        let is_mounted = mounted.is_ok_and(|mounted| mounted.status.success());
        if !is_mounted {
            eprintln!("no disk could be mounted: none was filled");
        }
        is_mounted.then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room there is.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[0; 512]).is_ok() {}
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn ana() -> serde_json::Value {
    json!({ "name": "Ana", "email": "ana@example.com", "time_zone": "UTC" })
}

#[test]
fn a_full_disk_is_said_and_an_idle_server_notices_room() {
    let Some(disk) = Disk::mount().filter(|_| Database::is_sqlite()) else {
        return;
    };
    let mut database = Database::new();
    database.url = format!("sqlite:{}", disk.path().join("dogwatch.db").display());
    let program = Program::serve(&database, &[("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP)]);
    let remote = Remote::new(&program.url);
    remote.post("/api/v1/people", &ana()).expect(201);
    let filler = disk.fill();
    // The first to ask are told the truth, whether there is somebody of their address or not.
    for address in ["ana@example.com", "nobody@example.com"] {
        let answer = remote.ask_for_link(address);
        answer.expect(503);
    }
    let refused = remote.post("/api/v1/teams", &team(1));
    assert!(!refused.header("retry-after").is_empty());
    refused.problem(503);
    assert!(has(&remote.reasons(), "database disk full"));
    soon("the metric says so", || {
        remote.get("/metrics").text.contains("dogwatch_degraded 1")
    });
    assert_eq!(remote.get("/api/v1/on-duty").status, 200);
    // What runs beside and has nothing to write does not make it well.
    for _ in 0..20 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(has(&remote.reasons(), "database disk full"));
    }
    fs::remove_file(filler).unwrap();
    soon("it finds out by itself", || remote.reasons().is_empty());
    remote.post("/api/v1/teams", &team(1)).expect(201);
    assert_eq!(remote.ask_for_link("ana@example.com").status, 200);
}

#[test]
fn mails_wait_for_room() {
    let Some(disk) = Disk::mount() else {
        return;
    };
    let server = Server::start_still(&[]);
    server.post("/people", &ana()).expect(201);
    let now = server.clock_now();
    let asked = server
        .app
        .mail_link("ana@example.com", "", sessions::Links::Several, now);
    asked.unwrap();
    let folder = disk.path().join("mail");
    let mailer = Mailer::to_files("d@example.org".parse().unwrap(), folder.clone());
    let worker = Worker::new(Arc::clone(&server.app), mailer, Outgoing::to(Vec::new()));
    let filler = disk.fill();
    worker.pass(|| false).unwrap();
    let outbox = || server.get("/outbox").expect(200)["items"][0].clone();
    assert_eq!(outbox()["state"], "pending");
    assert!(outbox()["last_error"].is_string());
    let mails = || fs::read_dir(&folder).map_or(0, Iterator::count);
    assert_eq!(mails(), 0, "no part of one either");
    fs::remove_file(filler).unwrap();
    server.at("2026-03-02T09:10:00Z");
    worker.pass(|| false).unwrap();
    assert_eq!((mails(), &outbox()["state"]), (1, &json!("sent")));
}
