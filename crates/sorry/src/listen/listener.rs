//! A listening socket inside a worker's runtime: hands out accepted connections in batches and never gives up.
//!
//! accept(2) fails for reasons that say nothing about the listener: the client went away, the process or the machine
//! is out of descriptors or memory. Each such event is returned, so that the caller can count it, and the next call
//! goes on. When descriptors run out there is still one: a reserve, given up for the moment, on which one waiting
//! client after the other can be accepted, answered and closed, so that the queue empties politely instead of
//! hanging; without it an edge-triggered listener would sleep for ever or spin.
//!
//! A listener may also deal: where a group has fewer sockets than workers, some workers hold no socket and are dealt
//! connections by another one (see `distribute`). The caller sees no difference.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustix::event::EventfdFlags;
use rustix::io::Errno;
use rustix::net::SocketFlags;
use sorry_sys::registered::Registered;
use tokio::io::Interest;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::Instant;

use super::socket::{Peer, Raw};

/// How long a listener rests when neither memory nor a reserve descriptor is left.
pub const REST: Duration = Duration::from_millis(50);

/// What came between two accepted connections. None of these ends the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// The process is out of descriptors (EMFILE): raise `LimitNOFILE=` or lower the connection limit.
    ProcessDescriptors,
    /// The machine is out of descriptors (ENFILE): raise `fs.file-max`.
    SystemDescriptors,
    /// The kernel is out of memory for sockets (ENOBUFS, ENOMEM).
    Memory,
    /// The client or the network took the connection back before we had it (ECONNABORTED and the pending network
    /// errors that accept(2) lists).
    Aborted,
    /// Anything else; the listener rests and tries again.
    Unexpected(Errno),
}

/// Accepts for one worker. `Socket`s made from its `Raw`s belong to the runtime it was made in.
#[derive(Debug)]
pub struct Listener {
    source: Source,
    reserve: Option<OwnedFd>,
    resting_until: Option<Instant>,
}

#[derive(Debug)]
enum Source {
    Own(Registered, Dealer),
    Dealt(Hand),
}

/// What was dealt to a worker without a socket.
#[derive(Debug)]
struct Hand {
    receiver: Receiver<Raw>,
    /// Received while waiting, not taken yet: kept here so that a dropped future loses no connection.
    next: Option<Raw>,
}

impl Listener {
    /// `socket` must be listening and non-blocking. To be called inside a runtime with I/O and time.
    pub fn new(socket: OwnedFd) -> io::Result<Self> {
        Self::dealing(socket, Vec::new())
    }

    /// Like `new`, and deals what it accepts in turn to itself and to the `receivers`.
    pub(super) fn dealing(socket: OwnedFd, receivers: Vec<Sender<Raw>>) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        let io = Registered::new(socket, Interest::READABLE)?;
        let dealer = Dealer { receivers, turn: 0 };
        Ok(Self {
            source: Source::Own(io, dealer),
            reserve: reserve(),
            resting_until: None,
        })
    }

    /// A listener without a socket, dealt to by another worker.
    pub(super) fn dealt(connections: Receiver<Raw>) -> Self {
        Self {
            source: Source::Dealt(Hand {
                receiver: connections,
                next: None,
            }),
            reserve: None,
            resting_until: None,
        }
    }

    /// Waits for connections and appends at most `limit` of them to `batch`. Returns when there is at least one, or
    /// when something came between. Dropping the future loses nothing.
    ///
    /// A connection whose `room()` is `LastDescriptor` must be dropped before the next call, or that call rests.
    pub async fn next_batch(&mut self, batch: &mut Vec<Raw>, limit: usize) -> Option<Interruption> {
        let limit = limit.max(1);
        let before = batch.len();
        loop {
            if let Some(until) = self.resting_until {
                tokio::time::sleep_until(until).await;
                self.resting_until = None;
            }
            self.wait().await;
            let interruption = self.accept_ready(batch, limit);
            if interruption.is_some() || batch.len() > before {
                return interruption;
            }
        }
    }

    /// Takes what waits now, without waiting: for the last look into the queue when a listener is given up. `true`
    /// means that the queue was seen empty. A dealer deals nothing more to this listener from here on: what it
    /// accepts later it keeps, instead of putting it where nobody will look again.
    pub fn accept_remaining(&mut self, batch: &mut Vec<Raw>, limit: usize) -> bool {
        if let Source::Dealt(hand) = &mut self.source {
            hand.receiver.close();
        }
        for _ in 0..limit {
            let outcome = match &mut self.source {
                // Asks the kernel, whatever the runtime has heard so far.
                Source::Own(io, _) => accept(io.get_ref()),
                Source::Dealt(hand) => hand.take_last().ok_or(Errno::AGAIN),
            };
            match outcome {
                Ok(raw) => batch.push(raw),
                Err(error) if classify(error) == Interruption::Aborted => {}
                Err(error) => return error == Errno::AGAIN,
            }
        }
        false
    }

    /// The listening socket, if this worker holds one; what hand-over and the descriptor store pass on.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        match &self.source {
            Source::Own(io, _) => Some(io.as_fd()),
            Source::Dealt(_) => None,
        }
    }

    async fn wait(&mut self) {
        match &mut self.source {
            Source::Own(io, _) => {
                // An error here means that the runtime is shutting down: nobody will ask again.
                if io.readable().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            Source::Dealt(hand) => hand.wait().await,
        }
    }

    fn accept_ready(&mut self, batch: &mut Vec<Raw>, limit: usize) -> Option<Interruption> {
        if self.reserve.is_none() {
            self.reserve = reserve();
        }
        for _ in 0..limit {
            match self.accept_one() {
                Ok(raw) => self.deal(raw, batch),
                Err(Errno::AGAIN) => return None,
                Err(error) => return self.interrupted(error, batch),
            }
        }
        None
    }

    /// One accept; clears readiness when the queue is empty.
    fn accept_one(&mut self) -> Result<Raw, Errno> {
        match &mut self.source {
            Source::Own(io, _) => {
                let mut outcome = Err(Errno::AGAIN);
                let _ = io.try_io(Interest::READABLE, |socket| {
                    outcome = accept(socket);
                    match outcome {
                        Err(Errno::AGAIN) => Err(io::ErrorKind::WouldBlock.into()),
                        _ => Ok(()),
                    }
                });
                outcome
            }
            Source::Dealt(hand) => hand.take().ok_or(Errno::AGAIN),
        }
    }

    fn deal(&mut self, raw: Raw, batch: &mut Vec<Raw>) {
        match &mut self.source {
            Source::Own(_, dealer) => batch.extend(dealer.deal(raw)),
            Source::Dealt(_) => batch.push(raw),
        }
    }

    fn interrupted(&mut self, error: Errno, batch: &mut Vec<Raw>) -> Option<Interruption> {
        let interruption = classify(error);
        match interruption {
            Interruption::Aborted => {}
            Interruption::ProcessDescriptors | Interruption::SystemDescriptors => {
                match self.accept_on_reserve() {
                    Ok(raw) => batch.push(raw.on_last_descriptor()),
                    // accept(2) asks for a descriptor first and looks into the queue afterwards: nobody waited.
                    Err(Errno::AGAIN) => return None,
                    Err(_) => self.rest(),
                }
            }
            Interruption::Memory | Interruption::Unexpected(_) => self.rest(),
        }
        Some(interruption)
    }

    fn accept_on_reserve(&mut self) -> Result<Raw, Errno> {
        drop(self.reserve.take().ok_or(Errno::MFILE)?);
        self.accept_one()
    }

    fn rest(&mut self) {
        self.resting_until = Some(Instant::now() + REST);
    }
}

/// Deals connections in turn: to itself, then to each receiver.
#[derive(Debug)]
struct Dealer {
    receivers: Vec<Sender<Raw>>,
    turn: usize,
}

impl Dealer {
    /// `Some` when the connection stays with this worker: it is its turn, or the other one has no room or is gone.
    fn deal(&mut self, raw: Raw) -> Option<Raw> {
        if self.receivers.is_empty() {
            return Some(raw);
        }
        self.turn = (self.turn + 1) % (self.receivers.len() + 1);
        let Some(receiver) = self.receivers.get(self.turn) else {
            return Some(raw);
        };
        match receiver.try_send(raw) {
            Ok(()) => None,
            Err(TrySendError::Full(raw) | TrySendError::Closed(raw)) => Some(raw),
        }
    }
}

impl Hand {
    /// Resolves when there is something to take. A closed channel brings nothing any more: the dealer has stopped,
    /// and this worker is about to.
    async fn wait(&mut self) {
        if self.next.is_none() {
            self.next = self.receiver.recv().await;
        }
        if self.next.is_none() {
            std::future::pending::<()>().await;
        }
    }

    fn take(&mut self) -> Option<Raw> {
        self.next.take().or_else(|| self.receiver.try_recv().ok())
    }

    /// The next one of a closed channel; `None` when it is empty for good. A dealer that had room before the close and
    /// is just putting its connection there takes a few instructions more: it is waited for, on the spot.
    fn take_last(&mut self) -> Option<Raw> {
        if self.next.is_some() {
            return self.next.take();
        }
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let receive = poll_fn(|context| self.receiver.poll_recv(context));
            // The runtime's fairness would answer `Pending` now and then, whatever is there.
            match pin!(tokio::task::unconstrained(receive)).poll(&mut context) {
                Poll::Ready(dealt) => return dealt,
                Poll::Pending => std::thread::yield_now(),
            }
        }
    }
}

/// One `accept4(2)`: non-blocking and close-on-exec without further calls.
fn accept(socket: &OwnedFd) -> Result<Raw, Errno> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (descriptor, address) =
        rustix::io::retry_on_intr(|| rustix::net::acceptfrom_with(socket, flags))?;
    Ok(Raw::new(descriptor, Peer::of(address)))
}

/// The errors of accept(2) by what they mean for us.
fn classify(error: Errno) -> Interruption {
    match error {
        Errno::MFILE => Interruption::ProcessDescriptors,
        Errno::NFILE => Interruption::SystemDescriptors,
        Errno::NOBUFS | Errno::NOMEM => Interruption::Memory,
        Errno::CONNABORTED
        | Errno::CONNRESET
        | Errno::PROTO
        | Errno::NOPROTOOPT
        | Errno::NETDOWN
        | Errno::NETUNREACH
        | Errno::HOSTDOWN
        | Errno::HOSTUNREACH
        | Errno::NONET
        | Errno::OPNOTSUPP
        | Errno::PERM
        | Errno::TIMEDOUT => Interruption::Aborted,
        other => Interruption::Unexpected(other),
    }
}

/// An event counter is a descriptor that needs no file and no permission, so it can be had in a sandbox too.
fn reserve() -> Option<OwnedFd> {
    rustix::event::eventfd(0, EventfdFlags::CLOEXEC).ok()
}

#[cfg(test)]
mod tests;
