//! Processes that end, well or badly, and come again: what of theirs stays in the kernel, for how long, and what visitors see of it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use super::afterwards::telling_page;
use super::clients::{Asks, curl};
use super::crowd::crowd;
use super::nginx::Nginx;
use super::program::{Attached, attached};
use super::responder::{Hook, LONG, NOBODY, Responder, answers_for, page};
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

/// As a service does, for which root has made a folder there.
#[test]
fn a_user_keeps_what_it_has_attached_in_a_folder_of_its_own() {
    let world = World::direct();
    let _nginx = Nginx::live(&world, "the site");
    let file_system = BpfFileSystem::there();
    let own = file_system.folder_of(NOBODY);
    let mut responder = Responder::kept_by_nobody(&world, &page(SHORT), &answers_for(&world));
    responder.order(&["down", "shop"]);
    responder.wait_for_mode("on");
    responder.server.signal("KILL");
    responder.server.wait();
    let read = || curl(&world, Family::V4, Asks::Get).status;
    assert_eq!(read(), Some(503), "it goes on");
    let passes = || (read() == Some(200)).then_some(());
    until(Instant::now() + PATIENCE, passes, "its lease is over");
    drop((own, file_system));
}

/// The file system of type bpf, where systemd has it; what was mounted for a test is unmounted when the last test that needs it ends.
pub(super) struct BpfFileSystem;

/// How many tests need it, and whether it was mounted for them.
static NEEDED: Mutex<(usize, bool)> = Mutex::new((0, false));

impl BpfFileSystem {
    pub(super) fn there() -> BpfFileSystem {
        let mut needed = NEEDED.lock().expect("no test has failed here");
        let mounts = std::fs::read_to_string("/proc/self/mounts").expect("mounts");
        if !mounts.contains(" /sys/fs/bpf bpf ") {
            let mounted = Command::new("mount")
                .args(["-t", "bpf", "bpf", "/sys/fs/bpf"])
                .status();
            assert!(mounted.expect("run mount").success());
            needed.1 = true;
        }
        needed.0 += 1;
        BpfFileSystem
    }
}

impl Drop for BpfFileSystem {
    fn drop(&mut self) {
        let Ok(mut needed) = NEEDED.lock() else {
            return;
        };
        needed.0 -= 1;
        if *needed == (0, true) {
            needed.1 = false;
            let _busy = Command::new("umount").arg("/sys/fs/bpf").status();
        }
    }
}

/// A folder in it; what is left there goes with it.
struct Own(PathBuf);

impl BpfFileSystem {
    fn folder_of(&self, user: u32) -> Own {
        let root = Path::new("/sys/fs/bpf");
        let search = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(root, search).expect("let others in");
        let own = root.join("sorry");
        std::fs::create_dir(&own).expect("make a folder");
        std::os::unix::fs::chown(&own, Some(user), None).expect("give it away");
        Own(own)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// The service manager keeps what holds the programs, so that they answer while nobody is there; once it has stopped the service, they are gone.
#[test]
fn a_restart_by_the_service_manager_shows_nobody_the_real_servers() {
    for hook in Hook::ALL {
        let world = World::direct();
        let _nginx = Nginx::live(&world, "the site");
        let answers = answers_for(&world);
        let mut responder = Responder::managed(&world, hook, &telling_page(7600), &answers);
        responder.order(&["down", "shop", "--say", "the first"]);
        responder.wait_for_mode("on");
        let read = || curl(&world, Family::V4, Asks::Get).digest;
        let first = read();
        let came = std::thread::scope(|scope| {
            let visits = scope.spawn(|| crowd(&world, Family::V4, 4000, 20, LONG));
            for restart in 0..2 {
                if restart == 1 {
                    let other = telling_page(7100);
                    let file = responder.folder().join("page.html");
                    std::fs::write(file, other).expect("write the page");
                }
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
        // Each of them got one page whole, with the words that were ordered: that of before, or that of now.
        let pages = [first, read()];
        let others = came.digests.keys().filter(|page| !pages.contains(page));
        assert_eq!(others.count(), 0, "{hook:?} {pages:?} {came:?}");
        responder.server.signal("TERM");
        responder.server.wait();
        assert_eq!(
            curl(&world, Family::V4, Asks::Get).status,
            Some(200),
            "{hook:?}: stopped, everything passes"
        );
    }
}
