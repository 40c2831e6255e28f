//! What the thread publishes: how every device and every site stands, read back from the kernel.

use std::collections::BTreeMap;

use sorry_bpf::layout::{Count, Kind};
use sorry_core::responder::flip::{Mode, Wanted};
use sorry_core::responder::wish::When;

use super::load;
use super::subjects::Asked;
use super::thread::Thread;
use crate::admin::Moment;
use crate::admin::kernel::{InterfaceStanding, KernelSite, KernelStanding, VipStanding};
use crate::kernel::Responder;
use crate::kernel::speech::Speech;

impl Thread {
    pub(super) fn standing(&mut self) -> KernelStanding {
        let interfaces = self.nodes.iter().map(|node| InterfaceStanding {
            name: node.name.to_string(),
            hook: node.hook(),
            behind: node
                .attached
                .as_ref()
                .is_some_and(|(attachment, _)| attachment.is_helped()),
            why: node.fault.clone().or_else(|| node.why.clone()),
            selftest: node.selftest.clone(),
            lease_seconds: node
                .needs_lease(self.on_crash)
                .then_some(self.lease.as_secs()),
        });
        let interfaces = interfaces.collect();
        let mut sites = self.sites();
        self.notice(&mut sites);
        KernelStanding { interfaces, sites }
    }

    /// Notes when a request for a site was last seen to be answered.
    fn notice(&mut self, sites: &mut [KernelSite]) {
        let now = self.now().wall.0 / 1000;
        for site in sites {
            // A SYN may come from anybody who never hears the answer: a request proves that somebody has.
            let asked = site.answered().1;
            let seen = self
                .seen
                .entry(site.site.as_str().into())
                .or_insert((0, None));
            if asked > seen.0 {
                seen.1 = Some(now);
            }
            seen.0 = asked;
            site.seen = seen.1.map(Moment);
        }
    }

    fn sites(&self) -> Vec<KernelSite> {
        let asked = self
            .subjects
            .iter()
            .flat_map(|subjects| &subjects.sites)
            .map(|asked| self.asked(asked));
        let mut sites: Vec<KernelSite> = asked.collect();
        let now = self.now();
        for node in &self.nodes {
            if let Some((_, responder)) = &node.attached {
                add_observed(&mut sites, &node.name, responder);
                let waits = responder.waits(now).map(|waits| waits.as_secs().max(1));
                for site in &mut sites {
                    site.waits_seconds = site.waits_seconds.max(waits);
                }
            }
            self.add_absent(&mut sites, &node.name);
        }
        sites
    }

    /// Addresses of which the kernel knows nothing at a device.
    fn add_absent(&self, sites: &mut [KernelSite], interface: &str) {
        for asked in self.subjects.iter().flat_map(|subjects| &subjects.sites) {
            let Some(site) = sites.iter_mut().find(|site| *site.site == *asked.name) else {
                continue;
            };
            for vip in &asked.vips {
                let address = vip.to_string();
                let mut known = site.vips.iter();
                if known.any(|vip| vip.interface == interface && vip.address == address) {
                    continue;
                }
                let wanted = match self.wanted(asked) {
                    Wanted::Answer => "on",
                    Wanted::Pass => "off",
                };
                site.vips.push(VipStanding {
                    address,
                    interface: interface.to_owned(),
                    mode: "absent".to_owned(),
                    wanted: wanted.to_owned(),
                });
            }
        }
    }

    /// A site as it is asked for.
    fn asked(&self, asked: &Asked) -> KernelSite {
        let speech = asked.speech.as_ref();
        KernelSite {
            site: asked.name.to_string(),
            when: match asked.when {
                When::Down => "when down",
                When::Overloaded => "when overloaded",
            }
            .to_owned(),
            bytes: speech.map_or(0, |speech| speech.end(Kind::Page)),
            segments: speech.map_or(0, Speech::segments),
            unsayable: speech.err().map(ToString::to_string),
            overloaded: self
                .overload
                .cause()
                .filter(|_| asked.when == When::Overloaded)
                .map(load::told),
            waits_seconds: None,
            vips: Vec::new(),
            counts: BTreeMap::new(),
            seen: None,
        }
    }
}

/// What one device does for sites, read back, and what it has counted.
fn add_observed(sites: &mut [KernelSite], interface: &str, responder: &Responder) {
    let observed = responder.observe().unwrap_or_default();
    for (name, vip, wanted) in responder.desired() {
        let Some(site) = sites.iter_mut().find(|site| site.site == name) else {
            continue;
        };
        let mode = observed
            .iter()
            .find(|(_, found)| found.vip == vip)
            .and_then(|(_, found)| found.mode);
        site.vips.push(VipStanding {
            address: vip.to_string(),
            interface: interface.to_owned(),
            mode: mode.map_or("unknown", word).to_owned(),
            wanted: word(wanted).to_owned(),
        });
    }
    for (name, totals) in responder.totals().unwrap_or_default() {
        let Some(site) = sites.iter_mut().find(|site| *site.site == *name) else {
            continue;
        };
        for count in Count::ALL {
            *site.counts.entry(count.name().to_owned()).or_default() += totals[count as usize];
        }
    }
}

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::On => "on",
        Mode::Drain => "drain",
    }
}
