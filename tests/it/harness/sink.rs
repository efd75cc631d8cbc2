//! A real mail server that keeps what it gets (`tools/smtp_sink.py`), and a reader of mails that is not ours
//! (`tools/read_mail.py`). Both need `DOGWATCH_TEST_PYTHON`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long is waited for a mail.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail server, which ends with the test.
pub struct Sink {
    /// Its port on 127.0.0.1.
    pub port: u16,
    folder: TempDir,
    child: Child,
}

/// The Python with the parsers; `None` where this run goes without.
pub fn python() -> Option<String> {
    let python = std::env::var("DOGWATCH_TEST_PYTHON").ok();
    if python.is_none() {
        eprintln!("DOGWATCH_TEST_PYTHON is not set: no mail was sent");
    }
    python
}

fn tool(python: &str, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(format!("{}/tools/{name}", env!("CARGO_MANIFEST_DIR")));
    command
}

impl Sink {
    /// One with these options; `None` where this run goes without Python.
    pub fn start(options: &[&str]) -> Option<Self> {
        Self::start_in(TempDir::new().unwrap(), 0, options)
    }

    fn start_in(folder: TempDir, port: u16, options: &[&str]) -> Option<Self> {
        let mut child = tool(&python()?, "smtp_sink.py")
            .arg(folder.path())
            .args(["--port", &port.to_string()])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells at length of everybody who does not trust it.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().parse().expect("the sink says its port");
        Some(Self {
            port,
            folder,
            child,
        })
    }

    /// Ends it, and starts it again at the same address after `meanwhile`; what it has is kept.
    pub fn interrupted(mut self, options: &[&str], meanwhile: impl FnOnce()) -> Self {
        self.end();
        meanwhile();
        let folder = std::mem::replace(&mut self.folder, TempDir::new().unwrap());
        Self::start_in(folder, self.port, options).unwrap()
    }

    /// A URL for `DOGWATCH_SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// What came, in that order, as mail programs read it, once there are so many.
    #[track_caller]
    pub fn mails(&self, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let files = self.files();
            if files.len() >= count {
                assert_eq!(files.len(), count, "more mails than expected");
                return read(&files);
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} of {count} mails",
                files.len()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The mails that came, as files.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "eml"))
            .collect();
        files.sort();
        files
    }

    /// Where a mail is, by its number from 1 on, in the order in which they came.
    pub fn file(&self, number: usize) -> std::path::PathBuf {
        self.folder.path().join(format!("{number:06}.eml"))
    }

    /// Whether so many came.
    pub fn has(&self, count: usize) -> bool {
        count == 0 || self.file(count).exists()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.end();
    }
}

/// Mails as a mail program reads them.
pub fn read(files: &[std::path::PathBuf]) -> Vec<Value> {
    let read = tool(&python().unwrap(), "read_mail.py")
        .args(files)
        .output()
        .unwrap();
    let problems = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{problems}");
    String::from_utf8(read.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
