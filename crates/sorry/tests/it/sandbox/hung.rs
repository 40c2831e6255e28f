//! A program that nobody can kill, beside one that works.

use std::fs;
use std::time::Instant;

use super::{Two, configuration, program};
use crate::harness::{PATIENCE, until};

/// Has a process of its own trace it (ptrace(2)), which reads no news of it: killed, it is gone for nobody until that one lets go. So long
/// as the file is there, this is a process that no signal ends, as one that waits for a disk is.
const TRACED: &str = "
import ctypes, os, sys, time
if os.fork() == 0:
    os.setsid()
    ptrace = ctypes.CDLL(None).ptrace
    ptrace.argtypes = [ctypes.c_long] * 4
    ptrace(0x4206, os.getppid(), 0, 0)
    while os.path.exists(sys.argv[1]):
        time.sleep(0.01)
    os._exit(0)
time.sleep(1000)
";

#[test]
fn a_program_that_nobody_can_kill_holds_up_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().to_owned();
    let at = |name: &str| own.join(name);
    let shown = |name: &str| at(name).display().to_string();
    fs::write(at("traced.py"), TRACED).expect("a script");
    for file in ["up", "stuck"] {
        fs::write(at(file), "").expect("a file");
    }
    let works = program(&own, "works", "test -e \"$1\"");
    let real = |address: &str, command: &str| {
        format!(
            "[[site.real-server]]\naddress = \"{address}\"\ncheck.exec = {{ command = [{command}], every = \"200ms\", \
             timeout = \"400ms\", fall = 2, suspect-every = \"100ms\" }}\n"
        )
    };
    let (script, stuck, up) = (shown("traced.py"), shown("stuck"), shown("up"));
    let text = configuration(&own, "\"127.0.0.1:0\"", "")
        + &real(
            "127.0.0.1:8",
            &format!("\"/usr/bin/python3\", \"{script}\", \"{stuck}\""),
        )
        + &real("127.0.0.1:9", &format!("\"{works}\", \"{up}\""));
    let mut two = Two::of(folder, &text);
    let hangs = two.server.wait_for("was killed and does not end");
    assert!(hangs.contains("/usr/bin/python3 (process "), "{hangs}");
    let state = |number: usize| {
        let (_, status) = two.ask(&["status", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&status).ok()?;
        let real = &status["standing"]["sites"][0]["real_servers"][number];
        Some(real["state"].as_str()?.to_owned())
    };
    let is = |number, wanted: &str| (state(number)? == wanted).then_some(());
    until(Instant::now() + PATIENCE, || is(1, "up"), "it is seen");
    fs::remove_file(at("up")).expect("it dies");
    let down = || is(1, "down");
    until(Instant::now() + PATIENCE, down, "it is seen to be down");
    fs::remove_file(at("stuck")).expect("it is let go");
    two.server.wait_for("/usr/bin/python3 has ended at last");
}
