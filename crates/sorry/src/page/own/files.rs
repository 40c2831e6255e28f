//! Reads a page's files, and no others: nothing hidden, nothing that a symbolic link leads to outside the folder,
//! nothing beyond the bounds.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::super::mistake::Mistake;
use super::super::source::{Bounds, Exceeded};
use crate::config::plain_file::{self, PlainFileError};

/// How deep folders may lie in each other.
const DEEPEST: usize = 16;

/// After as many mistakes the rest of a folder is not read: it is not meant for a page.
const MISTAKES_TOLD: usize = 100;

/// Files read so far, by their names from the folder on, with slashes.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    /// The same without symbolic links.
    real: PathBuf,
    bounds: Bounds,
    bytes: usize,
    /// Names in folders that have been looked at, hidden ones too.
    seen: usize,
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
            seen: 0,
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
                    if self.seen > self.most_names() {
                        return mistakes;
                    }
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
                    // One file too many is told once, and nobody reads a thousand mistakes.
                    if self.is_full() || mistakes.len() >= MISTAKES_TOLD {
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

    /// What is ignored costs time, too, and folders may be without end.
    fn most_names(&self) -> usize {
        self.most_files().saturating_mul(8)
    }

    /// The names in a folder in order, and which of them are folders. A symbolic link to a folder is not followed, so
    /// that no circle of them can be.
    fn entries(&mut self, folder: &str) -> Result<Vec<(String, bool)>, Mistake> {
        let path = self.path(folder);
        let failed = |error: io::Error| mistake(&path, format!("cannot read the folder: {error}"));
        let mut entries = Vec::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            self.seen += 1;
            if self.seen > self.most_names() {
                let message = format!(
                    "is one name too many: {} were looked at; does `page` name the right folder?",
                    self.most_names()
                );
                return Err(mistake(&entry.path(), message));
            }
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
        let bytes = self.read_within_bounds(&path, &real, "file")?;
        self.read.insert(name.to_owned(), bytes.clone());
        Ok(bytes)
    }

    /// The bytes at `real`, which the operator calls `path`. Refuses what is too much, and counts the rest.
    pub(super) fn read_within_bounds(
        &mut self,
        path: &Path,
        real: &Path,
        what: &str,
    ) -> Result<Bytes, Mistake> {
        let Bounds {
            file_bytes,
            total_bytes,
            ..
        } = self.bounds;
        let most = u64::try_from(file_bytes).unwrap_or(u64::MAX);
        let bytes = match plain_file::read(real, most) {
            Ok(contents) => contents.bytes,
            Err(PlainFileError::TooLong(most)) => {
                let message = format!(
                    "is longer than the {most} bytes that a file of a page may have; shorten it, or raise page-bytes in [limits]"
                );
                return Err(excess(path, Exceeded::Bytes, message));
            }
            Err(error) => return Err(mistake(path, format!("cannot read the {what}: {error}"))),
        };
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
