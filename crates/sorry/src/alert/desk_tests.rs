//! A desk whose store fails, and one whose receiver is mended; its receivers are programs that a test stands in for.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::AtomicI32;

use sorry_core::incident::{Audience, Kind, Phase, Step, What};
use sorry_core::moment::Wall;

use super::*;
use crate::alert::channel::exec::{Ended, Program};
use crate::alert::queue::{self, FOR_THE_STORE};
use crate::alert::store::{self, Done};
use crate::config::Place;
use crate::config::alert::Channel;

/// Keeps lines in memory, or fails, from a script; when that is over it works.
#[derive(Default)]
struct Kept {
    lines: Mutex<Vec<Entry>>,
    script: Mutex<VecDeque<Works>>,
}

#[derive(Clone, Copy)]
enum Works {
    Yes,
    No,
}

impl Kept {
    fn lines(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.lines.lock().unwrap()
    }

    fn outcome(&self) -> Outcome {
        match self.script().pop_front() {
            None | Some(Works::Yes) => Ok(Grown::No),
            Some(Works::No) => Err("the disk is full".to_owned()),
        }
    }

    fn script(&self) -> MutexGuard<'_, VecDeque<Works>> {
        self.script.lock().unwrap()
    }
}

impl Store for Kept {
    fn append(&self, batch: Vec<Entry>, done: Done) {
        let outcome = self.outcome();
        if outcome.is_ok() {
            self.lines().extend(batch);
        }
        later(done, outcome);
    }

    fn compact(&self, all: Vec<Entry>, done: Done) {
        let outcome = self.outcome();
        if outcome.is_ok() {
            *self.lines() = all;
        }
        later(done, outcome);
    }
}

/// As a disk does: when whoever waits for it waits already.
fn later(done: Done, outcome: Outcome) {
    tokio::spawn(async move {
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        done(outcome);
    });
}

/// Ends each program with its code, and says when one was run.
struct Ends {
    code: AtomicI32,
    runs: mpsc::UnboundedSender<Instant>,
}

impl Spawner for Ends {
    fn run(&self, _: Program) -> Pin<Box<dyn Future<Output = io::Result<Ended>> + Send + '_>> {
        self.runs.send(Instant::now()).unwrap();
        let code = self.code.load(Ordering::Relaxed);
        Box::pin(async move { Ok(Ended::Exit(code)) })
    }
}

struct Stage {
    desk: Desk,
    store: Arc<Kept>,
    runs: mpsc::UnboundedReceiver<Instant>,
}

/// A desk with one receiver, `r`, whose program ends with this code.
fn stage(code: i32) -> Stage {
    let store = Arc::<Kept>::default();
    let (sender, runs) = mpsc::unbounded_channel();
    let setting = Setting {
        runtime: Handle::current(),
        host: "mon1".to_owned(),
        store: Arc::clone(&store) as Arc<dyn Store>,
        entries: Vec::new(),
        spawner: Arc::new(Ends {
            code: AtomicI32::new(code),
            runs: sender,
        }),
        roots: None,
    };
    let desk = Desk::start(vec![receiver()], setting);
    Stage { desk, store, runs }
}

fn receiver() -> Receiver {
    let argv = vec!["/bin/page-me".into()];
    Receiver {
        name: "r".into(),
        sites: Vec::new(),
        reals: false,
        channel: Channel::Exec { argv },
        timeout: Duration::from_secs(5),
        give_up: Duration::from_secs(3600),
        place: Place::File,
    }
}

fn firing(incident: u64) -> Telling {
    let at = Wall(deliver::calendar() * 1000);
    Telling {
        number: 0,
        incident,
        kind: Kind::Outage,
        site: Some("shop".into()),
        about: None,
        by: None,
        reason: None,
        planned: false,
        observed: false,
        began: at,
        at,
        step: Step::Begins,
        phase: Phase::Firing,
        audience: Audience::Everybody,
        what: What::Up,
        which: None,
        awaits: None,
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let in_time = tokio::time::timeout(Duration::from_secs(60), test);
        in_time.await.expect("the test ends in time");
    });
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn what_the_store_has_missed_is_kept_as_soon_as_it_works() {
    run(async {
        let stage = stage(1);
        // A line is missed, the next is kept, and then all cannot be written anew.
        stage
            .store
            .script()
            .extend([Works::No, Works::Yes, Works::No]);
        stage.desk.tell(&firing(1));
        stage.desk.tell(&firing(2));
        until(|| stage.store.script().is_empty()).await;
        stage.desk.tell(&firing(3));
        let kept = || {
            let lines = stage.store.lines();
            let kept = Queue::of(lines.clone(), Instant::now());
            kept.waiting("r").0
        };
        until(|| kept() == 3).await;
        assert_eq!(stage.desk.status()[0].waiting, 3);
    });
}

/// A crash may have come between the history and the queue: whatever the queue has not taken in is told, and only that.
#[test]
fn what_was_missed_is_told_once() {
    run(async {
        let stage = stage(1);
        let numbered = |number| Telling {
            number,
            ..firing(number)
        };
        stage.desk.tell(&numbered(1));
        stage.desk.catch_up(&[numbered(2), numbered(3)], 5);
        until(|| store::taken(&stage.store.lines()) == Some(5)).await;
        assert_eq!(stage.desk.status()[0].waiting, 3);
        // Where all is written anew, it is not forgotten.
        let queue = Queue::of(stage.store.lines().clone(), Instant::now());
        assert_eq!(store::taken(&queue.entries()), Some(5));
    });
}

/// The least of some times: none of them can be short if each waits for as long as a store that hangs may take.
#[test]
fn what_is_kept_is_sent_at_once() {
    run(async {
        let mut stage = stage(0);
        let mut least = FOR_THE_STORE;
        for incident in 0..8 {
            let told = Instant::now();
            stage.desk.tell(&firing(incident));
            let ran = stage.runs.recv().await.unwrap();
            least = least.min(ran - told);
            until(|| stage.desk.status()[0].waiting == 0).await;
        }
        assert!(least < FOR_THE_STORE, "{least:?}");
    });
}

#[test]
fn a_reload_ends_a_receivers_pause() {
    run(async {
        let mut stage = stage(0);
        stage.desk.tell(&firing(1));
        pause(&stage.desk.shared);
        tokio::task::yield_now().await;
        assert!(stage.runs.try_recv().is_err(), "it is let alone");
        stage.desk.reconfigure(vec![receiver()]);
        stage.runs.recv().await.unwrap();
    });
}

/// Its receiver asks for an hour.
fn pause(shared: &Shared) {
    let hour = Duration::from_secs(3600);
    let mut queue = shared.queue();
    let soon = Instant::now() + FOR_THE_STORE;
    let queue::Step::Send(parcel) = queue.next("r", soon, deliver::calendar(), hour) else {
        panic!("nothing to send");
    };
    let fault = Fault::of_status(429, Some(hour), "");
    let (_again, _nothing) = queue.failed("r", &parcel, &fault, soon, hour);
}
