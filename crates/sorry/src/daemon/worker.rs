//! A worker: one thread, one runtime, its own sockets, and what all its connections share.
//!
//! Nothing here is shared with other workers but the published [`Front`], read without a lock, and two counters.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Cache};
use tokio::sync::Notify;

use super::complaint::Complaints;
use super::entrance::Entrance;
use crate::answer::{Desk, ListenerId, Sites};
use crate::count::WorkerCounts;
use crate::http1::{Bounds, Out};
use crate::http2;
use crate::listen::tls::Tls;

/// What is published to the workers: swapped whole, never changed.
pub(super) struct Front {
    /// Every answer.
    pub(super) sites: Sites,
    /// What each listener asks of those who come.
    pub(super) entrances: HashMap<ListenerId, Entrance>,
    /// TLS, where any listener speaks it.
    pub(super) tls: Option<Tls>,
    /// How long a listed proxy may take for its header.
    pub(super) proxy_header_time: Duration,
    /// What an HTTP/1 connection may cost.
    pub(super) http1: Bounds,
    /// What an HTTP/2 connection may cost.
    pub(super) http2: http2::Limits,
    /// How long things may take.
    pub(super) times: Times,
    /// The most connections of the process.
    pub(super) connections: usize,
    /// When a site was last sent to its real servers again: connections from before then end with their next answer.
    pub(super) recovered: Option<Instant>,
}

/// How long a connection may wait for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// For the next request.
    pub(super) idle: Duration,
    /// For a head, from its first byte.
    pub(super) head: Duration,
    /// For a body that nobody reads.
    pub(super) body: Duration,
    /// For the client to take what was written.
    pub(super) write: Duration,
    /// For the client's end, after ours.
    pub(super) linger: Duration,
    /// For everything: then the next answer is the last.
    pub(super) age: Duration,
    /// For everything, whatever it is doing.
    pub(super) life: Duration,
}

/// The largest output buffer that a worker keeps.
const OUTPUT_KEPT: usize = 256 * 1024;

/// Bytes that are read at a time. What cannot be answered yet is kept, so this is what a client can make us keep of a
/// pipeline whose answers it does not read.
const READ_BYTES: usize = 16 * 1024;

/// Buffers that whoever is being served uses, one connection at a time.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) input: Box<[u8]>,
    pub(super) out: Out,
    /// Where HTTP/2 decodes fields.
    pub(super) fields: http2::Scratch,
    /// How many requests the last turn answered.
    pub(super) answered: u64,
}

impl Scratch {
    /// Empties the output. A buffer that a flood of pipelined requests has made large is given back.
    pub(super) fn forget_output(&mut self) {
        if self.out.bytes.capacity() > OUTPUT_KEPT {
            self.out.bytes = Vec::new();
        }
        self.out.bytes.clear();
    }

    /// Puts unread bytes at the beginning of the buffer, which grows if they leave no room.
    pub(super) fn hold(&mut self, unread: &[u8]) -> usize {
        if self.input.len() < unread.len() + LEAST_ROOM {
            self.input = vec![0; 2 * (unread.len() + LEAST_ROOM)].into();
        }
        self.input[..unread.len()].copy_from_slice(unread);
        unread.len()
    }

    /// Where to read to, behind `held` bytes.
    pub(super) fn room(&mut self, held: usize) -> &mut [u8] {
        let end = self.input.len().min(held + READ_BYTES);
        &mut self.input[held..end]
    }
}

/// Less room than this is not worth a read.
const LEAST_ROOM: usize = 4096;

/// What all workers share.
pub(super) struct Shared {
    /// The published front.
    pub(super) front: Arc<ArcSwap<Front>>,
    /// Open connections of the process.
    pub(super) open: AtomicUsize,
    /// Connections that were still open after the drain time.
    pub(super) cut: AtomicUsize,
    pub(super) shortage: Shortage,
    pub(super) complaints: Complaints,
}

/// A time during which nobody keeps a connection, because descriptors have run out. Workers share them: what one gives
/// back to answer its next client, another one must not keep.
#[derive(Debug)]
pub(super) struct Shortage {
    begun: Instant,
    /// Milliseconds since then; 0 while there was none.
    until: AtomicU64,
}

impl Shortage {
    /// None so far.
    pub(super) fn none() -> Shortage {
        Shortage {
            begun: Instant::now(),
            until: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Descriptors have just run out.
    pub(super) fn note(&self) {
        self.until
            .store(self.now() + SHORTAGE_MS, Ordering::Relaxed);
    }

    /// Whether it lasts.
    pub(super) fn lasts(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until > 0 && self.now() < until
    }
}

/// How long after descriptors ran out nobody keeps a connection.
const SHORTAGE_MS: u64 = 1000;

/// One worker.
pub(super) struct Worker {
    pub(super) counts: Arc<WorkerCounts>,
    pub(super) desk: RefCell<Desk>,
    pub(super) scratch: RefCell<Scratch>,
    front: RefCell<Cache<Arc<ArcSwap<Front>>, Arc<Front>>>,
    pub(super) shared: Arc<Shared>,
    leaving: Cell<Leaving>,
    wakers: RefCell<Wakers>,
    empty: Notify,
    /// How many spare places are taken.
    spare: Cell<usize>,
}

/// Whether the worker still wants connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    NotYet,
    Now,
}

/// Who is to be told when the worker leaves, by slot.
#[derive(Debug, Default)]
struct Wakers {
    slots: Vec<Option<Waker>>,
    free: Vec<usize>,
}

/// A connection's place in its worker: counted while it lives.
pub(super) struct Place {
    worker: std::rc::Rc<Worker>,
    slot: Option<usize>,
    seat: Seat,
}

/// What a place counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seat {
    /// `connections`.
    Kept,
    /// The worker's spare places.
    Spare,
}

/// Places of each worker beyond `connections`, for a moment each: clients that were answered without a place and are not
/// done yet.
pub(super) const SPARE_PLACES: usize = 32;

impl Worker {
    pub(super) fn new(desk: Desk, shared: Arc<Shared>) -> Worker {
        let front = shared.front.load();
        let input = vec![0; READ_BYTES + front.http1.head_bytes].into();
        Worker {
            counts: Arc::clone(desk.counts()),
            desk: RefCell::new(desk),
            scratch: RefCell::new(Scratch {
                input,
                out: Out::default(),
                fields: http2::Scratch::default(),
                answered: 0,
            }),
            front: RefCell::new(Cache::new(Arc::clone(&shared.front))),
            shared,
            leaving: Cell::new(Leaving::NotYet),
            wakers: RefCell::default(),
            empty: Notify::new(),
            spare: Cell::new(0),
        }
    }

    /// Calls `f` with what is published now.
    pub(super) fn with_front<T>(&self, f: impl FnOnce(&Front) -> T) -> T {
        f(self.front.borrow_mut().load())
    }

    /// Whether the worker still wants connections.
    pub(super) fn leaving(&self) -> Leaving {
        self.leaving.get()
    }

    /// No further connections; those that wait are woken so that they can end.
    pub(super) fn leave(&self) {
        self.leaving.set(Leaving::Now);
        for waker in self
            .wakers
            .borrow_mut()
            .slots
            .iter_mut()
            .filter_map(Option::take)
        {
            waker.wake();
        }
    }

    /// Resolves when the last connection has gone.
    pub(super) async fn emptied(&self) {
        while self.counts.open.get() > 0 {
            self.empty.notified().await;
        }
    }
}

impl Place {
    /// Counts one more connection, unless the process has `most` already. Looking and counting are one step, since all
    /// workers look at once.
    pub(super) fn take(worker: &std::rc::Rc<Worker>, most: usize) -> Option<Place> {
        if worker.shared.open.fetch_add(1, Ordering::Relaxed) >= most {
            worker.shared.open.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Place::new(worker, Seat::Kept))
    }

    /// One of the few places beyond the most connections, or none where all are taken.
    pub(super) fn spare(worker: &std::rc::Rc<Worker>) -> Option<Place> {
        let taken = worker.spare.get();
        if taken >= SPARE_PLACES {
            return None;
        }
        worker.spare.set(taken + 1);
        Some(Place::new(worker, Seat::Spare))
    }

    fn new(worker: &std::rc::Rc<Worker>, seat: Seat) -> Place {
        worker.counts.open.bump();
        Place {
            worker: std::rc::Rc::clone(worker),
            slot: None,
            seat,
        }
    }

    /// The worker.
    pub(super) fn worker(&self) -> &Worker {
        &self.worker
    }

    /// The worker, to be kept beside a borrow of the connection.
    pub(super) fn worker_rc(&self) -> &std::rc::Rc<Worker> {
        &self.worker
    }

    /// Makes sure that the connection's task is woken when the worker leaves.
    pub(super) fn wake_on_leave(&mut self, waker: &Waker) {
        let mut wakers = self.worker.wakers.borrow_mut();
        let slot = *self
            .slot
            .get_or_insert_with(|| wakers.free.pop().unwrap_or(usize::MAX));
        match wakers.slots.get_mut(slot) {
            Some(Some(known)) if known.will_wake(waker) => {}
            Some(place) => *place = Some(waker.clone()),
            None => {
                self.slot = Some(wakers.slots.len());
                wakers.slots.push(Some(waker.clone()));
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.worker.counts.open.drop_one();
        if self.worker.counts.open.get() == 0 {
            self.worker.empty.notify_one();
        }
        match self.seat {
            Seat::Kept => {
                self.worker.shared.open.fetch_sub(1, Ordering::Relaxed);
            }
            Seat::Spare => self.worker.spare.set(self.worker.spare.get() - 1),
        }
        if let Some(slot) = self.slot {
            let mut wakers = self.worker.wakers.borrow_mut();
            wakers.slots[slot] = None;
            wakers.free.push(slot);
        }
    }
}
