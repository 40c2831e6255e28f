//! Telling the service manager how we are: ready, reloading, stopping, alive, and which descriptors it should keep
//! (sd_notify(3), sd_pid_notify_with_fds(3)).
//!
//! A message is one datagram of lines to the socket named in `NOTIFY_SOCKET`. Without that variable nobody listens
//! and everything here does nothing. A message is rare and small, so it is sent blocking, for a second at most.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType, sockopt,
};

/// The variable that names the socket.
pub const VARIABLE: &str = "NOTIFY_SOCKET";

/// For one message; a service manager that does not read for so long is stuck.
const SEND_TIME: Duration = Duration::from_secs(1);

/// Descriptors in one message, well below the kernel's limit of 253 (`SCM_MAX_FD`, unix(7)).
const DESCRIPTORS_PER_MESSAGE: usize = 128;

/// One line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The service answers.
    Ready,
    /// A reload has begun; `Ready` ends it. The time is that of CLOCK_MONOTONIC.
    Reloading { monotonic: Duration },
    /// The service is going down.
    Stopping,
    /// What `systemctl status` shows.
    Status(String),
    /// The service turns.
    Watchdog,
    /// Another process is the main one now, after a take-over.
    MainProcess(u32),
    /// More time is needed to start, reload or stop.
    ExtendTimeout(Duration),
}

/// Where messages go.
#[derive(Debug, Clone)]
pub struct Notifier {
    address: Option<SocketAddrUnix>,
}

/// Why a message did not go out.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    #[error(
        "NOTIFY_SOCKET is `{0}`, neither an absolute path nor an abstract name that begins with `@`"
    )]
    Address(String),
    #[error("cannot tell the service manager")]
    Send(#[source] io::Error),
    #[error("`{0}` cannot name a descriptor")]
    Name(String),
    #[error("the service manager did not take note within {} ms", .0.as_millis())]
    NoBarrier(Duration),
}

impl Notifier {
    /// From the value of `NOTIFY_SOCKET`, if it is set.
    pub fn new(socket: Option<&str>) -> Result<Self, NotifyError> {
        let address = match socket {
            None | Some("") => None,
            Some(text) => Some(parse(text).ok_or_else(|| NotifyError::Address(text.to_owned()))?),
        };
        Ok(Self { address })
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.address.is_some()
    }

    /// Sends one message.
    pub fn tell(&self, states: &[State]) -> Result<(), NotifyError> {
        self.send(&text(states), &[])
    }

    /// Asks the manager to keep descriptors and to pass them to the next process under `name`. Those it has already
    /// are kept once. The unit needs `FileDescriptorStoreMax=`.
    pub fn store(&self, name: &str, descriptors: &[BorrowedFd<'_>]) -> Result<(), NotifyError> {
        let text = format!("FDSTORE=1\nFDNAME={}\n", checked(name)?);
        for chunk in descriptors.chunks(DESCRIPTORS_PER_MESSAGE) {
            self.send(&text, chunk)?;
        }
        Ok(())
    }

    /// Asks the manager to close what it keeps under `name`.
    pub fn discard(&self, name: &str) -> Result<(), NotifyError> {
        self.send(
            &format!("FDSTOREREMOVE=1\nFDNAME={}\n", checked(name)?),
            &[],
        )
    }

    /// Waits until the manager has read everything sent so far. A message of a process that has gone may be thrown
    /// away unread, so this comes between storing descriptors and exiting (sd_notify_barrier(3)).
    pub fn barrier(&self, within: Duration) -> Result<(), NotifyError> {
        if !self.is_heard() {
            return Ok(());
        }
        let (ours, theirs) = io::pipe().map_err(NotifyError::Send)?;
        self.send("BARRIER=1\n", &[theirs.as_fd()])?;
        drop(theirs);
        if hangs_up(&ours, within).map_err(NotifyError::Send)? {
            Ok(())
        } else {
            Err(NotifyError::NoBarrier(within))
        }
    }

    fn send(&self, text: &str, descriptors: &[BorrowedFd<'_>]) -> Result<(), NotifyError> {
        let Some(address) = &self.address else {
            return Ok(());
        };
        send(address, text, descriptors).map_err(|error| NotifyError::Send(error.into()))
    }
}

/// How often the manager wants to hear `Watchdog`, if it does: from `WATCHDOG_USEC` and `WATCHDOG_PID`
/// (sd_watchdog_enabled(3)). It acts when it has heard nothing for this long, so speak twice as often.
pub fn watchdog_limit(
    microseconds: Option<&str>,
    process: Option<&str>,
    own: u32,
) -> Option<Duration> {
    let for_us = process.is_none_or(|text| text.parse() == Ok(own));
    let microseconds: u64 = microseconds?.parse().ok()?;
    (for_us && microseconds > 0).then(|| Duration::from_micros(microseconds))
}

/// The time that `State::Reloading` wants.
pub fn monotonic_now() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::try_from(now).unwrap_or_default()
}

fn parse(text: &str) -> Option<SocketAddrUnix> {
    match text.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes()).ok(),
        None if text.starts_with('/') => SocketAddrUnix::new(text).ok(),
        None => None,
    }
}

fn text(states: &[State]) -> String {
    let line = |state: &State| match state {
        State::Ready => "READY=1\n".to_owned(),
        State::Reloading { monotonic } => {
            format!("RELOADING=1\nMONOTONIC_USEC={}\n", monotonic.as_micros())
        }
        State::Stopping => "STOPPING=1\n".to_owned(),
        // A line end would begin another assignment.
        State::Status(text) => format!("STATUS={}\n", text.replace(['\n', '\r', '\0'], " ")),
        State::Watchdog => "WATCHDOG=1\n".to_owned(),
        State::MainProcess(process) => format!("MAINPID={process}\n"),
        State::ExtendTimeout(time) => format!("EXTEND_TIMEOUT_USEC={}\n", time.as_micros()),
    };
    states.iter().map(line).collect()
}

fn checked(name: &str) -> Result<&str, NotifyError> {
    if super::address::is_descriptor_name(name) {
        Ok(name)
    } else {
        Err(NotifyError::Name(name.to_owned()))
    }
}

fn send(
    address: &SocketAddrUnix,
    text: &str,
    descriptors: &[BorrowedFd<'_>],
) -> rustix::io::Result<()> {
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(SEND_TIME))?;
    let mut space =
        [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_PER_MESSAGE))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(rustix::io::Errno::TOOMANYREFS);
    }
    let pieces = [IoSlice::new(text.as_bytes())];
    let flags = SendFlags::NOSIGNAL;
    rustix::net::sendmsg_addr(&socket, address, &pieces, &mut control, flags)?;
    Ok(())
}

/// Whether the other end of a pipe is closed within a time.
fn hangs_up(pipe: &io::PipeReader, within: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut poll = [PollFd::new(pipe, PollFlags::empty())];
        match rustix::event::poll(&mut poll, Some(&timeout)) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(poll[0].revents().contains(PollFlags::HUP)),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
