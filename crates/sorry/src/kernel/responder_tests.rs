//! Every row of the protocol's table, as packets in and packets out, at both places and over both protocols.

use super::super::packet::{Packet, flag};
use super::super::rig::{Family, Fate, REQUEST, Rig, WAYS, terms};
use super::*;
use sorry_bpf::layout::{Kind, SEGMENT};

const SHORT: usize = 300;
const LONG: usize = 5000;
const SEG: u32 = SEGMENT as u32;
/// A block of selective acknowledgements, padded (RFC 2018).
const SACK: [u8; 12] = [1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2];

fn answered(fate: Fate) -> Vec<Packet> {
    match fate {
        Fate::Answered(packets) => packets,
        other => panic!("{other:?}"),
    }
}

fn one(fate: Fate) -> Packet {
    let mut packets = answered(fate);
    assert_eq!(packets.len(), 1);
    packets.remove(0)
}

#[test]
fn a_syn_that_offers_enough_is_greeted_and_never_by_more_than_it_has() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let sack = Packet {
            options: vec![
                2, 4, 5, 180, 1, 3, 3, 7, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 4, 2, 0, 0,
            ],
            ..rig.syn()
        };
        let plain = Packet {
            options: vec![2, 4, 4, 196],
            ..rig.syn()
        };
        let with_data = Packet {
            data: b"GET /".to_vec(),
            ..rig.syn()
        };
        let ecn = Packet {
            flags: flag::SYN | 0xc0,
            ..rig.syn()
        };
        for (syn, options) in [
            (rig.syn(), 8),
            (sack, 8),
            (plain, 4),
            (with_data, 8),
            (ecn, 8),
        ] {
            let greeting = one(rig.send(&syn));
            assert_eq!((greeting.from, greeting.to), (rig.server, rig.client));
            assert_eq!(greeting.flags, flag::SYN | flag::ACK);
            assert_eq!(greeting.ack, syn.seq + 1);
            assert_eq!(greeting.window, 16_384);
            let mss: [u8; 2] = if way.1 == Family::Four {
                1460_u16
            } else {
                1440
            }
            .to_be_bytes();
            assert_eq!(greeting.options[..4], [2, 4, mss[0], mss[1]]);
            assert_eq!(greeting.options.len(), options);
            assert!(greeting.to_frame().len() <= syn.to_frame().len());
            assert!(greeting.data.is_empty());
        }
    }
}

#[test]
fn the_first_sequence_number_is_a_siphash_of_the_addresses() {
    // SipHash-2-4 of what stands in the packet, reckoned with an implementation of its own.
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let isn = rig.greet();
        let frame = rig.syn().to_frame();
        let (from, to) = if way.1 == Family::Four {
            (26, 38)
        } else {
            (22, 58)
        };
        let key = rig.responder.config.key[0];
        assert_eq!(isn, siphash(key, &frame[from..to]));
        assert_eq!(rig.greet(), isn, "it depends on nothing else");
        rig.client.set_port(40_001);
        assert_ne!(rig.greet(), isn);
    }
}

/// By the paper's definition, for whole messages.
fn siphash(key: [u64; 2], message: &[u8]) -> u32 {
    fn round(v: &mut [u64; 4]) {
        for (a, b, c, d, e) in [(0, 1, 13, 2, 16), (2, 3, 16, 0, 21)] {
            if a == 0 {
                v[0] = v[0].wrapping_add(v[1]);
                v[1] = v[1].rotate_left(c) ^ v[0];
                v[0] = v[0].rotate_left(32);
                v[d] = v[d].wrapping_add(v[3]);
                v[3] = v[3].rotate_left(e) ^ v[d];
            } else {
                v[0] = v[0].wrapping_add(v[3]);
                v[3] = v[3].rotate_left(e) ^ v[0];
                v[a] = v[a].wrapping_add(v[1]);
                v[1] = v[1].rotate_left(17) ^ v[a];
                v[a] = v[a].rotate_left(32);
                let _ = (b, c, d);
            }
        }
    }
    let mut v = [
        0x736f_6d65_7073_6575 ^ key[0],
        0x646f_7261_6e64_6f6d ^ key[1],
        0x6c79_6765_6e65_7261 ^ key[0],
        0x7465_6462_7974_6573 ^ key[1],
    ];
    let mut padded = message.to_vec();
    padded.resize(message.len() / 8 * 8 + 7, 0);
    padded.push(message.len() as u8);
    for word in padded.chunks_exact(8) {
        let word = u64::from_le_bytes(word.try_into().unwrap());
        v[3] ^= word;
        round(&mut v);
        round(&mut v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for _ in 0..4 {
        round(&mut v);
    }
    (v[0] ^ v[1] ^ v[2] ^ v[3]) as u32
}

#[test]
fn what_only_a_whole_stack_should_judge_passes() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let syn = rig.syn();
        let odd = |options: &[u8]| Packet {
            options: options.to_vec(),
            ..syn.clone()
        };
        let mut all: Vec<(&str, Vec<u8>)> = vec![
            ("no options", odd(&[]).to_frame()),
            (
                "another option first",
                odd(&[1, 1, 4, 2, 2, 4, 5, 180]).to_frame(),
            ),
            ("segments too small", odd(&[2, 4, 4, 195]).to_frame()),
            (
                "a SYN-ACK",
                Packet {
                    flags: flag::SYN | flag::ACK,
                    ..syn.clone()
                }
                .to_frame(),
            ),
            (
                "SYN and FIN",
                Packet {
                    flags: flag::SYN | flag::FIN,
                    ..syn.clone()
                }
                .to_frame(),
            ),
            (
                "SYN and RST",
                Packet {
                    flags: flag::SYN | flag::RST,
                    ..syn.clone()
                }
                .to_frame(),
            ),
            (
                "another port",
                Packet {
                    to: SocketAddr::new(rig.server.ip(), 81),
                    ..syn.clone()
                }
                .to_frame(),
            ),
            (
                "another address",
                Packet {
                    to: SocketAddr::new(rig.client.ip(), 80),
                    ..syn.clone()
                }
                .to_frame(),
            ),
            ("no ACK", rig.packet(0).to_frame()),
            (
                "proves nothing",
                Packet {
                    ack: 12_345,
                    ..rig.packet(flag::ACK)
                }
                .to_frame(),
            ),
            (
                "proves nothing, with data",
                Packet {
                    data: REQUEST.to_vec(),
                    ..rig.packet(flag::ACK)
                }
                .to_frame(),
            ),
            (
                "a RST that proves nothing",
                rig.packet(flag::RST | flag::ACK).to_frame(),
            ),
        ];
        let mut with = |name, at: usize, byte: u8| {
            let mut frame = syn.to_frame();
            frame[at] = byte;
            all.push((name, frame));
        };
        with("ARP", 13, 6);
        with(
            "a short TCP header",
            if way.1 == Family::Four { 46 } else { 66 },
            0x40,
        );
        with(
            "a long TCP header",
            if way.1 == Family::Four { 46 } else { 66 },
            0xf0,
        );
        if way.1 == Family::Four {
            with("IP options", 14, 0x46);
            with("a first fragment", 20, 0x20);
            with("another fragment", 21, 1);
            with("UDP", 23, 17);
            with("an IP length too small", 17, 39);
        } else {
            with("an extension header", 20, 0);
            with("another version", 14, 0x50);
            with("a length of nothing", 19, 19);
        }
        // The kernel tries the classifier only on packets with whole IP headers.
        let least = if way.0 == Place::Ingress { 54 } else { 14 };
        for cut in [14, 20, 33, 40, 53, 54, 60]
            .into_iter()
            .filter(|cut| *cut >= least)
        {
            all.push(("cut", syn.to_frame()[..cut].to_vec()));
        }
        for (name, frame) in all {
            assert_eq!(rig.send_frame(&frame), Fate::Passed, "{name} at {way:?}");
        }
    }
}

#[test]
fn a_short_page_leaves_whole_with_every_request() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let isn = rig.greet();
        assert_eq!(
            rig.send(&rig.with(isn, 0, 0, b"")),
            Fate::Dropped,
            "the handshake's end"
        );
        for (off, flags, data) in [
            (0, flag::PSH, REQUEST),
            (0, 0, b"G"),
            (0, flag::FIN, REQUEST),
            (0, flag::FIN, b""),
            (rig.end(), 0, b"again"),
        ] {
            let question = rig.with(isn, off, flags, data);
            let answer = one(rig.send(&question));
            let told = data.len() as u32 + u32::from(flags & flag::FIN != 0);
            assert_eq!(answer.seq, isn.wrapping_add(1));
            assert_eq!(answer.ack, question.seq + told);
            assert_eq!(answer.flags, flag::PSH | flag::ACK | flag::FIN);
            assert!(
                rig.is_said(Kind::Page, &answer.data),
                "{:?}",
                String::from_utf8_lossy(&answer.data)
            );
        }
        let end = rig.end();
        assert_eq!(
            rig.send(&rig.with(isn, end + 1, 0, b"")),
            Fate::Dropped,
            "it has all"
        );
        for (flags, data, told) in [
            (flag::FIN, &b""[..], 1),
            (0, b"more", 4),
            (flag::FIN, b"more", 5),
        ] {
            let last = one(rig.send(&rig.with(isn, end + 1, flags, data)));
            assert_eq!(
                (last.seq, last.ack),
                (isn.wrapping_add(2 + end), 5000 + told)
            );
            assert_eq!((last.flags, last.data.len()), (flag::ACK, 0));
        }
        let reset = Packet {
            flags: flag::RST | flag::ACK,
            ..rig.with(isn, end + 1, 0, b"")
        };
        assert_eq!(rig.send(&reset), Fate::Dropped);
    }
}

#[test]
fn a_long_page_leaves_from_where_the_client_is_and_one_byte_is_held_back() {
    for way in WAYS {
        let mut rig = Rig::new(way, LONG);
        let isn = rig.greet();
        let end = rig.end();
        let segments = end.div_ceil(SEG);
        assert_eq!(rig.send(&rig.with(isn, 0, 0, b"")), Fate::Dropped);
        // At the traffic control hook all but the last leave by themselves, where a trial does not see them.
        let seen = |from: u32| {
            if way.0 == Place::Driver {
                from
            } else {
                segments - 1
            }
        };
        for (off, data, flags) in [
            (0, REQUEST, 0),
            (SEG, b"x", 0),
            (2 * SEG, b"x", 0),
            ((segments - 1) * SEG, b"x", 0),
            (end, b"x", 0),
            (0, b"", flag::FIN),
            (SEG, b"", flag::FIN),
        ] {
            let question = rig.with(isn, off, flags, data);
            let answer = answered(rig.send(&question));
            let first = seen((off / SEG).min(segments - 1));
            assert_eq!(answer.len() as u32, segments - first, "{off} at {way:?}");
            for (number, segment) in (first..).zip(&answer) {
                assert_eq!(segment.seq, isn.wrapping_add(1 + number * SEG));
                let told = data.len() as u32 + u32::from(flags == flag::FIN) - 1;
                assert_eq!(segment.ack, question.seq + told, "a byte is held back");
                let last = number == segments - 1;
                assert_eq!(segment.flags & flag::FIN != 0, last);
                assert_eq!(
                    segment.data.len() as u32,
                    if last { end - number * SEG } else { SEG }
                );
            }
        }
        let released = one(rig.send(&rig.with(isn, end + 1, 0, b"")));
        assert_eq!(
            (released.seq, released.ack, released.flags),
            (isn.wrapping_add(2 + end), 5000, flag::ACK)
        );
        let last = one(rig.send(&rig.with(isn, end + 1, flag::FIN, b"")));
        assert_eq!((last.seq, last.ack), (isn.wrapping_add(2 + end), 5001));
    }
}

/// The whole page, segment by segment, as gaps are told of: its bytes are what is said.
#[test]
fn a_gap_is_filled_with_the_one_segment() {
    for way in WAYS {
        let mut rig = Rig::new(way, LONG);
        let isn = rig.greet();
        let mut page = Vec::new();
        for number in 0..rig.end().div_ceil(SEG) {
            let gap = Packet {
                options: SACK.to_vec(),
                ..rig.with(isn, number * SEG, 0, b"")
            };
            let segment = one(rig.send(&gap));
            assert_eq!(segment.seq, isn.wrapping_add(1 + number * SEG));
            assert_eq!(segment.ack, gap.seq, "nothing new is acknowledged");
            page.extend_from_slice(&segment.data);
        }
        assert!(rig.is_said(Kind::Page, &page));
        let early = Packet {
            options: vec![],
            ..rig.with(isn, SEG, 0, b"")
        };
        assert_eq!(rig.send(&early), Fate::Dropped, "no gap");
    }
}

#[test]
fn a_request_gets_the_answer_of_its_kind() {
    let big = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\nAccept: application/json\r\n\r\n",
        "i".repeat(600)
    );
    let requests: [(&str, Kind); 16] = [
        (
            "GET / HTTP/1.1\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9\r\n\r\n",
            Kind::Page,
        ),
        ("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", Kind::Head),
        ("HEADER / HTTP/1.1\r\nHost: x\r\n\r\n", Kind::Page),
        (
            "POST /api HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}",
            Kind::Json,
        ),
        (
            "GET / HTTP/1.1\r\nAccept: application/json\r\n\r\n",
            Kind::Json,
        ),
        (
            "GET / HTTP/1.1\r\nAccept: application/xml, application/json\r\n\r\n",
            Kind::Json,
        ),
        (
            "GET / HTTP/1.1\r\nAccept: application/problem+json\r\n\r\n",
            Kind::Page,
        ),
        ("GET /application/jso HTTP/1.1\r\n\r\n", Kind::Page),
        (
            "OPTIONS / HTTP/1.1\r\nOrigin: http://a.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
            Kind::Preflight,
        ),
        (
            "OPTIONS / HTTP/1.1\r\norigin: http://a.example\r\naccess-control-request-method: PUT\r\n\r\n",
            Kind::Preflight,
        ),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", Kind::Page),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Kind::Preface),
        ("GET / HTTP/1.0\r\n\r\n", Kind::Page),
        ("GET /", Kind::Page),
        ("", Kind::Page),
        (&big, Kind::Page),
    ];
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let isn = rig.greet();
        for (request, kind) in requests.iter().filter(|(request, _)| !request.is_empty()) {
            let answer = one(rig.send(&rig.with(isn, 0, flag::PSH, request.as_bytes())));
            assert!(
                rig.is_said(*kind, &answer.data),
                "{request:?} got {}",
                String::from_utf8_lossy(&answer.data)
            );
        }
    }
}

/// Wherever it begins, as far as it is looked for.
#[test]
fn json_is_found_at_every_place() {
    let mut rig = Rig::new(WAYS[0], SHORT);
    let isn = rig.greet();
    for before in 0..520_usize {
        let request = format!(
            "GET /{} HTTP/1.1\r\nAccept: application/json\r\n\r\n",
            "i".repeat(before)
        );
        let ends = request.len() - 4;
        let answer = one(rig.send(&rig.with(isn, 0, 0, request.as_bytes())));
        let json = rig.is_said(Kind::Json, &answer.data);
        // Around the bound it is read in words.
        if ends <= 496 || ends > 520 {
            assert_eq!(json, ends <= 496, "{before}");
        }
    }
}

#[test]
fn short_answers_of_a_long_page_have_ends_of_their_own() {
    for way in WAYS {
        let mut rig = Rig::new(way, LONG);
        let isn = rig.greet();
        let head = one(rig.send(&rig.with(isn, 0, flag::PSH, b"HEAD / HTTP/1.1\r\n\r\n")));
        assert_eq!(head.flags, flag::PSH | flag::ACK | flag::FIN);
        assert_eq!(head.ack, 5019, "all of it");
        assert!(rig.is_said(Kind::Head, &head.data));
        let off = head.data.len() as u32 + 1;
        assert_eq!(rig.send(&rig.with(isn, off, 0, b"")), Fate::Dropped);
        let last = one(rig.send(&rig.with(isn, off, flag::FIN, b"")));
        assert_eq!(
            (last.seq, last.ack, last.flags),
            (isn.wrapping_add(1 + off), 5001, flag::ACK)
        );
        for (request, kind) in [
            (
                "OPTIONS / HTTP/1.1\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
                Kind::Preflight,
            ),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Kind::Preface),
        ] {
            let answer = one(rig.send(&rig.with(isn, 0, 0, request.as_bytes())));
            assert!(rig.is_said(kind, &answer.data), "{request}");
        }
        let json = answered(rig.send(&rig.with(
            isn,
            0,
            0,
            b"GET / HTTP/1.1\r\nAccept: application/json\r\n\r\n",
        )));
        assert!(
            json.last().unwrap().data.len() > 100 && json.last().unwrap().flags & flag::FIN != 0,
            "the page"
        );
    }
}

#[test]
fn modes_are_on_drain_and_off() {
    for way in WAYS {
        let mut rig = Rig::new(way, LONG);
        let isn = rig.greet();
        let (request, part) = (
            rig.with(isn, 0, 0, REQUEST),
            rig.with(isn, SEG + 7, 0, b"x"),
        );
        // At first only what we can have caused is ours: connections of real servers may be open.
        assert!(matches!(rig.send(&request), Fate::Answered(_)));
        assert_eq!(rig.send(&part), Fate::Passed);
        rig.wait(61);
        assert!(
            matches!(rig.send(&part), Fate::Answered(_)),
            "later everything within the page is"
        );
        rig.want(Wanted::Pass);
        assert_eq!(rig.send(&rig.syn()), Fate::Passed, "no new ones");
        assert!(
            matches!(rig.send(&request), Fate::Answered(_)),
            "those that are there go on"
        );
        assert_eq!(rig.send(&part), Fate::Passed);
        for off in [0, 1, SEG, 2 * SEG, rig.end(), rig.end() + 1] {
            assert_ne!(
                rig.send(&rig.with(isn, off, 0, b"x")),
                Fate::Passed,
                "{off}"
            );
        }
        rig.want(Wanted::Answer);
        assert_eq!(rig.greet(), isn);
        rig.want(Wanted::Pass);
        rig.wait(30);
        assert_eq!(rig.send(&request), Fate::Passed);
        assert_eq!(rig.send(&rig.syn()), Fate::Passed);
        let observed = rig.responder.observe().unwrap();
        assert_eq!(observed[0].1.mode, Some(layout::Mode::Off));
    }
}

#[test]
fn keys_take_turns_and_pages_stay_with_theirs() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let old = rig.greet();
        let old_page = one(rig.send(&rig.with(old, 0, 0, REQUEST))).data;
        rig.wait(31);
        rig.configure(SHORT + 50, Wanted::Answer);
        let new = rig.greet();
        assert_ne!(new, old, "another page has another key");
        let data = one(rig.send(&rig.with(old, 0, 0, REQUEST))).data;
        assert_eq!(
            data.len(),
            old_page.len(),
            "who began with the old page gets the old page"
        );
        let data = one(rig.send(&rig.with(new, 0, 0, REQUEST))).data;
        assert_eq!(data.len() as u32, rig.end());
        assert!(rig.is_said(Kind::Page, &data));
        rig.wait(31);
        rig.configure(SHORT + 60, Wanted::Answer);
        assert_eq!(
            rig.send(&rig.with(old, 0, 0, REQUEST)),
            Fate::Passed,
            "its slot has gone"
        );
        rig.wait(700);
        assert_ne!(rig.greet(), new, "periods end");
    }
}

#[test]
fn lists_are_asked_before_a_connection_begins() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let of = |networks: &[&str]| {
            networks
                .iter()
                .map(|network| network.parse().unwrap())
                .collect()
        };
        let denied = ["192.0.2.0/24", "2001:db8::/48"];
        let allowed = ["192.0.2.64/26", "2001:db8:0:1::/64"];
        let mut lists = Terms {
            lists: Lists {
                deny: of(&denied),
                allow: of(&allowed),
            },
            ..terms()
        };
        rig.responder.set_terms(lists.clone()).unwrap();
        assert_eq!(rig.send(&rig.syn()), Fate::Dropped);
        let near = match way.1 {
            Family::Four => ("192.0.2.65:1", "192.0.3.1:1"),
            Family::Six => ("[2001:db8:0:1::5]:1", "[2001:db8:1::5]:1"),
        };
        let client = std::mem::replace(&mut rig.client, near.0.parse().unwrap());
        assert_eq!(
            rig.send(&rig.syn()),
            Fate::Passed,
            "the longer prefix counts"
        );
        rig.client = near.1.parse().unwrap();
        rig.greet();
        lists.lists.deny.clear();
        rig.responder.set_terms(lists).unwrap();
        rig.client = client;
        rig.greet();
    }
}

#[test]
fn a_network_that_asks_too_often_is_not_answered_for_a_while() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        rig.responder
            .set_terms(Terms {
                rate: Some(10),
                ..terms()
            })
            .unwrap();
        let isn = rig.greet();
        let request = rig.with(isn, 0, 0, REQUEST);
        let fates: Vec<Fate> = (0..60).map(|_| rig.send(&request)).collect();
        let answered = fates
            .iter()
            .filter(|fate| matches!(fate, Fate::Answered(_)))
            .count();
        assert!((20..=30).contains(&answered), "{answered}");
        assert_eq!(fates.last(), Some(&Fate::Dropped));
        // Its neighbours share its bucket; others have theirs.
        rig.client = match way.1 {
            Family::Four => "192.0.2.99:1".parse().unwrap(),
            Family::Six => "[2001:db8:0:5::1]:1".parse().unwrap(),
        };
        let isn = rig.greet();
        assert_eq!(rig.send(&rig.with(isn, 0, 0, REQUEST)), Fate::Dropped);
        rig.client = match way.1 {
            Family::Four => "192.0.3.99:1".parse().unwrap(),
            Family::Six => "[2001:db8:0:500::1]:1".parse().unwrap(),
        };
        let isn = rig.greet();
        one(rig.send(&rig.with(isn, 0, 0, REQUEST)));
        let totals = rig.responder.totals().unwrap()[0].1;
        assert_eq!(totals[Count::Limited as usize] as usize, 61 - answered);
        assert_eq!(totals[Count::Page as usize] as usize, answered + 1);
    }
}

#[test]
fn without_a_lease_nothing_is_answered() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let now = now.tv_sec as u64 * 1_000_000_000;
        rig.responder.set_lease(now - 1_000_000_000).unwrap();
        assert_eq!(rig.send(&rig.syn()), Fate::Passed);
        rig.responder.set_lease(now + 60_000_000_000).unwrap();
        rig.greet();
    }
}

#[test]
fn a_tag_stays_where_it_is() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let greeting = one(rig.send(&Packet {
            tag: Some(42),
            ..rig.syn()
        }));
        assert_eq!(greeting.tag, Some(42));
        let request = Packet {
            tag: Some(42),
            ..rig.with(greeting.seq, 0, 0, REQUEST)
        };
        let answer = one(rig.send(&request));
        assert_eq!(answer.tag, Some(42));
        assert!(rig.is_said(Kind::Page, &answer.data));
    }
}

#[test]
fn one_of_so_many_requests_is_told_of() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        rig.responder
            .set_terms(Terms {
                sample: 4,
                ..terms()
            })
            .unwrap();
        let isn = rig.greet();
        for _ in 0..8 {
            one(rig.send(&rig.with(isn, 0, 0, REQUEST)));
        }
        let samples = rig.responder.samples(100);
        assert_eq!(samples.len(), 2);
        for sample in samples {
            assert_eq!(sample.site.as_deref(), Some("shop"));
            assert_eq!(sample.client, rig.client.ip());
            assert_eq!(*sample.head, *REQUEST);
        }
    }
}

/// Whatever stands in a packet, nothing is answered with more than was asked before it is proven that somebody is there; and what is not
/// answered is as it was.
#[test]
fn strangers_get_no_more_than_they_send() {
    for (way, body) in WAYS.into_iter().flat_map(|way| [(way, SHORT), (way, LONG)]) {
        let mut rig = Rig::new(way, body);
        let isn = rig.greet();
        let seeds = [
            rig.syn(),
            rig.with(isn, 0, 0, REQUEST),
            rig.with(isn, 0, 0, b""),
            rig.packet(flag::ACK),
        ];
        let seeds: Vec<Vec<u8>> = seeds.iter().map(Packet::to_frame).collect();
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..6000 {
            let mut frame = seeds[round % seeds.len()].clone();
            for _ in 0..random.usize(1..5) {
                let at = random.usize(..frame.len());
                frame[at] = random.u8(..);
            }
            if random.u8(..) < 40 {
                let least = if way.0 == Place::Ingress { 54 } else { 14 };
                frame.truncate(random.usize(least..=frame.len()));
            }
            let tried = rig.responder.try_on(&frame).unwrap();
            let passed = [(Place::Driver, 2), (Place::Ingress, u32::MAX)]
                .contains(&(rig.place, tried.action));
            let dropped =
                [(Place::Driver, 1), (Place::Ingress, 2)].contains(&(rig.place, tried.action));
            if passed {
                assert_eq!(tried.packet, frame);
            } else if !dropped && !proves(&rig, &frame) {
                assert!(tried.packet.len() <= frame.len().max(60), "{frame:?}");
            }
        }
    }
}

/// Whether a packet acknowledges what only a client of ours can know.
fn proves(rig: &Rig, frame: &[u8]) -> bool {
    let tcp = if frame.get(12) == Some(&8) { 34 } else { 54 };
    let Some(ports) = frame.get(tcp..tcp + 12) else {
        return false;
    };
    let (from, to) = if tcp == 34 { (26, 38) } else { (22, 58) };
    let ack = u32::from_be_bytes(ports[8..12].try_into().unwrap());
    let isn = siphash(rig.responder.config.key[0], &frame[from..to]);
    ack.wrapping_sub(isn.wrapping_add(1)) <= rig.end() + 1
}
