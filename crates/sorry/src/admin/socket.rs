//! The admin socket: reads requests of callers that may ask, passes them to the daemon as [`Command`]s, and writes the
//! replies. It decides nothing but who may speak and for how long.
//!
//! The socket lies in a folder of mode 0750 and has mode 0660, so that only its owner and group can connect at all;
//! who of them may ask is the [`Judge`]'s word. A socket that somebody listens on is never removed.

use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::accept::{Conversation, Gate, Leaving};
use super::door::{Bound, Door, Doors};
use super::line::{Line, Lines};
use super::message::{Command, Fault, FaultKind, Pong, Reply, Request, Takeover};
use super::role::{Caller, Judge, Role};
use crate::listen::bind::{self, BindError};
use crate::listen::{Address, Raw};

/// Permission bits of the socket.
pub const SOCKET_MODE: u32 = 0o660;
/// Permission bits of its folder, where it has to be made.
pub const FOLDER_MODE: u32 = 0o750;

/// The most that one read takes.
const READ_BYTES: usize = 4096;

/// What the socket may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Connections served at a time; one more is accepted and waits.
    pub connections: NonZeroUsize,
    /// The longest request.
    pub line_bytes: usize,
    /// How long a request may take to arrive, from its first byte; the first one from the connection on.
    pub request_time: Duration,
    /// How long a connection may wait for its next request.
    pub idle_time: Duration,
    /// How long the daemon may take to reply.
    pub reply_time: Duration,
    /// How long the client may take to accept a reply.
    pub write_time: Duration,
    /// How long replies may take to end when the server stops.
    pub drain_time: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            connections: NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN),
            line_bytes: 64 * 1024,
            request_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(60),
            reply_time: Duration::from_secs(60),
            write_time: Duration::from_secs(5),
            drain_time: Duration::from_secs(2),
        }
    }
}

/// Listens at `path`, which must be absolute. The folder is made if it is missing; a dead socket's file is replaced.
pub fn bind(path: &Path) -> Result<OwnedFd, BindError> {
    let settings = bind::Settings {
        backlog_connections: 64,
        unix_mode: SOCKET_MODE,
        unix_folder_mode: Some(FOLDER_MODE),
        ..bind::Settings::default()
    };
    let mut sockets = bind::bind(
        &Address::Unix(path.to_owned()),
        &settings,
        NonZeroUsize::MIN,
    )?;
    // A unix address gives exactly one.
    sockets
        .pop()
        .ok_or_else(|| BindError::NoFolder(path.to_owned()))
}

/// Serves `socket`, which must be listening, until `shutdown`. To be called inside a runtime with I/O and time.
pub async fn serve(
    socket: OwnedFd,
    commands: mpsc::Sender<Command>,
    judge: Judge,
    doors: Arc<Doors>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let gate = Gate {
        door: Door::Admin,
        doors: Arc::clone(&doors),
        connections: settings.connections,
        drain_time: settings.drain_time,
    };
    let desk = Arc::new(Desk {
        commands,
        judge,
        doors,
        settings,
    });
    let converse = Box::new(move |raw: Raw, leaving: Leaving| {
        let desk = Arc::clone(&desk);
        Box::pin(async move { desk.receive(raw, leaving).await }) as Conversation
    });
    gate.serve(socket, converse, shutdown).await
}

/// What all connections share.
struct Desk {
    commands: mpsc::Sender<Command>,
    judge: Judge,
    doors: Arc<Doors>,
    settings: Settings,
}

impl Desk {
    async fn receive(self: Arc<Self>, raw: Raw, leaving: Leaving) {
        let (stream, caller, groups) = match identify(&raw) {
            Ok(known) => known,
            Err(error) => {
                let message = format!("cannot find out who you are: {error}");
                let line = Reply::error(FaultKind::Busy, message).to_line();
                let _gone_is_fine = raw.try_write(&line);
                return;
            }
        };
        drop(raw);
        let role = (self.judge)(&caller, &groups);
        let connection = Connection {
            stream,
            caller,
            role: role.unwrap_or(Role::Reader),
            leaving,
            lines: Lines::new(self.settings.line_bytes),
            deadline: Some(Instant::now() + self.settings.request_time),
            desk: self,
        };
        match role {
            Some(_) => connection.run().await,
            None => connection.turn_away().await,
        }
    }

    /// Asks the daemon and waits for what it says.
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.commands.send(command(reply)).await.ok()?;
            answer.await.ok()
        };
        self.in_time(asked).await
    }

    /// `None` says that the daemon has dropped its end.
    async fn in_time<T>(&self, asked: impl Future<Output = Option<T>>) -> Result<T, Fault> {
        let time = self.settings.reply_time;
        match timeout(time, asked).await {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(Fault::new(
                FaultKind::Stopping,
                "the daemon is stopping; ask the one that follows it",
            )),
            Err(_) => {
                self.doors.reached(Door::Admin, Bound::ReplyTime);
                let message = format!(
                    "the daemon did not reply within {} s; its log says what it is doing",
                    time.as_secs()
                );
                Err(Fault::new(FaultKind::Timeout, message))
            }
        }
    }
}

/// Asks the kernel who is at the other end. tokio is asked rather than rustix, whose type for a process number cannot
/// hold the 0 that stands for a process in a PID namespace we do not see; it wants a descriptor of its own.
fn identify(raw: &Raw) -> io::Result<(UnixStream, Caller, Vec<u32>)> {
    let stream = std::os::unix::net::UnixStream::from(raw.as_fd().try_clone_to_owned()?);
    let stream = UnixStream::from_std(stream)?;
    let credentials = stream.peer_cred()?;
    let groups = sorry_sys::socket_option::peer_groups(stream.as_fd())?;
    let caller = Caller {
        uid: credentials.uid(),
        gid: credentials.gid(),
        pid: credentials.pid().filter(|pid| *pid > 0),
    };
    Ok((stream, caller, groups))
}

/// One caller.
struct Connection {
    stream: UnixStream,
    caller: Caller,
    role: Role,
    leaving: Leaving,
    lines: Lines,
    /// When the request that has begun must be whole; none between requests.
    deadline: Option<Instant>,
    desk: Arc<Desk>,
}

/// What waiting for a request came to.
enum Arrival {
    Line(Vec<u8>),
    /// The caller has gone, or said nothing for so long that it might as well have.
    Nothing,
    /// It cannot go on; the caller is told.
    Broken(Fault),
}

impl Connection {
    async fn run(mut self) {
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
                        Some((connection, fault)) => {
                            self = connection;
                            Reply::Error(fault)
                        }
                        None => return,
                    }
                }
                Ok(request) => self.reply(request).await,
                Err(fault) => Reply::Error(fault),
            };
            if self.say(&reply).await.is_err() || self.leaving.is_asked() {
                return;
            }
            let begun = !self.lines.is_empty();
            self.deadline = begun.then(|| Instant::now() + self.desk.settings.request_time);
        }
    }

    async fn turn_away(mut self) {
        log::warn!("refused a caller on the admin socket: {}", self.caller);
        let message = format!(
            "you are {}; the admin socket answers root, the user that the daemon runs as, and members of its group: use \
             sudo",
            self.caller
        );
        let _gone_is_fine = self.say(&Reply::error(FaultKind::Refused, message)).await;
    }

    /// The request, if the caller's role goes so far.
    fn allow(&self, request: Request) -> Result<Request, Fault> {
        let asks = matches!(request, Request::Ping {} | Request::Status {});
        if asks || self.role == Role::Operator {
            return Ok(request);
        }
        log::warn!("refused an order on the admin socket: {}", self.caller);
        let message = format!(
            "you are {}; members of the daemon's group may ask for its status, and orders are for root and the user that \
             it runs as: use sudo",
            self.caller
        );
        Err(Fault::new(FaultKind::Refused, message))
    }

    /// Everything but a take-over.
    async fn reply(&self, request: Request) -> Reply {
        let caller = self.caller;
        let result = match request {
            Request::Ping {} | Request::Takeover { .. } => Ok(Reply::ok(&Pong::ours())),
            Request::Status {} => self.desk.ask(Command::Status).await.map(|s| Reply::ok(&s)),
            Request::Reload {} => {
                let command = |reply| Command::Reload { caller, reply };
                self.desk
                    .ask(command)
                    .await
                    .map(|report| Reply::ok(&report))
            }
        };
        result.unwrap_or_else(Reply::Error)
    }

    /// Passes the connection itself to the daemon, or says why it could not.
    async fn give_away(self, from_version: String) -> Option<(Connection, Fault)> {
        if !self.lines.is_empty() {
            // Whatever it is, the hand-over would never see it.
            let message =
                "a take-over must be the last request on its connection: wait for the reply";
            return Some((self, Fault::new(FaultKind::Malformed, message)));
        }
        let desk = Arc::clone(&self.desk);
        let permit = async { desk.commands.reserve().await.ok() };
        let permit = match desk.in_time(permit).await {
            Ok(permit) => permit,
            Err(fault) => return Some((self, fault)),
        };
        match self.stream.into_std() {
            Ok(stream) => {
                let takeover = Takeover::new(self.caller, from_version, stream);
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
                self.deadline = Some(Instant::now() + self.desk.settings.request_time);
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
        let settings = &self.desk.settings;
        let idle = Instant::now() + settings.idle_time;
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
        let doors = &self.desk.doors;
        if self.deadline.is_none() {
            doors.reached(Door::Admin, Bound::IdleTime);
            return Arrival::Nothing;
        }
        doors.reached(Door::Admin, Bound::RequestTime);
        let message = format!(
            "no whole request within {} s: a request is one line of JSON",
            self.desk.settings.request_time.as_secs()
        );
        Arrival::Broken(Fault::new(FaultKind::Timeout, message))
    }

    fn too_long(&self) -> Arrival {
        self.desk.doors.reached(Door::Admin, Bound::RequestBytes);
        let message = format!(
            "a request is at most {} bytes long",
            self.desk.settings.line_bytes
        );
        Arrival::Broken(Fault::new(FaultKind::TooLong, message))
    }

    async fn say(&mut self, reply: &Reply) -> io::Result<()> {
        let line = reply.to_line();
        let time = self.desk.settings.write_time;
        match timeout(time, self.stream.write_all(&line)).await {
            Ok(written) => written,
            Err(_) => {
                self.desk.doors.reached(Door::Admin, Bound::WriteTime);
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }
}

fn read_request(line: &[u8]) -> Result<Request, Fault> {
    serde_json::from_slice(line).map_err(|error| {
        let message =
            format!("cannot read the request: {error}; ask like this: {{\"do\":\"status\"}}");
        Fault::new(FaultKind::Malformed, message)
    })
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
