//! The checker of file: whether a file of this machine is there, or what number it holds. Read aside, since it may be on a server far away
//! that does not answer.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use sorry_core::health::Reason;

use crate::config::check::{FileCheck, FileDown};
use crate::config::plain_file::{self, PlainFileError};

use super::failure::{Failure, Good, Phase, Progress, Verdict};
use super::once::Once;
use super::remote::Remote;

/// A number has no more.
const NUMBER_MAX_BYTES: u64 = 64;

/// A check that is ready.
#[derive(Debug)]
pub(super) struct File {
    asked: Arc<FileCheck>,
    reading: Once<Verdict>,
}

impl File {
    pub(super) fn new(asked: FileCheck) -> File {
        File {
            asked: Arc::new(asked),
            reading: Once::default(),
        }
    }

    pub(super) async fn probe(&self, progress: &Progress) -> Verdict {
        progress.enter(Phase::Reading);
        let asked = Arc::clone(&self.asked);
        let read = self.reading.run(move || look(&asked.path, asked.down));
        read.await.unwrap_or_else(|error| Err(local(&error)))
    }
}

fn look(path: &Path, down: FileDown) -> Verdict {
    if down == FileDown::Nonzero {
        return number(path);
    }
    let there = match fs::metadata(path) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(local(&error)),
    };
    let words = match there {
        true => "the file is there",
        false => "the file is not there",
    };
    match there == (down == FileDown::Exists) {
        true => Err(Failure::new(Reason::File, words)),
        false => Ok(Good::with(Remote::ours(words))),
    }
}

fn number(path: &Path) -> Verdict {
    let bytes = match plain_file::read(path, NUMBER_MAX_BYTES) {
        Ok(contents) => contents.bytes,
        Err(error) if error.is_absent() => {
            return Err(Failure::new(Reason::File, "the file is not there"));
        }
        Err(PlainFileError::System(error)) => return Err(local(&error)),
        Err(_) => return Err(Failure::new(Reason::File, "the file holds no number")),
    };
    let text = bytes.trim_ascii();
    let number = std::str::from_utf8(text).ok().map(str::parse::<i64>);
    match number {
        Some(Ok(0)) => Ok(Good::with(Remote::ours("the file holds 0"))),
        Some(Ok(other)) => Err(Failure::told(
            Reason::File,
            Remote::told(format_args!("the file holds {other}")),
        )),
        _ if text.is_empty() => Err(Failure::new(Reason::File, "the file is empty")),
        _ => Err(Failure::new(Reason::File, "the file holds no number")),
    }
}

/// Whether a file can be read is our own affair.
fn local(error: &io::Error) -> Failure {
    let reason = match error.kind() {
        io::ErrorKind::PermissionDenied => Reason::NotPermitted,
        _ => Reason::Local,
    };
    let words = format_args!("cannot read the file: {error}");
    Failure::told(reason, Remote::told(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_say_what_they_say() {
        use FileDown::{Exists, Missing, Nonzero};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        for (text, down, expected) in [
            (None, Exists, Ok("the file is not there")),
            (None, Missing, Err("the file is not there")),
            (None, Nonzero, Err("the file is not there")),
            (Some(""), Exists, Err("the file is there")),
            (Some(""), Missing, Ok("the file is there")),
            (Some(""), Nonzero, Err("the file is empty")),
            (Some(" 0\n"), Nonzero, Ok("the file holds 0")),
            (Some("1\n"), Nonzero, Err("the file holds 1")),
            (Some("-1"), Nonzero, Err("the file holds -1")),
            (Some("yes"), Nonzero, Err("the file holds no number")),
        ] {
            let _not_there = fs::remove_file(&path);
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            let seen = look(&path, down);
            let seen = match &seen {
                Ok(good) => Ok(good.detail.as_str()),
                Err(failure) => {
                    assert_eq!(failure.reason, Reason::File);
                    Err(failure.detail.as_str())
                }
            };
            assert_eq!(seen, expected, "{text:?} {down:?}");
        }
        fs::write(&path, "0".repeat(100)).unwrap();
        assert!(look(&path, Nonzero).is_err());
        let failure = look(&path.join("below"), Exists).unwrap_err();
        assert_eq!(
            failure.reason,
            Reason::Local,
            "no folder: {}",
            failure.detail
        );
    }
}
