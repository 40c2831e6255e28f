//! The other end of the admin socket, for `--takeover` and pings, which are said in lines; and why a daemon could not be asked, for
//! `api` too, which asks everything else. Blocking, with a time limit on everything, and errors that say what to do next.

use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::line::{Line, Lines};
use super::message::{Fault, Pong, Reply, Request};

/// How long the daemon may take to accept the connection and to reply, unless the caller says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take to reload: longer than the daemon's own limit, so that the daemon says what is wrong.
pub const RELOAD_PATIENCE: Duration = Duration::from_secs(65);

/// The longest reply. A status with a thousand sites and their warnings has less than a tenth of it.
pub(super) const REPLY_BYTES: usize = 16 * 1024 * 1024;

/// Why the daemon could not be asked, or what it refused.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no such file.
    #[error(
        "no admin socket at {}: is `sorry run` running, and is this the path it was given? (`sorry serve` has none)", .0.display()
    )]
    NoSocket(PathBuf),
    /// The file is there, and nobody listens.
    #[error("nobody listens on {}: the daemon that made it is gone; start it again", .0.display())]
    NoDaemon(PathBuf),
    /// The file's or a folder's mode forbids it.
    #[error(
        "uid {uid} may not open {}: use sudo, or the user or the group that owns the socket", path.display()
    )]
    Forbidden { path: PathBuf, uid: u32 },
    /// The path cannot be an address.
    #[error("{} is too long for a socket's path, or is not one", .0.display())]
    BadPath(PathBuf),
    /// It took too long.
    #[error(
        "{place} did not {what} within {seconds} s: the daemon is stuck or overloaded; see its log"
    )]
    Timeout {
        place: String,
        what: &'static str,
        seconds: u64,
    },
    /// The connection ended without a reply.
    #[error("{0} hung up before it replied: the daemon is stopping; see its log")]
    HungUp(String),
    /// The reply makes no sense.
    #[error("cannot understand what {place} replied ({what}): is it a daemon of another version?")]
    Garbled { place: String, what: String },
    /// Nobody answers there over TCP; why, and what mends it.
    #[error("cannot connect to {place}: {why}")]
    Unreachable { place: String, why: String },
    /// It is not who it should be, or does not speak TLS; why, and what mends it.
    #[error("cannot trust {place}: {why}")]
    Untrusted { place: String, why: String },
    /// The daemon said no.
    #[error("{0}")]
    Fault(Fault),
    /// The system said no.
    #[error("cannot {attempt} {place}: {cause}")]
    System {
        attempt: &'static str,
        place: String,
        // Not its source: the message has it, and whoever prints a chain would say it twice.
        cause: io::Error,
    },
}

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    place: String,
    patience: Duration,
}

/// Connects to the daemon at `path`, waiting at most for `patience`, now and for each reply.
pub fn connect(path: &Path, patience: Duration) -> Result<Client, ClientError> {
    Ok(Client {
        stream: open(path, patience)?.into(),
        place: path.display().to_string(),
        patience,
    })
}

/// A connected socket, whose sending has a limit of time.
pub(super) fn open(path: &Path, patience: Duration) -> Result<OwnedFd, ClientError> {
    let place = || path.display().to_string();
    let system = |attempt: &'static str| {
        move |errno: Errno| ClientError::System {
            attempt,
            place: path.display().to_string(),
            cause: errno.into(),
        }
    };
    let address = SocketAddrUnix::new(path).map_err(|_| ClientError::BadPath(path.to_owned()))?;
    let socket = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(system("make a socket for"))?;
    // Connecting waits while the queue is full; on unix sockets the sending timeout bounds that too (socket(7)).
    sockopt::set_socket_timeout(&socket, Timeout::Send, Some(patience))
        .map_err(system("set a time limit for"))?;
    match rustix::io::retry_on_intr(|| rustix::net::connect(&socket, &address)) {
        Ok(()) => Ok(socket),
        Err(Errno::NOENT | Errno::NOTDIR) => Err(ClientError::NoSocket(path.to_owned())),
        Err(Errno::CONNREFUSED) => Err(ClientError::NoDaemon(path.to_owned())),
        Err(Errno::ACCESS | Errno::PERM) => Err(ClientError::Forbidden {
            path: path.to_owned(),
            uid: rustix::process::geteuid().as_raw(),
        }),
        Err(Errno::AGAIN) => Err(ClientError::Timeout {
            place: place(),
            what: "accept the connection",
            seconds: patience.as_secs(),
        }),
        Err(errno) => Err(system("connect to")(errno)),
    }
}

impl Client {
    /// Asks who is there.
    pub fn ping(&mut self) -> Result<Pong, ClientError> {
        let value = self.exchange(&Request::Ping {}, 4096)?;
        self.understand(value)
    }

    /// Asks for the listening sockets. On success the connection is given back for the hand-over: blocking, without
    /// time limits, and with not a byte read beyond the reply, since descriptors travel with bytes.
    pub fn takeover(mut self, from_version: &str) -> Result<(Pong, UnixStream), ClientError> {
        let request = Request::Takeover {
            from_version: from_version.to_owned(),
        };
        let value = self.exchange(&request, 1)?;
        let pong = self.understand(value)?;
        for set in [UnixStream::set_read_timeout, UnixStream::set_write_timeout] {
            set(&self.stream, None).map_err(|error| self.broken("wait", error))?;
        }
        Ok((pong, self.stream))
    }

    fn understand<T: DeserializeOwned>(&self, value: Value) -> Result<T, ClientError> {
        serde_json::from_value(value).map_err(|error| self.garbled(&error))
    }

    fn exchange(&mut self, request: &Request, read_bytes: usize) -> Result<Value, ClientError> {
        let sent = self.stream.write_all(&request.to_line());
        match sent {
            // A daemon that turns us away says why and hangs up, perhaps before it has heard us: read it all the same.
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => return Err(self.broken("take the request", error)),
        }
        let line = self.line(read_bytes)?;
        match serde_json::from_slice(&line) {
            Ok(Reply::Ok(value)) => Ok(value),
            Ok(Reply::Error(fault)) => Err(ClientError::Fault(fault)),
            Err(error) => Err(self.garbled(&error)),
        }
    }

    /// The reply's line, read in pieces of at most `read_bytes`.
    fn line(&mut self, read_bytes: usize) -> Result<Vec<u8>, ClientError> {
        let end = Instant::now() + self.patience;
        let mut lines = Lines::new(REPLY_BYTES);
        let mut chunk = vec![0; read_bytes];
        loop {
            match lines.next() {
                Some(Line::Whole(line)) => return Ok(line),
                Some(Line::TooLong) => {
                    return Err(self.garbled(&format!("more than {REPLY_BYTES} bytes")));
                }
                None => {}
            }
            let left = end.saturating_duration_since(Instant::now());
            // A time limit of zero would mean none at all.
            let set = self
                .stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))));
            match set.and_then(|()| self.stream.read(&mut chunk)) {
                Ok(0) => return Err(ClientError::HungUp(self.place.clone())),
                Ok(count) => lines.push(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken("reply", error)),
            }
        }
    }

    fn broken(&self, what: &'static str, error: io::Error) -> ClientError {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ClientError::Timeout {
                place: self.place.clone(),
                what,
                seconds: self.patience.as_secs(),
            },
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                ClientError::HungUp(self.place.clone())
            }
            _ => ClientError::System {
                attempt: "talk to",
                place: self.place.clone(),
                cause: error,
            },
        }
    }

    fn garbled(&self, what: &impl ToString) -> ClientError {
        ClientError::Garbled {
            place: self.place.clone(),
            what: what.to_string(),
        }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
