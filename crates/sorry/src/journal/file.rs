//! A journal on disk: opened with all that is whole in it, appended to, and rewritten when it has grown.
//!
//! The promise: what [`Journal::append`] has returned for is on the disk, and what it failed for is not in the file. So a write
//! that went half-way is cut off again; and after a sync that failed the file is made anew from what was safe before, since
//! then the kernel may have thrown away what it could not write, and says so only once (fsync(2), errseq_t).

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::JournalError;
use super::folder::{self, Folder};
use super::line::{self, Contents, Damage};

/// How many damaged files are kept as they were found; of more, the last is replaced.
const ASIDE: usize = 9;

/// The largest file that is taken for a journal, in bytes.
pub(super) const LARGEST: u64 = 64 << 20;

/// Below this size no journal is worth rewriting, in bytes.
const SMALL: u64 = 64 * 1024;

/// How many times the size that it had when it was last rewritten.
const GROWN: u64 = 4;

/// A file of records of one type, in a folder that is ours.
#[derive(Debug)]
pub struct Journal<T> {
    folder: Arc<Folder>,
    path: PathBuf,
    file: File,
    /// Up to here it is on the disk, in bytes.
    safe: u64,
    /// Its size when it was last rewritten; 0 before that.
    compacted: u64,
    mend: Mend,
    /// From this size on it begins anew, and what it was stays beside it.
    rotates_at: Option<u64>,
    records: PhantomData<fn(T) -> T>,
}

/// What must be done before anything else can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    Nothing,
    /// What lies behind the safe part could not be cut off, or the kernel could not sync: the safe part goes to a new file.
    Anew,
    /// It has been exchanged for a new file, and nobody knows whether the folder's entry is on the disk.
    Folder,
}

impl<T: Serialize + DeserializeOwned> Journal<T> {
    /// Opens the journal `name`, or begins it. Lines that are damaged are left out; the file as it was found stays beside it
    /// as `name.damaged`, or `name.damaged.2` where there is one already. A file of a later version is left alone.
    pub fn open(
        folder: &Arc<Folder>,
        name: &str,
    ) -> Result<(Journal<T>, Vec<T>, Damage), JournalError> {
        let path = folder.path().join(name);
        // A rewriting that a crash has interrupted: the old file still counts.
        let _none = folder::remove(&new_name(&path));
        let file = match folder::open_plain(&path, OFlags::empty()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let journal = Journal::begin(folder, path)?;
                return Ok((journal, Vec::new(), Damage::default()));
            }
            Err(source) => return Err(failed("open", &path, source)),
        };
        let contents = read_all(&file, &path)?;
        let mut journal = Journal {
            folder: Arc::clone(folder),
            path,
            file,
            safe: contents.whole as u64,
            compacted: 0,
            mend: Mend::Nothing,
            rotates_at: None,
            records: PhantomData,
        };
        let damage = journal.take_in(&contents)?;
        Ok((journal, contents.records, damage))
    }

    /// From `bytes` on the file becomes `name.1`, in the place of an older one, and a new one is begun. For a journal of which nothing
    /// can be left out, and which must not end for being full.
    pub fn rotating_at(self, bytes: u64) -> Journal<T> {
        let rotates_at = Some(bytes);
        Journal { rotates_at, ..self }
    }

    fn begin(folder: &Arc<Folder>, path: PathBuf) -> Result<Journal<T>, JournalError> {
        let head = line::head();
        let file = replace(folder, &path, head.as_bytes())?;
        folder
            .sync()
            .map_err(|source| failed("sync the folder of", &path, source))?;
        Ok(Journal {
            folder: Arc::clone(folder),
            path,
            file,
            safe: head.len() as u64,
            compacted: 0,
            mend: Mend::Nothing,
            rotates_at: None,
            records: PhantomData,
        })
    }

    /// Cuts off what a crash has left half-written, and takes damage out.
    fn take_in(&mut self, contents: &Contents<T>) -> Result<Damage, JournalError> {
        let mut damage = contents.damage.clone();
        if damage.is_serious() || contents.version.is_none() {
            match self.set_aside(contents) {
                Ok(()) => return Ok(damage),
                Err(error) => damage.unmended = Some(chain(&error)),
            }
        }
        if damage.torn > 0 {
            self.cut()
                .map_err(|source| failed("cut the torn end off", &self.path, source))?;
        }
        Ok(damage)
    }

    /// Keeps the file as it was found under another name and goes on with a new one that has what is whole.
    fn set_aside(&mut self, contents: &Contents<T>) -> Result<(), JournalError> {
        if contents.damage.is_serious() {
            self.keep_aside()?;
        }
        self.compact(&contents.records)?;
        // It was not its owner who gave these.
        self.compacted = 0;
        Ok(())
    }

    /// Beside those that are kept already: the first was damaged by what went wrong, and later ones perhaps by what followed from it.
    fn keep_aside(&self) -> Result<(), JournalError> {
        let first = beside(&self.path, "damaged");
        let name = |number: usize| match number {
            1 => first.clone(),
            number => beside(&first, &number.to_string()),
        };
        let names: Vec<PathBuf> = (1..=ASIDE).map(name).collect();
        // An earlier start may have got no further than this.
        let inode = |path: &Path| fs::symlink_metadata(path).map(|file| file.ino()).ok();
        let this = inode(&self.path);
        if names.iter().any(|name| inode(name) == this) {
            return Ok(());
        }
        let free = names.iter().find(|name| inode(name).is_none());
        let Some(name) = free.or(names.last()) else {
            return Ok(());
        };
        self.keep_as(name)
            .map_err(|source| failed("keep the damaged file as", name, source))
    }

    /// A second name costs no space, which may be what is lacking. Where there are no second names, a copy does.
    fn keep_as(&self, aside: &Path) -> io::Result<()> {
        folder::remove(aside)
            .and_then(|()| fs::hard_link(&self.path, aside))
            .or_else(|_| fs::copy(&self.path, aside).map(drop))
    }

    /// Writes records, all of them in one write, and returns when they are on the disk. Where that fails none of them is in
    /// the file, and later ones can be written.
    pub fn append(&mut self, records: &[T]) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes, records)?;
        if bytes.is_empty() {
            return Ok(());
        }
        if self.rotates_at.is_some_and(|size| self.safe >= size)
            && let Err(error) = self.rotate()
        {
            // There is room for some more in the old one.
            log::warn!("{}", chain(&error));
        }
        if self.safe + bytes.len() as u64 > LARGEST {
            return Err(JournalError::Large(self.path.clone()));
        }
        self.mend()?;
        self.write(&bytes).inspect_err(|_| self.undo())?;
        self.safe += bytes.len() as u64;
        Ok(())
    }

    /// Begins anew. A crash on the way leaves the old file under both names, and the next record tries again.
    fn rotate(&mut self) -> Result<(), JournalError> {
        self.mend()?;
        let old = earlier_name(&self.path);
        self.keep_as(&old)
            .map_err(|source| failed("keep what is full as", &old, source))?;
        self.exchange(line::head().as_bytes())
    }

    /// Whether it has grown so much that its owner should give [`Journal::compact`] what still matters.
    pub fn has_grown(&self) -> bool {
        self.safe > SMALL.max(GROWN * self.compacted)
    }

    /// Puts these records in the place of all that were written before. A crash leaves either the old ones or these, and so
    /// does an error.
    pub fn compact(&mut self, state: &[T]) -> Result<(), JournalError> {
        let mut bytes = line::head().into_bytes();
        self.encode(&mut bytes, state)?;
        self.exchange(&bytes)?;
        self.compacted = self.safe;
        Ok(())
    }

    /// What was in a journal before it began anew; nothing where it never did.
    pub fn earlier(folder: &Folder, name: &str) -> Result<Vec<T>, JournalError> {
        let path = earlier_name(&folder.path().join(name));
        match folder::open_plain(&path, OFlags::empty()) {
            Ok(file) => Ok(read_all(&file, &path)?.records),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(failed("open", &path, source)),
        }
    }

    /// Its size on the disk, in bytes.
    pub fn size(&self) -> u64 {
        self.safe
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn encode(&self, bytes: &mut Vec<u8>, records: &[T]) -> Result<(), JournalError> {
        for record in records {
            line::write(bytes, record).map_err(|source| JournalError::Record {
                path: self.path.clone(),
                source,
            })?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        if let Err(source) = self.file.write_all(bytes) {
            return Err(failed("write to", &self.path, source));
        }
        if let Err(source) = self.file.sync_data() {
            self.mend = Mend::Anew;
            return Err(failed("sync", &self.path, source));
        }
        Ok(())
    }

    /// Takes back what was written behind the safe part.
    fn undo(&mut self) {
        if self.cut().is_err() {
            self.mend = Mend::Anew;
        }
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.safe)?;
        self.file.sync_data()
    }

    /// Does what an earlier failure has left to do.
    fn mend(&mut self) -> Result<(), JournalError> {
        match self.mend {
            Mend::Nothing => Ok(()),
            Mend::Folder => self.sync_folder(),
            Mend::Anew => {
                let mut bytes = folder::read_up_to(&self.file, LARGEST)
                    .map_err(|source| failed("read", &self.path, source))?;
                bytes.truncate(usize::try_from(self.safe).unwrap_or(usize::MAX));
                self.exchange(&bytes)
            }
        }
    }

    fn exchange(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.file = replace(&self.folder, &self.path, bytes)?;
        self.safe = bytes.len() as u64;
        self.mend = Mend::Folder;
        self.sync_folder()
    }

    fn sync_folder(&mut self) -> Result<(), JournalError> {
        self.folder
            .sync()
            .map_err(|source| failed("sync the folder of", &self.path, source))?;
        self.mend = Mend::Nothing;
        Ok(())
    }
}

/// Reads what there is, unless it is nothing of ours.
fn read_all<T: DeserializeOwned>(file: &File, path: &Path) -> Result<Contents<T>, JournalError> {
    let read = |source| failed("read", path, source);
    if !file.metadata().map_err(read)?.is_file() {
        return Err(JournalError::NotPlain(path.to_owned()));
    }
    let bytes = folder::read_up_to(file, LARGEST).map_err(read)?;
    if bytes.len() as u64 > LARGEST {
        return Err(JournalError::Large(path.to_owned()));
    }
    let contents = line::read(&bytes);
    match contents.version {
        Some(version) if version > line::VERSION => Err(JournalError::Newer {
            path: path.to_owned(),
            version,
        }),
        _ => Ok(contents),
    }
}

/// Writes a new file, whole and synced, and gives it the name of the old one (rename(2)).
fn replace(folder: &Folder, path: &Path, bytes: &[u8]) -> Result<File, JournalError> {
    debug_assert_eq!(path.parent(), Some(folder.path()));
    let new = new_name(path);
    let written = folder::remove(&new)
        .and_then(|()| folder::open_plain(&new, OFlags::CREATE | OFlags::EXCL))
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, path)?;
            Ok(file)
        });
    written.map_err(|source| {
        // It takes space that may be what is lacking.
        let _remains = folder::remove(&new);
        failed("write a new", path, source)
    })
}

fn earlier_name(path: &Path) -> PathBuf {
    beside(path, "1")
}

fn new_name(path: &Path) -> PathBuf {
    beside(path, "new")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}

fn chain(error: &JournalError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
