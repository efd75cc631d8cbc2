//! What commands print. A closed pipe or a full disk is an error, not a panic.

use std::io::{self, Write as _};

use anyhow::Context as _;

use crate::cause::chain;

/// Prints a line. Whoever closed the pipe (`| head`) has had enough: that is no error.
///
/// # Errors
/// Where it cannot be written.
pub fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.context("standard output"),
    }
}

/// Prints something that is lost where nobody reads it, such as a new token.
///
/// # Errors
/// Where it cannot be written, also where the pipe is closed.
pub fn secret(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .context("standard output")
}

/// Says why a command failed.
pub fn error(error: &anyhow::Error) {
    // There is nobody left to tell that it cannot be told.
    let _ = writeln!(io::stderr().lock(), "dogwatch: {}", chain(error.as_ref()));
}
