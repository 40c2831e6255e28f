//! The snapshot that workers read: every site with its prepared answers, and which site a host name means.
//!
//! Made by `daemon` whenever the configuration or a page changes, swapped whole, never changed.

use std::collections::HashMap;
use std::sync::Arc;

use sorry_core::answer::Policy;
use sorry_core::host::Authority;
use sorry_core::retry_after::Promise;

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
}

/// Which site a name means on one listener.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    exact: HashMap<Box<str>, usize>,
    /// By what follows the star: `.example.com`.
    below: HashMap<Box<str>, usize>,
    /// For names that are nobody's.
    default: usize,
}

impl Hosts {
    /// A listener on which names that are nobody's mean the site with this index.
    pub fn new(default: usize) -> Hosts {
        Hosts {
            default,
            ..Hosts::default()
        }
    }

    /// Adds a name, in its one form, or `*.` and a name for everything below it.
    pub fn insert(&mut self, host: &str, site: usize) {
        match host.strip_prefix('*') {
            Some(suffix) => self.below.insert(suffix.into(), site),
            None => self.exact.insert(host.into(), site),
        };
    }

    /// The site of `authority`, and whether it was known by name.
    fn find(&self, authority: &Authority) -> (usize, Known) {
        let Authority::Named(host) = authority else {
            return (self.default, Known::No);
        };
        let name = host.as_str();
        if let Some(site) = self.exact.get(name) {
            return (*site, Known::Yes);
        }
        if !self.below.is_empty() {
            for (dot, _) in name.match_indices('.') {
                if let Some(site) = self.below.get(&name[dot..]) {
                    return (*site, Known::Yes);
                }
            }
        }
        (self.default, Known::No)
    }

    fn has_names(&self) -> bool {
        !(self.exact.is_empty() && self.below.is_empty())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
}

/// Everything that is answered from.
#[derive(Debug)]
pub struct Sites {
    sites: Vec<Site>,
    /// By number of the listener.
    listeners: HashMap<usize, Hosts>,
    fallback: Hosts,
    /// Counts of requests for names that are nobody's: metrics must not grow with what strangers send.
    other: Arc<[SiteCounts]>,
}

impl Sites {
    /// `sites` must not be empty; `listeners` says who is who where. `other` counts requests for unknown names.
    pub fn new(
        sites: Vec<Site>,
        listeners: HashMap<ListenerId, Hosts>,
        other: Arc<[SiteCounts]>,
    ) -> Option<Sites> {
        let listeners = listeners
            .into_iter()
            .map(|(id, hosts)| (id.0, hosts))
            .collect();
        (!sites.is_empty()).then(|| Sites {
            sites,
            listeners,
            fallback: Hosts::default(),
            other,
        })
    }

    /// The site for a request, and where it is counted for `worker`.
    pub fn site(
        &self,
        listener: ListenerId,
        authority: &Authority,
        worker: usize,
    ) -> (&Site, &SiteCounts) {
        let hosts = self.listeners.get(&listener.0).unwrap_or(&self.fallback);
        let (index, known) = hosts.find(authority);
        let site = &self.sites[index.min(self.sites.len() - 1)];
        // A site without names is meant for every name.
        let counts = if known == Known::Yes || !hosts.has_names() {
            &site.counts
        } else {
            &self.other
        };
        (site, &counts[worker])
    }

    /// All sites.
    pub fn all(&self) -> &[Site] {
        &self.sites
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sorry_core::host;

    #[test]
    fn names_find_their_site() {
        let mut hosts = Hosts::new(9);
        hosts.insert("shop.example.com", 1);
        hosts.insert("*.example.com", 2);
        hosts.insert("*.deep.example.com", 3);
        for (name, expected) in [
            ("Shop.Example.com:80", 1),
            ("blog.example.com", 2),
            ("a.b.example.com", 2),
            ("x.deep.example.com", 3),
            ("example.com", 9),
            ("other.example", 9),
            ("", 9),
        ] {
            assert_eq!(
                hosts.find(&host::parse(name.as_bytes())).0,
                expected,
                "{name}"
            );
        }
    }
}
