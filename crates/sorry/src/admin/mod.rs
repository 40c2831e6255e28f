//! The operator's doors to a running daemon: metrics over HTTP on an address of their own, and the admin socket that
//! `sorry status`, `sorry reload` and `--takeover` talk to.
//!
//! Nothing is decided here. The metrics page is rendered from counts and [`Facts`]; requests on the admin socket become
//! [`Command`]s for `daemon`, which does the work and replies. Both doors run on the daemon's control runtime, each
//! with its own limits, and never touch a worker.

pub mod door;
mod facts;
pub mod message;
mod moment;
mod role;
mod status;

pub use door::Doors;
pub use facts::{Certificate, Facts, Reread, Snapshot, Source};
pub use message::{Command, Fault, FaultKind, ReloadOutcome, ReloadReport, Reply, Request};
pub use moment::Moment;
pub use role::{Caller, Judge, Role, owner_or_root};
pub use status::{CertificateStatus, ListenerStatus, Mode, SiteStatus, Status, WorkerStatus};
