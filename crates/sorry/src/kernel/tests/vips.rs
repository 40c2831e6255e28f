//! Many addresses: each is found, one that has no room hurts nobody else.

use std::net::{Ipv6Addr, SocketAddr};

use sorry_bpf::layout::{TOGETHER, VIPS, place_of};
use sorry_core::responder::flip::{Company, Mode, Wanted};

use super::super::load::{LoadError, Place};
use super::super::responder::Subject;
use super::rig::{Family, Fate, Rig, promise, speech};

fn many(range: std::ops::Range<u16>) -> Vec<SocketAddr> {
    let of = |number| {
        SocketAddr::new(
            Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, number).into(),
            80,
        )
    };
    range.map(of).collect()
}

fn subject(vips: Vec<SocketAddr>) -> Subject {
    Subject {
        name: "shop".into(),
        vips,
        speech: speech(300),
        promise: promise(),
        wanted: Wanted::Answer,
        company: Company::Alone,
    }
}

fn answers(rig: &mut Rig, vip: SocketAddr) -> bool {
    rig.server = vip;
    matches!(rig.send(&rig.syn()), Fate::Answered(_))
}

/// So many that are found at one place.
fn together(count: usize) -> Vec<SocketAddr> {
    let place = |vip: &SocketAddr| match vip.ip() {
        std::net::IpAddr::V6(six) => place_of(six.octets(), vip.port().to_be_bytes()),
        std::net::IpAddr::V4(_) => unreachable!("they are IPv6"),
    };
    let all = many(0..60_000);
    let first = place(&all[0]);
    let found: Vec<_> = all.into_iter().filter(|vip| place(vip) == first).collect();
    found[..count].to_vec()
}

#[test]
fn as_many_as_there_is_room_for_are_answered_for() {
    let mut rig = Rig::new((Place::Driver, Family::Six), 300);
    let most = u16::try_from(VIPS).unwrap();
    let all = many(0..most);
    rig.responder
        .configure(vec![subject(all.clone())], rig.now)
        .unwrap();
    assert!(all.iter().all(|vip| answers(&mut rig, *vip)));
    for stranger in many(most..most + 100) {
        assert!(!answers(&mut rig, stranger), "{stranger}");
    }
    let more = many(0..most + 1);
    let error = rig
        .responder
        .configure(vec![subject(more.clone())], rig.now);
    assert!(
        matches!(error, Err(LoadError::Crowded(vip)) if Some(&vip) == more.last()),
        "{error:?}"
    );
    assert!(answers(&mut rig, more[0]));
}

#[test]
fn one_too_many_at_a_place_passes_and_the_others_do_not() {
    let mut rig = Rig::new((Place::Driver, Family::Six), 300);
    let all = together(TOGETHER + 1);
    let elsewhere = many(1..3);
    let asked = [all.clone(), elsewhere.clone()].concat();
    let error = rig
        .responder
        .configure(vec![subject(asked)], rig.now)
        .unwrap_err();
    assert!(
        error.to_string().contains(&all[TOGETHER].to_string()),
        "{error}"
    );
    for vip in all[..TOGETHER].iter().chain(&elsewhere) {
        assert!(answers(&mut rig, *vip), "{vip}");
    }
    assert!(!answers(&mut rig, all[TOGETHER]));
    let observed = rig.responder.observe().unwrap();
    let of = |vip| {
        observed
            .iter()
            .find(|(_, one)| one.vip == vip)
            .unwrap()
            .1
            .mode
    };
    assert_eq!(of(all[TOGETHER]), None);
    assert_eq!(of(all[0]), Some(Mode::On));

    // When one has gone, which drains first, there is room.
    let left = [&all[1..], &elsewhere[..]].concat();
    let error = rig
        .responder
        .configure(vec![subject(left.clone())], rig.now);
    assert!(matches!(error, Err(LoadError::Crowded(_))), "{error:?}");
    assert!(
        rig.responder
            .desired()
            .all(|(_, vip, _)| vip != all[TOGETHER])
    );
    rig.wait(30);
    assert!(left.iter().all(|vip| answers(&mut rig, *vip)));
    assert!(!answers(&mut rig, all[0]));
}

#[test]
fn one_address_with_two_ports_is_two() {
    let mut rig = Rig::new((Place::Driver, Family::Four), 300);
    let [http, other, no]: [SocketAddr; 3] =
        ["198.51.100.1:80", "198.51.100.1:8080", "198.51.100.1:81"].map(|vip| vip.parse().unwrap());
    rig.responder
        .configure(vec![subject(vec![http, other])], rig.now)
        .unwrap();
    assert!(answers(&mut rig, http) && answers(&mut rig, other) && !answers(&mut rig, no));
}
