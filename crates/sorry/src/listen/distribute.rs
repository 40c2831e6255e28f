//! Which worker listens on which socket of an address.
//!
//! As many sockets as workers: one each. More (the process before us had more workers): some workers get several; none
//! may be closed, since that would reset the connections that wait in it. Fewer (the service manager passed one, or
//! the address is a unix socket): the workers without a socket are dealt connections by those that have one.
//!
//! What was refused: *new SO_REUSEPORT sockets* for the rest join the group, but whatever waits in them is reset when
//! they are closed and nobody else holds them, they need the same user as the old ones, and unix sockets cannot.
//! *Duplicated descriptors* make each new connection wake every worker that holds one, since the wake-up is on the
//! socket's queue; with 64 workers and one passed socket that costs far more than the connection. Dealing costs one
//! message, and nothing at all when the counts are equal, which is the usual case.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::listener::Listener;
use super::socket::Raw;

/// Connections that may wait for a worker that has been dealt them; when it is behind, the dealer keeps the next.
const HAND: usize = 1024;

/// A worker's part of an address: made where the sockets are, sent to the worker, turned into a `Listener` there.
#[derive(Debug)]
pub struct Share(Part);

#[derive(Debug)]
enum Part {
    Socket(OwnedFd, Vec<Sender<Raw>>),
    Dealt(Receiver<Raw>),
}

impl Share {
    /// The listener; to be called inside the worker's runtime.
    pub fn listen(self) -> io::Result<Listener> {
        match self.0 {
            Part::Socket(socket, receivers) => Listener::dealing(socket, receivers),
            Part::Dealt(receiver) => Ok(Listener::dealt(receiver)),
        }
    }

    /// The listening socket, if this share holds one.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        match &self.0 {
            Part::Socket(socket, _) => Some(socket.as_fd()),
            Part::Dealt(_) => None,
        }
    }
}

/// One list of shares per worker. Each list has at least one share, unless there is no socket at all.
pub fn distribute(sockets: Vec<OwnedFd>, workers: NonZeroUsize) -> Vec<Vec<Share>> {
    let workers = workers.get();
    let mut lists: Vec<Vec<Share>> = (0..workers).map(|_| Vec::new()).collect();
    let count = sockets.len();
    let mut dealers: Vec<Vec<Sender<Raw>>> = (0..count).map(|_| Vec::new()).collect();
    if count > 0 {
        for (worker, list) in lists.iter_mut().enumerate().skip(count) {
            let (sender, receiver) = mpsc::channel(HAND);
            dealers[worker % count].push(sender);
            list.push(Share(Part::Dealt(receiver)));
        }
    }
    for (index, (socket, receivers)) in sockets.into_iter().zip(dealers).enumerate() {
        lists[index % workers].push(Share(Part::Socket(socket, receivers)));
    }
    lists
}
