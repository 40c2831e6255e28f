//! Real servers that come and go by themselves: each answers checks well or badly, and one after the other changes its mind.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::crashes::Dice;
use crate::harness::PATIENCE;

/// See the file's header.
pub(super) struct Churn {
    pub(super) addresses: Vec<SocketAddr>,
    works: Vec<Arc<AtomicBool>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Churn {
    /// So many real servers, all of which work.
    pub(super) fn new(count: usize) -> Churn {
        let mut churn = Churn {
            addresses: Vec::new(),
            works: Vec::new(),
            over: Arc::default(),
            threads: Vec::new(),
        };
        for _ in 0..count {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            churn
                .addresses
                .push(listener.local_addr().expect("its address"));
            let works = Arc::new(AtomicBool::new(true));
            churn.works.push(Arc::clone(&works));
            let over = Arc::clone(&churn.over);
            let serving = thread::spawn(move || serve(&listener, &works, &over));
            churn.threads.push(serving);
        }
        churn
    }

    /// From now on one after the other changes its mind, as the dice fall.
    pub(super) fn begin(&mut self, mut dice: Dice) {
        let (works, over) = (self.works.clone(), Arc::clone(&self.over));
        self.threads.push(thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                // Changes at all times are the point: there is nothing that could be awaited.
                thread::park_timeout(Duration::from_millis(50 + dice.roll() % 400));
                let chosen = dice.roll() % works.len() as u64;
                works[usize::try_from(chosen).expect("few")].fetch_not(Ordering::Relaxed);
            }
        }));
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
            let _told_by_the_test = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, works: &AtomicBool, over: &AtomicBool) {
    for stream in listener.incoming() {
        if over.load(Ordering::Relaxed) {
            return;
        }
        // A checker that has gone, or was killed, asks again.
        let _gone = stream.and_then(|stream| answer(stream, works.load(Ordering::Relaxed)));
    }
}

fn answer(mut stream: TcpStream, works: bool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            count => head.extend_from_slice(&chunk[..count]),
        }
    }
    let status = if works { "200 OK" } else { "500 X" };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())
}
