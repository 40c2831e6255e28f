//! Makes the probes of all checks, on one thread of its own with one runtime, and tells their results. When each begins is `schedule`'s
//! business; what the results mean is the core's. Called by the daemon.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use tokio::time::sleep_until;

use crate::config::check::Timing;

use super::outcome::Outcome;
use super::prepared::Prepared;
use super::schedule::{Begin, Fate, Pace, Place, Schedule, Turn};

/// The most threads that wait for the system's resolver and for files at once.
const BLOCKING_THREADS_MAX: usize = 64;

/// By what a check is known, across configurations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A check of a real server.
    Check {
        /// The site's name.
        site: Arc<str>,
        /// The real server's name.
        real_server: Arc<str>,
        /// What the check is called, as no other of the real server is.
        check: Arc<str>,
    },
    /// A reference, by its place in the configuration.
    Reference(u32),
}

/// What is to be checked.
#[derive(Debug)]
pub struct Watched {
    /// By what it is known.
    pub key: Key,
    /// The check.
    pub prepared: Arc<Prepared>,
    /// When.
    pub timing: Timing,
    /// How many bad results take the server down.
    pub fall: u16,
}

/// A result.
#[derive(Clone, Debug)]
pub struct Told {
    /// Whose.
    pub key: Key,
    /// Which.
    pub outcome: Outcome,
    /// How much later than it should have the probe began.
    pub late: Duration,
}

/// Makes probes until it is dropped, which ends all that are under way.
#[derive(Debug)]
pub struct Watcher {
    orders: Option<UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Order {
    Set(Vec<Watched>),
    Pace(Key, Pace),
}

impl Watcher {
    /// Starts the thread, with nothing to check. `tell` is called on it with each result, and must not wait for anything. Should the
    /// thread end by itself, the process is aborted.
    ///
    /// # Errors
    /// The system has no room for another thread or its descriptors.
    pub fn start(tell: impl FnMut(Told) + Send + 'static) -> io::Result<Watcher> {
        Watcher::start_or(tell, abort)
    }

    /// The same, with what happens where the thread ends by itself.
    fn start_or(
        tell: impl FnMut(Told) + Send + 'static,
        unasked: impl FnOnce() + Send + 'static,
    ) -> io::Result<Watcher> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_name("check-waits")
            .build()?;
        let (orders, receiver) = unbounded_channel();
        let thread = std::thread::Builder::new().name("checks".to_owned());
        let thread = thread.spawn(move || {
            let vigil = Vigil::keep(unasked);
            runtime.block_on(watch(receiver, tell));
            vigil.end();
            // A resolver that hangs would hold the drop of the runtime.
            runtime.shutdown_background();
        })?;
        Ok(Watcher {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// All that is to be checked from now on. What was checked in the same way before goes on undisturbed; the others begin.
    pub fn set(&self, watched: Vec<Watched>) {
        self.order(Order::Set(watched));
    }

    /// How soon one of them is checked again. Nothing happens where there is none.
    pub fn pace(&self, key: &Key, pace: Pace) {
        self.order(Order::Pace(key.clone(), pace));
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _thread_has_ended = orders.send(order);
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _it_has_panicked = thread.join();
        }
    }
}

/// On the thread: does something when it is dropped, by a panic or otherwise, and the end was not asked for.
struct Vigil<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Vigil<F> {
    /// What is to be done.
    fn keep(unasked: F) -> Vigil<F> {
        Vigil(Some(unasked))
    }

    /// The end was asked for.
    fn end(mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for Vigil<F> {
    fn drop(&mut self) {
        if let Some(unasked) = self.0.take() {
            unasked();
        }
    }
}

/// Ends the process. Without checks every site would stay as it was last seen, and nobody would know; who starts the process
/// again has eyes again, and what was decided is in the journal.
fn abort() {
    log::error!(
        "the thread that checks real servers has ended by itself, and so does this process: please report it"
    );
    log::logger().flush();
    std::process::abort();
}

/// What a probe says of itself, on its way from its task.
struct Word {
    place: Place,
    generation: u64,
    number: u64,
    /// None where it has not ended, and is slow.
    outcome: Option<Outcome>,
    late: Duration,
}

async fn watch(mut orders: UnboundedReceiver<Order>, mut tell: impl FnMut(Told)) {
    /// So many results are taken at once.
    const BATCH: usize = 256;
    let (sender, mut receiver) = unbounded_channel();
    let mut watching = Watching {
        schedule: Schedule::new(fastrand::u64(..)),
        courses: Vec::new(),
        places: HashMap::new(),
        generations: 0,
        ended: sender,
    };
    let mut batch = Vec::with_capacity(BATCH);
    let mut timer = std::pin::pin!(sleep_until(Instant::now().into()));
    loop {
        watching.begin_due(Instant::now());
        let next = watching.schedule.next();
        if let Some(next) = next {
            let next = tokio::time::Instant::from_std(next);
            if timer.deadline() != next {
                timer.as_mut().reset(next);
            }
        }
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Order::Set(watched)) => watching.set(watched, Instant::now()),
                Some(Order::Pace(key, pace)) => watching.pace(&key, pace, Instant::now()),
                None => return,
            },
            _ = receiver.recv_many(&mut batch, BATCH) => {
                let now = Instant::now();
                for word in batch.drain(..) {
                    watching.hear(word, now, &mut tell);
                }
            }
            () = &mut timer, if next.is_some() => {}
        }
    }
}

/// All checks.
struct Watching {
    schedule: Schedule,
    /// By their places in the schedule.
    courses: Vec<Option<Course>>,
    places: HashMap<Key, Place>,
    generations: u64,
    ended: UnboundedSender<Word>,
}

/// One check.
struct Course {
    key: Key,
    prepared: Arc<Prepared>,
    timing: Timing,
    fall: u16,
    /// Tells it from others that had its place before.
    generation: u64,
    under_way: Vec<(u64, AbortHandle)>,
}

impl Drop for Course {
    fn drop(&mut self) {
        for (_, probe) in &self.under_way {
            probe.abort();
        }
    }
}

impl Watching {
    fn set(&mut self, watched: Vec<Watched>, now: Instant) {
        let mut gone = std::mem::take(&mut self.places);
        let mut new = Vec::new();
        for watched in watched {
            match gone.remove(&watched.key) {
                Some(place) if self.goes_on(place, &watched) => {
                    self.places.insert(watched.key, place);
                    continue;
                }
                Some(place) => self.remove(place),
                None => {}
            }
            new.push(watched);
        }
        for place in gone.into_values() {
            self.remove(place);
        }
        let count = new.len();
        for (index, watched) in new.into_iter().enumerate() {
            self.add(watched, Turn { index, count }, now);
        }
    }

    /// Whether it is the same as before; then it goes on, with files that were read anew.
    fn goes_on(&mut self, place: Place, watched: &Watched) -> bool {
        let Some(course) = self.courses.get_mut(place).and_then(Option::as_mut) else {
            return false;
        };
        let same = course.timing == watched.timing
            && course.fall == watched.fall
            && course.prepared.is_same(&watched.prepared);
        if same {
            course.prepared = Arc::clone(&watched.prepared);
        }
        same
    }

    fn add(&mut self, watched: Watched, turn: Turn, now: Instant) {
        if self.places.contains_key(&watched.key) {
            // Names are unique; of two with the same one the first is checked.
            return;
        }
        let place = self.schedule.add(watched.timing, watched.fall, turn, now);
        self.generations += 1;
        self.places.insert(watched.key.clone(), place);
        if self.courses.len() <= place {
            self.courses.resize_with(place + 1, || None);
        }
        self.courses[place] = Some(Course {
            key: watched.key,
            prepared: watched.prepared,
            timing: watched.timing,
            fall: watched.fall,
            generation: self.generations,
            under_way: Vec::new(),
        });
    }

    fn remove(&mut self, place: Place) {
        self.schedule.remove(place);
        if let Some(course) = self.courses.get_mut(place) {
            *course = None;
        }
    }

    fn pace(&mut self, key: &Key, pace: Pace, now: Instant) {
        if let Some(place) = self.places.get(key) {
            self.schedule.pace(*place, pace, now);
        }
    }

    fn begin_due(&mut self, now: Instant) {
        while let Some(begin) = self.schedule.begin(now) {
            self.begin(begin, now);
        }
    }

    fn begin(&mut self, begin: Begin, now: Instant) {
        let Some(course) = self.courses.get_mut(begin.place).and_then(Option::as_mut) else {
            return;
        };
        let report = Report {
            to: self.ended.clone(),
            place: begin.place,
            generation: course.generation,
            number: begin.number,
            late: now - begin.due,
            outcome: None,
        };
        let prepared = Arc::clone(&course.prepared);
        // Where one bad result is enough, or nothing can be slow before it has timed out, nobody waits for that.
        let Timing {
            suspect_every,
            timeout,
            ..
        } = course.timing;
        let patience = (course.fall > 1 && suspect_every < timeout).then_some(suspect_every);
        let probe = tokio::spawn(async move {
            let mut report = report;
            let mut probe = std::pin::pin!(prepared.probe());
            let early = match patience {
                Some(patience) => tokio::time::timeout(patience, &mut probe).await.ok(),
                None => None,
            };
            let outcome = match early {
                Some(outcome) => outcome,
                None => {
                    if patience.is_some() {
                        report.say(None);
                    }
                    probe.await
                }
            };
            report.outcome = Some(outcome);
        });
        course.under_way.push((begin.number, probe.abort_handle()));
    }

    fn hear(&mut self, word: Word, now: Instant, tell: &mut impl FnMut(Told)) {
        let course = self.courses.get_mut(word.place).and_then(Option::as_mut);
        let Some(course) = course.filter(|course| course.generation == word.generation) else {
            return;
        };
        let Some(outcome) = word.outcome else {
            if let Some(begin) = self.schedule.slow(word.place, word.number, now) {
                self.begin(begin, now);
            }
            return;
        };
        course
            .under_way
            .retain(|(number, _)| *number != word.number);
        let verdict = outcome.reason.verdict();
        let fate = self.schedule.end(word.place, word.number, verdict, now);
        if fate == Some(Fate::Told) {
            tell(Told {
                key: course.key.clone(),
                outcome,
                late: word.late,
            });
        }
    }
}

/// Sends a probe's result when it is dropped, so that there is one, also where the probe has panicked.
struct Report {
    to: UnboundedSender<Word>,
    place: Place,
    generation: u64,
    number: u64,
    late: Duration,
    outcome: Option<Outcome>,
}

impl Drop for Report {
    fn drop(&mut self) {
        let outcome = self.outcome.take().unwrap_or_else(Outcome::abandoned);
        self.say(Some(outcome));
    }
}

impl Report {
    fn say(&self, outcome: Option<Outcome>) {
        let _nobody_listens_any_more = self.to.send(Word {
            place: self.place,
            generation: self.generation,
            number: self.number,
            outcome,
            late: self.late,
        });
    }
}

#[cfg(test)]
#[path = "watcher_tests.rs"]
mod tests;
