//! How a real server is checked, as the checkers see it. One struct for each kind; `check/` has a file for each.

use super::diagnostics::Place;
use super::real_server::Target;
use super::table::words;
use sorry_core::health::Thresholds;
use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// One check of one real server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is called in status, explanations and metrics, as no other check of its real server is.
    pub name: Box<str>,
    /// What is asked, and what the answer must be.
    pub kind: Kind,
    /// Where; may be another address than the one that serves.
    pub target: Target,
    /// How probes leave this machine.
    pub egress: Egress,
    /// When.
    pub timing: Timing,
    /// How many results change what is believed.
    pub thresholds: Thresholds,
    /// Where it was typed.
    pub place: Place,
}

/// How probes leave this machine; the kernel chooses what is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Egress {
    /// From which of our addresses.
    pub source: Option<IpAddr>,
    /// From which of our ports; then one probe is made at a time.
    pub port: Option<NonZeroU16>,
    /// By which interface.
    pub interface: Option<Box<str>>,
    /// With which mark, for the rules of routing and packet filters.
    pub mark: Option<NonZeroU32>,
}

/// The most probes of one check that are under way at once. At ten a second it is reached with a timeout above 1.6 s; by then there are
/// more results on their way than decide anything, mostly.
pub const OUTSTANDING_MAX: u32 = 16;

/// When a check is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From the beginning of one probe to the beginning of the next.
    pub every: Duration,
    /// The longest that a probe may take, all of it.
    pub timeout: Duration,
    /// The same as `every` while the next results decide something; probes then do not wait for the one before.
    pub suspect_every: Duration,
    /// The most by which a probe is put off at random, so that checks do not march in step.
    pub jitter: Duration,
}

impl Timing {
    /// The longest from a server's death to the result that takes it down, `fall` results being needed: for a host that
    /// refuses, and for one that is silent. Where more are needed than may be under way at once, the others wait for a timeout.
    pub fn worst_case(&self, fall: u16) -> (Duration, Duration) {
        let more = u32::from(fall.saturating_sub(1));
        let refused = self.every + self.jitter + self.suspect_every * more;
        let timeouts = 1 + more / OUTSTANDING_MAX;
        (refused, refused + self.timeout * timeouts)
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An HTTP request, over TLS or not.
    Http(Box<Http>),
    /// A connection, and what is said on it.
    Tcp(Dialogue),
    /// A TLS handshake, and what is said after it.
    Tls(Box<TlsClient>, Dialogue),
    /// grpc.health.v1.Health/Check.
    Grpc(Box<Grpc>),
    /// A question to a name server.
    Dns(Dns),
    /// A greeting, HELO and QUIT.
    Smtp(Smtp),
    /// An echo request.
    Icmp,
    /// A datagram, and the reply.
    Udp(Udp),
    /// A program.
    Exec(Exec),
    /// A file on this machine.
    File(FileCheck),
}

impl Kind {
    /// Whether its results say what a real server weighs.
    pub fn weighs(&self) -> bool {
        match self {
            Kind::Exec(exec) => exec.weight,
            Kind::File(file) => file.weight.is_some(),
            _ => false,
        }
    }

    /// How TLS is spoken, where it is.
    pub fn tls(&self) -> Option<&TlsClient> {
        match self {
            Kind::Http(http) => http.tls.as_ref(),
            Kind::Tls(tls, _) => Some(tls),
            Kind::Grpc(grpc) => grpc.tls.as_ref(),
            Kind::Smtp(smtp) => smtp.tls.as_deref(),
            Kind::Tcp(_)
            | Kind::Dns(_)
            | Kind::Icmp
            | Kind::Udp(_)
            | Kind::Exec(_)
            | Kind::File(_) => None,
        }
    }

    /// Whether one that says nothing is taken to be well.
    pub fn is_content_with_silence(&self) -> bool {
        matches!(self, Kind::Udp(udp) if udp.reply.is_none())
    }

    /// The word of the configuration, of metrics and of JSON; `https` is `http`'s over TLS.
    pub fn label(&self) -> &'static str {
        match self {
            Kind::Http(http) if http.tls.is_some() => "https",
            Kind::Http(_) => "http",
            Kind::Tcp(_) => "tcp",
            Kind::Tls(..) => "tls",
            Kind::Grpc(_) => "grpc",
            Kind::Dns(_) => "dns",
            Kind::Smtp(_) => "smtp",
            Kind::Icmp => "icmp",
            Kind::Udp(_) => "udp",
            Kind::Exec(_) => "exec",
            Kind::File(_) => "file",
        }
    }
}

/// An HTTP request, and what its answer must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// TLS, where it is https.
    pub tls: Option<TlsClient>,
    /// A token (RFC 9110, 9.1).
    pub method: Box<str>,
    /// Path and query.
    pub path: Box<str>,
    /// The Host field; that of the target where there is none.
    pub host: Option<Box<str>>,
    /// More fields, valid as they are.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// The version that is spoken.
    pub version: HttpVersion,
    /// The statuses that are good.
    pub status: Vec<RangeInclusive<u16>>,
    /// What the body must be: all of these.
    pub body: Vec<BodyRule>,
    /// The longest body that is read to judge it.
    pub body_bytes: u64,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2, with prior knowledge where there is no TLS.
    Http2,
}

/// What a body must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyRule {
    /// These bytes are somewhere in it.
    Contains(Box<[u8]>),
    /// This regular expression (in the syntax of the `regex` crate) matches somewhere in it.
    Regex(Box<str>),
    /// It does not.
    NotRegex(Box<str>),
    /// Its SHA-256.
    Digest([u8; 32]),
}

/// How TLS is spoken to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsClient {
    /// The name that is asked for (SNI) and that the certificate must be for; the target's host where there is none.
    pub name: Option<Box<str>>,
    /// Whom to trust.
    pub verify: Verify,
    /// Our own certificate and its key, in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// How long before the end of the server's certificate somebody is told; never where there is none.
    pub expiry_warning: Option<Duration>,
}

/// Whom to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Whomever this machine trusts.
    System,
    /// These authorities, in PEM.
    Authority(PathBuf),
    /// Anybody.
    Off,
}

/// What is said on a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialogue {
    /// Sent first, as it is.
    pub send: Option<Box<[u8]>>,
    /// Must come somewhere in what is received.
    pub expect: Option<Box<[u8]>>,
}

/// grpc.health.v1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grpc {
    /// The service that is asked for; the whole server where it is empty.
    pub service: Box<str>,
    /// The `:authority`; the target's host where there is none.
    pub authority: Option<Box<str>>,
    /// TLS, with prior knowledge of HTTP/2 where there is none.
    pub tls: Option<TlsClient>,
}

/// A question to a name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// The name that is asked for, such as `example.com` or `.`.
    pub name: Box<str>,
    /// The type (RFC 1035, 3.2.2), as text: `SOA`, `A`, ...
    pub record: Box<str>,
    /// Over TCP rather than UDP.
    pub tcp: bool,
    /// The response codes that are good (RFC 1035, 4.1.1).
    pub codes: Vec<u16>,
    /// Must be among the answers, as presentation text of the data (`192.0.2.1`); anything where there is none.
    pub answer: Option<Box<str>>,
}

/// A greeting, HELO and QUIT (RFC 5321).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// What we call ourselves.
    pub helo: Box<str>,
    /// STARTTLS after it, and HELO again.
    pub tls: Option<Box<TlsClient>>,
}

/// A datagram, and the reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Udp {
    /// Sent as it is; may be empty.
    pub send: Box<[u8]>,
    /// What the reply must be; without it, no ICMP error within the timeout is good.
    pub reply: Option<UdpReply>,
}

/// A reply that must come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdpReply {
    /// What it must begin with.
    pub begins: Vec<Nibbles>,
    /// How many bytes it must have.
    pub length: RangeInclusive<usize>,
}

/// A byte of which only some bits are compared: keepalived's hex pattern with `X` for any four bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nibbles {
    /// The bits.
    pub value: u8,
    /// Which of them count.
    pub mask: u8,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// The program by its full path, then its arguments.
    pub argv: Vec<Box<str>>,
    /// Exit codes 2 to 255 are good, too, and set the weight to the code less 2 (keepalived's `misc_dynamic`).
    pub weight: bool,
}

/// A file on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCheck {
    /// Which.
    pub path: PathBuf,
    /// When the server is down, if it holds no weight.
    pub down: FileDown,
    /// What the number in it makes of the server's weight.
    pub weight: Option<FileWeight>,
}

impl FileCheck {
    /// Whether what is in the file matters, and not only that it is there.
    pub fn reads(&self) -> bool {
        self.weight.is_some() || self.down == FileDown::Nonzero
    }
}

/// The number in a file, times a factor, is added to the weight that is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileWeight {
    /// The factor.
    pub factor: i32,
    /// The weight.
    pub configured: u16,
}

impl FileWeight {
    /// The weight that a number makes.
    pub fn of(self, number: i64) -> u16 {
        let change = number.saturating_mul(self.factor.into());
        let sum = change.saturating_add(self.configured.into());
        u16::try_from(sum.max(0)).unwrap_or(u16::MAX)
    }
}

words! {
    /// What of a file says that a server is down.
    pub enum FileDown {
        /// it is there
        Exists = "exists",
        /// it is not there
        Missing = "missing",
        /// it is not there, is empty, or holds a number other than 0 (`FILE_CHECK` of keepalived with weight 0)
        Nonzero = "nonzero",
    }
}
