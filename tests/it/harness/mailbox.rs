//! What was sent where no mail server is configured: a file for each mail.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use dogwatch::worker::Worker;
use serde_json::Value;

use super::Server;
use super::server::instant;

/// A mail.
#[derive(Debug, Clone)]
pub struct Mailed {
    /// The recipient's name and address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// All of it, headers unfolded, as it was before it was made fit for mail.
    pub whole: String,
    /// The part of it that is HTML.
    pub html: Option<String>,
}

/// Every mail that was written, in no order.
pub fn mailed(server: &Server) -> Vec<Mailed> {
    let Ok(folder) = std::fs::read_dir(server.database.folder.path().join("mail")) else {
        return Vec::new();
    };
    let files = folder.map(|file| file.unwrap().path());
    let mails = files.filter(|path| path.extension().is_some_and(|kind| kind == "eml"));
    mails
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let html = html(&text);
            let unfolded = text.replace("\r\n ", " ");
            let header = |name: &str| {
                let line = unfolded.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap().to_owned()
            };
            Mailed {
                to: header("To: "),
                subject: header("Subject: "),
                whole: plain(&unfolded),
                html,
            }
        })
        .collect()
}

/// Quoted-printable (RFC 2045 §6.7), undone.
fn plain(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut parts = text.split('=');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).map(|code| u8::from_str_radix(code, 16));
        if let Some(Ok(byte)) = code {
            bytes.push(byte);
            bytes.extend(&part.as_bytes()[2..]);
        } else {
            bytes.push(b'=');
            bytes.extend(part.as_bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The part that is HTML, whatever it was made fit for mail by (RFC 2045 §6).
fn html(mail: &str) -> Option<String> {
    let is_html = |part: &&str| part.contains("Content-Type: text/html");
    let (head, body) = mail.split("\r\n--").find(is_html)?.split_once("\r\n\r\n")?;
    let encoding = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Transfer-Encoding: "));
    Some(match encoding {
        Some("quoted-printable") => plain(body),
        Some("base64") => {
            let bytes = BASE64_STANDARD.decode(body.replace("\r\n", "")).unwrap();
            String::from_utf8(bytes).unwrap()
        }
        None | Some("7bit" | "8bit") => body.to_owned(),
        Some(other) => panic!("what is {other}?"),
    })
}

/// A pass, and the end of what the server's own worker is at; what is queued meanwhile is sent, too.
#[track_caller]
pub fn pass(server: &Server, worker: &Worker) {
    let now = server.app.clock.now();
    for _ in 0..200 {
        worker.pass(|| false).unwrap();
        let pending = server.get("/outbox?state=pending&limit=200").expect(200);
        let waits = |mail: &Value| instant(mail["next_attempt_at"].as_str().unwrap()) <= now;
        if !pending["items"].as_array().unwrap().iter().any(waits) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("mails that are due are not sent");
}
