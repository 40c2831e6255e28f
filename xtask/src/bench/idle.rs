//! What a server costs while nobody asks: memory, with and without connections that wait, and how often it wakes up for nothing.

use std::fs;
use std::time::Duration;

use super::hold::Held;
use super::peer::Peer;
use super::proc_fs::{self, Cpu, Memory};
use super::quiet;
use super::running::Server;
use super::stage::Stage;

/// What is found; memory in bytes.
pub(crate) struct Idle {
    pub(crate) program: u64,
    pub(crate) before: Memory,
    pub(crate) wakeups_per_second: f64,
    /// CPU time, in millionths of the time that passed.
    pub(crate) cpu_ppm: f64,
    pub(crate) held: usize,
    pub(crate) after: Memory,
}

impl Idle {
    /// What each waiting connection takes of the server's memory. The kernel's own part is not in it, nor are pages of the
    /// program's file that are used for the first time, or for the first time again.
    pub(crate) fn per_connection(&self) -> f64 {
        (self.after.own as f64 - self.before.own as f64) / self.held as f64
    }
}

pub(crate) fn measure(
    stage: &Stage,
    peer: Peer,
    seconds: u64,
    connections: usize,
) -> Result<Idle, String> {
    let program = peer.program(&stage.sorry);
    let program = fs::metadata(&program)
        .map_err(|error| format!("cannot read {}: {error}", program.display()))?
        .len();
    let server = Server::start(peer, stage)?;
    let pids = server.pids();
    // Whatever it still does in the background after its start.
    quiet::pass(Duration::from_secs(1));
    let (sleeps, cpu) = (proc_fs::sleeps(&pids)?, Cpu::of(&pids)?);
    quiet::pass(Duration::from_secs(seconds));
    let wakeups = proc_fs::sleeps(&pids)? - sleeps;
    let busy = Cpu::of(&pids)?.since(cpu).ns;
    let before = Memory::of(&pids)?;
    let holder = Held::open(stage, &server, connections)?;
    let after = Memory::of(&pids)?;
    holder.close(connections)?;
    Ok(Idle {
        program,
        before,
        wakeups_per_second: wakeups as f64 / seconds as f64,
        cpu_ppm: busy as f64 / 1e3 / seconds as f64,
        held: connections,
        after,
    })
}
