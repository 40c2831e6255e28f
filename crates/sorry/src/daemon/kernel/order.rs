//! What the thread is told.

use std::os::fd::OwnedFd;
use std::sync::mpsc::SyncSender;

use super::subjects::Subjects;
use super::{Routed, Tell};

/// One order.
pub(super) enum Order {
    /// This is what is said, and on which terms.
    Say(Box<Subjects>),
    /// This is where a site's visitors go.
    Route(Routed),
    /// Whoever wants to hear what came of wishes.
    Tell(Tell),
    /// Hand out what a successor is to have.
    Bequeath(SyncSender<std::io::Result<Vec<(String, OwnedFd)>>>),
    /// End.
    Stop,
}
