//! Files and folders that are for nobody else to read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The mode of files, whatever the umask.
const FILE: u32 = 0o600;

/// The mode of folders.
const FOLDER: u32 = 0o700;

/// What the group and others may do.
const OTHERS: u32 = 0o077;

/// Makes a folder, and those above it, where they are missing. Whatever exists stays as it is.
///
/// # Errors
/// Where it cannot be made.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER)
        .create(folder)
}

/// How a file is made that only its owner reads.
#[must_use]
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(FILE);
    options
}

/// Writes a file as a whole: whoever looks sees all of it or nothing, also where the disk is full.
///
/// # Errors
/// Where it cannot be written; nothing is left then.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = beside(path, ".partial");
    let written = private()
        .write(true)
        .create_new(true)
        .open(&unfinished)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&unfinished, path));
    if written.is_err() {
        // What matters is the first error.
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

/// Writes down which files a folder has, so that what was renamed in it survives a power failure.
///
/// # Errors
/// Where the disk does not take it.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The path with more at the end of its name.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The mode of a file or folder, where others than its owner may use it.
#[must_use]
pub fn loose_mode(path: &Path) -> Option<u32> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & OTHERS != 0).then_some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        make_folder(&deep).unwrap();
        make_folder(&deep).unwrap();
        let file = deep.join("file");
        write_whole(&file, b"secret").unwrap();
        write_whole(&file, b"another").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"another");
        for made in [&deep, &folder.path().join("a"), &file] {
            assert_eq!(loose_mode(made), None, "{}", made.display());
        }
        let loose = std::fs::Permissions::from_mode(0o640);
        std::fs::set_permissions(&file, loose).unwrap();
        assert_eq!(loose_mode(&file), Some(0o640));
    }

    #[test]
    fn what_cannot_be_written_whole_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        // A folder cannot be replaced by a file.
        let taken = folder.path().join("taken");
        make_folder(&taken).unwrap();
        assert!(write_whole(&taken, b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
