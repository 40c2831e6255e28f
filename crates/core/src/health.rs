//! Whether a real server works, as far as its probes tell: three states, two counts and a memory of 64 results.
//!
//! One number is not enough to be sure of anything, so a state changes only after `rise` good or `fall` bad results. How
//! easily bad results are forgotten is a third number: with 1 a single good result wipes them out, so that only failures in
//! a row count (as in HAProxy and keepalived); with more, a server that fails every other time goes down, too (as in gdnsd,
//! whose `ok_thresh` it is). What follows from the states of many is `quorum`'s business.

use std::num::NonZeroU16;

/// What is believed of a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// No result yet.
    #[default]
    Unknown,
    /// It works.
    Up,
    /// It does not.
    Down,
}

/// How many results change a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Good results in a row that bring it up.
    pub rise: NonZeroU16,
    /// Bad results that take it down.
    pub fall: NonZeroU16,
    /// Good results in a row that wipe out the bad ones before them.
    pub forgive: NonZeroU16,
}

impl Thresholds {
    /// One result decides.
    pub const ONE: Thresholds = Thresholds {
        rise: NonZeroU16::MIN,
        fall: NonZeroU16::MIN,
        forgive: NonZeroU16::MIN,
    };
}

/// Why a probe ended as it did. Every checker gives one with every result; names are for people and for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// Everything that was asked for came.
    Ok,
    /// The name could not be resolved.
    Unresolved,
    /// The connection was refused.
    Refused,
    /// The network or the host cannot be reached.
    Unreachable,
    /// No connection in time.
    ConnectTimeout,
    /// Connected, and no whole answer in time.
    AnswerTimeout,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the answer was whole.
    Closed,
    /// The TLS handshake failed.
    TlsHandshake,
    /// The certificate is not trusted, not for this name, or has expired.
    TlsCertificate,
    /// What came is not the protocol that was expected.
    Protocol,
    /// The status is none of those expected.
    Status,
    /// The body lacks what was expected.
    Body,
    /// The answer was longer than is read.
    TooLong,
    /// The server says that it does not serve (gRPC health).
    NotServing,
    /// The server does not know the service that was asked for (gRPC health).
    UnknownService,
    /// The response code is not what was expected (DNS).
    ResponseCode,
    /// The reply code is not what was expected (SMTP).
    ReplyCode,
    /// The program ended with another exit code than zero.
    ExitCode,
    /// A signal ended the program.
    Signal,
    /// The program did not end in time.
    ProgramTimeout,
    /// The program could not be started.
    NotStarted,
    /// The file is not there, or says that it is down.
    File,
    /// No permission on this host for such a probe.
    NotPermitted,
    /// This host had no descriptor, port or memory left for the probe: says nothing of the server.
    Local,
    /// Requests of clients failed.
    Passive,
}

impl Reason {
    /// All, in the order of their numbers.
    pub const ALL: [Reason; 26] = [
        Reason::Ok,
        Reason::Unresolved,
        Reason::Refused,
        Reason::Unreachable,
        Reason::ConnectTimeout,
        Reason::AnswerTimeout,
        Reason::Reset,
        Reason::Closed,
        Reason::TlsHandshake,
        Reason::TlsCertificate,
        Reason::Protocol,
        Reason::Status,
        Reason::Body,
        Reason::TooLong,
        Reason::NotServing,
        Reason::UnknownService,
        Reason::ResponseCode,
        Reason::ReplyCode,
        Reason::ExitCode,
        Reason::Signal,
        Reason::ProgramTimeout,
        Reason::NotStarted,
        Reason::File,
        Reason::NotPermitted,
        Reason::Local,
        Reason::Passive,
    ];

    /// The word for metrics, JSON and the journal.
    pub fn label(self) -> &'static str {
        match self {
            Reason::Ok => "ok",
            Reason::Unresolved => "unresolved",
            Reason::Refused => "refused",
            Reason::Unreachable => "unreachable",
            Reason::ConnectTimeout => "connect-timeout",
            Reason::AnswerTimeout => "answer-timeout",
            Reason::Reset => "reset",
            Reason::Closed => "closed",
            Reason::TlsHandshake => "tls-handshake",
            Reason::TlsCertificate => "tls-certificate",
            Reason::Protocol => "protocol",
            Reason::Status => "status",
            Reason::Body => "body",
            Reason::TooLong => "too-long",
            Reason::NotServing => "not-serving",
            Reason::UnknownService => "unknown-service",
            Reason::ResponseCode => "response-code",
            Reason::ReplyCode => "reply-code",
            Reason::ExitCode => "exit-code",
            Reason::Signal => "signal",
            Reason::ProgramTimeout => "program-timeout",
            Reason::NotStarted => "not-started",
            Reason::File => "file",
            Reason::NotPermitted => "not-permitted",
            Reason::Local => "local",
            Reason::Passive => "passive",
        }
    }

    /// What a result with this reason says of the server.
    pub fn verdict(self) -> Verdict {
        match self {
            Reason::Ok => Verdict::Good,
            // Our own shortage is no news of anybody else.
            Reason::Local | Reason::NotPermitted | Reason::NotStarted => Verdict::Nothing,
            _ => Verdict::Bad,
        }
    }
}

/// What one result says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Good,
    /// It does not.
    Bad,
    /// The probe itself could not be made.
    Nothing,
}

/// The last 64 results, the newest in the lowest bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    good: u64,
    length: u8,
}

impl History {
    /// How many results there are, at most 64.
    pub fn len(self) -> usize {
        usize::from(self.length)
    }

    /// Whether there is none yet.
    pub fn is_empty(self) -> bool {
        self.length == 0
    }

    /// The results, the oldest first; whether each was good.
    pub fn iter(self) -> impl Iterator<Item = bool> {
        (0..self.length)
            .rev()
            .map(move |age| self.good >> age & 1 == 1)
    }

    fn push(&mut self, verdict: Verdict) {
        self.good = self.good << 1 | u64::from(verdict == Verdict::Good);
        self.length = (self.length + 1).min(64);
    }
}

/// What is known of one real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    state: State,
    last: Reason,
    /// Good results in a row.
    good: u16,
    /// Bad results that are not forgiven.
    bad: u16,
    history: History,
}

impl Default for Health {
    fn default() -> Health {
        Health::starting(State::Unknown)
    }
}

impl Health {
    /// Nothing is known but what was believed before, or what is to be believed at first (`alpha`: Down).
    pub fn starting(state: State) -> Health {
        Health {
            state,
            last: Reason::Ok,
            good: 0,
            bad: 0,
            history: History::default(),
        }
    }

    /// What is believed.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why the last result was as it was.
    pub fn last(&self) -> Reason {
        self.last
    }

    /// The last results.
    pub fn history(&self) -> History {
        self.history
    }

    /// Good results in a row, and bad ones that are not forgiven.
    pub fn counts(&self) -> (u16, u16) {
        (self.good, self.bad)
    }

    /// Whether the next results decide something: they are asked for sooner then.
    pub fn is_suspect(&self) -> bool {
        self.state != State::Down && self.bad > 0
    }

    /// Takes a result. Says whether the state changed.
    ///
    /// The first good result of a server of which nothing is known brings it up at once; a bad one begins to count like any
    /// other, so one lost packet at the start takes no site down.
    pub fn take(&mut self, reason: Reason, thresholds: &Thresholds) -> Option<State> {
        let verdict = reason.verdict();
        self.last = reason;
        match verdict {
            Verdict::Nothing => return None,
            Verdict::Good => self.count_good(thresholds),
            Verdict::Bad => {
                self.good = 0;
                self.bad = self.bad.saturating_add(1);
            }
        }
        self.history.push(verdict);
        let next = self.judged(thresholds);
        if next == self.state {
            return None;
        }
        if next == State::Up {
            // What took it down is over, however long its memory was to be.
            self.bad = 0;
        }
        self.state = next;
        Some(next)
    }

    fn count_good(&mut self, thresholds: &Thresholds) {
        self.good = self.good.saturating_add(1);
        if self.good >= thresholds.forgive.get() {
            self.bad = 0;
        }
    }

    fn judged(&self, thresholds: &Thresholds) -> State {
        match self.state {
            State::Unknown if self.good > 0 => State::Up,
            State::Unknown | State::Up if self.bad >= thresholds.fall.get() => State::Down,
            State::Down if self.good >= thresholds.rise.get() => State::Up,
            state => state,
        }
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
