//! What the mind knows, as others are to see it.

use std::collections::BTreeSet;

use sorry_core::event::{RealId, SiteId};
use sorry_core::incident::History;
use sorry_core::moment::Moment as Now;

use super::{Mind, no_site};
use crate::admin::Fault;
use crate::admin::standing::{Explanation, SiteStanding, Standing};
use crate::daemon::brain::explain;
use crate::daemon::brain::incidents;
use crate::daemon::brain::outlook::{self, Outlook};
use crate::daemon::brain::standing::{self, Known};
use crate::daemon::brain::words::Names;

impl Mind {
    pub(super) fn known(&self) -> Known<'_> {
        Known {
            config: &self.config,
            agreed: &self.agreed,
            latest: &self.latest,
            courses: &self.courses,
            unkept: self.unkept.as_deref(),
        }
    }

    pub(super) fn site_standing(&self, id: SiteId, now: Now) -> Option<SiteStanding> {
        let view = self.engine.view(now);
        let site = view.site(id)?;
        let configured = self.config.sites.get(id.0 as usize)?;
        Some(standing::site(&site, configured, now, self.known()))
    }

    /// How everything stands.
    pub(in crate::daemon::brain) fn standing(&self, now: Now) -> Standing {
        standing::standing(&self.engine.view(now), now, self.known())
    }

    /// Why a site is where it is.
    pub(in crate::daemon::brain) fn explain(
        &self,
        name: &str,
        now: Now,
    ) -> Result<Explanation, Fault> {
        let id = self.site(name)?;
        let view = self.engine.view(now);
        let gone = || no_site(name, &self.config);
        Ok(Explanation {
            site: self.site_standing(id, now).ok_or_else(gone)?,
            steps: explain::steps(&view.site(id).ok_or_else(gone)?, now),
            kernel: Vec::new(),
            inputs: self.courses[id.0 as usize].told(),
        })
    }

    /// What has happened, the newest first.
    pub(in crate::daemon::brain) fn history(&self, now: Now) -> crate::admin::history::History {
        incidents::told(&self.history, now.wall)
    }

    /// The numbers of the incidents that go on.
    pub(in crate::daemon::brain) fn open_incidents(&self) -> BTreeSet<u64> {
        let open = self
            .history
            .incidents()
            .filter(|incident| incident.ended.is_none());
        open.map(|incident| incident.id).collect()
    }

    /// What has happened, as the journal of the history keeps it.
    pub(in crate::daemon::brain) fn incidents(&self) -> &History {
        &self.history
    }

    /// What visitors of each site are to be told.
    pub(in crate::daemon::brain) fn outlook(&self, now: Now) -> Vec<Outlook> {
        let view = self.engine.view(now);
        view.sites().map(|site| outlook::of(&site, now)).collect()
    }
}

impl Names for Mind {
    fn site(&self, id: SiteId) -> &str {
        let site = self.config.sites.get(id.0 as usize);
        site.map_or("a site", |site| &site.name)
    }

    fn real(&self, id: RealId) -> (&str, &str) {
        match self.places.real(id) {
            Some(place) => (&place.of, &place.name),
            None => ("a site", "a real server"),
        }
    }

    fn window(&self, site: SiteId, index: u32) -> &str {
        let Some(site) = self.config.sites.get(site.0 as usize) else {
            return "?";
        };
        let agreed = self.agreed.iter().filter(|agreed| agreed.site == site.name);
        let windows = site
            .windows
            .iter()
            .chain(agreed.map(|agreed| &agreed.window));
        windows
            .map(|window| &*window.name)
            .nth(index as usize)
            .unwrap_or("?")
    }

    fn switch(&self, site: SiteId, index: u32) -> &str {
        let site = self.setup.sites.get(site.0 as usize);
        let switch = site.and_then(|site| site.switches.get(index as usize));
        switch.map_or("?", |switch| &switch.name)
    }
}
