//! The admin socket: finds out who calls and what is spoken, HTTP (`http`) or the lines of a take-over (`line_talk`). It decides
//! nothing but who may speak and for how long; what is answered is the desk's.
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

use http::request::Parts;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};

use super::accept::{Conversation, Gate, Leaving};
use super::desk::{Desk, Who};
use super::door::{Bound, Door, Doors};
use super::http::{self as talk, Admit, Counter};
use super::line::Lines;
use super::line_talk::{self, LineTalk};
use super::message::{Fault, FaultKind, Reply};
use super::role::{Caller, Judge, Role};
use crate::listen::bind::{self, BindError};
use crate::listen::{Address, Raw};

/// Permission bits of the socket.
pub const SOCKET_MODE: u32 = 0o660;
/// Permission bits of its folder, where it has to be made.
pub const FOLDER_MODE: u32 = 0o750;

/// The longest body of a request, at every door.
pub(super) const BODY_BYTES: usize = 1024 * 1024;

/// How long the daemon may take to reply, at every door.
pub const REPLY_TIME: Duration = Duration::from_secs(60);

/// The most that the first read takes.
const READ_BYTES: usize = 4096;

/// What the socket may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Connections served at a time; one more is accepted and waits.
    pub connections: NonZeroUsize,
    /// The longest request in a line.
    pub line_bytes: usize,
    /// The longest body of a request over HTTP.
    pub body_bytes: usize,
    /// How long a request may take to arrive, from its first byte, the first one from the connection on; over HTTP a head and a
    /// body may each take so long, and the next request must begin within it.
    pub request_time: Duration,
    /// How long a connection that speaks in lines may wait for its next request.
    pub idle_time: Duration,
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
            body_bytes: BODY_BYTES,
            request_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(60),
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
    desk: Arc<Desk>,
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
    let porter = Arc::new(Porter {
        desk,
        judge,
        doors,
        settings,
    });
    let converse = Box::new(move |raw: Raw, leaving: Leaving| {
        let porter = Arc::clone(&porter);
        Box::pin(async move { porter.receive(raw, leaving).await }) as Conversation
    });
    gate.serve(socket, converse, shutdown).await
}

/// What all connections share.
struct Porter {
    desk: Arc<Desk>,
    judge: Judge,
    doors: Arc<Doors>,
    settings: Settings,
}

impl Porter {
    async fn receive(&self, raw: Raw, leaving: Leaving) {
        let (mut stream, caller, groups) = match identify(&raw) {
            Ok(known) => known,
            Err(error) => {
                let message = format!("cannot find out who you are: {error}");
                return turn_away(&raw, &Fault::new(FaultKind::Busy, message));
            }
        };
        drop(raw);
        let role = (self.judge)(&caller, &groups);
        if role.is_none() {
            log::warn!("refused a caller on the admin socket: {caller}");
        }
        let deadline = Instant::now() + self.settings.request_time;
        let mut first = vec![0; READ_BYTES];
        match timeout_at(deadline, stream.read(&mut first)).await {
            // Gone again, as whoever only looks whether somebody listens.
            Ok(Ok(0) | Err(_)) => {}
            Err(_) => self.doors.reached(Door::Admin, Bound::RequestTime),
            Ok(Ok(count)) => {
                first.truncate(count);
                if first.starts_with(b"{") {
                    self.in_lines(stream, caller, role, leaving, &first, deadline)
                        .await;
                } else {
                    self.over_http(stream, caller, role, leaving, first).await;
                }
            }
        }
    }

    async fn in_lines(
        &self,
        stream: UnixStream,
        caller: Caller,
        role: Option<Role>,
        leaving: Leaving,
        first: &[u8],
        deadline: Instant,
    ) {
        let settings = &self.settings;
        let mut lines = Lines::new(settings.line_bytes);
        lines.push(first);
        let talk = LineTalk {
            stream,
            caller,
            role,
            leaving,
            desk: Arc::clone(&self.desk),
            doors: Arc::clone(&self.doors),
            bounds: line_talk::Bounds {
                line_bytes: settings.line_bytes,
                request_time: settings.request_time,
                idle_time: settings.idle_time,
                write_time: settings.write_time,
            },
            lines,
            deadline: Some(deadline),
        };
        talk.run().await;
    }

    async fn over_http(
        &self,
        stream: UnixStream,
        caller: Caller,
        role: Option<Role>,
        leaving: Leaving,
        first: Vec<u8>,
    ) {
        let counter = Counter {
            desk: Arc::clone(&self.desk),
            doors: Arc::clone(&self.doors),
            door: Door::Admin,
            bounds: talk::Bounds {
                body_bytes: self.settings.body_bytes,
                request_time: self.settings.request_time,
                write_time: self.settings.write_time,
            },
        };
        let known = Known {
            caller,
            role,
            desk: Arc::clone(&self.desk),
        };
        counter
            .converse(stream, first, Arc::new(known), leaving)
            .await;
    }
}

/// A caller that the kernel knows.
struct Known {
    caller: Caller,
    role: Option<Role>,
    desk: Arc<Desk>,
}

impl Admit for Known {
    fn admit(&self, head: &Parts) -> Result<Who, Fault> {
        let Some(role) = self.role else {
            let fault = line_talk::stranger(&self.caller);
            if head.method != "GET" {
                let what = format!("{} {}", head.method, head.uri.path());
                let known = self.caller.to_string();
                self.desk
                    .note_refusal(Door::Admin, &known, &what, &fault.message);
            }
            return Err(fault);
        };
        Ok(Who {
            by: format!("uid {}", self.caller.uid),
            known: self.caller.to_string(),
            role,
            door: Door::Admin,
        })
    }
}

/// Says why nothing more can be done, in whatever was spoken, as far as that can be told without waiting.
fn turn_away(raw: &Raw, fault: &Fault) {
    let mut first = [0];
    let in_lines = raw.try_read(&mut first).is_ok_and(|count| count == 1) && first == *b"{";
    let said = match in_lines {
        true => Reply::Error(fault.clone()).to_line(),
        false => talk::raw_refusal(fault),
    };
    let _gone_is_fine = raw.try_write(&said);
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

#[cfg(test)]
#[path = "socket_tests.rs"]
pub(super) mod tests;
