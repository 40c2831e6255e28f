//! Why a journal could not be opened or written.

use std::io;
use std::path::PathBuf;

use super::line::{Unwritable, VERSION};

/// Why a journal could not be opened or written. What was in it before still is.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk, or who may do what on it.
    #[error("cannot {what} {}", .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it did not work.
        #[source]
        source: io::Error,
    },
    /// A later version has written it, in a form that this one does not know.
    #[error(
        "{} is of version {version}, and this sorry reads up to {VERSION}: run the newer one, or move the file away, \
         with the orders in it", .path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// There is something else of that name.
    #[error("{} is no plain file: move it away", .0.display())]
    NotPlain(PathBuf),
    /// Larger than any that is read again, or about to become so.
    #[error("{} is larger than {} MiB, or would be: move it away", .0.display(), super::file::LARGEST >> 20)]
    Large(PathBuf),
    /// The record.
    #[error("cannot write to {}", .path.display())]
    Record {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Unwritable,
    },
}
