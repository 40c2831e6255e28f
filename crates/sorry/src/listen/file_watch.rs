//! Tells when files have changed, however they are replaced: written in place, renamed over, or reached by symbolic
//! links that are swapped (certbot's `live/` folder, Kubernetes' `..data`).
//!
//! Folders are watched, not files, since a file that is renamed over takes its watch with it (inotify(7)); and not
//! only the last folder, but each one that the path goes through, with the name that matters in it. After an event
//! the path is walked anew. A slow look at the files besides sees what inotify cannot: network file systems, folders
//! that may not be watched. An idle watch wakes the process once per `look_every`.
//!
//! It does not read the files. `tls::reload` is the caller; anything else with files to reread can be.

mod path;

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify;
use sorry_sys::registered::Registered;
use tokio::io::Interest;

/// When changes are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Quiet time after a change before it is told: a certificate and its key are two files.
    pub settle: Duration,
    /// Changes that do not end are told after this time all the same.
    pub settle_at_most: Duration,
    /// Time between two looks that do not wait for the kernel.
    pub look_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            settle: Duration::from_millis(250),
            settle_at_most: Duration::from_secs(5),
            look_every: Duration::from_secs(60),
        }
    }
}

/// Watches some files.
#[derive(Debug)]
pub struct FileWatch {
    files: Vec<PathBuf>,
    settings: Settings,
    seen: Vec<Option<Fingerprint>>,
}

impl FileWatch {
    /// Takes note of the files as they are; whatever changes from now on is told. Make it before reading the files.
    pub fn new(files: Vec<PathBuf>, settings: Settings) -> Self {
        let seen = fingerprints(&files);
        Self {
            files,
            settings,
            seen,
        }
    }

    /// Resolves when a file is not what it was when the watch was made, or when this resolved the last time. To be
    /// called inside a runtime with I/O and time.
    pub async fn changed(&mut self) {
        loop {
            // First the watches, then the look: what changes between the two is seen by both.
            let watches = Watches::new(&self.files).ok();
            let now = fingerprints(&self.files);
            if now != self.seen {
                self.seen = now;
                return;
            }
            if let Some(watches) = watches {
                let event = watches.event();
                if tokio::time::timeout(self.settings.look_every, event)
                    .await
                    .is_ok()
                {
                    self.settle(&watches).await;
                }
            } else {
                tokio::time::sleep(self.settings.look_every).await;
            }
        }
    }

    async fn settle(&self, watches: &Watches) {
        let quiet = async {
            while tokio::time::timeout(self.settings.settle, watches.event())
                .await
                .is_ok()
            {}
        };
        let _ = tokio::time::timeout(self.settings.settle_at_most, quiet).await;
    }
}

/// What differs when a file was replaced, rewritten or given other permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fingerprint {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// `None` for a file that cannot be reached.
fn fingerprints(files: &[PathBuf]) -> Vec<Option<Fingerprint>> {
    let fingerprint = |file: &PathBuf| {
        let metadata = std::fs::metadata(file).ok()?;
        Some(Fingerprint {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    };
    files.iter().map(fingerprint).collect()
}

/// The kernel's watches on all folders that lead to the files.
struct Watches {
    inotify: Registered,
    /// The names that matter, by watch descriptor.
    names: HashMap<i32, HashSet<OsString>>,
}

impl Watches {
    fn new(files: &[PathBuf]) -> io::Result<Self> {
        let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
        let inotify = Registered::new(inotify::init(flags)?, Interest::READABLE)?;
        let mut names: HashMap<i32, HashSet<OsString>> = HashMap::new();
        for step in files.iter().flat_map(|file| path::steps(file)) {
            // A folder that may not be watched is left to the slow look.
            if let Ok(watch) = add(&inotify, &step.folder) {
                names.entry(watch).or_default().insert(step.name);
            }
        }
        Ok(Self { inotify, names })
    }

    /// Resolves after something happened to a name that matters.
    async fn event(&self) {
        loop {
            if self.inotify.readable().await.is_err() {
                // The runtime is shutting down.
                return std::future::pending().await;
            }
            if self.drain() {
                return;
            }
        }
    }

    /// Reads all events there are; `true` if one of them matters.
    fn drain(&self) -> bool {
        let mut matters = false;
        let _ = self.inotify.try_io(Interest::READABLE, |descriptor| {
            let mut buffer = [const { MaybeUninit::uninit() }; 4096];
            let mut reader = inotify::Reader::new(descriptor, &mut buffer);
            loop {
                match reader.next() {
                    Ok(event) => matters |= self.matters(&event),
                    Err(error) => return Err::<(), _>(error.into()),
                }
            }
        });
        matters
    }

    fn matters(&self, event: &inotify::Event<'_>) -> bool {
        let Some(name) = event.file_name() else {
            // The folder itself, or events were lost.
            return true;
        };
        let name = std::ffi::OsStr::from_bytes(name.to_bytes());
        let names = self.names.get(&event.wd());
        names.is_some_and(|names| names.contains(name))
    }
}

fn add(inotify: &Registered, folder: &Path) -> rustix::io::Result<i32> {
    use inotify::WatchFlags as Flags;
    let flags = Flags::CREATE
        | Flags::MOVED_TO
        | Flags::MOVED_FROM
        | Flags::DELETE
        | Flags::CLOSE_WRITE
        | Flags::ATTRIB
        | Flags::DELETE_SELF
        | Flags::MOVE_SELF
        | Flags::ONLYDIR;
    inotify::add_watch(inotify.get_ref(), folder, flags)
}

#[cfg(test)]
mod tests;
