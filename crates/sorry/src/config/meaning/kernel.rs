//! What is answered in the kernel: for which addresses, and what cannot be.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::Builder;
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::kernel::{Kernel, KernelWhen, MOST_NETWORKS, MOST_SITES, MOST_VIPS};
use crate::config::reader::At;
use crate::config::site::Mode;
use crate::config::{ListenAddress, Listener, Network, Purpose, Site, spec};

/// How a mistaken address is mended.
const NAME_THEM: &str = "name the addresses that visitors use: kernel-vips = [\"203.0.113.10:80\"]";

/// Which addresses are answered for, for which site, and where that stands.
type Taken = HashMap<SocketAddr, (Place, Box<str>)>;

impl Builder<'_> {
    /// `[kernel]`, and what it answers for. `None` where something is mistaken.
    pub(super) fn kernel(
        &mut self,
        typed: Option<At<spec::Kernel>>,
        sites: &mut [Option<Arc<Site>>],
        listeners: &[Listener],
    ) -> Option<Kernel> {
        let kernel = typed.and_then(|typed| self.terms(typed));
        self.answered_in_kernel(sites, listeners, kernel.as_ref());
        kernel
    }

    fn terms(&mut self, typed: At<spec::Kernel>) -> Option<Kernel> {
        let At {
            value: typed,
            place,
        } = typed;
        let key_file = typed
            .key_file
            .map(|file| self.path(file, Purpose::KernelKey));
        let lists = [&typed.deny, &typed.allow].map(Option::as_ref);
        if let [Some(deny), Some(allow)] = lists {
            self.lists_differ(&deny.value, &allow.value);
        }
        let interfaces = typed.interfaces?;
        self.interfaces_differ(&interfaces.value);
        Some(Kernel {
            place: if interfaces.value.is_empty() {
                place
            } else {
                interfaces.place
            },
            interfaces: interfaces
                .value
                .into_iter()
                .map(|name| name.value.0)
                .collect(),
            hook: typed.hook?.value,
            key_file,
            rotate: typed.rotate?.value.0,
            drain: typed.drain?.value.0,
            on_crash: typed.on_crash?.value,
            lease: typed.lease?.value.0,
            deny: self.networks("deny", typed.deny?)?,
            allow: self.networks("allow", typed.allow?)?,
            rate: typed.rate?.value.0,
            sample: u32::try_from(typed.sample?.value.0).ok()?,
        })
    }

    fn interfaces_differ(&mut self, names: &[At<crate::config::egress::InterfaceName>]) {
        let mut seen = HashMap::new();
        for name in names {
            if let Some(first) = seen.insert(&name.value.0, name.place) {
                let message = format!("interface {} is given twice", name.value.0);
                let mistake = Mistake::new(Code::Duplicate, name.place, message);
                self.tell(mistake.also(first, "first given here"));
            }
        }
    }

    /// A network in both lists is denied: that is seldom what was meant.
    fn lists_differ(&mut self, deny: &[At<Network>], allow: &[At<Network>]) {
        let denied: HashSet<Network> = deny.iter().map(|network| network.value).collect();
        for both in allow
            .iter()
            .filter(|network| denied.contains(&network.value))
        {
            let text = format!("allow: {} is in `deny`, too, and is denied", both.value);
            self.caution(both.place, text);
        }
    }

    fn networks(&mut self, key: &str, list: At<Vec<At<Network>>>) -> Option<Vec<Network>> {
        if list.value.len() > MOST_NETWORKS {
            let message = format!(
                "{key}: {} networks, and {MOST_NETWORKS} is the most",
                list.value.len()
            );
            let mistake = Mistake::new(Code::OutOfRange, list.place, message);
            self.tell(mistake.hint("several may be one with a shorter prefix"));
            return None;
        }
        Some(
            list.value
                .into_iter()
                .map(|network| network.value)
                .collect(),
        )
    }

    /// What the kernel answers for, site by site: addresses that were not typed are those of the site's listeners, and what does not go
    /// together is told.
    fn answered_in_kernel(
        &mut self,
        sites: &mut [Option<Arc<Site>>],
        listeners: &[Listener],
        kernel: Option<&Kernel>,
    ) {
        let mut taken = Taken::new();
        let mut many = 0;
        for (index, site) in sites.iter_mut().enumerate() {
            let Some(site) = site else { continue };
            if site.sorry.kernel == KernelWhen::Never {
                if let Some((place, _)) = site.sorry.kernel_vips_places {
                    self.caution(place, "kernel-vips: the kernel answers for nobody without `kernel = \"when down\"` or \"when overloaded\"");
                }
                let sorry = &mut Arc::make_mut(site).sorry;
                sorry.kernel_vips.clear();
                continue;
            }
            many += 1;
            self.can_be_answered(site, kernel);
            if site.sorry.kernel_vips_places.is_none() {
                let own = plain_addresses(listeners, index);
                if own.is_empty() {
                    self.listens_nowhere(site);
                }
                Arc::make_mut(site).sorry.kernel_vips = own;
            }
            let was_full = taken.len() > MOST_VIPS;
            self.take_vips(site, &mut taken);
            self.may_surprise(site, listeners, kernel);
            if taken.len() > MOST_VIPS && !was_full {
                let typed = site.sorry.kernel_vips_places.as_ref();
                let place = typed.map_or(site.sorry.kernel_place, |(place, _)| *place);
                let message = format!(
                    "{}: it answers for {MOST_VIPS} addresses of all sites at most",
                    key(site)
                );
                let mistake = Mistake::new(Code::OutOfRange, place, message);
                self.tell(mistake.hint("leave some to user space"));
            }
            if many == MOST_SITES + 1 {
                let message = format!("kernel: it answers for {MOST_SITES} sites at most");
                self.tell(Mistake::new(
                    Code::OutOfRange,
                    site.sorry.kernel_place,
                    message,
                ));
            }
        }
        if let (0, Some(kernel)) = (many, kernel)
            && !kernel.interfaces.is_empty()
        {
            self.caution(
                kernel.place,
                "interfaces: no site has `kernel`, so nothing is attached to them",
            );
        }
        self.is_more_than_loopback(sites, kernel);
    }

    /// Only what this machine says to itself comes in there.
    fn is_more_than_loopback(&mut self, sites: &[Option<Arc<Site>>], kernel: Option<&Kernel>) {
        let mut sites = sites.iter().flatten();
        let is_far = |site: &Arc<Site>| {
            let mut vips = site.sorry.kernel_vips.iter();
            vips.any(|vip| !vip.ip().is_loopback())
        };
        if let Some(kernel) = kernel
            && let [only] = &*kernel.interfaces
            && **only == *"lo"
            && sites.any(is_far)
        {
            self.caution(kernel.place, "interfaces: only what this machine says to itself comes in by lo: name the devices at which clients' packets come in");
        }
    }

    fn listens_nowhere(&mut self, site: &Site) {
        let message = format!(
            "kernel: the site {} listens on no plain address of its own that the kernel could answer for",
            site.name
        );
        let mistake = Mistake::new(Code::Missing, site.sorry.kernel_place, message);
        self.tell(mistake.hint(NAME_THEM));
    }

    /// Its addresses are nobody else's.
    fn take_vips(&mut self, site: &Site, taken: &mut Taken) {
        let key = key(site);
        for (vip, place) in placed(site) {
            self.is_an_address(vip, place, key);
            if let Some((first, name)) = taken.insert(vip, (place, site.name.clone())) {
                let message = match name == site.name {
                    true => format!("{key}: {vip} is given twice"),
                    false => format!(
                        "{key}: {vip} is that of the site {name}, too, and the kernel has one page for an address"
                    ),
                };
                let mistake = Mistake::new(Code::Conflict, place, message);
                self.tell(mistake.also(first, "the other one is here"));
            }
        }
    }

    /// What can be, and is seldom meant.
    fn may_surprise(&mut self, site: &Site, listeners: &[Listener], kernel: Option<&Kernel>) {
        let key = key(site);
        let is_at_loopback =
            kernel.is_some_and(|kernel| kernel.interfaces.iter().any(|name| **name == *"lo"));
        for (vip, place) in placed(site) {
            if vip.ip().is_loopback() && !is_at_loopback {
                self.caution(place, format!("{key}: {vip} is this machine's own: no packet for it comes in by a device, so the kernel answers nobody there"));
            }
            let shared =
                |listener: &&Listener| listener.sites.len() > 1 && listener.address.takes(vip);
            if let Some(shared) = listeners.iter().find(shared) {
                self.caution(place, format!("{key}: {} sites listen at {vip}, and while the kernel answers there, visitors of all of them get the page of {}", shared.sites.len(), site.name));
            }
        }
    }

    /// What a site must be.
    fn can_be_answered(&mut self, site: &Site, kernel: Option<&Kernel>) {
        let place = site.sorry.kernel_place;
        if let Some((place, each)) = &site.sorry.kernel_vips_places
            && each.is_empty()
        {
            let mistake = Mistake::new(
                Code::Missing,
                *place,
                "kernel-vips: there is no address in it",
            );
            self.tell(mistake.hint("name the addresses that visitors use, or leave it out where they are those of `listen`"));
        }
        if kernel.is_some_and(|kernel| kernel.interfaces.is_empty()) {
            let mistake = Mistake::new(
                Code::Missing,
                place,
                "kernel: there is no interface at which it could answer",
            );
            self.tell(mistake.hint("name the devices at which clients' packets come in: [kernel] with interfaces = [\"eth0\"]"));
        }
        if matches!(site.sorry.mode, Mode::Redirect { .. }) {
            let message = "kernel: it has one page for every path and cannot redirect";
            let mistake = Mistake::new(Code::Conflict, place, message);
            self.tell(mistake.hint("leave out mode = \"redirect\", or kernel"));
        }
    }

    fn is_an_address(&mut self, vip: SocketAddr, place: Place, key: &str) {
        let wrong = if vip.ip().is_unspecified() {
            format!("{key}: {vip} is every address, and the kernel knows packets by theirs")
        } else if vip.ip().is_multicast() || vip.ip() == Ipv4Addr::BROADCAST {
            format!("{key}: {vip} is many stations' address, and nobody connects to those")
        } else if vip.port() == 0 {
            format!("{key}: {vip} has no port")
        } else if vip.ip().to_canonical() != vip.ip() {
            format!("{key}: {vip} is an IPv4 address inside IPv6, which no packet has")
        } else {
            if vip.port() == 443 {
                self.caution(place, format!("{key}: {vip} is where clients speak TLS, which the kernel does not: they would be answered in the clear and fail"));
            }
            return;
        };
        self.tell(Mistake::new(Code::BadListener, place, wrong).hint(NAME_THEM));
    }
}

/// The addresses of a site, each with its place.
fn placed(site: &Site) -> impl Iterator<Item = (SocketAddr, Place)> {
    let typed = site.sorry.kernel_vips_places.as_ref();
    let each = typed.map_or(&[][..], |(_, each)| each).iter().copied();
    // Those that were not typed are where `kernel` is.
    let places = each.chain(std::iter::repeat(site.sorry.kernel_place));
    site.sorry.kernel_vips.iter().copied().zip(places)
}

/// What says which addresses these are.
fn key(site: &Site) -> &'static str {
    match site.sorry.kernel_vips_places {
        Some(_) => "kernel-vips",
        None => "kernel",
    }
}

/// Where a site listens in the clear, by addresses that packets have.
fn plain_addresses(listeners: &[Listener], site: usize) -> Vec<SocketAddr> {
    let own = listeners
        .iter()
        .filter(|listener| listener.sites.contains(&site));
    own.filter_map(|listener| match &listener.address {
        ListenAddress::Tcp(address)
            if !address.ip().is_unspecified()
                && address.port() != 0
                && !listener.options.tls
                && listener.options.proxy_from.is_empty() =>
        {
            Some(*address)
        }
        _ => None,
    })
    .collect()
}
