//! What is said in lines on the admin socket: `ping`, and the take-over that hands the connection itself to the daemon.
//!
//! A connection that begins with `{` speaks this; every other one speaks HTTP (`http`). A descriptor travels with bytes, and a
//! library for HTTP may read ahead: that is why a take-over keeps its lines. Called by `socket`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::accept::Leaving;
use super::audit::{Noting, Outcome};
use super::desk::Desk;
use super::door::{Bound, Door, Doors};
use super::line::{Line, Lines};
use super::message::{Command, Fault, FaultKind, Pong, Reply, Request, Takeover};
use super::role::{Caller, Role};

/// The most that one read takes.
const READ_BYTES: usize = 4096;

/// What a conversation in lines may cost.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    /// The longest request.
    pub(super) line_bytes: usize,
    /// How long a request may take to arrive, from its first byte.
    pub(super) request_time: Duration,
    /// How long a connection may wait for its next request.
    pub(super) idle_time: Duration,
    /// How long the client may take to accept a reply.
    pub(super) write_time: Duration,
}

/// One caller.
pub(super) struct LineTalk {
    pub(super) stream: UnixStream,
    pub(super) caller: Caller,
    /// None may do nothing.
    pub(super) role: Option<Role>,
    pub(super) leaving: Leaving,
    pub(super) desk: Arc<Desk>,
    pub(super) doors: Arc<Doors>,
    pub(super) bounds: Bounds,
    /// What has been read and not yet understood.
    pub(super) lines: Lines,
    /// When the request that has begun must be whole; none between requests.
    pub(super) deadline: Option<Instant>,
}

/// What waiting for a request came to.
enum Arrival {
    Line(Vec<u8>),
    /// The caller has gone, or said nothing for so long that it might as well have.
    Nothing,
    /// It cannot go on; the caller is told.
    Broken(Fault),
}

impl LineTalk {
    /// Until the connection ends or is given away.
    pub(super) async fn run(mut self) {
        if self.role.is_none() {
            let _gone_is_fine = self.say(&Reply::Error(stranger(&self.caller))).await;
            return;
        }
        loop {
            let line = match self.arrival().await {
                Arrival::Line(line) => line,
                Arrival::Nothing => return,
                Arrival::Broken(fault) => {
                    return self.say(&Reply::Error(fault)).await.unwrap_or(());
                }
            };
            let reply = match read_request(&line).and_then(|request| self.allow(request)) {
                Ok(Request::Takeover { from_version }) => {
                    match self.give_away(from_version).await {
                        Some((talk, fault)) => {
                            self = talk;
                            Reply::Error(fault)
                        }
                        None => return,
                    }
                }
                Ok(Request::Ping {}) => Reply::ok(&Pong::ours()),
                Err(fault) => Reply::Error(fault),
            };
            if self.say(&reply).await.is_err() || self.leaving.is_asked() {
                return;
            }
            let begun = !self.lines.is_empty();
            self.deadline = begun.then(|| Instant::now() + self.bounds.request_time);
        }
    }

    /// The request, if the caller's role goes so far.
    fn allow(&self, request: Request) -> Result<Request, Fault> {
        if request == (Request::Ping {}) || self.role == Some(Role::Operator) {
            return Ok(request);
        }
        let message = format!(
            "you are {}; members of the daemon's group may ask how things are, and a take-over is for root and the user that \
             it runs as: use sudo",
            self.caller
        );
        self.desk
            .note_refusal(Door::Admin, &self.caller.to_string(), "take-over", &message);
        Err(Fault::new(FaultKind::Refused, message))
    }

    /// Passes the connection itself to the daemon, or says why it could not.
    async fn give_away(self, from_version: String) -> Option<(LineTalk, Fault)> {
        if !self.lines.is_empty() {
            // Whatever it is, the hand-over would never see it.
            let message =
                "a take-over must be the last request on its connection: wait for the reply";
            return Some((self, Fault::new(FaultKind::Malformed, message)));
        }
        let desk = Arc::clone(&self.desk);
        let by = self.caller.to_string();
        let mut noting = Noting::begin(desk.audit(), by, "take-over");
        let permit = match desk.reserve(Door::Admin).await {
            Ok(permit) => permit,
            Err(fault) => {
                noting.note(Outcome::Failed, &fault.message);
                return Some((self, fault));
            }
        };
        match self.stream.into_std() {
            Ok(stream) => {
                let takeover = Takeover::new(self.caller, from_version, stream, noting);
                permit.send(Command::Takeover(takeover));
            }
            Err(error) => log::warn!("cannot pass a take-over's connection on: {error}"),
        }
        None
    }

    async fn arrival(&mut self) -> Arrival {
        loop {
            match self.lines.next() {
                Some(Line::Whole(line)) => return Arrival::Line(line),
                Some(Line::TooLong) => return self.too_long(),
                None => {}
            }
            if self.deadline.is_none() && !self.lines.is_empty() {
                self.deadline = Some(Instant::now() + self.bounds.request_time);
            }
            match self.read().await {
                Ok(0) => return Arrival::Nothing,
                Ok(_) => {}
                Err(arrival) => return arrival,
            }
        }
    }

    /// Reads once, for as long as may be waited for it.
    async fn read(&mut self) -> Result<usize, Arrival> {
        let mut chunk = [0; READ_BYTES];
        let idle = Instant::now() + self.bounds.idle_time;
        let read = timeout_at(self.deadline.unwrap_or(idle), self.stream.read(&mut chunk));
        let count = if self.deadline.is_some() {
            read.await
        } else {
            tokio::select! {
                biased;
                count = read => count,
                () = self.leaving.asked() => return Err(Arrival::Nothing),
            }
        };
        match count {
            Ok(Ok(count)) => {
                self.lines.push(&chunk[..count]);
                Ok(count)
            }
            Ok(Err(_reset)) => Err(Arrival::Nothing),
            Err(_) => Err(self.too_slow()),
        }
    }

    fn too_slow(&self) -> Arrival {
        if self.deadline.is_none() {
            self.doors.reached(Door::Admin, Bound::IdleTime);
            return Arrival::Nothing;
        }
        self.doors.reached(Door::Admin, Bound::RequestTime);
        let message = format!(
            "no whole request within {} s: a request is one line of JSON",
            self.bounds.request_time.as_secs()
        );
        Arrival::Broken(Fault::new(FaultKind::Timeout, message))
    }

    fn too_long(&self) -> Arrival {
        self.doors.reached(Door::Admin, Bound::RequestBytes);
        let message = format!("a request is at most {} bytes long", self.bounds.line_bytes);
        Arrival::Broken(Fault::new(FaultKind::TooLong, message))
    }

    async fn say(&mut self, reply: &Reply) -> io::Result<()> {
        let line = reply.to_line();
        match timeout(self.bounds.write_time, self.stream.write_all(&line)).await {
            Ok(written) => written,
            Err(_) => {
                self.doors.reached(Door::Admin, Bound::WriteTime);
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }
}

/// What somebody without a role is told.
pub(super) fn stranger(caller: &Caller) -> Fault {
    let message = format!(
        "you are {caller}; the admin socket answers root, the user that the daemon runs as, and members of its group: use sudo"
    );
    Fault::new(FaultKind::Refused, message)
}

fn read_request(line: &[u8]) -> Result<Request, Fault> {
    serde_json::from_slice(line).map_err(|error| {
        let message =
            format!("cannot read the request: {error}; lines are for pings and take-overs, everything else is asked over HTTP");
        Fault::new(FaultKind::Malformed, message)
    })
}
