//! Visitors who come one after the other, each on a connection of its own, and tell of everything that was not a whole refusal. While
//! nobody is at home (see `Season`) a visit may be lost; at any other time it is an error.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::bench::exchange;
use crate::bench::quiet;

/// No visit takes this long: a visitor would have gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a visitor enters.
#[derive(Clone, Debug)]
pub(crate) enum Door {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

trait Talk: Read + Write {}
impl Talk for TcpStream {}
impl Talk for UnixStream {}

impl Door {
    fn open(&self) -> std::io::Result<Box<dyn Talk>> {
        match self {
            Self::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, PATIENCE)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Box::new(stream))
            }
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Box::new(stream))
            }
        }
    }

    /// One request and its whole answer to the end of the connection; anything but a refusal is an error.
    pub(crate) fn visit(&self) -> Result<Vec<u8>, String> {
        const REQUEST: &[u8] =
            b"GET /deep/url HTTP/1.1\r\nHost: shop\r\nAccept: text/plain\r\nConnection: close\r\n\r\n";
        let told = |what: &str, error: std::io::Error| format!("cannot {what}: {error}");
        let mut stream = self.open().map_err(|error| told("connect", error))?;
        stream
            .write_all(REQUEST)
            .map_err(|error| told("send", error))?;
        let mut answer = Vec::new();
        stream
            .read_to_end(&mut answer)
            .map_err(|error| told("read", error))?;
        match exchange::whole(&answer)? {
            Some(503) => Ok(answer),
            Some(status) => Err(format!("answered {status}")),
            None => Err(format!("an answer of only {} bytes", answer.len())),
        }
    }
}

/// What the visitors have met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) answers: u64,
    /// Visits that failed while nobody was at home.
    pub(crate) lost: u64,
    pub(crate) errors: u64,
    /// The slowest visit that was answered.
    pub(crate) slowest: Duration,
}

/// Even: somebody is at home; odd: nobody need be. It only ever grows, so that a visit knows whether that changed meanwhile.
struct Season(AtomicU64);

impl Season {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether somebody was at home from `then` until now.
    fn at_home_since(&self, then: u64) -> bool {
        then.is_multiple_of(2) && self.now() == then
    }
}

struct Shared {
    stop: AtomicBool,
    season: Season,
    answers: AtomicU64,
    lost: AtomicU64,
    errors: AtomicU64,
    slowest_us: AtomicU64,
    first_error: Mutex<Option<String>>,
}

pub(crate) struct Visitors {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Visitors {
    /// So many, dealt to the doors in turns.
    pub(crate) fn start(doors: &[Door], count: u64) -> Self {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            season: Season(AtomicU64::new(0)),
            answers: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            slowest_us: AtomicU64::new(0),
            first_error: Mutex::new(None),
        });
        let doors = doors.iter().cycle().zip(0..count);
        let threads = doors
            .map(|(door, _)| {
                let (door, shared) = (door.clone(), Arc::clone(&shared));
                std::thread::spawn(move || shared.visit_again_and_again(&door))
            })
            .collect();
        Self { shared, threads }
    }

    /// From now on visits may be lost.
    pub(crate) fn nobody_is_home(&self) {
        self.shared.season.0.fetch_or(1, Ordering::SeqCst);
    }

    /// From now on no visit may be lost that begins from now on.
    pub(crate) fn somebody_is_home(&self) {
        let now = self.shared.season.now();
        let even = now + now % 2;
        self.shared.season.0.store(even, Ordering::SeqCst);
    }

    pub(crate) fn tally(&self) -> Tally {
        let shared = &self.shared;
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Tally {
            answers: read(&shared.answers),
            lost: read(&shared.lost),
            errors: read(&shared.errors),
            slowest: Duration::from_micros(read(&shared.slowest_us)),
        }
    }

    pub(crate) fn first_error(&self) -> Option<String> {
        let first = self.shared.first_error.lock();
        first.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends them home.
    pub(crate) fn end(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

impl Drop for Visitors {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn visit_again_and_again(&self, door: &Door) {
        while !self.stop.load(Ordering::Relaxed) {
            let (then, began) = (self.season.now(), Instant::now());
            match door.visit() {
                Ok(_) => {
                    let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    self.slowest_us.fetch_max(took, Ordering::Relaxed);
                    self.answers.fetch_add(1, Ordering::Relaxed);
                }
                Err(why) if self.season.at_home_since(then) => self.note(door, &why),
                Err(_) => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    // Nobody answers: leave the core to whoever is starting.
                    quiet::pass(Duration::from_millis(1));
                }
            }
        }
    }

    fn note(&self, door: &Door, why: &str) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        let first = self.first_error.lock();
        let mut first = first.unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| format!("{door:?}: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::{Door, Season, Visitors};
    use crate::bench::exchange;

    #[test]
    fn a_visit_is_only_lost_while_nobody_need_be_at_home() {
        let season = |now| Season(AtomicU64::new(now));
        assert!(season(4).at_home_since(4));
        // It began while nobody was there, or somebody left, or left and came back.
        for (then, now) in [(3, 3), (3, 4), (4, 5), (4, 6)] {
            assert!(!season(now).at_home_since(then), "{then} {now}");
        }
    }

    #[test]
    fn whoever_meets_a_closed_door_tells_of_it() {
        let closed = std::net::TcpListener::bind(exchange::address(0)).unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        let mut visitors = Visitors::start(&[Door::Tcp(address)], 1);
        while visitors.tally().errors == 0 {
            std::thread::yield_now();
        }
        visitors.nobody_is_home();
        while visitors.tally().lost == 0 {
            std::thread::yield_now();
        }
        visitors.somebody_is_home();
        visitors.end();
        let first = visitors.first_error().unwrap();
        assert!(first.contains("cannot connect"), "{first}");
        assert_eq!(visitors.tally().answers, 0);
    }
}
