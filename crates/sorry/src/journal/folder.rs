//! The state folder: one process at a time, and nobody else's business.
//!
//! It is made if it is missing, with mode 0750, and files in it get 0640. Whoever uses it holds a lock (flock(2)) on the file
//! `lock` in it, which also says who that is; the kernel gives it up with the process, however that ends.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

/// The mode of its files.
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP);

/// The file that is locked.
const LOCK: &str = "lock";

/// How often the lock is tried while it is waited for. The kernel tells nobody that a flock came free, but those who wait for it
/// without end.
const AGAIN: Duration = Duration::from_millis(20);

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Somebody else has it.
    #[error(
        "another sorry{} uses the state folder {}: give this one another, or end that one", named(.1), .0.display()
    )]
    Busy(PathBuf, Option<u32>),
    /// The disk, or who may do what on it.
    #[error("cannot {what} {}", .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it did not work.
        #[source]
        source: io::Error,
    },
}

fn named(process: &Option<u32>) -> String {
    process.map_or_else(String::new, |id| format!(" (process {id})"))
}

/// A state folder that is this process's. The lock is given up when it is dropped; journals keep it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is missing (those above it must be there) and locks it. Where somebody else has it, this waits
    /// so long for them to give it up, which in a take-over they are about to; the thread sleeps meanwhile.
    pub fn open(path: &Path, wait: Duration) -> Result<Folder, FolderError> {
        make(path)?;
        let file = path.join(LOCK);
        let failed = |what, source: io::Error| FolderError::Io {
            what,
            path: file.clone(),
            source,
        };
        let mut lock = open_plain(&file, OFlags::CREATE)
            .map_err(|source| failed("open the lock file", source))?;
        let deadline = Instant::now() + wait;
        loop {
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => std::thread::sleep(AGAIN),
                Err(Errno::WOULDBLOCK) => {
                    return Err(FolderError::Busy(path.to_owned(), holder(&mut lock)));
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(failed("lock", error.into())),
            }
        }
        // Only for people: a disk that is full is no reason not to start.
        let _unnamed = name(&mut lock);
        Ok(Folder {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the names in it as safe as the files (fsync(2)).
    pub(super) fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

fn make(path: &Path) -> Result<(), FolderError> {
    match DirBuilder::new().mode(0o750).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(source) => Err(FolderError::Io {
            what: "make the state folder",
            path: path.to_owned(),
            source,
        }),
    }
}

/// Opens a file for reading and appending: no link, and nothing that is waited for.
pub(super) fn open_plain(path: &Path, more: OFlags) -> io::Result<File> {
    let flags = OFlags::RDWR
        | OFlags::APPEND
        | OFlags::CLOEXEC
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | more;
    Ok(rustix::fs::open(path, flags, FILE_MODE)?.into())
}

/// Who has the lock, by what they wrote.
fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn name(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    writeln!(lock, "{}", std::process::id())
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads up to so many bytes from the beginning; one more than that where there are more.
pub(super) fn read_up_to(file: &File, most: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len().min(most + 1);
    let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn it_is_made_for_nobody_else() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("state");
        let folder = Folder::open(&path, Duration::ZERO).unwrap();
        assert_eq!(mode(folder.path()) & 0o027, 0);
        assert_eq!(mode(&path.join(LOCK)) & 0o137, 0);
        let missing = above.path().join("a/b");
        let error = Folder::open(&missing, Duration::ZERO).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot make the state folder ")
        );
        let file = above.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Folder::open(&file, Duration::ZERO).is_err());
    }

    #[test]
    fn of_two_the_second_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let first = Folder::open(folder.path(), Duration::ZERO).unwrap();
        let error = Folder::open(folder.path(), Duration::ZERO).unwrap_err();
        let me = std::process::id();
        let expected = format!("another sorry (process {me}) uses the state folder ");
        assert!(error.to_string().starts_with(&expected), "{error}");
        drop(first);
        Folder::open(folder.path(), Duration::ZERO).unwrap();
    }

    #[test]
    fn a_successor_waits_until_its_predecessor_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = Folder::open(folder.path(), Duration::ZERO).unwrap();
        let path = folder.path().to_owned();
        let second = std::thread::spawn(move || Folder::open(&path, Duration::from_secs(60)));
        assert!(!second.is_finished());
        drop(first);
        second.join().unwrap().unwrap();
    }

    #[test]
    fn a_lock_that_is_a_link_is_nobody_to_write_to() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("passwords");
        fs::write(&target, "secret").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join(LOCK)).unwrap();
        assert!(Folder::open(folder.path(), Duration::ZERO).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "secret");
    }
}
