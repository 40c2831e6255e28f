//! What a connection carries with it: what was said before the runtime knew of it, and what was not understood or could
//! not be written yet.

use std::io::IoSlice;

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

/// What could not be written at once. One word where nothing waits, as on nearly every connection.
#[derive(Debug, Default)]
pub(super) struct Unsent(Option<Box<Pieces>>);

/// Bytes, and a large body behind them.
#[derive(Debug)]
struct Pieces {
    bytes: Bytes,
    tail: Bytes,
}

impl Unsent {
    /// Bytes and a body behind them; either may be empty.
    pub(super) fn new(bytes: Bytes, tail: Bytes) -> Unsent {
        let anything = !bytes.is_empty() || !tail.is_empty();
        Unsent(anything.then(|| Box::new(Pieces { bytes, tail })))
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// What waits, for one write.
    pub(super) fn pieces(&self) -> [IoSlice<'_>; 2] {
        match &self.0 {
            Some(pieces) => [IoSlice::new(&pieces.bytes), IoSlice::new(&pieces.tail)],
            None => [IoSlice::new(&[]), IoSlice::new(&[])],
        }
    }

    /// Adds bytes behind those that wait; never behind a tail, which only HTTP/1 has and then says nothing more.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        *self = match self.0.take() {
            None => Unsent::new(Bytes::copy_from_slice(bytes), Bytes::new()),
            Some(waiting) => {
                debug_assert!(waiting.tail.is_empty(), "nothing may follow a tail");
                Unsent::new([&waiting.bytes, bytes].concat().into(), waiting.tail)
            }
        };
    }

    /// Forgets what was written.
    pub(super) fn advance(&mut self, count: usize) {
        let Some(pieces) = &mut self.0 else {
            return;
        };
        let first = count.min(pieces.bytes.len());
        pieces.bytes.advance(first);
        pieces.tail.advance((count - first).min(pieces.tail.len()));
        if pieces.bytes.is_empty() && pieces.tail.is_empty() {
            self.0 = None;
        }
    }
}

/// Keeps what was not consumed; a connection that has nothing unread keeps no buffer.
pub(super) fn keep(unread: &mut Vec<u8>, rest: &[u8]) {
    if rest.is_empty() {
        *unread = Vec::new();
    } else {
        unread.clear();
        // What a long head or a large read needed goes when little of it is left.
        unread.shrink_to(2 * rest.len());
        unread.extend_from_slice(rest);
    }
}
