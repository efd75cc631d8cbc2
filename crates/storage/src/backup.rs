//! Backups of SQLite databases: made while a server runs, put back while none does.

use std::error::Error;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::connection::{SQLITE_MIGRATIONS, must_know};
use super::file::{self, Handle, ServerLock};
use crate::cause::Cause;
use crate::clock::new_id;
use crate::files::{self, beside};

/// Why nothing was backed up or restored.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BackupError(#[source] Cause);

fn failed(path: &Path, error: impl Into<Box<dyn Error + Send + Sync>>) -> BackupError {
    let error = error.into();
    let text = format!("{}: {error}", path.display());
    BackupError(Cause::in_words(text, error))
}

/// A file beside `path` that is removed unless it is given its final name.
struct Unfinished {
    path: PathBuf,
    /// Until the file has its final name, no server may have it.
    handle: Arc<Handle>,
}

impl Unfinished {
    /// Makes an empty one, for its owner only.
    fn beside(path: &Path) -> Result<Self, BackupError> {
        let name = format!(".{}.unfinished", new_id().simple());
        let path = beside(path, &name);
        let handle = Handle::open(&path).map_err(|error| failed(&path, error))?;
        Ok(Self { path, handle })
    }

    fn connect(&self) -> Result<SqliteConnection, BackupError> {
        connect(&self.path)
    }

    /// Gives it its name, so that this survives a power failure.
    fn finish(self, name: &Path) -> Result<(), BackupError> {
        let done = File::open(&self.path)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&self.path, name))
            .and_then(|()| files::sync_folder_of(name));
        done.map_err(|error| failed(name, error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // Most of them are not there.
            let _ = std::fs::remove_file(beside(&self.path, suffix));
        }
    }
}

fn connect(path: &Path) -> Result<SqliteConnection, BackupError> {
    let mut connection = file::connect(path, "rw").map_err(|error| failed(path, error))?;
    connection
        .batch_execute("PRAGMA busy_timeout=5000")
        .map_err(|error| failed(path, error))?;
    Ok(connection)
}

/// Copies a database, which may be in use, into a file, which is checked before it has its name.
///
/// # Errors
/// Where the database is none, the file exists and must not be replaced, or the copy cannot be written or is not sound.
pub fn backup(database: &Path, copy: &Path, replace: bool) -> Result<(), BackupError> {
    must_be_file(database)?;
    must_be_in_folder(copy)?;
    if !replace && copy.exists() {
        return Err(failed(copy, "it exists already (--force replaces it)"));
    }
    if is_same(database, copy) {
        return Err(failed(copy, "it is the database itself"));
    }
    // Opened before SQLite opens it, and until the end: see `file`.
    let handle = Handle::open(database).map_err(|error| failed(database, error))?;
    file::check_leftover_wal(database, &handle).map_err(|error| BackupError(Cause::of(error)))?;
    let unfinished = Unfinished::beside(copy)?;
    let mut source = connect(database)?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(unfinished.path.to_string_lossy())
        .execute(&mut source)
        .map_err(|error| failed(database, error))?;
    must_be_sound(&unfinished)?;
    unfinished.finish(copy)
}

/// Looks whether a file can be made there at all.
fn must_be_in_folder(copy: &Path) -> Result<(), BackupError> {
    if copy.is_dir() {
        let why = "it is a folder: name the file that is to be made in it";
        return Err(failed(copy, why));
    }
    let folder = copy.parent().filter(|one| !one.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => {
            Err(failed(folder, "there is no such folder: make it first"))
        }
        _ => Ok(()),
    }
}

/// Puts a copy in the place of a database that no server has. The copy itself stays. Returns the name of what was there
/// before; `name_kept` is put at its end.
///
/// # Errors
/// Where the copy is not sound or not ours, a server runs, or the disk refuses. The database is then as it was.
pub fn restore(
    copy: &Path,
    database: &Path,
    name_kept: &str,
) -> Result<Option<PathBuf>, BackupError> {
    must_be_file(copy)?;
    if is_same(database, copy) {
        return Err(failed(copy, "it is the database itself"));
    }
    if std::fs::metadata(beside(copy, "-wal")).is_ok_and(|wal| wal.len() > 0) {
        let why =
            "it has a -wal beside it, so it is no finished copy: make one with `dogwatch backup`";
        return Err(failed(copy, why));
    }
    if let Some(folder) = database.parent().filter(|one| !one.as_os_str().is_empty()) {
        files::make_folder(folder).map_err(|error| failed(folder, error))?;
    }
    let locked = Locked::out(database)?;
    let unfinished = Unfinished::beside(database)?;
    let nobody_yet = unfinished.handle.clone().lock();
    let _nobody_yet = nobody_yet.map_err(|error| failed(&unfinished.path, error))?;
    copy_into(copy, &unfinished)?;
    must_be_sound(&unfinished)?;
    let kept = match &locked {
        Locked::Database(_) => Some(set_aside(database, name_kept)?),
        Locked::Name(_) => None,
    };
    let placed = remove_rest(database).and_then(|()| unfinished.finish(database));
    if let (Err(_), Some(kept)) = (&placed, &kept) {
        rename(kept, database)?;
    }
    placed?;
    let mut restored = connect(database)?;
    file::check(&mut restored).map_err(|found| failed(database, found))?;
    Ok(kept)
}

/// What keeps servers away until it is dropped.
enum Locked {
    Database(#[expect(dead_code, reason = "it is held")] ServerLock),
    /// There is no database yet.
    Name(#[expect(dead_code, reason = "it is held")] File),
}

impl Locked {
    fn out(database: &Path) -> Result<Self, BackupError> {
        if !database.exists() {
            let lock = file::lock_beside(database).map(Self::Name);
            return lock.map_err(|error| failed(database, format!("a server has it ({error})")));
        }
        let handle = Handle::open(database).map_err(|error| failed(database, error))?;
        ServerLock::take(&handle, database)
            .map(Self::Database)
            .map_err(|error| BackupError(Cause::of(error)))
    }
}

fn must_be_file(path: &Path) -> Result<(), BackupError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(failed(path, "it is not a file")),
        Err(error) => Err(failed(path, error)),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let is_there = |path: &Path| std::fs::canonicalize(path).ok();
    is_there(one).is_some_and(|one| is_there(other) == Some(one))
}

/// Copies the content through a descriptor that stays open: closing one would give up SQLite's locks.
fn copy_into(copy: &Path, unfinished: &Unfinished) -> Result<(), BackupError> {
    let mut from = File::open(copy).map_err(|error| failed(copy, error))?;
    unfinished
        .handle
        .fill(&mut from)
        .map_err(|error| failed(&unfinished.path, error))
}

/// Checks what is about to become a backup or a database: whole, ours, and not of a newer program.
fn must_be_sound(unfinished: &Unfinished) -> Result<(), BackupError> {
    let mut connection = unfinished.connect()?;
    let wrong = |found: Box<dyn Error + Send + Sync>| {
        let text = format!("the copy is not sound: {found}");
        BackupError(Cause::in_words(text, found))
    };
    file::check(&mut connection).map_err(|found| wrong(found.into()))?;
    // Asking for the migrations would make the table.
    diesel::sql_query("SELECT version FROM __diesel_schema_migrations LIMIT 1")
        .execute(&mut connection)
        .map_err(|error| {
            let why = "it is no database of Dogwatch";
            wrong(Box::new(Cause::in_words(why, error)))
        })?;
    must_know(&mut connection, &SQLITE_MIGRATIONS).map_err(|error| wrong(Box::new(error)))
}

/// Gives the database that is there another name. What is only in its `-wal` is brought into it first; where that
/// cannot be (a foreign one would destroy it), they keep each other's company.
fn set_aside(database: &Path, name_kept: &str) -> Result<PathBuf, BackupError> {
    if file::check_read_only(database).is_ok() {
        connect(database)?
            .batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
            .map_err(|error| failed(database, error))?;
    }
    let kept = unused(database, name_kept);
    rename(database, &kept)?;
    Ok(kept)
}

/// The name, with a number where something has it already: an earlier restore may have kept the only good copy there.
fn unused(database: &Path, name_kept: &str) -> PathBuf {
    let mut kept = beside(database, name_kept);
    let mut number = 2;
    while std::fs::symlink_metadata(&kept).is_ok() {
        kept = beside(database, &format!("{name_kept}-{number}"));
        number += 1;
    }
    kept
}

/// Gives a database, and what belongs to it, another name.
fn rename(database: &Path, name: &Path) -> Result<(), BackupError> {
    for suffix in ["-wal", "-journal", ""] {
        let (from, to) = (beside(database, suffix), beside(name, suffix));
        match std::fs::rename(&from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !suffix.is_empty() => {}
            done => done.map_err(|error| failed(&from, error))?,
        }
    }
    Ok(())
}

/// Removes what would be taken for a part of the new database.
fn remove_rest(database: &Path) -> Result<(), BackupError> {
    for suffix in ["-wal", "-shm", "-journal"] {
        let rest = beside(database, suffix);
        match std::fs::remove_file(&rest) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&rest, error));
            }
            _ => {}
        }
    }
    Ok(())
}
