//! Where it takes place: a network namespace that nobody else has, with the kernel's own files of it, which ends with this process however that
//! ends; and others in it, for servers that need an IP stack of their own.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use rustix::thread::{CpuSet, LinkNameSpaceType, move_into_link_name_space, sched_setaffinity};

/// The core of the clients, and that of the servers.
pub(crate) const CLIENT_CORE: usize = 0;
pub(crate) const SERVER_CORE: usize = 1;

/// What tells a process that it is inside.
const INSIDE: &str = "SORRY_BENCH_INSIDE";

pub(crate) fn is_ours() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Becomes a process of its own inside, and waits for it.
pub(crate) fn enter(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(rustix::process::geteuid().is_root(), "this needs root");
    let own = std::env::current_exe()?;
    let status = Command::new("setpriv")
        .args([
            "--pdeathsig",
            "KILL",
            "unshare",
            "--net",
            "--mount",
            "sh",
            "-c",
        ])
        .arg("mount -t sysfs sysfs /sys && ip link set lo up && exec \"$0\" \"$@\"")
        .arg(own)
        .args(arguments)
        .env(INSIDE, "1")
        .status()
        .context("cannot start setpriv and unshare")?;
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}

/// Has this thread, and what it starts, run on one core.
pub(crate) fn stay_on(core: usize) -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).with_context(|| format!("cannot run on core {core}"))
}

/// Runs a program to its end.
pub(crate) fn run(line: &str) -> anyhow::Result<()> {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    ended(command.args(words), line)
}

/// Runs a command to its end; `line` is what to call it where it fails.
pub(crate) fn ended(command: &mut Command, line: &str) -> anyhow::Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {line}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{line}: {}", said.trim());
    Ok(())
}

/// A network namespace beside ours. A process that waits for us holds it.
pub(crate) struct Namespace {
    holder: Child,
    file: File,
}

impl Namespace {
    pub(crate) fn new() -> anyhow::Result<Namespace> {
        let mut holder = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo ready; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start unshare")?;
        let mut line = String::new();
        let output = holder.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line == "ready\n", "unshare made no namespace");
        let file = File::open(format!("/proc/{}/ns/net", holder.id()))?;
        let namespace = Namespace { holder, file };
        namespace.run("ip link set lo up")?;
        Ok(namespace)
    }

    /// The process by which the kernel finds it.
    pub(crate) fn holder(&self) -> u32 {
        self.holder.id()
    }

    /// The beginning of a command that runs in it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder().to_string(), "--net"]);
        command
    }

    /// Runs a program in it to its end.
    pub(crate) fn run(&self, line: &str) -> anyhow::Result<()> {
        ended(self.command().args(line.split_whitespace()), line)
    }

    /// Does something in it, on a thread of its own.
    pub(crate) fn within<T: Send>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send,
    ) -> anyhow::Result<T> {
        let inside = || {
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(self.file.as_fd(), kind).context("cannot enter it")?;
            work()
        };
        std::thread::scope(|scope| match scope.spawn(inside).join() {
            Ok(result) => result,
            Err(_) => bail!("a thread ended early"),
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        self.holder.wait().ok();
    }
}
