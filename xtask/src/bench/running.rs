//! A server while it runs: started on its core, found to answer, asked for its processes, and ended by their numbers however this ends.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::exchange;
use super::peer::{Door, Peer, Ports};
use super::proc_fs;
use super::quiet;
use super::stage::Stage;
use crate::signal;
use crate::steps;

/// The server's core, and that of what puts load on it.
pub(crate) const SERVER_CORE: usize = 0;
const LOAD_CORE: usize = 1;
pub(crate) const CORES: [usize; 2] = [SERVER_CORE, LOAD_CORE];

/// Nothing here takes this long to start or to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Raises the limit of open files, then becomes the program. It dies with us: `setpriv` asks the kernel for that.
const WRAP: &str = "ulimit -n \"$1\"; shift; exec setpriv --pdeathsig TERM \"$@\"";

pub(crate) struct Server {
    pub(crate) peer: Peer,
    ports: Ports,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts it on its own core and waits until it answers.
    pub(crate) fn start(peer: Peer, stage: &Stage) -> Result<Self, String> {
        let ports = stage.configure(peer)?;
        let mut command = wrapped(stage, SERVER_CORE);
        command.args(peer.command(&stage.sorry, &stage.folder));
        let mut server = Self::spawn(peer, stage, ports, &mut command)?;
        server.await_answer()?;
        Ok(server)
    }

    /// Starts it as the shell would, with nothing between, and does not wait: to see how long it takes to answer.
    pub(crate) fn launch(peer: Peer, stage: &Stage, ports: Ports) -> Result<Self, String> {
        let words = peer.command(&stage.sorry, &stage.folder);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        Self::spawn(peer, stage, ports, &mut command)
    }

    fn spawn(
        peer: Peer,
        stage: &Stage,
        ports: Ports,
        command: &mut Command,
    ) -> Result<Self, String> {
        let log = stage.log(peer);
        let cannot = |error| format!("cannot write {}: {error}", log.display());
        let output = File::create(&log).map_err(cannot)?;
        let errors = output.try_clone().map_err(cannot)?;
        command.current_dir(&stage.folder).stdin(Stdio::null());
        let child = command
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", peer.name()))?;
        Ok(Self {
            peer,
            ports,
            child,
            log,
        })
    }

    /// Asks until it answers with 503.
    pub(crate) fn await_answer(&mut self) -> Result<(), String> {
        let start = Instant::now();
        let port = self.ports.plain;
        loop {
            let why = match exchange::connect(port) {
                Ok(mut stream) => match exchange::ask(&mut stream, port) {
                    Ok(503) => return Ok(()),
                    Ok(status) => return Err(self.complaint(&format!("answered {status}"))),
                    Err(why) => why,
                },
                Err(error) => format!("cannot connect: {error}"),
            };
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.complaint(&format!("ended at once ({status})")));
            }
            if start.elapsed() > PATIENCE {
                return Err(self.complaint(&format!("does not answer: {why}")));
            }
            // Long enough to leave it the core, short enough not to be seen in what `start` measures.
            quiet::pass(Duration::from_micros(100));
        }
    }

    fn complaint(&self, what: &str) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        format!("{} {what}; it said: {}", self.peer.name(), said.trim_end())
    }

    pub(crate) fn port(&self, door: Door) -> u16 {
        self.peer.port(door, self.ports)
    }

    /// Its processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        proc_fs::family(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its children, since they are hard to find once it is gone.
        let family = self.pids();
        let root = self.child.id();
        for patience in [300, 3000] {
            // The second one ends what waits for its clients.
            if self.child.try_wait().is_ok_and(|end| end.is_none()) {
                signal::send("TERM", &[root]);
                self.ends_within(Duration::from_millis(patience));
            }
        }
        self.child.kill().ok();
        self.child.wait().ok();
        let left: Vec<u32> = family.into_iter().filter(|pid| *pid != root).collect();
        signal::send("KILL", &left);
    }
}

impl Server {
    fn ends_within(&mut self, patience: Duration) {
        let start = Instant::now();
        while start.elapsed() < patience && self.child.try_wait().is_ok_and(|end| end.is_none()) {
            quiet::pass(Duration::from_millis(1));
        }
    }
}

/// The beginning of a command: on one core, with all the files that it may open.
fn wrapped(stage: &Stage, core: usize) -> Command {
    let limit = stage.descriptors.limit().to_string();
    let mut command = Command::new("sh");
    command.args(["-c", WRAP, "sh", &limit]);
    command.args(["taskset", "--cpu-list", &core.to_string()]);
    command
}

/// Runs something that puts load on a server, on its own core, ended after `limit` if it does not end by itself; returns what it said.
pub(crate) fn load(stage: &Stage, limit: Duration, words: &[String]) -> Result<String, String> {
    let mut command = loader(stage, limit);
    let output = command
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start {}: {error}", words[0]))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let ending = steps::ending(output.status);
    Err(format!("{}: {ending}; it said: {said}{errors}", words[0]))
}

/// The beginning of such a command.
pub(crate) fn loader(stage: &Stage, limit: Duration) -> Command {
    let mut command = wrapped(stage, LOAD_CORE);
    command.args(["timeout", "--foreground", "--kill-after=5"]);
    command.arg(limit.as_secs().to_string());
    command.current_dir(&stage.folder);
    command
}
