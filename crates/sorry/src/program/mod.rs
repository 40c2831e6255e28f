//! Runs one program to its end, and nothing of it any longer: those of exec checks and of exec alerts, for whoever may start any. In the
//! daemon that is its runner alone.

mod hung;
mod run;
mod trust;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use hung::Hung;
pub use run::run;
pub use trust::trusted;

/// The most that a program is given, or that is kept of what it prints, in bytes.
pub const BYTES_MAX: usize = 64 * 1024;

/// How a program has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// With this exit code.
    Exit(u8),
    /// By a signal.
    Signal(i32),
    /// It did not, and was killed with its whole process group.
    Timeout,
    /// It was not started, for this reason.
    NotStarted(Box<str>),
}

/// A program that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// How.
    pub how: How,
    /// What it has printed on standard output and standard error, at most 64 KiB: a stranger's bytes.
    pub output: Vec<u8>,
    /// How long it took.
    pub took: Duration,
}

impl Finished {
    /// One that was not even started.
    pub(crate) fn not_started(why: impl Into<Box<str>>) -> Finished {
        Finished {
            how: How::NotStarted(why.into()),
            output: Vec::new(),
            took: Duration::ZERO,
        }
    }
}
