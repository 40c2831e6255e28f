//! The file of a unix listening socket. The kernel leaves it behind when the socket is closed, so whoever made it removes
//! it, unless the socket has gone on to somebody else, and only while it still is the same file. Whoever has the socket from
//! a process before it becomes the one that removes the file, once it is settled that the other one does not go on.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Removes the file when dropped. Drop it before the socket: while that listens, no other process puts its own there.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// The file that was just bound.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Leaves the file alone: somebody else listens on the socket from now on.
    pub fn leave(mut self) {
        self.path = PathBuf::new();
    }

    fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|metadata| {
            metadata.file_type().is_socket()
                && (metadata.dev(), metadata.ino()) == (self.device, self.inode)
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_there()
            && let Err(error) = fs::remove_file(&self.path)
        {
            log::warn!("cannot remove the socket {}: {error}", self.path.display());
        }
    }
}

/// What this process has to do with the file of a listening socket.
#[derive(Debug, Default)]
pub enum Claim {
    /// Nothing: there is no file, or it is somebody else's to remove.
    #[default]
    None,
    /// The file is its own.
    Held(SocketFile),
    /// It will be, when the process that the socket came from does not go on.
    Promised(PathBuf),
}

impl Claim {
    /// On the file that was just bound. Without it the file stays behind, and the next start removes it.
    pub fn on(path: &Path) -> Claim {
        SocketFile::of(path).map_or(Claim::None, Claim::Held)
    }

    /// What was promised is held from now on.
    pub fn settle(&mut self) {
        if let Claim::Promised(path) = self {
            *self = Claim::on(path);
        }
    }

    /// Removes the file, if it is held.
    pub fn remove(&mut self) {
        *self = Claim::None;
    }

    /// Gives the claim up; the file stays.
    pub fn leave(&mut self) {
        if let Claim::Held(file) = std::mem::take(self) {
            file.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_the_very_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let listener = UnixListener::bind(&path).unwrap();
        drop(SocketFile::of(&path).unwrap());
        assert!(!path.exists());
        drop(listener);
        // Kept, so that the next file cannot have the same number.
        let _first = UnixListener::bind(folder.path().join("b")).unwrap();
        let file = SocketFile::of(&folder.path().join("b")).unwrap();
        fs::rename(folder.path().join("b"), folder.path().join("c")).unwrap();
        let _second = UnixListener::bind(folder.path().join("b")).unwrap();
        drop(file);
        assert!(folder.path().join("b").exists(), "another process's");
        SocketFile::of(&folder.path().join("c")).unwrap().leave();
        assert!(folder.path().join("c").exists(), "handed over");
    }

    #[test]
    fn a_promise_removes_nothing_before_it_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let _listener = UnixListener::bind(&path).unwrap();
        drop(Claim::Promised(path.clone()));
        assert!(path.exists(), "whoever had it before goes on");
        let mut claim = Claim::Promised(path.clone());
        claim.settle();
        claim.leave();
        assert!(path.exists(), "left to a successor");
        let mut claim = Claim::Promised(path.clone());
        claim.settle();
        claim.remove();
        assert!(!path.exists());
    }
}
