//! One HTTP/2 connection: whatever a client sends, and however the reads cut it, the connection writes the same octets,
//! ends in the same state, writes no more than it promises, and what it writes is frames in an order that makes sense.
//!
//! A seed is what a client sends behind the preface; one that begins with `PRI` brings its own. Included by the libFuzzer
//! wrapper and by the replay of corpora on stable.

use std::collections::HashSet;
use std::time::Instant;

use bytes::Bytes;
use sorry_server::http2::{
    Answer, Body, Connection, Limits, Reply, Request, Scratch, State, hpack,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Small enough that a few requests fill it.
const UNSENT_BYTES: usize = 8 * 1024;
/// The largest frame that we write, with its head.
const FRAME_BYTES: usize = 9 + 16 * 1024;
/// What an octet of input may make us write beside bodies: a request of 10 octets brings an answer's fields.
const OUT_PER_IN: usize = 16;
const LONGEST: usize = 32 * 1024;

/// What must hold of any bytes.
pub(crate) fn http2(data: &[u8]) {
    let data = &data[..data.len().min(LONGEST)];
    let input = match data.starts_with(b"PRI") {
        true => data.to_vec(),
        false => [PREFACE, data].concat(),
    };
    let now = Instant::now();
    let whole = Heard::of(&input, input.len().max(1), now);
    for size in [1, 7, 100] {
        assert_eq!(whole, Heard::of(&input, size, now), "in pieces of {size}");
    }
    let most = UNSENT_BYTES + FRAME_BYTES + 1024 + OUT_PER_IN * input.len();
    assert!(whole.unsent <= most, "{} octets wait", whole.unsent);
    whole.is_in_order();
}

/// What a client hears.
#[derive(Debug, PartialEq, Eq)]
struct Heard {
    out: Vec<u8>,
    /// How much of it waited for the client to read.
    unsent: usize,
    after_input: State,
    at_last: State,
    requests: u64,
}

impl Heard {
    /// Everything is sent in pieces of `size` to a server that cannot write meanwhile; then the server says goodbye.
    fn of(input: &[u8], size: usize, now: Instant) -> Heard {
        let mut connection = Connection::new(&limits(), now);
        let (mut out, mut scratch, mut page) = (Vec::new(), Scratch::default(), Page::new());
        for piece in input.chunks(size) {
            connection.receive(piece, now, &mut scratch, &mut page, &mut out);
        }
        let after_input = connection.state();
        let unsent = out.len();
        let mut sent = std::mem::take(&mut out);
        // Each turn writes something or is the last.
        loop {
            connection.resume(&mut out);
            if out.is_empty() {
                break;
            }
            sent.append(&mut out);
            assert!(sent.len() < 64 * 1024 * 1024, "never done");
        }
        connection.go_away(&mut out);
        connection.go_away(&mut out);
        sent.append(&mut out);
        assert_ne!(connection.state(), State::Open, "a goodbye is an end");
        Heard {
            out: sent,
            unsent,
            after_input,
            at_last: connection.state(),
            requests: connection.requests(),
        }
    }

    /// Frames from the first octet to the last, SETTINGS first; fields before data; nothing after the end of a stream.
    fn is_in_order(&self) {
        let (mut begun, mut ended, mut rest) = (HashSet::new(), HashSet::new(), &self.out[..]);
        assert_eq!(rest.get(3), Some(&4), "SETTINGS first");
        while !rest.is_empty() {
            let (head, after) = rest.split_first_chunk::<9>().expect("a frame's head");
            let length =
                usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            assert!(after.len() >= length, "half a frame");
            rest = &after[length..];
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            match head[3] {
                kind @ (0 | 1) => {
                    assert_eq!(stream % 2, 1, "a stream of the client's");
                    assert_eq!(begun.insert(stream), kind == 1, "fields once, then data");
                    assert!(!ended.contains(&stream), "after the end of {stream}");
                    if head[4] & 1 != 0 {
                        ended.insert(stream);
                    }
                }
                3 => drop(ended.insert(stream)),
                4 | 6 | 7 | 8 => {}
                other => panic!("a frame of type {other}"),
            }
        }
    }
}

fn limits() -> Limits {
    Limits {
        streams: 4,
        header_bytes: 1024,
        continuation_frames: 3,
        resets_per_second: 20,
        control_frames_per_second: 50,
        unread_body_bytes: 4096,
        requests: 50,
        unsent_bytes: UNSENT_BYTES,
        ..Limits::default()
    }
}

/// An answer that tells what was asked, and a body that needs several frames and more than one window.
struct Page(Bytes);

impl Page {
    fn new() -> Page {
        Page(Bytes::from(vec![b'x'; 40_000]))
    }
}

impl Answer for Page {
    fn answer(&mut self, request: &Request<'_>, block: &mut Vec<u8>) -> Reply<'_> {
        hpack::encode_status(503, block);
        let octets = request.fields().flat_map(|(name, value)| [name, value]);
        let octets = octets.chain([
            request.method,
            request.path,
            request.authority.unwrap_or(b""),
        ]);
        let sum = octets.flatten().fold(0u16, |sum, octet| {
            sum.wrapping_mul(31).wrapping_add(u16::from(*octet))
        });
        hpack::encode_field(b"x-sum", format!("{sum:04x}").as_bytes(), block);
        Reply::from(match request.method {
            b"HEAD" => Body::None,
            b"POST" => Body::Filled(&self.0[..700]),
            _ => Body::Shared(&self.0),
        })
    }
}
