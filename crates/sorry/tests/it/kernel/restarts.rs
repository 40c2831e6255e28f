//! Processes that end, well or badly, and come again: what of theirs stays in the kernel, for how long, and what visitors see of it.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use super::clients::{Asks, curl};
use super::crowd::crowd;
use super::nginx::Nginx;
use super::program::{Attached, attached};
use super::responder::{Hook, LONG, Responder, answers_for, page};
use super::world::{Family, World};
use crate::harness::{PATIENCE, until};

const SHORT: usize = 400;

/// However it ends, packets pass as if it had never been there.
#[test]
fn nothing_is_left_of_a_process_that_is_gone() {
    for (hook, signal) in [
        (Hook::Auto, "KILL"),
        (Hook::Tc, "KILL"),
        (Hook::Xdp, "TERM"),
    ] {
        let world = World::direct();
        let _nginx = Nginx::live(&world, "the site");
        let mut responder = Responder::start(&world, hook, &page(SHORT), &answers_for(&world), "");
        responder.order(&["down", "shop"]);
        responder.wait_for_mode("on");
        assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
        if hook != Hook::Tc {
            assert_eq!(attached(world.server(), world.device()), Attached::Native);
        }
        responder.server.signal(signal);
        responder.server.wait();
        assert_eq!(attached(world.server(), world.device()), Attached::Not);
        assert_eq!(
            curl(&world, Family::V4, Asks::Get).status,
            Some(200),
            "{hook:?} after SIG{signal}"
        );
    }
}

/// For as long as its lease is; then everything passes.
#[test]
fn what_is_to_be_kept_goes_on_for_a_while_and_is_taken_over_by_the_next_one() {
    let world = World::direct();
    let _nginx = Nginx::live(&world, "the site");
    let _file_system = BpfFileSystem::there();
    let mut responder = Responder::kept(&world, Hook::Auto, &page(7600), &answers_for(&world));
    responder.order(&["down", "shop"]);
    responder.wait_for_mode("on");
    responder.server.signal("KILL");
    responder.server.wait();
    assert_eq!(attached(world.server(), world.device()), Attached::Native);
    assert_eq!(
        curl(&world, Family::V4, Asks::Get).status,
        Some(503),
        "it goes on"
    );
    let passes = || (curl(&world, Family::V4, Asks::Get).status == Some(200)).then_some(());
    until(Instant::now() + PATIENCE, passes, "its lease is over");
    responder.again(&world);
    responder.wait_for_mode("on");
    assert_eq!(
        curl(&world, Family::V4, Asks::Get).status,
        Some(503),
        "what was ordered is in force"
    );
    // Started again while its program still answers: that goes on until it is known that the site is down.
    responder.reconfigure("lease = \"2s\"", "lease = \"1m\"");
    responder.server.signal("TERM");
    responder.server.wait();
    responder.again(&world);
    responder.wait_for_mode("on");
    let came = std::thread::scope(|scope| {
        let visits = scope.spawn(|| crowd(&world, Family::V4, 4000, 20, LONG));
        for _crash in 0..3 {
            responder.server.signal("KILL");
            responder.server.wait();
            responder.again(&world);
            responder.wait_for_mode("on");
        }
        visits.join().expect("it is counted")
    });
    assert_eq!(came.statuses, BTreeMap::from([(503, 4000)]), "{came:?}");
    assert!(came.errors.is_empty(), "{came:?}");
    // One that takes over and keeps nothing leaves nothing, either.
    responder.reconfigure("on-crash = \"keep\"", "on-crash = \"pass\"");
    responder.take_over_here(&world);
    responder.wait_for_mode("on");
    responder.server.signal("KILL");
    responder.server.wait();
    assert_eq!(attached(world.server(), world.device()), Attached::Not);
}

/// The file system of type bpf, where systemd has it; what is mounted here is unmounted when the test ends.
pub(super) struct BpfFileSystem(bool);

impl BpfFileSystem {
    pub(super) fn there() -> BpfFileSystem {
        let mounts = std::fs::read_to_string("/proc/self/mounts").expect("mounts");
        let is_there = mounts.contains(" /sys/fs/bpf bpf ");
        if !is_there {
            let mounted = Command::new("mount")
                .args(["-t", "bpf", "bpf", "/sys/fs/bpf"])
                .status();
            assert!(mounted.expect("run mount").success());
        }
        BpfFileSystem(is_there)
    }
}

impl Drop for BpfFileSystem {
    fn drop(&mut self) {
        if !self.0 {
            let _busy = Command::new("umount").arg("/sys/fs/bpf").status();
        }
    }
}

/// The service manager keeps what holds the programs, so that they answer while nobody is there; once it has stopped the service, they are gone.
#[test]
fn a_restart_by_the_service_manager_shows_nobody_the_real_servers() {
    for hook in Hook::ALL {
        let world = World::direct();
        let _nginx = Nginx::live(&world, "the site");
        let answers = answers_for(&world);
        let mut responder = Responder::managed(&world, hook, &page(7600), &answers);
        responder.order(&["down", "shop"]);
        responder.wait_for_mode("on");
        let came = std::thread::scope(|scope| {
            let visits = scope.spawn(|| crowd(&world, Family::V4, 4000, 20, LONG));
            for _restart in 0..2 {
                responder.server.signal("HUP");
                let device = world.device();
                let links: &[&str] = match hook {
                    Hook::Xdp => &["xdp"],
                    Hook::Tc => &["tc"],
                    Hook::Auto => &["behind", "xdp"],
                };
                let kept = responder.server.wait_for("kept: ");
                for link in links {
                    let link = format!("sorry-kernel-{link}-{device}");
                    assert!(kept.contains(&link), "{kept}");
                }
                let kept = responder.server.wait_for("still kept:");
                assert!(
                    kept.contains("listen=") && !kept.contains("sorry-kernel"),
                    "what would outlive the process is given back: {kept}"
                );
                responder.wait_for_mode("on");
            }
            visits.join().expect("it is counted")
        });
        assert_eq!(came.statuses, BTreeMap::from([(503, 4000)]), "{came:?}");
        assert!(came.errors.is_empty(), "{came:?}");
        responder.server.signal("TERM");
        responder.server.wait();
        assert_eq!(
            curl(&world, Family::V4, Asks::Get).status,
            Some(200),
            "{hook:?}: stopped, everything passes"
        );
    }
}
