//! A network namespace with a name of its own: how it is made, entered, asked, and deleted when its owner goes, also by a panic.
//! Which namespaces there are, and how they are joined, is the world's.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::harness::text;

/// Where ip(8) keeps the names.
const NAMES: &str = "/run/netns";

/// Deleted when dropped. A process that still runs in it keeps it alive without a name, so a process is dropped before.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// A new one, whose loopback is up, and where no IPv6 address waits for others to claim it.
    pub(crate) fn new(role: &str) -> Namespace {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("sorry-{role}-{}-{number}", std::process::id());
        ip(&format!("netns add {name}"));
        let namespace = Namespace { name };
        namespace.set("ipv6/conf/default/accept_dad", "0");
        namespace.ip("link set lo up");
        namespace
    }

    /// Its name, as `ip netns list` shows it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether anybody still knows that name.
    pub(crate) fn is_known(name: &str) -> bool {
        Path::new(NAMES).join(name).exists()
    }

    /// A program in it; ip(8) becomes that program, so the child's id is the program's.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command.stdin(Stdio::null());
        command
    }

    /// Runs a program in it to its end, which is 124 where `limit` was not enough (timeout(1)).
    pub(crate) fn run(&self, limit: Duration, program: &str, arguments: &[&str]) -> Output {
        let mut command = self.command("timeout");
        command.args(["--kill-after=2", &limit.as_secs().to_string(), program]);
        let output = command.args(arguments).output().expect("run ip");
        assert_ne!(
            output.status.code(),
            Some(127),
            "{program} is not installed; see cargo xtask setup"
        );
        output
    }

    /// The same for what must work, and at once; returns what it printed.
    pub(crate) fn must(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(Duration::from_secs(10), program, arguments);
        let said = text(&output.stderr);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {} {said}",
            output.status
        );
        text(&output.stdout)
    }

    /// A line of words for ip(8), about this namespace.
    pub(crate) fn ip(&self, line: &str) -> String {
        ip(&format!("-n {} {line}", self.name))
    }

    /// Acts on a thread in it. Sockets belong to the namespace they were made in, whoever uses them later.
    pub(crate) fn within<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        within(&self.name, act)
    }

    /// Sets what is below `/proc/sys/net` to a value.
    pub(crate) fn set(&self, name: &str, value: &str) {
        let file = Path::new("/proc/sys/net").join(name);
        let written = self.within(|| std::fs::write(&file, value));
        written.unwrap_or_else(|error| panic!("{} = {value}: {error}", file.display()));
    }

    /// Whether this kernel has that setting.
    pub(crate) fn has(&self, name: &str) -> bool {
        let file = Path::new("/proc/sys/net").join(name);
        self.within(|| file.exists())
    }

    /// One of the kernel's counters in it, by its group and name: `Tcp`, `RetransSegs` (proc_net(5), nstat(8)).
    pub(crate) fn counter(&self, group: &str, name: &str) -> u64 {
        // `/proc/net` is that of the process, not of the thread.
        let read =
            |file: &str| std::fs::read_to_string(Path::new("/proc/thread-self/net").join(file));
        let tables = self.within(|| ["snmp", "netstat"].map(|file| read(file).expect("counters")));
        let found = tables.iter().find_map(|table| look_up(table, group, name));
        found.unwrap_or_else(|| panic!("the kernel counts no {group} {name}"))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _already_gone = Command::new("ip")
            .args(["netns", "delete", &self.name])
            .status();
    }
}

/// Acts on a thread in the namespace of that name.
pub(crate) fn within<T: Send>(name: &str, act: impl FnOnce() -> T + Send) -> T {
    let namespace = File::open(Path::new(NAMES).join(name)).expect("open the namespace");
    let there = || {
        use std::os::fd::AsFd;
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
            .expect("enter the namespace, as root");
        act()
    };
    let ended = std::thread::scope(|scope| scope.spawn(there).join());
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A line of words for ip(8), which must work; returns what it printed.
pub(super) fn ip(line: &str) -> String {
    let output = Command::new("ip").args(line.split(' ')).output();
    let output = output.unwrap_or_else(|error| panic!("ip: {error}; see cargo xtask setup"));
    let said = text(&output.stderr);
    assert!(output.status.success(), "ip {line}: {said}");
    text(&output.stdout)
}

/// Such a table has two lines for each group: names, and values in the same order.
fn look_up(table: &str, group: &str, name: &str) -> Option<u64> {
    let mut lines = table
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(of, _)| *of == group);
    let (_, names) = lines.next()?;
    let (_, values) = lines.next()?;
    let place = names.split(' ').position(|own| own == name)?;
    values.split(' ').nth(place)?.parse().ok()
}
