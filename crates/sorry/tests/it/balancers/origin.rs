//! The real server of these tests: answers 200 to everything on one address, and can die and come back.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What it answers.
pub(super) const BODY: &str = "the site itself\n";

/// One origin; dies with its owner.
pub(super) struct Origin {
    pub(super) address: SocketAddr,
    life: Option<Life>,
}

/// From a birth to a death.
struct Life {
    dead: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    accepting: JoinHandle<()>,
}

impl Origin {
    /// Begins to live at an address.
    pub(super) fn start(address: SocketAddr) -> Origin {
        let mut origin = Origin {
            address,
            life: None,
        };
        origin.revive();
        origin
    }

    /// Listens again.
    pub(super) fn revive(&mut self) {
        assert!(self.life.is_none(), "the origin is alive");
        let listener = TcpListener::bind(self.address).expect("bind the origin");
        let dead = Arc::new(AtomicBool::new(false));
        let open = Arc::new(Mutex::new(Vec::new()));
        let accepting = {
            let (dead, open) = (Arc::clone(&dead), Arc::clone(&open));
            std::thread::spawn(move || accept(&listener, &dead, &open))
        };
        self.life = Some(Life {
            dead,
            open,
            accepting,
        });
    }

    /// Dies as a process does that is killed: the listener and all connections go at once, whatever they were doing.
    pub(super) fn die(&mut self) {
        let Some(life) = self.life.take() else {
            return;
        };
        life.dead.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts; it drops the listener.
        drop(TcpStream::connect(self.address));
        life.accepting.join().expect("the origin's thread");
        for stream in life.open.lock().expect("no thread panics").drain(..) {
            let _already_closed = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.die();
    }
}

fn accept(listener: &TcpListener, dead: &Arc<AtomicBool>, open: &Mutex<Vec<TcpStream>>) {
    for stream in listener.incoming().map_while(Result::ok) {
        if dead.load(Ordering::SeqCst) {
            return;
        }
        let Ok(copy) = stream.try_clone() else {
            return;
        };
        open.lock().expect("no thread panics").push(copy);
        let dead = Arc::clone(dead);
        std::thread::spawn(move || converse(stream, &dead));
    }
}

/// Answers requests with a Content-Length or without a body, until the connection ends.
fn converse(mut stream: TcpStream, dead: &AtomicBool) {
    let mut bytes = Vec::new();
    let mut part = [0; 65536];
    while !dead.load(Ordering::SeqCst) {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => return,
                Ok(count) => bytes.extend_from_slice(&part[..count]),
            }
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(0, |length| length.trim().parse().expect("a length"));
        let rest = bytes.split_off(end + 4);
        let mut left = usize::saturating_sub(length, rest.len());
        bytes = rest[length.min(rest.len())..].to_vec();
        while left > 0 {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => return,
                Ok(count) => left = left.saturating_sub(count),
            }
        }
        let body = if head.starts_with("head ") { "" } else { BODY };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Length: {}\r\n\r\n{body}",
            BODY.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
