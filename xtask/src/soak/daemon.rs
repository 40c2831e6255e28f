//! The program while it runs: started as a first or as a successor, waited for, killed. Dropped, it is ended by its number.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::ground::Ground;
use crate::bench::quiet;
use crate::signal;
use crate::steps;

/// Nothing here takes this long to start or to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Whether it finds somebody whose sockets it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    First,
    Takeover,
}

pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts it, and waits until it says that every listener is open. It dies with us: `setpriv` asks the kernel for that.
    pub(crate) fn start(ground: &Ground, start: Start, number: u64) -> Result<Self, String> {
        let log = ground.folder.join(format!("{number}.log"));
        let file = File::create(&log)
            .map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]);
        command.arg(&ground.sorry).arg("run");
        if start == Start::Takeover {
            command.arg("--takeover");
        }
        let child = command
            .arg("--config")
            .arg(ground.file())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| format!("cannot start setpriv: {error}"))?;
        let mut daemon = Self { child, log };
        daemon.await_word("ready")?;
        Ok(daemon)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn await_word(&mut self, word: &str) -> Result<(), String> {
        let start = Instant::now();
        while !self.said().contains(word) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.complaint(&format!("did not start: {}", steps::ending(status))));
            }
            if start.elapsed() > PATIENCE {
                return Err(self.complaint(&format!("did not say `{word}`")));
            }
            quiet::pass(Duration::from_millis(1));
        }
        Ok(())
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn complaint(&self, what: &str) -> String {
        let said = self.said();
        let tail = said.lines().rev().take(5).collect::<Vec<_>>();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        format!(
            "process {} {what}; it said: {}",
            self.pid(),
            tail.join(" | ")
        )
    }

    /// An error if it has ended, which nobody has asked for.
    pub(crate) fn still_runs(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.complaint(&format!("ended: {}", steps::ending(status)))),
            Err(error) => Err(format!("cannot wait for process {}: {error}", self.pid())),
        }
    }

    /// Sends it a signal, unless it has ended: then its number may be somebody else's.
    pub(crate) fn signal(&mut self, name: &str) {
        if self.still_runs().is_ok() {
            signal::send(name, &[self.pid()]);
        }
    }

    /// Waits for its end.
    fn end(&mut self) -> Result<ExitStatus, String> {
        let start = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if start.elapsed() > PATIENCE => {
                    return Err(self.complaint("did not end"));
                }
                Ok(None) => quiet::pass(Duration::from_millis(1)),
                Err(error) => return Err(format!("cannot wait: {error}")),
            }
        }
    }

    /// Waits for its end, which must be in good order; what it said is not needed then.
    pub(crate) fn ends_well(mut self) -> Result<(), String> {
        let status = self.end()?;
        if !status.success() {
            return Err(self.complaint(&format!("ended badly: {}", steps::ending(status))));
        }
        fs::remove_file(&self.log).ok();
        Ok(())
    }

    /// SIGKILL: it gets to do nothing more. It must not have ended before by itself.
    pub(crate) fn kill(&mut self) -> Result<(), String> {
        const KILLED: i32 = 9;
        self.still_runs()?;
        self.child.kill().ok();
        let status = self.end()?;
        if status.signal() != Some(KILLED) {
            return Err(self.complaint(&format!("ended by itself: {}", steps::ending(status))));
        }
        fs::remove_file(&self.log).ok();
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
