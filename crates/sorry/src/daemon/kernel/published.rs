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
                .is_some_and(|(attachment, _)| attachment.has_behind()),
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
            let is_on = site.vips.iter().any(|vip| vip.mode == "on");
            let seen = self.seen.entry(site.site.as_str().into()).or_default();
            seen.take_in(asked, is_on, now);
            site.proven = seen.is_proven();
            site.seen = seen.last.map(Moment);
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
                for site in &mut sites {
                    let waits = responder.waits(&site.site, now);
                    let waits = waits.map(|waits| waits.as_secs().max(1));
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
        let speech = self.speech(asked);
        let unsayable = asked.speech.as_ref().err();
        KernelSite {
            site: asked.name.to_string(),
            when: match asked.when {
                When::Down => "when down",
                When::Overloaded => "when overloaded",
            }
            .to_owned(),
            bytes: speech.map_or(0, |speech| speech.end(Kind::Page)),
            segments: speech.map_or(0, Speech::segments),
            listens: asked.refuses_anyway,
            unsayable: unsayable.map(ToString::to_string),
            older: unsayable.is_some() && speech.is_some(),
            overloaded: self
                .overload
                .cause()
                .filter(|_| asked.when == When::Overloaded)
                .map(load::told),
            proven: None,
            waits_seconds: None,
            vips: Vec::new(),
            counts: BTreeMap::new(),
            seen: None,
        }
    }
}

/// What was seen of a site's requests.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How many were answered.
    asked: u64,
    /// When that last grew, in seconds since 1970.
    last: Option<u64>,
    /// How many there had been when the kernel began to answer for it; nothing while it does not.
    begun_with: Option<u64>,
}

impl Seen {
    fn take_in(&mut self, asked: u64, is_on: bool, now: u64) {
        if asked > self.asked {
            self.last = Some(now);
        }
        self.begun_with = match (is_on, self.begun_with) {
            (false, _) => None,
            // It may have been answered between the flip and this look.
            (true, None) => Some(self.asked.min(asked)),
            // What is loaded anew counts anew.
            (true, Some(begun_with)) => Some(begun_with.min(asked)),
        };
        self.asked = asked;
    }

    fn is_proven(&self) -> Option<bool> {
        self.begun_with.map(|begun_with| self.asked > begun_with)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_since_the_flip_proves_anything() {
        let mut seen = Seen::default();
        for (asked, is_on, now, last, proven) in [
            (0, false, 1, None, None),
            (0, true, 2, None, Some(false)),
            (3, true, 3, Some(3), Some(true)),
            (3, true, 4, Some(3), Some(true)),
            (3, false, 5, Some(3), None),
            // Another outage.
            (3, true, 6, Some(3), Some(false)),
            (4, true, 7, Some(7), Some(true)),
            // The device went and came.
            (0, true, 8, Some(7), Some(false)),
            (1, true, 9, Some(9), Some(true)),
            (1, false, 10, Some(9), None),
            (2, true, 11, Some(11), Some(true)),
        ] {
            seen.take_in(asked, is_on, now);
            assert_eq!((seen.last, seen.is_proven()), (last, proven), "{now}");
        }
    }
}
