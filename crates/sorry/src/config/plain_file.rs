//! Reads a file that the configuration names: whole, within a bound, and without waiting for anybody.
//!
//! A path may lead to what is no plain file: a FIFO without a writer holds whoever opens it, a device may never end, and
//! opening one may do something. The control thread is held by none of them: it looks first and opens plain files only,
//! without waiting (`O_NONBLOCK`, open(2)), and looks again at what it has opened. What is made of the bytes, and which
//! bound is right, is the caller's business. Called for the configuration, pages, robots.txt, certificates and keys, at the
//! start, for a reload and when a file has changed.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// All of it.
    pub bytes: Vec<u8>,
    /// The permission bits of the very file that was read.
    pub mode: u32,
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum PlainFileError {
    /// The system said no.
    #[error(transparent)]
    System(#[from] io::Error),
    /// It is something else; a noun with its article.
    #[error("it is {0}, and only plain files are read; put a copy in a plain file and name that")]
    NotPlain(&'static str),
    /// It is longer than this many bytes.
    #[error("it is longer than {}; is this the right file?", super::size::format(*.0))]
    TooLong(u64),
}

impl PlainFileError {
    /// Whether there is no file of that name.
    pub fn is_absent(&self) -> bool {
        matches!(self, PlainFileError::System(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads the file, which may have `most` bytes.
///
/// # Errors
/// Whatever is at `path` is no plain file, is too long, or cannot be read.
pub fn read(path: &Path, most: u64) -> Result<Contents, PlainFileError> {
    let file = open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        Ok(Contents { bytes, mode })
    } else {
        Err(PlainFileError::TooLong(most))
    }
}

fn open(path: &Path) -> Result<File, PlainFileError> {
    // Before it is opened, since opening a device may already do something.
    check(fs::metadata(path)?.file_type())?;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    // It may have been exchanged since.
    check(file.metadata()?.file_type())?;
    Ok(file)
}

fn check(kind: FileType) -> Result<(), PlainFileError> {
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(PlainFileError::NotPlain(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_file_is_read_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "12345").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let contents = read(&path, 5).unwrap();
        assert_eq!((&*contents.bytes, contents.mode), (&b"12345"[..], 0o640));
        let error = read(&path, 4).unwrap_err().to_string();
        assert!(error.contains("longer than 4"), "{error}");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read(&link, 5).unwrap(), contents, "links are followed");
    }

    #[test]
    fn what_is_no_plain_file_is_named_and_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), fifo, mode, 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (path, what) in [
            (at("fifo"), "a FIFO"),
            (at("socket"), "a socket"),
            (folder.path().to_owned(), "a folder"),
            ("/dev/zero".into(), "a device"),
        ] {
            let error = read(&path, 1 << 20).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        let error = read(&at("absent"), 1).unwrap_err();
        assert!(matches!(error, PlainFileError::System(_)), "{error}");
    }
}
