//! The domain imports nothing from above, reads no clock, and does no IO.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_domain_looks_neither_up_nor_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for (number, line) in code.enumerate() {
            let above = line
                .split("crate::")
                .skip(1)
                .any(|path| !path.starts_with("domain"));
            let forbidden = [
                "Utc::now",
                "Local::now",
                "SystemTime",
                "Instant::now",
                "std::fs",
                "std::net",
                "std::env",
                "std::thread",
                "tokio",
                "diesel",
                "actix",
                "reqwest",
            ]
            .iter()
            .any(|word| line.contains(word));
            assert!(
                !above && !forbidden,
                "{}:{}: {line}",
                file.display(),
                number + 1
            );
        }
    }
}
