//! The engine with what it needs to speak to people and to be kept: names instead of numbers, orders from operators, records in
//! batches, and what was seen last. It does nothing itself: whoever drives it takes [`Action`]s and carries them out.
//!
//! What the engine wants of the world waits until the records that came before it are on the disk. Meanwhile everything that
//! happens is taken in, and what comes of it is written together.

mod kept;
mod obeyed;
mod seen;
mod shown;

use std::collections::HashSet;
use std::sync::Arc;

use sorry_core::engine::Engine;
use sorry_core::event::{Input, Pace, RealId, Setup, SiteId, SwitchId, Wanted};
use sorry_core::incident::{History, Incidents, Telling};
use sorry_core::moment::{Moment as Now, Tick};
use tokio::sync::oneshot;

use super::explain::Course;
use super::latest::Latest;
use super::order;
use super::schedule;
use super::setup::{self, Agreed, Hands, Places};
use crate::admin::Fault;
use crate::admin::kernel::KernelStanding;
use crate::admin::order::Done;
use crate::check::Key;
use crate::config::{Config, Site};
use crate::journal::{Entry, Kept, Retained};
use kept::Batch;
pub(super) use kept::Grown;

/// Makes the engine's switches of a site.
pub(super) type Switches =
    Box<dyn Fn(&Config, &Site) -> Vec<sorry_core::event::SwitchSetup> + Send>;

/// See the file's header.
pub(super) struct Mind {
    config: Arc<Config>,
    switches: Switches,
    hands: Hands,
    engine: Engine,
    /// What the engine decides about now.
    setup: Setup,
    places: Places,
    incidents: Incidents,
    history: History,
    agreed: Vec<Agreed>,
    latest: Latest,
    /// Checks whose servers' certificates end soon.
    expiring: HashSet<Key>,
    courses: Vec<Course>,
    kept: Kept,
    /// What is being written; nothing behind it is carried out before.
    writing: Option<Batch>,
    next: Batch,
    actions: Vec<Action>,
    /// Why what was ordered last is not on the disk.
    unkept: Option<String>,
    /// The journal says more than is to be kept, and is to be written anew.
    stale: bool,
    /// When that is tried again by itself.
    try_again: Option<Tick>,
    /// Checks that say nothing of their servers, for reasons of our own.
    silent: HashSet<Key>,
    /// Addresses that must answer, and that may not be asked.
    deaf: HashSet<u32>,
}

/// Something to be done.
#[derive(Debug)]
pub(super) enum Action {
    /// Append this to the journal; to be answered with [`Mind::written`].
    Write(Vec<Entry>),
    /// Put this in the place of all that is in the journal; to be answered as well.
    Rewrite(Vec<Entry>),
    /// Check at another pace.
    Pace(Key, Pace),
    /// A switch shall make this so.
    Route {
        switch: SwitchId,
        generation: u64,
        wanted: Wanted,
    },
    /// Peers shall be asked what they see of a site.
    AskPeers(SiteId),
    /// No peer need be asked any more.
    AskNobody,
    /// Somebody may want to know: for the history, and for whoever is told.
    Tell(Vec<Telling>),
    /// Whoever has ordered something is to be answered.
    Answer(Box<Answer>),
}

/// What came of an order, and who waits for it.
#[derive(Debug)]
pub(in crate::daemon) struct Answer {
    reply: oneshot::Sender<Result<Done, Fault>>,
    outcome: Result<Done, Fault>,
}

impl Answer {
    /// Tells whoever waits, also of what the kernel does not do for the site.
    pub(in crate::daemon) fn give(mut self, kernel: &KernelStanding) {
        if let Ok(done) = &mut self.outcome {
            done.told.extend(kernel.cautions(&done.site.name));
        }
        let _nobody_waits = self.reply.send(self.outcome);
    }
}

/// What earlier processes have left.
#[derive(Default)]
pub(super) struct Past {
    /// The journal of orders and beliefs.
    pub(super) entries: Vec<Entry>,
    /// The history.
    pub(super) tellings: Vec<Telling>,
    /// The number of the last telling, of which the history may have forgotten some.
    pub(super) told: u64,
}

impl Mind {
    /// With its first configuration and what the journal said.
    pub(super) fn new(
        config: Arc<Config>,
        switches: Switches,
        hands: Hands,
        past: Past,
        now: Now,
    ) -> Mind {
        let Past {
            entries,
            tellings,
            told,
        } = past;
        let mut kept = Kept::of(entries.iter().cloned());
        let places = Places::of(&config);
        let stale = kept.retain(|site, real| places.knows(site, real)) == Retained::Less;
        let agreed = schedule::agreed(&kept);
        let setup = setup::setup(&config, &agreed, &switches, hands);
        let mut engine = Engine::new(setup.clone(), now);
        let (mut incidents, mut history) = (Incidents::new(1), History::default());
        incidents.were_told(told);
        for telling in tellings {
            incidents.remember(&telling);
            history.take(&telling);
        }
        for entry in entries {
            match entry.try_into() {
                Ok(record) => engine.handle(now, Input::Remembered(record)),
                // Windows were taken above.
                Err(crate::journal::Unusable::Window) => {}
                Err(why) => log::warn!("a record of the journal is passed over: {why}"),
            }
        }
        let latest = Latest::new(places.reals().len());
        let mut mind = Mind {
            latest,
            expiring: HashSet::new(),
            courses: vec![Course::default(); config.sites.len()],
            config,
            switches,
            hands,
            engine,
            setup,
            places,
            incidents,
            history,
            agreed,
            kept,
            writing: None,
            next: Batch::default(),
            actions: Vec::new(),
            unkept: None,
            stale,
            try_again: None,
            silent: HashSet::new(),
            deaf: HashSet::new(),
        };
        mind.take(Input::Looked, now);
        mind.weigh_as_configured(now);
        mind.reconcile(now);
        mind
    }

    /// What is in force.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether something is on its way to the disk.
    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// What is to be done now. To be called after everything else here.
    pub(super) fn actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// When to call [`Mind::look`] at the latest.
    pub(super) fn next_look(&self, now: Now) -> Option<Tick> {
        let told = self.incidents.next_look(&self.setup);
        let told = told.map(|at| now.tick_at(at)).into_iter();
        let engine = self.engine.poll_timeout();
        told.chain(engine).chain(self.try_again).min()
    }

    /// Time has passed.
    pub(super) fn look(&mut self, now: Now) {
        self.incidents.look(&self.setup, now.wall);
        if self.try_again.is_some_and(|at| at <= now.tick) {
            self.try_again = None;
            self.stale |= self.unkept.is_some();
        }
        self.take(Input::Looked, now);
    }

    /// What is open and what is so are made one again.
    pub(super) fn reconcile(&mut self, now: Now) {
        let view = self.engine.view(now);
        self.incidents.reconcile(&view, &self.setup, now.wall);
        self.take_tellings();
        self.go_on(now);
    }

    /// Another configuration is in force.
    pub(super) fn reconfigure(&mut self, config: Arc<Config>, now: Now) {
        let places = Places::of(&config);
        let mut latest = Latest::new(places.reals().len());
        for (to, place) in (0..).map(RealId).zip(places.reals()) {
            let from = self.places.real_named(&place.of, &place.name);
            if let Some(seen) = from.and_then(|from| self.latest.real(from)) {
                // By their names, for another check may stand in the place of one.
                let before = place
                    .checks
                    .iter()
                    .map(|name| Some(self.places.check(name)?.1));
                latest.carry(to, seen, &before.collect::<Vec<_>>());
            }
        }
        let course = |site: &Arc<Site>| {
            let old = self.places.site(&site.name)?;
            self.courses.get(old.0 as usize).cloned()
        };
        let courses = config
            .sites
            .iter()
            .map(|site| course(site).unwrap_or_default());
        self.courses = courses.collect();
        (self.config, self.places, self.latest) = (config, places, latest);
        let places = &self.places;
        let retained = self.kept.retain(|site, real| places.knows(site, real));
        self.stale |= retained == Retained::Less;
        self.deaf.clear();
        self.agreed = schedule::agreed(&self.kept);
        self.set_up_again(now);
        self.weigh_as_configured(now);
    }

    /// What a check has said of weights does not outlive it.
    fn weigh_as_configured(&mut self, now: Now) {
        let config = Arc::clone(&self.config);
        let reals = config.sites.iter().flat_map(|site| &site.reals);
        let epoch = self.engine.epoch();
        for (number, configured) in (0..).map(RealId).zip(reals) {
            if !configured.checks.iter().any(|check| check.kind.weighs()) {
                let weight = configured.weight;
                let real = number;
                self.take(
                    Input::Weighed {
                        epoch,
                        real,
                        weight,
                    },
                    now,
                );
            }
        }
    }

    pub(super) fn set_up_again(&mut self, now: Now) {
        let setup = setup::setup(&self.config, &self.agreed, &self.switches, self.hands);
        self.setup = setup.clone();
        self.take(Input::Reconfigured(setup), now);
        self.reconcile(now);
    }

    /// The process ends, and nobody follows at once.
    pub(super) fn stopping(&mut self, now: Now) {
        self.take(Input::Stopping, now);
    }

    /// A switch has answered.
    pub(super) fn applied(
        &mut self,
        switch: SwitchId,
        generation: u64,
        outcome: sorry_core::event::Outcome,
        now: Now,
    ) {
        if outcome == sorry_core::event::Outcome::Done {
            // What an earlier process knew of its failures, the engine of this one does not.
            self.incidents.works(switch, &self.setup, now.wall);
        }
        let epoch = self.engine.epoch();
        self.take(
            Input::Applied {
                epoch,
                switch,
                generation,
                outcome,
            },
            now,
        );
    }

    /// A peer has said what it believes of a site.
    pub(super) fn peer_saw(
        &mut self,
        peer: &str,
        site: &str,
        held: sorry_core::quorum::Held,
        now: Now,
    ) {
        let peers = &self.config.watch.peers;
        let peer = (0..).zip(peers).find(|(_, known)| *known.name == *peer);
        let (Some((peer, _)), Some(site)) = (peer, self.places.site(site)) else {
            return;
        };
        let epoch = self.engine.epoch();
        self.take(
            Input::PeerSaw {
                epoch,
                peer,
                site,
                held,
            },
            now,
        );
    }

    pub(super) fn site(&self, name: &str) -> Result<SiteId, Fault> {
        let site = self.places.site(name);
        site.ok_or_else(|| no_site(name, &self.config))
    }

    pub(super) fn site_of(&self, real: RealId) -> Option<SiteId> {
        self.places.real(real).map(|place| place.site)
    }
}

fn no_site(name: &str, config: &Config) -> Fault {
    let known: Vec<&str> = config.sites.iter().map(|site| &*site.name).collect();
    order::unknown(&format!("there is no site {name:?}"), &known, name)
}
