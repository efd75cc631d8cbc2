//! A server of calendars that answers what a test wants.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::calendar;

/// What a calendar server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// A calendar server: it answers what it is told to, and remembers what it was asked.
pub struct Host {
    pub url: String,
    pub reply: Arc<Mutex<Reply>>,
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/secret/basic.ics", listener.local_addr().unwrap());
        let reply = Arc::new(Mutex::new(calendar(&[])));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (said, heard) = (Arc::clone(&reply), Arc::clone(&asked));
        // It ends with the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut request = String::new();
                while stream.read_line(&mut request).unwrap_or(0) > 2 {}
                let reply = said.lock().unwrap().clone();
                heard.lock().unwrap().push(request);
                let mut lines = vec![
                    format!("HTTP/1.1 {}", reply.status),
                    "connection: close".to_owned(),
                    format!("content-length: {}", reply.body.len()),
                ];
                lines.extend(
                    reply
                        .headers
                        .iter()
                        .map(|(name, value)| format!("{name}: {value}")),
                );
                let start = format!("{}\r\n\r\n", lines.join("\r\n"));
                // Whoever has had enough is gone.
                let _ = stream
                    .get_mut()
                    .write_all(&[start.as_bytes(), &reply.body].concat());
            }
        });
        Self { url, reply, asked }
    }

    pub fn says(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}
