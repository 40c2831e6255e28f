//! What the thread is told.

use std::os::fd::OwnedFd;
use std::sync::mpsc::SyncSender;

use super::subjects::Subjects;
use super::{Routed, Tell};

/// One order.
pub(super) enum Order {
    /// This is what is said, and on which terms; a word back when the kernel has it.
    Say(Box<Subjects>, SyncSender<()>),
    /// This is where a site's visitors go.
    Route(Routed),
    /// Whoever wants to hear what came of wishes.
    Tell(Tell),
    /// Hand out what a successor is to have.
    Bequeath(SyncSender<std::io::Result<Vec<(String, OwnedFd)>>>),
    /// Publish how everything stands now, for somebody asks; a word back when that is done.
    Publish(SyncSender<()>),
    /// Nobody succeeds after all.
    GoOn,
    /// The service manager keeps what holds the programs: they go on until the next process has started.
    IsKept,
    /// End.
    Stop,
}
