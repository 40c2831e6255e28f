//! The workers' threads: started, told what to do, and waited for.

use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::thread::CpuSet;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use super::front::accept;
use super::worker::{Shared, Worker};
use crate::answer::{Desk, ListenerId};
use crate::count::{WorkerCounts, access};
use crate::listen::distribute::Share;

/// What a worker is told.
#[derive(Debug)]
enum Order {
    /// Listen on these, too.
    Open(Vec<(ListenerId, Share)>),
    /// No longer listen on these.
    Close(Vec<ListenerId>),
    /// Show that you turn.
    Turn,
    /// Stop accepting, finish within this time, end.
    Leave(Duration),
}

/// All workers.
#[derive(Debug)]
pub(super) struct Crew {
    orders: Vec<UnboundedSender<Order>>,
    threads: Vec<JoinHandle<()>>,
    counts: Vec<Arc<WorkerCounts>>,
    finished: UnboundedReceiver<usize>,
    left: usize,
}

/// How workers are started.
pub(super) struct Hiring<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) counts: Vec<Arc<WorkerCounts>>,
    pub(super) log: Option<&'a access::Log>,
    pub(super) pinning: Pinning,
    /// The key of the process's request ids.
    pub(super) key: u64,
}

/// Whether each worker stays on one core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pinning {
    Free,
    Pinned,
}

impl Crew {
    /// Starts one thread for each set of counts.
    pub(super) fn hire(hiring: Hiring<'_>) -> io::Result<Crew> {
        let cores = cores();
        let (done, finished) = unbounded_channel();
        let mut crew = Crew {
            orders: Vec::new(),
            threads: Vec::new(),
            counts: hiring.counts,
            finished,
            left: 0,
        };
        for (number, counts) in crew.counts.iter().enumerate() {
            let (sender, orders) = unbounded_channel();
            let desk = Desk::new(number, hiring.key, Arc::clone(counts), hiring.log.cloned());
            let shared = Arc::clone(hiring.shared);
            let core = match hiring.pinning {
                Pinning::Pinned => cores.get(number % cores.len().max(1)).copied(),
                Pinning::Free => None,
            };
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .enable_time()
                .build()?;
            let done = done.clone();
            let work = move || {
                // Told even if the worker panics.
                let _told = Told(done, number);
                stay_on(core);
                LocalSet::new().block_on(&runtime, work(desk, shared, orders));
            };
            let thread = std::thread::Builder::new()
                .name(thread_name(number))
                .spawn(work)?;
            crew.threads.push(thread);
            crew.orders.push(sender);
            crew.left += 1;
        }
        Ok(crew)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.orders.len()
    }

    /// Everybody's counts.
    pub(super) fn counts(&self) -> &[Arc<WorkerCounts>] {
        &self.counts
    }

    /// Gives each worker its shares.
    pub(super) fn open(&self, shares: Vec<Vec<(ListenerId, Share)>>) {
        for (orders, shares) in self.orders.iter().zip(shares) {
            let _gone = orders.send(Order::Open(shares));
        }
    }

    /// Ends listening on these.
    pub(super) fn close(&self, closed: &[ListenerId]) {
        for orders in &self.orders {
            let _gone = orders.send(Order::Close(closed.to_vec()));
        }
    }

    /// Asks everybody to show that they turn.
    pub(super) fn turn(&self) {
        for orders in &self.orders {
            let _gone = orders.send(Order::Turn);
        }
    }

    /// Asks everybody to finish within `time`.
    pub(super) fn leave(&self, time: Duration) {
        for orders in &self.orders {
            let _gone = orders.send(Order::Leave(time));
        }
    }

    /// Resolves when everybody has finished.
    pub(super) async fn left(&mut self) {
        while self.left > 0 && self.finished.recv().await.is_some() {
            self.left -= 1;
        }
        for thread in self.threads.drain(..) {
            // A worker that panicked has told so itself.
            let _panicked = thread.join();
        }
    }

    /// Resolves when a worker ends that was not asked to.
    pub(super) async fn lost(&mut self) -> usize {
        match self.finished.recv().await {
            Some(number) => {
                self.left -= 1;
                number
            }
            None => std::future::pending().await,
        }
    }
}

/// A task that accepts, and what ends it when dropped.
type Accepting = (oneshot::Sender<()>, tokio::task::JoinHandle<()>);

/// Tells that a worker has ended, however it ended.
struct Told(UnboundedSender<usize>, usize);

impl Drop for Told {
    fn drop(&mut self) {
        let _nobody_waits = self.0.send(self.1);
    }
}

async fn work(desk: Desk, shared: Arc<Shared>, mut orders: UnboundedReceiver<Order>) {
    let worker = Rc::new(Worker::new(desk, shared));
    let mut stops: HashMap<usize, Vec<Accepting>> = HashMap::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Open(shares) => {
                for (id, share) in shares {
                    match share.listen() {
                        Ok(listener) => {
                            let (stop, stopped) = oneshot::channel();
                            let task = accept(Rc::clone(&worker), listener, id, stopped);
                            stops
                                .entry(id.0)
                                .or_default()
                                .push((stop, tokio::task::spawn_local(task)));
                        }
                        Err(error) => log::error!("a worker cannot listen on its socket: {error}"),
                    }
                }
            }
            Order::Close(ids) => {
                for id in ids {
                    stops.remove(&id.0);
                }
            }
            Order::Turn => {
                worker.counts.turns.bump();
                // One that has nothing to do must not keep an old front, with all its pages, in memory.
                worker.with_front(|_| ());
            }
            Order::Leave(time) => {
                let tasks: Vec<_> = stops
                    .drain()
                    .flat_map(|(_, stops)| stops)
                    .map(|(_, task)| task)
                    .collect();
                for task in tasks {
                    let _ended = task.await;
                }
                worker.leave();
                if tokio::time::timeout(time, worker.emptied()).await.is_err() {
                    let open = usize::try_from(worker.counts.open.get()).unwrap_or(usize::MAX);
                    worker.shared.cut.fetch_add(open, Ordering::Relaxed);
                }
                return;
            }
        }
    }
}

/// The cores that this process may use.
pub(super) fn cores() -> Vec<usize> {
    match rustix::thread::sched_getaffinity(None) {
        Ok(set) => (0..CpuSet::MAX_CPU)
            .filter(|core| set.is_set(*core))
            .collect(),
        Err(_) => Vec::new(),
    }
}

fn stay_on(core: Option<usize>) {
    if let Some(core) = core {
        let mut set = CpuSet::new();
        set.set(core);
        if let Err(error) = rustix::thread::sched_setaffinity(None, &set) {
            log::warn!("a worker cannot be pinned to core {core}: {error}");
        }
    }
}

/// What the thread of a worker is called.
pub(super) fn thread_name(number: usize) -> String {
    format!("sorry-{number}")
}

/// Whether a thread of this name is a worker's.
pub(super) fn is_worker(name: &str) -> bool {
    let number = name.trim_end().strip_prefix("sorry-");
    number.is_some_and(|number| number.parse::<usize>().is_ok())
}
