//! Arrows point down only: which room may import from which, read from the sources themselves. The domain is a crate of
//! its own, whose wall the compiler keeps.

use std::fs;
use std::path::{Path, PathBuf};

/// What each room may import from. A room that is not listed here (the program's top: `main`, `cli`,
/// `startup`, `background`) may import from all.
const MAY_IMPORT: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    ("clock", &["domain"]),
    ("panics", &[]),
    ("cause", &[]),
    ("files", &[]),
    // The address of the database is read by who knows its schemes.
    ("config", &["domain", "storage"]),
    ("telemetry", &["config"]),
    ("storage", &["domain", "clock", "files", "cause"]),
    ("snapshot", &["domain"]),
    ("calendar", &["domain", "cause"]),
    ("notify", &["domain", "config", "files", "cause"]),
    (
        "service",
        &[
            "domain", "clock", "panics", "cause", "config", "storage", "snapshot", "calendar",
            "notify",
        ],
    ),
    (
        "http",
        &["domain", "panics", "cause", "snapshot", "service"],
    ),
    (
        "worker",
        &[
            "domain", "clock", "panics", "cause", "storage", "snapshot", "calendar", "notify",
            "service",
        ],
    ),
];

/// Nobody imports from these but each other.
const TOP: [&str; 4] = ["main", "cli", "startup", "background"];

/// A line of code (no comment), and where it is.
struct Line {
    room: String,
    place: String,
    code: String,
}

/// Every line of code under `src`, the tests' own folders aside.
fn code() -> Vec<Line> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "{files:?}");
    let mut found = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&root).unwrap();
        let first = inside.components().next().unwrap();
        let stem = Path::new(first.as_os_str()).file_stem().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        for (index, line) in text.lines().enumerate() {
            if !line.trim_start().starts_with("//") {
                found.push(Line {
                    room: stem.to_str().unwrap().to_owned(),
                    place: format!("{}:{}", inside.display(), index + 1),
                    code: line.to_owned(),
                });
            }
        }
    }
    found
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "tests" {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "layers.rs"
        {
            found.push(path);
        }
    }
}

/// The rooms that a line names by `crate::room`.
fn imports(code: &str) -> impl Iterator<Item = &str> {
    code.split("crate::").skip(1).map(|path| {
        path.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap()
    })
}

/// Whether `room` may import from `other`.
fn may_import(room: &str, other: &str) -> bool {
    let listed = MAY_IMPORT.iter().find(|(name, _)| *name == room);
    other == room || listed.map_or(TOP.contains(&room), |(_, below)| below.contains(&other))
}

#[test]
fn arrows_point_down_only() {
    for line in code().iter().filter(|line| line.room != "lib") {
        for other in imports(&line.code) {
            // (A list in braces, which would hide what it names, is an empty name here.)
            let listed_by_the_top = other.is_empty() && TOP.contains(&line.room.as_str());
            assert!(
                listed_by_the_top || may_import(&line.room, other),
                "{} may not import from {other:?} ({}): {}",
                line.room,
                line.place,
                line.code.trim()
            );
        }
    }
}

/// `super` out of a room's own file would be a way round.
#[test]
fn nobody_leaves_a_room_by_the_window() {
    for line in code() {
        let rooms_own = line.place.starts_with(&format!("{}.rs", line.room))
            || line.place.starts_with(&format!("{}/mod.rs", line.room));
        let test = line.code.trim() == "use super::*;";
        assert!(
            test || !rooms_own || line.code.starts_with(' ') || !line.code.contains("super::"),
            "{}: {}",
            line.place,
            line.code
        );
    }
}

#[test]
fn the_rooms_make_no_circle() {
    fn below(room: &str, path: &mut Vec<String>) {
        assert!(
            !path.iter().any(|seen| seen == room),
            "{path:?} and {room} again"
        );
        path.push(room.to_owned());
        for (_, others) in MAY_IMPORT.iter().filter(|(name, _)| *name == room) {
            for other in *others {
                below(other, path);
            }
        }
        path.pop();
    }
    for (room, _) in MAY_IMPORT {
        below(room, &mut Vec::new());
    }
}

#[test]
fn upward_and_sideways_arrows_are_seen() {
    for (room, line, allowed) in [
        ("http", "use crate::storage::Tx;", false),
        ("storage", "use crate::service::Actor;", false),
        ("storage", "    x: crate::snapshot::Roster,", false),
        ("snapshot", "use crate::storage::feeds;", false),
        ("domain", "use crate::clock::new_id;", false),
        ("worker", "use crate::http::Reply;", false),
        ("service", "use crate::storage::Tx;", true),
        ("http", "use crate::service::App;", true),
        ("startup", "use crate::http::server::server;", true),
    ] {
        let fine = imports(line).all(|other| may_import(room, other));
        assert_eq!(fine, allowed, "{room}: {line}");
    }
}
