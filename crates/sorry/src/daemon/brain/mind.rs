//! The engine with what it needs to speak to people and to be kept: names instead of numbers, orders from operators, records in
//! batches, and what was seen last. It does nothing itself: whoever drives it takes [`Action`]s and carries them out.
//!
//! What the engine wants of the world waits until the records that came before it are on the disk. Meanwhile everything that
//! happens is taken in, and what comes of it is written together.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sorry_core::engine::Engine;
use sorry_core::event::{Input, Notice, Output, Pace, RealId, Setup, SiteId, SwitchId, Wanted};
use sorry_core::incident::{History, Incidents, Telling};
use sorry_core::moment::{Moment as Now, Tick};
use tokio::sync::oneshot;

use super::explain::{self, Course};
use super::incidents;
use super::latest::{self, Latest};
use super::order::{self, Given};
use super::outlook::{self, Outlook};
use super::schedule;
use super::setup::{self, Agreed, Hands, Places};
use super::standing::{self, Known};
use super::words::{self, Names};
use crate::admin::order::{Done, Order};
use crate::admin::standing::{Explanation, Standing};
use crate::admin::{Fault, Ordered};
use crate::check::{Key, Outcome};
use crate::config::{Config, Site};
use crate::journal::{Entry, Kept};

/// Makes the engine's switches of a site.
pub(super) type Switches = Box<dyn Fn(&Site) -> Vec<sorry_core::event::SwitchSetup> + Send>;

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
    /// Somebody may want to know: for the history, and for whoever is told.
    Tell(Vec<Telling>),
    /// Whoever has ordered something is to be answered.
    Answer(Answer),
}

/// What came of an order, and who waits for it.
#[derive(Debug)]
pub(in crate::daemon) struct Answer {
    reply: oneshot::Sender<Result<Done, Fault>>,
    outcome: Result<Done, Fault>,
}

impl Answer {
    /// Tells whoever waits.
    pub(in crate::daemon) fn give(self) {
        let _nobody_waits = self.reply.send(self.outcome);
    }
}

/// What belongs together: records, what is to be done once they are safe, and who waits for it.
#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    outputs: Vec<Output>,
    tellings: Vec<Telling>,
    waiting: Vec<Waiting>,
}

/// Somebody who has ordered something.
struct Waiting {
    site: SiteId,
    told: Vec<String>,
    reply: oneshot::Sender<Result<Done, Fault>>,
}

impl Mind {
    /// With its first configuration and what the journal said.
    pub(super) fn new(
        config: Arc<Config>,
        switches: Switches,
        hands: Hands,
        entries: Vec<Entry>,
        told: impl IntoIterator<Item = Telling>,
        now: Now,
    ) -> Mind {
        let mut kept = Kept::of(entries.iter().cloned());
        let places = Places::of(&config);
        kept.retain(|site, real| places.knows(site, real));
        let agreed = schedule::agreed(&kept);
        let setup = setup::setup(&config, &agreed, &switches, hands);
        let mut engine = Engine::new(setup.clone(), now);
        let (mut incidents, mut history) = (Incidents::new(1), History::default());
        for telling in told {
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
        };
        mind.take(Input::Looked, now);
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
        let told = told.map(|at| now.tick_at(at));
        self.engine.poll_timeout().into_iter().chain(told).min()
    }

    /// Time has passed.
    pub(super) fn look(&mut self, now: Now) {
        self.incidents.look(&self.setup, now.wall);
        self.take(Input::Looked, now);
    }

    /// What is open and what is so are made one again.
    fn reconcile(&mut self, now: Now) {
        let view = self.engine.view(now);
        self.incidents.reconcile(&view, &self.setup, now.wall);
        self.take_tellings();
        self.go_on(now);
    }

    fn take_tellings(&mut self) {
        while let Some(telling) = self.incidents.pop() {
            self.history.take(&telling);
            self.next.tellings.push(telling);
        }
    }

    /// Another configuration is in force.
    pub(super) fn reconfigure(&mut self, config: Arc<Config>, now: Now) {
        let places = Places::of(&config);
        let mut latest = Latest::new(places.reals().len());
        for (from, place) in (0..).map(RealId).zip(self.places.reals()) {
            let to = places.real_named(&place.of, &place.name);
            if let (Some(to), Some(seen)) = (to, self.latest.real(from)) {
                latest.carry(to, seen.clone());
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
        self.kept.retain(|site, real| places.knows(site, real));
        self.agreed = schedule::agreed(&self.kept);
        self.set_up_again(now);
    }

    fn set_up_again(&mut self, now: Now) {
        let setup = setup::setup(&self.config, &self.agreed, &self.switches, self.hands);
        self.setup = setup.clone();
        self.take(Input::Reconfigured(setup), now);
        self.reconcile(now);
    }

    /// A check has ended. One that is configured no more is passed over.
    pub(super) fn probed(&mut self, name: &Key, probed: Outcome, now: Now) {
        let Some((real, check)) = self.places.check(name) else {
            return;
        };
        let result = latest::Result {
            at: now.wall,
            took: probed.took,
            detail: probed.detail,
        };
        self.latest
            .seen(real, check, probed.reason.verdict(), result);
        self.note_certificate(name, probed.expires, now);
        let epoch = self.engine.epoch();
        if let Some(weight) = probed.weight {
            let weight = u32::from(weight);
            self.take(
                Input::Weighed {
                    epoch,
                    real,
                    weight,
                },
                now,
            );
        }
        let reason = probed.reason;
        self.take(
            Input::Probed {
                epoch,
                real,
                check,
                reason,
            },
            now,
        );
    }

    /// A server's certificate is looked at as often as it is seen, and told of when it ends soon.
    fn note_certificate(&mut self, name: &Key, expires: Option<SystemTime>, now: Now) {
        let (Some(expires), Some(warn)) = (expires, self.places.expiry_warning(name)) else {
            return;
        };
        let Key::Check {
            site, real_server, ..
        } = name
        else {
            return;
        };
        let clock = SystemTime::UNIX_EPOCH + Duration::from_millis(now.wall.0);
        let left = expires.duration_since(clock).unwrap_or_default();
        let days =
            (left < warn).then(|| u32::try_from(left.as_secs() / 86_400).unwrap_or(u32::MAX));
        // One that is good costs nothing but this look.
        if days.is_some() || self.expiring.remove(name) {
            self.incidents
                .certificate(site, real_server, days, now.wall);
            self.take_tellings();
        }
        if days.is_some() {
            self.expiring.insert(name.clone());
        }
    }

    /// An address that must answer was asked.
    pub(super) fn reference(&mut self, index: u32, answered: bool, now: Now) {
        self.take(Input::Reference { index, answered }, now);
    }

    /// A switch has answered.
    pub(super) fn applied(
        &mut self,
        switch: SwitchId,
        generation: u64,
        outcome: sorry_core::event::Outcome,
        now: Now,
    ) {
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
        peer: u32,
        site: SiteId,
        held: sorry_core::quorum::Held,
        now: Now,
    ) {
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

    /// An operator orders something; whoever waits is answered once it is kept.
    pub(super) fn order(&mut self, ordered: Ordered, now: Now) {
        let Ordered {
            site,
            order,
            by,
            reason: _,
            reply,
        } = ordered;
        match self.obey(&site, order, &by, now) {
            Ok((site, told)) => {
                let waiting = Waiting { site, told, reply };
                self.next.waiting.push(waiting);
                self.go_on(now);
            }
            Err(fault) => {
                let _gone = reply.send(Err(fault));
            }
        }
    }

    fn obey(
        &mut self,
        name: &str,
        order: Order,
        by: &str,
        now: Now,
    ) -> Result<(SiteId, Vec<String>), Fault> {
        let site = self.site(name)?;
        match order {
            Order::Schedule(wanted) => {
                let index = site.0 as usize;
                let configured = &self.config.sites[index];
                let (schedule, told) =
                    schedule::agree(configured, &wanted, &self.agreed, now.wall)?;
                self.agree(Entry::Schedule(schedule), now);
                Ok((site, told))
            }
            Order::Unschedule { name: window } => {
                let unschedule = schedule::give_up(name, &window, &self.config, &self.agreed)?;
                self.agree(Entry::Unschedule(unschedule), now);
                Ok((site, vec![format!("the window {window} is given up")]))
            }
            order => {
                let view = self.engine.view(now);
                let given = Given {
                    site: view.site(site).ok_or_else(|| no_site(name, &self.config))?,
                    by,
                    now: now.wall,
                    usual: self.config.down_for,
                };
                let usual = schedule::is_usual(&order).then_some(self.config.down_for);
                let command = order::command(order, &given)?;
                let before = given.site.route();
                let epoch = self.engine.epoch();
                let about = command.clone();
                self.take(
                    Input::Ordered {
                        epoch,
                        site,
                        command,
                    },
                    now,
                );
                let view = self.engine.view(now);
                let told = view
                    .site(site)
                    .map(|site| order::told(&about, &site, before, usual, now.wall));
                Ok((site, told.unwrap_or_default()))
            }
        }
    }

    /// A window is agreed on, or given up.
    fn agree(&mut self, entry: Entry, now: Now) {
        // What is agreed on is in the next batch; that it is also in the setup now is the same promise as for orders.
        self.kept.note(entry.clone());
        self.agreed = schedule::agreed(&self.kept);
        self.next.entries.push(entry);
        self.set_up_again(now);
    }

    /// What was to be written is on the disk, or is not, and why; and whether the journal has grown.
    pub(super) fn written(&mut self, outcome: Result<Grown, String>, now: Now) {
        let Some(batch) = self.writing.take() else {
            return;
        };
        for entry in &batch.entries {
            self.kept.note(entry.clone());
        }
        match outcome {
            Ok(grown) => {
                if self.unkept.take().is_some() {
                    log::warn!("the journal can be written again");
                }
                if grown == Grown::Yes {
                    // Nobody waits for this one.
                    self.writing = Some(Batch::default());
                    self.actions.push(Action::Rewrite(self.kept.entries()));
                }
            }
            Err(why) => {
                if self.unkept.is_none() {
                    log::error!(
                        "the journal cannot be written, so a restart would forget what is decided now: {why}"
                    );
                }
                self.unkept = Some(why);
            }
        }
        self.carry_out(batch, now);
        self.go_on(now);
    }

    /// Takes something in, and what comes of it.
    fn take(&mut self, input: Input, now: Now) {
        self.engine.handle(now, input);
        while let Some(output) = self.engine.poll_output() {
            self.incidents.hear(&output, &self.setup, now.wall);
            match output {
                Output::Record(record) => self.next.entries.push(Entry::from(&record)),
                other => self.next.outputs.push(other),
            }
        }
        self.take_tellings();
        self.go_on(now);
    }

    /// Writes what is next, or carries it out where there is nothing to write.
    fn go_on(&mut self, now: Now) {
        if self.writing.is_some() || self.next.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.next);
        if batch.entries.is_empty() {
            return self.carry_out(batch, now);
        }
        // What could not be appended before is in the whole, and goes down with it.
        self.actions.push(match self.unkept {
            None => Action::Write(batch.entries.clone()),
            Some(_) => {
                let mut whole = self.kept.clone();
                for entry in &batch.entries {
                    whole.note(entry.clone());
                }
                Action::Rewrite(whole.entries())
            }
        });
        self.writing = Some(batch);
    }

    fn carry_out(&mut self, batch: Batch, now: Now) {
        for output in batch.outputs {
            match output {
                // Records are taken out before.
                Output::Record(_) => {}
                Output::Route {
                    switch,
                    generation,
                    wanted,
                } => self.actions.push(Action::Route {
                    switch,
                    generation,
                    wanted,
                }),
                Output::Pace(real, pace) => {
                    let place = self.places.real(real);
                    let names = place.map_or(&[][..], |place| &place.checks);
                    let actions = names.iter().map(|name| Action::Pace(name.clone(), pace));
                    self.actions.extend(actions);
                }
                Output::AskPeers(site) => self.actions.push(Action::AskPeers(site)),
                Output::Notice(notice) => self.tell(&notice, now),
            }
        }
        if !batch.tellings.is_empty() {
            self.actions.push(Action::Tell(batch.tellings));
        }
        for waiting in batch.waiting {
            self.answer(waiting, now);
        }
    }

    fn tell(&mut self, notice: &Notice, now: Now) {
        let (level, line) = words::notice(notice, &*self);
        log::log!(level, "{line}");
        if let Notice::Real { real, .. } = notice {
            self.latest.turned(*real, now.wall);
        }
        match site_of(notice, |real| self.site_of(real)) {
            Some(site) => {
                if let Some(course) = self.courses.get_mut(site.0 as usize) {
                    course.note(now.wall, line);
                    if let Notice::Turned { to, .. } = notice {
                        course.count(*to);
                    }
                }
            }
            None => {
                for course in &mut self.courses {
                    course.note(now.wall, line.clone());
                }
            }
        }
    }

    fn answer(&mut self, waiting: Waiting, now: Now) {
        let mut told = waiting.told;
        if let Some(why) = &self.unkept {
            told.push(format!(
                "it is in force, but not on the disk, so a restart would forget it: {why}"
            ));
        }
        let outcome = match self.site_standing(waiting.site, now) {
            Some(site) => Ok(Done { told, site }),
            None => Err(order::impossible(
                "a reload has taken the site away meanwhile",
            )),
        };
        self.actions.push(Action::Answer(Answer {
            reply: waiting.reply,
            outcome,
        }));
    }

    fn site(&self, name: &str) -> Result<SiteId, Fault> {
        let site = self.places.site(name);
        site.ok_or_else(|| no_site(name, &self.config))
    }

    fn site_of(&self, real: RealId) -> Option<SiteId> {
        self.places.real(real).map(|place| place.site)
    }

    fn known(&self) -> Known<'_> {
        Known {
            config: &self.config,
            agreed: &self.agreed,
            latest: &self.latest,
            courses: &self.courses,
            unkept: self.unkept.as_deref(),
        }
    }

    fn site_standing(&self, id: SiteId, now: Now) -> Option<crate::admin::standing::SiteStanding> {
        let view = self.engine.view(now);
        let site = view.site(id)?;
        let configured = self.config.sites.get(id.0 as usize)?;
        Some(standing::site(&site, configured, now, self.known()))
    }

    /// How everything stands.
    pub(super) fn standing(&self, now: Now) -> Standing {
        standing::standing(&self.engine.view(now), now, self.known())
    }

    /// Why a site is where it is.
    pub(super) fn explain(&self, name: &str, now: Now) -> Result<Explanation, Fault> {
        let id = self.site(name)?;
        let view = self.engine.view(now);
        let gone = || no_site(name, &self.config);
        Ok(Explanation {
            site: self.site_standing(id, now).ok_or_else(gone)?,
            steps: explain::steps(&view.site(id).ok_or_else(gone)?, now),
            inputs: self.courses[id.0 as usize].told(),
        })
    }

    /// What has happened, the newest first.
    pub(super) fn history(&self, now: Now) -> crate::admin::history::History {
        incidents::told(&self.history, now.wall)
    }

    /// The numbers of the incidents that go on.
    pub(super) fn open_incidents(&self) -> BTreeSet<u64> {
        let open = self
            .history
            .incidents()
            .filter(|incident| incident.ended.is_none());
        open.map(|incident| incident.id).collect()
    }

    /// What has happened, as the journal of the history keeps it.
    pub(super) fn incidents(&self) -> &History {
        &self.history
    }

    /// What visitors of each site are to be told.
    pub(super) fn outlook(&self, now: Now) -> Vec<Outlook> {
        let view = self.engine.view(now);
        view.sites().map(|site| outlook::of(&site, now)).collect()
    }
}

/// Whether the journal is large enough to be rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grown {
    Yes,
    No,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.outputs.is_empty()
            && self.tellings.is_empty()
            && self.waiting.is_empty()
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

fn no_site(name: &str, config: &Config) -> Fault {
    let known: Vec<&str> = config.sites.iter().map(|site| &*site.name).collect();
    order::unknown(&format!("there is no site {name:?}"), &known, name)
}

/// The site that a notice is about; none where it is about all of them.
fn site_of(notice: &Notice, site_of_real: impl Fn(RealId) -> Option<SiteId>) -> Option<SiteId> {
    match notice {
        Notice::Turned { site, .. }
        | Notice::Milestone(site, _)
        | Notice::OrderEnded(site)
        | Notice::StaysDown(site)
        | Notice::Announced(site, ..)
        | Notice::Flaps(site, _) => Some(*site),
        Notice::Real { real, .. } => site_of_real(*real),
        Notice::WouldTurn(switch, _)
        | Notice::Asks(switch, ..)
        | Notice::Stays(switch, _)
        | Notice::Failed(switch, _)
        | Notice::Recovered(switch) => Some(switch.site),
        Notice::Doubt(_) | Notice::DoubtOver => None,
    }
}
