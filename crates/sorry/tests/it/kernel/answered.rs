//! Real clients are answered by the kernel, and do not notice; a wire that loses packets delays them, and refuses nobody.

use super::clients::{Asks, Sends, Visit, curl, http_client, sha256, socket, wget};
use super::crowd::{Reuse, ab, crowd, wrk};
use super::responder::{Hook, LONG, Responder, page};
use super::sight::{browser, see};
use super::world::{Family, World};

/// One segment, and seven, with their heads.
const SHORT: usize = 400;
const LARGE: usize = 7600;

fn assert_came(visit: &Visit, page: &str, came: &str, what: &str) {
    assert_eq!(visit.error, None, "{what}: {visit:?}");
    assert_eq!(visit.status, Some(503), "{what}: {visit:?}");
    assert_eq!(visit.announced, Some(page.len()), "{what}: {visit:?}");
    assert_eq!(visit.digest, sha256(came.as_bytes()), "{what}: {visit:?}");
}

/// A short page is the driver's by itself, whatever is behind it.
const WAYS: [(Hook, usize); 5] = [
    (Hook::Xdp, SHORT),
    (Hook::Xdp, LARGE),
    (Hook::Tc, SHORT),
    (Hook::Tc, LARGE),
    (Hook::Auto, LARGE),
];

#[test]
fn every_client_reads_the_page_from_the_kernel() {
    for (hook, bytes) in WAYS {
        let world = World::direct();
        let page = page(bytes);
        let responder = Responder::always(&world, hook, &page);
        responder.wait_for_mode("on");
        for family in Family::BOTH {
            let what = |client: &str| format!("{client} by {family:?} at {hook:?}, {bytes} bytes");
            for asks in Asks::ALL {
                let came = if let Asks::Head = asks { "" } else { &page };
                assert_came(
                    &curl(&world, family, asks),
                    &page,
                    came,
                    &what(&format!("curl {asks:?}")),
                );
            }
            for sends in Sends::ALL {
                assert_came(
                    &socket(&world, family, sends),
                    &page,
                    &page,
                    &what(&format!("socket {sends:?}")),
                );
            }
            assert_came(&wget(&world, family), &page, &page, &what("wget"));
            assert_came(
                &http_client(&world, family),
                &page,
                &page,
                &what("http.client"),
            );
        }
        assert_eq!(responder.in_user_space(), 0, "{hook:?}, {bytes} bytes");
        responder.wait_for_count("syn", 20);
        assert_eq!(responder.count("failed"), 0);
        assert_eq!(world.client().counter("Tcp", "InCsumErrors"), 0);
    }
}

#[test]
fn load_generators_count_every_answer_of_the_kernel() {
    for hook in Hook::BOTH {
        let world = World::direct();
        let page = page(SHORT);
        let responder = Responder::always(&world, hook, &page);
        responder.wait_for_mode("on");
        for family in Family::BOTH {
            let load = ab(&world, family, 500, 20);
            assert_eq!(
                (load.complete, load.refused, load.failed),
                (500, 500, 0),
                "{}",
                load.said
            );
        }
        let load = wrk(&world, Family::V4, Reuse::Close, 16, 1);
        assert!(load.complete > 100, "{}", load.said);
        assert_eq!(
            (load.refused, load.failed),
            (load.complete, 0),
            "{}",
            load.said
        );
        assert_eq!(responder.in_user_space(), 0);
    }
}

#[test]
fn a_browser_shows_the_page_of_the_kernel() {
    let world = World::direct();
    let text = page(SHORT);
    let responder = Responder::always(&world, Hook::Xdp, &text);
    responder.wait_for_mode("on");
    let browser = browser(&world);
    for family in Family::BOTH {
        let name = format!("kernel-{family:?}").to_lowercase();
        let sight = see(&browser, &world, family, &name);
        assert_eq!(
            (sight.error.as_deref(), sight.status),
            (None, Some(503)),
            "{sight:?}"
        );
        assert_eq!(sight.title, "Back soon", "{sight:?}");
        assert!(!sight.picture.is_blank(), "{sight:?}");
    }
    assert_eq!(responder.in_user_space(), 0);
}

/// By construction: whatever is lost, the client asks again for.
#[test]
fn a_wire_that_loses_packets_refuses_nobody() {
    std::thread::scope(|scope| {
        for (hook, bytes) in WAYS {
            scope.spawn(move || {
                for percent in [5, 20] {
                    lossy(hook, bytes, percent);
                }
            });
        }
    });
}

/// Nor whoever sends a request byte by byte, in several segments, or says at once that it will send no more.
#[test]
fn a_wire_that_loses_packets_refuses_no_unusual_client() {
    std::thread::scope(|scope| {
        for (hook, bytes) in WAYS {
            scope.spawn(move || {
                let world = World::routed().in_a_hurry();
                let page = page(bytes);
                let responder = Responder::always(&world, hook, &page);
                responder.wait_for_mode("on");
                for (family, percent) in Family::BOTH.into_iter().zip([5, 20]) {
                    world.loss(percent);
                    for sends in Sends::ALL {
                        let what = format!(
                            "{sends:?} by {family:?} at {hook:?}, {bytes} bytes, {percent} %"
                        );
                        let visit = socket(&world, family, sends);
                        assert_came(&visit, &page, &page, &what);
                    }
                }
                assert!(world.lost() > 0);
                assert_eq!(responder.in_user_space(), 0);
            });
        }
    });
}

fn lossy(hook: Hook, bytes: usize, percent: u32) {
    let world = World::routed().in_a_hurry();
    let page = page(bytes);
    let responder = Responder::always(&world, hook, &page);
    responder.wait_for_mode("on");
    world.loss(percent);
    for family in Family::BOTH {
        let came = crowd(&world, family, 100, 50, LONG);
        assert_eq!(came.finished, 100, "{hook:?} {bytes} {percent} %: {came:?}");
        assert_eq!(
            came.digests,
            [(sha256(page.as_bytes()), 100)].into(),
            "{hook:?} {bytes} {percent} %: {came:?}"
        );
    }
    assert!(world.lost() > 0);
    assert_eq!(responder.in_user_space(), 0);
}
