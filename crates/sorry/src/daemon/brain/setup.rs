//! From a configuration, and the windows that operators agreed on, to what the engine decides about; and the names by which
//! results find their way to it.
//!
//! A check is known by names alone ([`Key`]), so that a reload takes nothing from checks that it does not change.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sorry_core::doubt::Watch;
use sorry_core::event::{
    Act, CheckSetup, RealId, RealSetup, Setup, SiteId, SiteSetup, SwitchSetup, WindowSetup,
};
use sorry_core::moment::Wall;
use sorry_core::order::{Order, What};

use crate::check::Key;
use crate::config::real_server::RealServer;
use crate::config::window::Window;
use crate::config::{Config, Site};
use crate::daemon::checks;

/// A window that an operator agreed on, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) site: Box<str>,
    pub(super) window: Window,
}

/// Where in the engine's setup something is that is known by its name.
#[derive(Debug, Default)]
pub(super) struct Places {
    checks: HashMap<Key, (RealId, u8)>,
    /// How long before the end of a server's certificate somebody is told.
    warnings: HashMap<Key, Duration>,
    reals: Vec<Place>,
    /// By the names of site and real server.
    sites: HashMap<Arc<str>, SitePlace>,
}

/// One site, and its real servers by their names.
#[derive(Debug)]
struct SitePlace {
    id: SiteId,
    reals: HashMap<Arc<str>, RealId>,
}

/// One real server.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) site: SiteId,
    /// The site's name.
    pub(super) of: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) checks: Vec<Key>,
}

impl Places {
    pub(super) fn of(config: &Config) -> Places {
        let mut places = Places::default();
        for (number, site) in (0..).map(SiteId).zip(&config.sites) {
            let of: Arc<str> = Arc::from(&*site.name);
            let mut reals = HashMap::new();
            for real in &site.reals {
                let id = RealId(u32::try_from(places.reals.len()).unwrap_or(u32::MAX));
                let checks: Vec<Key> = checks::keys(&of, real).collect();
                for (check, name) in (0..).zip(&checks) {
                    places.checks.insert(name.clone(), (id, check));
                }
                for (name, check) in checks.iter().zip(&real.checks) {
                    let warning = check.kind.tls().and_then(|tls| tls.expiry_warning);
                    places
                        .warnings
                        .extend(warning.map(|warning| (name.clone(), warning)));
                }
                let name: Arc<str> = Arc::from(&*real.name);
                reals.insert(Arc::clone(&name), id);
                places.reals.push(Place {
                    site: number,
                    of: Arc::clone(&of),
                    name,
                    checks,
                });
            }
            places.sites.insert(of, SitePlace { id: number, reals });
        }
        places
    }

    /// Where a check's results belong; nowhere once it is configured no more.
    pub(super) fn check(&self, name: &Key) -> Option<(RealId, u8)> {
        self.checks.get(name).copied()
    }

    /// How long before the end of the server's certificate somebody is to be told, where a check looks at one.
    pub(super) fn expiry_warning(&self, name: &Key) -> Option<Duration> {
        self.warnings.get(name).copied()
    }

    /// A real server by its number.
    pub(super) fn real(&self, id: RealId) -> Option<&Place> {
        self.reals.get(id.0 as usize)
    }

    pub(super) fn site(&self, name: &str) -> Option<SiteId> {
        self.sites.get(name).map(|site| site.id)
    }

    /// A real server by its names.
    pub(super) fn real_named(&self, site: &str, real: &str) -> Option<RealId> {
        self.sites.get(site)?.reals.get(real).copied()
    }

    /// Whether a site is configured, and a real server of it where one is named.
    pub(super) fn knows(&self, site: &str, real: Option<&str>) -> bool {
        match real {
            Some(real) => self.real_named(site, real).is_some(),
            None => self.sites.contains_key(site),
        }
    }

    /// All real servers, in the order of their numbers.
    pub(super) fn reals(&self) -> impl ExactSizeIterator<Item = &Place> {
        self.reals.iter()
    }
}

/// Whether switches may do what they are configured to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hands {
    /// They may.
    Free,
    /// They only say what they would do (`sorry run --observe`).
    Bound,
}

/// What the engine decides about.
pub(super) fn setup(
    config: &Config,
    agreed: &[Agreed],
    switches: &dyn Fn(&Config, &Site) -> Vec<SwitchSetup>,
    hands: Hands,
) -> Setup {
    let watch = &config.watch;
    let site = |site: &Arc<Site>| {
        let mut setup = self::site(site, agreed);
        setup.switches = switches(config, site);
        if hands == Hands::Bound {
            for switch in &mut setup.switches {
                switch.act = Act::Observe;
            }
        }
        setup
    };
    Setup {
        sites: config.sites.iter().map(site).collect(),
        watch: Watch {
            references: watch.references.len(),
            mass: watch.mass,
            hold: watch.hold,
        },
        votes: watch.votes,
    }
}

fn site(site: &Site, agreed: &[Agreed]) -> SiteSetup {
    let agreed = agreed.iter().filter(|agreed| agreed.site == site.name);
    let windows = site
        .windows
        .iter()
        .chain(agreed.map(|agreed| &agreed.window));
    SiteSetup {
        name: site.name.clone(),
        quorum: site.quorum,
        omega: site.omega,
        damping: site.damping,
        reals: site.reals.iter().map(real).collect(),
        windows: windows.map(window).collect(),
        switches: Vec::new(),
    }
}

fn real(real: &RealServer) -> RealSetup {
    let check = |check: &crate::config::check::Check| CheckSetup {
        name: check.name.clone(),
        thresholds: check.thresholds,
    };
    RealSetup {
        name: real.name.clone(),
        weight: real.weight,
        checks: real.checks.iter().map(check).collect(),
        first: real.first,
    }
}

fn window(window: &Window) -> WindowSetup {
    WindowSetup {
        name: window.name.clone(),
        window: window.when.clone(),
        order: Order {
            what: What::Maintenance(window.keep),
            // The engine puts in when it opens and closes.
            given: Wall(0),
            counted: Wall(0),
            until: None,
            on_overrun: window.on_overrun,
            by: format!("window {}", window.name).into(),
            reason: None,
            said: window.say.clone(),
        },
        announce: window.announce,
    }
}
