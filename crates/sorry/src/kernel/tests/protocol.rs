//! Every row of the protocol's table, as packets in and packets out, at both places and over both protocols.

use std::net::SocketAddr;

use sorry_bpf::layout::{Kind, SEGMENT};
use sorry_core::responder::flip::Wanted;

use super::super::load::Place;
use super::super::packet::{GAP, Packet, flag};
use super::rig::{Family, Fate, LONG, REQUEST, Rig, SHORT, WAYS, answered, one, siphash, speech};

const SEG: u32 = SEGMENT as u32;

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

/// A window of a SYN is never scaled (RFC 7323, section 2.2), so it says what there is room for.
#[test]
fn a_syn_without_room_for_a_few_segments_passes_where_the_page_has_several() {
    for way in WAYS {
        for (body, window, is_greeted) in [
            (SHORT, 1220, true),
            (LONG, 4096, true),
            (LONG, 4095, false),
            (LONG, 0, false),
        ] {
            let mut rig = Rig::new(way, body);
            let syn = Packet {
                window,
                ..rig.syn()
            };
            let fate = rig.send(&syn);
            assert_eq!(fate != Fate::Passed, is_greeted, "{body} {window} {fate:?}");
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
        with("a frame for many", 0, 3);
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
            with("from a multicast group", 26, 224);
            with("from loopback", 26, 127);
            with("from this network", 26, 0);
            with("UDP", 23, 17);
            with("an IP length too small", 17, 39);
        } else {
            with("an extension header", 20, 0);
            with("from a multicast group", 22, 0xff);
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

/// One right checksum in 65536 is what senders leave to be finished by a device; it is finished all the same.
#[test]
fn a_checksum_that_looks_unfinished_is_answered_with_one_that_is_right() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let isn = rig.greet();
        for packet in [
            rig.syn(),
            rig.with(isn, 0, flag::PSH, REQUEST),
            rig.with(isn, rig.end() + 1, flag::FIN, b""),
        ] {
            let unlucky = (0..1 << 20)
                .map(|seq| Packet {
                    seq,
                    ..packet.clone()
                })
                .find(Packet::looks_unfinished)
                .expect("one in 65536 is");
            // Reading it compares the checksum.
            one(rig.send(&unlucky));
        }
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
                options: GAP.to_vec(),
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

/// Every number of segments has a map of devices of its own.
#[test]
fn pages_of_every_number_of_segments_leave_whole() {
    for family in [Family::Four, Family::Six] {
        let mut rig = Rig::new((Place::Driver, family), LONG);
        for segments in 2..=10 {
            rig.wait(31);
            let head = speech(LONG).end(Kind::Head);
            rig.configure(segments * SEGMENT - head - 2, Wanted::Answer);
            assert_eq!(rig.end().div_ceil(SEG) as usize, segments);
            let isn = rig.greet();
            let packets = answered(rig.send(&rig.with(isn, 0, flag::PSH, REQUEST)));
            let page: Vec<u8> = packets
                .iter()
                .flat_map(|packet| packet.data.clone())
                .collect();
            assert!(rig.is_said(Kind::Page, &page), "{segments}");
            assert_eq!(packets.len(), segments);
        }
    }
}

/// What a client hears is as old as a second at most.
#[test]
fn retry_after_comes_nearer() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        rig.until = Some(rig.now.wall.0 / 1000 + 400);
        rig.configure(SHORT, Wanted::Answer);
        rig.wait(31);
        let isn = rig.greet();
        let ask = |rig: &mut Rig| {
            let data = one(rig.send(&rig.with(isn, 0, flag::PSH, REQUEST))).data;
            assert!(rig.is_said(Kind::Page, &data));
            let text = String::from_utf8(data).unwrap();
            let (_, rest) = text.split_once("Retry-After:").unwrap();
            let number: u64 = rest.split_once('\r').unwrap().0.trim().parse().unwrap();
            number
        };
        let first = ask(&mut rig);
        rig.wait(200);
        assert!(ask(&mut rig) < first);
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
