//! HTTP/2 for a server whose answers are prepared and small, and which throws request bodies away
//! (RFC 9113, RFC 7541).
//!
//! A [`Connection`] is a machine without a socket or a clock: it takes what was read and appends
//! what is to be written. Whoever implements [`Answer`] chooses the answers; their field blocks are
//! prepared with [`hpack`], good for every connection because no answer uses the client's table.
//! Over TLS (ALPN `h2`) and in the clear (prior knowledge) it is the same. It never pushes, never
//! opens streams, and has no use for priorities. Called by the daemon's connection loop.

mod budget;
mod connection;
mod fault;
mod fields;
mod flow;
mod frame;
pub mod hpack;
mod limits;
mod request;
mod settings;
mod stream;
#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use connection::Connection;
pub use fault::{Noticed, Reason, State};
pub use frame::Code;
pub use limits::{ExtendedConnect, Limit, Limits, Reached};
pub use request::Request;
pub use stream::Unfinished;

/// What a server says to HTTP/2 with prior knowledge that has only HTTP/1.1 for it: its settings, as it must, and where to go (RFC 9113,
/// section 7). `words` are for people.
pub fn sent_away(words: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::put_head(0, frame::Kind::Settings, 0, 0, &mut bytes);
    frame::put_go_away(0, Code::Http11Required, words, &mut bytes);
    bytes
}

/// Chooses what requests are answered with.
pub trait Answer {
    /// Appends the field block of the answer to `block`, `:status` first, and returns the body.
    /// `block` holds other things already and is only to be appended to. A malformed request never
    /// gets here. For HEAD the body is [`Body::None`].
    fn answer(&mut self, request: &Request<'_>, block: &mut Vec<u8>) -> Reply<'_>;

    /// The answer to a request whose fields are above the limit and were not kept.
    fn too_large(&mut self, block: &mut Vec<u8>) -> Reply<'_> {
        hpack::encode_status(431, block);
        Reply::from(Body::None)
    }

    /// A request was malformed (RFC 9113, section 8.1.1), and its stream is reset; only to be noted.
    fn malformed(&mut self, _noticed: Noticed) {}
}

/// An answer's body, and what becomes of a request that goes on.
#[derive(Debug)]
pub struct Reply<'a> {
    pub body: Body<'a>,
    /// [`Unfinished::Drain`] lets every client see its answer; gRPC wants [`Unfinished::Reset`].
    pub unfinished: Unfinished,
}

impl<'a> From<Body<'a>> for Reply<'a> {
    fn from(body: Body<'a>) -> Self {
        Self {
            body,
            unfinished: Unfinished::Drain,
        }
    }
}

/// The body of an answer. It is copied into the output at once as far as it fits; only what must
/// wait is kept, so that no count of references is touched on the way of most answers.
#[derive(Debug)]
pub enum Body<'a> {
    /// The answer ends with its fields.
    None,
    /// Prepared octets: what must wait is referred to.
    Shared(&'a Bytes),
    /// Octets made for this request: what must wait is copied.
    Filled(&'a [u8]),
}

impl Body<'_> {
    #[inline]
    fn octets(&self) -> &[u8] {
        match self {
            Self::None => &[],
            Self::Shared(octets) => octets,
            Self::Filled(octets) => octets,
        }
    }

    /// What is left after `sent` octets, to be kept.
    fn rest(&self, sent: usize) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::Shared(octets) => octets.slice(sent..),
            Self::Filled(octets) => Bytes::copy_from_slice(&octets[sent..]),
        }
    }
}

/// Room to decode requests in; one for all connections of a thread.
#[derive(Debug, Default)]
pub struct Scratch(fields::Fields);
