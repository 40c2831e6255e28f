//! That the world is one to be believed: an ordinary server answers every client in it, packets are lost where they should be and
//! nowhere else, and nothing of it is left behind. What is tested here is the stage, not what will stand on it.

use std::path::Path;
use std::time::{Duration, Instant};

use super::clients::{Asks, Sends, Visit, curl, http_client, sha256, socket, wget};
use super::crowd::{Reuse, ab, crowd, wrk};
use super::namespace::Namespace;
use super::nginx::Nginx;
use super::program::{Attached, Verdict, attach, attached};
use super::sight::{browser, see};
use super::world::{Family, World};
use crate::harness::{PATIENCE, SORRY, Server, until};

/// Of 1.2 KB: one segment.
fn page() -> String {
    let head = "<!doctype html><html lang=en><meta charset=utf-8><title>Back soon</title>\
                <style>body{background:linear-gradient(#036,#fc9);color:#fff;font:40px sans-serif}</style>\
                <h1>We’ll be back soon</h1><p>";
    let words = "shelves ".repeat((1200 - head.len()) / 8);
    format!("{head}{words}")
}

/// `came` is the whole page, or, of HEAD, nothing.
fn assert_refused(visit: &Visit, page: &str, came: &str, what: &str) {
    assert_eq!(visit.error, None, "{what}: {visit:?}");
    assert_eq!(visit.status, Some(503), "{what}: {visit:?}");
    assert_eq!(visit.announced, Some(page.len()), "{what}: {visit:?}");
    assert_eq!(visit.length, came.len(), "{what}: {visit:?}");
    assert_eq!(visit.digest, sha256(came.as_bytes()), "{what}: {visit:?}");
    assert!(visit.seconds < 10.0, "{what}: {visit:?}");
}

fn assert_all_are_refused(world: &World, page: &str) {
    for family in Family::BOTH {
        for asks in Asks::ALL {
            let came = if let Asks::Head = asks { "" } else { page };
            let visit = curl(world, family, asks);
            assert_refused(&visit, page, came, &format!("curl {asks:?} {family:?}"));
        }
        for sends in Sends::ALL {
            let visit = socket(world, family, sends);
            assert_refused(&visit, page, page, &format!("socket {sends:?} {family:?}"));
        }
        let visit = wget(world, family);
        assert_refused(&visit, page, page, &format!("wget {family:?}"));
        let visit = http_client(world, family);
        assert_refused(&visit, page, page, &format!("http.client {family:?}"));
    }
}

#[test]
fn every_client_reads_the_page_across_the_wire() {
    let world = World::routed();
    let page = page();
    let _nginx = Nginx::serve(&world, &page);
    assert_all_are_refused(&world, &page);
    // Bytes that go out one by one are many segments.
    let sent = || world.client().counter("Tcp", "OutSegs");
    let before = sent();
    socket(&world, Family::V4, Sends::ByteByByte);
    assert!(sent() > before + 60, "{} segments", sent() - before);
}

#[test]
fn every_client_reads_the_page_of_a_neighbour() {
    let world = World::direct();
    let page = page();
    let _nginx = Nginx::serve(&world, &page);
    assert_all_are_refused(&world, &page);
}

#[test]
fn load_generators_count_every_answer() {
    let world = World::routed();
    let page = page();
    let _nginx = Nginx::serve(&world, &page);
    for family in Family::BOTH {
        let load = ab(&world, family, 500, 20);
        assert_eq!(
            (load.complete, load.refused, load.failed),
            (500, 500, 0),
            "{}",
            load.said
        );
        let came = crowd(&world, family, 500, 200, Duration::from_secs(20));
        assert_eq!(came.finished, 500, "{came:?}");
        assert_eq!(came.statuses, [(503, 500)].into(), "{came:?}");
        assert_eq!(
            came.digests,
            [(sha256(page.as_bytes()), 500)].into(),
            "{came:?}"
        );
        assert!(came.errors.is_empty(), "{came:?}");
        let ordered = [0.0, came.p50, came.p90, came.p99, came.max, came.seconds];
        assert!(ordered.is_sorted(), "{came:?}");
    }
    for reuse in [Reuse::KeepAlive, Reuse::Close] {
        let load = wrk(&world, Family::V4, reuse, 16, 1);
        assert!(load.complete > 100, "{}", load.said);
        assert_eq!(
            (load.refused, load.failed),
            (load.complete, 0),
            "{}",
            load.said
        );
    }
}

#[test]
fn a_browser_shows_the_page() {
    let world = World::routed();
    let nginx = Nginx::serve(&world, &page());
    let browser = browser(&world);
    for family in Family::BOTH {
        let name = format!("world-{family:?}").to_lowercase();
        let sight = see(&browser, &world, family, &name);
        assert_eq!(sight.error, None, "{sight:?}");
        assert_eq!(sight.status, Some(503), "{sight:?}");
        assert_eq!(sight.title, "Back soon", "{sight:?}");
        assert!(sight.text.starts_with("We’ll be back soon"), "{sight:?}");
        assert!(!sight.picture.is_blank(), "{sight:?}");
    }
    drop(nginx);
    let sight = see(&browser, &world, Family::V4, "world-refused");
    let error = sight.error.as_deref().unwrap_or_default();
    assert!(error.contains("net::ERR_CONNECTION_REFUSED"), "{sight:?}");
    assert_eq!(sight.status, None, "{sight:?}");
}

#[test]
fn our_own_server_answers_there() {
    let world = World::direct();
    let mut command = world.server().command(SORRY);
    command.args(["serve", "--listen", "[::]:80"]);
    let _server = Server::spawn(command);
    for family in Family::BOTH {
        let visit = curl(&world, family, Asks::Get);
        assert_eq!((visit.status, visit.error), (Some(503), None));
        assert_eq!(visit.announced, Some(visit.length));
    }
}

#[test]
fn where_nobody_listens_clients_say_so() {
    let world = World::direct();
    let visits = [
        curl(&world, Family::V4, Asks::Get),
        wget(&world, Family::V6),
        http_client(&world, Family::V4),
        socket(&world, Family::V6, Sends::InSegments),
    ];
    for visit in visits {
        assert_eq!((visit.status, visit.length), (None, 0), "{visit:?}");
        assert_eq!(visit.digest, sha256(b""), "{visit:?}");
        let error = visit.error.unwrap_or_default().to_lowercase();
        let refused = ["refused", "couldn't connect", "failed to connect"];
        assert!(refused.iter().any(|words| error.contains(words)), "{error}");
    }
    let came = crowd(&world, Family::V4, 10, 10, Duration::from_secs(10));
    assert_eq!(came.finished, 0, "{came:?}");
    assert_eq!(came.errors.values().sum::<u64>(), 10, "{came:?}");
    let load = ab(&world, Family::V4, 10, 10);
    assert_eq!(load.complete, 0, "{}", load.said);
}

#[test]
fn a_wire_that_loses_a_fifth_delays_and_refuses_nobody() {
    let world = World::routed().in_a_hurry();
    let page = page();
    let _nginx = Nginx::serve(&world, &page);
    let before = world.retransmissions();

    world.loss(20);
    let deadline = Duration::from_secs(120);
    let came = std::thread::scope(|scope| {
        let visit = |family| crowd(&world, family, 50, 50, deadline);
        let crowds = Family::BOTH.map(|family| scope.spawn(move || visit(family)));
        crowds.map(|crowd| crowd.join().expect("it is counted"))
    });
    for came in came {
        assert_eq!(came.finished, 50, "{came:?}");
        assert_eq!(came.digests, [(sha256(page.as_bytes()), 50)].into());
    }
    // Ten packets or so belong to a connection.
    assert!(world.lost() > 50, "{} were lost", world.lost());
    let again = world.retransmissions() - before;
    assert!(again > 20, "{again} were sent again");
    assert_eq!(world.client().counter("Tcp", "InCsumErrors"), 0);

    world.loss(0);
    let came = crowd(&world, Family::V4, 100, 50, deadline);
    assert_eq!(came.finished, 100, "{came:?}");
    // The first time to wait for what was lost is 200 ms, and for what opens a connection a second.
    assert!(came.p90 < 0.2, "{came:?}");
}

/// Which needs a program at the peer, too.
#[test]
fn what_an_xdp_program_sends_back_reaches_the_peer() {
    for world in [World::routed(), World::direct()] {
        let (server, device) = (world.server(), world.device());
        let (peer, end) = (world.peer(), world.peer_device());
        assert_eq!(attached(server, device), Attached::Not);
        attach(server, device, Verdict::Transmit);
        assert_eq!(attached(server, device), Attached::Native);
        let shown = peer.must("ethtool", &["-k", end]);
        assert!(shown.contains("generic-receive-offload: on"), "{shown}");

        // That many are nobody else's: of its own accord the server's kernel looks for routers and groups now and then. Its hardware
        // address is known to the peer since the world was opened.
        let before = counted(peer, end, "rx_queue_0_xdp_packets");
        let address = (world.address(Family::V4), 9);
        peer.within(|| {
            let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
            for _ in 0..50 {
                socket.send_to(b"anybody?", address).expect("send");
            }
        });
        let returned =
            || (counted(peer, end, "rx_queue_0_xdp_packets") >= before + 50).then_some(());
        until(Instant::now() + PATIENCE, returned, "all packets are back");
        assert!(counted(server, device, "rx_queue_0_xdp_tx") >= 50);
        assert_eq!(counted(server, device, "rx_queue_0_xdp_tx_errors"), 0);
    }
}

/// One of the driver's own counters.
fn counted(namespace: &Namespace, device: &str, name: &str) -> u64 {
    let shown = namespace.must("ethtool", &["-S", device]);
    let mut lines = shown
        .lines()
        .filter_map(|line| line.trim().split_once(": "));
    let found = lines.find(|(own, _)| *own == name);
    let (_, value) = found.unwrap_or_else(|| panic!("no {name} in {shown}"));
    value.parse().expect("a number")
}

#[test]
fn worlds_exist_side_by_side_and_leave_nothing_behind_even_by_a_panic() {
    let make = |number: usize| {
        std::panic::catch_unwind(move || -> (Vec<String>, u32) {
            let world = if number.is_multiple_of(2) {
                World::direct()
            } else {
                World::routed()
            };
            let nginx = Nginx::serve(&world, "back soon");
            let visit = curl(&world, Family::V6, Asks::Get);
            assert_eq!(visit.length, 9, "{visit:?}");
            let names = world.names();
            assert!(names.iter().all(|name| Namespace::is_known(name)));
            // As a failed assertion, but without its message in the output of the tests.
            std::panic::resume_unwind(Box::new((names, nginx.pid())))
        })
    };
    let panics = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..4)
            .map(|number| scope.spawn(move || make(number)))
            .collect();
        let ended = makers
            .into_iter()
            .map(|maker| maker.join().expect("it is caught"));
        ended.collect::<Vec<_>>()
    });
    for panic in panics {
        let panic = panic.expect_err("each has panicked");
        let (names, nginx) = *panic
            .downcast::<(Vec<String>, u32)>()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        for name in names {
            assert!(!Namespace::is_known(&name), "{name} is left behind");
        }
        let process = Path::new("/proc").join(nginx.to_string());
        assert!(!process.exists(), "nginx {nginx} is left behind");
    }
}
