//! Between a site that is there and the kernel: nobody's connection breaks, whoever flips what.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::clients::{Asks, curl};
use super::crowd::crowd;
use super::nginx::Nginx;
use super::program::{Verdict, attach};
use super::responder::{Hook, LONG, Responder, answers_for, page};
use super::world::{Family, World};
use crate::harness::{PATIENCE, fixtures, text, until};

const SHORT: usize = 400;

/// What became of connections while things were flipped.
#[derive(Debug, Deserialize)]
struct Flipped {
    kept: BTreeMap<u16, u64>,
    short: BTreeMap<u16, u64>,
    errors: BTreeMap<String, u64>,
}

/// Visitors who are there until their time is over.
struct Visitors {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Visitors {
    /// Some stay, some come and go; those who stay are there when this returns.
    fn start(world: &World, family: Family, seconds: u32) -> Visitors {
        let script = fixtures().join("kernel/via_flips.py");
        let mut command = world.client().command("/usr/bin/python3");
        command.arg("-I").arg(script);
        command.args([
            world.address(family).to_string().as_str(),
            "80",
            "10",
            "10",
            &seconds.to_string(),
        ]);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("start python3");
        let mut said = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("read");
        assert_eq!(line, "open\n");
        Visitors { child, said }
    }

    fn end(mut self) -> Flipped {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("read");
        self.child.wait().expect("wait");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

#[test]
fn flips_under_load_break_no_connection() {
    for (hook, family) in Hook::BOTH.into_iter().zip(Family::BOTH) {
        let world = World::direct();
        if family == Family::V6 {
            // What is a real server's is known by timestamps, where there are any.
            world.client().set("ipv4/tcp_timestamps", "0");
        }
        let _nginx = Nginx::live(&world, "the site");
        let responder = Responder::start(&world, hook, &page(SHORT), &answers_for(&world), "");
        responder.wait_for_mode("off");
        let visitors = Visitors::start(&world, family, 8);
        for _ in 0..2 {
            responder.order(&["down", "shop"]);
            responder.wait_for_mode("on");
            let before = responder.count("page");
            responder.wait_for_count("page", before + 50);
            responder.order(&["up", "shop"]);
            responder.wait_for_mode("drain");
            responder.wait_for_mode("off");
        }
        let flipped = visitors.end();
        assert!(flipped.errors.is_empty(), "{hook:?}: {flipped:?}");
        assert_eq!(
            flipped.kept.keys().copied().collect::<Vec<_>>(),
            [200],
            "{flipped:?}"
        );
        assert!(
            flipped.short[&200] > 50 && flipped.short[&503] > 50,
            "{flipped:?}"
        );
        assert_eq!(responder.in_user_space(), 0);
    }
}

/// The whole way: a check, a decision, the kernel; and back.
#[test]
fn the_kernel_follows_what_checks_say() {
    let world = World::direct();
    let nginx = Nginx::live(&world, "the site");
    let real = format!(
        "[[site.real-server]]\naddress = \"{}:80\"\ncheck.tcp = {{ every = \"100ms\", timeout = \"100ms\", fall = 2, rise = 2 }}\n",
        "127.0.0.1"
    );
    let responder = Responder::start(&world, Hook::Xdp, &page(SHORT), &answers_for(&world), &real);
    responder.wait_for_mode("off");
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(200));
    drop(nginx);
    responder.wait_for_mode("on");
    for family in Family::BOTH {
        assert_eq!(curl(&world, family, Asks::Get).status, Some(503));
    }
    let status = responder.status();
    let switch = &status["standing"]["sites"][0]["switches"][0];
    assert_eq!(
        (switch["name"].as_str(), switch["confirmed"].as_bool()),
        (Some("kernel"), Some(true)),
        "{switch}"
    );
    let _nginx = Nginx::live(&world, "the site");
    responder.wait_for_mode("off");
    assert_eq!(curl(&world, Family::V6, Asks::Get).status, Some(200));
    assert_eq!(responder.in_user_space(), 0);
}

#[test]
fn whoever_takes_over_goes_on_answering() {
    for hook in Hook::ALL {
        let world = World::direct();
        let mut responder = Responder::start(&world, hook, &page(7600), &answers_for(&world), "");
        responder.order(&["down", "shop"]);
        responder.wait_for_mode("on");
        let came = std::thread::scope(|scope| {
            let visits = scope.spawn(|| crowd(&world, Family::V4, 4000, 50, LONG));
            for _ in 0..3 {
                responder.take_over(&world);
                responder.wait_for_mode("on");
            }
            visits.join().expect("it is counted")
        });
        assert_eq!(came.finished, 4000, "{hook:?}: {came:?}");
        assert!(came.errors.is_empty(), "{came:?}");
        let visit = curl(&world, Family::V6, Asks::Get);
        assert_eq!(visit.status, Some(503), "the last one answers, too");
        assert_ne!(
            responder.count("page"),
            0,
            "whoever asks hears how it is now"
        );
    }
}

#[test]
fn where_another_program_is_there_the_other_hook_is_used() {
    let world = World::direct();
    attach(world.server(), world.device(), Verdict::Pass);
    let text = page(SHORT);
    let mut responder = Responder::always_at(&world, "auto", &text);
    let why = format!("another XDP program is attached to {}", world.device());
    for _process in 0..2 {
        responder.wait_for_mode("on");
        let interface = &responder.status()["kernel"]["interfaces"][0];
        assert_eq!(
            (&interface["hook"], &interface["why"]),
            (&json!("tc"), &json!(why))
        );
        responder.take_over(&world);
    }
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
    assert_eq!(responder.in_user_space(), 0);
    drop(responder);
    let responder = Responder::always_at(&world, "xdp", &text);
    let status = responder.status();
    assert_eq!(
        status["kernel"]["interfaces"][0]["hook"], "none",
        "{status}"
    );
    assert_eq!(
        curl(&world, Family::V4, Asks::Get).status,
        Some(503),
        "user space answers"
    );
    assert_eq!(responder.in_user_space(), 1);
}

#[test]
fn what_the_kernel_cannot_do_is_not_said_to_be_done() {
    let world = World::direct();
    let confirmed = |responder: &Responder| {
        let status = responder.status();
        let switch = &status["standing"]["sites"][0]["switches"][0];
        (switch["told"] == "sorry").then(|| switch["confirmed"].as_bool())?
    };
    let heard = |responder: &Responder| {
        let heard = || confirmed(responder);
        until(Instant::now() + PATIENCE, heard, "the switch is told")
    };
    // A page that is too long, of which the self-test has nothing to say.
    let start = |page: &str| Responder::start(&world, Hook::Tc, page, &answers_for(&world), "");
    let responder = start(&page(20_000));
    responder.order(&["down", "shop"]);
    let kernel = &responder.status()["kernel"];
    assert_eq!(kernel["interfaces"][0]["selftest"]["wrong"], json!([]));
    assert!(kernel["sites"][0]["unsayable"].is_string(), "{kernel}");
    assert!(!heard(&responder));
    drop(responder);
    // A device that goes away.
    let responder = start(&page(SHORT));
    responder.wait_for_mode("off");
    world.server().ip(&format!("link del {}", world.device()));
    responder.order(&["down", "shop"]);
    assert!(!heard(&responder));
    let has_gone = || {
        let interface = responder.status()["kernel"]["interfaces"][0].clone();
        (interface["hook"] == "none").then_some(interface)
    };
    let interface = until(Instant::now() + PATIENCE, has_gone, "the device is missed");
    let why = interface["why"].as_str().expect("a reason");
    assert!(why.contains("has gone"), "{why}");
    let reloaded = responder.verb(&["reload"]).output().expect("run sorry");
    let reloaded = text(&reloaded.stdout);
    assert!(
        reloaded.contains("nothing is answered in the kernel at"),
        "{reloaded}"
    );
    assert_eq!(interface["selftest"], json!(null));
}

/// They are needed to load and attach; then they are given up, by every thread, and pages, modes and keys are written all the same.
#[test]
fn no_thread_keeps_the_capabilities_that_attaching_needs() {
    let world = World::direct();
    let responder = Responder::start(&world, Hook::Tc, &page(SHORT), &answers_for(&world), "");
    let tasks = format!("/proc/{}/task", responder.server.pid());
    let mut threads = 0;
    for task in std::fs::read_dir(tasks).expect("threads") {
        let status = std::fs::read_to_string(task.expect("a thread").path().join("status"));
        let status = status.expect("a status");
        for set in ["CapEff:\t", "CapPrm:\t", "CapBnd:\t"] {
            let kept = status.lines().find_map(|line| line.strip_prefix(set));
            let kept = u64::from_str_radix(kept.expect("a set"), 16).expect("a number");
            // CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF (capabilities(7)).
            assert_eq!(kept & (1 << 12 | 1 << 38 | 1 << 39), 0, "{status}");
        }
        threads += 1;
    }
    assert!(threads > 3, "{threads}");
    responder.order(&["down", "shop"]);
    responder.wait_for_mode("on");
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
    assert_eq!(responder.in_user_space(), 0);
    let output = responder.verb(&["kernel", "counters", "--json"]).output();
    let counters: serde_json::Value =
        serde_json::from_slice(&output.expect("run sorry").stdout).expect("JSON");
    let shown = counters.to_string();
    assert!(
        shown.contains("\"page\":1") && shown.contains("\"untold\":0"),
        "{shown}"
    );
    let table = responder
        .verb(&["kernel", "counters"])
        .output()
        .expect("run sorry");
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("requests answered with the page"), "{table}");
}

/// What the configuration has no more is answered to its end.
#[test]
fn a_reload_cuts_nobody_who_is_being_answered() {
    let world = World::direct();
    let responder = Responder::start(&world, Hook::Xdp, &page(7600), &answers_for(&world), "");
    responder.order(&["down", "shop"]);
    responder.wait_for_mode("on");
    let file = responder.folder().join("sorry.toml");
    let text = std::fs::read_to_string(&file).expect("read the configuration");
    let came = std::thread::scope(|scope| {
        let visits = scope.spawn(|| crowd(&world, Family::V4, 6000, 50, LONG));
        while !visits.is_finished() {
            for kernel in ["\"never\"", "\"when down\""] {
                let changed = text.replace("\"when down\"", kernel);
                std::fs::write(&file, changed).expect("write the configuration");
                responder.order(&["reload"]);
            }
            responder.wait_for_mode("on");
        }
        visits.join().expect("it is counted")
    });
    // New ones are user space's, where nobody listens at that address: they are refused, and no other is cut.
    assert!(came.finished > 0 && !came.errors.is_empty(), "{came:?}");
    for error in came.errors.keys() {
        assert!(error.to_lowercase().contains("refused"), "{came:?}");
    }
}

/// What a program at the driver of a veth device sends is lost where the other end has none: without GRO there is no queue for it, and with GRO nobody looks into
/// that.
#[test]
fn a_device_whose_other_end_has_no_program_is_served_behind_its_driver() {
    for gro in ["off", "on"] {
        let world = World::direct();
        let peer = world.client();
        peer.ip("link set to-server xdp off");
        peer.must("ethtool", &["-K", "to-server", "gro", gro]);
        let responder = Responder::always_at(&world, "auto", &page(8000));
        let interface = responder.status()["kernel"]["interfaces"][0].clone();
        assert_eq!(interface["hook"], "tc", "gro {gro}: {interface}");
        let why = interface["why"].as_str().expect("a reason");
        assert!(why.contains("has no XDP program"), "{why}");
        responder.wait_for_mode("on");
        assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
        assert_eq!(responder.count("page"), 1);
    }
}

#[test]
fn without_what_it_takes_user_space_answers_and_says_why() {
    let world = World::direct();
    let mut responder = Responder::as_nobody(&world, &page(SHORT));
    responder
        .server
        .said("nothing is answered in the kernel")
        .expect("it is told");
    let why = responder.status()["kernel"]["interfaces"][0]["why"].clone();
    let why = why.as_str().expect("a reason");
    assert!(
        why.starts_with(
            "cannot load the in-kernel responder without CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON;"
        ),
        "{why}"
    );
    assert_eq!(why.matches("CAP_PERFMON").count(), 2, "once: {why}");
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
    assert_eq!(responder.in_user_space(), 1);
    responder.server.signal("TERM");
    responder.server.wait();
}
