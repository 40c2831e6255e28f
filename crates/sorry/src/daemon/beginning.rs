//! What a connection brings with it: what was said before the runtime knew of it, and what could not be written yet.

use bytes::{Buf, Bytes};

use crate::http1::Next;

/// What was said before the runtime knew of the connection.
#[derive(Debug)]
pub(super) struct Beginning {
    /// Bytes that were read and not understood yet.
    pub(super) unread: Vec<u8>,
    /// Bytes that did not fit into the socket.
    pub(super) unsent: Bytes,
    /// A large body behind them.
    pub(super) tail: Bytes,
    /// What comes after.
    pub(super) next: Next,
}

impl Default for Beginning {
    fn default() -> Beginning {
        Beginning {
            unread: Vec::new(),
            unsent: Bytes::new(),
            tail: Bytes::new(),
            next: Next::Read,
        }
    }
}

impl Beginning {
    /// Everything was said, and the connection may be closed.
    pub(super) fn is_over(&self) -> bool {
        self.next == Next::Close && self.unsent.is_empty() && self.tail.is_empty()
    }
}

/// What could not be written at once.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    pub(super) bytes: Bytes,
    pub(super) tail: Bytes,
}

impl Unsent {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.tail.is_empty()
    }

    /// Adds bytes behind those that wait; never behind a tail, which only HTTP/1 has and then says nothing more.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        debug_assert!(self.tail.is_empty(), "nothing may follow a tail");
        self.bytes = match self.bytes.is_empty() {
            true => Bytes::copy_from_slice(bytes),
            false => [&self.bytes, bytes].concat().into(),
        };
    }

    /// Forgets what was written.
    pub(super) fn advance(&mut self, count: usize) {
        let first = count.min(self.bytes.len());
        self.bytes.advance(first);
        self.tail.advance((count - first).min(self.tail.len()));
    }
}
