//! The operator's doors to a running daemon: metrics over HTTP on an address of their own, and the admin socket that
//! `sorry status`, `sorry reload` and `--takeover` talk to.
//!
//! Nothing is decided here. The metrics page is rendered from counts and [`Facts`]; requests on the admin socket become
//! [`Command`]s for `daemon`, which does the work and replies. Both doors run on the daemon's control runtime, each
//! with its own limits, and never touch a worker. [`client`] is the other end of the socket, for the command line.

mod accept;
pub mod api;
pub mod audit;
pub mod client;
mod column;
mod desk;
mod distrust;
pub mod door;
pub mod endpoint;
mod exposition;
mod facts;
mod family;
pub mod history;
mod http;
pub mod kernel;
mod kernel_metrics;
mod kernel_table;
mod line;
mod line_talk;
mod look;
pub mod message;
mod metrics;
#[cfg(test)]
mod metrics_reader;
mod moment;
mod openapi;
pub mod order;
mod patient;
mod process;
mod query;
mod reference;
pub mod remote;
pub mod remote_place;
mod role;
mod route;
mod scrape;
pub mod socket;
pub mod standing;
mod standing_table;
mod status;
mod status_table;
mod story;
mod table;
pub mod token;
mod watched;

pub use desk::{Desk, unknown_site};
pub use door::Doors;
pub use endpoint::serve_metrics;
pub use facts::{Certificate, Facts, Reread, Snapshot, Source};
pub use look::{Color, Look, Signs};
pub use message::{
    Command, Fault, FaultKind, Ordered, ReloadOutcome, ReloadReport, Reply, Request,
};
pub use metrics::{Format, render};
pub use moment::Moment;
pub use openapi::document as openapi;
pub use process::Process;
pub use reference::reference;
pub use role::{Caller, Judge, Role, by_credentials};
pub use route::{OrderRequest, Tested};
pub use standing_table::window_table;
pub use status::{CertificateStatus, ListenerStatus, Mode, SiteStatus, Status, WorkerStatus};
pub use story::Chapter;
