//! What holds for every input: it does not matter how reads cut it, nothing panics, and what is
//! written stays bounded.

use proptest::prelude::*;

use super::wire::*;
use crate::http2::frame::PREFACE;
use crate::http2::{Limits, State};

/// Frames that mostly make sense, about a few streams.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let id = || prop_oneof![4 => (0..6_u32).prop_map(|at| 2 * at + 1), 1 => 0..20_u32];
    let octets = |most| proptest::collection::vec(any::<u8>(), 0..most);
    prop_oneof![
        6 => (0..40_u32).prop_map(|at| get(2 * at + 1)),
        4 => (0..40_u32).prop_map(|at| post(2 * at + 1)),
        4 => (any::<bool>(), id(), octets(300)).prop_map(|(end, id, body)| data(u8::from(end), id, &body)),
        1 => (id(), octets(40)).prop_map(|(id, block)| headers(END | WHOLE, id, &block)),
        1 => (id(), octets(10)).prop_map(|(id, block)| [headers(END, id, GET), continuation(WHOLE, id, &block)].concat()),
        2 => (id(), 0..400_u32).prop_map(|(id, by)| window_update(id, by)),
        2 => id().prop_map(rst_stream),
        1 => any::<[u8; 8]>().prop_map(|octets| ping(0, &octets)),
        1 => (0..10_u16, 0..2000_u32).prop_map(|(id, value)| settings(0, &[(id, value)])),
        1 => (any::<u8>(), any::<u8>(), id(), octets(40)).prop_map(|(kind, flags, id, payload)| raw(payload.len(), kind, flags, id, &payload)),
    ]
}

fn peer() -> Peer {
    Peer::new(
        &Limits {
            streams: 4,
            unread_body_bytes: 2000,
            ..Limits::default()
        },
        Page::of(700),
    )
}

fn opening(window: u32) -> Vec<u8> {
    all([PREFACE.to_vec(), settings(0, &[(4, window)])])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn cuts_do_not_matter(
        window in prop_oneof![Just(65_535), 0..2000_u32],
        frames in proptest::collection::vec(any_frame(), 0..40),
        cuts in proptest::collection::vec(1..600_usize, 1..20),
    ) {
        let input = [opening(window), frames.concat()].concat();
        let mut whole = peer();
        let expected = whole.tell_raw(&input);
        let mut pieces = peer();
        let mut out = Vec::new();
        let mut rest = &input[..];
        for cut in cuts.iter().cycle() {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            out.extend(pieces.tell_raw(piece));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(whole.state(), pieces.state());
        prop_assert_eq!(whole.words(&expected), pieces.words(&out));
        prop_assert_eq!(whole.page.asked, pieces.page.asked);
    }

    #[test]
    fn nothing_panics_and_output_stays_bounded(
        frames in proptest::collection::vec(any_frame(), 0..40),
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut input = frames.concat();
        let place = at.index(input.len() + 1);
        input.splice(place..place, noise);
        for (at, octet) in flips {
            if !input.is_empty() {
                let place = at.index(input.len());
                input[place] = octet;
            }
        }
        let mut peer = peer();
        let input = [opening(65_535), input].concat();
        let out = peer.tell_raw(&input);
        // Ten octets of input buy a request at most; an answer here is below 800.
        prop_assert!(out.len() <= 200 + 80 * input.len());
        peer.words(&out);
        if !matches!(peer.state(), State::Closed(_)) {
            peer.go_away();
            peer.go_away();
            prop_assert!(matches!(peer.state(), State::Closed(_)) || !peer.connection.is_idle());
        }
    }
}
