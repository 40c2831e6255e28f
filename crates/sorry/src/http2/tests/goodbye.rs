//! Graceful shutdown (RFC 9113, 6.8).

use super::wire::*;
use crate::http2::{Limit, Limits, Reason, State};

const ANNOUNCED: &str = "GOAWAY 2147483647 NO_ERROR; PING goodbye\\n";

#[test]
fn requests_that_are_on_their_way_are_answered() {
    let mut peer = Peer::usual();
    peer.tell(&get(1));
    assert_eq!(peer.go_away(), ANNOUNCED);
    assert_eq!(peer.state(), State::Draining);
    assert_eq!(peer.tell(&get(3)), "HEADERS 3 503; DATA 3 5 end");
    assert_eq!(peer.tell(&ping(ACK, b"another!")), "");
    assert_eq!(peer.tell(&ping(ACK, b"goodbye\n")), "GOAWAY 3 NO_ERROR");
    assert_eq!(peer.state(), State::Closed(Reason::Drained));
    assert_eq!(peer.tell(&get(5)), "");
}

#[test]
fn what_was_begun_is_finished_and_what_comes_after_is_ignored() {
    let mut peer = Peer::greeted(&Limits::default(), Page::of(10), &[(4, 4)]);
    assert_eq!(peer.tell(&get(1)), "HEADERS 1 503; DATA 1 4");
    assert_eq!(peer.go_away(), ANNOUNCED);
    assert_eq!(peer.go_away(), "GOAWAY 1 NO_ERROR");
    assert_eq!(peer.go_away(), "");
    assert_eq!(peer.state(), State::Draining);
    assert_eq!(
        peer.tell(&all([
            post(3),
            data(0, 3, b"x"),
            window_update(3, 1),
            rst_stream(3),
            get(5)
        ])),
        ""
    );
    assert_eq!(peer.tell(&window_update(1, 100)), "DATA 1 6 end");
    assert_eq!(peer.state(), State::Closed(Reason::Drained));
}

#[test]
fn a_connection_that_has_not_begun_may_end() {
    let mut peer = Peer::new(&Limits::default(), Page::of(5));
    assert_eq!(peer.go_away(), format!("SETTINGS; {ANNOUNCED}"));
    assert_eq!(peer.go_away(), "GOAWAY 0 NO_ERROR");
    assert_eq!(peer.state(), State::Closed(Reason::Drained));
}

#[test]
fn a_mistake_ends_a_connection_that_drains() {
    let mut peer = Peer::usual();
    peer.go_away();
    assert_eq!(peer.tell(&data(0, 1, b"x")), "GOAWAY 0 PROTOCOL_ERROR");
    assert!(matches!(peer.state(), State::Closed(Reason::Error(..))));
}

#[test]
fn so_many_requests_and_no_more() {
    let mut peer = Peer::greeted(
        &Limits {
            requests: 2,
            ..Limits::default()
        },
        Page::of(0),
        &[],
    );
    assert_eq!(peer.tell(&get(1)), "HEADERS 1 503 end");
    assert_eq!(
        peer.tell(&get(3)),
        format!("HEADERS 3 503 end; {ANNOUNCED}")
    );
    assert_eq!(peer.tell(&get(5)), "HEADERS 5 503 end");
    assert_eq!(
        peer.connection.take_reached().iter().collect::<Vec<_>>(),
        [(Limit::Requests, 1)]
    );
    assert_eq!(peer.tell(&ping(ACK, b"goodbye\n")), "GOAWAY 5 NO_ERROR");
}

#[test]
fn whoever_is_given_up_keeps_nothing_waiting() {
    let mut peer = Peer::greeted(&Limits::default(), Page::of(10), &[(4, 0)]);
    peer.tell(&all([get(1), get(3), post(5), window_update(5, 100)]));
    // Half a frame lies there, too.
    peer.tell(&get(7)[..5]);
    assert_eq!(
        peer.abandon(),
        "RST_STREAM 1 CANCEL; RST_STREAM 3 CANCEL; RST_STREAM 5 NO_ERROR; GOAWAY 5 NO_ERROR"
    );
    assert_eq!(peer.state(), State::Closed(Reason::Abandoned));
    assert!(peer.connection.is_idle() && !peer.connection.has_waiting());
    assert_eq!(peer.tell(&window_update(1, 100)), "");
    assert_eq!(
        (peer.resume(), peer.abandon()),
        (String::new(), String::new())
    );
}

#[test]
fn a_mistake_leaves_nothing_waiting() {
    let mut peer = Peer::greeted(&Limits::default(), Page::of(10), &[(4, 0)]);
    peer.tell(&get(1));
    assert_eq!(peer.tell(&data(0, 0, b"x")), "GOAWAY 1 PROTOCOL_ERROR");
    assert!(peer.connection.is_idle() && !peer.connection.has_waiting());
}
