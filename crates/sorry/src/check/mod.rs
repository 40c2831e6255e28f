//! Checks real servers: one probe of each kind (`http`, `tcp`, ...), made ready by [`Prepared`] and made again and again by the
//! [`Watcher`], each ending in an [`Outcome`] with one of the core's reasons. What follows from it is the core's business.
//!
//! A probe has one deadline for all that it does, from asking for an address to the last byte. It never waits for anything else,
//! and whatever a server does it reads a bounded amount. Called by the daemon, which hands in checks and takes results.

mod authority;
mod body;
mod connect;
mod dns;
mod exec;
mod failure;
mod file;
mod grpc;
mod http;
mod http1;
mod http2;
mod icmp;
mod once;
mod outcome;
mod prepared;
mod remote;
mod schedule;
mod smtp;
mod spawner;
mod subject;
mod tcp;
mod tls;
mod udp;
mod watcher;
mod wire;

pub use outcome::Outcome;
pub use prepared::{PrepareError, Prepared, Shared};
pub use remote::Remote;
pub use schedule::Pace;
pub use spawner::{Direct, Ended, Errand, How, OUTPUT_MAX_BYTES, Running, Spawner};
pub use subject::Subject;
pub use watcher::{Key, Told, Watched, Watcher};

/// What reads a stranger's bytes, for fuzzing.
pub mod readers {
    pub use super::dns::{Expected, Judged};
    pub use super::http1::{Body, Fault, Progress, Reader, Wanted};
    pub use super::smtp::{Fault as ReplyFault, Reply, reply};
}
