//! Bodies of requests: read, counted, thrown away, and stopped at a limit.

use super::wire::*;
use crate::http2::{Limit, Limits, Reason, State};

const ANSWER: &str = "HEADERS 1 503; DATA 1 5 end";
const GOODBYE: &str = "GOAWAY 2147483647 NO_ERROR; PING goodbye\\n";
const FULL: &[u8] = &[0; 16_384];

#[test]
fn an_upload_is_answered_at_once_and_read_to_its_end() {
    let mut peer = Peer::usual();
    assert_eq!(peer.tell(&post(1)), ANSWER);
    let mut received: u32 = 0;
    let mut granted: u32 = 65_535;
    for _ in 0..1280 {
        let out = peer.tell(&data(0, 1, FULL));
        received += 16_384;
        if !out.is_empty() {
            // The stream's window and the connection's run in step, each given back by halves.
            assert_eq!(out, "WINDOW_UPDATE 1 32768; WINDOW_UPDATE 0 32768");
            granted += 32_768;
        }
        assert!(
            granted - received >= 16_384,
            "the client never stands still"
        );
    }
    assert_eq!(
        peer.tell(&all([data(END, 1, b"x"), get(3)])),
        "HEADERS 3 503; DATA 3 5 end"
    );
    assert!(peer.connection.is_idle());
    assert_eq!(received, 20 << 20);
}

#[test]
fn an_upload_beyond_the_limit_is_reset_and_the_connection_drained() {
    let mut peer = Peer::greeted(
        &Limits {
            unread_body_bytes: 40_000,
            ..Limits::default()
        },
        Page::of(5),
        &[],
    );
    assert_eq!(
        peer.tell(&all([post(1), post(3)])),
        "HEADERS 1 503; DATA 1 5 end; HEADERS 3 503; DATA 3 5 end"
    );
    assert_eq!(peer.tell(&data(0, 1, FULL)), "");
    assert_eq!(
        peer.tell(&data(0, 1, FULL)),
        "WINDOW_UPDATE 1 32768; WINDOW_UPDATE 0 32768"
    );
    assert_eq!(peer.tell(&data(0, 1, FULL)), GOODBYE);
    let reached: Vec<_> = peer.connection.take_reached().iter().collect();
    assert_eq!(reached, [(Limit::UnreadBody, 1)]);
    // What is on its way is answered; when the client has read its answers, uploads are stopped.
    assert_eq!(
        peer.tell(&all([post(5), data(0, 1, b"x")])),
        "HEADERS 5 503; DATA 5 5 end"
    );
    assert_eq!(
        peer.tell(&ping(ACK, b"goodbye\n")),
        "GOAWAY 5 NO_ERROR; RST_STREAM 1 NO_ERROR; RST_STREAM 3 NO_ERROR; RST_STREAM 5 NO_ERROR"
    );
    assert_eq!(peer.state(), State::Closed(Reason::Drained));
}

#[test]
fn beyond_the_limit_the_window_stays_shut() {
    let limits = Limits {
        unread_body_bytes: 40_000,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&limits, Page::of(5), &[]);
    let three = [data(0, 1, FULL), data(0, 1, FULL), data(0, 1, FULL)].concat();
    assert_eq!(
        peer.tell(&all([post(1), three])),
        format!("{ANSWER}; WINDOW_UPDATE 1 32768; WINDOW_UPDATE 0 32768; {GOODBYE}")
    );
    // 65 535 octets less the last 16 384 are left of the connection's window.
    assert_eq!(
        peer.tell(&all([
            post(3),
            data(0, 3, FULL),
            data(0, 3, FULL),
            data(0, 3, &FULL[..16_383])
        ])),
        "HEADERS 3 503; DATA 3 5 end"
    );
    assert_eq!(peer.tell(&data(0, 3, b"x")), "GOAWAY 3 FLOW_CONTROL_ERROR");
}

#[test]
fn small_frames_cost_more_than_their_octets() {
    let limits = Limits {
        unread_body_bytes: 1000,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&limits, Page::of(5), &[]);
    assert_eq!(
        peer.tell(&all([
            post(1),
            data(0, 1, b"a"),
            data(0, 1, b"b"),
            data(0, 1, b"c")
        ])),
        ANSWER
    );
    assert_eq!(peer.tell(&data(0, 1, b"d")), GOODBYE);
}

#[test]
fn an_upload_beyond_the_limit_still_gets_the_answer_that_waits() {
    let limits = Limits {
        unread_body_bytes: 100,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&limits, Page::of(10), &[(4, 0)]);
    assert_eq!(peer.tell(&post(1)), "HEADERS 1 503");
    assert_eq!(peer.tell(&data(0, 1, &[0; 200])), GOODBYE);
    assert_eq!(peer.tell(&ping(ACK, b"goodbye\n")), "GOAWAY 1 NO_ERROR");
    assert_eq!(
        peer.tell(&window_update(1, 10)),
        "DATA 1 10 end; RST_STREAM 1 NO_ERROR"
    );
    assert_eq!(peer.state(), State::Closed(Reason::Drained));
}

#[test]
fn an_upload_that_passes_the_limit_after_the_goodbye_is_stopped_there() {
    let limits = Limits {
        unread_body_bytes: 100,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&limits, Page::of(5), &[]);
    assert_eq!(peer.tell(&post(1)), ANSWER);
    assert_eq!(peer.go_away(), GOODBYE);
    assert_eq!(peer.go_away(), "GOAWAY 1 NO_ERROR");
    assert_eq!(peer.tell(&data(0, 1, &[0; 200])), "RST_STREAM 1 NO_ERROR");
    assert_eq!(peer.state(), State::Closed(Reason::Drained));
}

#[test]
fn windows_are_enforced() {
    let mut peer = Peer::greeted(
        &Limits {
            window_bytes: 100,
            ..Limits::default()
        },
        Page::of(5),
        &[],
    );
    assert_eq!(
        peer.tell(&all([post(1), data(0, 1, &[0; 101])])),
        format!("{ANSWER}; RST_STREAM 1 FLOW_CONTROL_ERROR")
    );
    assert_eq!(peer.state(), State::Open);
    let mut peer = Peer::greeted(
        &Limits {
            window_bytes: 1 << 20,
            ..Limits::default()
        },
        Page::of(5),
        &[],
    );
    let five: Vec<u8> = [0; 5]
        .iter()
        .flat_map(|_| raw(16_000, 0, 0, 1, &FULL[..16_000]))
        .collect();
    // The connection's window is given back in time, so that only a frame beyond all of it would be
    // too much; see above.
    assert_eq!(
        peer.tell(&all([post(1), five])),
        format!("{ANSWER}; WINDOW_UPDATE 0 48000")
    );
}

#[test]
fn before_the_acknowledgement_the_default_window_holds() {
    // RFC 9113, 6.9.3: what was on its way when our settings reached the client is no mistake.
    let mut peer = Peer::new(
        &Limits {
            window_bytes: 100,
            ..Limits::default()
        },
        Page::of(5),
    );
    peer.tell(&all([
        crate::http2::frame::PREFACE.to_vec(),
        settings(0, &[]),
    ]));
    assert_eq!(peer.tell(&all([post(1), data(END, 1, &[0; 5000])])), ANSWER);
}

#[test]
fn padding_counts_against_windows() {
    let mut peer = Peer::usual();
    let padding = data(PADDED, 1, &[&[255], &[0; 255][..]].concat());
    let input = [post(1), padding.repeat(128)].concat();
    assert_eq!(
        peer.tell(&input),
        format!("{ANSWER}; WINDOW_UPDATE 1 32768; WINDOW_UPDATE 0 32768")
    );
    let mut peer = Peer::greeted(
        &Limits {
            window_bytes: 8,
            ..Limits::default()
        },
        Page::of(5),
        &[],
    );
    assert_eq!(
        peer.tell(&all([post(1), data(PADDED, 1, b"\x03abc\0\0\0")])),
        format!("{ANSWER}; WINDOW_UPDATE 1 7")
    );
}
