//! How the in-kernel responder stands, as the admin API says it: a plain value, made by the daemon, sent as JSON, shown as a table by
//! `kernel_table`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment::Moment;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct KernelStanding {
    /// The network devices that it was to be attached to.
    #[serde(default)]
    pub interfaces: Vec<InterfaceStanding>,
    /// The sites that it answers for, or would.
    #[serde(default)]
    pub sites: Vec<KernelSite>,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InterfaceStanding {
    /// Its name.
    pub name: String,
    /// Where the responder is attached to it.
    pub hook: Hook,
    /// Whether pages of several packets are said by a second program, behind the driver, at the traffic control hook.
    #[serde(default)]
    pub behind: bool,
    /// Why it is attached at no better place, or nowhere; or what has gone wrong since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What the self-test found after it was attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selftest: Option<SelfTest>,
    /// For how many seconds it goes on if it does not hear of this process; none where it ends with the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_seconds: Option<u64>,
}

/// Where the responder is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Hook {
    /// At the network driver.
    Xdp,
    /// At the traffic control hook.
    Tc,
    /// Nowhere.
    None,
}

impl Hook {
    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Hook::Xdp => "xdp",
            Hook::Tc => "tc",
            Hook::None => "none",
        }
    }
}

/// What was tried, and what was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SelfTest {
    /// How many things were tried.
    pub tried: usize,
    /// What was wrong, in words.
    pub wrong: Vec<String>,
}

/// One site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KernelSite {
    /// Its name.
    pub site: String,
    /// When the kernel is to answer for it: `when down` or `when overloaded`.
    pub when: String,
    /// Bytes of its page with the head, and in how many segments they are sent.
    pub bytes: usize,
    /// See there.
    pub segments: usize,
    /// Whether sorry listens itself at all its addresses, so that user space answers where the kernel does not. Otherwise visitors reach whatever
    /// listens there.
    #[serde(default)]
    pub listens: bool,
    /// Why the kernel cannot say what user space says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsayable: Option<String>,
    /// Whether the kernel goes on with what was said before that, rather than have visitors reach whatever listens there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub older: bool,
    /// Why the server in user space has too much to do, where it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overloaded: Option<String>,
    /// While it is on: whether anybody was answered since it is, who can only have heard us by this way. Until then it is set, as read back, and
    /// that packets come this way is not proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<bool>,
    /// For how many seconds it says what was to be said before this; none where it says what is to be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_seconds: Option<u64>,
    /// Its addresses, once for each device.
    pub vips: Vec<VipStanding>,
    /// What was counted since the responder was loaded, on all devices.
    pub counts: BTreeMap<String, u64>,
    /// When a request was last seen to be answered. Only packets from elsewhere show that they come this way: this machine's own
    /// requests do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Moment>,
}

/// One address at one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VipStanding {
    /// Address and port.
    pub address: String,
    /// The device.
    pub interface: String,
    /// What the kernel does there, read back from it: `off`, `on`, `drain`; `unknown` where it cannot be read, `absent` where it knows
    /// nothing of the address: it is attached to no such device, cannot say the page, or has no room.
    pub mode: String,
    /// What is wanted.
    pub wanted: String,
}

/// What is known of a site for which the kernel answers, and nobody has asked.
pub(super) const UNPROVEN: &str = "it is set, as read back; that packets come this way is not proven, for nobody was answered since";

/// What is said where the kernel cannot say what it is to say.
pub(super) const OLDER: &str =
    "visitors read what was said before, for the kernel cannot say what is said now";

impl VipStanding {
    /// Whether the kernel does what is wanted.
    pub fn is_as_wanted(&self) -> bool {
        self.mode == self.wanted || (self.mode == "absent" && self.wanted == "off")
    }
}

impl KernelStanding {
    /// What an operator must know who counts on the kernel for a site: nothing where all is well, or where it answers for no such site.
    pub fn cautions(&self, site: &str) -> Vec<String> {
        let Some(site) = self.sites.iter().find(|known| known.site == site) else {
            return Vec::new();
        };
        let who = site.elsewhere();
        match (&site.unsayable, site.older) {
            (Some(why), true) => return vec![format!("{OLDER}: {why}")],
            (Some(why), false) => {
                return vec![format!("nothing is answered in the kernel, {who}: {why}")];
            }
            (None, _) => {}
        }
        let unattached = self.unattached().into_iter();
        let mut told: Vec<String> = unattached.map(|why| format!("{why}; {who}")).collect();
        let lost = site
            .vips
            .iter()
            .filter(|vip| vip.mode == "absent" && self.is_attached(&vip.interface));
        told.extend(lost.map(|vip| {
            format!(
                "nothing is answered in the kernel for {} at {}, {who}: there is no room for it, or the self-test has found the page wrong",
                vip.address, vip.interface
            )
        }));
        if let Some(seconds) = site.waits_seconds {
            told.push(format!(
                "where the kernel answers, visitors read what was said before for up to {seconds} s more, so that whoever is being told that hears it to the end"
            ));
        }
        told
    }

    /// Devices at which nothing is attached, with why.
    pub fn unattached(&self) -> Vec<String> {
        let unattached = self.interfaces.iter().filter(|one| one.hook == Hook::None);
        unattached
            .map(|one| {
                let why = one.why.as_deref().unwrap_or("it is not attached");
                format!("nothing is answered in the kernel at {}: {why}", one.name)
            })
            .collect()
    }

    /// What the kernel does for a site, and why it does not do more, a line each.
    pub fn explain(&self, name: &str) -> Vec<String> {
        let Some(site) = self.sites.iter().find(|known| known.site == name) else {
            return Vec::new();
        };
        let at = |vip: &VipStanding| {
            let hook = self.interfaces.iter().find(|one| one.name == vip.interface);
            let hook = hook.map_or("none", |one| one.hook.word());
            match vip.mode.as_str() {
                "absent" => None,
                mode => Some(format!(
                    "{} is {mode} at {} ({hook})",
                    vip.address, vip.interface
                )),
            }
        };
        let mut told: Vec<String> = site.vips.iter().filter_map(at).collect();
        if site.proven == Some(false) {
            told.push(UNPROVEN.to_owned());
        }
        match (&site.overloaded, site.when.as_str()) {
            (Some(why), _) => told.push(format!("it is overloaded: {why}")),
            (None, "when overloaded") => {
                told.push("user space can do what there is to do".to_owned());
            }
            _ => {}
        }
        told.extend(self.cautions(name));
        told
    }

    fn is_attached(&self, interface: &str) -> bool {
        let mut all = self.interfaces.iter();
        all.any(|one| one.name == interface && one.hook != Hook::None)
    }
}

impl KernelSite {
    /// Who answers its visitors where the kernel does not, in words.
    pub(super) fn elsewhere(&self) -> &'static str {
        match self.listens {
            true => "user space answers there",
            false => "visitors reach whatever listens there",
        }
    }

    /// Connections begun and requests answered.
    pub fn answered(&self) -> (u64, u64) {
        let count = |name: &str| self.counts.get(name).copied().unwrap_or(0);
        let requests = ["page", "head", "preflight", "json", "preface"];
        (count("syn"), requests.iter().map(|name| count(name)).sum())
    }
}
