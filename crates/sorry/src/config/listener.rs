//! Listeners: what is bound once, whoever of the sites asked for it. Sites that share an address must agree on its options
//! and share no host. Sockets are opened elsewhere.

use super::diagnostics::{Code, Mistake, Place};
use super::host::{HostMap, HostPattern};
use super::listen_address::ListenAddress;
use super::network::Network;
use super::reader::At;
use super::spec;
use std::collections::{HashMap, HashSet};

/// A sorry listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens.
    pub address: ListenAddress,
    /// How.
    pub options: ListenOptions,
    /// The sites that it serves, as indexes into [`Config::sites`](super::Config::sites); the one for unknown hosts first.
    pub sites: Vec<usize>,
    /// Which of them answers for which host.
    pub hosts: HostMap<usize>,
    /// Where the address was typed first, to be blamed when it cannot be bound.
    pub place: Place,
}

impl Listener {
    /// The site for unknown hosts, and for requests without one.
    pub fn default_site(&self) -> usize {
        self.sites.first().copied().unwrap_or(0)
    }

    /// The site for a normalized host name: lower case, no port, no final dot.
    pub fn site_for(&self, host: &str) -> usize {
        self.hosts.find(host).unwrap_or_else(|| self.default_site())
    }

    /// Whether nobody else could listen on another address, because this one takes its connections too.
    pub(super) fn takes(&self, other: &ListenAddress) -> bool {
        self.address.covers(other, !self.options.v6_only)
    }
}

/// How a listener listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenOptions {
    /// Speaks TLS.
    pub tls: bool,
    /// From whom a PROXY header is required and believed; sorted.
    pub proxy_from: Vec<Network>,
    /// Permissions of a unix socket.
    pub unix_mode: u32,
    /// An IPv6 socket that leaves IPv4 to others.
    pub v6_only: bool,
    /// Answers plain HTTP on a TLS port by a redirect to https.
    pub https_redirect: bool,
}

const USUAL_UNIX_MODE: u32 = 0o660;

/// One valid entry of a `listen` array.
pub(super) struct Entry {
    address: ListenAddress,
    options: ListenOptions,
    place: Place,
}

/// Whether there is a certificate for TLS listeners.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Certificates {
    Some,
    None,
}

/// Turns a `listen` array into entries that are each valid and all different.
pub(super) fn entries(
    listen: &[At<spec::Listen>],
    certificates: Certificates,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for At {
        value: spec::Listen(table),
        ..
    } in listen
    {
        check(table, certificates, mistakes);
        let Some(entry) = entry(table) else { continue };
        match entries.iter().find(|other| other.address == entry.address) {
            Some(first) => {
                let message = format!("{} is given twice", entry.address);
                let mistake = Mistake::new(Code::Duplicate, entry.place, message);
                mistakes.push(mistake.also(first.place, "first given here"));
            }
            None => entries.push(entry),
        }
    }
    entries
}

fn entry(table: &spec::ListenTable) -> Option<Entry> {
    let address = table.address.as_ref()?;
    let mut proxy_from: Vec<Network> = table
        .proxy_protocol_from
        .as_ref()?
        .value
        .iter()
        .map(|network| network.value)
        .collect();
    proxy_from.sort_unstable();
    proxy_from.dedup();
    let options = ListenOptions {
        tls: table.tls.as_ref()?.value,
        proxy_from,
        unix_mode: table
            .mode
            .as_ref()
            .map_or(USUAL_UNIX_MODE, |mode| mode.value.0),
        v6_only: table.v6_only.as_ref()?.value,
        https_redirect: table.https_redirect.as_ref()?.value,
    };
    Some(Entry {
        address: address.value.clone(),
        options,
        place: address.place,
    })
}

/// Whether the options of an entry make sense together.
fn check(table: &spec::ListenTable, certificates: Certificates, mistakes: &mut Vec<Mistake>) {
    let on = |key: &Option<At<bool>>| key.as_ref().filter(|key| key.value).map(|key| key.place);
    let mut conflict = |place, message: &str, hint: &str| {
        mistakes.push(Mistake::new(Code::Conflict, place, message).hint(hint));
    };
    if let (Some(place), Certificates::None) = (on(&table.tls), certificates) {
        conflict(
            place,
            "a listener speaks TLS, but there is no certificate",
            "add [[tls]] with `certificate` and `key`",
        );
    }
    if let (Some(place), Some(At { value: false, .. })) = (on(&table.https_redirect), &table.tls) {
        conflict(
            place,
            "https-redirect: the listener does not speak TLS",
            "it answers plain HTTP on a TLS port; add `tls = true`",
        );
    }
    let Some(At { value: address, .. }) = &table.address else {
        return;
    };
    let is_unix = matches!(address, ListenAddress::Unix(_));
    if let (Some(mode), false) = (&table.mode, is_unix) {
        let message = format!("mode: {address} is not a unix socket");
        conflict(
            mode.place,
            &message,
            "only files have permissions; leave the key out",
        );
    }
    let is_v6 = matches!(address, ListenAddress::Tcp(address) if address.is_ipv6());
    if let (Some(place), false) = (on(&table.v6_only), is_v6) {
        let message = format!("v6-only: {address} is not an IPv6 address");
        conflict(place, &message, "leave the key out");
    }
    let trusts = table
        .proxy_protocol_from
        .as_ref()
        .filter(|from| !from.value.is_empty());
    if let (Some(from), true) = (trusts, is_unix) {
        conflict(
            from.place,
            "proxy-protocol-from: peers of a unix socket have no IP address",
            "listen on a loopback address, such as 127.0.0.1:8503, for proxies that send the header",
        );
    }
}

/// What listeners need to know of a site.
pub(super) struct Claim<'s> {
    /// Its name, unless that was mistaken.
    pub(super) name: Option<&'s str>,
    pub(super) place: Place,
    pub(super) hosts: &'s [At<HostPattern>],
    /// Where it says `default = true`, if it does.
    pub(super) default: Option<Place>,
    pub(super) entries: &'s [Entry],
}

/// Gathers the entries of all sites into listeners, in the order of the file.
pub(super) fn gather(claims: &[Claim<'_>], mistakes: &mut Vec<Mistake>) -> Vec<Listener> {
    let mut listeners: Vec<Listener> = Vec::new();
    let mut at: HashMap<&ListenAddress, usize> = HashMap::new();
    for (site, claim) in claims.iter().enumerate() {
        for entry in claim.entries {
            let known = at.get(&entry.address).and_then(|at| listeners.get_mut(*at));
            if let Some(listener) = known {
                agree(listener, entry, mistakes);
                listener.sites.push(site);
                continue;
            }
            at.insert(&entry.address, listeners.len());
            listeners.push(Listener {
                address: entry.address.clone(),
                options: entry.options.clone(),
                sites: vec![site],
                hosts: HostMap::new(),
                place: entry.place,
            });
        }
    }
    let mut told = HashSet::new();
    for listener in &mut listeners {
        choose_default(listener, claims, &mut told, mistakes);
        share_hosts(listener, claims, &mut told, mistakes);
    }
    check_overlaps(&listeners, mistakes);
    check_reachable(&listeners, claims, mistakes);
    listeners
}

fn agree(listener: &Listener, entry: &Entry, mistakes: &mut Vec<Mistake>) {
    let difference = listener.options.difference(&entry.options);
    if difference.is_empty() {
        return;
    }
    let (address, keys) = (&entry.address, difference.join(" and "));
    let message = format!("{address} is shared, but with another `{keys}`");
    let mistake = Mistake::new(Code::Conflict, entry.place, message);
    mistakes.push(
        mistake
            .also(listener.place, "first given here")
            .hint("sites that share an address give it the same options"),
    );
}

/// Puts the site for unknown hosts first.
fn choose_default(
    listener: &mut Listener,
    claims: &[Claim<'_>],
    told: &mut HashSet<Place>,
    mistakes: &mut Vec<Mistake>,
) {
    let marked = |site: &usize| claims.get(*site).and_then(|claim| claim.default);
    let mut defaults = listener.sites.iter().filter_map(marked);
    let first = defaults.next();
    for second in defaults {
        if let (Some(first), true) = (first, told.insert(second)) {
            let message = format!("a second default site on {}", listener.address);
            let mistake = Mistake::new(Code::Duplicate, second, message);
            mistakes.push(mistake.also(first, "the first is here"));
        }
    }
    if let Some(at) = listener
        .sites
        .iter()
        .position(|site| marked(site).is_some())
    {
        listener.sites[..=at].rotate_right(1);
    }
}

fn share_hosts(
    listener: &mut Listener,
    claims: &[Claim<'_>],
    told: &mut HashSet<Place>,
    mistakes: &mut Vec<Mistake>,
) {
    let mut holders: HashMap<&HostPattern, Place> = HashMap::new();
    let mut sites = listener.sites.clone();
    sites.sort_unstable();
    for site in sites {
        let Some(claim) = claims.get(site) else {
            continue;
        };
        for At { value: host, place } in claim.hosts {
            let Err(holder) = listener.hosts.insert(host, site) else {
                holders.insert(host, *place);
                continue;
            };
            // Twice in one site is told where the site is read.
            let Some(other) = claims.get(holder).filter(|_| holder != site) else {
                continue;
            };
            if told.insert(*place) {
                let address = &listener.address;
                let message = format!("{} already answers for {host} on {address}", named(other));
                let mistake = Mistake::new(Code::Duplicate, *place, message);
                let first = holders.get(host).copied().unwrap_or(other.place);
                mistakes.push(mistake.also(first, "first given here"));
            }
        }
    }
}

/// `0.0.0.0:80` takes `127.0.0.1:80` as well, and `[::]:80` all of IPv4's port 80 unless told otherwise (ipv6(7),
/// IPV6_V6ONLY): the kernel refuses the second of them.
fn check_overlaps(listeners: &[Listener], mistakes: &mut Vec<Mistake>) {
    let mut by_port: HashMap<u16, Vec<&Listener>> = HashMap::new();
    for listener in listeners {
        if let Some(port) = listener.address.fixed_port() {
            by_port.entry(port).or_default().push(listener);
        }
    }
    for listener in listeners.iter().filter(|l| l.address.is_wildcard()) {
        let port = listener.address.fixed_port();
        let beside = port.and_then(|port| by_port.get(&port));
        for other in beside.into_iter().flatten() {
            if listener.takes(&other.address) {
                mistakes.push(overlap(listener, other));
            }
        }
    }
}

fn overlap(listener: &Listener, other: &Listener) -> Mistake {
    let (address, taken) = (&listener.address, &other.address);
    let hint = match address.is_v6() != taken.is_v6() {
        true => "leave that one out, or add `v6-only = true` to this one".to_owned(),
        false => format!("leave that one out: {address} is every address of its kind"),
    };
    let message = format!("{address} takes {taken} as well");
    Mistake::new(Code::Conflict, listener.place, message)
        .also(other.place, "also given here")
        .hint(hint)
}

/// A site without hosts answers only where it is the default.
fn check_reachable(listeners: &[Listener], claims: &[Claim<'_>], mistakes: &mut Vec<Mistake>) {
    for (site, claim) in claims.iter().enumerate() {
        let mut its = listeners
            .iter()
            .filter(|l| l.sites.contains(&site))
            .peekable();
        if !claim.hosts.is_empty() || claim.default.is_some() || its.peek().is_none() {
            continue;
        }
        if its.all(|listener| listener.default_site() != site) {
            let message = format!("{} has no hosts and is the default nowhere", named(claim));
            let mistake = Mistake::new(Code::Conflict, claim.place, message);
            mistakes
                .push(mistake.hint("nobody would ever see it: add `hosts`, or `default = true`"));
        }
    }
}

fn named(claim: &Claim<'_>) -> String {
    match claim.name {
        Some(name) => format!("site `{name}`"),
        None => "a site".to_owned(),
    }
}
