//! One receiver's task: takes what is next from the queue, tries, waits, tries again. A receiver that hangs keeps its own task
//! waiting and no other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use super::channel::{self, Tools};
use super::fault::Fault;
use super::queue::{Parcel, Queue, Repeats, Step, Verdict};
use super::store::{Entry, Outcome, Store};
use crate::config::alert::{Channel, Receiver};

/// How often a receiver that wants to hears again of what is wrong.
const REPEAT: Duration = Duration::from_secs(60);

/// How long whoever runs a program may take to say that it has ended it.
const RUNNER: Duration = Duration::from_secs(5);

/// How a receiver stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiverStatus {
    /// Its name.
    pub name: String,
    /// How it is told: `webhook`, `email`, ...
    pub channel: &'static str,
    /// Messages that wait.
    pub waiting: usize,
    /// Messages that it has taken.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Messages that it will never take.
    pub refused: u64,
    /// Messages that were tried for too long.
    pub given_up: u64,
    /// Messages that were dropped because too many waited.
    pub pushed_out: u64,
    /// When it last took one.
    pub last_success: Option<SystemTime>,
    /// When an attempt last failed, and why.
    pub last_error: Option<(SystemTime, String)>,
}

/// What all tasks of a desk share.
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    pub(super) store: Arc<dyn Store>,
    pub(super) tools: Tools,
    /// What became of what was to be kept: ids of messages that wait for it.
    pub(super) kept: mpsc::UnboundedSender<(Vec<String>, Outcome)>,
}

impl Shared {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it is held; and if something did, the queue is still better than none.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called with the queue held, so that lines are kept in the order in which they were made.
    pub(super) fn keep(&self, entries: Vec<Entry>, _held: &Queue) {
        if entries.is_empty() {
            return;
        }
        let ids = entries.iter().filter_map(|entry| match entry {
            Entry::Told { message, .. } => Some(message.id.clone()),
            Entry::Done { .. } | Entry::Taken { .. } => None,
        });
        let (ids, kept) = (ids.collect(), self.kept.clone());
        let told = move |outcome| {
            let _desk_is_gone = kept.send((ids, outcome));
        };
        self.store.append(entries, Box::new(told));
    }
}

/// A receiver, as its task knows it.
pub(super) struct Post {
    pub(super) name: String,
    pub(super) receiver: Mutex<Arc<Receiver>>,
    pub(super) status: Mutex<ReceiverStatus>,
    /// Something has changed: there is more to send, or it is to end.
    pub(super) bell: Notify,
    pub(super) stopping: std::sync::atomic::AtomicBool,
}

impl Post {
    pub(super) fn new(receiver: Receiver) -> Post {
        let name = receiver.name.to_string();
        let status = ReceiverStatus {
            name: name.clone(),
            channel: receiver.channel.label(),
            ..ReceiverStatus::default()
        };
        Post {
            name,
            receiver: Mutex::new(Arc::new(receiver)),
            status: Mutex::new(status),
            bell: Notify::new(),
            stopping: std::sync::atomic::AtomicBool::new(false),
        }
    }

    pub(super) fn receiver(&self) -> Arc<Receiver> {
        Arc::clone(&self.receiver.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn status(&self) -> MutexGuard<'_, ReceiverStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(std::sync::atomic::Ordering::Acquire)
    }
}

/// The task. It ends when it is told to and has nothing that can be sent at once.
pub(super) async fn deliver(post: Arc<Post>, shared: Arc<Shared>) {
    let mut repeat = Instant::now() + REPEAT;
    loop {
        let receiver = post.receiver();
        let now = Instant::now();
        let step = shared
            .queue()
            .next(&post.name, now, calendar(), receiver.give_up);
        match step {
            Step::Send(parcel) => attempt(&post, &receiver, parcel, &shared).await,
            Step::Wait(until) if post.is_stopping() => {
                // What only waits for the store goes at once; what waits for the receiver stays for the next process.
                match until.filter(|until| *until <= now + super::queue::FOR_THE_STORE) {
                    Some(until) => wait(&post, until).await,
                    None => return,
                }
            }
            Step::Wait(until) => {
                let repeats = channel::repeats(&receiver.channel) == Repeats::WhileFiring;
                if repeats && now >= repeat {
                    again(&post, &receiver, &shared).await;
                    repeat = Instant::now() + REPEAT;
                }
                let until = until.into_iter().chain(repeats.then_some(repeat)).min();
                match until {
                    Some(until) => wait(&post, until).await,
                    None => post.bell.notified().await,
                }
            }
        }
    }
}

async fn wait(post: &Post, until: Instant) {
    tokio::select! {
        () = post.bell.notified() => {}
        () = sleep_until(until) => {}
    }
}

async fn attempt(post: &Post, receiver: &Receiver, mut parcel: Parcel, shared: &Shared) {
    let outcome = send(receiver, &mut parcel, shared).await;
    match outcome {
        Ok(()) => {
            let repeats = channel::repeats(&receiver.channel);
            {
                let mut queue = shared.queue();
                let entries = queue.delivered(&post.name, &parcel.message.id, repeats);
                shared.keep(entries, &queue);
            }
            let mut status = post.status();
            status.delivered += 1;
            status.last_success = Some(SystemTime::now());
        }
        Err(fault) => failed(post, receiver, &parcel, &fault, shared),
    }
}

fn failed(post: &Post, receiver: &Receiver, parcel: &Parcel, fault: &Fault, shared: &Shared) {
    let verdict = {
        let mut queue = shared.queue();
        let now = Instant::now();
        let (verdict, entries) = queue.failed(&post.name, parcel, fault, now, receiver.give_up);
        shared.keep(entries, &queue);
        verdict
    };
    let name = &post.name;
    let mut status = post.status();
    let first = status.last_error.is_none()
        || status.last_success > status.last_error.as_ref().map(|(at, _)| *at);
    match verdict {
        // A receiver that is gone is told of once, until it has been there again; the rest is in its status.
        Verdict::Again if !first => log::debug!("alert receiver {name}: {fault}; tried again"),
        Verdict::Again => log::warn!("alert receiver {name}: {fault}; tried again"),
        Verdict::Refused => {
            status.refused += 1;
            log::warn!(
                "alert receiver {name}: {fault}; \"{}\" is not told there",
                parcel.message.subject
            );
        }
        Verdict::GivenUp => {
            status.given_up += 1;
            log::warn!(
                "alert receiver {name}: {fault}; \"{}\" was tried for too long and is given up",
                parcel.message.subject
            );
        }
    }
    status.failed += 1;
    status.last_error = Some((SystemTime::now(), fault.what.clone()));
}

/// Sends it once, in the receiver's time.
pub(super) async fn send(
    receiver: &Receiver,
    parcel: &mut Parcel,
    shared: &Shared,
) -> Result<(), Fault> {
    // A program is ended at the timeout, with its whole group, by whoever runs it, who then says so.
    let patience = match receiver.channel {
        Channel::Exec { .. } => receiver.timeout + RUNNER,
        _ => receiver.timeout,
    };
    match timeout(patience, channel::send(receiver, parcel, &shared.tools)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Fault::unreachable(format!(
            "no answer within {} ms",
            receiver.timeout.as_millis()
        ))),
    }
}

/// Sends again what is still wrong.
async fn again(post: &Post, receiver: &Receiver, shared: &Shared) {
    let active = shared.queue().active(&post.name);
    for message in active {
        let mut parcel = Parcel {
            message,
            got: Default::default(),
        };
        if let Err(fault) = send(receiver, &mut parcel, shared).await {
            let mut status = post.status();
            status.failed += 1;
            status.last_error = Some((SystemTime::now(), fault.what));
            return;
        }
        post.status().last_success = Some(SystemTime::now());
    }
}

/// The second on the calendar.
pub(super) fn calendar() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
