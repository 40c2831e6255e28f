//! Reads a page's files, and no others: nothing hidden, nothing that a symbolic link leads to outside the folder,
//! nothing beyond the bounds.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::super::mistake::Mistake;
use super::super::source::{Bounds, Exceeded};

/// How deep folders may lie in each other.
const DEEPEST: usize = 16;

/// Files read so far, by their names from the folder on, with slashes.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    /// The same without symbolic links.
    real: PathBuf,
    bounds: Bounds,
    bytes: usize,
    read: BTreeMap<String, Bytes>,
}

impl Files {
    /// Opens a folder and reads nothing yet.
    pub(super) fn open(folder: &Path, bounds: Bounds) -> Result<Files, Mistake> {
        let real = fs::canonicalize(folder)
            .map_err(|error| mistake(folder, format!("cannot open the page's folder: {error}")))?;
        Ok(Files {
            folder: folder.to_owned(),
            real,
            bounds,
            bytes: 0,
            read: BTreeMap::new(),
        })
    }

    /// The path of the file called `name`, or of the folder itself, for messages.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.folder.clone(),
            name => self.folder.join(name),
        }
    }

    /// What has been read.
    pub(super) fn all(&self) -> &BTreeMap<String, Bytes> {
        &self.read
    }

    /// Reads everything in the folder. Goes on after a mistake, so that all are told together.
    pub(super) fn read_all(&mut self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut folders = vec![(String::new(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            let entries = match self.entries(&folder) {
                Ok(entries) => entries,
                Err(mistake) => {
                    mistakes.push(mistake);
                    continue;
                }
            };
            for (name, is_folder) in entries {
                if is_folder && depth < DEEPEST {
                    folders.push((name, depth + 1));
                } else if is_folder {
                    let message = format!("lies more than {DEEPEST} folders deep");
                    mistakes.push(mistake(&self.path(&name), message));
                } else if let Err(mistake) = self.read_one(&name) {
                    mistakes.push(mistake);
                    // One file too many is told once.
                    if self.is_full() {
                        return mistakes;
                    }
                }
            }
        }
        mistakes
    }

    /// Reads the file called `name` if that has not been done. `None` where there is none, or none that may be read.
    pub(super) fn get(&mut self, name: &str) -> Result<Option<Bytes>, Mistake> {
        if let Some(bytes) = self.read.get(name) {
            return Ok(Some(bytes.clone()));
        }
        if name.split('/').any(is_ignored) || !self.path(name).is_file() {
            return Ok(None);
        }
        self.read_one(name).map(Some)
    }

    fn is_full(&self) -> bool {
        self.read.len() >= self.most_files() || self.bytes >= self.bounds.total_bytes
    }

    /// Assets, and some room for pages and templates in many languages.
    fn most_files(&self) -> usize {
        self.bounds.assets.saturating_add(256)
    }

    /// The names in a folder in order, and which of them are folders. A symbolic link to a folder is not followed, so
    /// that no circle of them can be.
    fn entries(&self, folder: &str) -> Result<Vec<(String, bool)>, Mistake> {
        let path = self.path(folder);
        let failed = |error: io::Error| mistake(&path, format!("cannot read the folder: {error}"));
        let mut entries = Vec::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let message = "has a name that is not UTF-8, which no URL can say".to_owned();
                return Err(mistake(&entry.path(), message));
            };
            if is_ignored(name) {
                continue;
            }
            let full = match folder {
                "" => name.to_owned(),
                folder => format!("{folder}/{name}"),
            };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() || entry.path().is_file() || dangles(&entry.path()) {
                entries.push((full, kind.is_dir()));
            }
        }
        entries.sort();
        Ok(entries)
    }

    fn read_one(&mut self, name: &str) -> Result<Bytes, Mistake> {
        let path = self.path(name);
        let failed = |error: io::Error| mistake(&path, format!("cannot read the file: {error}"));
        let real = fs::canonicalize(&path).map_err(failed)?;
        if !real.starts_with(&self.real) {
            let message = format!(
                "is a symbolic link out of the page's folder, to {}; put a copy there instead",
                real.display()
            );
            return Err(mistake(&path, message));
        }
        let bytes = self.within_bounds(
            &path,
            read_bounded(&real, self.bounds.file_bytes).map_err(failed)?,
        )?;
        self.read.insert(name.to_owned(), bytes.clone());
        Ok(bytes)
    }

    /// Refuses what is too much; otherwise counts it.
    pub(super) fn within_bounds(&mut self, path: &Path, bytes: Vec<u8>) -> Result<Bytes, Mistake> {
        let Bounds {
            file_bytes,
            total_bytes,
            ..
        } = self.bounds;
        if bytes.len() > file_bytes {
            let message =
                format!("is longer than the {file_bytes} bytes that a file of a page may have");
            return Err(excess(path, Exceeded::Bytes, message));
        }
        if self.read.len() >= self.most_files() {
            let message = format!(
                "is one file too many: a page may have {} assets",
                self.bounds.assets
            );
            return Err(excess(path, Exceeded::Assets, message));
        }
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > total_bytes {
            let message = format!(
                "makes the page's files longer than the {total_bytes} bytes that they may have together"
            );
            return Err(excess(path, Exceeded::Bytes, message));
        }
        Ok(bytes.into())
    }
}

/// Reads at most one byte more than `longest`, which is enough to see that it is too long.
pub(super) fn read_bounded(path: &Path, longest: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Hidden files, and what editors leave behind.
fn is_ignored(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

/// A symbolic link to nothing: reading it says so.
fn dangles(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

pub(super) fn mistake(path: &Path, message: String) -> Mistake {
    Mistake {
        file: path.to_owned(),
        line: None,
        message,
        exceeds: None,
    }
}

/// A mistake that is too much of something.
pub(super) fn excess(path: &Path, exceeds: Exceeded, message: String) -> Mistake {
    Mistake {
        exceeds: Some(exceeds),
        ..mistake(path, message)
    }
}
