//! Bodies of answers: as much as the windows and the output have room for, the rest later, oldest
//! first (RFC 9113, section 6.9).
//!
//! Oldest first and not in turns: it is what RFC 9218, section 10 wants for requests without a
//! priority, it finishes most answers earliest, and a client that reads its answers one after the
//! other would starve of the connection's window if the others had shares of it.

use bytes::Buf;

use super::Connection;
use crate::http2::frame::{self, Code, END_STREAM, Kind, SMALLEST_MAX_FRAME};
use crate::http2::stream::Remote;

/// Our DATA frames are no larger than every client takes: larger ones would only make others wait.
const LARGEST_DATA: usize = SMALLEST_MAX_FRAME as usize;
/// What a sent DATA frame pays for: its acknowledgement by WINDOW_UPDATE on the stream and on the
/// connection.
const ACKNOWLEDGEMENTS: u32 = 2;

impl Connection {
    /// Appends DATA frames of `body` while there is room; returns how much went.
    #[inline]
    pub(super) fn send(
        &mut self,
        id: u32,
        body: &[u8],
        window: &mut i64,
        out: &mut Vec<u8>,
    ) -> usize {
        let mut rest = body;
        while !rest.is_empty() {
            let piece = self.send_frame(id, rest, window, out);
            if piece == 0 {
                break;
            }
            rest = &rest[piece..];
        }
        body.len() - rest.len()
    }

    /// Appends one DATA frame, the last one if `rest` fits; returns how much went.
    #[inline]
    fn send_frame(&mut self, id: u32, rest: &[u8], window: &mut i64, out: &mut Vec<u8>) -> usize {
        if out.len() >= self.limits.unsent_bytes {
            return 0;
        }
        let room = usize::try_from(self.window.min(*window)).unwrap_or(0);
        let length = rest.len().min(room).min(LARGEST_DATA);
        if length == 0 {
            return 0;
        }
        let flags = if length == rest.len() { END_STREAM } else { 0 };
        out.reserve(frame::HEAD + length);
        frame::put_head(length, Kind::Data, flags, id, out);
        out.extend_from_slice(&rest[..length]);
        self.budget.earn(ACKNOWLEDGEMENTS);
        self.has_moved = true;
        // At most 2^14, so that the conversion cannot fail.
        let spent = i64::try_from(length).unwrap_or(i64::MAX);
        self.window -= spent;
        *window -= spent;
        length
    }

    /// Goes on with the bodies that wait, while there is room.
    pub(super) fn send_waiting(&mut self, out: &mut Vec<u8>) {
        while self.streams.is_waiting() && self.window > 0 && out.len() < self.limits.unsent_bytes {
            let Some(at) = self.streams.next_sendable() else {
                return;
            };
            let stream = self.streams.stream(at);
            let (id, mut window) = (stream.id, stream.window);
            let mut body = std::mem::take(&mut stream.body);
            let sent = self.send_frame(id, &body, &mut window, out);
            body.advance(sent);
            let done = body.is_empty();
            let stream = self.streams.stream(at);
            stream.window = window;
            stream.body = body;
            if done {
                self.sent(at, out);
            }
        }
    }

    /// The answer at `at` is out.
    fn sent(&mut self, at: usize, out: &mut Vec<u8>) {
        self.streams.sent();
        let stream = self.streams.stream(at);
        let (id, remote, unfinished) = (stream.id, stream.remote, stream.unfinished);
        if remote == Remote::Ended {
            self.streams.remove(at);
        } else if self.must_reset(unfinished) {
            frame::put_rst_stream(id, Code::NoError, out);
            self.streams.remove_reset(id);
        }
    }
}
