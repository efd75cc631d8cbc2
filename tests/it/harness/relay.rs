//! A mail server that answers each command as a test wants it to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a server says instead of what is usual.
type Reply = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Says nothing at all, until the client gives up.
pub const SILENCE: &str = "";

/// A server, which ends with the tests.
pub struct Relay {
    port: u16,
    commands: Arc<Mutex<Vec<String>>>,
    reply: Arc<Mutex<Arc<Reply>>>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    /// One that answers with `reply`, or as usual where that says `None`. It is asked about each command, with `""` before
    /// the greeting and `"."` after the content.
    pub fn start(reply: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            commands: Arc::default(),
            reply: Arc::new(Mutex::new(Arc::new(reply))),
            streams: Arc::default(),
        };
        let (commands, reply) = (Arc::clone(&relay.commands), Arc::clone(&relay.reply));
        let streams = Arc::clone(&relay.streams);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                lock(&streams).push(stream.as_ref().unwrap().try_clone().unwrap());
                let (commands, reply) = (Arc::clone(&commands), Arc::clone(&reply));
                std::thread::spawn(move || {
                    // Whoever hangs up has said enough.
                    let _ = serve(&stream.unwrap(), &commands, &reply);
                });
            }
        });
        relay
    }

    /// Answers differently from now on.
    pub fn answer(&self, reply: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        *lock(&self.reply) = Arc::new(reply);
    }

    /// Closes every connection, so that nobody waits any longer for an answer.
    pub fn hang_up(&self) {
        for stream in lock(&self.streams).drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// A URL for `DOGWATCH_SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Every command that was sent, and `.` for each mail.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.commands).clone()
    }

    /// Waits for a command that begins like this.
    #[track_caller]
    pub fn wait_for(&self, command: &str, patience: Duration) {
        let begun = Instant::now();
        while !self.commands().iter().any(|one| one.starts_with(command)) {
            assert!(begun.elapsed() < patience, "{:?}", self.commands());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn lock<T: ?Sized>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(
    mut stream: &TcpStream,
    commands: &Mutex<Vec<String>>,
    reply: &Mutex<Arc<Reply>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let mut command = String::new();
    loop {
        let reply = Arc::clone(&lock(reply));
        let answer = reply(&command).unwrap_or_else(|| usual(&command).to_owned());
        if answer != SILENCE {
            stream.write_all(format!("{answer}\r\n").as_bytes())?;
        }
        if command == "DATA" && answer.starts_with("354") {
            while lines.next().transpose()?.is_some_and(|line| line != ".") {}
            ".".clone_into(&mut command);
        } else {
            let Some(line) = lines.next().transpose()? else {
                return Ok(());
            };
            command = line;
        }
        lock(commands).push(command.clone());
    }
}

fn usual(command: &str) -> &'static str {
    let verb = command.split(' ').next().unwrap_or_default();
    match verb {
        "" => "220 relay.test ESMTP",
        "DATA" => "354 go on",
        "QUIT" => "221 2.0.0 goodbye",
        _ => "250 2.0.0 fine",
    }
}
