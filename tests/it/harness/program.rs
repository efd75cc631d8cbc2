//! The program itself, in a process of its own, with the time of the day.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use super::Database;

/// A running `dogwatch serve`, which ends with the test.
pub struct Program {
    /// `http://127.0.0.1:…`.
    pub url: String,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

/// A command with the settings of this database and no others.
pub fn dogwatch(database: &Database, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dogwatch"));
    command
        .env_clear()
        .env("DATABASE_URL", &database.url)
        .env("DOGWATCH_DATA_DIR", database.folder.path())
        .env("DOGWATCH_LISTEN", "127.0.0.1:0")
        .env("DOGWATCH_LOG_FORMAT", "json")
        .envs(settings.iter().copied());
    command
}

impl Program {
    /// Starts it, and waits until it listens.
    pub fn serve(database: &Database, settings: &[(&str, &str)]) -> Self {
        Self::start(dogwatch(database, settings).arg("serve"))
    }

    /// The same as the last words of another command.
    pub fn serve_under(others: &[&str], database: &Database, settings: &[(&str, &str)]) -> Self {
        let own = dogwatch(database, settings);
        let mut command = Command::new(others[0]);
        command
            .args(&others[1..])
            .arg(own.get_program())
            .arg("serve")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(
                own.get_envs()
                    .filter_map(|(key, value)| Some((key, value?))),
            );
        Self::start(&mut command)
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let address = loop {
            let line = lines.next().expect("it serves").unwrap();
            log.lock().unwrap().push_str(&line);
            let event: serde_json::Value = serde_json::from_str(&line).expect(&line);
            if event["message"] == "serving" {
                break event["address"].as_str().unwrap().to_owned();
            }
        };
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        Self {
            url: format!("http://{address}"),
            child,
            log,
            reader: Some(reader),
        }
    }

    /// Tells it to stop, which it must do in good order; everything that it logged.
    pub fn stop(self) -> String {
        self.stop_by("TERM")
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let told = Command::new("kill")
            .args(["-s", signal])
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(told.success());
    }

    /// The same by another signal.
    pub fn stop_by(mut self, signal: &str) -> String {
        self.signal(signal);
        let ended = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let log = std::mem::take(&mut *self.log.lock().unwrap());
        assert!(ended.success(), "{log}");
        log
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
