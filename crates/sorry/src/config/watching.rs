//! What is watched to doubt oneself, and who is asked what they see.

use super::real_server::Target;
use sorry_core::doubt::Mass;
use std::path::PathBuf;
use std::time::Duration;

/// `[watch]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watching {
    /// Addresses that must answer: a connection is opened where there is a port, an echo asked for where there is none.
    pub references: Vec<Target>,
    /// How often each is asked.
    pub every: Duration,
    /// How long it may take.
    pub timeout: Duration,
    /// How many real servers that go down together are too many to be believed.
    pub mass: Mass,
    /// For how long nothing is switched then.
    pub hold: Duration,
    /// How many peers must see the same; 0 asks none.
    pub votes: u32,
    /// Who is asked.
    pub peers: Vec<Peer>,
}

/// Another Sorry that watches the same sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// What it is called in messages.
    pub name: Box<str>,
    /// Its admin API: host and port.
    pub address: Target,
    /// The authorities that its certificate is checked against, in PEM; the system's where there are none.
    pub authority: Option<PathBuf>,
    /// A file with the bearer token.
    pub token: PathBuf,
}
