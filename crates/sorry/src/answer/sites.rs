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

/// Who answers a request.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'a> {
    /// The site.
    pub site: &'a Site,
    /// Where one worker counts it.
    pub counts: &'a SiteCounts,
    /// Whether the site was meant. Else the name is nobody's, and this is the site for such names.
    pub meant: bool,
}

/// Which site a name means on one listener.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// By name.
    pub names: HostMap<usize>,
    /// For names that are nobody's: an index, too.
    pub default: usize,
}

/// Sites, and who is who on each listener, of one configuration.
#[derive(Debug)]
pub struct Known {
    sites: Vec<Site>,
    listeners: HashMap<ListenerId, Hosts>,
}

/// Everything that is answered from: what is configured, and what was when a listener that is gone was closed. Connections
/// outlive their listener for a while, and theirs must not become another site's.
#[derive(Debug)]
pub struct Sites {
    known: Arc<Known>,
    retired: HashMap<ListenerId, Arc<Known>>,
}

impl Sites {
    /// `listeners` says who is who where; `retired` is for listeners that are gone. `None` without any site.
    pub fn new(
        sites: Vec<Site>,
        listeners: HashMap<ListenerId, Hosts>,
        retired: HashMap<ListenerId, Arc<Known>>,
    ) -> Option<Sites> {
        let known = Arc::new(Known { sites, listeners });
        (!known.sites.is_empty()).then_some(Sites { known, retired })
    }

    /// What is configured, to be kept for the connections of listeners that are closed.
    pub fn known(&self) -> &Arc<Known> {
        &self.known
    }

    /// The site for a request, and where it is counted for `worker`.
    pub fn site(&self, listener: ListenerId, authority: &Authority, worker: usize) -> Chosen<'_> {
        let known = self.retired.get(&listener).unwrap_or(&self.known);
        let hosts = known.listeners.get(&listener);
        let named = match (hosts, authority) {
            (Some(hosts), Authority::Named(host)) => hosts.names.find(host.as_str()),
            _ => None,
        };
        let index = named.or(hosts.map(|hosts| hosts.default)).unwrap_or(0);
        let site = &known.sites[index.min(known.sites.len() - 1)];
        let meant = named.is_some() || Arc::ptr_eq(&site.counts, &site.strangers);
        let counts = if meant { &site.counts } else { &site.strangers };
        Chosen {
            site,
            counts: &counts[worker],
            meant,
        }
    }

    /// Whether a name is a site's on this listener.
    pub fn knows(&self, listener: ListenerId, name: &str) -> bool {
        let known = self.retired.get(&listener).unwrap_or(&self.known);
        known
            .listeners
            .get(&listener)
            .is_some_and(|hosts| hosts.names.find(name).is_some())
    }

    /// All sites that are configured.
    pub fn all(&self) -> &[Site] {
        &self.known.sites
    }
}
