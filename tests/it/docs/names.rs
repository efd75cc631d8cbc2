//! What the documents name exists: pages, files, decisions, routes, settings, metrics and commands.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Parser as _;
use dogwatch::service::sessions;

use super::blocks::{Document, ROOT, every_document};
use crate::harness::Server;

/// Folders below which a path in backticks is one of this repository.
const FOLDERS: [&str; 9] = [
    "assets/",
    "crates/",
    "docs/",
    "migrations/",
    "src/",
    "templates/",
    "tests/",
    "tools/",
    "benches/",
];

/// Variables that start like ours: Kubernetes sets them, and the tests read them.
const NOT_SETTINGS: [&str; 4] = [
    "DOGWATCH_SERVICE_",
    "DOGWATCH_PORT",
    "DOGWATCH_TEST_",
    "DOGWATCH_…",
];

fn exists(path: &str) -> bool {
    Path::new(ROOT).join(path).exists()
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The targets of `[text](target)`.
fn links(document: &Document) -> Vec<String> {
    let prose = document.prose();
    prose
        .split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// Why a link of this repository leads nowhere.
fn dead(document: &Document, link: &str) -> Option<&'static str> {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = Path::new(&document.path).parent().unwrap();
    let path = match file {
        "" => document.path.clone(),
        file => folder.join(file).to_str().unwrap().to_owned(),
    };
    if !exists(&path) {
        return Some("there is no such file");
    }
    let has_heading = || {
        Document::read(&path)
            .lines
            .iter()
            .any(|(_, line)| line.starts_with('#') && anchor(line) == heading)
    };
    (!heading.is_empty() && !has_heading()).then_some("there is no such heading")
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for document in every_document() {
        for link in links(&document) {
            if link.starts_with("https://") {
                continue;
            }
            if let Some(why) = dead(&document, &link) {
                wrong.push(format!("{}: {link}: {why}", document.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn named_files_exist() {
    let mut wrong = Vec::new();
    for document in every_document() {
        // What a change was about then may be gone.
        if document.path == "CHANGELOG.md" {
            continue;
        }
        for span in document.code_spans() {
            let is_path = FOLDERS.iter().any(|folder| span.starts_with(folder))
                && !span.contains([' ', '*', '<', '…', '{']);
            if is_path && !exists(&span) {
                wrong.push(format!("{}: {span}", document.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn named_decisions_exist() {
    let files = std::fs::read_dir(Path::new(ROOT).join("docs/decisions")).unwrap();
    let numbers: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().to_str().unwrap()[..4].to_owned())
        .collect();
    let mut wrong = Vec::new();
    for document in every_document() {
        let prose = document.prose();
        let words: Vec<&str> = prose
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        for pair in words.windows(2) {
            let names = pair[0].eq_ignore_ascii_case("decision") && pair[1].parse::<u16>().is_ok();
            if names && !numbers.contains(pair[1]) {
                wrong.push(format!("{}: decision {}", document.path, pair[1]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `/people/{id}` and `/people/01a2` are the same route.
fn is_route(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(of_template, part)| of_template == part || of_template.starts_with('{'))
}

#[test]
fn named_routes_exist() {
    let server = Server::start_still(&[]);
    let document =
        crate::harness::server::send(server.bare(reqwest::Method::GET, "/api/openapi.json")).json();
    let routes = document["paths"].as_object().unwrap();
    let has = |method: &str, path: &str| {
        let path = path.split('?').next().unwrap();
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        routes.iter().any(|(template, methods)| {
            let template = template.strip_prefix("/api/v1").unwrap_or(template);
            is_route(template, path) && methods[method.to_lowercase()].is_object()
        })
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in every_document() {
        for span in document.code_spans() {
            let Some((methods, path)) = span.split_once(" /") else {
                continue;
            };
            let methods: Vec<&str> = methods.split('/').collect();
            let is_request = methods
                .iter()
                .all(|method| ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(method));
            if !is_request {
                continue;
            }
            count += 1;
            let path = format!("/{path}");
            for method in methods {
                if !has(method, &path) {
                    wrong.push(format!("{}: {method} {path}", document.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 20, "routes are found at all: {count}");
}

/// Every name that starts with this in a text.
fn names(text: &str, start: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '…';
    text.split(|c| !is_word(c))
        .filter(|word| word.starts_with(start))
        .map(str::to_owned)
        .collect()
}

fn help() -> String {
    let help = dogwatch::cli::Arguments::try_parse_from(["dogwatch", "--help"]);
    help.expect_err("help is printed").to_string()
}

#[test]
fn settings_are_those_of_the_program() {
    let known = names(&help(), "DOGWATCH_");
    for document in every_document() {
        let text = std::fs::read_to_string(Path::new(ROOT).join(&document.path)).unwrap();
        for name in names(&text, "DOGWATCH_") {
            let is_ours = !NOT_SETTINGS.iter().any(|other| name.starts_with(other));
            let base = name.strip_suffix("_FILE").unwrap_or(&name);
            assert!(
                !is_ours || known.contains(base),
                "{}: {name}",
                document.path
            );
        }
    }
    let operations = std::fs::read_to_string(Path::new(ROOT).join("docs/OPERATIONS.md")).unwrap();
    for name in known.iter().filter(|name| !name.ends_with("_FILE")) {
        assert!(
            operations.contains(&format!("| `{name}` |")),
            "{name} has no row"
        );
    }
}

/// The text of every source file.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn named_metrics_exist() {
    let mut text = String::new();
    for folder in ["src", "crates"] {
        sources(&Path::new(ROOT).join(folder), &mut text);
    }
    let known = names(&text, "dogwatch_");
    for document in every_document() {
        if document.path == "CHANGELOG.md" {
            continue;
        }
        for span in document.code_spans() {
            for name in names(&span, "dogwatch_") {
                let base = ["_total", "_bucket", "_count", "_sum"]
                    .iter()
                    .find_map(|suffix| name.strip_suffix(suffix))
                    .unwrap_or(&name);
                let is_known = known.contains(&name) || known.contains(base);
                assert!(
                    is_known || name == "dogwatch_session",
                    "{}: {name}",
                    document.path
                );
            }
        }
    }
}

#[test]
fn named_commands_are_understood() {
    for document in every_document() {
        for span in document.code_spans() {
            let is_command = span.starts_with("dogwatch ");
            if !is_command || span.contains('…') {
                continue;
            }
            let parsed = dogwatch::cli::Arguments::try_parse_from(span.split_whitespace());
            // `dogwatch token` names a group of commands.
            let is_wrong = parsed.err().is_some_and(|error| {
                !matches!(
                    error.kind(),
                    clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                        | clap::error::ErrorKind::DisplayHelp
                        | clap::error::ErrorKind::MissingRequiredArgument
                )
            });
            assert!(!is_wrong, "{}: {span}", document.path);
        }
    }
}

#[test]
fn commands_for_contributors_name_what_exists() {
    let modules = std::fs::read_to_string(Path::new(ROOT).join("tests/it/main.rs")).unwrap();
    let options = std::fs::read_to_string(Path::new(ROOT).join("test.sh")).unwrap();
    let mut count = 0;
    for document in every_document() {
        if document.path == "CHANGELOG.md" {
            continue;
        }
        let blocks = document.blocks.iter().map(|block| &block.text);
        let commands = blocks.flat_map(|text| text.lines().map(str::to_owned));
        for command in document.code_spans().into_iter().chain(commands) {
            let words: Vec<&str> = command.split_whitespace().collect();
            for pair in words.windows(2) {
                let is_there = match pair {
                    ["it", module] if command.contains("--test it") => {
                        let name = module.split("::").next().unwrap();
                        modules.contains(&format!("mod {name};"))
                    }
                    ["-p", name] => {
                        exists(&format!("crates/{}", name.trim_start_matches("dogwatch-")))
                    }
                    ["./test.sh", option] => options.contains(option),
                    _ => continue,
                };
                count += 1;
                assert!(is_there, "{}: {command}", document.path);
            }
        }
    }
    assert!(count > 3, "commands are found at all: {count}");
}

#[test]
fn sign_in_links_last_as_long_as_the_documents_say() {
    let mailed = format!("{} minutes", sessions::MAILED.num_minutes());
    let printed = format!("{} hours", sessions::PRINTED.num_hours());
    for (path, durations) in [
        ("README.md", &[&printed][..]),
        ("docs/OPERATIONS.md", &[&mailed, &printed]),
        ("docs/SECURITY.md", &[&mailed, &printed]),
    ] {
        let prose = Document::read(path).prose();
        for duration in durations {
            assert!(prose.contains(duration.as_str()), "{path}: {duration}");
        }
    }
}
