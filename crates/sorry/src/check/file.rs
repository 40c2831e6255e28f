//! The checker of file: whether a file of this machine is there, or what number it holds. Read aside, since it may be on a server far away
//! that does not answer.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use sorry_core::health::Reason;

use crate::config::check::{FileCheck, FileDown, FileWeight};
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
        let read = self.reading.run(move || look(&asked));
        read.await.unwrap_or_else(|error| Err(local(&error)))
    }
}

fn look(asked: &FileCheck) -> Verdict {
    let FileCheck { path, down, weight } = asked;
    if asked.reads() {
        return judge(number(path)?, *weight);
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
    match there == (*down == FileDown::Exists) {
        true => Err(Failure::new(Reason::File, words)),
        false => Ok(Good::with(Remote::ours(words))),
    }
}

/// What a number says: it is a part of the weight, or anything but 0 is bad.
fn judge(number: i64, weight: Option<FileWeight>) -> Verdict {
    let told = Remote::told(format_args!("the file holds {number}"));
    match (weight, number) {
        (Some(weight), number) => Ok(Good {
            detail: told,
            weight: Some(weight.of(number)),
        }),
        (None, 0) => Ok(Good::with(told)),
        (None, _) => Err(Failure::told(Reason::File, told)),
    }
}

fn number(path: &Path) -> Result<i64, Failure> {
    let bytes = match plain_file::read(path, NUMBER_MAX_BYTES) {
        Ok(contents) => contents.bytes,
        Err(error) if error.is_absent() => {
            return Err(Failure::new(Reason::File, "the file is not there"));
        }
        Err(PlainFileError::System(error)) => return Err(local(&error)),
        Err(_) => return Err(Failure::new(Reason::File, "the file holds no number")),
    };
    let text = bytes.trim_ascii();
    let number = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok());
    number.ok_or(match text {
        [] => Failure::new(Reason::File, "the file is empty"),
        _ => Failure::new(Reason::File, "the file holds no number"),
    })
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

    fn asked(path: &Path, down: FileDown) -> FileCheck {
        FileCheck {
            path: path.to_owned(),
            down,
            weight: None,
        }
    }

    #[test]
    fn numbers_change_a_weight() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("load");
        for (text, factor, configured, expected) in [
            (Some("0"), 1, 10, Some(10)),
            (Some("5"), 1, 10, Some(15)),
            (Some("5"), -1, 10, Some(5)),
            (Some("-5\n"), 2, 10, Some(0)),
            (Some("-5"), -2, 10, Some(20)),
            (Some("11"), -1, 10, Some(0)),
            (Some("70000"), 1, 10, Some(65_535)),
            (Some("9223372036854775807"), 65_535, 65_535, Some(65_535)),
            (Some("9223372036854775807"), -65_535, 65_535, Some(0)),
            (Some("9223372036854775808"), 1, 10, None),
            (Some("much"), 1, 10, None),
            (Some(""), 1, 10, None),
            (None, 1, 10, None),
        ] {
            let _not_there = fs::remove_file(&path);
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            let weight = Some(FileWeight { factor, configured });
            let asked = FileCheck {
                weight,
                ..asked(&path, FileDown::Exists)
            };
            let seen = look(&asked).map(|good| good.weight);
            let reason = seen.as_ref().map_err(|failure| failure.reason);
            match expected {
                Some(_) => assert_eq!(seen, Ok(expected), "{text:?} {weight:?}"),
                None => assert_eq!(reason, Err(Reason::File), "{text:?} {weight:?}"),
            }
        }
    }

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
            let seen = look(&asked(&path, down));
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
        assert!(look(&asked(&path, Nonzero)).is_err());
        let failure = look(&asked(&path.join("below"), Exists)).unwrap_err();
        assert_eq!(
            failure.reason,
            Reason::Local,
            "no folder: {}",
            failure.detail
        );
    }
}
