//! From a configuration and the answers in force to what the kernel is to say, and on which terms.

use std::net::SocketAddr;
use std::time::Duration;

use sorry_core::responder::flip;
use sorry_core::responder::rotation;
use sorry_core::responder::wish::When;
use sorry_core::retry_after::Promise;

use super::super::worker::Front;
use crate::answer::{AltSvc, Site};
use crate::config::{self, Config, KernelWhen};
use crate::kernel::speech::{Speech, Unsayable};
use crate::kernel::{Lists, Terms, speech};

/// For how long after a flip connections of real servers are expected.
const STRICT: Duration = Duration::from_secs(60);
/// How long a slot that gets no new connections is left to those that it has.
const REST: Duration = Duration::from_secs(30);

/// One site.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) name: Box<str>,
    pub(super) when: When,
    pub(super) vips: Vec<SocketAddr>,
    /// Its addresses are all of its own sorry listeners.
    pub(super) refuses_anyway: bool,
    /// It has real servers.
    pub(super) is_watched: bool,
    pub(super) speech: Result<Speech, Unsayable>,
    pub(super) promise: Promise,
}

/// All of them.
#[derive(Debug, Clone)]
pub(super) struct Subjects {
    pub(super) sites: Vec<Asked>,
    /// The devices that are named now; those that are attached to were named at the start.
    pub(super) interfaces: Vec<Box<str>>,
    /// Without the device's MTU, which each device knows.
    pub(super) terms: Terms,
}

impl Subjects {
    pub(super) fn of(config: &Config, front: &Front) -> Subjects {
        let sites = config.sites.iter().zip(front.sites.all());
        Subjects {
            sites: sites
                .filter_map(|(site, answers)| asked(config, site, answers))
                .collect(),
            interfaces: config.kernel.interfaces.clone(),
            terms: terms(&config.kernel),
        }
    }
}

fn asked(config: &Config, site: &config::Site, answers: &Site) -> Option<Asked> {
    let when = match site.sorry.kernel {
        KernelWhen::Never => return None,
        KernelWhen::Down => When::Down,
        KernelWhen::Overloaded => When::Overloaded,
    };
    Some(Asked {
        name: site.name.clone(),
        when,
        refuses_anyway: refuses_anyway(config, site),
        is_watched: !site.reals.is_empty(),
        vips: site.sorry.kernel_vips.clone(),
        speech: speech(answers),
        promise: answers.promise,
    })
}

/// What the kernel says for a site: what user space says on a listener without TLS.
pub(super) fn speech(answers: &Site) -> Result<Speech, Unsayable> {
    let alt_svc = match answers.alt_svc {
        AltSvc::Clear => speech::AltSvc::Clear,
        AltSvc::Auto | AltSvc::Leave => speech::AltSvc::Silent,
    };
    Speech::new(&answers.answers, alt_svc)
}

/// Whether its own sorry listeners are at all addresses at which the kernel answers for it: where it does not, they do.
pub(super) fn refuses_anyway(config: &Config, site: &config::Site) -> bool {
    let mut known = config.sites.iter();
    let Some(index) = known.position(|known| known.name == site.name) else {
        return false;
    };
    let mut vips = site.sorry.kernel_vips.iter();
    vips.all(|vip| is_listened_on(config, index, *vip))
}

/// Whether one of the site's own listeners has the address, in the clear, by itself or with all others of its port.
fn is_listened_on(config: &Config, site: usize, vip: SocketAddr) -> bool {
    config
        .listeners
        .iter()
        .filter(|listener| listener.sites.contains(&site))
        .filter(|listener| !listener.options.tls && listener.options.proxy_from.is_empty())
        .any(|listener| listener.address.takes(vip))
}

/// The same for the self-test, whose client is nobody: lists and limits are for others, and are written with what is said.
pub(super) fn on_trial(terms: &Terms) -> Terms {
    Terms {
        lists: Lists::default(),
        rate: None,
        ..terms.clone()
    }
}

pub(super) fn terms(kernel: &config::Kernel) -> Terms {
    Terms {
        lists: Lists {
            deny: kernel.deny.clone(),
            allow: kernel.allow.clone(),
        },
        rate: kernel.rate,
        sample: kernel.sample,
        mtu: u16::MAX,
        rotation: rotation::Times {
            period: kernel.rotate,
            rest: REST,
        },
        flip: flip::Times {
            drain: kernel.drain,
            strict: STRICT,
        },
    }
}
