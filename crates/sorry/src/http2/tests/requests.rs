//! What the answerer is asked, and what becomes of its answers.

use super::wire::*;
use crate::http2::frame::{self, Kind};
use crate::http2::{ExtendedConnect, Limit, Limits, Unfinished};

#[test]
fn many_requests_in_one_read_are_answered_in_one_write() {
    let mut peer = Peer::usual();
    let input: Vec<u8> = (0..50).flat_map(|at| get(2 * at + 1)).collect();
    let expected: Vec<String> = (0..50)
        .map(|at| format!("HEADERS {0} 503; DATA {0} 5 end", 2 * at + 1))
        .collect();
    assert_eq!(peer.tell(&input), expected.join("; "));
    assert!(peer.connection.is_idle());
    assert_eq!(peer.connection.requests(), 50);
}

#[test]
fn the_answerer_sees_fields_in_order() {
    let mut peer = Peer::usual();
    let block = [
        GET,
        &field("cookie", "a=1"),
        &field("accept", "*/*"),
        &field("cookie", "b=2"),
    ]
    .concat();
    peer.tell(&headers(END | WHOLE, 1, &block));
    assert_eq!(peer.page.asked, ["GET / cookie=a=1 accept=*/* cookie=b=2"]);
}

#[test]
fn the_client_s_table_is_kept_from_request_to_request() {
    let mut peer = Peer::usual();
    peer.tell(&headers(
        END | WHOLE,
        1,
        b"\x82\x87\x84\x41\x01a\x40\x01x\x01y",
    ));
    peer.tell(&headers(END | WHOLE, 3, b"\x82\x87\x84\xbf\xbe"));
    assert_eq!(peer.page.asked, ["GET / x=y", "GET / x=y"]);
}

#[test]
fn a_malformed_field_stays_malformed_in_the_table() {
    let mut peer = Peer::usual();
    let refused = "RST_STREAM 1 PROTOCOL_ERROR; RST_STREAM 3 PROTOCOL_ERROR";
    assert_eq!(
        peer.tell(&all([
            headers(END | WHOLE, 1, b"\x82\x87\x84\x41\x01a\x40\x01X\x01y"),
            headers(END | WHOLE, 3, b"\x82\x87\x84\xbf\xbe"),
        ])),
        refused
    );
    assert_eq!(peer.page.asked, [""; 0]);
}

#[test]
fn head_has_no_body() {
    let mut peer = Peer::usual();
    let block = [&field(":method", "HEAD"), &b"\x87\x84"[..]].concat();
    assert_eq!(
        peer.tell(&headers(END | WHOLE, 1, &block)),
        "HEADERS 1 503 end"
    );
}

#[test]
fn an_empty_body_is_none() {
    let mut peer = Peer::greeted(&Limits::default(), Page::of(0), &[]);
    assert_eq!(peer.tell(&get(1)), "HEADERS 1 503 end");
}

#[test]
fn fields_above_the_limit_are_answered_with_431() {
    let mut peer = Peer::greeted(
        &Limits {
            header_bytes: 200,
            ..Limits::default()
        },
        Page::of(5),
        &[],
    );
    let block = [GET, &field("x", &"y".repeat(100))].concat();
    assert_eq!(
        peer.tell(&headers(END | WHOLE, 1, &block)),
        "HEADERS 1 431 end"
    );
    assert_eq!(peer.tell(&get(3)), "HEADERS 3 503; DATA 3 5 end");
    assert_eq!(
        peer.connection.take_reached().iter().collect::<Vec<_>>(),
        [(Limit::HeaderBytes, 1)]
    );
}

#[test]
fn tunnels_are_refused_for_good() {
    let mut peer = Peer::usual();
    let connect = [field(":method", "CONNECT"), field(":authority", "a:443")].concat();
    assert_eq!(
        peer.tell(&headers(WHOLE, 1, &connect)),
        "HEADERS 1 503; DATA 1 5 end; RST_STREAM 1 NO_ERROR"
    );
    let socket = [
        &field(":method", "CONNECT"),
        &field(":protocol", "websocket"),
        &b"\x87\x84\x01\x01a"[..],
    ]
    .concat();
    assert_eq!(
        peer.tell(&headers(WHOLE, 3, &socket)),
        "HEADERS 3 503; DATA 3 5 end; RST_STREAM 3 NO_ERROR"
    );
    assert!(peer.connection.is_idle());
    let withheld = Limits {
        extended_connect: ExtendedConnect::Withheld,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&withheld, Page::of(5), &[]);
    assert_eq!(
        peer.tell(&headers(WHOLE, 1, &socket)),
        "RST_STREAM 1 PROTOCOL_ERROR"
    );
}

#[test]
fn a_block_above_the_client_s_frame_size_goes_on_in_continuations() {
    let mut page = Page::of(3);
    page.more = (0..400)
        .flat_map(|_| field("x-long", &"v".repeat(100)))
        .collect();
    let mut peer = Peer::greeted(&Limits::default(), page, &[]);
    let out = peer.tell_raw(&get(1));
    let shape: Vec<_> = frames(&out)
        .iter()
        .map(|(head, payload)| (head.kind, head.flags, payload.len()))
        .collect();
    let block = 5 + 400 * field("x-long", &"v".repeat(100)).len();
    assert_eq!(
        shape,
        [
            (Kind::Headers, 0, 16_384),
            (Kind::Continuation, 0, 16_384),
            (Kind::Continuation, frame::END_HEADERS, block - 2 * 16_384),
            (Kind::Data, frame::END_STREAM, 3),
        ]
    );
}

#[test]
fn a_table_size_that_the_client_names_is_answered_once() {
    // RFC 7541, 4.2; our size is 0, whatever it offers.
    let mut peer = Peer::greeted(&Limits::default(), Page::of(0), &[(1, 65_536)]);
    let out = peer.tell_raw(&all([get(1), get(3)]));
    let blocks: Vec<_> = frames(&out).iter().map(|(_, payload)| payload[0]).collect();
    assert_eq!(blocks, [0x20, 0x08]);
    let out = peer.tell_raw(&all([settings(0, &[(1, 0)]), get(5)]));
    assert_eq!(frames(&out)[1].1[0], 0x20);
}

#[test]
fn what_we_announce() {
    let mut peer = Peer::new(
        &Limits {
            streams: 7,
            header_bytes: 9000,
            ..Limits::default()
        },
        Page::of(5),
    );
    let mut out = Vec::new();
    peer.connection.start(&mut out);
    peer.connection.start(&mut out);
    let expected = settings(0, &[(3, 7), (6, 9000), (8, 1), (9, 1)]);
    assert_eq!(out, expected, "once, and without what is the default");
    let all_ours = Limits {
        table_bytes: 0,
        window_bytes: 1 << 20,
        frame_bytes: 1 << 15,
        extended_connect: ExtendedConnect::Withheld,
        ..Limits::default()
    };
    let mut peer = Peer::new(&all_ours, Page::of(5));
    let out = peer.tell_raw(b"");
    assert_eq!(
        out,
        settings(
            0,
            &[
                (1, 0),
                (3, 100),
                (4, 1 << 20),
                (5, 1 << 15),
                (6, 16_384),
                (9, 1)
            ]
        )
    );
}

#[test]
fn a_reset_of_ours_after_the_answer_frees_the_stream() {
    let mut page = Page::of(5);
    page.unfinished = Unfinished::Reset;
    let mut peer = Peer::greeted(&Limits::default(), page, &[]);
    assert_eq!(
        peer.tell(&post(1)),
        "HEADERS 1 503; DATA 1 5 end; RST_STREAM 1 NO_ERROR"
    );
    assert!(peer.connection.is_idle());
    assert_eq!(
        peer.tell(&all([
            data(0, 1, b"late"),
            data(END, 1, b"er"),
            rst_stream(1)
        ])),
        ""
    );
}
