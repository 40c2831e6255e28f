//! Every mistake that RFC 9113 names an answer for: a client's frames, and the RST_STREAM or GOAWAY
//! that comes back.
//!
//! The order is that of the RFC, and of the conformance suites written after it.

use super::wire::*;
use crate::http2::frame::PREFACE;
use crate::http2::{Limits, Reason, State};

/// The answer to a whole request of [`Peer::usual`].
const ANSWER: &str = "HEADERS 1 503; DATA 1 5 end";

/// Settings have been exchanged; `input` must be answered by `expected`, however it is cut.
#[track_caller]
fn check(input: &[u8], expected: &str) {
    let mut peer = Peer::usual();
    assert_eq!(peer.tell(input), expected, "in one piece");
    let closed = matches!(peer.state(), State::Closed(Reason::Error(..)));
    assert_eq!(
        closed,
        expected.contains("GOAWAY"),
        "closed if and only if it said so"
    );
    let mut peer = Peer::usual();
    let out: Vec<u8> = input
        .iter()
        .flat_map(|&octet| peer.tell_raw(&[octet]))
        .collect();
    assert_eq!(peer.words(&out), expected, "octet by octet");
}

/// The stream is lost and the connection is not.
#[track_caller]
fn check_stream(input: &[u8], expected: &str) {
    let after = ping(0, b"01234567");
    check(
        &[input, &after].concat(),
        &format!("{expected}; PING ack 01234567"),
    );
}

fn malformed(block: &[u8]) {
    check_stream(
        &headers(END | WHOLE, 1, block),
        "RST_STREAM 1 PROTOCOL_ERROR",
    );
}

#[test]
fn section_3_4_the_preface() {
    for (input, expected) in [
        (
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            "SETTINGS; GOAWAY 0 PROTOCOL_ERROR",
        ),
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX".to_vec(),
            "SETTINGS; GOAWAY 0 PROTOCOL_ERROR",
        ),
        (
            all([PREFACE.to_vec(), ping(0, b"01234567")]),
            "SETTINGS; GOAWAY 0 PROTOCOL_ERROR",
        ),
        (
            all([PREFACE.to_vec(), settings(ACK, &[])]),
            "SETTINGS; GOAWAY 0 PROTOCOL_ERROR",
        ),
        (
            all([PREFACE.to_vec(), settings(0, &[])]),
            "SETTINGS; SETTINGS ack",
        ),
        (b"PRI".to_vec(), "SETTINGS"),
    ] {
        let mut peer = Peer::new(&Limits::default(), Page::of(5));
        assert_eq!(peer.tell(&input), expected, "{}", input.escape_ascii());
    }
}

#[test]
fn section_4_2_frame_sizes() {
    check(
        &all([post(1), raw(16_385, 0, 0, 1, &[])]),
        "HEADERS 1 503; DATA 1 5 end; GOAWAY 1 FRAME_SIZE_ERROR",
    );
    check(
        &raw(16_385, 1, END | WHOLE, 1, &[]),
        "GOAWAY 0 FRAME_SIZE_ERROR",
    );
    check(&raw(16_385, 0x77, 0, 0, &[]), "GOAWAY 0 FRAME_SIZE_ERROR");
    check_stream(&all([post(1), data(END, 1, &[0; 16_384])]), ANSWER);
}

#[test]
fn section_4_3_field_blocks() {
    check(
        &headers(END | WHOLE, 1, b"\xbe"),
        "GOAWAY 0 COMPRESSION_ERROR",
    );
    check(
        &headers(END | WHOLE, 1, b"\x82\x20"),
        "GOAWAY 0 COMPRESSION_ERROR",
    );
    check(
        &all([headers(END, 1, GET), ping(0, b"01234567")]),
        "GOAWAY 0 PROTOCOL_ERROR",
    );
    check(
        &all([headers(END, 1, GET), get(3)]),
        "GOAWAY 0 PROTOCOL_ERROR",
    );
    check(
        &all([headers(END, 1, GET), raw(0, 0x77, 0, 1, &[])]),
        "GOAWAY 0 PROTOCOL_ERROR",
    );
    check(
        &all([headers(END, 1, GET), continuation(WHOLE, 3, &[])]),
        "GOAWAY 0 PROTOCOL_ERROR",
    );
    check_stream(
        &all([
            headers(END, 1, &GET[..2]),
            continuation(0, 1, &[]),
            continuation(WHOLE, 1, &GET[2..]),
        ]),
        ANSWER,
    );
}

#[test]
fn section_5_1_idle_streams() {
    check(&data(END, 1, b"x"), "GOAWAY 0 PROTOCOL_ERROR");
    check(&data(END, 2, b"x"), "GOAWAY 0 PROTOCOL_ERROR");
    check(&rst_stream(1), "GOAWAY 0 PROTOCOL_ERROR");
    check(&window_update(1, 1), "GOAWAY 0 PROTOCOL_ERROR");
    check(&window_update(2, 1), "GOAWAY 0 PROTOCOL_ERROR");
    check(&continuation(WHOLE, 1, GET), "GOAWAY 0 PROTOCOL_ERROR");
    // A priority may be given to a stream that is not there (section 5.1, "idle").
    check(&raw(5, 2, 0, 1, &[0, 0, 0, 0, 1]), "");
}

#[test]
fn section_5_1_half_closed_streams() {
    // The body waits for window, so that the stream lives.
    let check_waiting = |input: Vec<u8>, expected: &str| {
        let mut peer = Peer::greeted(&Limits::default(), Page::of(5), &[(4, 0)]);
        assert_eq!(peer.tell(&get(1)), "HEADERS 1 503");
        assert_eq!(peer.tell(&all([input, window_update(1, 10)])), expected);
        assert_eq!(peer.state(), State::Open);
    };
    check_waiting(data(END, 1, b"x"), "RST_STREAM 1 STREAM_CLOSED");
    check_waiting(headers(END | WHOLE, 1, GET), "RST_STREAM 1 STREAM_CLOSED");
    check_waiting(rst_stream(1), "");
    check_waiting(raw(5, 2, 0, 1, &[0; 5]), "DATA 1 5 end");
}

#[test]
fn section_5_1_closed_streams() {
    check(
        &all([get(1), data(END, 1, b"x")]),
        &format!("{ANSWER}; GOAWAY 1 STREAM_CLOSED"),
    );
    check(
        &all([get(1), get(1)]),
        &format!("{ANSWER}; GOAWAY 1 STREAM_CLOSED"),
    );
    check(
        &all([get(1), continuation(WHOLE, 1, GET)]),
        &format!("{ANSWER}; GOAWAY 1 PROTOCOL_ERROR"),
    );
    check(
        &all([post(1), rst_stream(1), data(END, 1, b"x")]),
        &format!("{ANSWER}; GOAWAY 1 STREAM_CLOSED"),
    );
    check(
        &all([post(1), rst_stream(1), get(1)]),
        &format!("{ANSWER}; GOAWAY 1 STREAM_CLOSED"),
    );
    // What may come late.
    check_stream(
        &all([
            get(1),
            rst_stream(1),
            window_update(1, 1),
            raw(5, 2, 0, 1, &[0; 5]),
        ]),
        ANSWER,
    );
}

#[test]
fn section_5_1_what_follows_a_reset_of_ours_is_ignored() {
    let mut reset = headers(WHOLE, 1, &[POST, b"\x84"].concat());
    for late in [
        data(0, 1, b"x"),
        data(END, 1, b"x"),
        headers(END | WHOLE, 1, GET),
        rst_stream(1),
        window_update(1, 5),
    ] {
        reset.extend_from_slice(&late);
    }
    check_stream(&reset, "RST_STREAM 1 PROTOCOL_ERROR");
}

#[test]
fn section_5_1_1_identifiers() {
    check(&get(2), "GOAWAY 0 PROTOCOL_ERROR");
    check(&get(0), "GOAWAY 0 PROTOCOL_ERROR");
    check(
        &all([get(5), get(3)]),
        "HEADERS 5 503; DATA 5 5 end; GOAWAY 5 PROTOCOL_ERROR",
    );
    check(
        &all([get(5), data(END, 3, b"")]),
        "HEADERS 5 503; DATA 5 5 end; GOAWAY 5 STREAM_CLOSED",
    );
    check_stream(
        &get(0x7fff_ffff),
        "HEADERS 2147483647 503; DATA 2147483647 5 end",
    );
}

#[test]
fn section_5_1_2_too_many_streams() {
    let mut peer = Peer::greeted(
        &Limits {
            streams: 2,
            ..Limits::default()
        },
        Page::of(5),
        &[],
    );
    assert_eq!(
        peer.tell(&all([post(1), post(3)])),
        "HEADERS 1 503; DATA 1 5 end; HEADERS 3 503; DATA 3 5 end"
    );
    assert_eq!(
        peer.tell(&all([get(5), post(7)])),
        "RST_STREAM 5 REFUSED_STREAM; RST_STREAM 7 REFUSED_STREAM"
    );
    assert_eq!(
        peer.tell(&all([data(END, 1, b""), get(9)])),
        "HEADERS 9 503; DATA 9 5 end"
    );
    assert_eq!(
        peer.connection
            .take_reached()
            .times(crate::http2::Limit::Streams),
        2
    );
    assert!(peer.connection.take_reached().is_empty());
}

#[test]
fn section_5_5_unknown_frames_are_ignored() {
    check_stream(
        &all([
            raw(3, 0x77, 0xff, 9, b"abc"),
            raw(0, 0x10, 0, 0, b""),
            get(1),
        ]),
        ANSWER,
    );
}

#[test]
fn section_6_1_data() {
    check(&data(END, 0, b"x"), "GOAWAY 0 PROTOCOL_ERROR");
    check(
        &all([post(1), data(PADDED | END, 1, b"\x05abcd")]),
        &format!("{ANSWER}; GOAWAY 1 PROTOCOL_ERROR"),
    );
    check(
        &all([post(1), data(PADDED | END, 1, b"")]),
        &format!("{ANSWER}; GOAWAY 1 FRAME_SIZE_ERROR"),
    );
    check_stream(&all([post(1), data(PADDED | END, 1, b"\x04abcd")]), ANSWER);
    check_stream(
        &all([
            post(1),
            data(PADDED, 1, b"\x00"),
            data(0, 1, b"abc"),
            data(END, 1, b""),
        ]),
        ANSWER,
    );
}

#[test]
fn section_6_2_headers() {
    check(
        &headers(END | WHOLE | PADDED, 1, &[b"\x07", GET].concat()),
        "GOAWAY 0 PROTOCOL_ERROR",
    );
    check(
        &headers(END | WHOLE | PADDED, 1, b""),
        "GOAWAY 0 FRAME_SIZE_ERROR",
    );
    check(
        &headers(END | WHOLE | PRIORITY, 1, b"\0\0\0\0"),
        "GOAWAY 0 FRAME_SIZE_ERROR",
    );
    check_stream(
        &headers(
            END | WHOLE | PADDED | PRIORITY,
            1,
            &[b"\x03\0\0\0\x00\x10", GET, b"pad"].concat(),
        ),
        ANSWER,
    );
    // Nothing but padding: no fields, which make no request.
    check_stream(
        &headers(END | WHOLE | PADDED, 1, b"\x03pad"),
        "RST_STREAM 1 PROTOCOL_ERROR",
    );
}

#[test]
fn section_6_3_priority() {
    check(&raw(5, 2, 0, 0, &[0; 5]), "GOAWAY 0 PROTOCOL_ERROR");
    check(&raw(4, 2, 0, 1, &[0; 4]), "GOAWAY 0 FRAME_SIZE_ERROR");
}

#[test]
fn section_6_4_rst_stream() {
    check(&rst_stream(0), "GOAWAY 0 PROTOCOL_ERROR");
    check(
        &all([post(1), raw(3, 3, 0, 1, &[0; 3])]),
        &format!("{ANSWER}; GOAWAY 1 FRAME_SIZE_ERROR"),
    );
}

#[test]
fn section_6_5_settings() {
    check(&raw(6, 4, ACK, 0, &[0; 6]), "GOAWAY 0 FRAME_SIZE_ERROR");
    check(&raw(6, 4, 0, 1, &[0; 6]), "GOAWAY 0 PROTOCOL_ERROR");
    check(&raw(3, 4, 0, 0, &[0; 3]), "GOAWAY 0 FRAME_SIZE_ERROR");
    for (id, value, expected) in [
        (0x2, 2, "GOAWAY 0 PROTOCOL_ERROR"),
        (0x4, 0x8000_0000, "GOAWAY 0 FLOW_CONTROL_ERROR"),
        (0x5, 16_383, "GOAWAY 0 PROTOCOL_ERROR"),
        (0x5, 16_777_216, "GOAWAY 0 PROTOCOL_ERROR"),
        (0x8, 2, "GOAWAY 0 PROTOCOL_ERROR"),
        (0x9, 2, "GOAWAY 0 PROTOCOL_ERROR"),
        (0x1, 0, "SETTINGS ack"),
        (0x2, 1, "SETTINGS ack"),
        (0x3, 0, "SETTINGS ack"),
        (0x4, 0x7fff_ffff, "SETTINGS ack"),
        (0x5, 16_777_215, "SETTINGS ack"),
        (0xff, 7, "SETTINGS ack"),
    ] {
        check(&settings(0, &[(id, value)]), expected);
    }
    check(&all([settings(0, &[]), settings(ACK, &[])]), "SETTINGS ack");
}

#[test]
fn section_6_6_push_promise() {
    check(&raw(4, 5, WHOLE, 1, &[0; 4]), "GOAWAY 0 PROTOCOL_ERROR");
}

#[test]
fn section_6_7_ping() {
    check(&ping(0, b"12345678"), "PING ack 12345678");
    check(&ping(ACK, b"12345678"), "");
    check(&raw(8, 6, 0, 1, &[0; 8]), "GOAWAY 0 PROTOCOL_ERROR");
    check(&raw(6, 6, 0, 0, &[0; 6]), "GOAWAY 0 FRAME_SIZE_ERROR");
}

#[test]
fn section_6_8_go_away() {
    check(&raw(8, 7, 0, 1, &[0; 8]), "GOAWAY 0 PROTOCOL_ERROR");
    check(&raw(7, 7, 0, 0, &[0; 7]), "GOAWAY 0 FRAME_SIZE_ERROR");
    // It says nothing about the client's own requests.
    check_stream(
        &all([raw(9, 7, 0, 0, b"\0\0\0\0\0\0\0\0x"), get(1)]),
        ANSWER,
    );
}

#[test]
fn section_6_9_window_update() {
    check(&window_update(0, 0), "GOAWAY 0 PROTOCOL_ERROR");
    check(
        &window_update(0, 0x7fff_ffff),
        "GOAWAY 0 FLOW_CONTROL_ERROR",
    );
    check(&raw(3, 8, 0, 0, &[0; 3]), "GOAWAY 0 FRAME_SIZE_ERROR");
    check_stream(
        &all([post(1), window_update(1, 0)]),
        &format!("{ANSWER}; RST_STREAM 1 PROTOCOL_ERROR"),
    );
    check_stream(
        &all([post(1), window_update(1, 0x7fff_ffff)]),
        &format!("{ANSWER}; RST_STREAM 1 FLOW_CONTROL_ERROR"),
    );
    // Settings that take a window over the edge (section 6.9.2).
    check(
        &all([
            post(1),
            window_update(1, 0x7fff_0000),
            settings(0, &[(4, 0x7fff_ffff)]),
        ]),
        &format!("{ANSWER}; SETTINGS ack; GOAWAY 1 FLOW_CONTROL_ERROR"),
    );
}

#[test]
fn section_8_1_trailers() {
    check_stream(
        &all([
            post(1),
            data(0, 1, b"x"),
            headers(END | WHOLE, 1, &field("x-sum", "1")),
        ]),
        ANSWER,
    );
    let refused = format!("{ANSWER}; RST_STREAM 1 PROTOCOL_ERROR");
    check_stream(
        &all([
            post(1),
            data(0, 1, b"x"),
            headers(WHOLE, 1, &field("x-sum", "1")),
        ]),
        &refused,
    );
    check_stream(&all([post(1), headers(END | WHOLE, 1, b"\x82")]), &refused);
    check_stream(
        &all([post(1), headers(END | WHOLE, 1, &field("X-Sum", "1"))]),
        &refused,
    );
}

#[test]
fn section_8_1_1_content_length() {
    let of = |length: &str| {
        headers(
            WHOLE,
            1,
            &[POST, &field("content-length", length)[..]].concat(),
        )
    };
    check_stream(
        &all([of("4"), data(0, 1, b"ab"), data(END, 1, b"cd")]),
        ANSWER,
    );
    check_stream(
        &all([of("4"), data(END | PADDED, 1, b"\x02abcd\0\0")]),
        ANSWER,
    );
    check_stream(&all([of("0"), data(END, 1, b"")]), ANSWER);
    let refused = format!("{ANSWER}; RST_STREAM 1 PROTOCOL_ERROR");
    check_stream(&all([of("1"), data(END, 1, b"abcd")]), &refused);
    check_stream(
        &all([of("1"), data(0, 1, b"ab"), data(END, 1, b"cd")]),
        &refused,
    );
    check_stream(&all([of("4"), data(END, 1, b"abc")]), &refused);
    check_stream(
        &all([of("4"), headers(END | WHOLE, 1, &field("x-sum", "1"))]),
        &refused,
    );
    malformed(&[GET, &field("content-length", "1")[..]].concat());
}

#[test]
fn section_8_2_and_8_3_fields() {
    for (name, value) in [
        ("X-Upper", "x"),
        (":status", "200"),
        (":unknown", "x"),
        ("connection", "keep-alive"),
        ("te", "trailers, deflate"),
        ("x", "a\r\nb"),
        ("x", " a"),
        ("", "x"),
    ] {
        malformed(&[GET, &field(name, value)[..]].concat());
    }
    malformed(b"\x87\x84");
    malformed(b"\x82\x84");
    malformed(b"\x82\x87");
    malformed(&[&b"\x82\x87"[..], &field(":path", "")].concat());
    malformed(b"\x82\x82\x87\x84");
    malformed(b"\x82\x87\x87\x84");
    malformed(b"\x82\x87\x84\x84");
    malformed(&[&b"\x82\x87"[..], &field("x", "y"), b"\x84"].concat());
    check_stream(
        &headers(
            END | WHOLE,
            1,
            &[GET, &field("te", "trailers")[..]].concat(),
        ),
        ANSWER,
    );
}
