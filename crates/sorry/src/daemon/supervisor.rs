//! The service manager: told when we are ready, reload, stop; kept content while we turn; entrusted with the listening
//! sockets over a restart (sd_notify(3), sd_pid_notify_with_fds(3)).

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::count::WorkerCounts;
use crate::listen::notify::{Notifier, NotifyError, State, monotonic_now, watchdog_limit};

/// A worker that has not turned for this long is stuck (rules of the house; the manager then restarts us).
const STUCK: Duration = Duration::from_secs(5);

/// How often workers show that they turn where no watchdog asks for it, so that metrics can tell.
const TURN: Duration = Duration::from_secs(30);

/// How long the manager may take to read what it is sent.
const BARRIER: Duration = Duration::from_secs(5);

/// Whoever started us, if they want to know.
pub(super) struct Supervisor {
    notifier: Notifier,
    watchdog: Option<Watchdog>,
    /// When workers are next asked to turn, where there is no watchdog.
    due: Instant,
}

/// What becomes of the listening sockets at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sockets {
    /// They end with us.
    Ours,
    /// The manager keeps them for the next process.
    Kept,
}

/// What the manager's watchdog is fed by.
struct Watchdog {
    every: Duration,
    due: Instant,
    seen: Vec<(u64, Instant)>,
}

impl Supervisor {
    /// From the environment.
    pub(super) fn new(workers: usize) -> Result<Supervisor, NotifyError> {
        let variable = |name| std::env::var(name).ok();
        let limit = watchdog_limit(
            variable("WATCHDOG_USEC").as_deref(),
            variable("WATCHDOG_PID").as_deref(),
            std::process::id(),
        );
        let seen = vec![(0, Instant::now()); workers];
        Ok(Supervisor {
            notifier: Notifier::new(variable("NOTIFY_SOCKET").as_deref())?,
            watchdog: limit.map(|limit| Watchdog {
                every: limit / 3,
                due: Instant::now(),
                seen,
            }),
            due: Instant::now() + TURN,
        })
    }

    fn tell(&self, states: &[State]) {
        if let Err(error) = self.notifier.tell(states) {
            log::warn!("the service manager cannot be told: {error}");
        }
    }

    /// Whether there is one.
    pub(super) fn is_heard(&self) -> bool {
        self.notifier.is_heard()
    }

    /// Everything is open and answers.
    pub(super) fn ready(&self, status: String) {
        self.tell(&[State::Ready, State::Status(status)]);
    }

    /// A reload begins; `ready` ends it.
    pub(super) fn reloading(&self) {
        self.tell(&[State::Reloading {
            monotonic: monotonic_now(),
        }]);
    }

    /// The end begins. The sockets are given to the manager first, so that whoever knocks during a restart waits
    /// instead of being refused.
    pub(super) fn stopping(&self, sockets: &[(String, BorrowedFd<'_>)], time: Duration) -> Sockets {
        if !self.notifier.is_heard() {
            return Sockets::Ours;
        }
        self.tell(&[State::Stopping, State::ExtendTimeout(time + BARRIER)]);
        for group in sockets.chunk_by(|one, other| one.0 == other.0) {
            let descriptors: Vec<_> = group.iter().map(|(_, socket)| *socket).collect();
            if let Some((name, _)) = group.first()
                && let Err(error) = self.notifier.store(name, &descriptors)
            {
                log::warn!("the service manager cannot keep {name}: {error}");
            }
        }
        if let Err(error) = self.notifier.barrier(BARRIER) {
            log::warn!("the service manager did not answer: {error}");
        }
        Sockets::Kept
    }

    /// Sockets that the manager kept and nobody wants any more.
    pub(super) fn discard(&self, name: &str) {
        if let Err(error) = self.notifier.discard(name) {
            log::debug!("the service manager was not told to forget {name}: {error}");
        }
    }

    /// Another process answers now.
    pub(super) fn succeeded_by(&self, process: u32) {
        self.tell(&[State::MainProcess(process)]);
    }

    /// When [`Supervisor::feed`] is due. An instant, not a period: other events must not put it off.
    pub(super) fn next_feed(&self) -> Instant {
        let watchdog = self.watchdog.as_ref();
        watchdog.map_or(self.due, |watchdog| watchdog.due)
    }

    /// Tells the watchdog that all is well, unless a worker has stopped turning.
    pub(super) fn feed(&mut self, workers: &[Arc<WorkerCounts>]) {
        self.due = Instant::now() + TURN;
        let Some(watchdog) = &mut self.watchdog else {
            return;
        };
        watchdog.due = Instant::now() + watchdog.every.min(STUCK / 2);
        match watchdog.stuck(workers, Instant::now()) {
            Some(worker) => log::error!("worker {worker} has not turned for {} s", STUCK.as_secs()),
            None => self.tell(&[State::Watchdog]),
        }
    }
}

impl Watchdog {
    /// The first worker whose turns have not moved for too long.
    fn stuck(&mut self, workers: &[Arc<WorkerCounts>], now: Instant) -> Option<usize> {
        for (seen, counts) in self.seen.iter_mut().zip(workers) {
            let turns = counts.turns.get();
            if turns != seen.0 {
                *seen = (turns, now);
            }
        }
        self.seen
            .iter()
            .position(|(_, since)| now.duration_since(*since) > STUCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_stops_turning_starves_the_watchdog() {
        let workers = [
            Arc::new(WorkerCounts::default()),
            Arc::new(WorkerCounts::default()),
        ];
        let start = Instant::now();
        let mut watchdog = Watchdog {
            every: STUCK,
            due: start,
            seen: vec![(0, start); 2],
        };
        for second in 1..=12 {
            workers[0].turns.bump();
            let stuck = watchdog.stuck(&workers, start + Duration::from_secs(second));
            assert_eq!(stuck, (second > 5).then_some(1), "second {second}");
        }
        workers[1].turns.bump();
        workers[0].turns.bump();
        assert_eq!(
            watchdog.stuck(&workers, start + Duration::from_secs(13)),
            None
        );
    }
}
