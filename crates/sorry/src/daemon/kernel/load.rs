//! How much the server in user space has to do: its connections, its workers' time, and what is asked of it.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use sorry_core::responder::overload::{Cause, Load};

use super::super::crew::is_worker;
use super::super::worker::Shared;
use crate::count::{self, Kind, Protocol, access};

/// What is looked at.
pub(in crate::daemon) struct Gauges {
    pub(in crate::daemon) shared: Arc<Shared>,
    pub(in crate::daemon) sites: Arc<count::Sites>,
    /// Where requests are written down.
    pub(in crate::daemon) log: Option<access::Log>,
}

/// What was seen at the last look.
#[derive(Debug, Default)]
pub(super) struct Meter {
    seen: Option<(Instant, HashMap<u32, u64>, u64)>,
}

impl Meter {
    /// What there was to do since the last look; nothing at the first. `answered` is what the kernel has answered so far.
    pub(super) fn look(&mut self, gauges: &Gauges, answered: u64, now: Instant) -> Option<Load> {
        let times = worker_times();
        let asked = answered + in_user_space(gauges);
        let seen = self.seen.replace((now, times.clone(), asked));
        let (before, old_times, old_asked) = seen?;
        let elapsed = now.duration_since(before);
        let millis = u64::try_from(elapsed.as_millis())
            .ok()
            .filter(|millis| *millis > 0)?;
        let spent = |(thread, time): (&u32, &u64)| {
            time.saturating_sub(*old_times.get(thread).unwrap_or(time))
        };
        let busiest = times.iter().map(spent).max().unwrap_or(0);
        Some(Load {
            connections: crowd(gauges),
            busy: share(busiest / 1_000, millis * 1_000),
            asked: (asked.saturating_sub(old_asked)) * 1_000 / millis,
        })
    }
}

/// Connections of those that there may be, in thousandths.
fn crowd(gauges: &Gauges) -> u32 {
    let most = gauges.shared.front.load().connections;
    let open = gauges.shared.open.load(Ordering::Relaxed);
    share(open as u64, most as u64)
}

fn share(part: u64, whole: u64) -> u32 {
    u32::try_from(part * 1_000 / whole.max(1)).unwrap_or(u32::MAX)
}

/// Requests that user space has answered.
fn in_user_space(gauges: &Gauges) -> u64 {
    let mut sum = 0;
    for (_, counts) in gauges.sites.all() {
        for counts in counts.iter() {
            for kind in Kind::all() {
                for protocol in Protocol::ALL {
                    sum += sorry_core::answer::Method::ALL
                        .into_iter()
                        .map(|method| counts.answers(kind, protocol, method).get())
                        .sum::<u64>();
                }
            }
        }
    }
    sum
}

/// Nanoseconds that each worker's thread has run, by its number (proc(5), `schedstat`).
fn worker_times() -> HashMap<u32, u64> {
    let tasks = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .filter_map(|task| {
            let number = task.file_name().to_str()?.parse().ok()?;
            let name = fs::read_to_string(task.path().join("comm")).ok()?;
            let time = fs::read_to_string(task.path().join("schedstat")).ok()?;
            let time = time.split_whitespace().next()?.parse().ok()?;
            is_worker(&name).then_some((number, time))
        })
        .collect()
}

/// Why it is too much, in words.
pub(super) fn told(cause: Cause) -> String {
    let percent = |thousandths: u32| thousandths / 10;
    match cause {
        Cause::Connections(part) => format!(
            "{} % of all connections that there may be were open",
            percent(part)
        ),
        Cause::Busy(part) => format!("a worker was busy {} % of the time", percent(part)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::crew::thread_name;

    #[test]
    fn the_time_of_workers_is_read_and_of_nobody_else() {
        let (told, heard) = std::sync::mpsc::channel();
        let work = move || {
            let begun = Instant::now();
            while begun.elapsed().as_millis() < 20 {}
            told.send(worker_times()).unwrap();
        };
        let worker = std::thread::Builder::new().name(thread_name(7));
        worker.spawn(work).unwrap().join().unwrap();
        let times = heard.recv().unwrap();
        assert_eq!(times.len(), 1, "{times:?}");
        assert!(times.values().all(|time| *time > 5_000_000), "{times:?}");
    }

    #[test]
    fn shares_are_thousandths() {
        assert_eq!((share(1, 2), share(0, 0), share(3, 1)), (500, 0, 3000));
        assert_eq!(told(Cause::Busy(955)), "a worker was busy 95 % of the time");
    }
}
