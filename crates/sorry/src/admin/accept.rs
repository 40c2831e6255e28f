//! Accepts for one of the operator's doors: a few connections at a time, and no client can keep the next one out.
//!
//! When all places are taken, one more connection is accepted and waits, those that are idle are asked to leave, and
//! the rest waits in the kernel. Both servers of this part are built on it; what is said on a connection is theirs.

use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::door::{Bound, Door, Doors};
use crate::listen::socket::Room;
use crate::listen::{Interruption, Listener, Raw};

/// What a connection is told about the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressure {
    /// There is room.
    Free,
    /// Somebody waits, or the server is leaving: finish what was begun, and go.
    Leave,
}

/// A connection's ear for whether it should go.
#[derive(Debug, Clone)]
pub(super) struct Leaving(watch::Receiver<Pressure>);

impl Leaving {
    /// Resolves when an idle connection should go.
    pub(super) async fn asked(&mut self) {
        // The other end is gone only when the server is: then it is time too.
        let _ = self.0.wait_for(|p| *p == Pressure::Leave).await;
    }

    /// Whether the next answer should be the last.
    pub(super) fn is_asked(&self) -> bool {
        *self.0.borrow() == Pressure::Leave
    }

    /// For a connection that must not stay: there is no descriptor for another one.
    fn at_once() -> Leaving {
        Leaving(watch::channel(Pressure::Leave).1)
    }
}

/// What is done with a connection.
pub(super) type Converse = Box<dyn Fn(Raw, Leaving) -> Conversation + Send + Sync>;

/// A connection being served.
pub(super) type Conversation = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How a door is served.
#[derive(Debug)]
pub(super) struct Gate {
    /// Which one it is.
    pub(super) door: Door,
    /// Where reached limits are counted.
    pub(super) doors: Arc<Doors>,
    /// Connections served at a time.
    pub(super) connections: NonZeroUsize,
    /// How long connections may take to end after `shutdown`.
    pub(super) drain_time: Duration,
}

impl Gate {
    /// Accepts on `socket`, which must be listening, until `shutdown`. To be called inside a runtime with I/O and time.
    pub(super) async fn serve(
        &self,
        socket: OwnedFd,
        converse: Converse,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let (pressure, told) = watch::channel(Pressure::Free);
        let mut running = JoinSet::new();
        {
            // Closed before the last conversations are waited for: nobody shall wait in its queue meanwhile.
            let mut listener = Listener::new(socket)?;
            let mut shutdown = pin!(shutdown);
            let accepting = async {
                loop {
                    let raw = self.next(&mut listener, &mut running).await;
                    self.make_room(&pressure, &mut running).await;
                    match raw.room() {
                        Room::Open => {
                            running.spawn(converse(raw, Leaving(told.clone())));
                        }
                        Room::LastDescriptor => converse(raw, Leaving::at_once()).await,
                    }
                }
            };
            tokio::select! {
                () = &mut shutdown => {}
                () = accepting => {}
            }
        }
        pressure.send_replace(Pressure::Leave);
        let ended = async { while running.join_next().await.is_some() {} };
        let _cut_off = timeout(self.drain_time, ended).await;
        Ok(())
    }

    /// The next connection; meanwhile those that have ended are cleared away.
    async fn next(&self, listener: &mut Listener, running: &mut JoinSet<()>) -> Raw {
        let mut batch = Vec::with_capacity(1);
        loop {
            tokio::select! {
                interruption = listener.next_batch(&mut batch, 1) => self.note(interruption),
                Some(_) = running.join_next() => {}
            }
            if let Some(raw) = batch.pop() {
                return raw;
            }
        }
    }

    async fn make_room(&self, pressure: &watch::Sender<Pressure>, running: &mut JoinSet<()>) {
        if running.len() < self.connections.get() {
            return;
        }
        self.doors.reached(self.door, Bound::Connections);
        pressure.send_replace(Pressure::Leave);
        running.join_next().await;
        pressure.send_replace(Pressure::Free);
    }

    fn note(&self, interruption: Option<Interruption>) {
        match interruption {
            None | Some(Interruption::Aborted) => {}
            Some(Interruption::ProcessDescriptors | Interruption::SystemDescriptors) => {
                self.doors.reached(self.door, Bound::Descriptors);
            }
            Some(other) => log::warn!("cannot accept at the {} door: {other:?}", self.door.label()),
        }
    }
}
