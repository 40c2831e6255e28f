//! Whose the state folder is when the process begins. It is asked for before anything else is opened or written, so that a second
//! daemon on the same folder ends with that one error and leaves the first one alone. Called by `run`; nothing in the folder is
//! read here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::keeper::{self, KeepError};
use crate::config::Config;
use crate::journal::{Folder, FolderError};

/// How long a successor waits for the state folder of whom it follows.
const HANDED_OVER: Duration = Duration::from_secs(10);

/// The state folder, as far as it is ours.
#[derive(Debug)]
pub(in crate::daemon) enum Hold {
    /// Nothing is kept.
    Nothing,
    /// It is ours, and whoever starts us waits until everything in it is read.
    Ours(Arc<Folder>),
    /// It may be somebody else's for so long. Nobody waits for that: it is told in the log where it stays theirs.
    Awaited(PathBuf, Duration),
}

impl Hold {
    /// For a process that follows nobody: now or not at all. What decides nothing keeps nothing.
    pub(in crate::daemon) fn now(config: &Config) -> Result<Hold, KeepError> {
        match &config.state {
            Some(path) if config.needs_decisions() => {
                Ok(Hold::Ours(keeper::folder(path, Duration::ZERO)?))
            }
            _ => Ok(Hold::Nothing),
        }
    }

    /// For a successor: its predecessor lets go when it leaves, which it does when we have thanked it.
    pub(in crate::daemon) fn handed_over(config: &Config) -> Hold {
        Hold::soon(config, HANDED_OVER)
    }

    /// For a reload after which there is something to decide for the first time. The folder is that of the start: another one
    /// waits for the next.
    pub(in crate::daemon) fn after_all(started_with: &Config) -> Hold {
        Hold::soon(started_with, Duration::ZERO)
    }

    fn soon(config: &Config, wait: Duration) -> Hold {
        match &config.state {
            Some(path) => Hold::Awaited(path.clone(), wait),
            None => Hold::Nothing,
        }
    }

    /// The folder, once it is ours; none where nothing is kept.
    pub(super) fn folder(&self) -> Result<Option<Arc<Folder>>, KeepError> {
        match self {
            Hold::Nothing => Ok(None),
            Hold::Ours(folder) => Ok(Some(Arc::clone(folder))),
            Hold::Awaited(path, wait) => Ok(Some(keeper::folder(path, *wait)?)),
        }
    }

    /// Whether somebody waits to hear that it could be opened.
    pub(super) fn is_waited_for(&self) -> bool {
        matches!(self, Hold::Ours(_))
    }
}

impl KeepError {
    /// Whether another process has the folder.
    pub(in crate::daemon) fn is_busy(&self) -> bool {
        matches!(self, KeepError::Folder(FolderError::Busy(..)))
    }
}
