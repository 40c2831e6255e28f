//! What the metrics page shows besides counts. The daemon gathers it afresh for each scrape; nothing here is kept.

use std::sync::Arc;

use super::door::Doors;
use super::kernel::KernelStanding;
use super::moment::Moment;
use super::standing::Standing;
use crate::count::{Limit, Sites, WorkerCounts};

/// Whoever knows what is to be shown; the daemon.
pub trait Source: Send + Sync {
    /// How things are now. Called once a scrape on the control runtime: it must not wait for anything.
    fn snapshot(&self) -> Snapshot;
}

/// Everything that one scrape shows.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Answers by site.
    pub sites: Arc<Sites>,
    /// Every worker's counts, in the order of their numbers.
    pub workers: Vec<Arc<WorkerCounts>>,
    /// Limits reached at the operator's own doors.
    pub doors: Arc<Doors>,
    /// The rest.
    pub facts: Facts,
}

/// What is known of the process as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The program's version.
    pub version: String,
    /// When the process started.
    pub started: Moment,
    /// Which configuration is in force; it grows with each reload that is applied.
    pub generation: u64,
    /// The last attempt to read the configuration again.
    pub reload: Option<Reread>,
    /// The certificates that are served.
    pub certificates: Vec<Certificate>,
    /// Limits that were reached where no worker is: by what the operator gave.
    pub limits_reached: Vec<(Limit, u64)>,
    /// How sites and real servers stand.
    pub standing: Arc<Standing>,
    /// How the in-kernel responder stands.
    pub kernel: Arc<KernelStanding>,
    /// Lines of the access log that found no room; none where there is no log.
    pub log_lines_dropped: Option<u64>,
    /// Programs that were killed and do not end; none where nobody can run any.
    pub programs_hung: Option<u64>,
}

impl Facts {
    /// How often a limit was reached where no worker is.
    pub fn reached(&self, limit: Limit) -> u64 {
        let of = self.limits_reached.iter().filter(|(of, _)| *of == limit);
        of.map(|(_, times)| times).sum()
    }
}

/// How an attempt to read something again ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reread {
    /// The new one is in use since then.
    Worked(Moment),
    /// It failed then, and the old one stays in use.
    Failed(Moment),
}

impl Reread {
    /// When it was tried.
    pub fn at(self) -> Moment {
        match self {
            Reread::Worked(at) | Reread::Failed(at) => at,
        }
    }
}

/// A certificate that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The first name it is for.
    pub name: String,
    /// The file it came from.
    pub file: String,
    /// Its last second.
    pub not_after: Moment,
    /// The last attempt to read its files; at the start of the process too.
    pub reread: Reread,
}
