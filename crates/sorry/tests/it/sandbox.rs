//! What the running daemon has given up, thread by thread, as the kernel tells it; and the process that runs programs.

mod hung;
mod reloads;
mod threads;

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::harness::{PATIENCE, SORRY, Server, text, until};

/// A line for each thread of a process: what of capabilities(7) and seccomp(2) it has.
fn threads(pid: u32) -> BTreeMap<String, BTreeMap<String, String>> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let status = |task: PathBuf| {
        let status = fs::read_to_string(task.join("status")).ok()?;
        let pairs = status.lines().filter_map(|line| line.split_once(':'));
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.trim().to_owned()));
        let pairs: BTreeMap<String, String> = pairs.collect();
        Some((pairs["Name"].clone(), pairs))
    };
    tasks.filter_map(|task| status(task.ok()?.path())).collect()
}

/// The same, once all of these are there: a thread gives itself its name, when it first runs.
fn named(pid: u32, names: &[&str]) -> BTreeMap<String, BTreeMap<String, String>> {
    let all = || {
        let all = threads(pid);
        let are_there = names.iter().all(|name| all.contains_key(*name));
        are_there.then_some(all)
    };
    let what = format!("there are the threads {names:?}");
    until(Instant::now() + PATIENCE, all, &what)
}

fn configuration(folder: &Path, listen: &str, more: &str) -> String {
    let folder = folder.display();
    format!(
        "workers = 2\n{more}\n[admin]\nsocket = \"{folder}/admin/admin.sock\"\n[log]\naccess = \"json\"\n\
         access-file = \"{folder}/log/access.log\"\n[[site]]\nname = \"shop\"\nsorry.listen = [{listen}]\n"
    )
}

/// `sorry` with these words and a path behind them.
fn sorry(words: &[&str], path: &Path) -> Output {
    let output = Command::new(SORRY).args(words).arg(path).output();
    output.expect("run sorry")
}

/// The process that it has started beside it, whichever of its threads has done so.
fn runner_of(pid: u32) -> Option<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let children = tasks.filter_map(|task| {
        let children = fs::read_to_string(task.ok()?.path().join("children"));
        children.ok()?.trim().parse().ok()
    });
    children.last()
}

/// A daemon with its runner, in a folder of their own.
struct Two {
    folder: TempDir,
    server: Server,
    runner: u32,
}

impl Two {
    /// With these keys above the tables.
    fn start(more: &str) -> Two {
        let folder = tempfile::tempdir().expect("a folder");
        let text = configuration(folder.path(), "\"127.0.0.1:0\"", more);
        Two::of(folder, &text)
    }

    /// With this configuration.
    fn of(folder: TempDir, text: &str) -> Two {
        let server = Server::run(folder.path(), text);
        let runner = runner_of(server.pid()).expect("a runner");
        Two {
            folder,
            server,
            runner,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A verb that asks the daemon: its exit code, and what it printed.
    fn ask(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = sorry(
            &[words, &["--admin"]].concat(),
            &self.at("admin/admin.sock"),
        );
        let printed = text(&output.stdout) + &text(&output.stderr);
        (output.status.code(), printed)
    }

    /// Another configuration, and what `sorry reload` says to it.
    fn reload(&self, configuration: &str) -> (Option<i32>, String) {
        fs::write(self.at("sorry.toml"), configuration).expect("a configuration");
        self.ask(&["reload"])
    }
}

/// Sends a signal by name.
fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(pid.to_string())
        .status();
    assert!(sent.expect("run kill").success());
}

const NOTHING: &str = "0000000000000000";
/// CAP_NET_BIND_SERVICE is number 10.
const LOW_PORTS: &str = "0000000000000400";

/// The kernel's own first port that needs no capability.
fn first_free_port() -> u16 {
    let setting = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    setting
        .expect("a setting")
        .trim()
        .parse()
        .expect("a number")
}

/// A low port on an address that nobody else uses.
fn low_port() -> Option<&'static str> {
    (first_free_port() > 1).then_some("127.83.7.3:1")
}

#[test]
fn every_thread_keeps_what_the_table_says_and_nothing_else() {
    let is_root = rustix::process::geteuid().is_root();
    let low = low_port().filter(|_| is_root);
    let cases = [("\"127.0.0.1:0\"".to_owned(), NOTHING)];
    let with_low = low.map(|port| (format!("\"127.0.0.1:0\", \"{port}\""), LOW_PORTS));
    for (listen, kept) in cases.into_iter().chain(with_low) {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::run(folder.path(), &configuration(folder.path(), &listen, ""));
        let all = named(server.pid(), &["sorry", "sorry-0", "sorry-1", "sorry-log"]);
        for (name, status) in &all {
            assert_eq!(status["Seccomp"], "2", "{name}");
            assert_eq!(status["NoNewPrivs"], "1", "{name}");
            for set in ["CapEff", "CapPrm"] {
                assert_eq!(status[set], kept, "{name}: {set}");
            }
            assert_eq!(status["CapAmb"], NOTHING, "{name}");
            assert_eq!(status["CapInh"], NOTHING, "{name}");
            if is_root {
                assert_eq!(status["CapBnd"], kept, "{name}");
            }
        }
        let file = folder.path().join("sorry.toml");
        let table = sorry(&["check-config", "--privileges"], &file);
        let told = String::from_utf8_lossy(&table.stdout).into_owned();
        assert_eq!(
            told.contains("CAP_NET_BIND_SERVICE"),
            kept == LOW_PORTS,
            "{told}"
        );
    }
}

#[test]
fn without_a_sandbox_it_says_so_and_keeps_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let off = configuration(folder.path(), "\"127.0.0.1:0\"", "sandbox = \"off\"");
    let server = Server::run(folder.path(), &off);
    assert!(server.said("there is no sandbox").is_some());
    let before = &threads(std::process::id());
    let before = before.values().next().expect("this thread");
    for (name, status) in threads(server.pid()) {
        for key in ["Seccomp", "NoNewPrivs", "CapEff", "CapBnd"] {
            assert_eq!(status[key], before[key], "{name}: {key}");
        }
    }
}

/// The access log is written to its folder, within the sandbox, also when it was rotated.
#[test]
fn the_log_is_rotated_within_the_sandbox() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::run(
        folder.path(),
        &configuration(folder.path(), "\"127.0.0.1:0\"", ""),
    );
    let log = folder.path().join("log/access.log");
    fs::rename(&log, folder.path().join("log/access.log.1")).expect("rotated");
    server.signal("HUP");
    server.wait_for("reloaded");
    server.exchange(b"GET /rotated HTTP/1.0\r\n\r\n");
    let written = || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        text.contains("/rotated").then_some(())
    };
    until(Instant::now() + PATIENCE, written, "a line in the new log");
}

#[test]
fn the_runner_has_no_sandbox_and_ends_with_the_daemon() {
    let Two {
        mut server, runner, ..
    } = Two::start("");
    let command = fs::read(format!("/proc/{runner}/cmdline")).expect("it runs");
    assert!(command.starts_with(b"sorry\0runner\0"), "{command:?}");
    let own = threads(runner);
    assert!(own.values().all(|status| status["CapAmb"] == NOTHING));
    // A terminal's signals and a service manager's go to all; it waits for the daemon.
    for name in ["INT", "TERM", "HUP"] {
        signal(runner, name);
    }
    let answer = server.exchange(b"GET / HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 503"));
    assert_eq!(runner_of(server.pid()), Some(runner));
    server.signal("KILL");
    server.wait();
    let gone = || (!is_running(runner)).then_some(());
    until(Instant::now() + PATIENCE, gone, "the runner has ended");
}

/// Whether a process is there and does not only wait to be reaped.
fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_daemon_without_its_runner_says_so_and_goes_on() {
    let Two {
        mut server, runner, ..
    } = Two::start("");
    signal(runner, "KILL");
    server.wait_for("the runner has ended (signal: 9");
    server.wait_for("cannot be started again from within the sandbox");
    let answer = server.exchange(b"GET / HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 503"));
}

#[test]
fn without_a_sandbox_the_runner_is_started_again() {
    let Two {
        mut server, runner, ..
    } = Two::start("sandbox = \"off\"");
    signal(runner, "KILL");
    server.wait_for("the runner runs again");
    let again = runner_of(server.pid()).expect("another runner");
    assert_ne!(again, runner);
}

/// Nobody but the daemon can use it.
#[test]
fn the_runner_is_nobody_elses() {
    let (one, other) = std::os::unix::net::UnixStream::pair().expect("a pair");
    for stdin in [Stdio::null(), Stdio::from(OwnedFd::from(one))] {
        let mut command = Command::new(SORRY);
        let output = command
            .args(["runner", "/etc/sorry/sorry.toml"])
            .stdin(stdin)
            .output();
        let output = output.expect("run sorry");
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            told.contains("is started by `sorry run`, and by nobody else"),
            "{told}"
        );
    }
    drop(other);
}

/// A program in this folder.
fn program(folder: &Path, name: &str, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be run");
    path.display().to_string()
}

/// Programs are run for a daemon that can run none itself: a check sees the real server die, and an alert tells of it.
#[test]
fn programs_of_checks_and_alerts_are_run_by_the_runner() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().to_owned();
    let at = |name: &str| own.join(name);
    let check = "cat > \"$1/asked\"; echo $PPID > \"$1/parent\"; test -e \"$1/up\"";
    let check = program(folder.path(), "check", check);
    let alert = program(
        folder.path(),
        "alert",
        "cat > \"$1/new\" && mv \"$1/new\" \"$1/told\"",
    );
    let here = folder.path().display();
    let more = format!(
        "damping = {{ dwell-sorry = \"0s\", hold-down = \"0s\" }}\n[[site.real-server]]\naddress = \"127.0.0.1:9\"\n\
         check.exec = {{ command = [\"{check}\", \"{here}\"], every = \"200ms\", timeout = \"2s\", fall = 2, suspect-every = \"100ms\" }}\n\
         [[alert]]\nname = \"ops\"\nexec = [\"{alert}\", \"{here}\"]\n"
    );
    let configuration = configuration(folder.path(), "\"127.0.0.1:0\"", "") + &more;
    fs::write(at("up"), "").expect("it is up");
    let two = Two::of(folder, &configuration);
    let state = || {
        let (_, status) = two.ask(&["status", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&status).ok()?;
        let real = &status["standing"]["sites"][0]["real_servers"][0]["state"];
        Some(real.as_str()?.to_owned())
    };
    let is = |wanted: &str| (state()? == wanted).then_some(());
    until(
        Instant::now() + PATIENCE,
        || is("up"),
        "it is seen to be up",
    );
    let asked = fs::read_to_string(at("asked")).expect("its input");
    assert!(asked.contains("shop"), "{asked}");
    let parent = fs::read_to_string(at("parent")).expect("its parent");
    assert_eq!(parent.trim(), two.runner.to_string());
    fs::remove_file(at("up")).expect("it dies");
    until(
        Instant::now() + PATIENCE,
        || is("down"),
        "it is seen to be down",
    );
    let told = || fs::read_to_string(at("told")).ok();
    let told = until(Instant::now() + PATIENCE, told, "somebody is told");
    assert!(told.contains("shop"), "{told}");
}
