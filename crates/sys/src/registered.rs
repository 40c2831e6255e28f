//! A descriptor known to tokio's I/O driver. Called by `listen` for sockets and for inotify.

use std::io;
use std::ops::Deref;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// An open descriptor, registered with the runtime of the thread that made it. Everything that `AsyncFd` offers on a
/// shared reference is there; nothing that would let the descriptor be swapped or closed while it is registered.
#[derive(Debug)]
pub struct Registered(AsyncFd<OwnedFd>);

impl Registered {
    /// Registers `descriptor`. To be called inside a tokio runtime with I/O.
    pub fn new(descriptor: OwnedFd, interest: Interest) -> io::Result<Self> {
        // SAFETY: an `OwnedFd` is open and ours alone. It stays so for as long as the `AsyncFd` lives, since this type
        // hands out shared references only and takes the descriptor back by `into_inner`, which unregisters it first.
        let io = unsafe { AsyncFd::register_with_interest(descriptor, interest) }?;
        Ok(Self(io))
    }

    /// Unregisters the descriptor and gives it back.
    pub fn into_inner(self) -> OwnedFd {
        self.0.into_inner()
    }
}

impl Deref for Registered {
    type Target = AsyncFd<OwnedFd>;

    fn deref(&self) -> &AsyncFd<OwnedFd> {
        &self.0
    }
}
