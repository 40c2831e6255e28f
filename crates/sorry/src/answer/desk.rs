//! What one worker answers with, and the one place where a choice becomes a prepared answer.

use std::net::IpAddr;
use std::sync::Arc;

use sorry_core::answer::cors::Preflight;
use sorry_core::answer::template::Filling;
use sorry_core::answer::{Ask, Choice, cors, crawler, decide};
use sorry_core::host::{Authority, Host};

use super::clock::Clock;
use super::identity::Identities;
use super::sites::{AltSvc, Chosen, ListenerId, Site, Sites};
use crate::count::{Kind, Protocol, SiteCounts, WorkerCounts, access};
use crate::http1::Fault;
use crate::page::prepared::{Cors, Prepared};

/// A worker's clock, ids and counts.
#[derive(Debug)]
pub struct Desk {
    worker: usize,
    clock: Clock,
    ids: Identities,
    counts: Arc<WorkerCounts>,
    log: Option<access::Log>,
    /// Bodies with holes are filled here before HTTP/2 cuts them into frames.
    filled: Vec<u8>,
}

/// One connection, as far as it matters to answers.
#[derive(Debug, Clone, Copy)]
pub struct Guest {
    /// Where it came in.
    pub listener: ListenerId,
    /// The client's address, if it has one: the peer's, or what a PROXY header said.
    pub client: Option<IpAddr>,
    /// Whether we terminate TLS.
    pub security: Security,
}

/// Whether a connection is encrypted by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// It is not.
    Plain,
    /// It is.
    Tls,
}

impl Desk {
    /// The desk of worker number `worker`.
    pub fn new(
        worker: usize,
        key: u64,
        counts: Arc<WorkerCounts>,
        log: Option<access::Log>,
    ) -> Desk {
        Desk {
            worker,
            clock: Clock::default(),
            ids: Identities::new(key, worker),
            counts,
            log,
            filled: Vec::new(),
        }
    }

    /// Turns to one connection for as long as one batch of its requests takes.
    pub fn visit<'a>(&'a mut self, sites: &'a Sites, guest: Guest) -> Visit<'a> {
        self.clock.look();
        Visit {
            desk: self,
            sites,
            guest,
            answered: 0,
        }
    }

    /// The worker's counts.
    pub fn counts(&self) -> &Arc<WorkerCounts> {
        &self.counts
    }
}

/// A desk turned to one connection.
#[derive(Debug)]
pub struct Visit<'a> {
    desk: &'a mut Desk,
    sites: &'a Sites,
    pub(super) guest: Guest,
    answered: u64,
}

/// What the log says of an answer that is no site's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused<'a> {
    pub(super) fault: Fault,
    pub(super) protocol: Protocol,
    pub(super) method: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) status: u16,
    pub(super) bytes: usize,
}

impl Refused<'_> {
    /// Nothing is known of the request.
    pub(super) fn new(fault: Fault, protocol: Protocol, bytes: usize) -> Refused<'static> {
        Refused {
            fault,
            protocol,
            method: b"-",
            target: b"-",
            status: fault.refusal().status,
            bytes,
        }
    }
}

/// A choice, looked up.
pub(super) struct Found<'a, 'q> {
    pub(super) prepared: &'a Prepared,
    pub(super) kind: Kind,
    pub(super) cors: &'a Cors,
    pub(super) extra: Extra<'a, 'q>,
    pub(super) alt_svc: Option<()>,
    pub(super) filling: Filling,
}

/// What is added to a prepared head.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extra<'a, 'q> {
    None,
    /// The validated words of a preflight.
    Preflight(Preflight<'q>),
    /// The page that a redirect leads to, and what was asked for.
    Location(&'a str, &'q [u8]),
}

impl<'a> Visit<'a> {
    /// How many requests were answered in this visit.
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// Chooses, counts, and finds what to write.
    pub(super) fn find<'q>(
        &mut self,
        ask: &Ask<'q>,
        authority: &Authority,
        protocol: Protocol,
    ) -> Found<'a, 'q> {
        let sites = self.sites;
        let chosen = sites.site(self.guest.listener, authority, self.desk.worker);
        let Chosen { site, counts, .. } = chosen;
        let choice = decide(ask, &site.policy);
        let (prepared, kind, extra) = look_up(choice, ask, site);
        self.answered += 1;
        count(counts, ask, kind, protocol);
        let now = self.desk.clock.now();
        let filling = Filling {
            date: self.desk.clock.date(),
            now,
            id: self.desk.ids.fresh(),
            retry_after: site.promise.seconds(now, self.guest.client),
        };
        let found = Found {
            prepared,
            kind,
            cors: readable_by(site, ask),
            extra,
            alt_svc: self.alt_svc(site),
            filling,
        };
        if let Some(log) = &mut self.desk.log {
            let client = self.guest.client;
            log.record(&entry(ask, authority, &chosen, &found, protocol, client));
        }
        found
    }

    /// The date and an id for an answer that is no site's.
    pub(super) fn filling(&mut self) -> Filling {
        let clock = &self.desk.clock;
        Filling {
            date: clock.date(),
            now: clock.now(),
            id: self.desk.ids.fresh(),
            retry_after: 1,
        }
    }

    /// Notes an answer that is no site's.
    pub(super) fn log_fault(&mut self, filling: &Filling, refused: &Refused<'_>) {
        let client = self.guest.client;
        if let Some(log) = &mut self.desk.log {
            log.record(&access::Entry {
                unix_seconds: filling.now,
                client,
                host: None,
                site: "-",
                host_known: None,
                method: refused.method,
                target: refused.target,
                protocol: refused.protocol,
                status: refused.status,
                bytes: refused.bytes,
                referer: None,
                user_agent: None,
                id: filling.id,
                answer: refused.fault.label(),
                retry_after: None,
            });
        }
    }

    /// The name that a request is for, if it is one of a site's.
    pub(super) fn known_name(&self, authority: &Authority) -> Option<Host> {
        match authority {
            Authority::Named(host) if self.sites.knows(self.guest.listener, host.as_str()) => {
                Some(*host)
            }
            _ => None,
        }
    }

    /// The buffer for bodies with holes.
    pub(super) fn filled(&mut self) -> &mut Vec<u8> {
        &mut self.desk.filled
    }

    /// The worker's counts.
    pub(super) fn counts(&self) -> &WorkerCounts {
        &self.desk.counts
    }

    fn alt_svc(&self, site: &Site) -> Option<()> {
        match (site.alt_svc, self.guest.security) {
            (AltSvc::Clear, _) | (AltSvc::Auto, Security::Tls) => Some(()),
            _ => None,
        }
    }
}

fn look_up<'a, 'q>(
    choice: Choice<'q>,
    ask: &Ask<'q>,
    site: &'a Site,
) -> (&'a Prepared, Kind, Extra<'a, 'q>) {
    let answers = &site.answers;
    let refusal = |dialect| {
        (
            answers.refusal(dialect, ask),
            Kind::Refusal(dialect),
            Extra::None,
        )
    };
    match choice {
        Choice::Refuse(dialect) => refusal(dialect),
        Choice::Alive => (&answers.alive, Kind::Alive, Extra::None),
        Choice::Own(otherwise) => match answers.own(ask.path, ask) {
            Some(own) => (own, Kind::Own, Extra::None),
            None => refusal(otherwise),
        },
        Choice::Robots => match &answers.robots {
            Some(robots) => (robots, Kind::Robots, Extra::None),
            None => refusal(sorry_core::answer::Dialect::Text),
        },
        Choice::Preflight(preflight) => (
            &answers.preflight,
            Kind::Preflight,
            Extra::Preflight(preflight),
        ),
        Choice::Redirect => (
            &answers.redirect,
            Kind::Redirect,
            Extra::Location(&site.policy.redirect_path, ask.target),
        ),
    }
}

fn readable_by<'a>(site: &'a Site, ask: &Ask<'_>) -> &'a Cors {
    let listed = match ask.origin {
        Some(origin) if !site.policy.origins.is_empty() => {
            cors::listed(origin, &site.policy.origins)
        }
        _ => None,
    };
    listed
        .and_then(|index| site.answers.cors_listed.get(index))
        .unwrap_or(&site.answers.cors_any)
}

fn count(counts: &SiteCounts, ask: &Ask<'_>, kind: Kind, protocol: Protocol) {
    counts.answers(kind, protocol, ask.method).bump();
    if let (Kind::Refusal(_), Some(user_agent)) = (kind, ask.user_agent)
        && let Some(crawler) = crawler::named_in(user_agent)
    {
        counts.crawler(crawler).bump();
    }
}

fn entry<'e>(
    ask: &Ask<'e>,
    authority: &'e Authority,
    chosen: &Chosen<'e>,
    found: &Found<'_, '_>,
    protocol: Protocol,
    client: Option<IpAddr>,
) -> access::Entry<'e> {
    let Found {
        prepared, filling, ..
    } = found;
    access::Entry {
        unix_seconds: filling.now,
        client,
        host: match authority {
            Authority::Named(host) => Some(host.as_str()),
            Authority::Anonymous | Authority::Malformed => None,
        },
        site: &chosen.site.name,
        host_known: Some(chosen.meant),
        method: ask.method_token,
        target: ask.target,
        protocol,
        status: prepared.status,
        bytes: if ask.method == sorry_core::answer::Method::Head {
            0
        } else {
            prepared.body.len()
        },
        referer: ask.referer,
        user_agent: ask.user_agent,
        id: filling.id,
        answer: found.kind.label(),
        retry_after: prepared.has_retry_after().then_some(filling.retry_after),
    }
}
