//! The brain: the engine on a thread of its own, with what it sees by and what it keeps.
//!
//! The control thread starts it, hands it configurations and orders, and hears from it what visitors are to be told. Neither waits
//! for the other, and no worker knows of it. Everything that is decided is decided in `sorry_core::engine`.

mod chronicle;
mod explain;
mod eyes;
mod hold;
mod incidents;
mod keeper;
mod lateness;
mod latest;
mod mind;
mod order;
mod outlook;
mod peers;
mod posts;
mod schedule;
mod setup;
mod standing;
#[cfg(test)]
mod tests;
mod thread;
mod words;

use std::sync::Arc;
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use sorry_core::event::{Act, SwitchSetup, Unsure};
use sorry_core::incident::{Step, Telling};
use tokio::sync::{mpsc, oneshot};

pub(in crate::daemon) use hold::Hold;
pub use keeper::KeepError;
pub(in crate::daemon) use outlook::Outlook;
pub use setup::Hands;
pub(in crate::daemon) use thread::{News, Told};

use super::audit::Audit;
use super::clock::Clock;
use super::kernel;
use super::programs::Programs;
use crate::admin::Command;
use crate::admin::kernel::KernelStanding;
use crate::admin::standing::Standing;
use crate::check::Watched;
use crate::config::Config;
use crate::journal::Entry;
use chronicle::{Chronicle, Opening};
use eyes::Eyes;
use keeper::Keeper;
use lateness::Lateness;
pub(in crate::daemon) use mind::Answer;
use mind::{Mind, Past, Switches};
use peers::Asking;
use posts::Posts;
use thread::{Hand, KernelHand, Message, NoHand, Thread};

/// A handle on it. Dropping it lets the brain write what waits, and ends it.
pub(in crate::daemon) struct Brain {
    inbox: mpsc::UnboundedSender<Message>,
    thread: Option<JoinHandle<()>>,
    /// How everything stood when it was published last.
    pub(in crate::daemon) standing: Arc<ArcSwap<Standing>>,
    /// Whether it could open what it keeps.
    ready: Option<oneshot::Receiver<Result<(), KeepError>>>,
}

/// How it begins.
pub(in crate::daemon) struct Beginning {
    pub(in crate::daemon) config: Arc<Config>,
    /// The checks of it, ready.
    pub(in crate::daemon) watched: Vec<Watched>,
    pub(in crate::daemon) hands: Hands,
    /// Where it tells what visitors are to be told.
    pub(in crate::daemon) told: Told,
    /// Who runs the programs of alerts.
    pub(in crate::daemon) programs: Arc<Programs>,
    /// What is kept in the state folder, too, once it is open.
    pub(in crate::daemon) audit: Arc<Audit>,
    /// The folder of all that.
    pub(in crate::daemon) hold: Hold,
    /// What answers in the kernel, where anything does.
    pub(in crate::daemon) kernel: Option<kernel::Handle>,
    /// What it does, as it was published last.
    pub(in crate::daemon) in_kernel: Arc<ArcSwap<KernelStanding>>,
}

impl Brain {
    /// Starts the thread.
    pub(in crate::daemon) fn start(beginning: Beginning) -> std::io::Result<Brain> {
        let (inbox, messages) = mpsc::unbounded_channel();
        let standing = Arc::new(ArcSwap::from_pointee(Standing::default()));
        let (tell, ready) = oneshot::channel();
        let published = Arc::clone(&standing);
        let thread = std::thread::Builder::new()
            .name("sorry-brain".into())
            .spawn({
                let own = inbox.clone();
                move || or_abort(|| think(beginning, (own, messages), published, tell))
            })?;
        Ok(Brain {
            inbox,
            thread: Some(thread),
            standing,
            ready: Some(ready),
        })
    }

    /// Waits until it has opened what it keeps.
    pub(in crate::daemon) async fn ready(&mut self) -> Result<(), KeepError> {
        match self.ready.take() {
            Some(ready) => ready.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }

    /// The process will end, and nobody follows at once.
    pub(in crate::daemon) fn stopping(&self) {
        self.ask(Message::Stopping);
    }

    /// Another configuration is in force.
    pub(in crate::daemon) fn configure(&self, config: Arc<Config>, watched: Vec<Watched>) {
        self.ask(Message::Configured(config, watched));
    }

    /// Hands on what the brain is to answer, and gives back what it is not.
    pub(in crate::daemon) fn hear(&self, command: Command) -> Option<Command> {
        self.ask(match command {
            Command::Standing(reply) => Message::Standing(reply),
            Command::Explain { site, reply } => Message::Explain { site, reply },
            Command::History(reply) => Message::History(reply),
            Command::Order(ordered) => Message::Order(Box::new(ordered)),
            Command::TestAlert { receiver, reply } => Message::TestAlert { receiver, reply },
            other => return Some(other),
        });
        None
    }

    fn ask(&self, message: Message) {
        // Whoever waits for an answer hears that nobody is there any more.
        let _ended = self.inbox.send(message);
    }
}

impl Drop for Brain {
    fn drop(&mut self) {
        self.ask(Message::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the thread that decides has ended by itself: please report it");
        }
    }
}

/// Does it, and ends the process where it panics. Without whoever decides every site would stay as it is, status and metrics would show
/// what is no longer so, and nobody would know; who starts the process again has all of it back, since what was decided is in the
/// journal.
fn or_abort(work: impl FnOnce()) {
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {
        log::error!(
            "the thread that decides has ended by itself, and so does this process: please report it"
        );
        log::logger().flush();
        std::process::abort();
    }
}

/// The thread, from its beginning to its end.
fn think(
    beginning: Beginning,
    (own_inbox, inbox): (
        mpsc::UnboundedSender<Message>,
        mpsc::UnboundedReceiver<Message>,
    ),
    standing: Arc<ArcSwap<Standing>>,
    ready: oneshot::Sender<Result<(), KeepError>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return log::error!("nothing is watched: cannot start a runtime: {error}"),
    };
    let (done, written) = mpsc::unbounded_channel();
    let kept = opened(&beginning, done, ready);
    let clock = Clock::start();
    let config = beginning.config;
    let missed = kept.chronicle.missed(&kept.past.tellings);
    let told = kept.past.told;
    let mind = Mind::new(
        Arc::clone(&config),
        switches(beginning.kernel.clone()),
        beginning.hands,
        kept.past,
        clock.now(),
    );
    let posts = match Posts::start() {
        Ok(posts) => posts,
        Err(error) => return log::error!("nothing is watched: cannot start a thread: {error}"),
    };
    let hand = hand(beginning.kernel.as_ref(), &beginning.told, &own_inbox);
    runtime.block_on(async {
        let mut chronicle = kept.chronicle;
        let opening = Opening {
            receivers: config.receivers.clone(),
            open: mind.open_incidents(),
            missed,
            told,
            programs: beginning.programs,
        };
        chronicle.begin(opening, posts.handle.clone());
        let mut eyes = Eyes::new();
        eyes.watch(beginning.watched);
        let thread = Thread {
            mind,
            clock,
            eyes,
            keeper: kept.keeper,
            chronicle,
            written,
            inbox,
            own_inbox,
            hand,
            in_kernel: beginning.in_kernel,
            told: beginning.told,
            outlooks: Vec::new(),
            published: standing,
            publish: None,
            lateness: Lateness::default(),
            asking: Asking::default(),
        };
        thread.run().await;
    });
    // A name that is still being looked up, or a peer that is still being asked, holds nobody back.
    runtime.shutdown_background();
}

fn hand(
    kernel: Option<&kernel::Handle>,
    told: &Told,
    inbox: &mpsc::UnboundedSender<Message>,
) -> Box<dyn Hand> {
    match kernel {
        Some(handle) => Box::new(KernelHand::new(handle, told.clone(), inbox.clone())),
        None => Box::new(NoHand),
    }
}

/// Which switches a site has: the kernel, where it is to answer and the site wants it.
fn switches(kernel: Option<kernel::Handle>) -> Switches {
    Box::new(move |config, site| {
        let kernel = kernel.as_ref();
        let wanted = kernel.is_some_and(|kernel| kernel.switches(config, site));
        let switch = SwitchSetup {
            name: kernel::SWITCH.into(),
            act: Act::Act,
            unsure: Unsure::Follow,
        };
        wanted.then_some(switch).into_iter().collect()
    })
}

/// An error with what it came from.
fn because(error: &KeepError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// What is kept beyond the process, and what was kept before.
struct Kept {
    keeper: Keeper,
    past: Past,
    chronicle: Chronicle,
}

impl Kept {
    fn nothing(done: mpsc::UnboundedSender<keeper::Written>) -> Kept {
        Kept {
            keeper: Keeper::forgetful(done),
            past: Past::default(),
            chronicle: Chronicle::forgetful(),
        }
    }
}

/// Opens what is kept, and tells whoever waits for that. Where it cannot be opened, visitors are still told what is right.
fn opened(
    beginning: &Beginning,
    done: mpsc::UnboundedSender<keeper::Written>,
    ready: oneshot::Sender<Result<(), KeepError>>,
) -> Kept {
    match open(beginning, &done) {
        Ok(kept) => {
            let _nobody_waits = ready.send(Ok(()));
            kept
        }
        Err(error) => {
            let why = because(&error);
            // Whoever waits for it says so, and ends.
            if !beginning.hold.is_waited_for() {
                log::error!("nothing of what is ordered can be kept: {why}");
            }
            beginning.audit.close();
            let _nobody_waits = ready.send(Err(error));
            Kept {
                keeper: Keeper::broken(why, done),
                past: Past::default(),
                chronicle: Chronicle::forgetful(),
            }
        }
    }
}

/// Whether orders were given and nothing is left of them: somebody has emptied the journal, or taken it away.
fn has_forgotten(entries: &[Entry], tellings: &[Telling]) -> bool {
    let ordered = |telling: &Telling| telling.kind.is_order() && telling.step != Step::Aside;
    entries.is_empty() && tellings.iter().any(ordered)
}

fn open(
    beginning: &Beginning,
    done: &mpsc::UnboundedSender<keeper::Written>,
) -> Result<Kept, KeepError> {
    let Some(folder) = beginning.hold.folder()? else {
        beginning.audit.close();
        return Ok(Kept::nothing(done.clone()));
    };
    let (keeper, entries) = Keeper::open(&folder, done.clone())?;
    beginning.audit.open(&folder)?;
    let (chronicle, tellings) = Chronicle::open(&folder)?;
    if has_forgotten(&entries, &tellings) {
        log::error!(
            "the journal in {} is empty, though its history knows of orders: what was ordered is forgotten",
            folder.path().display()
        );
    }
    let last = tellings.iter().map(|telling| telling.number).max();
    let told = last.max(chronicle.taken()).unwrap_or(0);
    Ok(Kept {
        keeper,
        past: Past {
            entries,
            tellings,
            told,
        },
        chronicle,
    })
}
