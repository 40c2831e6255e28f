//! Who watches: ours or keepalived, on a core of its own, until it has been measured.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use super::super::proc_fs;
use super::super::running::SERVER_CORE;
use super::lateness::Lateness;
use super::scene::{Scene, free_port};
use crate::signal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ours,
    Keepalived,
}

impl Kind {
    pub(super) const ALL: [Kind; 2] = [Kind::Ours, Kind::Keepalived];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Ours => "sorry",
            Kind::Keepalived => "keepalived",
        }
    }
}

pub(super) struct Watcher {
    child: Child,
    /// Where ours tells how late it is.
    metrics: Option<u16>,
}

impl Watcher {
    /// Starts it.
    pub(super) fn start(scene: &Scene, kind: Kind, count: u32) -> Result<Watcher, String> {
        let mut command = Command::new("sh");
        // Raises the limit of open files, then becomes the program, which dies with us.
        command.args([
            "-c",
            "ulimit -n 40000 2>/dev/null; exec setpriv --pdeathsig TERM \"$@\"",
            "sh",
        ]);
        command.args(["taskset", "--cpu-list", &SERVER_CORE.to_string()]);
        let mut metrics = None;
        match kind {
            Kind::Ours => {
                let port = free_port()?;
                metrics = Some(port);
                scene.sorry(count, port)?;
                command.arg(&scene.ours);
                command.args(["run", "--config", "sorry.toml"]);
            }
            Kind::Keepalived => {
                scene.keepalived(count)?;
                let preload = format!("LD_PRELOAD={}", scene.shim().display());
                command.args(["env", &preload, "/usr/sbin/keepalived"]);
                command.args(["--dont-fork", "--no-syslog", "--check", "--use-file"]);
                command.args([
                    "keepalived.conf",
                    "--pid",
                    "ka.pid",
                    "--checkers_pid",
                    "kac.pid",
                ]);
            }
        }
        let log = scene.folder.join("watcher.log");
        let log = File::create(&log)
            .map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let child = command
            .current_dir(&scene.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", kind.name()))?;
        Ok(Watcher { child, metrics })
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        proc_fs::family(self.child.id())
    }

    /// How late probes were so far, and how many were bad; only ours tells.
    pub(super) fn told(&self) -> Result<Option<Lateness>, String> {
        let Some(port) = self.metrics else {
            return Ok(None);
        };
        Lateness::ask(port).map(Some)
    }

    /// Its end.
    pub(super) fn end(mut self) -> Result<(), String> {
        signal::send("TERM", &[self.child.id()]);
        let ended = self.child.wait();
        ended
            .map(drop)
            .map_err(|error| format!("cannot wait: {error}"))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|end| end.is_none()) {
            signal::send("TERM", &[self.child.id()]);
            self.child.wait().ok();
        }
    }
}
