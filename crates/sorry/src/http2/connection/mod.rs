//! One HTTP/2 connection of a client's: bytes in, bytes out (RFC 9113).
//!
//! It knows no socket and no clock. `receive` finds the frames in what was read, wherever the reads
//! cut them, and hands each to the part that knows it: `headers` (requests), `data` (bodies, thrown
//! away), `control` (all other frames), `sending` (bodies that wait). A request is answered while
//! its frame is being read, so that many requests in one read give one write. Called by the
//! daemon's connection loop.

mod control;
mod data;
mod headers;
mod sending;

use std::time::Instant;

use super::budget::Budget;
use super::fault::{Fault, Reason, State};
use super::fields::Fields;
use super::flow::ReceiveWindow;
use super::frame::{self, Code, HEAD, Head, Kind, PREFACE};
use super::hpack::decode::Decoder;
use super::limits::{Limit, Limits, Reached};
use super::settings::{self, INITIAL_WINDOW, LARGEST_WINDOW, PeerSettings};
use super::stream::Streams;
use super::{Answer, Scratch};

use headers::OpenBlock;

/// The server's side of a connection.
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    state: State,
    progress: Progress,
    goodbye: Goodbye,
    /// Our SETTINGS have been acknowledged.
    agreed: bool,
    hpack: Decoder,
    peer: PeerSettings,
    /// What the peer lets us send on the whole connection.
    window: i64,
    receive: ReceiveWindow,
    streams: Streams,
    /// A request whose CONTINUATION is due.
    block: Option<Box<OpenBlock>>,
    /// The start of a frame whose end has not been read.
    partial: Vec<u8>,
    /// What is left of a frame that is thrown away.
    skip: usize,
    /// What bodies cost so far.
    drained: u64,
    requests: u64,
    /// Something of a body has gone out; see [`Connection::take_moved`].
    has_moved: bool,
    budget: Budget,
    reached: Reached,
}

/// How far the start of a connection got (section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Nothing has been written or read.
    New,
    /// Our SETTINGS are out and so many octets of the preface are in.
    Preface(usize),
    /// The client's SETTINGS are due.
    Settings,
    Established,
}

/// How far a graceful shutdown got (section 6.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    Unsaid,
    /// GOAWAY with the largest identifier, and a PING: until it comes back, requests may be on
    /// their way.
    Announced,
    /// GOAWAY with the last identifier that is answered.
    Final,
}

/// What comes back when the client has read our first GOAWAY.
const GOODBYE_PING: &[u8; 8] = b"goodbye\n";
/// A partial frame's buffer beyond this is given back once it is empty.
const KEPT: usize = 128;

/// What one call of `receive` works with.
struct Turn<'a, A> {
    now: Instant,
    fields: &'a mut Fields,
    answer: &'a mut A,
    out: &'a mut Vec<u8>,
}

impl Connection {
    pub fn new(limits: &Limits, now: Instant) -> Self {
        let limits = Limits {
            frame_bytes: limits
                .frame_bytes
                .clamp(frame::SMALLEST_MAX_FRAME, frame::LARGEST_MAX_FRAME),
            window_bytes: limits.window_bytes.clamp(1, LARGEST_WINDOW),
            ..*limits
        };
        Self {
            limits,
            state: State::Open,
            progress: Progress::New,
            goodbye: Goodbye::Unsaid,
            agreed: false,
            hpack: Decoder::new(),
            peer: PeerSettings::new(),
            window: i64::from(INITIAL_WINDOW),
            receive: ReceiveWindow::new(INITIAL_WINDOW, INITIAL_WINDOW),
            streams: Streams::default(),
            block: None,
            partial: Vec::new(),
            skip: 0,
            drained: 0,
            requests: 0,
            has_moved: false,
            budget: Budget::new(now),
            reached: Reached::default(),
        }
    }

    /// Writes our SETTINGS, once: they may go out before the client's preface is in (section 3.4),
    /// and everything below does it if need be.
    pub fn start(&mut self, out: &mut Vec<u8>) {
        if self.progress == Progress::New {
            self.progress = Progress::Preface(0);
            settings::announce(&self.limits, out);
        }
    }

    /// Takes what was read, the preface included, and appends what is to be written to `out`.
    ///
    /// What `out` holds already counts as unsent: bodies wait once it is `unsent_bytes` long, and
    /// [`Connection::resume`] goes on with them. A caller goes on reading while it cannot write,
    /// since the client may wait for that (section 5.2.2), until `out` is some larger size: each
    /// ten octets of input can ask for the fields of one more answer.
    pub fn receive<A: Answer>(
        &mut self,
        input: &[u8],
        now: Instant,
        scratch: &mut Scratch,
        answer: &mut A,
        out: &mut Vec<u8>,
    ) -> State {
        self.start(out);
        if !matches!(self.state, State::Closed(_)) {
            let mut turn = Turn {
                now,
                fields: &mut scratch.0,
                answer,
                out,
            };
            if let Err(fault) = self.consume(input, &mut turn) {
                self.end(fault, out);
            }
            self.release();
            self.settle();
        }
        self.state
    }

    /// Says goodbye: first that no more requests should come, then, once the client has read that,
    /// which ones are answered. A second call does not wait for the client.
    pub fn go_away(&mut self, out: &mut Vec<u8>) -> State {
        self.start(out);
        if !matches!(self.state, State::Closed(_)) {
            match self.goodbye {
                Goodbye::Unsaid => {
                    frame::put_go_away(LARGEST_WINDOW, Code::NoError, "", out);
                    frame::put_ping(0, GOODBYE_PING, out);
                    self.goodbye = Goodbye::Announced;
                    self.state = State::Draining;
                }
                Goodbye::Announced => self.finish_goodbye(out),
                Goodbye::Final => {}
            }
            self.settle();
        }
        self.state
    }

    /// Ends whatever is going on: the client was waited for long enough. Answers that wait are reset, so that nobody
    /// takes a part of one for the whole.
    pub fn abandon(&mut self, out: &mut Vec<u8>) -> State {
        self.start(out);
        if !matches!(self.state, State::Closed(_)) {
            for stream in self.streams.iter() {
                let code = if stream.body.is_empty() {
                    Code::NoError
                } else {
                    Code::Cancel
                };
                frame::put_rst_stream(stream.id, code, out);
            }
            frame::put_go_away(self.streams.last(), Code::NoError, "", out);
            self.close(Reason::Abandoned);
        }
        self.state
    }

    /// Goes on with bodies that waited for room in the output. To be called when `out` has been
    /// written.
    pub fn resume(&mut self, out: &mut Vec<u8>) -> State {
        if !matches!(self.state, State::Closed(_)) {
            self.send_waiting(out);
            self.streams.release();
            self.settle();
        }
        self.state
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// Nothing is going on: no request, no answer, no half of a frame. The caller's idle time runs.
    pub fn is_idle(&self) -> bool {
        self.streams.is_empty() && self.partial.is_empty() && self.block.is_none() && self.skip == 0
    }

    /// A request's fields have begun to come, or any other frame that is kept until it is whole. What is thrown away as it
    /// comes, bodies above all, is none.
    pub fn is_in_head(&self) -> bool {
        let in_preface = matches!(self.progress, Progress::Preface(seen) if seen > 0);
        in_preface || self.block.is_some() || !self.partial.is_empty()
    }

    /// A body waits: for the client's window, or for [`Connection::resume`].
    pub fn has_waiting(&self) -> bool {
        self.streams.is_waiting()
    }

    /// Whether anything of a body has gone out since this was last asked. A client without a window may say a lot meanwhile.
    pub fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// The limits that were run into since this was last asked.
    pub fn take_reached(&mut self) -> Reached {
        std::mem::take(&mut self.reached)
    }

    /// Octets that this connection occupies, itself included; without what the client keeps in its
    /// HPACK table and in bodies that wait.
    pub fn memory(&self) -> usize {
        let block = self
            .block
            .as_ref()
            .map_or(0, |block| size_of_val(&**block) + block.memory());
        size_of_val(self) + self.partial.capacity() + self.streams.memory() + block
    }

    fn consume<A: Answer>(&mut self, input: &[u8], turn: &mut Turn<'_, A>) -> Result<(), Fault> {
        let mut rest = self.match_preface(input)?;
        // Nothing is read after the end, whether it came in the same read or in a later one.
        while !rest.is_empty() && !self.is_drained() {
            if self.skip > 0 {
                let skipped = self.skip.min(rest.len());
                self.skip -= skipped;
                rest = &rest[skipped..];
            } else if !self.partial.is_empty() {
                rest = self.complete_frame(rest, turn)?;
            } else if let Some(after) = self.whole_frame(rest, turn)? {
                rest = after;
            } else {
                self.partial.extend_from_slice(rest);
                break;
            }
        }
        Ok(())
    }

    /// Section 3.4: what is not HTTP/2 is known by its first octets.
    fn match_preface<'i>(&mut self, input: &'i [u8]) -> Result<&'i [u8], Fault> {
        let Progress::Preface(seen) = self.progress else {
            return Ok(input);
        };
        let due = &PREFACE[seen..];
        let (ours, rest) = input.split_at(due.len().min(input.len()));
        if ours != &due[..ours.len()] {
            return Err(Fault::Connection(
                Code::ProtocolError,
                "not the HTTP/2 preface",
            ));
        }
        self.progress = if ours.len() == due.len() {
            Progress::Settings
        } else {
            Progress::Preface(seen + ours.len())
        };
        Ok(rest)
    }

    /// Takes the frame that `input` begins with, if it is all there.
    #[inline]
    fn whole_frame<'i, A: Answer>(
        &mut self,
        input: &'i [u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<Option<&'i [u8]>, Fault> {
        let Some((octets, after)) = input.split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let head = Head::read(octets);
        self.admit(&head)?;
        let Some((payload, after)) = after.split_at_checked(head.looked_at()) else {
            return Ok(None);
        };
        self.take_frame(&head, payload, turn)?;
        Ok(Some(after))
    }

    /// Takes the frame whose first part came earlier, if it is all there now.
    fn complete_frame<'i, A: Answer>(
        &mut self,
        input: &'i [u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<&'i [u8], Fault> {
        let mut held = std::mem::take(&mut self.partial);
        let mut rest = fill(&mut held, HEAD, input);
        if let Some(octets) = held.first_chunk::<HEAD>() {
            let head = Head::read(octets);
            self.admit(&head)?;
            rest = fill(&mut held, HEAD + head.looked_at(), rest);
            if held.len() == HEAD + head.looked_at() {
                self.take_frame(&head, &held[HEAD..], turn)?;
                held.clear();
            }
        }
        self.partial = held;
        Ok(rest)
    }

    /// Refuses a frame that may not come now, before its payload is waited for.
    #[inline]
    fn admit(&self, head: &Head) -> Result<(), Fault> {
        if head.length > self.limits.frame_bytes {
            return Err(Fault::Connection(
                Code::FrameSizeError,
                "a frame above SETTINGS_MAX_FRAME_SIZE",
            ));
        }
        if self.progress != Progress::Established
            && (head.kind != Kind::Settings || head.has(frame::ACK))
        {
            return Err(Fault::Connection(
                Code::ProtocolError,
                "another frame than SETTINGS after the preface",
            ));
        }
        let due = self.block.as_ref().map(|block| block.stream);
        let continues = (head.kind == Kind::Continuation).then_some(head.stream);
        if due != continues {
            return Err(Fault::Connection(
                Code::ProtocolError,
                "CONTINUATION out of place, or missing",
            ));
        }
        Ok(())
    }

    #[inline]
    fn take_frame<A: Answer>(
        &mut self,
        head: &Head,
        payload: &[u8],
        turn: &mut Turn<'_, A>,
    ) -> Result<(), Fault> {
        self.skip = head.length as usize - payload.len();
        let taken = match head.kind {
            Kind::Headers => self.on_headers(head, payload, turn),
            Kind::Continuation => self.on_continuation(head, payload, turn),
            Kind::Data => self.on_data(head, payload, turn),
            _ => self.on_control(head, payload, turn),
        };
        match taken {
            Err(Fault::Stream(id, code)) => self.reset(id, code, turn.now, turn.out),
            Err(Fault::Malformed(id, noticed)) => {
                turn.answer.malformed(noticed);
                self.reset(id, Code::ProtocolError, turn.now, turn.out)
            }
            other => other,
        }
    }

    /// Ends a stream for a mistake of the peer's (section 5.4.2).
    fn reset(&mut self, id: u32, code: Code, now: Instant, out: &mut Vec<u8>) -> Result<(), Fault> {
        frame::put_rst_stream(id, code, out);
        self.streams.remove_reset(id);
        self.budget.spend_reset(&self.limits, now)
    }

    /// Ends the connection (section 5.4.1).
    fn end(&mut self, fault: Fault, out: &mut Vec<u8>) {
        let (code, why, reason) = match fault {
            Fault::Connection(code, why) => (code, why, Reason::Error(code, why)),
            Fault::Stream(_, code) => (code, "", Reason::Error(code, "")),
            Fault::Malformed(..) => {
                let code = Code::ProtocolError;
                (code, "", Reason::Error(code, ""))
            }
            Fault::Excess(limit) => {
                self.reached.count(limit);
                (Code::EnhanceYourCalm, limit.name(), Reason::Excess(limit))
            }
        };
        frame::put_go_away(self.streams.last(), code, why, out);
        self.close(reason);
    }

    /// Nothing is read or sent any more: what was kept for that is given back.
    fn close(&mut self, reason: Reason) {
        self.state = State::Closed(reason);
        self.streams.clear();
        self.partial = Vec::new();
        self.block = None;
        self.skip = 0;
    }

    fn finish_goodbye(&mut self, out: &mut Vec<u8>) {
        frame::put_go_away(self.streams.last(), Code::NoError, "", out);
        self.goodbye = Goodbye::Final;
        self.stop_uploads(out);
    }

    /// Counts a limit that is reached in peace: what was begun is finished, and no more should
    /// come.
    fn wind_down(&mut self, limit: Limit, out: &mut Vec<u8>) {
        if self.goodbye == Goodbye::Unsaid {
            self.reached.count(limit);
            self.go_away(out);
        }
    }

    fn settle(&mut self) {
        if self.is_drained() {
            self.state = State::Closed(Reason::Drained);
        }
    }

    /// The last goodbye is said and everything that was begun is done.
    fn is_drained(&self) -> bool {
        self.goodbye == Goodbye::Final && self.streams.is_empty() && self.state == State::Draining
    }

    /// Keeps an idle connection small.
    fn release(&mut self) {
        if self.partial.is_empty() && self.partial.capacity() > KEPT {
            self.partial = Vec::new();
        }
        self.streams.release();
    }
}

/// Moves octets from `input` to `held` until it has `wanted`; returns what is left.
fn fill<'i>(held: &mut Vec<u8>, wanted: usize, input: &'i [u8]) -> &'i [u8] {
    let missing = wanted.saturating_sub(held.len()).min(input.len());
    let (taken, rest) = input.split_at(missing);
    held.extend_from_slice(taken);
    rest
}
