//! The self-test finds what differs, and nothing else.

use sorry_bpf::layout::Kind;

use super::super::packet::{OFFER, Packet, flag};
use super::super::selftest::{masked, run, without_id, without_request};
use super::super::speech::Group;
use super::rig::{Fate, Rig, WAYS, promise, speech};

/// What user space would say: with a date, an id and its own number of seconds.
fn answer(body: usize, request: &[u8]) -> Vec<u8> {
    let kind = match request {
        [b'H', ..] => Kind::Head,
        _ if request.windows(16).any(|part| part == b"application/json") => Kind::Json,
        _ => Kind::Page,
    };
    let said = speech(body)
        .said(kind, &promise(), 77, Group { number: 3, of: 8 })
        .unwrap();
    let text = String::from_utf8(said).unwrap();
    let text = text.replace(
        "Server: sorry\r\n",
        "Date: now\r\nServer: sorry\r\nX-Request-Id: 0123\r\n",
    );
    text.replace("sorry;dur=0000", "sorry;desc=\"0123\";dur=0000")
        .into_bytes()
}

#[test]
fn what_both_say_is_the_same() {
    for (way, body) in WAYS.into_iter().flat_map(|way| [(way, 300), (way, 5000)]) {
        let mut rig = Rig::new(way, body);
        let trials = run(&mut rig.responder, "shop", &|request| answer(body, request)).unwrap();
        assert_eq!(trials.len(), if body == 300 { 8 } else { 6 });
        for trial in &trials {
            assert_eq!(trial.wrong, None, "{trial:?}");
        }
        // What was tried is not answered for any more, and what was answered for still is.
        let packet = Packet {
            options: OFFER.to_vec(),
            ..Packet::new(
                "192.0.2.2:1".parse().unwrap(),
                "192.0.2.1:80".parse().unwrap(),
                flag::SYN,
            )
        };
        assert_eq!(rig.send(&packet), Fate::Passed);
        rig.greet();
    }
}

#[test]
fn what_differs_is_found() {
    for body in [300, 5000] {
        let mut rig = Rig::new(WAYS[0], body);
        let other = |request: &[u8]| answer(body + 1, request);
        let trials = run(&mut rig.responder, "shop", &other).unwrap();
        let page = trials
            .iter()
            .find(|trial| trial.what == "the page over IPv4")
            .unwrap();
        let wrong = page.wrong.as_deref().unwrap();
        assert!(
            wrong.starts_with("user space answers \"Content-Length"),
            "{wrong}"
        );
    }
}

#[test]
fn numbers_are_holes_whatever_their_width() {
    assert_eq!(
        masked("Retry-After:     131"),
        masked("Retry-After:      99")
    );
    assert_eq!(masked("Retry-After: 1"), "Retry-After:#");
    assert_ne!(masked("a1"), masked("b1"));
    assert_eq!(
        without_id("Server-Timing: sorry;desc=\"ab\";dur=01"),
        "Server-Timing: sorry;dur=01"
    );
    assert_eq!(
        without_request("{\"request_id\":\"ab\",\"x\":1}"),
        "{\"request_id\":\"\",\"x\":1}"
    );
}
