//! Secrets that are kept in files of their own, as containers and systemd hand them over.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The keys of secrets, each with the key that names a file instead.
pub(super) const SECRETS: [(&str, &str); 4] = [
    ("DATABASE_URL", "DATABASE_URL_FILE"),
    ("DOGWATCH_SECRET", "DOGWATCH_SECRET_FILE"),
    ("DOGWATCH_SMTP_URL", "DOGWATCH_SMTP_URL_FILE"),
    ("DOGWATCH_BOOTSTRAP_TOKEN", "DOGWATCH_BOOTSTRAP_TOKEN_FILE"),
];

/// The largest file that is taken for a secret, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Reads a secret; one line end after it is not part of it. Errors never quote what the file holds.
pub(super) fn read_secret(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(format!("is larger than {LARGEST} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "must be UTF-8")?;
    let secret = text
        .strip_suffix("\r\n")
        .or_else(|| text.strip_suffix('\n'))
        .unwrap_or(&text);
    if secret.is_empty() {
        return Err("is empty".to_owned());
    }
    Ok(secret.to_owned())
}
