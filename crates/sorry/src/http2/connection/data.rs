//! DATA: bodies of requests, counted and thrown away (RFC 9113, sections 6.1 and 8.1.1).
//!
//! The payload itself never gets here: `Connection::consume` skips it.

use super::{Connection, Goodbye, Turn};
use crate::http2::Answer;
use crate::http2::fault::{Fault, Noticed};
use crate::http2::frame::{self, Code, END_STREAM, Head, PADDED};
use crate::http2::limits::Limit;
use crate::http2::stream::{Fate, Remote, Unfinished};

/// What the smallest DATA frame counts against the limit of unread bodies: it makes work, too.
const SMALLEST_COST: u32 = 256;

impl Connection {
    pub(super) fn on_data<A: Answer>(
        &mut self,
        head: &Head,
        payload: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        if self.streams.fate(head.stream) == Fate::Idle && !self.is_ignored(head.stream) {
            return Err(Fault::Connection(
                Code::ProtocolError,
                "DATA on an idle stream",
            ));
        }
        let length = data_length(head, payload)?;
        if self.receive.take(head.length).is_err() {
            return Err(Fault::Connection(
                Code::FlowControlError,
                "more DATA than the connection's window",
            ));
        }
        if head.length == 0 && !head.has(END_STREAM) {
            self.budget.spend_control(&self.limits, turn.now)?;
        }
        self.drained += u64::from(head.length.max(SMALLEST_COST));
        let taken = self.take_body(head, length, turn);
        self.give_back(turn.out);
        taken
    }

    fn take_body<A: Answer>(
        &mut self,
        head: &Head,
        length: u32,
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        let id = head.stream;
        let at = match self.streams.fate(id) {
            Fate::Live(at) => at,
            // We reset it, or said that we would not answer it: the peer may not know yet (section
            // 5.1).
            Fate::Idle | Fate::Reset => return Ok(()),
            Fate::Forgotten => return self.budget.spend_control(&self.limits, turn.now),
            Fate::Ended | Fate::Skipped => {
                return Err(Fault::Connection(
                    Code::StreamClosed,
                    "DATA on a closed stream",
                ));
            }
        };
        let stream = self.streams.stream(at);
        if stream.remote == Remote::Ended {
            return Err(Fault::Stream(id, Code::StreamClosed));
        }
        if stream.receive.take(head.length).is_err() {
            return Err(Fault::Stream(id, Code::FlowControlError));
        }
        if let Some(promised) = &mut stream.promised {
            *promised = promised
                .checked_sub(u64::from(length))
                .ok_or(Fault::Malformed(id, Noticed::Later))?;
        }
        if head.has(END_STREAM) {
            return self.end_remote(id, at);
        }
        self.go_on_draining(id, at, turn)
    }

    /// The rest of the body is wanted up to the limit, and not beyond it.
    fn go_on_draining<A: Answer>(
        &mut self,
        id: u32,
        at: usize,
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        let wanted = !self.is_drained_out();
        let stream = self.streams.stream(at);
        if wanted {
            if let Some(increment) = stream.receive.give_back() {
                frame::put_window_update(id, increment, turn.out);
            }
        } else if self.goodbye == Goodbye::Final && stream.body.is_empty() {
            frame::put_rst_stream(id, Code::NoError, turn.out);
            self.streams.remove_reset(id);
        }
        Ok(())
    }

    /// The request is over; `promised` must be kept (section 8.1.1).
    pub(super) fn end_remote(&mut self, id: u32, at: usize) -> Result<(), Fault> {
        let stream = self.streams.stream(at);
        if !matches!(stream.promised, None | Some(0)) {
            return Err(Fault::Malformed(id, Noticed::Later));
        }
        stream.remote = Remote::Ended;
        if stream.body.is_empty() {
            self.streams.remove(at);
        }
        Ok(())
    }

    /// Whether a request that goes on now that its answer is out is stopped at once.
    pub(super) fn must_reset(&self, unfinished: Unfinished) -> bool {
        unfinished == Unfinished::Reset || (self.is_drained_out() && self.goodbye == Goodbye::Final)
    }

    /// No more of any body is wanted.
    fn is_drained_out(&self) -> bool {
        self.drained > self.limits.unread_body_bytes
    }

    /// Stops the uploads that the limit cut off, now that the client has read their answers: curl
    /// 7.88, for one, throws an answer away when the reset comes right behind it.
    pub(super) fn stop_uploads(&mut self, out: &mut Vec<u8>) {
        if self.is_drained_out() {
            for id in self.streams.answered() {
                frame::put_rst_stream(id, Code::NoError, out);
                self.streams.remove_reset(id);
            }
        }
    }

    /// Opens the connection's window again, until the limit of unread bodies closes it for good.
    fn give_back(&mut self, out: &mut Vec<u8>) {
        if self.is_drained_out() {
            self.wind_down(Limit::UnreadBody, out);
        } else if let Some(increment) = self.receive.give_back() {
            frame::put_window_update(0, increment, out);
        }
    }
}

/// What is left of a DATA frame's payload without its padding (section 6.1).
fn data_length(head: &Head, payload: &[u8]) -> Result<u32, Fault> {
    if !head.has(PADDED) {
        return Ok(head.length);
    }
    let Some(&padding) = payload.first() else {
        return Err(Fault::Connection(
            Code::FrameSizeError,
            "DATA without room for its padding",
        ));
    };
    let length = head.length.checked_sub(1 + u32::from(padding));
    length.ok_or(Fault::Connection(
        Code::ProtocolError,
        "DATA with more padding than payload",
    ))
}
