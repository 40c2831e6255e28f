//! The other end of the admin socket, for the command line: `sorry status`, `sorry reload`, `--takeover`. Blocking,
//! with a time limit on everything, and errors that say what to do next.

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
use super::message::{Fault, Pong, ReloadReport, Reply, Request};
use super::status::Status;

/// How long the daemon may take to accept the connection and to reply, unless the caller says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take to reload: longer than the daemon's own limit, so that the daemon says what is wrong.
pub const RELOAD_PATIENCE: Duration = Duration::from_secs(65);

/// The longest reply. A status with a thousand sites and their warnings has less than a tenth of it.
const REPLY_BYTES: usize = 16 * 1024 * 1024;

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
        "{} did not {what} within {seconds} s: the daemon is stuck or overloaded; see its log", path.display()
    )]
    Timeout {
        path: PathBuf,
        what: &'static str,
        seconds: u64,
    },
    /// The connection ended without a reply.
    #[error("{} hung up before it replied: the daemon is stopping; see its log", .0.display())]
    HungUp(PathBuf),
    /// The reply makes no sense.
    #[error("cannot understand what {} replied ({what}): is it a daemon of another version?", path.display())]
    Garbled { path: PathBuf, what: String },
    /// The daemon said no.
    #[error("{0}")]
    Fault(Fault),
    /// The system said no.
    #[error("cannot {attempt} {}: {source}", path.display())]
    System {
        attempt: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    path: PathBuf,
    patience: Duration,
}

/// Connects to the daemon at `path`, waiting at most for `patience`, now and for each reply.
pub fn connect(path: &Path, patience: Duration) -> Result<Client, ClientError> {
    let system = |attempt: &'static str| {
        move |errno: Errno| ClientError::System {
            attempt,
            path: path.to_owned(),
            source: errno.into(),
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
        Ok(()) => Ok(Client::new(socket, path, patience)),
        Err(Errno::NOENT | Errno::NOTDIR) => Err(ClientError::NoSocket(path.to_owned())),
        Err(Errno::CONNREFUSED) => Err(ClientError::NoDaemon(path.to_owned())),
        Err(Errno::ACCESS | Errno::PERM) => Err(ClientError::Forbidden {
            path: path.to_owned(),
            uid: rustix::process::geteuid().as_raw(),
        }),
        Err(Errno::AGAIN) => Err(ClientError::Timeout {
            path: path.to_owned(),
            what: "accept the connection",
            seconds: patience.as_secs(),
        }),
        Err(errno) => Err(system("connect to")(errno)),
    }
}

impl Client {
    fn new(socket: OwnedFd, path: &Path, patience: Duration) -> Client {
        Client {
            stream: socket.into(),
            path: path.to_owned(),
            patience,
        }
    }

    /// Asks who is there.
    pub fn ping(&mut self) -> Result<Pong, ClientError> {
        self.ask(&Request::Ping {})
    }

    /// Asks how things are.
    pub fn status(&mut self) -> Result<Status, ClientError> {
        self.ask(&Request::Status {})
    }

    /// Asks to read everything again. A report may still say that the new configuration was refused.
    pub fn reload(&mut self) -> Result<ReloadReport, ClientError> {
        self.ask(&Request::Reload {})
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

    /// Sends any request and returns the result as it came.
    pub fn request(&mut self, request: &Request) -> Result<Value, ClientError> {
        self.exchange(request, 16 * 1024)
    }

    fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Result<T, ClientError> {
        let value = self.request(request)?;
        self.understand(value)
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
                Ok(0) => return Err(ClientError::HungUp(self.path.clone())),
                Ok(count) => lines.push(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken("reply", error)),
            }
        }
    }

    fn broken(&self, what: &'static str, error: io::Error) -> ClientError {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ClientError::Timeout {
                path: self.path.clone(),
                what,
                seconds: self.patience.as_secs(),
            },
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                ClientError::HungUp(self.path.clone())
            }
            _ => ClientError::System {
                attempt: "talk to",
                path: self.path.clone(),
                source: error,
            },
        }
    }

    fn garbled(&self, what: &impl ToString) -> ClientError {
        ClientError::Garbled {
            path: self.path.clone(),
            what: what.to_string(),
        }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
