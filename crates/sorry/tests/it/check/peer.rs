//! Peers that misbehave, each in one way, until they are dropped.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A way to misbehave, once somebody has connected and said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Says nothing.
    Mute,
    /// Says this and nothing more.
    Says(&'static [u8]),
    /// Says this, then a byte now and then, for ever.
    Drips(&'static [u8]),
    /// Says this and closes.
    Closes(&'static [u8]),
    /// Resets.
    Resets,
}

/// A peer; it ends when it is dropped.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    pub(super) fn start(way: Way) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("its address");
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                held.extend(misbehave(stream, way, &seen));
            }
        });
        Peer {
            address,
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Gives back a stream that is to stay open.
fn misbehave(mut stream: TcpStream, way: Way, over: &AtomicBool) -> Option<TcpStream> {
    match way {
        Way::Mute => Some(stream),
        Way::Says(words) => {
            let _gone = stream.write_all(words);
            Some(stream)
        }
        Way::Closes(words) => {
            hear(&mut stream);
            let _gone = stream.write_all(words);
            None
        }
        Way::Resets => {
            hear(&mut stream);
            let now = Some(Duration::ZERO);
            rustix::net::sockopt::set_socket_linger(stream.as_fd(), now).expect("linger");
            None
        }
        Way::Drips(words) => {
            let mut sent = stream.write_all(words);
            while sent.is_ok() && !over.load(Ordering::SeqCst) {
                std::thread::park_timeout(Duration::from_millis(20));
                sent = stream.write_all(b"a");
            }
            None
        }
    }
}

/// What is unread would turn a close into a reset. Whoever waits for us to speak first says nothing: that is not waited for long.
fn hear(stream: &mut TcpStream) {
    let moment = Some(Duration::from_millis(50));
    stream.set_read_timeout(moment).expect("a timeout");
    let _nothing = stream.read(&mut [0; 4096]);
}

/// An address at which nobody listens.
pub(super) fn nobody() -> SocketAddr {
    crate::balancers::balancer::own_address()
}

/// A listener, and who waits in its queue.
pub(super) struct Full {
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

/// A listener whose queue is full, so that it answers no one who wants to connect, for as long as what is given back is kept.
pub(super) fn full() -> (SocketAddr, Full) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    rustix::net::listen(&listener, 0).expect("a short queue");
    let address = listener.local_addr().expect("its address");
    let moment = Duration::from_millis(200);
    let queued = (0..8).map_while(|_| TcpStream::connect_timeout(&address, moment).ok());
    let queued = queued.collect();
    (
        address,
        Full {
            _listener: listener,
            _queued: queued,
        },
    )
}
