//! Backups: made while people write, put back while nobody does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use diesel::prelude::*;

use super::{BOOTSTRAP, Remote, team};
use crate::harness::Database;
use crate::harness::database::POSTGRES;
use crate::harness::program::{Program, dogwatch};

const SETTINGS: [(&str, &str); 1] = [("DOGWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP)];

/// A database of a test's own, where this run is about SQLite.
fn sqlite() -> Option<(Database, PathBuf)> {
    Database::is_sqlite().then(|| {
        let database = Database::new();
        let path = database.url.strip_prefix("sqlite:").unwrap().into();
        (database, path)
    })
}

fn run(database: &Database, command: &str, file: &Path, more: &[&str]) -> Output {
    dogwatch(database, &[])
        .arg(command)
        .arg(file)
        .args(more)
        .output()
        .unwrap()
}

#[track_caller]
fn works(output: &Output) -> String {
    let said = String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

#[track_caller]
fn is_refused(output: &Output, why: &str) {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(why), "{why} in {said}");
}

/// How many teams a server knows.
fn teams(remote: &Remote<'_>) -> usize {
    let page = remote.get("/api/v1/teams?limit=200").expect(200);
    page["items"].as_array().unwrap().len()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_backed_up_while_people_write_is_restored() {
    let Some((database, path)) = sqlite() else {
        return;
    };
    let program = Program::serve(&database, &SETTINGS);
    let copy = database.folder.path().join("copy.db");
    let (written, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let bounds = std::thread::scope(|scope| {
        scope.spawn(|| {
            let remote = Remote::new(&program.url);
            while !stop.load(Ordering::SeqCst) && written.load(Ordering::SeqCst) < 150 {
                let number = written.load(Ordering::SeqCst);
                remote.post("/api/v1/teams", &team(number)).expect(201);
                written.fetch_add(1, Ordering::SeqCst);
            }
        });
        super::soon("some are written", || written.load(Ordering::SeqCst) > 20);
        let before = written.load(Ordering::SeqCst);
        let made = run(&database, "backup", &copy, &[]);
        // One may be under way.
        let after = written.load(Ordering::SeqCst) + 1;
        stop.store(true, Ordering::SeqCst);
        works(&made);
        before..=after
    });
    let mode = fs::metadata(&copy).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    is_refused(&run(&database, "backup", &copy, &[]), "exists already");
    let other = database.folder.path().join("other.db");
    fs::copy(&copy, &other).unwrap();
    works(&run(&database, "backup", &other, &["--force"]));
    is_refused(&run(&database, "backup", &path, &["--force"]), "itself");
    // Not while a server has it.
    is_refused(&run(&database, "restore", &copy, &[]), "another server");
    is_refused(&run(&database, "restore", &copy, &[]), "stop it first");
    let remote = Remote::new(&program.url);
    remote.post("/api/v1/teams", &team(1_000)).expect(201);
    let at_the_end = teams(&remote);
    program.stop();

    let said = works(&run(&database, "restore", &copy, &[]));
    let names = names(database.folder.path());
    let kept = names.iter().find(|name| name.contains(".before-")).unwrap();
    assert!(said.contains(kept.as_str()), "{said}");
    for name in &names {
        assert!(
            !name.ends_with("-wal") && !name.contains("unfinished"),
            "{names:?}"
        );
    }
    let program = Program::serve(&database, &SETTINGS);
    let restored = teams(&Remote::new(&program.url));
    assert!(bounds.contains(&restored), "{restored} not in {bounds:?}");
    program.stop();

    // What was there before can be had again.
    works(&run(
        &database,
        "restore",
        &database.folder.path().join(kept),
        &[],
    ));
    let program = Program::serve(&database, &SETTINGS);
    assert_eq!(teams(&Remote::new(&program.url)), at_the_end);
    program.stop();

    // Nothing that was kept is written over, however fast they follow each other.
    for _ in 0..3 {
        works(&run(&database, "restore", &copy, &[]));
    }
    let folder = fs::read_dir(database.folder.path()).unwrap();
    let kept = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(kept.filter(|name| name.contains(".before-")).count(), 5);
}

#[test]
fn a_copy_that_is_of_no_use_changes_nothing() {
    let Some((database, path)) = sqlite() else {
        return;
    };
    Program::serve(&database, &SETTINGS).stop();
    let folder = database.folder.path();
    let content = fs::read(&path).unwrap();
    let copy = folder.join("copy.db");
    let restore = |bytes: &[u8], why: &str| {
        fs::write(&copy, bytes).unwrap();
        let before = names(folder);
        is_refused(&run(&database, "restore", &copy, &[]), why);
        assert_eq!(names(folder), before);
        assert_eq!(fs::read(&path).unwrap(), content);
    };
    restore(b"", "no database of Dogwatch");
    restore(&[7; 9000], "not sound");
    let mut damaged = content.clone();
    for page in [3, 5, 8, 13] {
        damaged[page * 4096..][..4096].fill(0xa5);
    }
    restore(&damaged, "not sound");
    restore(&content[..content.len() / 2], "not sound");
    is_refused(
        &run(&database, "restore", &folder.join("none"), &[]),
        "none",
    );
    is_refused(&run(&database, "restore", &path, &[]), "itself");
    // A copy of a newer program.
    fs::write(&copy, &content).unwrap();
    // A connection of its own: closing it takes the -wal away at once, which a pool does a little later.
    let mut connection = SqliteConnection::establish(&copy.display().to_string()).unwrap();
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')";
    diesel::sql_query(newer).execute(&mut connection).unwrap();
    drop(connection);
    let newer = fs::read(&copy).unwrap();
    restore(&newer, "newer version");
}

#[test]
fn a_restore_makes_a_database_where_there_is_none() {
    let Some((database, path)) = sqlite() else {
        return;
    };
    Program::serve(&database, &SETTINGS).stop();
    let copy = database.folder.path().join("copy.db");
    works(&run(&database, "backup", &copy, &[]));
    fs::remove_file(&path).unwrap();
    is_refused(
        &run(&database, "backup", &copy, &["--force"]),
        "dogwatch.db",
    );
    assert!(!path.exists());
    works(&run(&database, "restore", &copy, &[]));
    Program::serve(&database, &SETTINGS).stop();
}

#[test]
fn a_copy_put_beside_an_old_wal_is_noticed_and_not_touched() {
    let Some((database, path)) = sqlite() else {
        return;
    };
    let program = Program::serve(&database, &SETTINGS);
    let remote = Remote::new(&program.url);
    for number in 0..10 {
        remote.post("/api/v1/teams", &team(number)).expect(201);
    }
    let copy = database.folder.path().join("copy.db");
    works(&run(&database, "backup", &copy, &[]));
    for number in 10..120 {
        remote.post("/api/v1/teams", &team(number)).expect(201);
    }
    program.kill();
    // After a kill the -wal belongs to the file.
    let program = Program::serve(&database, &SETTINGS);
    let remote = Remote::new(&program.url);
    assert_eq!(teams(&remote), 120);
    for number in 120..150 {
        remote.post("/api/v1/teams", &team(number)).expect(201);
    }
    program.kill();
    fs::copy(&copy, &path).unwrap();
    let put = fs::read(&path).unwrap();
    for command in ["serve", "migrate", "who"] {
        let refused = dogwatch(&database, &[]).arg(command).output().unwrap();
        is_refused(&refused, "-wal");
        assert_eq!(fs::read(&path).unwrap(), put, "{command}");
    }
    works(&run(&database, "restore", &copy, &[]));
    let program = Program::serve(&database, &SETTINGS);
    assert_eq!(teams(&Remote::new(&program.url)), 10);
}

/// The recipe of docs/OPERATIONS.md for PostgreSQL, word by word.
#[test]
fn postgres_is_backed_up_and_restored_by_its_own_tools() {
    if std::env::var_os(POSTGRES).is_none() {
        return;
    }
    let database = Database::new();
    let program = Program::serve(&database, &SETTINGS);
    Remote::new(&program.url)
        .post("/api/v1/teams", &team(1))
        .expect(201);
    let recipe = include_str!("../../../docs/OPERATIONS.md");
    let shell = |tool: &str| {
        let line = recipe
            .lines()
            .find(|line| line.trim_start().starts_with(tool));
        let line = line.unwrap_or_else(|| panic!("{tool} is in docs/OPERATIONS.md"));
        let done = Command::new("sh")
            .args(["-ec", line])
            .env("DATABASE_URL", &database.url)
            .current_dir(database.folder.path())
            .output()
            .unwrap();
        works(&done);
    };
    shell("pg_dump ");
    Remote::new(&program.url)
        .post("/api/v1/teams", &team(2))
        .expect(201);
    program.stop();
    shell("pg_restore ");
    let program = Program::serve(&database, &SETTINGS);
    assert_eq!(teams(&Remote::new(&program.url)), 1);
    for (command, tool) in [("backup", "pg_dump"), ("restore", "pg_restore")] {
        let said = run(&database, command, Path::new("copy.dump"), &[]);
        is_refused(&said, tool);
    }
}
