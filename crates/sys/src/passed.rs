//! Descriptors that a service manager passes by their number (sd_listen_fds(3)). Called by `listen::inherited`.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// The first number that is passed, `SD_LISTEN_FDS_START`.
pub const FIRST: RawFd = 3;

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes ownership of the descriptors `FIRST..FIRST + count` and sets close-on-exec on each. It works once per
/// process; later calls fail, and so does a number that is not open.
///
/// To be called first thing in `main`, when the service manager has said (by `LISTEN_PID`) that it passed that many:
/// then nothing else in the process can have opened or taken them.
pub fn take(count: usize) -> io::Result<Vec<OwnedFd>> {
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Err(io::Error::other(
            "the passed descriptors were taken already",
        ));
    }
    let count = RawFd::try_from(count).map_err(io::Error::other)?;
    let end = FIRST
        .checked_add(count)
        .ok_or(io::ErrorKind::InvalidInput)?;
    for number in FIRST..end {
        // SAFETY: F_SETFD with a flag touches no memory, and on a number that is not open it only returns EBADF.
        if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: each number was just seen to be open. The service manager opened it for this process, and the flag above
    // lets only one call come here, so nobody else owns it.
    let own = |number| unsafe { OwnedFd::from_raw_fd(number) };
    Ok((FIRST..end).map(own).collect())
}
