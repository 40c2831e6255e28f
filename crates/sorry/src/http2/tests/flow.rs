//! Bodies that wait: for windows, and for room in the output.

use super::wire::*;
use crate::http2::{Limits, State};

const WINDOW: u16 = 4;

#[test]
fn a_body_goes_out_as_the_stream_s_window_opens() {
    let mut peer = Peer::greeted(&Limits::default(), Page::of(10), &[(WINDOW, 3)]);
    assert_eq!(peer.tell(&get(1)), "HEADERS 1 503; DATA 1 3");
    assert!(peer.connection.has_waiting() && !peer.connection.is_idle());
    assert_eq!(peer.tell(&window_update(1, 1)), "DATA 1 1");
    assert_eq!(peer.tell(&window_update(0, 100)), "");
    assert_eq!(peer.tell(&window_update(1, 100)), "DATA 1 6 end");
    assert!(peer.connection.is_idle() && !peer.connection.has_waiting());
}

#[test]
fn settings_open_windows_and_take_them_below_zero() {
    // RFC 9113, 6.9.2.
    let mut peer = Peer::greeted(&Limits::default(), Page::of(10), &[(WINDOW, 0)]);
    assert_eq!(peer.tell(&get(1)), "HEADERS 1 503");
    assert_eq!(
        peer.tell(&settings(0, &[(WINDOW, 4)])),
        "SETTINGS ack; DATA 1 4"
    );
    assert_eq!(peer.tell(&settings(0, &[(WINDOW, 1)])), "SETTINGS ack");
    assert_eq!(peer.tell(&window_update(1, 3)), "");
    assert_eq!(peer.tell(&window_update(1, 1)), "DATA 1 1");
    assert_eq!(
        peer.tell(&settings(0, &[(WINDOW, 1), (WINDOW, 100)])),
        "SETTINGS ack; DATA 1 5 end"
    );
}

#[test]
fn the_connection_s_window_goes_to_the_oldest() {
    let mut peer = Peer::greeted(&Limits::default(), Page::of(40_000), &[]);
    assert_eq!(
        peer.tell(&all([get(1), get(3), get(5)])),
        "HEADERS 1 503; DATA 1 16384; DATA 1 16384; DATA 1 7232 end; HEADERS 3 503; DATA 3 16384; DATA 3 9151; HEADERS 5 503"
    );
    assert_eq!(
        peer.tell(&window_update(0, 30_000)),
        "DATA 3 14465 end; DATA 5 15535"
    );
    assert_eq!(peer.tell(&rst_stream(5)), "");
    assert!(peer.connection.is_idle());
}

#[test]
fn who_has_no_window_is_passed_over() {
    let mut peer = Peer::greeted(&Limits::default(), Page::of(30_000), &[(WINDOW, 0)]);
    assert_eq!(
        peer.tell(&all([get(1), get(3), get(5)])),
        "HEADERS 1 503; HEADERS 3 503; HEADERS 5 503"
    );
    assert_eq!(peer.tell(&window_update(5, 100)), "DATA 5 100");
    assert_eq!(
        peer.tell(&settings(0, &[(WINDOW, 1 << 20)])),
        "SETTINGS ack; DATA 1 16384; DATA 1 13616 end; DATA 3 16384; DATA 3 13616 end; DATA 5 5435"
    );
    assert_eq!(
        peer.tell(&window_update(0, 30_000)),
        "DATA 5 16384; DATA 5 8081 end"
    );
}

#[test]
fn no_more_is_written_than_may_wait() {
    let limits = Limits {
        unsent_bytes: 20_000,
        ..Limits::default()
    };
    let mut peer = Peer::greeted(&limits, Page::of(15_000), &[]);
    let out = peer.tell(&all([get(1), get(3), get(5)]));
    assert_eq!(
        out,
        "HEADERS 1 503; DATA 1 15000 end; HEADERS 3 503; DATA 3 15000 end; HEADERS 5 503"
    );
    assert_eq!(peer.resume(), "DATA 5 15000 end");
    assert_eq!(peer.resume(), "");
}

#[test]
fn what_waits_is_the_body_s_very_rest() {
    for (method, why) in [("GET", "shared"), ("PUT", "copied")] {
        let mut peer = Peer::greeted(&Limits::default(), Page::of(1000), &[(WINDOW, 700)]);
        let mut out = peer.tell_raw(&headers(
            END | WHOLE,
            1,
            &[&field(":method", method), &b"\x87\x84"[..]].concat(),
        ));
        out.extend(peer.tell_raw(&window_update(1, 300)));
        let body: Vec<u8> = frames(&out)
            .iter()
            .filter(|(head, _)| head.kind as u8 == 0)
            .flat_map(|(_, payload)| payload.to_vec())
            .collect();
        assert_eq!(body, peer.page.body, "{why}");
    }
}

#[test]
fn an_upload_ends_with_its_answer_only_once_both_are_done() {
    let mut peer = Peer::greeted(&Limits::default(), Page::of(10), &[(WINDOW, 0)]);
    assert_eq!(
        peer.tell(&all([post(1), data(END, 1, b"x")])),
        "HEADERS 1 503"
    );
    assert_eq!(peer.tell(&window_update(1, 10)), "DATA 1 10 end");
    assert!(peer.connection.is_idle());
    assert_eq!(peer.state(), State::Open);
}

#[test]
fn an_answer_that_waited_is_followed_by_the_reset_that_was_asked_for() {
    let mut page = Page::of(10);
    page.unfinished = crate::http2::Unfinished::Reset;
    let mut peer = Peer::greeted(&Limits::default(), page, &[(WINDOW, 0)]);
    assert_eq!(peer.tell(&post(1)), "HEADERS 1 503");
    assert_eq!(
        peer.tell(&window_update(1, 10)),
        "DATA 1 10 end; RST_STREAM 1 NO_ERROR"
    );
}
