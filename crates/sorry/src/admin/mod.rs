//! The operator's doors to a running daemon: metrics over HTTP on an address of their own, and the admin socket that
//! `sorry status`, `sorry reload` and `--takeover` talk to.
//!
//! Nothing is decided here. The metrics page is rendered from counts and [`Facts`]; requests on the admin socket become
//! [`Command`]s for `daemon`, which does the work and replies. Both doors run on the daemon's control runtime, each
//! with its own limits, and never touch a worker. [`client`] is the other end of the socket, for the command line.

mod accept;
pub mod client;
pub mod door;
pub mod endpoint;
mod exposition;
mod facts;
mod family;
pub mod history;
mod line;
pub mod message;
mod metrics;
#[cfg(test)]
mod metrics_reader;
mod moment;
pub mod order;
mod process;
mod reference;
mod role;
mod scrape;
pub mod socket;
pub mod standing;
mod status;
mod status_table;
mod table;
mod watched;

pub use door::Doors;
pub use endpoint::serve_metrics;
pub use facts::{Certificate, Facts, Reread, Snapshot, Source};
pub use message::{
    Command, Fault, FaultKind, Ordered, ReloadOutcome, ReloadReport, Reply, Request,
};
pub use metrics::{Format, render};
pub use moment::Moment;
pub use process::Process;
pub use reference::reference;
pub use role::{Caller, Judge, Role, by_credentials};
pub use status::{CertificateStatus, ListenerStatus, Mode, SiteStatus, Status, WorkerStatus};
