//! What the thread publishes: how every device and every site stands, read back from the kernel.

use std::collections::BTreeMap;

use sorry_bpf::layout::Count;
use sorry_core::responder::flip::Mode;
use sorry_core::responder::wish::When;

use super::load;
use super::thread::Thread;
use crate::admin::Moment;
use crate::admin::kernel::{InterfaceStanding, KernelSite, KernelStanding, VipStanding};

impl Thread {
    pub(super) fn standing(&mut self) -> KernelStanding {
        let interfaces = self.nodes.iter().map(|node| InterfaceStanding {
            name: node.name.to_string(),
            hook: node.hook(),
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

    /// Notes when connections of a site were last seen to begin.
    fn notice(&mut self, sites: &mut [KernelSite]) {
        let now = self.now().wall.0 / 1000;
        for site in sites {
            let begun = site.answered().0;
            let seen = self
                .seen
                .entry(site.site.as_str().into())
                .or_insert((0, None));
            if begun > seen.0 {
                *seen = (begun, Some(now));
            }
            site.seen = seen.1.map(Moment);
        }
    }

    fn sites(&self) -> Vec<KernelSite> {
        let Some(subjects) = &self.subjects else {
            return Vec::new();
        };
        let mut sites: Vec<KernelSite> = subjects
            .sites
            .iter()
            .map(|asked| KernelSite {
                site: asked.name.to_string(),
                when: match asked.when {
                    When::Down => "when down",
                    When::Overloaded => "when overloaded",
                }
                .to_owned(),
                bytes: asked
                    .speech
                    .as_ref()
                    .map_or(0, |speech| speech.end(sorry_bpf::layout::Kind::Page)),
                segments: asked
                    .speech
                    .as_ref()
                    .map_or(0, crate::kernel::speech::Speech::segments),
                unsayable: asked.speech.as_ref().err().map(ToString::to_string),
                overloaded: self
                    .overload
                    .cause()
                    .filter(|_| asked.when == When::Overloaded)
                    .map(load::told),
                vips: Vec::new(),
                counts: BTreeMap::new(),
                seen: None,
            })
            .collect();
        for node in &self.nodes {
            let Some((_, responder)) = &node.attached else {
                continue;
            };
            let observed = responder.observe().unwrap_or_default();
            for (name, vip, wanted) in responder.desired() {
                let mode = observed
                    .iter()
                    .find(|(_, found)| found.vip == vip)
                    .and_then(|(_, found)| found.mode);
                let standing = VipStanding {
                    address: vip.to_string(),
                    interface: node.name.to_string(),
                    mode: mode.map_or("unknown", word).to_owned(),
                    wanted: word(wanted).to_owned(),
                };
                if let Some(site) = sites.iter_mut().find(|site| site.site == name) {
                    site.vips.push(standing);
                }
            }
            for (name, totals) in responder.totals().unwrap_or_default() {
                let Some(site) = sites.iter_mut().find(|site| *site.site == *name) else {
                    continue;
                };
                for count in Count::ALL {
                    *site.counts.entry(count.name().to_owned()).or_default() +=
                        totals[count as usize];
                }
            }
        }
        sites
    }
}

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::On => "on",
        Mode::Drain => "drain",
    }
}
