//! The file of an SQLite database: removed, replaced, damaged, served twice.

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Method;

use super::{BOOTSTRAP, Remote, has, reasons_of, soon, team};
use crate::harness::program::{Program, dogwatch};
use crate::harness::server::send;
use crate::harness::{Database, Server};

const MOVED: &str = "database file removed or replaced";

fn path(database: &Database) -> PathBuf {
    database.url.strip_prefix("sqlite:").unwrap().into()
}

fn part(path: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", path.display()).into()
}

/// Nothing is written, and what is in memory is answered.
fn is_refused(server: &Server) {
    let refused = server.post("/teams", &team(9));
    assert!(!refused.header("retry-after").is_empty());
    refused.problem(503);
    assert!(has(&reasons_of(server), MOVED));
    assert_eq!(server.get("/on-duty").status, 200);
    soon("answers are marked as old", || {
        !server
            .get("/on-duty")
            .header("dogwatch-stale-since")
            .is_empty()
    });
}

#[test]
fn a_file_that_is_removed_or_replaced_is_not_written_to() {
    if !Database::is_sqlite() {
        return;
    }
    let server = Server::start();
    let path = path(&server.database);
    let aside = part(&path, ".aside");
    for part in ["", "-wal", "-shm"].map(|suffix| part(&path, suffix)) {
        fs::rename(&part, &aside).unwrap();
        is_refused(&server);
        fs::copy(&aside, &part).unwrap();
        is_refused(&server);
        fs::rename(&aside, &part).unwrap();
        soon("it is as before", || reasons_of(&server).is_empty());
    }
    server.post("/teams", &team(9)).expect(201);
}

#[test]
fn a_file_that_is_cut_off_is_not_written_to() {
    if !Database::is_sqlite() {
        return;
    }
    let server = Server::start();
    server.post("/teams", &team(1)).expect(201);
    let file = fs::OpenOptions::new()
        .write(true)
        .open(path(&server.database));
    file.unwrap().set_len(0).unwrap();
    is_refused(&server);
}

#[test]
fn a_file_has_one_server_whatever_it_is_called() {
    if !Database::is_sqlite() {
        return;
    }
    let server = Server::start();
    let own = path(&server.database);
    let folder = server.database.folder.path();
    let (hard, soft) = (folder.join("hard.db"), folder.join("soft.db"));
    fs::hard_link(&own, &hard).unwrap();
    std::os::unix::fs::symlink(&own, &soft).unwrap();
    fs::remove_file(part(&own, ".lock")).unwrap();
    for name in [&own, &soft, &hard] {
        if name == &hard && !cfg!(target_os = "linux") {
            continue;
        }
        let url = format!("sqlite:{}", name.display());
        let settings = [("DATABASE_URL", url.as_str())];
        let second = dogwatch(&server.database, &settings).arg("serve").output();
        let second = second.unwrap();
        let said = String::from_utf8(second.stderr).unwrap();
        assert_eq!(second.status.code(), Some(1), "{said}");
        assert!(said.contains("another server"), "{said}");
        let checked = dogwatch(&server.database, &settings).arg("check").output();
        let said = String::from_utf8(checked.unwrap().stdout).unwrap();
        assert!(said.contains("another server"), "{said}");
    }
    // What writes beside a server still does, and does not take SQLite's own locks away.
    let create = "token create --email ada@example.org --administrator Ada --scope write";
    let made = dogwatch(&server.database, &[])
        .args(create.split(' '))
        .output();
    let token = String::from_utf8(made.unwrap().stdout).unwrap();
    soon("the token is known", || {
        send(server.with_token(token.trim(), Method::GET, "/people")).status == 200
    });
    server.post("/teams", &team(1)).expect(201);
}

#[test]
fn a_server_that_is_gone_gives_the_file_free() {
    if !Database::is_sqlite() {
        return;
    }
    let server = Server::start();
    let database = Arc::clone(&server.database);
    drop(server);
    drop(Server::start_on(database, &[]));
}

#[test]
fn garbage_in_pages_is_no_defect_of_the_program() {
    if !Database::is_sqlite() {
        return;
    }
    let database = Database::new();
    let settings = [("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP)];
    let program = Program::serve(&database, &settings);
    let remote = Remote::new(&program.url);
    for number in 0..50 {
        remote.post("/api/v1/teams", &team(number)).expect(201);
    }
    program.stop();
    let program = Program::serve(&database, &settings);
    let remote = Remote::new(&program.url);
    let file = fs::OpenOptions::new().write(true).open(path(&database));
    let file = file.unwrap();
    let length = file.metadata().unwrap().len();
    for page in 1..length / 4096 {
        file.write_all_at(&[0xa5; 4096], page * 4096).unwrap();
    }
    remote.get("/api/v1/audit").problem(503);
    remote.post("/api/v1/teams", &team(99)).problem(503);
    assert!(has(&remote.reasons(), "database damaged"));
    assert_eq!(remote.get("/api/v1/on-duty").status, 200, "from memory");
    assert_eq!(remote.get("/api/v1/teams").status, 200, "from memory");
}

#[test]
fn files_are_for_their_owner_only() {
    if !Database::is_sqlite() {
        return;
    }
    let database = Database::new();
    let data = database.folder.path().join("new/data");
    let file = data.join("dogwatch.db");
    let url = format!("sqlite:{}", file.display());
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("DOGWATCH_DATA_DIR", data.to_str().unwrap()),
        ("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP),
    ];
    let program = Program::serve(&database, &settings);
    let remote = Remote::new(&program.url);
    let ana = serde_json::json!({ "name": "Ana", "email": "ana@example.com", "time_zone": "UTC" });
    remote.post("/api/v1/people", &ana).expect(201);
    assert_eq!(remote.ask_for_link("ana@example.com").status, 200);
    let mail = data.join("mail");
    soon("a mail is written", || {
        fs::read_dir(&mail).is_ok_and(|mut mails| {
            mails.any(|mail| {
                mail.unwrap()
                    .path()
                    .extension()
                    .is_some_and(|kind| kind == "eml")
            })
        })
    });
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in [&data, data.parent().unwrap(), &mail] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    let all = [&data, &mail].map(|folder| fs::read_dir(folder).unwrap());
    for path in all.into_iter().flatten().map(|entry| entry.unwrap().path()) {
        if path.is_file() {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
    // What an operator has set stays, and is pointed out.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let checked = dogwatch(&database, &settings)
        .arg("check")
        .output()
        .unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains("WARNING") && said.contains("644"), "{said}");
    let log = program.stop();
    assert!(!log.contains("others may use"), "{log}");
    let log = Program::serve(&database, &settings).stop();
    assert!(log.contains("others may use"), "{log}");
    assert_eq!(mode(&file), 0o644);
}
