//! The API's document, as programs of others read it: two validators, and clients that two generators make.
//!
//! What is Python runs where `DOGWATCH_TEST_PYTHON` names one with `tools/requirements.txt` installed, what is Node where
//! `DOGWATCH_TEST_OPENAPI_JS` names the npm modules of `tools/openapi`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::json;

use crate::harness::Server;
use crate::harness::server::send;

/// A server with a rotation, and its document in a folder.
struct World {
    server: Server,
    folder: tempfile::TempDir,
    rotation: String,
    person: String,
}

impl World {
    fn new() -> Self {
        let server = Server::start_still(&[]);
        let id = |path: &str, body| {
            let made = server.post(path, &body).expect(201);
            made["id"].as_str().unwrap().to_owned()
        };
        let person = json!({ "name": "Ana", "email": "ana@example.com", "time_zone": "UTC" });
        let person = id("/people", person);
        let bo = json!({ "name": "Bo", "email": "bo@example.com", "time_zone": "UTC" });
        let bo = id("/people", bo);
        let team = json!({ "slug": "a", "name": "A", "time_zone": "UTC", "members": [person, bo] });
        id("/teams", team);
        let weekly = json!({ "name": "Support", "title": "Hero", "kind": "ordered", "time_zone": "UTC",
            "order": [person, bo], "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" } });
        let rotation = id("/teams/a/rotations", weekly);
        let folder = tempfile::tempdir().unwrap();
        let document = send(server.bare(Method::GET, "/api/openapi.json"));
        assert_eq!(document.status, 200);
        fs::write(folder.path().join("openapi.json"), document.text).unwrap();
        Self {
            server,
            folder,
            rotation,
            person,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds what the scripts of `tools/openapi` want to know.
    fn tell<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .args([&self.server.url, &self.server.token])
            .args([&self.rotation, &self.person])
    }
}

fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tools/openapi")
        .join(name)
}

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("DOGWATCH_TEST_PYTHON");
    if python.is_none() {
        eprintln!("DOGWATCH_TEST_PYTHON is not set: no Python read the document");
    }
    python.map(PathBuf::from)
}

fn modules() -> Option<PathBuf> {
    let modules = std::env::var_os("DOGWATCH_TEST_OPENAPI_JS");
    if modules.is_none() {
        eprintln!("DOGWATCH_TEST_OPENAPI_JS is not set: no Node read the document");
    }
    modules.map(PathBuf::from)
}

/// What it printed, where it did well.
fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout);
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}\n{printed}\n{problems}"
    );
    format!("{printed}{problems}")
}

/// A program that came with npm.
fn node(modules: &Path, script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(modules.join(script));
    command
}

#[test]
fn openapi_spec_validator_accepts_the_document() {
    let Some(python) = python() else { return };
    let world = World::new();
    run(Command::new(python)
        .args(["-m", "openapi_spec_validator", "--schema", "3.1"])
        .arg(world.path("openapi.json")));
}

#[test]
fn redocly_accepts_the_document_by_all_recommended_rules() {
    let Some(modules) = modules() else { return };
    let world = World::new();
    run(node(&modules, "@redocly/cli/bin/cli.js")
        .args(["lint", "--extends", "recommended-strict"])
        .arg(world.path("openapi.json"))
        .current_dir(world.folder.path())
        .envs([
            ("REDOCLY_TELEMETRY", "off"),
            ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"),
        ]));
}

#[test]
fn a_generated_python_client_makes_the_main_calls() {
    let Some(python) = python() else { return };
    let world = World::new();
    // Its formatter is no part of what is tested.
    fs::write(world.path("config.yml"), "post_hooks: []\n").unwrap();
    let said = run(Command::new(&python)
        .args(["-m", "openapi_python_client", "generate", "--meta", "none"])
        .arg("--path")
        .arg(world.path("openapi.json"))
        .arg("--config")
        .arg(world.path("config.yml"))
        .arg("--output-path")
        .arg(world.path("generated")));
    // It knows no CSV in requests; all else has to be there.
    let warnings = said.matches("WARNING").count() + said.matches("Unable").count();
    assert!(warnings <= 1, "{said}");
    let mut calls = Command::new(&python);
    calls.arg(tool("main_calls.py")).arg(world.folder.path());
    run(world.tell(&mut calls));
}

#[test]
fn a_generated_typescript_client_makes_the_main_calls() {
    let Some(modules) = modules() else { return };
    let world = World::new();
    let document = world.path("openapi.json");
    run(node(&modules, "openapi-typescript/bin/cli.js")
        .arg(&document)
        .arg("--output")
        .arg(world.path("schema.d.ts")));
    for name in ["main_calls.ts", "tsconfig.json"] {
        fs::copy(tool(name), world.path(name)).unwrap();
    }
    fs::write(world.path("package.json"), r#"{"type":"module"}"#).unwrap();
    std::os::unix::fs::symlink(&modules, world.path("node_modules")).unwrap();
    run(node(&modules, "typescript/bin/tsc")
        .arg("--project")
        .arg(world.folder.path()));
    let mut calls = Command::new("node");
    calls.arg(world.path("main_calls.js"));
    run(world.tell(&mut calls));
}
