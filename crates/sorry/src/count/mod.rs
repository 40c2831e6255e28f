//! What is counted: one set of cells per worker, so that counting is a plain addition on a line nobody else writes.
//!
//! Whoever answers counts here; whoever shows metrics adds the workers up. No locks, no names of metrics: those are
//! the page's that shows them.

pub mod access;
mod cell;
mod site;
mod worker;

pub use cell::Cell;
pub use site::{KINDS, Kind, Named, SiteCounts, Sites};
pub use worker::{BUCKETS, LatencyCounts, Limit, PROTOCOLS, Protocol, WorkerCounts};
