//! Real servers that come and go: each answers checks over HTTP, well or badly, and one after the other changes its mind. Which and when is
//! the dice's to say; what the process makes of it is its own business.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::dice::Dice;
use crate::bench::exchange;

/// The shortest and the longest time between two changes, in milliseconds.
const SHORTEST_MS: u64 = 20;
const LONGEST_MS: u64 = 200;

/// How long a checker may take to ask.
const PATIENCE: Duration = Duration::from_millis(500);

pub(crate) struct Churn {
    addresses: Vec<SocketAddr>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Churn {
    /// So many real servers, which work at first.
    pub(crate) fn start(count: u64, mut dice: Dice) -> Result<Churn, String> {
        let cannot = |error| format!("cannot start a real server: {error}");
        let over = Arc::new(AtomicBool::new(false));
        let mut churn = Churn {
            addresses: Vec::new(),
            over: Arc::clone(&over),
            threads: Vec::new(),
        };
        let mut works = Vec::new();
        for _ in 0..count {
            let listener = TcpListener::bind(exchange::address(0)).map_err(cannot)?;
            churn.addresses.push(listener.local_addr().map_err(cannot)?);
            let well = Arc::new(AtomicBool::new(true));
            works.push(Arc::clone(&well));
            let over = Arc::clone(&over);
            let serving = thread::spawn(move || serve(&listener, &well, &over));
            churn.threads.push(serving);
        }
        churn.threads.push(thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let wait = SHORTEST_MS + dice.below(LONGEST_MS - SHORTEST_MS);
                thread::park_timeout(Duration::from_millis(wait));
                let chosen = usize::try_from(dice.below(count)).unwrap_or(0);
                works[chosen].fetch_not(Ordering::Relaxed);
            }
        }));
        Ok(churn)
    }

    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Drop for Churn {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for address in &self.addresses {
            // It waits for whoever comes next.
            drop(TcpStream::connect(address));
        }
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            thread.join().ok();
        }
    }
}

fn serve(listener: &TcpListener, well: &AtomicBool, over: &AtomicBool) {
    for stream in listener.incoming() {
        if over.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(stream) = stream {
            // A checker that has gone asks again.
            answer(stream, well.load(Ordering::Relaxed)).ok();
        }
    }
}

fn answer(mut stream: TcpStream, well: bool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            count => head.extend_from_slice(&chunk[..count]),
        }
    }
    let status = if well { "200 OK" } else { "500 X" };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn real_servers_come_and_go_and_end() {
        let churn = Churn::start(2, Dice::of(1)).unwrap();
        for address in churn.addresses() {
            let mut seen = BTreeSet::new();
            while seen.len() < 2 {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).unwrap();
                seen.insert(text[9..12].to_owned());
            }
            let both = ["200", "500"].map(str::to_owned);
            assert_eq!(seen, BTreeSet::from(both));
        }
    }
}
