//! Where the daemon hands in what is to be told. A desk has a queue, and a task for each receiver, on the runtime it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rustls::RootCertStore;
use sorry_core::incident::Telling;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::channel::Tools;
use super::channel::exec::Spawner;
use super::deliver::{self, Post, ReceiverStatus, Shared};
use super::fault::Fault;
use super::http::Trust;
use super::message::Message;
use super::queue::{Parcel, Queue};
use super::store::{Entry, Grown, Outcome, Store};
use crate::config::alert::Receiver;

/// What a desk needs besides its receivers.
pub struct Setting {
    /// Where its tasks run.
    pub runtime: Handle,
    /// What this machine is called in messages.
    pub host: String,
    /// Where the queue is kept.
    pub store: Arc<dyn Store>,
    /// What the store has kept, in its order.
    pub entries: Vec<Entry>,
    /// Who runs programs.
    pub spawner: Arc<dyn Spawner>,
    /// Whom to trust over TLS instead of the system's authorities.
    pub roots: Option<Arc<RootCertStore>>,
}

/// Brings tellings to their receivers. Dropping it ends all tasks at once; what was not delivered is in the store.
pub struct Desk {
    shared: Arc<Shared>,
    runtime: Handle,
    host: String,
    posts: Arc<Posts>,
    keeper: JoinHandle<()>,
}

/// Who is employed, by name. Locked before the queue by whoever needs both.
#[derive(Default)]
struct Posts(Mutex<BTreeMap<String, Running>>);

struct Running {
    post: Arc<Post>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why a test did not reach a receiver.
#[derive(Debug, thiserror::Error)]
pub enum Unheard {
    /// There is none of that name.
    #[error("there is no alert receiver {0}")]
    Unknown(String),
    /// It did not take it.
    #[error("the alert receiver {0} did not take it: {1}")]
    Fault(String, Fault),
}

impl Desk {
    /// Starts: what was kept and not delivered is on its way at once.
    pub fn start(receivers: Vec<Receiver>, setting: Setting) -> Desk {
        let (kept, outcomes) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue::of(setting.entries, Instant::now())),
            store: setting.store,
            tools: Tools {
                trust: Trust::new(setting.roots),
                spawner: setting.spawner,
            },
            kept,
        });
        let posts = Arc::<Posts>::default();
        let keeper = Keeper {
            shared: Arc::downgrade(&shared),
            posts: Arc::downgrade(&posts),
            behind: false,
        };
        let keeper = setting.runtime.spawn(keeper.hear(outcomes));
        let desk = Desk {
            shared,
            runtime: setting.runtime,
            host: setting.host,
            posts,
            keeper,
        };
        desk.reconfigure(receivers);
        desk
    }

    /// These are the receivers from now on. Who stays goes on; what waits for who is gone is dropped.
    pub fn reconfigure(&self, receivers: Vec<Receiver>) {
        let names = receivers.iter().map(|receiver| receiver.name.to_string());
        let names: BTreeSet<String> = names.collect();
        {
            let mut queue = self.shared.queue();
            let entries = queue.receivers(&names);
            self.shared.keep(entries, &queue);
        }
        let mut posts = self.posts.lock();
        posts.retain(|name, _| names.contains(name));
        for receiver in receivers {
            match posts.get(&*receiver.name) {
                Some(running) => {
                    running.change(receiver);
                    self.shared.queue().changed(&running.post.name);
                    running.post.bell.notify_one();
                }
                None => {
                    posts.insert(receiver.name.to_string(), self.employ(receiver));
                }
            }
        }
    }

    fn employ(&self, receiver: Receiver) -> Running {
        let post = Arc::new(Post::new(receiver));
        let work = deliver::deliver(Arc::clone(&post), Arc::clone(&self.shared));
        Running {
            post,
            task: self.runtime.spawn(work),
        }
    }

    /// What was told before this process and was not taken in, in its order. All up to `number` are taken in then.
    pub fn catch_up(&self, missed: &[Telling], number: u64) {
        for telling in missed {
            self.tell(telling);
        }
        self.take(number);
    }

    /// Tells it to whoever hears of it. Returns at once.
    pub fn tell(&self, telling: &Telling) {
        match Message::of(telling, &self.host) {
            Some(message) => self.send(message, telling.number),
            None => self.take(telling.number),
        }
    }

    /// Keeps that it was taken in, though nobody is told.
    fn take(&self, number: u64) {
        let mut queue = self.shared.queue();
        let entries = queue.take(number).into_iter().collect();
        self.shared.keep(entries, &queue);
    }

    fn send(&self, message: Message, number: u64) {
        let posts = self.posts.lock();
        let hear = posts
            .values()
            .filter(|running| hears(&running.post.receiver(), &message));
        let hear: Vec<&Running> = hear.collect();
        if hear.is_empty() {
            return self.take(number);
        }
        let names = hear
            .iter()
            .map(|running| running.post.name.clone())
            .collect();
        {
            let mut queue = self.shared.queue();
            let entries = queue.add(message, names, number, Instant::now());
            self.shared.keep(entries, &queue);
        }
        for running in hear {
            running.post.bell.notify_one();
        }
    }

    /// Only these incidents are open. To be said at the start, when that is known: of others that a receiver was told of and is told
    /// again and again, it is not any more.
    pub fn only_open(&self, incidents: &BTreeSet<u64>) {
        let mut queue = self.shared.queue();
        let entries = queue.only_open(incidents);
        self.shared.keep(entries, &queue);
    }

    /// How all receivers stand, by their names.
    pub fn status(&self) -> Vec<ReceiverStatus> {
        let posts = self.posts.lock();
        let queue = self.shared.queue();
        let status = |running: &Running| {
            let (waiting, pushed_out) = queue.waiting(&running.post.name);
            ReceiverStatus {
                waiting,
                pushed_out,
                ..running.post.status().clone()
            }
        };
        posts.values().map(status).collect()
    }

    /// Sends a test to a receiver, once and at once, and says what came of it. It holds nothing of the desk while it waits.
    pub fn test(&self, name: &str) -> impl Future<Output = Result<(), Unheard>> + Send + use<> {
        let post = self
            .posts
            .lock()
            .get(name)
            .map(|running| Arc::clone(&running.post));
        let shared = Arc::clone(&self.shared);
        let (name, host) = (name.to_owned(), self.host.clone());
        async move {
            let Some(post) = post else {
                return Err(Unheard::Unknown(name));
            };
            let mut parcel = Parcel {
                message: Arc::new(Message::test(&name, &host, deliver::calendar())),
                got: BTreeSet::new(),
            };
            let sent = deliver::send(&post.receiver(), &mut parcel, &shared).await;
            sent.map_err(|fault| Unheard::Fault(name, fault))
        }
    }

    /// Ends: what can be delivered at once is, for so long at most. The rest is in the store for the next start.
    pub async fn stop(&self, patience: Duration) {
        let running: Vec<Running> = {
            let mut posts = self.posts.lock();
            std::mem::take(&mut *posts).into_values().collect()
        };
        for running in &running {
            running.post.stopping.store(true, Ordering::Release);
            running.post.bell.notify_one();
        }
        let all = async {
            for mut running in running {
                let _aborted_or_done = (&mut running.task).await;
            }
        };
        let _rest_stays_in_the_store = tokio::time::timeout(patience, all).await;
    }
}

impl Posts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, names: &BTreeSet<String>) {
        let posts = self.lock();
        for running in names.iter().filter_map(|name| posts.get(name)) {
            running.post.bell.notify_one();
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Running {
    fn change(&self, receiver: Receiver) {
        self.post.status().channel = receiver.channel.label();
        let mut known = self
            .post
            .receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Arc::new(receiver);
    }
}

fn hears(receiver: &Receiver, message: &Message) -> bool {
    let of_site = |site: &String| {
        receiver.sites.is_empty() || receiver.sites.iter().any(|known| **known == **site)
    };
    message.site.as_ref().is_none_or(of_site) && (!message.of_reals || receiver.reals)
}

/// Hears what became of what was to be kept: sets free what waited for it, and has all written anew when it has grown, or when the
/// store has missed something.
struct Keeper {
    shared: Weak<Shared>,
    posts: Weak<Posts>,
    /// The store has not kept all that it was given.
    behind: bool,
}

impl Keeper {
    async fn hear(mut self, mut outcomes: mpsc::UnboundedReceiver<(Vec<String>, Outcome)>) {
        while let Some((ids, outcome)) = outcomes.recv().await {
            let (Some(shared), Some(posts)) = (self.shared.upgrade(), self.posts.upgrade()) else {
                return;
            };
            if let Err(why) = &outcome {
                log::error!(
                    "cannot keep the queue of alerts: {why}; a crash now would lose what waits"
                );
            }
            let whose = self.heard(&ids, &outcome, &shared);
            posts.ring(&whose);
        }
    }

    /// Says whose lines have something that need not wait any more.
    fn heard(&mut self, ids: &[String], outcome: &Outcome, shared: &Shared) -> BTreeSet<String> {
        let mut queue = shared.queue();
        let now = Instant::now();
        let whose = ids.iter().flat_map(|id| queue.kept(id, now)).collect();
        self.behind |= outcome.is_err();
        // A store that fails is not asked again until it has shown that it works.
        if *outcome == Ok(Grown::Yes) || (self.behind && outcome.is_ok()) {
            self.behind = false;
            write_anew(shared, &queue);
        }
        whose
    }
}

/// To be called with the queue held, as [`Shared::keep`] is.
fn write_anew(shared: &Shared, held: &Queue) {
    let kept = shared.kept.clone();
    let told = move |outcome: Outcome| {
        // Grown again at once would be written anew for ever.
        let outcome = outcome.map(|_| Grown::No);
        let _desk_is_gone = kept.send((Vec::new(), outcome));
    };
    shared.store.compact(held.entries(), Box::new(told));
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
