//! The metrics endpoint: a small HTTP/1 server that answers `/metrics` and nothing else, on an address of its own.
//!
//! It shares the head reader with the front and nothing with the workers: it runs on the daemon's control runtime, so
//! that a slow scraper costs no visitor anything. No TLS and no passwords here; keep the address private.

use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::accept::{Gate, Leaving};
use super::door::{Bound, Door, Doors};
use super::facts::Source;
use super::scrape::Clerk;
use crate::http1::{Bounds, Next, Out, Session};
use crate::listen::{Raw, Socket};

/// The most that one read takes.
const READ_BYTES: usize = 4096;

/// What the endpoint may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Connections served at a time; one more is accepted and waits.
    pub connections: NonZeroUsize,
    /// The longest head.
    pub head_bytes: usize,
    /// The longest body that is read and forgotten.
    pub body_bytes: u64,
    /// How long a request may take to arrive, from its first byte; the first one from the connection on.
    pub request_time: Duration,
    /// How long a connection may wait for its next request.
    pub idle_time: Duration,
    /// How long the client may take to accept an answer.
    pub write_time: Duration,
    /// How long what a client still sends is read after the last answer, so that it sees the answer and no reset.
    pub linger_time: Duration,
    /// How long answers may take to end when the server stops.
    pub drain_time: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            connections: NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN),
            head_bytes: 8192,
            body_bytes: 64 * 1024,
            request_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(120),
            write_time: Duration::from_secs(10),
            linger_time: Duration::from_secs(1),
            drain_time: Duration::from_secs(2),
        }
    }
}

/// Answers on `socket`, which must be listening, until `shutdown`. To be called inside a runtime with I/O and time.
pub async fn serve_metrics(
    socket: OwnedFd,
    source: Arc<dyn Source>,
    doors: Arc<Doors>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let gate = Gate {
        door: Door::Metrics,
        doors: Arc::clone(&doors),
        connections: settings.connections,
        drain_time: settings.drain_time,
    };
    let settings = Arc::new(settings);
    let converse = Box::new(move |raw: Raw, leaving: Leaving| {
        let clerk = Clerk::new(Arc::clone(&source), Arc::clone(&doors));
        let settings = Arc::clone(&settings);
        Box::pin(async move {
            // A connection that the runtime cannot watch is dropped; its client tries again.
            if let Ok(socket) = raw.register() {
                let connection = Connection::new(socket, settings, clerk, leaving);
                let _broken_off = connection.run().await;
            }
        }) as super::accept::Conversation
    });
    gate.serve(socket, converse, shutdown).await
}

/// One client.
struct Connection {
    socket: Socket,
    settings: Arc<Settings>,
    clerk: Clerk,
    leaving: Leaving,
    session: Session,
    input: Vec<u8>,
    out: Out,
    /// When the request that has begun must be whole; none between requests.
    deadline: Option<Instant>,
}

/// What waiting for bytes came to.
enum Arrival {
    Bytes,
    Nothing,
    TooSlow,
}

impl Connection {
    fn new(socket: Socket, settings: Arc<Settings>, clerk: Clerk, leaving: Leaving) -> Connection {
        Connection {
            socket,
            clerk,
            leaving,
            session: Session::new(),
            input: Vec::with_capacity(READ_BYTES),
            out: Out::default(),
            deadline: Some(Instant::now() + settings.request_time),
            settings,
        }
    }

    /// Until the connection ends; an error is the client's way of ending it.
    async fn run(mut self) -> io::Result<()> {
        loop {
            let next = self.step();
            self.flush().await?;
            match next {
                Next::Again => {}
                Next::Close => return Ok(()),
                Next::Linger => return self.linger().await,
                Next::Read => match self.arrival().await? {
                    Arrival::Bytes => {}
                    Arrival::Nothing => return Ok(()),
                    Arrival::TooSlow => return self.give_up().await,
                },
            }
        }
    }

    /// Hands what was read to the session.
    fn step(&mut self) -> Next {
        if self.leaving.is_asked() {
            self.session.end_with_next_answer();
        }
        let bounds = Bounds {
            head_bytes: self.settings.head_bytes,
            requests: u64::MAX,
            body_bytes: self.settings.body_bytes,
        };
        let (consumed, next) =
            self.session
                .receive(&self.input, &bounds, &mut self.clerk, &mut self.out);
        self.input.drain(..consumed);
        if consumed > 0 && self.session.is_between_requests() {
            let begun = !self.input.is_empty();
            self.deadline = begun.then(|| Instant::now() + self.settings.request_time);
        }
        next
    }

    async fn arrival(&mut self) -> io::Result<Arrival> {
        match self.deadline {
            None => self.first_bytes().await,
            Some(deadline) => {
                let mut chunk = [0; READ_BYTES];
                match timeout_at(deadline, self.socket.read(&mut chunk)).await {
                    Ok(count) => Ok(self.take(&chunk, count?)),
                    Err(_) => Ok(Arrival::TooSlow),
                }
            }
        }
    }

    /// Waits for a next request, unless the place is wanted.
    async fn first_bytes(&mut self) -> io::Result<Arrival> {
        let mut chunk = [0; READ_BYTES];
        tokio::select! {
            biased;
            arrived = timeout(self.settings.idle_time, self.socket.read(&mut chunk)) => match arrived {
                Ok(count) => {
                    self.deadline = Some(Instant::now() + self.settings.request_time);
                    Ok(self.take(&chunk, count?))
                }
                Err(_) => {
                    self.clerk.count(Bound::IdleTime);
                    Ok(Arrival::Nothing)
                }
            },
            () = self.leaving.asked() => Ok(Arrival::Nothing),
        }
    }

    fn take(&mut self, chunk: &[u8], count: usize) -> Arrival {
        self.input.extend_from_slice(&chunk[..count]);
        if count == 0 {
            Arrival::Nothing
        } else {
            Arrival::Bytes
        }
    }

    async fn give_up(mut self) -> io::Result<()> {
        let next = self
            .session
            .give_up(&self.input, &mut self.clerk, &mut self.out);
        if self.out.is_empty() {
            self.clerk.count(Bound::RequestTime);
        }
        self.flush().await?;
        match next {
            Next::Linger => self.linger().await,
            _ => Ok(()),
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let out = std::mem::take(&mut self.out);
        let socket = &mut self.socket;
        let write = async {
            socket.write_all(&out.bytes).await?;
            socket.write_all(&out.tail).await
        };
        match timeout(self.settings.write_time, write).await {
            Ok(written) => written,
            Err(_) => {
                self.clerk.count(Bound::WriteTime);
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }

    /// RFC 9112, section 9.6: ends the writing half, and reads what is still on its way.
    async fn linger(mut self) -> io::Result<()> {
        self.socket.shutdown_write()?;
        let end = Instant::now() + self.settings.linger_time;
        let mut left = self.settings.body_bytes;
        let mut chunk = [0; READ_BYTES];
        while left > 0 {
            match timeout_at(end, self.socket.read(&mut chunk)).await {
                Ok(Ok(count)) if count > 0 => left = left.saturating_sub(count as u64),
                _ => break,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
