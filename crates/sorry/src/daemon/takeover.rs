//! One process takes over from another: the listening sockets themselves move, so nobody in their queues is lost.
//!
//! The new process asks on the admin socket of the old one, gets copies of every listening socket, starts, and
//! confirms. Only then does the old one stop accepting and let its connections finish.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::admin::client::{ClientError, PATIENCE, connect};
use crate::admin::message::Takeover;
use crate::listen::address::Address;
use crate::listen::bind::{self, SocketFile};
use crate::listen::handover::{self, HandoverError};
use crate::listen::passed::{Passed, descriptor_name};

/// How long each step may take; the new process reads its pages and starts its workers within it.
const STEP: Duration = Duration::from_secs(30);

/// The name under which the admin socket moves, and the metrics listener.
pub(super) const ADMIN: &str = "sorry-admin";
pub(super) const METRICS: &str = "sorry-metrics";
pub(super) const REMOTE: &str = "sorry-remote";

/// Why nothing was taken over.
#[derive(Debug, thiserror::Error)]
pub enum TakeoverError {
    /// The running process could not be asked.
    #[error("cannot ask the running process for its sockets")]
    Ask(#[from] ClientError),
    /// The sockets did not move.
    #[error("cannot take over the sockets of the running process")]
    Move(#[from] HandoverError),
}

/// Asks the process whose admin socket this is. `None` where there is no such process: then this is a first start.
pub(super) fn take(admin: &Path) -> Result<Option<(Passed, Predecessor)>, TakeoverError> {
    let client = match connect(admin, PATIENCE) {
        Ok(client) => client,
        Err(ClientError::NoSocket(_) | ClientError::NoDaemon(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (pong, stream) = client.takeover(env!("CARGO_PKG_VERSION"))?;
    let passed = handover::receive(&stream, STEP)?;
    log::info!(
        "took over {} sockets from process {} (version {})",
        passed.len(),
        pong.pid,
        pong.version
    );
    Ok(Some((passed, Predecessor(stream))))
}

/// The process that the sockets came from, which waits for a word.
pub(super) struct Predecessor(UnixStream);

impl Predecessor {
    /// Tells it that it may go. If it has gone already, this process is the only one that has the sockets, and goes on.
    pub(super) fn thank(self) -> Result<(), TakeoverError> {
        match handover::confirm(&self.0, STEP) {
            Err(HandoverError::Ended) => {
                log::warn!("the process before this one has ended in the middle of the take-over");
                Ok(())
            }
            other => Ok(other?),
        }
    }
}

/// The old process's side: sends copies of all sockets, waits for the confirmation and answers it. After an error the
/// successor does not go on. Blocks; call it on a thread of its own.
pub(super) fn give(takeover: Takeover, sockets: &[(String, OwnedFd)]) -> Result<(), TakeoverError> {
    let stream = takeover.accept().map_err(HandoverError::from)?;
    let borrowed: Vec<(String, BorrowedFd<'_>)> = sockets
        .iter()
        .map(|(name, socket)| (name.clone(), socket.as_fd()))
        .collect();
    let given = handover::send(&stream, &borrowed, STEP)
        .and_then(|()| handover::await_confirmation(&stream, STEP))
        .and_then(|()| handover::acknowledge(&stream, STEP));
    if given.is_err() {
        handover::withdraw(&stream, STEP);
    }
    Ok(given?)
}

/// The file of a passed socket that nobody wants any more, if it was a process of ours that made it.
pub(super) fn abandoned(name: &str, socket: &OwnedFd) -> Option<SocketFile> {
    SocketFile::of(&made_by_us(name, socket)?).ok()
}

/// The folders in which such files will be removed, if nobody claims them.
pub(super) fn folders(passed: &Passed) -> Vec<PathBuf> {
    let files = passed.iter();
    let files = files.filter_map(|(name, socket)| made_by_us(name, socket));
    files
        .filter_map(|file| file.parent().map(Path::to_owned))
        .collect()
}

/// The file of a unix socket, where it was a process of ours that has made it.
fn made_by_us(name: &str, socket: &OwnedFd) -> Option<PathBuf> {
    let address = bind::local_address(socket).ok()?;
    let was_ours = name == ADMIN || descriptor_name(&address).as_deref() == Some(name);
    match address {
        Address::Unix(path) if was_ours => Some(path),
        _ => None,
    }
}

/// Copies that may be sent from another thread.
pub(super) fn copies(sockets: &[(String, BorrowedFd<'_>)]) -> io::Result<Vec<(String, OwnedFd)>> {
    sockets
        .iter()
        .map(|(name, socket)| Ok((name.clone(), socket.try_clone_to_owned()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_successor_goes_on_only_where_the_other_one_does_not() {
        let thanked = |said: &[u8]| {
            let (mut old, new) = UnixStream::pair().unwrap();
            old.write_all(said).unwrap();
            drop(old);
            Predecessor(new).thank()
        };
        assert!(thanked(b"+").is_ok());
        assert!(thanked(b"").is_ok(), "it is gone");
        let refused = thanked(b"-").unwrap_err();
        assert!(
            matches!(refused, TakeoverError::Move(HandoverError::Withdrawn)),
            "{refused}"
        );
    }
}
