//! What the user-space server would answer, for whoever compares it with what the kernel says: the real machine, without a socket.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::pages::Loaded;
use super::super::state::{State, now};
use super::super::wire::{self, Fixed};
use crate::answer::{Desk, Guest, Hosts, ListenerId, Security, Site, Sites};
use crate::config::{Config, HostMap, KernelWhen};
use crate::count::{self, WorkerCounts};
use crate::daemon::earlier::Earlier;
use crate::http1::{Bounds, Next, Out, Session};

/// Each site that the kernel answers for, alone.
pub(in crate::daemon) fn all(state: &State) -> Vec<Alone> {
    let counts = count::Sites::new(1);
    of(&state.fixed(&counts), &state.pages)
}

/// The same of answers that are in force nowhere; all sites, where the kernel answers for none.
pub(super) fn of(fixed: &Fixed<'_>, pages: &[Loaded]) -> Vec<Alone> {
    let any = super::is_wanted(fixed.config);
    let sites = fixed.config.sites.iter().zip(pages);
    sites
        .filter(|(site, _)| !any || site.sorry.kernel != KernelWhen::Never)
        .filter_map(|(site, loaded)| {
            let bounds = wire::bounds(&fixed.config.limits);
            Alone::new(wire::site(fixed, site, loaded), bounds)
        })
        .collect()
}

/// Does something with a configuration that is in force nowhere, and answers nobody.
pub(super) fn unserved<T>(config: &Config, work: impl FnOnce(&Fixed<'_>) -> T) -> T {
    work(&Fixed {
        config,
        counts: &count::Sites::new(1),
        listeners: &[],
        tls: None,
        connections: 1,
        retired: &[],
        earlier: &Earlier::default(),
        outlooks: &[],
        recovered: None,
        now: now(),
    })
}

/// A site that is alone in the world, and whose answers nobody counts.
pub(in crate::daemon) struct Alone {
    sites: Sites,
    bounds: Bounds,
}

const DOOR: ListenerId = ListenerId(0);

impl Alone {
    /// `None` is never: one site is enough.
    pub(in crate::daemon) fn new(site: Site, bounds: Bounds) -> Option<Alone> {
        let hosts = Hosts {
            names: HostMap::new(),
            default: 0,
        };
        let sites = Sites::new(vec![site], HashMap::from([(DOOR, hosts)]), HashMap::new())?;
        Some(Alone { sites, bounds })
    }

    /// The site.
    pub(in crate::daemon) fn site(&self) -> &Site {
        &self.sites.all()[0]
    }

    /// What a worker would write for this request.
    pub(in crate::daemon) fn answer(&self, request: &[u8]) -> Vec<u8> {
        let mut desk = Desk::new(0, 0, Arc::new(WorkerCounts::default()), None);
        let guest = Guest {
            listener: DOOR,
            client: None,
            security: Security::Plain,
        };
        let mut out = Out::default();
        let mut session = Session::new();
        let mut rest = request;
        loop {
            let mut visit = desk.visit(&self.sites, guest);
            let (consumed, next) = session.receive(rest, &self.bounds, &mut visit, &mut out);
            rest = &rest[consumed..];
            if next != Next::Again {
                break;
            }
        }
        let mut all = out.bytes;
        all.extend_from_slice(&out.tail);
        all
    }
}
