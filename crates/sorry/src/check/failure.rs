//! How a probe ends: good or not, and why. What the kernel says becomes a reason here and nowhere else; how far a probe has come is
//! kept here, too, since that tells what a probe means that did not end in time. Called by every checker.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use rustix::io::Errno;
use sorry_core::health::Reason;
use tokio::time::Instant;

use super::remote::Remote;

/// What a good probe has found.
#[derive(Debug)]
pub(super) struct Good {
    pub(super) detail: Remote,
    /// The weight that a program has given.
    pub(super) weight: Option<u16>,
}

impl Good {
    /// Good, and this is what there was.
    pub(super) fn with(detail: Remote) -> Good {
        Good {
            detail,
            weight: None,
        }
    }
}

/// Why a probe is not good.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: Reason,
    pub(super) detail: Remote,
}

pub(super) type Verdict = Result<Good, Failure>;

impl Failure {
    /// With words of our own.
    pub(super) fn new(reason: Reason, words: &'static str) -> Failure {
        Failure {
            reason,
            detail: Remote::ours(words),
        }
    }

    /// With words that have to be made.
    pub(super) fn told(reason: Reason, detail: Remote) -> Failure {
        Failure { reason, detail }
    }

    /// What an error of a system call says, while a connection was being made or once it was there.
    pub(super) fn system(error: &io::Error, phase: Phase) -> Failure {
        let Some(errno) = Errno::from_io_error(error) else {
            return library(error);
        };
        let (reason, words) = told(errno, phase);
        match words {
            Some(words) => Failure::new(reason, words),
            None => Failure::told(reason, Remote::told(errno)),
        }
    }
}

/// An error that a library has made up, about a connection that is there no more or about what came.
fn library(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidData => Failure::told(Reason::Protocol, Remote::told(error)),
        io::ErrorKind::ConnectionReset => Failure::new(Reason::Reset, "reset"),
        _ => Failure::new(Reason::Closed, "closed before the answer was whole"),
    }
}

/// connect(2), send(2), recv(2), ip(7), icmp(7).
fn told(errno: Errno, phase: Phase) -> (Reason, Option<&'static str>) {
    match errno {
        Errno::CONNREFUSED => (Reason::Refused, Some("refused")),
        Errno::NETUNREACH | Errno::NETDOWN => {
            (Reason::Unreachable, Some("the network cannot be reached"))
        }
        Errno::HOSTUNREACH | Errno::HOSTDOWN | Errno::NOPROTOOPT => {
            (Reason::Unreachable, Some("the host cannot be reached"))
        }
        Errno::TIMEDOUT if phase == Phase::Connecting => {
            (Reason::ConnectTimeout, Some("no connection in time"))
        }
        Errno::TIMEDOUT => (Reason::AnswerTimeout, Some("the connection timed out")),
        Errno::CONNRESET | Errno::PIPE | Errno::CONNABORTED => (Reason::Reset, Some("reset")),
        Errno::ACCESS | Errno::PERM => (Reason::NotPermitted, None),
        Errno::MFILE => (
            Reason::Local,
            Some("no file descriptor left; raise LimitNOFILE"),
        ),
        Errno::NFILE => (
            Reason::Local,
            Some("no file descriptor left on this machine"),
        ),
        Errno::ADDRNOTAVAIL | Errno::ADDRINUSE | Errno::AGAIN => (
            Reason::Local,
            Some(
                "no source address or port left; is `source` an address of this machine, and `source-port` free?",
            ),
        ),
        Errno::NODEV => (Reason::Local, Some("this machine has no such interface")),
        Errno::NOBUFS | Errno::NOMEM => (Reason::Local, Some("no memory left for a socket")),
        _ if phase == Phase::Connecting => (Reason::Unreachable, None),
        _ => (Reason::Reset, None),
    }
}

/// How far a probe has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Asking for the address of a name.
    Resolving,
    /// Waiting for a connection.
    Connecting,
    /// In the TLS handshake.
    Handshake,
    /// Connected, waiting for the answer.
    Answering,
    /// A program is running.
    Running,
    /// A file is being read.
    Reading,
}

/// How far a probe has come, and what it has learned on its way, whether or not it ends well.
#[derive(Debug)]
pub(super) struct Progress {
    phase: AtomicU8,
    received_bytes: AtomicU64,
    expires: OnceLock<SystemTime>,
    deadline: Instant,
}

impl Progress {
    /// At the beginning; all must be over at `deadline`.
    pub(super) fn until(deadline: Instant) -> Progress {
        Progress {
            deadline,
            phase: AtomicU8::new(Phase::Connecting as u8),
            received_bytes: AtomicU64::new(0),
            expires: OnceLock::new(),
        }
    }

    /// When it must be over.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// It goes on with this.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Something of the answer has come.
    pub(super) fn received(&self, count: usize) {
        let before = self.received_bytes.load(Ordering::Relaxed);
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.received_bytes
            .store(before.saturating_add(count), Ordering::Relaxed);
    }

    /// The server's certificate ends then.
    pub(super) fn expires(&self, at: SystemTime) {
        let _once = self.expires.set(at);
    }

    /// When the server's certificate ends, where it was seen.
    pub(super) fn expiry(&self) -> Option<SystemTime> {
        self.expires.get().copied()
    }

    fn phase(&self) -> Phase {
        const ALL: [Phase; 6] = [
            Phase::Resolving,
            Phase::Connecting,
            Phase::Handshake,
            Phase::Answering,
            Phase::Running,
            Phase::Reading,
        ];
        let number = self.phase.load(Ordering::Relaxed);
        ALL.into_iter()
            .find(|phase| *phase as u8 == number)
            .unwrap_or(Phase::Connecting)
    }

    /// What an error says, here.
    pub(super) fn system(&self, error: &io::Error) -> Failure {
        Failure::system(error, self.phase())
    }

    /// What it means that the time was over just now.
    pub(super) fn timed_out(&self, timeout: Duration) -> Failure {
        let ms = timeout.as_millis();
        let bytes = self.received_bytes.load(Ordering::Relaxed);
        let (reason, what) = match self.phase() {
            Phase::Resolving => (Reason::Unresolved, "no answer from the resolver"),
            Phase::Connecting => (Reason::ConnectTimeout, "no connection"),
            Phase::Handshake => (Reason::AnswerTimeout, "no TLS handshake"),
            // Of a program that did not end its runner tells in time.
            Phase::Running => (Reason::Local, "the runner of programs did not answer"),
            // A file system that does not answer is our own trouble.
            Phase::Reading => (Reason::Local, "the file could not be read"),
            Phase::Answering if bytes > 0 => {
                let words = format_args!("no whole answer within {ms} ms, {bytes} bytes came");
                return Failure::told(Reason::AnswerTimeout, Remote::told(words));
            }
            Phase::Answering => (Reason::AnswerTimeout, "no answer"),
        };
        Failure::told(reason, Remote::told(format_args!("{what} within {ms} ms")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_has_a_reason() {
        use Phase::{Answering, Connecting};
        for (errno, phase, reason) in [
            (Errno::CONNREFUSED, Connecting, Reason::Refused),
            (Errno::NETUNREACH, Connecting, Reason::Unreachable),
            (Errno::HOSTUNREACH, Answering, Reason::Unreachable),
            (Errno::TIMEDOUT, Connecting, Reason::ConnectTimeout),
            (Errno::TIMEDOUT, Answering, Reason::AnswerTimeout),
            (Errno::CONNRESET, Answering, Reason::Reset),
            (Errno::PIPE, Answering, Reason::Reset),
            (Errno::ACCESS, Connecting, Reason::NotPermitted),
            (Errno::PERM, Connecting, Reason::NotPermitted),
            (Errno::MFILE, Connecting, Reason::Local),
            (Errno::NFILE, Connecting, Reason::Local),
            (Errno::ADDRNOTAVAIL, Connecting, Reason::Local),
            (Errno::ADDRINUSE, Connecting, Reason::Local),
            (Errno::NOBUFS, Connecting, Reason::Local),
            (Errno::INVAL, Connecting, Reason::Unreachable),
            (Errno::INVAL, Answering, Reason::Reset),
        ] {
            let error = io::Error::from(errno);
            assert_eq!(Failure::system(&error, phase).reason, reason, "{errno:?}");
        }
    }

    #[test]
    fn time_that_is_over_means_what_was_waited_for() {
        let progress = Progress::until(Instant::now());
        let mut seen = Vec::new();
        for phase in [
            Phase::Resolving,
            Phase::Connecting,
            Phase::Handshake,
            Phase::Answering,
            Phase::Running,
            Phase::Reading,
        ] {
            progress.enter(phase);
            let failure = progress.timed_out(Duration::from_millis(500));
            seen.push((failure.reason, failure.detail.to_string()));
        }
        progress.enter(Phase::Answering);
        progress.received(12);
        let failure = progress.timed_out(Duration::from_millis(500));
        seen.push((failure.reason, failure.detail.to_string()));
        let seen: Vec<_> = seen.iter().map(|(r, words)| (*r, words.as_str())).collect();
        assert_eq!(
            seen,
            [
                (
                    Reason::Unresolved,
                    "no answer from the resolver within 500 ms"
                ),
                (Reason::ConnectTimeout, "no connection within 500 ms"),
                (Reason::AnswerTimeout, "no TLS handshake within 500 ms"),
                (Reason::AnswerTimeout, "no answer within 500 ms"),
                (
                    Reason::Local,
                    "the runner of programs did not answer within 500 ms"
                ),
                (Reason::Local, "the file could not be read within 500 ms"),
                (
                    Reason::AnswerTimeout,
                    "no whole answer within 500 ms, 12 bytes came"
                ),
            ]
        );
    }
}
