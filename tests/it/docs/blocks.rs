//! Reads markdown: its fenced blocks, and its text without them.

use std::path::{Path, PathBuf};

/// The repository.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A markdown file.
pub struct Document {
    /// Its path in the repository.
    pub path: String,
    /// Its fenced blocks, in order.
    pub blocks: Vec<Block>,
    /// Its lines outside of blocks, with their numbers.
    pub lines: Vec<(usize, String)>,
}

/// What stands between two fences.
pub struct Block {
    /// `docs/API.md:12`: the line of the fence that opens it.
    pub place: String,
    /// The first word after the fence.
    pub language: String,
    /// What follows that word.
    pub mark: String,
    /// The lines between the fences.
    pub text: String,
}

impl Document {
    /// Reads one file.
    pub fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
        Self::parse(path, &text)
    }

    /// Splits a text into blocks and other lines.
    pub fn parse(path: &str, text: &str) -> Self {
        let (mut blocks, mut lines) = (Vec::new(), Vec::new());
        let mut open: Option<Block> = None;
        for (index, line) in text.lines().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (fence, open.take()) {
                (Some(info), None) => {
                    let (language, mark) = info.split_once(' ').unwrap_or((info, ""));
                    open = Some(Block {
                        place: format!("{path}:{}", index + 1),
                        language: language.to_owned(),
                        mark: mark.trim().to_owned(),
                        text: String::new(),
                    });
                }
                (Some(_), Some(block)) => blocks.push(block),
                (None, Some(mut block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                    open = Some(block);
                }
                (None, None) => lines.push((index + 1, line.to_owned())),
            }
        }
        assert!(open.is_none(), "{path}: the last block has no end");
        Self {
            path: path.to_owned(),
            blocks,
            lines,
        }
    }

    /// The text outside of blocks.
    pub fn prose(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|(_, line)| line.as_str()).collect();
        lines.join("\n")
    }

    /// What stands in backticks outside of blocks, also where it goes on in the next line.
    pub fn code_spans(&self) -> Vec<String> {
        let prose = self.prose();
        let paragraphs = prose.split("\n\n");
        paragraphs
            .flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2))
            .map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }
}

/// Every markdown file of the repository.
pub fn every_document() -> Vec<Document> {
    let mut paths: Vec<PathBuf> = ["", "docs", "docs/decisions"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(Path::new(ROOT).join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let path = path.strip_prefix(ROOT).unwrap();
            Document::read(path.to_str().unwrap())
        })
        .collect()
}
