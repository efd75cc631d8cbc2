//! The program itself, in a process of its own, with the time of the day.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Database;
use super::server::client;

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
            let mut kept = log.lock().unwrap();
            kept.push_str(&line);
            kept.push('\n');
            drop(kept);
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
        let program = Self {
            url: format!("http://{address}"),
            child,
            log,
            reader: Some(reader),
        };
        program.until_it_answers();
        program
    }

    /// Starts it where nobody hears what it prints, and waits until it answers.
    pub fn serve_unheard(
        database: &Database,
        settings: &[(&str, &str)],
        stdout: Stdio,
        stderr: Stdio,
    ) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let child = dogwatch(database, settings)
            .env("DOGWATCH_LISTEN", address.to_string())
            .arg("serve")
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .unwrap();
        let program = Self {
            url: format!("http://{address}"),
            child,
            log: Arc::default(),
            reader: None,
        };
        program.until_it_answers();
        program
    }

    fn until_it_answers(&self) {
        dogwatch::startup::install_tls();
        let client = client().build().unwrap();
        let answers = || {
            let ready = client.get(format!("{}/readyz", self.url)).send();
            ready.is_ok_and(|ready| ready.status().is_success())
        };
        for _ in 0..400 {
            if answers() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("it does not answer");
    }

    /// Everything that it has logged until now.
    pub fn log_so_far(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Closes the pipes that its output goes to.
    pub fn close_pipes(&mut self) {
        drop(self.child.stdout.take());
        drop(self.child.stderr.take());
    }

    /// Ends it at once, as a power failure would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
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
