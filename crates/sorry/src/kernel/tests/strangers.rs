//! Packets of nobody in particular.

use sorry_core::responder::flip::Wanted;

use super::super::load::Place;
use super::super::packet::{Packet, flag};
use super::rig::{LONG, REQUEST, Rig, SHORT, WAYS, siphash};

/// Whatever stands in a packet, nothing is answered with more than was asked before it is proven that somebody is there; and what is not
/// answered is as it was. While it drains nobody new is answered at all.
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
        for wanted in [Wanted::Answer, Wanted::Pass] {
            rig.want(wanted);
            for round in 0..4000 {
                let seed = &seeds[round % seeds.len()];
                let frame = match round % 5 {
                    0 => anything(seed, &mut random),
                    _ => nearly(seed, way.0, &mut random),
                };
                judge(&mut rig, &frame, wanted);
            }
        }
    }
}

/// The kernel runs programs on nothing shorter.
fn least(place: Place) -> usize {
    if place == Place::Ingress { 54 } else { 14 }
}

/// A packet that is nearly the seed.
fn nearly(seed: &[u8], place: Place, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut frame = seed.to_vec();
    for _ in 0..random.usize(1..5) {
        let at = random.usize(..frame.len());
        frame[at] = random.u8(..);
    }
    if random.u8(..) < 40 {
        frame.truncate(random.usize(least(place)..=frame.len()));
    }
    frame
}

/// Bytes of chance behind as much of the seed as brings them to the next question.
fn anything(seed: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let kept = [0, 12, 14, 24, 34, 47, 54][random.usize(..7)];
    let length = random.usize(64..1500);
    let mut frame = seed[..kept].to_vec();
    frame.extend(std::iter::repeat_with(|| random.u8(..)).take(length - kept));
    frame
}

fn judge(rig: &mut Rig, frame: &[u8], wanted: Wanted) {
    let tried = rig.responder.try_on(frame).unwrap();
    let is = |driver, ingress| match rig.place {
        Place::Driver => tried.action == driver,
        Place::Ingress => tried.action == ingress,
    };
    if is(2, u32::MAX) {
        assert_eq!(tried.packet, frame);
    } else if !is(1, 2) && !proves(rig, frame) {
        assert_eq!(wanted, Wanted::Answer, "{frame:?}");
        assert!(tried.packet.len() <= frame.len(), "{frame:?}");
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
