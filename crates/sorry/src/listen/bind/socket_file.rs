//! The file of a unix listening socket. The kernel leaves it behind when the socket is closed, so whoever made it removes
//! it, unless the socket has gone on to somebody else, and only while it still is the same file.

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
}
