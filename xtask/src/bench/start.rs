//! How long a server takes from its start to its first whole answer.

use std::time::Instant;

use super::peer::Peer;
use super::running::Server;
use super::stage::Stage;

/// Milliseconds. Asking begins before the server listens, and goes on until it answers.
pub(crate) fn first_answer(stage: &Stage, peer: Peer) -> Result<f64, String> {
    let ports = stage.configure(peer)?;
    let start = Instant::now();
    let mut server = Server::launch(peer, stage, ports)?;
    server.await_answer()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
