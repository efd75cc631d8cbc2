//! Runs the blocks of a document in one shell, in their order, against a server that they start themselves.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::blocks::{Block, Document, ROOT};
use super::shape;
use crate::harness::database::POSTGRES;
use crate::harness::server::config;
use crate::harness::{Database, program};

/// Blocks that nobody runs, by what follows `not-run:`, and how many there may be of each. Whoever adds one says why.
const NOT_RUN: [(&str, usize); 2] = [
    // It needs a running systemd.
    ("a unit for systemd", 1),
    // Each builds for minutes. `commands_for_contributors_name_what_exists` looks at their arguments.
    ("builds the program", 3),
];

/// A picture in characters; there is nothing in it to run.
const PICTURE: &str = "text";

/// Blocks that need a PostgreSQL server and its programs.
const ON_POSTGRES: &str = "on-postgresql";

/// What the documents call a server and a token. Both are those of the server that it starts first.
const PLACEHOLDERS: [(&str, &str); 2] = [
    ("http://127.0.0.1:8080", "$(cat \"$WORK/url\")"),
    ("dw_…", "$(cat \"$WORK/token\")"),
];

/// Whether commands can be run here. Where `DOGWATCH_TEST_DOCS` is set, they have to be.
fn has_tools() -> bool {
    let missing: Vec<&str> = ["bash", "curl", "jq"]
        .into_iter()
        .filter(|tool| Command::new(tool).arg("--version").output().is_err())
        .collect();
    let required = std::env::var_os("DOGWATCH_TEST_DOCS").is_some();
    assert!(
        missing.is_empty() || !required,
        "not installed: {missing:?}"
    );
    if !missing.is_empty() {
        eprintln!("{missing:?} not installed: the documents' commands were not run");
    }
    missing.is_empty()
}

/// Runs every block of a document that is not marked, and compares the answers that it shows.
pub fn run(path: &str, database: &Database) {
    let document = Document::read(path);
    let tasks: Vec<Task> = document.blocks.iter().map(Task::of).collect();
    if !has_tools() {
        return;
    }
    let work = TempDir::new().unwrap();
    let script: String = tasks
        .iter()
        .enumerate()
        .map(|(number, task)| task.script(number, tasks.get(number + 1)))
        .collect();
    run_script(path, &script, &work, database);
    for (number, task) in tasks.iter().enumerate() {
        match task {
            Task::Show(block) => compare(block, number.checked_sub(1), work.path()),
            Task::Load(block) => load(block, database),
            Task::Run { .. } | Task::Skip => {}
        }
    }
}

/// What is done with a block.
enum Task<'a> {
    /// A command.
    Run { block: &'a Block, on_postgres: bool },
    /// The answer of the command before.
    Show(&'a Block),
    /// A file of settings.
    Load(&'a Block),
    /// Nothing.
    Skip,
}

impl<'a> Task<'a> {
    fn of(block: &'a Block) -> Self {
        let reason = block.mark.strip_prefix("not-run: ");
        let is_known =
            reason.is_some_and(|reason| NOT_RUN.iter().any(|(known, _)| *known == reason));
        match (block.language.as_str(), block.mark.as_str()) {
            ("sh", "") => Self::Run {
                block,
                on_postgres: false,
            },
            ("sh", ON_POSTGRES) => Self::Run {
                block,
                on_postgres: true,
            },
            ("json", "") => Self::Show(block),
            ("toml", "") => Self::Load(block),
            (PICTURE, "") => Self::Skip,
            _ if is_known => Self::Skip,
            (language, mark) => panic!(
                "{}: a block of {language:?} marked {mark:?} is neither run nor among those that are not",
                block.place
            ),
        }
    }

    /// The block for the shell. Where the answer that follows is a refusal, the last command is meant to fail.
    fn script(&self, number: usize, next: Option<&Self>) -> String {
        let Self::Run { block, on_postgres } = self else {
            return String::new();
        };
        let mut text = block.text.clone();
        for (placeholder, command) in PLACEHOLDERS {
            text = text.replace(placeholder, command);
        }
        if *on_postgres {
            text = format!("on_postgresql() {{\n{text}}}\nif_postgresql on_postgresql\n");
        }
        let is_refused =
            matches!(next, Some(Self::Show(shown)) if shown.text.contains("\"status\": 4"));
        if is_refused {
            text = format!("set +e\n{text}set -e\n");
        }
        format!("begin_block {number} {}\n{text}\n", block.place)
    }
}

fn run_script(path: &str, script: &str, work: &TempDir, database: &Database) {
    let folder = work.path();
    let root = folder.join("root");
    let build = folder.join("target/release");
    let settings = program::dogwatch(database, &[]);
    std::fs::create_dir_all(&build).unwrap();
    std::fs::create_dir(&root).unwrap();
    std::os::unix::fs::symlink(settings.get_program(), build.join("dogwatch")).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let postgres = (!Database::is_sqlite()).then(Database::new);
    let prelude = format!("{ROOT}/tests/it/docs/prelude.sh");
    let done = Command::new("bash")
        .arg("-c")
        .arg(format!(". {prelude}\n{script}"))
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(
            settings
                .get_envs()
                .filter_map(|(key, value)| Some((key, value?))),
        )
        .env("DOGWATCH_LOG_FORMAT", "text")
        .env("BIN", settings.get_program())
        .env("WORK", folder)
        .env("ROOT", root)
        .env("DEMO_PORT", port.to_string())
        .env("POSTGRES_TOOLS", postgres_tools())
        .env(
            "POSTGRES_URL",
            postgres.as_ref().map_or("", |one| one.url.as_str()),
        )
        .output()
        .unwrap();
    let at = std::fs::read_to_string(folder.join("at")).unwrap_or_else(|_| path.to_owned());
    let error = String::from_utf8_lossy(&done.stderr);
    let outputs: Vec<String> = (0..100)
        .filter_map(|number| output(folder, number))
        .collect();
    let last = outputs.last().cloned().unwrap_or_default();
    assert!(done.status.success(), "{at}{last}\n{error}");
}

/// The folder of `pg_dump`, where this run is about PostgreSQL and it is installed.
fn postgres_tools() -> String {
    if std::env::var_os(POSTGRES).is_none() {
        return String::new();
    }
    let on_path = std::env::var("PATH").unwrap_or_default();
    let of_debian = std::fs::read_dir("/usr/lib/postgresql").ok();
    let mut folders = on_path.split(':').map(str::to_owned).chain(
        of_debian
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin").to_str()?.to_owned())),
    );
    folders
        .find(|folder| Path::new(folder).join("pg_dump").exists())
        .unwrap_or_default()
}

fn output(folder: &Path, number: usize) -> Option<String> {
    std::fs::read_to_string(folder.join(format!("{number}.out"))).ok()
}

/// Compares the answer that a document shows with the last one that the block before it got.
fn compare(block: &Block, number: Option<usize>, folder: &Path) {
    let printed = number
        .and_then(|number| output(folder, number))
        .unwrap_or_else(|| {
            panic!(
                "{}: no command stands right before this answer",
                block.place
            )
        });
    let shown: Value = serde_json::from_str(&block.text)
        .unwrap_or_else(|error| panic!("{}: {error}", block.place));
    let answers = serde_json::Deserializer::from_str(&printed).into_iter::<Value>();
    let last = answers
        .last()
        .unwrap_or_else(|| panic!("{}: the command answered nothing", block.place))
        .unwrap_or_else(|error| panic!("{}: {error} in {printed}", block.place));
    let different = shape::differences(&shown, &last);
    assert!(
        different.is_empty(),
        "{}: {different:?} in {last:#}",
        block.place
    );
}

/// A file of settings that a document shows can be used.
fn load(block: &Block, database: &Database) {
    let file = database.folder.path().join("dogwatch.toml");
    std::fs::write(&file, &block.text).unwrap();
    let own = config(database, &[]);
    let loaded = dogwatch::config::Config::load(Some(&file), std::iter::empty())
        .unwrap_or_else(|error| panic!("{}: {error}", block.place));
    assert_ne!(loaded.data_dir, own.data_dir, "{}", block.place);
}

#[test]
fn blocks_that_are_not_run_are_few() {
    let documents = super::run_documents().map(|(path, _)| Document::read(path));
    for (reason, most) in NOT_RUN {
        let mark = format!("not-run: {reason}");
        let count = documents
            .iter()
            .flat_map(|document| &document.blocks)
            .filter(|block| block.mark == mark)
            .count();
        assert!((1..=most).contains(&count), "{count} blocks: {reason}");
    }
}
