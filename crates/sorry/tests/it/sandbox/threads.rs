//! What each thread of the running daemon may still do, tried on the thread itself: calls are made on it from outside, as by whoever has
//! broken in.

use std::fs;
use std::path::Path;

use super::{Two, configuration, named};
use crate::harness::{fixtures, run, text};

/// errno(3): no file by landlock, no program by seccomp.
const EACCES: &str = "13";
const EPERM: &str = "1";

/// Every kind of thread that stays.
const THREADS: [&str; 10] = [
    "sorry",
    "sorry-0",
    "sorry-1",
    "sorry-log",
    "sorry-brain",
    "sorry-journal",
    "sorry-audit",
    "sorry-posts",
    "sorry-refusals",
    "sorry-programs",
];

/// Real servers to watch and somebody to tell, so that every kind of thread is there.
fn busy(folder: &Path) -> String {
    let configuration = configuration(
        folder,
        "\"127.0.0.1:0\"",
        "[metrics]\nlisten = \"127.0.0.1:0\"\n",
    );
    configuration
        + "check.tcp = {}\n[[site.real-server]]\naddress = \"127.0.0.1:9\"\n\
           [[alert]]\nname = \"ops\"\nwebhook.url = \"http://127.0.0.1:9/\"\n"
}

#[cfg(target_arch = "x86_64")]
#[test]
fn no_thread_opens_what_is_out_of_reach_or_starts_a_program() {
    assert!(
        rustix::process::geteuid().is_root(),
        "run this test as root: others cannot look into another process"
    );
    let beyond = tempfile::tempdir().expect("another folder");
    let secret = beyond.path().join("secret");
    fs::write(&secret, "secret").expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    let busy = busy(folder.path());
    let two = Two::of(folder, &busy);
    named(two.server.pid(), &THREADS);
    let script = fixtures().join("sandbox/inject.py").display().to_string();
    let (pid, file) = (two.server.pid().to_string(), two.at("sorry.toml"));
    let (file, secret) = (file.display(), secret.display());
    let calls = [
        (format!("read:{file}"), "0"),
        (format!("write:{file}"), EACCES),
        (format!("read:{secret}"), EACCES),
        (format!("write:{secret}"), EACCES),
        ("read:/root".to_owned(), EACCES),
        ("exec:/bin/true".to_owned(), EPERM),
    ];
    let mut arguments = vec![script.as_str(), &pid];
    arguments.extend(calls.iter().map(|(call, _)| call.as_str()));
    let output = run("/usr/bin/python3", &arguments);
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}{}", text(&output.stderr));
    let expected: Vec<&str> = calls.iter().map(|(_, expected)| *expected).collect();
    let expected = expected.join(" ");
    let threads: Vec<(&str, &str)> = told
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    for (name, answers) in &threads {
        assert_eq!(*answers, expected, "{name}, of {told}");
    }
    for name in THREADS {
        assert!(
            threads.iter().any(|(found, _)| *found == name),
            "no {name}: {told}"
        );
    }
    // And it goes on as if nothing had been.
    assert!(
        two.server
            .exchange(b"GET / HTTP/1.0\r\n\r\n")
            .starts_with(b"HTTP/1.1 503")
    );
    let (code, status) = two.ask(&["status"]);
    assert_eq!(code, Some(0), "{status}");
}
