//! The file of an SQLite database: who may serve it, and whether it is still at its path.
//!
//! A process that closes any descriptor of a file gives up all POSIX locks it has on it, SQLite's among them. So this
//! one's own descriptor is opened before SQLite's, shared by all stores of the process, and closed after them.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{ConnectionError, ConnectionResult};

use super::StoreError;
use crate::files::{self, beside};

/// How often is tried to take a lock, after the first time, and the pause before each.
const TRIES: usize = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// Which file it is, whatever it is called.
type FileId = (u64, u64);

fn id_of(metadata: &Metadata) -> FileId {
    (metadata.dev(), metadata.ino())
}

fn id_at(path: &Path) -> Option<FileId> {
    std::fs::metadata(path).ok().as_ref().map(id_of)
}

/// This process's own descriptor of a database file.
#[derive(Debug)]
pub(super) struct Handle {
    file: File,
    id: FileId,
    locked: AtomicBool,
}

impl Handle {
    /// Opens the file, or makes an empty one, which SQLite takes for a new database.
    pub(super) fn open(path: &Path) -> io::Result<Arc<Self>> {
        static OPEN: Mutex<Option<HashMap<FileId, Weak<Handle>>>> = Mutex::new(None);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        open.retain(|_, handle| handle.strong_count() > 0);
        let known = id_at(path).and_then(|id| open.get(&id)?.upgrade());
        if let Some(known) = known {
            return Ok(known);
        }
        let file = open_or_make(path)?;
        let id = id_of(&file.metadata()?);
        let locked = AtomicBool::new(false);
        let handle = Arc::new(Self { file, id, locked });
        open.insert(id, Arc::downgrade(&handle));
        Ok(handle)
    }

    /// Writes all that `from` has into the file, which is empty.
    pub(super) fn fill(&self, from: &mut File) -> io::Result<()> {
        let mut file = &self.file;
        io::copy(from, &mut file)?;
        file.sync_all()
    }

    /// Locks the file itself, so that symbolic and hard links to it are locked as well.
    pub(super) fn lock(self: Arc<Self>) -> io::Result<FileLock> {
        if self.locked.swap(true, Ordering::AcqRel) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        // Elsewhere than on Linux this lock and SQLite's own would exclude each other.
        if cfg!(target_os = "linux")
            && let Err(error) = self.file.try_lock()
        {
            self.locked.store(false, Ordering::Release);
            return Err(error.into());
        }
        Ok(FileLock(self))
    }
}

fn open_or_make(path: &Path) -> io::Result<File> {
    let made = files::private()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    match made {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            // Where there is none, the first error says why none can be made.
            File::open(path).map_err(|second| match second.kind() {
                io::ErrorKind::NotFound => error,
                _ => second,
            })
        }
        made => made,
    }
}

/// The lock of a database file, until it is dropped.
#[derive(Debug)]
pub(super) struct FileLock(Arc<Handle>);

impl Drop for FileLock {
    fn drop(&mut self) {
        if let Err(error) = self.0.file.unlock() {
            tracing::debug!(%error, "a lock ends with its process");
        }
        self.0.locked.store(false, Ordering::Release);
    }
}

fn in_use(path: &Path, error: &io::Error) -> StoreError {
    let why = match error.kind() {
        io::ErrorKind::WouldBlock => "stop it first".to_owned(),
        _ => error.to_string(),
    };
    StoreError::Unavailable(format!("another server has {}: {why}", path.display()).into())
}

/// The right to be the one server of a database file, until it is dropped.
#[derive(Debug)]
pub struct ServerLock {
    _file: FileLock,
    /// What older versions of this program look at.
    _beside: File,
}

impl ServerLock {
    /// Takes it.
    pub(super) fn take(handle: &Arc<Handle>, path: &Path) -> Result<Self, StoreError> {
        let id = handle.id;
        let file = in_time(|| Arc::clone(handle).lock()).map_err(|error| in_use(path, &error))?;
        let beside = in_time(|| lock_beside(path)).map_err(|error| in_use(path, &error))?;
        if id_at(path) != Some(id) {
            return Err(moved());
        }
        Ok(Self {
            _file: file,
            _beside: beside,
        })
    }
}

/// Takes a lock that somebody may be about to give up: a server that stops, or a command that checks.
fn in_time<T>(lock: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..TRIES {
        match lock() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    lock()
}

/// Takes the lock in a file beside the database.
pub(super) fn lock_beside(path: &Path) -> io::Result<File> {
    let lock = files::private()
        .write(true)
        .create(true)
        .truncate(false)
        .open(beside(path, ".lock"))?;
    lock.try_lock()?;
    Ok(lock)
}

fn moved() -> StoreError {
    StoreError::Unavailable(
        "the database file was removed or replaced while it was open: stop the server before that"
            .into(),
    )
}

/// A database file that is open.
pub(super) struct DatabaseFile {
    /// SQLite removes its `-wal` with the last connection: while this one is open, that stays the same file.
    _anchor: Mutex<SqliteConnection>,
    handle: Arc<Handle>,
    path: PathBuf,
    parts: Vec<(PathBuf, FileId)>,
    /// The largest size that the file had, in bytes. SQLite does not make it smaller while it is open.
    largest: AtomicU64,
}

impl DatabaseFile {
    /// Remembers which files a connection has opened.
    pub(super) fn new(
        path: &Path,
        handle: Arc<Handle>,
        mut anchor: SqliteConnection,
    ) -> Result<Self, StoreError> {
        // The first statement that reads opens the other files.
        diesel::sql_query("SELECT count(*) FROM sqlite_master").execute(&mut anchor)?;
        let others = ["-wal", "-shm"].map(|suffix| beside(path, suffix));
        let parts = others
            .into_iter()
            .filter_map(|part| id_at(&part).map(|id| (part, id)));
        let mut all = vec![(path.to_owned(), handle.id)];
        all.extend(parts);
        Ok(Self {
            _anchor: Mutex::new(anchor),
            handle,
            path: path.to_owned(),
            parts: all,
            largest: AtomicU64::new(0),
        })
    }

    /// Whether everything is where it was.
    pub(super) fn is_in_place(&self) -> bool {
        self.parts.iter().all(|(path, id)| id_at(path) == Some(*id)) && !self.is_cut_off()
    }

    fn is_cut_off(&self) -> bool {
        let size = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        size < self.largest.fetch_max(size, Ordering::AcqRel)
    }

    /// The same as an error: what is written now would be lost, and what is read may be another database.
    pub(super) fn must_be_in_place(&self) -> Result<(), StoreError> {
        if self.is_in_place() {
            Ok(())
        } else {
            super::trouble::note(super::trouble::Trouble::Moved);
            Err(moved())
        }
    }

    /// Makes this process the one server.
    pub(super) fn acquire_server_lock(&self) -> Result<ServerLock, StoreError> {
        ServerLock::take(&self.handle, &self.path)
    }

    /// Looks whether a server has the file, and makes nothing.
    pub(super) fn must_have_no_server(&self) -> Result<(), StoreError> {
        in_time(|| Arc::clone(&self.handle).lock())
            .map(drop)
            .map_err(|error| in_use(&self.path, &error))
    }
}

/// Looks, before anything is written, whether a `-wal` that nobody uses belongs to the database: after a kill it does;
/// where somebody has put a copy in the place of the file, it does not, and SQLite would write it into the copy.
pub(super) fn check_leftover_wal(path: &Path, handle: &Arc<Handle>) -> Result<(), StoreError> {
    let wal = beside(path, "-wal");
    let is_left = std::fs::metadata(&wal).is_ok_and(|wal| wal.len() > 0);
    let is_in_use = Arc::strong_count(handle) > 1;
    if !is_left || is_in_use {
        return Ok(());
    }
    // A server that runs has looked already.
    let Ok(_lock) = Arc::clone(handle).lock() else {
        return Ok(());
    };
    check_read_only(path).map_err(|found| {
        let what = format!(
            "{} and the {} beside it do not make a sound database ({found}): restore a backup with `dogwatch restore`, \
             or, where a copy was put in its place, move the -wal and the -shm away",
            path.display(),
            wal.file_name().unwrap_or_default().display(),
        );
        StoreError::Unavailable(what.into())
    })
}

/// Connects to a file that exists; `mode` is one of SQLite's: `ro` or `rw`.
pub(super) fn connect(path: &Path, mode: &str) -> ConnectionResult<SqliteConnection> {
    let bad = |why: String| ConnectionError::BadConnection(why);
    let path = std::path::absolute(path).map_err(|error| bad(error.to_string()))?;
    let url =
        url::Url::from_file_path(path).map_err(|()| bad("its path cannot be used".to_owned()))?;
    SqliteConnection::establish(&format!("{url}?mode={mode}"))
}

/// Checks a database, with all that lies beside it, without changing its files.
pub(super) fn check_read_only(path: &Path) -> Result<(), String> {
    let mut connection = connect(path, "ro").map_err(|error| error.to_string())?;
    check(&mut connection)
}

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    finding: String,
}

/// Checks a database as a whole; says what is wrong with it.
pub(super) fn check(connection: &mut SqliteConnection) -> Result<(), String> {
    let found = diesel::sql_query("SELECT integrity_check AS finding FROM pragma_integrity_check")
        .load::<Finding>(connection)
        .map_err(|error| error.to_string())?;
    let wrong: Vec<String> = found
        .into_iter()
        .map(|found| found.finding)
        .filter(|finding| finding != "ok")
        .take(3)
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; "))
    }
}

/// The files of a database that others than their owner may use, and their modes.
#[must_use]
pub fn loose_files(path: &Path) -> Vec<(PathBuf, u32)> {
    let all = ["", "-wal", "-shm", ".lock"].map(|suffix| beside(path, suffix));
    let loose = all.into_iter().filter_map(|file| {
        let mode = files::loose_mode(&file)?;
        Some((file, mode))
    });
    loose.collect()
}
