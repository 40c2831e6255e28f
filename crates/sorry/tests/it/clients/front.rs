//! What a client is pointed at when the site behind it has to change under its eyes: a door that passes bytes on to the sorry
//! server, or gives one canned answer, or drops whoever comes. It keeps a record of what was asked and answered.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Instant;

use crate::harness::{PATIENCE, text};

/// Who answers behind the door.
#[derive(Debug, Clone)]
pub(crate) enum Behind {
    /// Bytes are passed on to this address and back.
    Server(SocketAddr),
    /// Every request gets this status line (without the version) and this HTML.
    Says(&'static str, String),
    /// The request is read and the connection closed.
    Nobody,
}

/// What came by.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// `METHOD target` of each HTTP/1 request.
    pub(crate) requests: Vec<String>,
    /// How many answers (or ends without one) were given.
    pub(crate) answers: usize,
}

/// The door; it closes, with all that goes through it, when dropped.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    behind: Option<Behind>,
    seen: Seen,
    open: Vec<TcpStream>,
}

impl Front {
    pub(crate) fn new(behind: Behind) -> Front {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                behind: Some(behind),
                seen: Seen::default(),
                open: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        std::thread::spawn(move || accept(&listener, &own));
        Front { address, shared }
    }

    /// From now on `behind` answers. Connections to the one before end: a client must not be kept by an open one.
    pub(crate) fn switch(&self, behind: Behind) {
        let mut state = self.shared.lock();
        state.behind = Some(behind);
        state.cut();
    }

    /// Waits until what came by satisfies `enough`.
    pub(crate) fn wait(&self, enough: impl Fn(&Seen) -> bool, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while !enough(&state.seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited for {what}; seen {:?}", state.seen);
            let woken = self.shared.changed.wait_timeout(state, left);
            state = woken.expect("no thread of the front panics").0;
        }
    }

    /// The requests until now, as `METHOD target`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.lock().seen.requests.clone()
    }

    /// How many answers there were until now.
    pub(crate) fn answers(&self) -> usize {
        self.shared.lock().seen.answers
    }

    /// `http://ADDRESS` and a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.behind = None;
        state.cut();
        drop(state);
        // Wakes the accepting thread, which then sees that nobody is behind any more.
        let _already_gone = TcpStream::connect(self.address);
    }
}

impl State {
    fn cut(&mut self) {
        for stream in self.open.drain(..) {
            let _already_closed = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.lock().seen);
        self.changed.notify_all();
    }

    fn note_request(&self, bytes: &[u8]) {
        if let Some(request) = request(bytes) {
            self.note(|seen| seen.requests.push(request));
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        let behind = {
            let mut state = shared.lock();
            let Some(behind) = state.behind.clone() else {
                return;
            };
            state.open.extend(stream.try_clone());
            behind
        };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // Whatever ends a connection early is the client's business, and what it reports is what is tested.
            let _ended = match behind {
                Behind::Server(address) => pass(stream, address, &shared),
                Behind::Says(status, body) => say(stream, status, &body, &shared),
                Behind::Nobody => leave(stream, &shared),
            };
        });
    }
}

fn pass(client: TcpStream, address: SocketAddr, shared: &Arc<Shared>) -> std::io::Result<()> {
    let server = TcpStream::connect(address)?;
    shared.lock().open.push(server.try_clone()?);
    let (to_server, from_client) = (server.try_clone()?, client.try_clone()?);
    let own = Arc::clone(shared);
    // A request is noted before it is passed on, an answer after it was: whoever waits for either finds it complete.
    std::thread::spawn(move || {
        let _ended = copy(from_client, to_server, |bytes, to| {
            own.note_request(bytes);
            to.write_all(bytes)
        });
    });
    copy(server, client, |bytes, to| {
        to.write_all(bytes)?;
        if bytes.starts_with(b"HTTP/1.") {
            shared.note(|seen| seen.answers += 1);
        }
        Ok(())
    })
}

/// Hands each piece to `pass` until the end, and passes that on.
fn copy(
    mut from: TcpStream,
    mut to: TcpStream,
    pass: impl Fn(&[u8], &mut TcpStream) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return to.shutdown(Shutdown::Write);
        }
        pass(&buffer[..count], &mut to)?;
    }
}

fn say(
    mut client: TcpStream,
    status: &str,
    body: &str,
    shared: &Arc<Shared>,
) -> std::io::Result<()> {
    let head = head(&mut client)?;
    shared.note_request(&head);
    let length = body.len();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    if !head.starts_with(b"HEAD ") {
        answer.push_str(body);
    }
    client.write_all(answer.as_bytes())?;
    client.shutdown(Shutdown::Write)?;
    shared.note(|seen| seen.answers += 1);
    // What the client still sends is read, so that the end of the connection is not a reset.
    std::io::copy(&mut client, &mut std::io::sink()).map(drop)
}

fn leave(mut client: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let head = head(&mut client)?;
    shared.note_request(&head);
    client.shutdown(Shutdown::Both)?;
    shared.note(|seen| seen.answers += 1);
    Ok(())
}

/// Reads to the end of a request's head.
fn head(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|part| part == b"\r\n\r\n") {
        match client.read(&mut buffer)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => head.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(head)
}

/// `METHOD target` of bytes that start with a request line. Clients here send no body without a head in one piece.
fn request(bytes: &[u8]) -> Option<String> {
    let line = text(bytes.split(|byte| *byte == b'\r').next()?);
    let (request, version) = line.rsplit_once(' ')?;
    version.starts_with("HTTP/1.").then(|| request.to_owned())
}
