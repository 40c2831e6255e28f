//! The streams of a connection: those that live, in a small vector, and what became of the last few
//! others, in two words.
//!
//! Almost no stream ever gets here: a request without a body whose answer fits is opened, answered
//! and closed while its frame is being read, and leaves one bit. What lives is waiting for window
//! to send its body, or for the end of an upload. Used by `connection`.

use bytes::Bytes;

use super::flow::ReceiveWindow;

/// What becomes of a request whose body is still coming when its answer has been written (RFC 9113,
/// 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// The rest is read and thrown away, up to the connection's limit. Right for everybody: curl
    /// 7.88 stops by itself when it sees an error status, and shows nothing of the answer, but
    /// error 92, if a reset comes right behind it.
    Drain,
    /// RST_STREAM with NO_ERROR at once. Right for gRPC, whose clients expect it after
    /// Trailers-Only and would otherwise leave the streams of streaming calls open until they run
    /// out of them; and for CONNECT, whose request has no end.
    Reset,
}

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: u32,
    /// What the peer lets us send; SETTINGS can take it below zero (RFC 9113, 6.9.2).
    pub(crate) window: i64,
    pub(crate) receive: ReceiveWindow,
    /// What `content-length` still promises.
    pub(crate) promised: Option<u64>,
    /// What waits to be sent of the answer; empty when all has been.
    pub(crate) body: Bytes,
    pub(crate) remote: Remote,
    pub(crate) unfinished: Unfinished,
}

/// The client's half of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remote {
    Open,
    Ended,
}

/// What a stream identifier stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Not used yet.
    Idle,
    /// At this place among those that live.
    Live(usize),
    /// Both sides ended it, or the peer reset it.
    Ended,
    /// We reset it: what the peer sent before it knew is to be ignored (RFC 9113, 5.1).
    Reset,
    /// A later one was opened first, so that it never will be (RFC 9113, 5.1.1).
    Skipped,
    /// Too long ago to say.
    Forgotten,
}

#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// In the order of their identifiers.
    live: Vec<Stream>,
    /// The highest identifier that the client used.
    last: u32,
    /// Of the last [`MEMORY`] identifiers of clients, newest in the lowest bit: was it opened, did
    /// we reset it.
    opened: u128,
    reset: u128,
    /// How many of those that live have a body waiting.
    waiting: usize,
}

const MEMORY: u32 = u128::BITS;
/// Streams that a connection keeps room for while it has none.
const KEPT: usize = 2;

impl Streams {
    pub(crate) fn last(&self) -> u32 {
        self.last
    }

    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting > 0
    }

    #[inline]
    pub(crate) fn fate(&self, id: u32) -> Fate {
        if id > self.last || id.is_multiple_of(2) {
            return Fate::Idle;
        }
        if let Ok(at) = self.live.binary_search_by_key(&id, |stream| stream.id) {
            return Fate::Live(at);
        }
        let age = (self.last - id) / 2;
        if age >= MEMORY {
            Fate::Forgotten
        } else if self.reset >> age & 1 == 1 {
            Fate::Reset
        } else if self.opened >> age & 1 == 1 {
            Fate::Ended
        } else {
            Fate::Skipped
        }
    }

    /// A client's request: `id` is odd and above all before it.
    #[inline]
    pub(crate) fn open(&mut self, id: u32) {
        // The first stream may be any; counted from -1, stream 1 is one step.
        let steps = if self.last == 0 {
            id.div_ceil(2)
        } else {
            (id - self.last) / 2
        };
        self.opened = self.opened.checked_shl(steps).unwrap_or(0) | 1;
        self.reset = self.reset.checked_shl(steps).unwrap_or(0);
        self.last = id;
    }

    /// Keeps a stream that is not done; it is the last one opened.
    pub(crate) fn keep(&mut self, stream: Stream) {
        self.waiting += usize::from(!stream.body.is_empty());
        self.live.push(stream);
    }

    pub(crate) fn stream(&mut self, at: usize) -> &mut Stream {
        &mut self.live[at]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.live.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.live.iter_mut()
    }

    /// All of this stream's body has been sent.
    pub(crate) fn sent(&mut self) {
        self.waiting -= 1;
    }

    /// Ends a stream.
    pub(crate) fn remove(&mut self, at: usize) {
        let stream = self.live.remove(at);
        self.waiting -= usize::from(!stream.body.is_empty());
    }

    /// Forgets those that live; the connection has ended.
    pub(crate) fn clear(&mut self) {
        self.live = Vec::new();
        self.waiting = 0;
    }

    /// Remembers that we reset a stream, and ends it if it lived.
    pub(crate) fn remove_reset(&mut self, id: u32) {
        match self.fate(id) {
            Fate::Idle | Fate::Forgotten => return,
            Fate::Live(at) => self.remove(at),
            Fate::Ended | Fate::Reset | Fate::Skipped => {}
        }
        let age = (self.last - id) / 2;
        if age < MEMORY {
            self.reset |= 1 << age;
        }
    }

    /// The oldest stream that has a body waiting and a window to send it in.
    pub(crate) fn next_sendable(&self) -> Option<usize> {
        self.live
            .iter()
            .position(|stream| !stream.body.is_empty() && stream.window > 0)
    }

    /// Those whose answer is out, and whose request goes on.
    pub(crate) fn answered(&self) -> Vec<u32> {
        self.live
            .iter()
            .filter(|stream| stream.body.is_empty())
            .map(|stream| stream.id)
            .collect()
    }

    /// Octets on the heap.
    pub(crate) fn memory(&self) -> usize {
        self.live.capacity() * size_of::<Stream>()
    }

    /// Gives memory back that only a burst needed.
    pub(crate) fn release(&mut self) {
        if self.live.is_empty() && self.live.capacity() > KEPT {
            self.live = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_remembered_for_a_while() {
        let mut streams = Streams::default();
        assert_eq!(streams.fate(1), Fate::Idle);
        streams.open(5);
        streams.open(7);
        streams.remove_reset(7);
        streams.open(9);
        let fates: Vec<_> = [1, 3, 5, 7, 9, 11, 4].map(|id| streams.fate(id)).into();
        assert_eq!(
            fates,
            [
                Fate::Skipped,
                Fate::Skipped,
                Fate::Ended,
                Fate::Reset,
                Fate::Ended,
                Fate::Idle,
                Fate::Idle
            ]
        );
        streams.open(9 + 2 * (MEMORY - 1));
        assert_eq!(
            (streams.fate(9), streams.fate(7)),
            (Fate::Ended, Fate::Forgotten)
        );
        streams.open(0x7fff_ffff);
        assert_eq!(streams.fate(0x7fff_ffff - 2), Fate::Skipped);
    }
}
