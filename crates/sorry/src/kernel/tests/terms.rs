//! Modes, keys, lists, limits, samples: what else decides whether a packet is answered.

use sorry_bpf::layout::{Count, Kind, SEGMENT};
use sorry_core::responder::flip::{Company, Mode, Wanted};

use super::super::lists::Lists;
use super::super::packet::{GAP, Packet, flag};
use super::super::responder::{Subject, Terms};
use super::rig::{Family, Fate, LONG, REQUEST, Rig, SHORT, WAYS, one, promise, speech, terms};

const SEG: u32 = SEGMENT as u32;

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
        assert_eq!(observed[0].1.mode, Some(Mode::Off));
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
fn a_page_that_changes_soon_after_another_waits_and_is_never_mixed_with_it() {
    for way in WAYS {
        let mut rig = Rig::new(way, LONG);
        let old = rig.greet();
        let old_end = rig.end();
        rig.wait(2);
        rig.configure(LONG + 3000, Wanted::Answer);
        let first = |rig: &mut Rig, isn| {
            let gap = Packet {
                options: GAP.to_vec(),
                ..rig.with(isn, 0, 0, b"")
            };
            String::from_utf8(one(rig.send(&gap)).data).unwrap()
        };
        for _second in 0..3 {
            rig.wait(1);
            let data = first(&mut rig, old);
            assert!(
                data.contains(&format!("Content-Length: {LONG}\r\n")),
                "{data}"
            );
        }
        assert_eq!(rig.greet(), old, "the last change is too near");
        assert_ne!(rig.send(&rig.with(old, old_end + 1, 0, b"x")), Fate::Passed);
        rig.wait(30);
        let new = rig.greet();
        assert_ne!(new, old);
        assert!(first(&mut rig, new).contains(&format!("Content-Length: {}\r\n", LONG + 3000)));
        assert!(first(&mut rig, old).contains(&format!("Content-Length: {LONG}\r\n")));
    }
}

#[test]
fn what_the_configuration_has_no_more_drains() {
    for way in WAYS {
        let mut rig = Rig::new(way, SHORT);
        let isn = rig.greet();
        let request = rig.with(isn, 0, 0, REQUEST);
        rig.responder.configure(vec![], rig.now).unwrap();
        assert_eq!(rig.send(&rig.syn()), Fate::Passed, "no new ones");
        let data = one(rig.send(&request)).data;
        assert!(rig.is_said(Kind::Page, &data));
        rig.wait(29);
        assert!(matches!(rig.send(&request), Fate::Answered(_)));
        rig.wait(1);
        assert_eq!(rig.send(&request), Fate::Passed);
        assert_eq!(rig.responder.observe().unwrap(), []);
        // An address that goes to another site is that one's at once.
        rig.configure(SHORT, Wanted::Answer);
        rig.wait(31);
        let subject = |name: &str, vips| Subject {
            name: name.into(),
            vips,
            speech: speech(SHORT + 40),
            promise: promise(),
            wanted: Wanted::Answer,
            company: Company::Alone,
        };
        let other = "198.51.100.2:80".parse().unwrap();
        let both = vec![
            subject("shop", vec![other]),
            subject("other", vec![rig.server]),
        ];
        rig.responder.configure(both, rig.now).unwrap();
        let modes: Vec<_> = rig.responder.desired().collect();
        assert_eq!(
            modes,
            [("shop", other, Mode::On), ("other", rig.server, Mode::On)]
        );
    }
}

/// A connection that moves much crosses the page's numbers every 4 GiB.
#[test]
fn connections_of_real_servers_pass_whatever_they_acknowledge() {
    for way in WAYS {
        let mut rig = Rig::new(way, LONG);
        rig.company = Company::RealServers;
        rig.configure(LONG, Wanted::Answer);
        rig.wait(200);
        let isn = rig.greet();
        for off in [2, 100, SEG + 1, rig.end() - 1] {
            assert_eq!(
                rig.send(&rig.with(isn, off, 0, b"x")),
                Fate::Passed,
                "{off}"
            );
        }
        // Even at one of ours: we agree to no timestamps.
        let stamped = Packet {
            options: vec![1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
            ..rig.with(isn, SEG, 0, b"x")
        };
        assert_eq!(rig.send(&stamped), Fate::Passed);
        let reset = Packet {
            options: stamped.options.clone(),
            ..rig.with(isn, SEG, flag::RST, b"")
        };
        assert_eq!(rig.send(&reset), Fate::Passed);
    }
}

#[test]
fn a_site_that_is_renamed_answers_to_the_end_and_a_new_one_has_counted_nothing() {
    for way in WAYS {
        let mut rig = Rig::new(way, LONG);
        let old = rig.greet();
        rig.wait(31);
        let subject = |name: &str, vip, body| Subject {
            name: name.into(),
            vips: vec![vip],
            speech: speech(body),
            promise: promise(),
            wanted: Wanted::Answer,
            company: Company::Alone,
        };
        let renamed = subject("store", rig.server, LONG + 1500);
        rig.responder.configure(vec![renamed], rig.now).unwrap();
        let last = rig.end() / SEG * SEG;
        let gap = Packet {
            options: GAP.to_vec(),
            ..rig.with(old, last, 0, b"")
        };
        let bytes = one(rig.send(&gap)).data.len();
        assert_eq!(
            last + bytes as u32,
            rig.end(),
            "the page that it has begun with"
        );
        assert_ne!(rig.greet(), old);
        let connections = |rig: &Rig| {
            let (name, totals) = rig.responder.totals().unwrap().remove(0);
            (name, totals[Count::Syn as usize])
        };
        assert_eq!(connections(&rig), ("store".into(), 2));
        let other = subject("other", "198.51.100.2:80".parse().unwrap(), SHORT);
        rig.responder.configure(vec![other], rig.now).unwrap();
        assert_eq!(connections(&rig), ("other".into(), 0));
        assert_eq!(rig.send(&rig.syn()), Fate::Passed);
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
        let mut told = String::new();
        for _ in 0..8 {
            let answer = one(rig.send(&rig.with(isn, 0, 0, REQUEST)));
            let lines = String::from_utf8(answer.data).unwrap();
            let mut lines = lines.lines().map(str::to_owned);
            told = lines.find(|line| line.starts_with("Retry-After")).unwrap();
        }
        let samples = rig.responder.samples(100, rig.now);
        assert_eq!(samples.len(), 2);
        for sample in samples {
            let seconds = told.rsplit(' ').next().unwrap().parse().ok();
            assert_eq!(sample.retry_after, seconds, "{told}");
            assert_eq!(sample.site.as_deref(), Some("shop"));
            assert_eq!(sample.client, rig.client.ip());
            assert_eq!(*sample.head, *REQUEST);
        }
    }
}
