//! HEADERS and CONTINUATION: requests, which are answered here and now (RFC 9113, sections 6.2,
//! 6.10 and 8).

use bytes::Bytes;

use super::{Connection, Goodbye, Turn};
use crate::http2::fault::{Fault, Noticed};
use crate::http2::flow::ReceiveWindow;
use crate::http2::frame::{
    self, Code, END_HEADERS, END_STREAM, HEAD, Head, Kind, PADDED, PRIORITY,
};
use crate::http2::limits::Limit;
use crate::http2::request::Request;
use crate::http2::settings::INITIAL_WINDOW;
use crate::http2::stream::{Fate, Remote, Stream, Unfinished};
use crate::http2::{Answer, Body, Reply};

/// A field block whose end has not come.
#[derive(Debug)]
pub(super) struct OpenBlock {
    pub(super) stream: u32,
    end_stream: bool,
    /// CONTINUATION frames so far.
    frames: u32,
    octets: Vec<u8>,
}

impl OpenBlock {
    /// Octets on the heap.
    pub(super) fn memory(&self) -> usize {
        self.octets.capacity()
    }
}

/// An HPACK size update to 0: what we say whenever the peer names a size, since we never use its
/// table (RFC 7541, 4.2).
const NO_TABLE: u8 = 0x20;

impl Connection {
    #[inline]
    pub(super) fn on_headers<A: Answer>(
        &mut self,
        head: &Head,
        payload: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        if head.stream.is_multiple_of(2) {
            return Err(Fault::Connection(
                Code::ProtocolError,
                "HEADERS on a stream that is no client's",
            ));
        }
        let block = without_padding(head, payload)?;
        let end_stream = head.has(END_STREAM);
        if head.has(END_HEADERS) {
            return self.on_block(head.stream, end_stream, block, turn);
        }
        self.check_block(block.len())?;
        self.block = Some(Box::new(OpenBlock {
            stream: head.stream,
            end_stream,
            frames: 0,
            octets: block.to_vec(),
        }));
        Ok(())
    }

    /// `admit` has seen that it continues the open block.
    pub(super) fn on_continuation<A: Answer>(
        &mut self,
        head: &Head,
        payload: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        let Some(mut block) = self.block.take() else {
            return Ok(());
        };
        block.frames += 1;
        if block.frames > self.limits.continuation_frames {
            return Err(Fault::Excess(Limit::ContinuationFrames));
        }
        self.check_block(block.octets.len() + payload.len())?;
        // Not twice as much, to be ready for more: the frames are few.
        block.octets.reserve_exact(payload.len());
        block.octets.extend_from_slice(payload);
        if head.has(END_HEADERS) {
            return self.on_block(block.stream, block.end_stream, &block.octets, turn);
        }
        self.block = Some(block);
        Ok(())
    }

    /// A block must be decoded whole, or not at all with the connection's end, and is kept until it
    /// is whole: what is too long before it is decoded will not be short enough afterwards.
    fn check_block(&self, octets: usize) -> Result<(), Fault> {
        if octets > self.limits.header_bytes {
            Err(Fault::Excess(Limit::HeaderBytes))
        } else {
            Ok(())
        }
    }

    /// A whole field block: of a request, of trailers, or of something that is to be refused.
    #[inline]
    fn on_block<A: Answer>(
        &mut self,
        id: u32,
        end_stream: bool,
        block: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        // Whatever becomes of it, it is decoded: the tables must stay in step (section 4.3).
        turn.fields.begin(self.limits.header_bytes);
        if self.hpack.decode(block, turn.fields).is_err() {
            return Err(Fault::Connection(
                Code::CompressionError,
                "a field block that cannot be decoded",
            ));
        }
        match self.streams.fate(id) {
            Fate::Idle if self.goodbye == Goodbye::Final => Ok(()),
            Fate::Idle => self.on_request(id, end_stream, turn),
            Fate::Live(at) => self.on_trailers(id, at, end_stream, turn),
            Fate::Reset | Fate::Forgotten => self.budget.spend_control(&self.limits, turn.now),
            Fate::Ended => Err(Fault::Connection(
                Code::StreamClosed,
                "HEADERS on a closed stream",
            )),
            Fate::Skipped => Err(Fault::Connection(
                Code::ProtocolError,
                "stream identifiers must increase",
            )),
        }
    }

    /// Section 8.1: trailers end the request, and hold no pseudo-fields. Nobody reads them.
    fn on_trailers<A: Answer>(
        &mut self,
        id: u32,
        at: usize,
        end_stream: bool,
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        if self.streams.stream(at).remote == Remote::Ended {
            return Err(Fault::Stream(id, Code::StreamClosed));
        }
        let malformed = turn
            .fields
            .iter()
            .any(|(kind, ..)| kind.is_pseudo() || kind == crate::http2::fields::Kind::Malformed);
        if !end_stream || malformed {
            return Err(Fault::Malformed(id, Noticed::Later));
        }
        self.end_remote(id, at)
    }

    #[inline]
    fn on_request<A: Answer>(
        &mut self,
        id: u32,
        end_stream: bool,
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        self.streams.open(id);
        self.requests += 1;
        self.budget.earn(1);
        if self.streams.len() >= self.limits.streams as usize {
            return self.refuse(id, turn);
        }
        self.answer_request(id, end_stream, turn)?;
        if self.requests >= self.limits.requests {
            self.wind_down(Limit::Requests, turn.out);
            // A client that goes on asking after as many requests as could have crossed the announcement does not listen.
            let crossed = self.limits.requests + u64::from(self.limits.streams);
            if self.requests >= crossed && self.goodbye == Goodbye::Announced {
                self.finish_goodbye(turn.out);
            }
        }
        Ok(())
    }

    /// Section 5.1.2. A client that has not acknowledged our limit cannot know it; any other
    /// should.
    fn refuse<A: Answer>(&mut self, id: u32, turn: &mut Turn<'_, A>) -> Result<(), Fault> {
        self.reached.count(Limit::Streams);
        if self.agreed {
            return Err(Fault::Stream(id, Code::RefusedStream));
        }
        frame::put_rst_stream(id, Code::RefusedStream, turn.out);
        self.streams.remove_reset(id);
        Ok(())
    }

    #[inline]
    fn answer_request<A: Answer>(
        &mut self,
        id: u32,
        end_stream: bool,
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        let Turn {
            fields,
            answer,
            out,
            ..
        } = turn;
        let too_large = fields.overflowed();
        let request = if too_large {
            self.reached.count(Limit::HeaderBytes);
            None
        } else {
            let connect = self.limits.extended_connect;
            let request = Request::assemble(fields, end_stream, connect)
                .map_err(|_| Fault::Malformed(id, Noticed::AtOnce))?;
            Some(request)
        };
        let mark = self.begin_answer(out);
        let Reply { body, unfinished } = match &request {
            Some(request) => answer.answer(request, out),
            None => answer.too_large(out),
        };
        let stream = Stream {
            id,
            window: i64::from(self.peer.window),
            receive: self.new_receive_window(),
            promised: request.and_then(|request| request.content_length),
            body: Bytes::new(),
            remote: if end_stream {
                Remote::Ended
            } else {
                Remote::Open
            },
            // A refused tunnel has no end of its own.
            unfinished: if request.is_some_and(|request| request.method == b"CONNECT") {
                Unfinished::Reset
            } else {
                unfinished
            },
        };
        self.finish_answer(stream, &body, mark, out);
        Ok(())
    }

    /// Leaves room for the frame header, whose length is not known yet.
    #[inline]
    fn begin_answer(&mut self, out: &mut Vec<u8>) -> usize {
        let mark = out.len();
        out.extend_from_slice(&[0; HEAD]);
        if std::mem::take(&mut self.peer.table_named) {
            out.push(NO_TABLE);
        }
        mark
    }

    /// Writes what of the answer can be written now and keeps the stream if anything is left to do.
    #[inline]
    fn finish_answer(
        &mut self,
        mut stream: Stream,
        body: &Body<'_>,
        mark: usize,
        out: &mut Vec<u8>,
    ) {
        let octets = body.octets();
        let flags = if octets.is_empty() { END_STREAM } else { 0 };
        seal(stream.id, flags, mark, self.peer.max_frame as usize, out);
        let sent = self.send(stream.id, octets, &mut stream.window, out);
        if sent < octets.len() {
            stream.body = body.rest(sent);
            self.streams.keep(stream);
        } else if stream.remote == Remote::Open {
            if self.must_reset(stream.unfinished) {
                frame::put_rst_stream(stream.id, Code::NoError, out);
                self.streams.remove_reset(stream.id);
            } else {
                self.streams.keep(stream);
            }
        }
    }

    fn new_receive_window(&self) -> ReceiveWindow {
        let whole = self.limits.window_bytes;
        ReceiveWindow::new(
            if self.agreed {
                whole
            } else {
                whole.max(INITIAL_WINDOW)
            },
            whole,
        )
    }
}

/// The field block of a HEADERS frame (section 6.2): padding and the priority of old are cut off.
#[inline]
fn without_padding<'p>(head: &Head, payload: &'p [u8]) -> Result<&'p [u8], Fault> {
    if !head.has(PADDED | PRIORITY) {
        return Ok(payload);
    }
    const TOO_SHORT: Fault = Fault::Connection(
        Code::FrameSizeError,
        "HEADERS without room for its padding or priority",
    );
    let mut block = payload;
    let mut padding = 0;
    if head.has(PADDED) {
        let (&octets, after) = block.split_first().ok_or(TOO_SHORT)?;
        padding = usize::from(octets);
        block = after;
    }
    if head.has(PRIORITY) {
        block = block.get(5..).ok_or(TOO_SHORT)?;
    }
    let length = block.len().checked_sub(padding).ok_or(Fault::Connection(
        Code::ProtocolError,
        "HEADERS with more padding than payload",
    ))?;
    Ok(&block[..length])
}

/// Makes frames of the block that was appended behind `mark`.
#[inline]
fn seal(id: u32, flags: u8, mark: usize, max_frame: usize, out: &mut Vec<u8>) {
    let length = out.len() - mark - HEAD;
    if length <= max_frame {
        out[mark..mark + HEAD].copy_from_slice(&frame::head(
            length,
            Kind::Headers,
            flags | END_HEADERS,
            id,
        ));
    } else {
        seal_in_pieces(id, flags, mark, max_frame, out);
    }
}

/// Section 4.3: a block above the peer's frame size goes on in CONTINUATION frames.
#[cold]
fn seal_in_pieces(id: u32, flags: u8, mark: usize, max_frame: usize, out: &mut Vec<u8>) {
    let block = out.split_off(mark + HEAD);
    out.truncate(mark);
    let pieces = block.chunks(max_frame);
    let last = pieces.len() - 1;
    for (at, piece) in pieces.enumerate() {
        let end = if at == last { END_HEADERS } else { 0 };
        let (kind, flags) = if at == 0 {
            (Kind::Headers, flags | end)
        } else {
            (Kind::Continuation, end)
        };
        frame::put_head(piece.len(), kind, flags, id, out);
        out.extend_from_slice(piece);
    }
}
