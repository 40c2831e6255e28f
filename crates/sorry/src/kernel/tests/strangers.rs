//! Packets of nobody in particular.

use super::super::load::Place;
use super::super::packet::{Packet, flag};
use super::rig::{LONG, REQUEST, Rig, SHORT, WAYS, siphash};

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
                assert!(tried.packet.len() <= frame.len(), "{frame:?}");
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
