//! How many descriptors the process may open, and so how many connections it can hold.

use std::num::NonZeroUsize;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::front::BATCH;
use super::worker::SPARE_PLACES;

/// Descriptors for everything that is no connection: runtimes, files, metrics, the admin socket.
const OTHERS: u64 = 64;

/// Raises the soft limit to the hard one; servers are what the hard one is for (systemd.exec(5), LimitNOFILE).
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        log::warn!("the limit of open files cannot be raised: {error}");
    }
}

/// The most connections: as configured, but never more than the limit leaves beside `listeners` sockets for each worker
/// and their copies. Running out of descriptors is the worse way to find that out.
pub(super) fn connections(
    configured: Option<usize>,
    listeners: usize,
    workers: NonZeroUsize,
) -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    // Each worker has its runtime, a batch of connections that are answered and not kept, and a few that are for a moment.
    let each = 2 * listeners as u64 + 8 + (BATCH + SPARE_PLACES) as u64;
    let sockets = each * workers.get() as u64;
    let room = usize::try_from(limit.saturating_sub(OTHERS + sockets).max(1)).unwrap_or(usize::MAX);
    match configured {
        Some(configured) if configured > room => {
            log::warn!(
                "the limit of open files has room for {room} connections, not for {configured}; raise LimitNOFILE="
            );
            room
        }
        Some(configured) => configured,
        None => room,
    }
}
