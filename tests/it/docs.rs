//! The documents: their commands run, their answers have the shape that they show, and what they name exists.

mod blocks;
mod names;
mod shape;
mod shell;

use crate::harness::Database;

/// Documents whose commands are run, and whether on SQLite whatever this run is about.
fn run_documents() -> [(&'static str, bool); 5] {
    [
        ("README.md", true),
        ("CONTRIBUTING.md", true),
        ("docs/API.md", false),
        ("docs/OPERATIONS.md", true),
        ("docs/SECURITY.md", true),
    ]
}

#[test]
fn every_command_of_the_documents_works_as_shown() {
    for (path, is_sqlite) in run_documents() {
        let database = if is_sqlite {
            Database::on_sqlite()
        } else {
            Database::new()
        };
        shell::run(path, &database);
    }
}

#[test]
fn other_documents_have_no_commands() {
    let run = run_documents().map(|(path, _)| path);
    for document in blocks::every_document() {
        if run.contains(&document.path.as_str()) {
            continue;
        }
        for block in &document.blocks {
            assert_eq!(block.language, "text", "{}: nobody runs this", block.place);
        }
    }
}
