//! The snapshot that workers read: every site with its prepared answers, and which site a host name means.
//!
//! Made by `daemon` whenever the configuration or a page changes, swapped whole, never changed.

use std::collections::HashMap;
use std::sync::Arc;

use sorry_core::answer::Policy;
use sorry_core::host::Authority;
use sorry_core::retry_after::Promise;

use crate::config::HostMap;
use crate::count::SiteCounts;
use crate::page::prepared::Answers;

/// Number of a listener, given once by whoever opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(pub usize);

/// Whether clients are told to forget about HTTP/3 (RFC 7838, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AltSvc {
    /// `clear` where we terminate TLS, since then no one else serves HTTP/3 for this name and port.
    Auto,
    /// Always.
    Clear,
    /// Never.
    Leave,
}

/// One site.
#[derive(Debug)]
pub struct Site {
    /// Its name in configuration, metrics and logs.
    pub name: Arc<str>,
    /// What decides which answer is given.
    pub policy: Policy,
    /// What Retry-After says.
    pub promise: Promise,
    /// What is said.
    pub answers: Answers,
    /// Whether HTTP/3 is called off.
    pub alt_svc: AltSvc,
    /// One set of counts per worker.
    pub counts: Arc<[SiteCounts]>,
    /// The same for requests whose name is nobody's. A site without names is meant for all and counts them as its own;
    /// others share one set, since metrics must not grow with what strangers send.
    pub strangers: Arc<[SiteCounts]>,
}

/// Which site a name means on one listener.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// By name.
    pub names: HostMap<usize>,
    /// For names that are nobody's: an index, too.
    pub default: usize,
}

/// Everything that is answered from.
#[derive(Debug)]
pub struct Sites {
    sites: Vec<Site>,
    listeners: HashMap<ListenerId, Hosts>,
}

impl Sites {
    /// `listeners` says who is who where. `None` without any site.
    pub fn new(sites: Vec<Site>, listeners: HashMap<ListenerId, Hosts>) -> Option<Sites> {
        (!sites.is_empty()).then_some(Sites { sites, listeners })
    }

    /// The site for a request, and where it is counted for `worker`.
    pub fn site(
        &self,
        listener: ListenerId,
        authority: &Authority,
        worker: usize,
    ) -> (&Site, &SiteCounts) {
        let hosts = self.listeners.get(&listener);
        let named = match (hosts, authority) {
            (Some(hosts), Authority::Named(host)) => hosts.names.find(host.as_str()),
            _ => None,
        };
        let index = named.or(hosts.map(|hosts| hosts.default)).unwrap_or(0);
        let site = &self.sites[index.min(self.sites.len() - 1)];
        let counts = if named.is_some() {
            &site.counts
        } else {
            &site.strangers
        };
        (site, &counts[worker])
    }

    /// Whether a name is a site's on this listener.
    pub fn knows(&self, listener: ListenerId, name: &str) -> bool {
        self.listeners
            .get(&listener)
            .is_some_and(|hosts| hosts.names.find(name).is_some())
    }

    /// All sites.
    pub fn all(&self) -> &[Site] {
        &self.sites
    }
}
