//! Clients that send much and mean nothing: each is stopped at its limit, and what it made us write
//! is bounded.

use super::wire::*;
use crate::http2::{Limit, Limits, Reason, State};

/// Sends `frame` until the connection is closed or `most` were sent; returns how many it took.
fn flood(peer: &mut Peer, most: usize, mut frame: impl FnMut(u32) -> Vec<u8>) -> usize {
    for count in 0..most {
        let out = peer.tell_raw(&frame(u32::try_from(count).unwrap()));
        assert!(out.len() < 200);
        if peer.state() != State::Open {
            return count;
        }
    }
    most
}

#[track_caller]
fn check(limit: Limit, expected: usize, frame: impl FnMut(u32) -> Vec<u8>) {
    let limits = Limits {
        resets_per_second: 50,
        control_frames_per_second: 70,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&limits, Page::of(5), &[]);
    assert_eq!(flood(&mut peer, 1000, frame), expected);
    assert_eq!(peer.state(), State::Closed(Reason::Excess(limit)));
    assert_eq!(peer.connection.take_reached().times(limit), 1);
    assert_eq!(peer.tell(&get(0x7fff_ffff)), "", "nothing is read any more");
}

#[test]
fn rapid_resets() {
    check(Limit::Resets, 50, |count| {
        all([get(2 * count + 1), rst_stream(2 * count + 1)])
    });
    check(Limit::Resets, 50, |count| {
        all([post(2 * count + 1), rst_stream(2 * count + 1)])
    });
}

#[test]
fn mistakes_that_make_us_reset() {
    check(Limit::Resets, 50, |count| {
        headers(END | WHOLE, 2 * count + 1, b"\x82")
    });
}

#[test]
fn frames_that_carry_nothing() {
    check(Limit::ControlFrames, 70, |_| ping(0, b"01234567"));
    check(Limit::ControlFrames, 70, |_| ping(ACK, b"01234567"));
    check(Limit::ControlFrames, 70, |_| settings(0, &[]));
    check(Limit::ControlFrames, 70, |_| settings(ACK, &[]));
    check(Limit::ControlFrames, 70, |_| raw(5, 2, 0, 7, &[0; 5]));
    check(Limit::ControlFrames, 70, |_| raw(0, 0x77, 0, 7, &[]));
    check(Limit::ControlFrames, 70, |_| window_update(0, 1));
    check(Limit::ControlFrames, 70, |_| raw(8, 7, 0, 0, &[0; 8]));
    // The request and the answer's DATA frame pay for three.
    check(Limit::ControlFrames, 73, |count| {
        if count == 0 {
            all([post(1), data(0, 1, b"")])
        } else {
            data(0, 1, b"")
        }
    });
}

#[test]
fn the_next_second_is_another() {
    let limits = Limits {
        resets_per_second: 50,
        control_frames_per_second: 70,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&limits, Page::of(5), &[]);
    for _ in 0..5 {
        assert_eq!(flood(&mut peer, 70, |_| ping(0, b"01234567")), 70);
        peer.wait(1);
    }
}

#[test]
fn honest_clients_pay_for_their_acknowledgements() {
    let limits = Limits {
        control_frames_per_second: 0,
        resets_per_second: 0,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&limits, Page::of(5), &[]);
    let asked = flood(&mut peer, 1000, |count| {
        let id = 2 * count + 1;
        all([
            get(id),
            window_update(0, 5),
            window_update(id, 5),
            raw(5, 2, 0, id, &[0; 5]),
        ])
    });
    assert_eq!(asked, 1000);
}

#[test]
fn continuations_without_end() {
    let mut peer = Peer::greeted(
        &Limits {
            continuation_frames: 3,
            ..Limits::default()
        },
        Page::of(5),
        &[],
    );
    assert_eq!(peer.tell(&headers(END, 1, GET)), "");
    assert_eq!(
        peer.tell(&all([
            continuation(0, 1, b""),
            continuation(0, 1, b""),
            continuation(0, 1, b"")
        ])),
        ""
    );
    assert_eq!(
        peer.tell(&continuation(WHOLE, 1, b"")),
        "GOAWAY 0 ENHANCE_YOUR_CALM"
    );
    assert_eq!(
        peer.state(),
        State::Closed(Reason::Excess(Limit::ContinuationFrames))
    );
    let mut peer = Peer::greeted(
        &Limits {
            header_bytes: 1000,
            ..Limits::default()
        },
        Page::of(5),
        &[],
    );
    assert_eq!(peer.tell(&headers(END, 1, &[0; 1000])), "");
    assert_eq!(
        peer.tell(&continuation(0, 1, b"x")),
        "GOAWAY 0 ENHANCE_YOUR_CALM"
    );
    assert_eq!(
        peer.state(),
        State::Closed(Reason::Excess(Limit::HeaderBytes))
    );
}

#[test]
fn a_small_block_that_stands_for_many_octets() {
    // One entry of 4 KiB, referred to by one octet again and again: nothing beyond the limit is
    // copied.
    let mut peer = Peer::usual();
    let long = "v".repeat(3000);
    let mut block = b"\x82\x87\x84\x40\x01x\x7f".to_vec();
    let rest = long.len() - 127;
    block.extend([
        u8::try_from(rest & 0x7f).unwrap() | 0x80,
        u8::try_from(rest >> 7).unwrap(),
    ]);
    block.extend_from_slice(long.as_bytes());
    block.extend([0xbe; 10_000]);
    assert_eq!(
        peer.tell(&headers(END | WHOLE, 1, &block)),
        "HEADERS 1 431 end"
    );
}

#[test]
fn refused_streams_count_once_the_limit_is_known() {
    let limits = Limits {
        streams: 1,
        resets_per_second: 10,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&limits, Page::of(5), &[]);
    peer.tell(&post(1));
    assert_eq!(flood(&mut peer, 100, |count| get(2 * count + 3)), 10);
    let mut early = Peer::new(&limits, Page::of(5));
    early.tell(&all([
        crate::http2::frame::PREFACE.to_vec(),
        settings(0, &[]),
        post(1),
    ]));
    assert_eq!(flood(&mut early, 100, |count| get(2 * count + 3)), 100);
}

#[test]
fn an_idle_connection_is_small() {
    let mut peer = Peer::greeted(&Limits::default(), Page::of(100_000), &[(4, 1000)]);
    let many: Vec<u8> = (0..90).flat_map(|at| post(2 * at + 1)).collect();
    peer.tell_raw(&many);
    peer.tell_raw(&raw(16_000, 1, END | WHOLE, 999, &[0; 9000]));
    assert!(
        peer.connection.memory() > 15_000,
        "{}",
        peer.connection.memory()
    );
    peer.tell_raw(&[0x82; 7000]);
    let resets: Vec<u8> = (0..90).flat_map(|at| rst_stream(2 * at + 1)).collect();
    peer.tell_raw(&resets);
    assert!(peer.connection.is_idle());
    assert!(
        peer.connection.memory() <= 1024,
        "{}",
        peer.connection.memory()
    );
}
