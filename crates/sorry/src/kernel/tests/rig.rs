//! A responder that is attached to nothing, and a client that sends it packets by way of the kernel's trials: for the tests of its programs.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sorry_bpf::layout::Kind;
use sorry_core::answer::template::{Hole, Template};
use sorry_core::moment::{Moment, Tick, Wall};
use sorry_core::responder::flip::{self, Company, Wanted};
use sorry_core::responder::rotation;
use sorry_core::retry_after::Promise;

use super::super::lists::Lists;
use super::super::load::Place;
use super::super::packet::{OFFER, Packet, flag};
use super::super::responder::{Responder, Subject, Terms};
use super::super::secret::Secret;
use super::super::speech::{AltSvc, Group, Speech};
use crate::page::prepared::{Answers, Settings};
use crate::page::{Document, Page};

/// Both places and both protocols.
pub(in crate::kernel) const WAYS: [(Place, Family); 4] = [
    (Place::Driver, Family::Four),
    (Place::Driver, Family::Six),
    (Place::Ingress, Family::Four),
    (Place::Ingress, Family::Six),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::kernel) enum Family {
    Four,
    Six,
}

/// What became of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::kernel) enum Fate {
    /// It goes on, not a bit of it changed.
    Passed,
    Dropped,
    /// These came back.
    Answered(Vec<Packet>),
}

pub(in crate::kernel) struct Rig {
    pub(in crate::kernel) responder: Responder,
    pub(in crate::kernel) place: Place,
    pub(in crate::kernel) client: SocketAddr,
    pub(in crate::kernel) server: SocketAddr,
    pub(in crate::kernel) now: Moment,
    pub(in crate::kernel) body: usize,
    pub(in crate::kernel) company: Company,
    pub(in crate::kernel) until: Option<u64>,
}

pub(in crate::kernel) const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n\r\n";

pub(in crate::kernel) fn terms() -> Terms {
    Terms {
        lists: Lists::default(),
        rate: None,
        sample: 0,
        mtu: 1500,
        rotation: rotation::Times {
            period: Duration::from_secs(600),
            rest: Duration::from_secs(30),
        },
        flip: flip::Times {
            drain: Duration::from_secs(30),
            strict: Duration::from_secs(60),
        },
    }
}

/// What is said with a page of so many bytes; no two of them at the distance
/// of a segment are the same.
pub(in crate::kernel) fn speech(body: usize) -> Speech {
    let body = (0..body).map(|at| b'a' + u8::try_from(at % 23).unwrap_or(0));
    Speech::new(&answers(body.collect()), AltSvc::Silent).unwrap()
}

/// The answers of a site whose HTML is `body`.
pub(in crate::kernel) fn answers(body: Vec<u8>) -> Answers {
    let page = Page {
        html: vec![Document {
            language: "en".into(),
            body: Bytes::from(body),
            csp: "".into(),
            encoded: Default::default(),
        }],
        problem_json: Template::new()
            .text("{\"retry_after\":")
            .hole(Hole::RetryAfter)
            .text(",\"request_id\":\"")
            .hole(Hole::Id)
            .text("\"}"),
        xml: Template::new().text("<problem/>"),
        text: vec![("en".into(), Template::new().text("down\n"))],
        event_stream: Template::new().text("event: sorry\n\n"),
        assets: vec![],
        warnings: vec![],
        digest: "".into(),
    };
    Answers::new(&page, &Settings::default())
}

pub(in crate::kernel) fn promise() -> Promise {
    Promise {
        default: 120,
        until: None,
        salt: 1,
    }
}

impl Rig {
    /// One whose page has so many bytes without its head; it answers.
    pub(in crate::kernel) fn new(way: (Place, Family), body: usize) -> Rig {
        let mut rig = Rig::silent(way);
        rig.configure(body, Wanted::Answer);
        rig
    }

    /// One that was told nothing yet.
    pub(in crate::kernel) fn silent((place, family): (Place, Family)) -> Rig {
        // A segment's state is kept by the processor that made the template.
        let here = rustix::thread::sched_getcpu();
        let mut one = rustix::thread::CpuSet::new();
        one.set(here);
        rustix::thread::sched_setaffinity(None, &one).unwrap();
        let secret = Secret::shared(b"0123456789abcdef");
        let responder = Responder::new(place, secret, terms())
            .expect("eBPF programs are loaded: run the tests as root, on Linux 5.19 or later");
        let (client, server) = match family {
            Family::Four => ("192.0.2.7:40000", "198.51.100.1:80"),
            Family::Six => ("[2001:db8::7]:40000", "[2001:db8:1::1]:80"),
        };
        Rig {
            responder,
            place,
            client: client.parse().unwrap(),
            server: server.parse().unwrap(),
            now: Moment {
                tick: Tick(1_000_000),
                wall: Wall(1_800_000_000_000),
            },
            body: 0,
            company: Company::Alone,
            until: None,
        }
    }

    pub(in crate::kernel) fn configure(&mut self, body: usize, wanted: Wanted) {
        self.body = body;
        let subject = Subject {
            name: "shop".into(),
            vips: vec![self.server],
            speech: speech(body),
            promise: self.promise(),
            wanted,
            company: self.company,
        };
        self.responder.configure(vec![subject], self.now).unwrap();
    }

    pub(in crate::kernel) fn want(&mut self, wanted: Wanted) {
        self.responder.want("shop", wanted, self.now).unwrap();
    }

    /// So much later.
    pub(in crate::kernel) fn wait(&mut self, seconds: u64) {
        self.now.tick.0 += seconds * 1000;
        self.now.wall.0 += seconds * 1000;
        self.responder.look(self.now).unwrap();
    }

    fn promise(&self) -> Promise {
        Promise {
            until: self.until,
            ..promise()
        }
    }

    pub(in crate::kernel) fn end(&self) -> u32 {
        u32::try_from(speech(self.body).end(Kind::Page)).unwrap()
    }

    /// What is said now to this client, by kind; any of the groups may be the client's.
    pub(in crate::kernel) fn is_said(&self, kind: Kind, bytes: &[u8]) -> bool {
        let now = self.now.wall.0 / 1000;
        (0..8).any(|number| {
            speech(self.body)
                .said(kind, &self.promise(), now, Group { number, of: 8 })
                .as_deref()
                == Some(bytes)
        })
    }

    pub(in crate::kernel) fn packet(&self, flags: u8) -> Packet {
        Packet::new(self.client, self.server, flags)
    }

    pub(in crate::kernel) fn syn(&self) -> Packet {
        Packet {
            options: OFFER.to_vec(),
            ..self.packet(flag::SYN)
        }
    }

    /// The first sequence number that we are given.
    pub(in crate::kernel) fn greet(&mut self) -> u32 {
        let syn = self.syn();
        match self.send(&syn) {
            Fate::Answered(greeting) => greeting[0].seq,
            other => panic!("{other:?}"),
        }
    }

    /// A packet of a connection that has so many bytes of the answer.
    pub(in crate::kernel) fn with(&self, isn: u32, off: u32, flags: u8, data: &[u8]) -> Packet {
        Packet {
            ack: isn.wrapping_add(1).wrapping_add(off),
            seq: 5000,
            data: data.to_vec(),
            ..self.packet(flag::ACK | flags)
        }
    }

    pub(in crate::kernel) fn send(&mut self, packet: &Packet) -> Fate {
        self.send_frame(&packet.to_frame())
    }

    pub(in crate::kernel) fn send_frame(&mut self, frame: &[u8]) -> Fate {
        let tried = self.responder.try_on(frame).unwrap();
        let read =
            |frame: &[u8]| Packet::read(frame).unwrap_or_else(|wrong| panic!("{wrong}: {frame:?}"));
        match (self.place, tried.action) {
            (Place::Driver, 2) | (Place::Ingress, u32::MAX) => {
                assert_eq!(tried.packet, frame, "what passes is not touched");
                Fate::Passed
            }
            (Place::Driver, 1) | (Place::Ingress, 2) => Fate::Dropped,
            (Place::Driver, 3) | (Place::Ingress, 7) => Fate::Answered(vec![read(&tried.packet)]),
            (Place::Driver, 4) => Fate::Answered(self.copies(&tried.packet)),
            (place, action) => panic!("{place:?} returned {action}"),
        }
    }

    /// The segments that are made of a template, until there are no more.
    fn copies(&mut self, template: &[u8]) -> Vec<Packet> {
        let mut all = Vec::new();
        loop {
            let tried = self.responder.try_segment_on(template).unwrap();
            match tried.action {
                2 => all.push(Packet::read(&tried.packet).unwrap()),
                1 => return all,
                other => panic!("{other}"),
            }
        }
    }
}

/// A page of one segment, and one of several, without their heads.
pub(in crate::kernel) const SHORT: usize = 300;
pub(in crate::kernel) const LONG: usize = 5000;

pub(in crate::kernel) fn answered(fate: Fate) -> Vec<Packet> {
    match fate {
        Fate::Answered(packets) => packets,
        other => panic!("{other:?}"),
    }
}

pub(in crate::kernel) fn one(fate: Fate) -> Packet {
    let mut packets = answered(fate);
    assert_eq!(packets.len(), 1);
    packets.remove(0)
}

/// By the paper's definition, for whole messages.
pub(in crate::kernel) fn siphash(key: [u64; 2], message: &[u8]) -> u32 {
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
