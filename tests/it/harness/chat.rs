//! A chat with a webhook.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// It is not public.
pub const LOCAL_CHAT: &[(&str, &str)] = &[("DOGWATCH_OUTGOING_NETWORKS", "127.0.0.1")];

/// A chat that keeps what it is told.
pub struct Chat {
    /// Where it takes messages.
    pub url: String,
    told: Arc<Mutex<Vec<String>>>,
}

impl Chat {
    /// One that is told nothing yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&told);
        // It ends with the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap() <= 2 {
                        break;
                    }
                    if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                        length = text.trim().parse().unwrap();
                    }
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let body: Value = serde_json::from_slice(&body).unwrap();
                kept.lock()
                    .unwrap()
                    .push(body["text"].as_str().unwrap().to_owned());
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.get_mut().write_all(answer).unwrap();
            }
        });
        Self { url, told }
    }

    /// The first lines of what it was told.
    pub fn headlines(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.iter()
            .map(|text| text.lines().next().unwrap().to_owned())
            .collect()
    }

    /// Everything that it was told.
    pub fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}
