//! What can be wrong with what a peer sent, and how far the damage goes (RFC 9113, section 5.4).

use super::frame::Code;
use super::limits::Limit;

/// A mistake of the peer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The stream is lost (5.4.2).
    Stream(u32, Code),
    /// The same, for a request that is malformed (8.1.1), told apart because it is counted.
    Malformed(u32, Noticed),
    /// The connection is lost (5.4.1); the words go into the GOAWAY frame.
    Connection(Code, &'static str),
    /// The peer does too much of something; the connection ends with `ENHANCE_YOUR_CALM`.
    Excess(Limit),
}

/// When a request showed itself to be malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// By its fields: it is not answered.
    AtOnce,
    /// By its body or its trailers, when it had its answer.
    Later,
}

/// How a connection stands after it was given something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    /// A GOAWAY has been sent; what was begun is being finished.
    Draining,
    /// Nothing more is read: close once what was written has been sent.
    Closed(Reason),
}

/// Why a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It was drained.
    Drained,
    /// Its client did not let it finish, and was waited for long enough.
    Abandoned,
    /// The client broke the protocol: the code and the words it was told.
    Error(Code, &'static str),
    /// The client ran into a limit that only attacks run into.
    Excess(Limit),
}
