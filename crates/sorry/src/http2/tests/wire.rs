//! A client that writes frames by hand, and reads the server's as words.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::http2::fields::Fields;
use crate::http2::frame::{self, Head, Kind, PREFACE};
use crate::http2::hpack::decode::Decoder;
use crate::http2::{
    Answer, Body, Connection, Limits, Reply, Request, Scratch, State, Unfinished, hpack,
};

/// `GET https://a/`, without touching the dynamic table.
pub(super) const GET: &[u8] = b"\x82\x87\x84\x01\x01a";
/// `POST https://a/`, ditto.
pub(super) const POST: &[u8] = b"\x83\x87\x84\x01\x01a";

/// Flags of frames, as sums.
pub(super) const END: u8 = frame::END_STREAM;
pub(super) const WHOLE: u8 = frame::END_HEADERS;
pub(super) const PADDED: u8 = frame::PADDED;
pub(super) const PRIORITY: u8 = frame::PRIORITY;
pub(super) const ACK: u8 = frame::ACK;

pub(super) fn raw(length: usize, kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = frame::head(length, Kind::Unknown, flags, id).to_vec();
    out[3] = kind;
    out.extend_from_slice(payload);
    out
}

fn a_frame(kind: Kind, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    raw(payload.len(), kind as u8, flags, id, payload)
}

pub(super) fn headers(flags: u8, id: u32, block: &[u8]) -> Vec<u8> {
    a_frame(Kind::Headers, flags, id, block)
}

/// A whole request without a body.
pub(super) fn get(id: u32) -> Vec<u8> {
    headers(END | WHOLE, id, GET)
}

/// The head of a request whose body follows.
pub(super) fn post(id: u32) -> Vec<u8> {
    headers(WHOLE, id, POST)
}

pub(super) fn continuation(flags: u8, id: u32, block: &[u8]) -> Vec<u8> {
    a_frame(Kind::Continuation, flags, id, block)
}

pub(super) fn data(flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    a_frame(Kind::Data, flags, id, payload)
}

pub(super) fn settings(flags: u8, list: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (id, value) in list {
        payload.extend_from_slice(&id.to_be_bytes());
        payload.extend_from_slice(&value.to_be_bytes());
    }
    a_frame(Kind::Settings, flags, 0, &payload)
}

pub(super) fn window_update(id: u32, increment: u32) -> Vec<u8> {
    a_frame(Kind::WindowUpdate, 0, id, &increment.to_be_bytes())
}

pub(super) fn rst_stream(id: u32) -> Vec<u8> {
    a_frame(Kind::RstStream, 0, id, &8_u32.to_be_bytes())
}

pub(super) fn ping(flags: u8, octets: &[u8; 8]) -> Vec<u8> {
    a_frame(Kind::Ping, flags, 0, octets)
}

/// A literal field that touches no table.
pub(super) fn field(name: &str, value: &str) -> Vec<u8> {
    let mut block = vec![0];
    for text in [name, value] {
        assert!(text.len() < 127);
        block.push(u8::try_from(text.len()).unwrap());
        block.extend_from_slice(text.as_bytes());
    }
    block
}

/// Several pieces as one.
pub(super) fn all<const N: usize>(pieces: [Vec<u8>; N]) -> Vec<u8> {
    pieces.into_iter().flatten().collect()
}

/// Says 503 and a body to everything, and notes what it was asked.
pub(super) struct Page {
    pub(super) body: Bytes,
    pub(super) unfinished: Unfinished,
    pub(super) asked: Vec<String>,
    /// Appended to the answer's fields.
    pub(super) more: Vec<u8>,
}

impl Page {
    pub(super) fn of(length: usize) -> Self {
        let body = (0..length).map(|at| at.to_le_bytes()[0]).collect();
        Self {
            body,
            unfinished: Unfinished::Drain,
            asked: Vec::new(),
            more: Vec::new(),
        }
    }
}

impl Answer for Page {
    fn answer(&mut self, request: &Request<'_>, block: &mut Vec<u8>) -> Reply<'_> {
        let text = |octets: &[u8]| octets.escape_ascii().to_string();
        let mut line = format!("{} {}", text(request.method), text(request.path));
        for (name, value) in request.fields() {
            line += &format!(" {}={}", text(name), text(value));
        }
        self.asked.push(line);
        hpack::encode_status(503, block);
        block.extend_from_slice(&self.more);
        let body = match request.method {
            b"HEAD" => Body::None,
            b"PUT" => Body::Filled(&self.body),
            _ => Body::Shared(&self.body),
        };
        Reply {
            body,
            unfinished: self.unfinished,
        }
    }
}

/// A connection with somebody at the other end.
pub(super) struct Peer {
    pub(super) connection: Connection,
    pub(super) scratch: Scratch,
    pub(super) page: Page,
    pub(super) now: Instant,
    /// Reads what the server wrote.
    decoder: Decoder,
}

impl Peer {
    /// Nothing has been said yet.
    pub(super) fn new(limits: &Limits, page: Page) -> Self {
        let now = Instant::now();
        Self {
            connection: Connection::new(limits, now),
            scratch: Scratch::default(),
            page,
            now,
            decoder: Decoder::new(),
        }
    }

    /// Settings have been exchanged and acknowledged; the client asked for `wanted`.
    pub(super) fn greeted(limits: &Limits, page: Page, wanted: &[(u16, u32)]) -> Self {
        let mut peer = Self::new(limits, page);
        let told = peer.tell(&all([
            PREFACE.to_vec(),
            settings(0, wanted),
            settings(ACK, &[]),
        ]));
        assert_eq!(told, "SETTINGS; SETTINGS ack");
        peer
    }

    pub(super) fn usual() -> Self {
        Self::greeted(&Limits::default(), Page::of(5), &[])
    }

    pub(super) fn tell_raw(&mut self, input: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.connection
            .receive(input, self.now, &mut self.scratch, &mut self.page, &mut out);
        out
    }

    /// What the server says to `input`, in words.
    pub(super) fn tell(&mut self, input: &[u8]) -> String {
        let out = self.tell_raw(input);
        self.words(&out)
    }

    pub(super) fn go_away(&mut self) -> String {
        let mut out = Vec::new();
        self.connection.go_away(&mut out);
        self.words(&out)
    }

    pub(super) fn abandon(&mut self) -> String {
        let mut out = Vec::new();
        self.connection.abandon(&mut out);
        self.words(&out)
    }

    pub(super) fn resume(&mut self) -> String {
        let mut out = Vec::new();
        self.connection.resume(&mut out);
        self.words(&out)
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    pub(super) fn state(&self) -> State {
        self.connection.state()
    }

    pub(super) fn words(&mut self, out: &[u8]) -> String {
        let words: Vec<String> = frames(out)
            .iter()
            .map(|(head, payload)| self.describe(head, payload))
            .collect();
        words.join("; ")
    }

    fn describe(&mut self, head: &Head, payload: &[u8]) -> String {
        let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        let id = head.stream;
        let end = if head.has(END) { " end" } else { "" };
        match head.kind {
            Kind::Data => format!("DATA {id} {}{end}", payload.len()),
            Kind::Headers => {
                assert!(head.has(WHOLE), "blocks of tests fit a frame");
                format!("HEADERS {id} {}{end}", self.fields(payload))
            }
            Kind::RstStream => format!("RST_STREAM {id} {}", code(number(0))),
            Kind::Settings => format!("SETTINGS{}", if head.has(ACK) { " ack" } else { "" }),
            Kind::Ping => format!(
                "PING{} {}",
                if head.has(ACK) { " ack" } else { "" },
                payload.escape_ascii()
            ),
            Kind::GoAway => format!("GOAWAY {} {}", number(0), code(number(4))),
            Kind::WindowUpdate => format!("WINDOW_UPDATE {id} {}", number(0)),
            _ => panic!("the server never sends {:?}", head.kind),
        }
    }

    fn fields(&mut self, block: &[u8]) -> String {
        let mut fields = Fields::default();
        fields.begin(1 << 20);
        self.decoder.decode(block, &mut fields).unwrap();
        let values: Vec<String> = fields
            .iter()
            .map(|(_, _, value)| value.escape_ascii().to_string())
            .collect();
        values.join(" ")
    }
}

/// Cuts what the server wrote into frames; it must be whole ones.
pub(super) fn frames(mut out: &[u8]) -> Vec<(Head, &[u8])> {
    let mut frames = Vec::new();
    while !out.is_empty() {
        let (octets, rest) = out.split_first_chunk().expect("a whole frame header");
        let head = Head::read(octets);
        let (payload, rest) = rest.split_at(head.length as usize);
        frames.push((head, payload));
        out = rest;
    }
    frames
}

fn code(number: u32) -> &'static str {
    match number {
        0x0 => "NO_ERROR",
        0x1 => "PROTOCOL_ERROR",
        0x3 => "FLOW_CONTROL_ERROR",
        0x5 => "STREAM_CLOSED",
        0x6 => "FRAME_SIZE_ERROR",
        0x7 => "REFUSED_STREAM",
        0x8 => "CANCEL",
        0x9 => "COMPRESSION_ERROR",
        0xb => "ENHANCE_YOUR_CALM",
        _ => panic!("the server has no use for error code {number}"),
    }
}
