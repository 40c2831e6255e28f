//! Who watches: ours or keepalived, on a core of its own, until it has been measured.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::super::proc_fs;
use super::super::running::SERVER_CORE;
use super::scene::Scene;
use crate::signal;
use crate::steps;

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

/// How late probes began, as ours tells at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lateness {
    pub(super) bad: u64,
    pub(super) p50_us: u64,
    pub(super) p99_us: u64,
}

pub(super) struct Watcher {
    kind: Kind,
    child: Child,
}

impl Watcher {
    /// Starts it; ours ends by itself a second after `time`.
    pub(super) fn start(
        scene: &Scene,
        kind: Kind,
        count: u32,
        time: Duration,
    ) -> Result<Watcher, String> {
        let mut command = Command::new("sh");
        // Raises the limit of open files, then becomes the program, which dies with us.
        command.args([
            "-c",
            "ulimit -n 40000 2>/dev/null; exec setpriv --pdeathsig TERM \"$@\"",
            "sh",
        ]);
        command.args(["taskset", "--cpu-list", &SERVER_CORE.to_string()]);
        match kind {
            Kind::Ours => {
                let seconds = time.as_secs() + 1;
                command.arg(&scene.ours);
                command.args([
                    count.to_string(),
                    scene.port.to_string(),
                    seconds.to_string(),
                ]);
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
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", kind.name()))?;
        Ok(Watcher { kind, child })
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        proc_fs::family(self.child.id())
    }

    /// Its end, and what it says then.
    pub(super) fn end(mut self) -> Result<Option<Lateness>, String> {
        if self.kind == Kind::Keepalived {
            signal::send("TERM", &[self.child.id()]);
            self.child
                .wait()
                .map_err(|error| format!("cannot wait: {error}"))?;
            return Ok(None);
        }
        let mut said = String::new();
        if let Some(stdout) = &mut self.child.stdout {
            use std::io::Read as _;
            let read = stdout.read_to_string(&mut said);
            read.map_err(|error| format!("cannot read what ours says: {error}"))?;
        }
        let status = self
            .child
            .wait()
            .map_err(|error| format!("cannot wait: {error}"))?;
        let late = lateness(&said);
        let late =
            late.ok_or_else(|| format!("ours: {}; it said: {said}", steps::ending(status)))?;
        if late.bad > 0 {
            eprintln!(
                "-- {} of ours were bad: who is watched cannot keep up",
                late.bad
            );
        }
        Ok(Some(late))
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

/// `results 9 bad 0 late-p50 1 late-p99 2 late-most 3`, in microseconds.
fn lateness(said: &str) -> Option<Lateness> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let behind = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1)?.parse().ok()
    };
    Some(Lateness {
        bad: behind("bad")?,
        p50_us: behind("late-p50")?,
        p99_us: behind("late-p99")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Lateness, lateness};

    #[test]
    fn lateness_is_read() {
        let expected = Lateness {
            bad: 1,
            p50_us: 400,
            p99_us: 2000,
        };
        let said = "results 9 bad 1 late-p50 400 late-p99 2000 late-most 3000\n";
        assert_eq!(lateness(said), Some(expected));
        assert_eq!(lateness("thread panicked"), None);
    }
}
